//! Sets that are whole, sets with everything planted in them that can be wrong, and the shipped
//! ones.

use super::*;
use crate::audio::{tone, wav};
use crate::base::Digit;
use crate::library::embedded;
use crate::library::intake::FilePart;
use crate::library::studio::Origin;
use crate::prompt::{Finding, Line, MessageKind, Part, Severity};
use crate::subscriber::Language;
use std::time::Duration;

const RATE: u32 = 16_000;

fn id(name: &str) -> ClipId {
    ClipId::parse(name).unwrap()
}

fn dutch() -> Catalogue {
    let text = embedded::catalogue(&Language::parse("nl").unwrap()).unwrap();
    Catalogue::parse(&text).unwrap()
}

/// Every line, every choice with every key, and every value.
fn places() -> Vec<Place> {
    let lines = Line::ALL.iter().map(|line| vec![Part::Line(*line)]);
    let keys = Digit::ALL.map(|key| {
        let full = Part::Choice(Line::GoBack, key);
        vec![full, Part::Brief(Line::GoBack, key)]
    });
    let brief = Line::BRIEF
        .iter()
        .map(|line| vec![Part::Clip(ClipId::brief(*line))]);
    let values = [
        Part::Cardinal,
        Part::Number,
        Part::Messages(MessageKind::New),
        Part::Messages(MessageKind::Saved),
        Part::Messages(MessageKind::Expiring),
        Part::When,
        Part::Day,
        Part::Length,
        Part::Beep,
    ];
    vec![
        Place {
            name: "lines",
            sentences: lines.collect(),
        },
        Place {
            name: "choices",
            sentences: keys.into_iter().chain(brief).collect(),
        },
        Place {
            name: "values",
            sentences: values.map(|value| vec![value]).into(),
        },
    ]
}

/// A voice of tones that says this many letters.
fn voice(letters: usize, db: f64) -> Vec<i16> {
    let span = Duration::from_millis(80 * letters.max(4) as u64);
    tone::sine(600.0, db, span, RATE).samples
}

fn wav_of(samples: Vec<i16>) -> Vec<u8> {
    wav::write_pcm16(&Pcm {
        rate: RATE,
        samples,
    })
}

fn sound_file(clip: &str, parts: Vec<Vec<u8>>) -> SoundFile {
    let part = |(number, bytes)| FilePart {
        name: format!("{clip}.{number}.wav"),
        bytes,
    };
    SoundFile {
        clip: id(clip),
        parts: parts.into_iter().enumerate().map(part).collect(),
    }
}

fn upload(catalogue: Option<&str>, files: Vec<SoundFile>) -> Gathered {
    Gathered {
        origin: Origin::Folder("test".into()),
        catalogue: catalogue.map(str::to_owned),
        parent: None,
        files,
        findings: Vec::new(),
    }
}

/// Compiles over these clips of the Dutch set.
fn compiled_over(gathered: Gathered, below: &BTreeSet<ClipId>) -> Compiled {
    let own = BTreeSet::new();
    let below = Below {
        catalogue: Some(dutch()),
        clips: below,
        own: &own,
    };
    compiled(gathered, &below)
}

fn compiled(gathered: Gathered, below: &Below<'_>) -> Compiled {
    let set = "nl".parse().unwrap();
    let work = Work {
        decoder: &Decoder::in_this_process(),
        places: &places(),
    };
    compile(&set, gathered, below, &work, &mut |_| {})
}

fn all() -> BTreeSet<ClipId> {
    Grammar::Dutch.all_clips().into_iter().collect()
}

/// One file of one clip over a whole set.
fn one(clip: &str, bytes: Vec<u8>) -> Compiled {
    compiled_over(upload(None, vec![sound_file(clip, vec![bytes])]), &all())
}

fn told(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_set_of_every_clip_is_clean_and_says_everything() {
    let catalogue = dutch();
    let files = catalogue.clips().map(|clip| {
        let letters = clip.text.chars().filter(|c| c.is_alphanumeric()).count();
        sound_file(clip.id.as_str(), vec![wav_of(voice(letters, -12.0))])
    });
    let text = embedded::catalogue(&Language::parse("nl").unwrap()).unwrap();
    let files: Vec<_> = files.collect();
    let (count, none) = (files.len(), BTreeSet::new());
    let below = Below {
        catalogue: None,
        clips: &none,
        own: &none,
    };
    let mut steps = Vec::new();
    let work = Work {
        decoder: &Decoder::in_this_process(),
        places: &places(),
    };
    let set = "nl".parse().unwrap();
    let gathered = upload(Some(&text), files);
    let compiled = compile(&set, gathered, &below, &work, &mut |step| steps.push(step));
    let report = &compiled.report;
    assert_eq!(told(&report.findings), Vec::<String>::new());
    assert!(report.is_clean());
    assert_eq!(
        (report.own, report.inherited, report.missing),
        (count, 0, 0)
    );
    assert_eq!(compiled.grammar, Some(Grammar::Dutch));
    assert_eq!(compiled.texts.len(), count);
    // Every cardinal thrice more for the counts of messages, and every minute of a day.
    assert!(report.sentences > 4 * 2_998 + 1_440, "{}", report.sentences);
    let values = &report.places[2];
    assert_eq!((values.own, values.missing.len()), (values.needed, 0));
    let done = |done| Progress::Compiling { done, total: count };
    assert_eq!(
        (steps.first(), steps.last()),
        (Some(&done(0)), Some(&done(count)))
    );
}

#[test]
fn what_was_compiled_compiles_to_the_same_octets() {
    let first = one(
        "goodbye",
        wav_of([vec![0; 9_000], voice(8, -41.0), vec![0; 99]].concat()),
    );
    let clip = &first.clips[&id("goodbye")];
    let second = one("goodbye", clip.flac.clone());
    assert_eq!(second.clips[&id("goodbye")], *clip);
    assert!(second.report.findings.is_empty());
}

#[test]
fn a_partial_set_is_clean_over_a_whole_one_and_not_over_nothing() {
    let goodbye = || sound_file("goodbye", vec![wav_of(voice(8, -12.0))]);
    let over = compiled_over(upload(None, vec![goodbye()]), &all());
    assert!(over.report.is_clean(), "{}", over.report);
    assert_eq!(
        (over.report.own, over.report.inherited),
        (1, all().len() - 1)
    );

    let alone = compiled_over(upload(None, vec![goodbye()]), &BTreeSet::new());
    assert_eq!(alone.report.missing, all().len() - 1);
    let and = alone
        .report
        .faults()
        .find(|f| f.clip == Some(id("and")))
        .unwrap();
    assert_eq!(
        and.to_string(),
        "fault: and: \u{201c}en\u{201d}: nobody has this clip, which is heard in: lines, values; \
         record its text and add it as and.wav"
    );
}

#[test]
fn a_clip_that_is_kept_is_the_sets_own() {
    let (clips, own) = (all(), [id("goodbye"), id("and")].into());
    let below = Below {
        catalogue: Some(dutch()),
        clips: &clips,
        own: &own,
    };
    let again = upload(None, vec![sound_file("and", vec![wav_of(voice(4, -12.0))])]);
    let report = compiled(again, &below).report;
    assert_eq!((report.own, report.inherited), (2, all().len() - 2));
}

#[test]
fn a_key_that_no_menu_has_is_not_missed() {
    let mut below = all();
    below.remove(&id("key-d"));
    let few = Place {
        name: "main menu",
        sentences: vec![vec![Part::Choice(Line::GoBack, Digit::D1)]],
    };
    let own = BTreeSet::new();
    let below = Below {
        catalogue: Some(dutch()),
        clips: &below,
        own: &own,
    };
    let decoder = Decoder::in_this_process();
    let report = |place: &Place| {
        let places = std::slice::from_ref(place);
        let work = Work {
            decoder: &decoder,
            places,
        };
        let set = "nl".parse().unwrap();
        compile(&set, upload(None, Vec::new()), &below, &work, &mut |_| {}).report
    };
    assert!(report(&few).is_clean());
    let mut with_d = few;
    with_d
        .sentences
        .push(vec![Part::Choice(Line::GoBack, Digit::D)]);
    let faulty = report(&with_d);
    assert_eq!(faulty.places[0].missing, [id("key-d")]);
    assert!(!faulty.is_clean());
}

#[test]
fn every_planted_fault_of_a_recording_is_found() {
    let silence = |ms| Pcm::silence(RATE, Duration::from_millis(ms)).samples;
    let over: Vec<i16> = voice(8, -6.0).iter().map(|s| s.saturating_mul(3)).collect();
    let mut touched = voice(8, -12.0);
    touched[3_000..3_004].fill(i16::MAX);
    let mut clicked = voice(8, -46.0);
    clicked[3_000] = 9_000;
    let hum = tone::sine(50.0, -6.0, Duration::from_secs(1), RATE).samples;
    let whistle = tone::sine(6_000.0, -6.0, Duration::from_secs(1), RATE).samples;
    let cut = wav_of(voice(8, -12.0));
    let cases: [(&str, Vec<u8>, Severity, &str); 13] = [
        (
            "no sound at all",
            b"MThd, a song".to_vec(),
            Severity::Fault,
            "of no format",
        ),
        (
            "cut off",
            cut[..2_000].to_vec(),
            Severity::Fault,
            "damaged or cut off",
        ),
        (
            "too long",
            wav_of(silence(121_000)),
            Severity::Fault,
            "longer than 120s",
        ),
        ("empty", wav_of(Vec::new()), Severity::Fault, "silent"),
        ("silent", wav_of(silence(900)), Severity::Fault, "silent"),
        (
            "hum",
            wav_of(hum),
            Severity::Fault,
            "between 300 and 3,400 Hz",
        ),
        (
            "whistle",
            wav_of(whistle),
            Severity::Fault,
            "between 300 and 3,400 Hz",
        ),
        ("overdriven", wav_of(over), Severity::Fault, "overdriven"),
        (
            "touches full scale",
            wav_of(touched),
            Severity::Note,
            "some peaks",
        ),
        (
            "very quiet",
            wav_of(voice(8, -43.0)),
            Severity::Note,
            "24 dB louder",
        ),
        (
            "clicks",
            wav_of(clicked),
            Severity::Note,
            "dB quieter than the others",
        ),
        (
            "too much said",
            wav_of(voice(40, -12.0)),
            Severity::Note,
            "times longer",
        ),
        (
            "too little said",
            wav_of(voice(4, -12.0)[..1_500].to_vec()),
            Severity::Note,
            "times shorter",
        ),
    ];
    for (name, file, severity, expected) in cases {
        let compiled = one("goodbye", file);
        let findings = &compiled.report.findings;
        assert_eq!(findings.len(), 1, "{name}: {:?}", told(findings));
        let finding = &findings[0];
        assert_eq!(finding.severity, severity, "{name}: {finding}");
        assert!(finding.what.contains(expected), "{name}: {finding}");
        assert_eq!(finding.clip, Some(id("goodbye")));
        assert_eq!(finding.text.as_deref(), Some("Tot ziens."));
        let whole_clip = finding.what.contains("times");
        let file = (!whole_clip).then(|| "goodbye.0.wav".to_owned());
        assert_eq!(finding.file, file, "{name}");
        assert_eq!(
            compiled.clips.is_empty(),
            severity == Severity::Fault,
            "{name}"
        );
        assert_eq!(
            compiled.report.is_clean(),
            severity == Severity::Note,
            "{name}"
        );
    }
}

#[test]
fn a_sequence_is_one_clip_and_its_bad_part_is_named() {
    let word = || wav_of([vec![0; 8_000], voice(4, -20.0), vec![0; 8_000]].concat());
    let sequence = |parts| upload(None, vec![sound_file("goodbye", parts)]);
    let good = compiled_over(sequence(vec![word(), word()]), &all());
    assert!(
        good.report.findings.is_empty(),
        "{:?}",
        told(&good.report.findings)
    );
    let ms = good.clips[&id("goodbye")].ms;
    assert!((715..=765).contains(&ms), "{ms} ms");
    let silent = wav_of(vec![0; 8_000]);
    let bad = compiled_over(sequence(vec![word(), silent]), &all());
    let finding = bad.report.faults().next().unwrap();
    assert_eq!(finding.file.as_deref(), Some("goodbye.1.wav"));
    assert!(finding.what.contains("silent"), "{finding}");
}

#[test]
fn a_file_named_for_no_clip_is_told_with_the_clip_that_is_meant() {
    let file = |name| sound_file(name, vec![wav_of(voice(8, -12.0))]);
    let report = compiled_over(upload(None, vec![file("godbye")]), &all()).report;
    assert_eq!(
        told(&report.findings),
        [
            "fault: godbye: godbye.0.wav: there is no such clip, only goodbye; call it goodbye if \
          that is meant, else leave it out"
        ]
    );
    let both = upload(
        None,
        vec![file("godbye"), file("goodbye"), file("intro-music")],
    );
    let report = compiled_over(both, &all()).report;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.findings.len(), 2);
}

#[test]
fn a_catalogue_with_faults_is_told_by_its_lines_and_the_sounds_are_tried_all_the_same() {
    let text = "[lines]\ngoodbye = 3\nhello = \"Hallo\"\n";
    let files = vec![sound_file("goodbye", vec![b"RIFF".to_vec()])];
    let report = compiled_over(upload(Some(text), files), &all()).report;
    assert_eq!(
        told(&report.findings),
        [
            "fault: catalogue.toml: line 2: goodbye is not a text; make goodbye a text",
            "fault: catalogue.toml: line 3: hello is not known; correct the name hello, or remove \
             the line",
            "fault: goodbye: \u{201c}Tot ziens.\u{201d}: goodbye.0.wav: the file is damaged or cut \
             off; save or send the file again",
        ]
    );
}

#[test]
fn a_new_language_without_texts_is_told_so() {
    let none = BTreeSet::new();
    let below = Below {
        catalogue: None,
        clips: &none,
        own: &none,
    };
    let files = vec![sound_file("goodbye", vec![wav_of(voice(8, -12.0))])];
    let compiled = compiled(upload(None, files), &below);
    assert_eq!(compiled.grammar, None);
    assert_eq!(compiled.clips.len(), 1);
    let told = told(&compiled.report.findings);
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("nothing says which clips"), "{told:?}");
    assert!(!compiled.report.is_clean());
}

#[test]
fn a_new_text_over_an_old_recording_is_told() {
    let text = "[lines]\ngoodbye = \"Dag!\"\nand = \"en\"\n";
    let report = compiled_over(upload(Some(text), Vec::new()), &all()).report;
    assert_eq!(
        told(&report.findings),
        [
            "note:  goodbye: \u{201c}Dag!\u{201d}: the text is new, but the recording below says \
          \u{201c}Tot ziens.\u{201d}; record the new text too"
        ]
    );
    let recorded = vec![sound_file("goodbye", vec![wav_of(voice(4, -12.0))])];
    let both = compiled_over(upload(Some(text), recorded), &all());
    assert_eq!(told(&both.report.findings), Vec::<String>::new());
    assert_eq!(both.texts[&id("goodbye")], "Dag!");
}

/// The clips that ship were made by a script of the same rules: each is accepted sample by sample.
#[test]
fn the_shipped_sets_compile_unchanged_and_without_findings() {
    for language in embedded::languages() {
        let text = embedded::catalogue(&language).unwrap();
        let catalogue = Catalogue::parse(&text).unwrap();
        let shipped = |id: &ClipId| embedded::clip(&language, id.as_str()).map(|file| file.bytes);
        let files = catalogue.clips().filter_map(|clip| {
            Some(sound_file(
                clip.id.as_str(),
                vec![shipped(clip.id)?.into_owned()],
            ))
        });
        let gathered = upload(Some(&text), files.collect());
        let none = BTreeSet::new();
        let below = Below {
            catalogue: None,
            clips: &none,
            own: &none,
        };
        let work = Work {
            decoder: &Decoder::in_this_process(),
            places: &places(),
        };
        let set = SetId::of(language.clone());
        let compiled = compile(&set, gathered, &below, &work, &mut |_| {});
        for (id, clip) in &compiled.clips {
            let before =
                crate::audio::decode::decode(&shipped(id).unwrap(), crate::library::MAX_CLIP);
            assert_eq!(before.unwrap(), clip.pcm16k, "{language} {id}");
        }
        assert!(compiled.report.findings.is_empty(), "{}", compiled.report);
    }
}
