//! The library against stores, caches and gaps.

use super::testing::{SPAN, draft, id, put, tone_of, whole};
use super::*;
use crate::audio::{correlate, decode, goertzel, level};
use crate::base::{Digit, TenantId};
use crate::prompt::{Line, MessageKind, Say, VersionId};
use std::fs;
use std::sync::OnceLock;

fn language(tag: &str) -> Language {
    Language::parse(tag).unwrap()
}

fn voice(tags: &[&str]) -> Voice {
    Voice {
        tenant: None,
        languages: tags.iter().map(|tag| language(tag)).collect(),
    }
}

fn of_tenant(tenant: &str, tags: &[&str]) -> Voice {
    Voice {
        tenant: Some(TenantId::parse(tenant).unwrap()),
        ..voice(tags)
    }
}

fn samples(item: &PlayItem) -> Vec<i16> {
    match item {
        PlayItem::Audio(audio) | PlayItem::Loop(audio) => audio.samples(),
        PlayItem::Silence(_) => Vec::new(),
    }
}

/// The library as it ships, loaded once, leaving its cache behind.
fn shipped() -> &'static (Library, Config, tempfile::TempDir) {
    static SHIPPED: OnceLock<(Library, Config, tempfile::TempDir)> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let cache = Some(folder.path().join("clips.cache"));
        let config = Config {
            cache,
            ..Config::default()
        };
        (Library::load(&config).unwrap(), config, folder)
    })
}

/// A store, and what loads a library over it.
fn store() -> (tempfile::TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        store: Some(folder.path().join("store")),
        cache: shipped().1.cache.clone(),
        tones: false,
    };
    (folder, config)
}

fn root(config: &Config) -> &Path {
    config.store.as_deref().unwrap()
}

fn with_store(config: &Config) -> Library {
    reload(config, &shipped().0)
}

fn goodbye(library: &Library, voice: &Voice) -> Vec<i16> {
    say_one(library, Phrase::Line(Line::Goodbye), voice)
}

fn say_one(library: &Library, phrase: Phrase, voice: &Voice) -> Vec<i16> {
    let items = library.say(&[phrase], voice);
    assert_eq!(items.len(), 1);
    samples(&items[0])
}

/// Whether a clip of [`draft`] is heard, by its frequency.
fn is_tone(heard: &[i16], hz: f64) -> bool {
    let expected = tone_of(hz).to_wire().unwrap().len();
    heard.len() == expected && goertzel::amplitude(heard, WIRE_RATE, hz) > 0.1
}

#[test]
fn every_clip_that_ships_is_there_and_audible() {
    let (library, ..) = shipped();
    let tags: Vec<_> = library.languages().map(Language::as_str).collect();
    assert_eq!(tags, ["en", "nl"]);
    assert_eq!(library.missing(), []);
    assert_eq!(library.unused(), []);
    for set in library.sets.values() {
        for id in set.grammar().all_clips() {
            let audio = set.clip(&id).unwrap();
            let loudness = level::rms_dbfs(&audio.samples());
            assert!((-32.0..-15.0).contains(&loudness), "{id}: {loudness} dBFS");
            assert!(audio.duration() < Duration::from_secs(12), "{id}");
        }
    }
}

#[test]
fn what_is_heard_is_the_clip_that_was_recorded() {
    let (library, ..) = shipped();
    let file = include_bytes!("../../prompts/nl/clips/goodbye.flac");
    let clip = decode::decode(file, MAX_CLIP)
        .unwrap()
        .at_rate(WIRE_RATE)
        .unwrap();
    let heard = goodbye(library, &voice(&["nl"]));
    let likeness = correlate::compare(&heard, &clip.samples).unwrap();
    assert_eq!(likeness.lag, 0);
    assert!(likeness.coefficient > 0.99, "{likeness:?}");
}

#[test]
fn an_active_clip_goes_before_the_one_compiled_in_and_the_rest_stays() {
    let (_folder, config) = store();
    put(
        root(&config),
        "nl",
        draft(&[(Line::Goodbye.into(), 1_000.0)]),
    );
    let library = with_store(&config);
    assert!(is_tone(&goodbye(&library, &voice(&["nl"])), 1_000.0));
    assert!(!is_tone(&goodbye(&library, &voice(&["en"])), 1_000.0));
    let other = [Phrase::Line(Line::EndOfMessage)];
    let (as_shipped, _, _) = shipped();
    let dutch = voice(&["nl"]);
    assert_eq!(library.say(&other, &dutch), as_shipped.say(&other, &dutch));
    assert_eq!(library.unused(), []);
}

#[test]
fn a_tenant_hears_its_own_clips_over_everybodys() {
    let (_folder, config) = store();
    put(
        root(&config),
        "nl",
        draft(&[(Line::Goodbye.into(), 1_000.0), (Line::And.into(), 900.0)]),
    );
    put(
        root(&config),
        "acme.nl",
        draft(&[(Line::And.into(), 2_000.0)]),
    );
    let library = with_store(&config);
    let and = |voice: &Voice| say_one(&library, Phrase::Line(Line::And), voice);
    assert!(is_tone(&and(&of_tenant("acme", &["nl"])), 2_000.0));
    assert!(is_tone(
        &goodbye(&library, &of_tenant("acme", &["nl"])),
        1_000.0
    ));
    assert!(is_tone(&and(&voice(&["nl"])), 900.0));
    assert!(is_tone(&and(&of_tenant("other", &["nl"])), 900.0));
    let tags: Vec<_> = library.languages().map(Language::as_str).collect();
    assert_eq!(tags, ["en", "nl"]);
}

#[test]
fn a_set_that_names_a_parent_hears_what_its_parent_has_in_use() {
    let (_folder, config) = store();
    let mut below = whole();
    below.manifest.note = "below".to_owned();
    put(root(&config), "de", below);
    let mut bavarian = draft(&[(Line::Goodbye.into(), 1_000.0)]);
    bavarian.manifest.parent = Some(id("de"));
    put(root(&config), "de-by", bavarian);
    let library = with_store(&config);
    assert!(is_tone(&goodbye(&library, &voice(&["de-by"])), 1_000.0));
    let phrase = [Phrase::Line(Line::And)];
    let (bavarian, german) = (voice(&["de-by"]), voice(&["de"]));
    assert_eq!(
        library.say(&phrase, &bavarian),
        library.say(&phrase, &german)
    );
    put(root(&config), "de", {
        let mut louder = whole();
        louder
            .clips
            .extend(draft(&[(Line::And.into(), 2_500.0)]).clips);
        let new = draft(&[(Line::And.into(), 2_500.0)]);
        louder.manifest.clips.extend(new.manifest.clips);
        // Made from other clips than these, so it is as good as none.
        louder.wire = new.wire;
        louder
    });
    let library = with_store(&config);
    assert!(is_tone(
        &say_one(&library, phrase[0].clone(), &bavarian),
        2_500.0
    ));
}

#[test]
fn a_new_snapshot_shares_the_clips_that_are_the_same_and_the_old_one_stays_as_it_was() {
    let (_folder, config) = store();
    put(
        root(&config),
        "de",
        draft(&[(Line::And.into(), 900.0), (Line::Goodbye.into(), 1_000.0)]),
    );
    let mut first = draft(&[(Line::And.into(), 900.0), (Line::Goodbye.into(), 1_000.0)]);
    first.manifest.grammar = Some(Grammar::English);
    put(root(&config), "de", first);
    let old = with_store(&config);
    let mut second = draft(&[(Line::And.into(), 900.0), (Line::Goodbye.into(), 1_500.0)]);
    second.manifest.grammar = Some(Grammar::English);
    put(root(&config), "de", second);
    let new = reload(&config, &old);
    let german = voice(&["de"]);
    assert!(is_tone(&goodbye(&old, &german), 1_000.0));
    assert!(is_tone(&goodbye(&new, &german), 1_500.0));
    assert_eq!((old.serial(), new.serial()), (2, 3));
    let octets = |library: &Library, line: Line| {
        let clip = library.sets[&id("de")].clip(&line.into()).unwrap();
        clip.octets(crate::audio::Law::A).as_ptr()
    };
    assert_eq!(
        octets(&old, Line::And),
        octets(&new, Line::And),
        "in memory once"
    );
    assert_ne!(octets(&old, Line::Goodbye), octets(&new, Line::Goodbye));
    let dutch = |library: &Library| {
        let clip = library.sets[&id("nl")].clip(&Line::And.into()).unwrap();
        clip.octets(crate::audio::Law::A).as_ptr()
    };
    assert_eq!(dutch(&old), dutch(&new), "and so is what is compiled in");
    let same = reload(&config, &new);
    assert_eq!(octets(&same, Line::Goodbye), octets(&new, Line::Goodbye));
}

#[test]
fn the_serial_tells_that_something_changed() {
    let (_folder, config) = store();
    assert_eq!(serial_of(root(&config)), Some(0), "there is none yet");
    put(root(&config), "nl", draft(&[(Line::And.into(), 900.0)]));
    assert_eq!(serial_of(root(&config)), Some(1));
    assert_eq!(with_store(&config).serial(), 1);
    fs::write(root(&config).join("active.json"), "{").unwrap();
    assert_eq!(serial_of(root(&config)), None);
}

#[test]
fn a_damaged_wire_costs_nothing_but_time() {
    let (_folder, config) = store();
    let version = put(
        root(&config),
        "nl",
        draft(&[(Line::Goodbye.into(), 1_000.0)]),
    );
    let folder = root(&config).join(format!("sets/nl/{:06}", version.0));
    let wire = fs::read(folder.join("wire")).unwrap();
    fs::write(folder.join("wire"), &wire[..wire.len() / 2]).unwrap();
    let library = with_store(&config);
    assert!(is_tone(&goodbye(&library, &voice(&["nl"])), 1_000.0));
    assert_eq!(library.unused(), []);
}

#[test]
fn what_is_damaged_is_told_at_every_load_and_what_is_below_is_heard() {
    let (_folder, config) = store();
    let clips = [(Line::Goodbye.into(), 1_000.0), (Line::And.into(), 900.0)];
    let version = put(root(&config), "nl", draft(&clips));
    put(root(&config), "acme.nl", draft(&clips));
    let folder = root(&config).join(format!("sets/nl/{:06}", version.0));
    fs::remove_file(folder.join("wire")).unwrap();
    let clip = folder.join("clips/goodbye.flac");
    let mut octets = fs::read(&clip).unwrap();
    octets[100] ^= 1;
    fs::write(&clip, octets).unwrap();
    fs::write(root(&config).join("sets/acme.nl/000001/version.json"), "{}").unwrap();
    let as_shipped = goodbye(&shipped().0, &voice(&["nl"]));
    let first = with_store(&config);
    for library in [reload(&config, &first), first] {
        assert_eq!(goodbye(&library, &of_tenant("acme", &["nl"])), as_shipped);
        assert!(is_tone(
            &say_one(&library, Phrase::Line(Line::And), &voice(&["nl"])),
            900.0
        ));
        let told: Vec<_> = library.unused().iter().map(|u| u.why.clone()).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told.iter()
                .any(|why| why.contains("goodbye.flac is damaged"))
        );
        assert!(
            told.iter()
                .any(|why| why.contains("version.json is damaged"))
        );
    }
}

#[test]
fn a_store_that_cannot_be_read_is_told_and_what_is_compiled_in_is_heard() {
    let (_folder, config) = store();
    fs::create_dir_all(root(&config)).unwrap();
    fs::write(root(&config).join("active.json"), "nonsense").unwrap();
    let library = with_store(&config);
    assert_eq!(library.unused().len(), 1);
    assert_eq!(library.languages().count(), 2);
    assert!(!goodbye(&library, &voice(&["nl"])).is_empty());
}

#[test]
fn a_version_without_a_grammar_anywhere_below_is_no_language() {
    let (_folder, config) = store();
    put(
        root(&config),
        "fr",
        draft(&[(Line::Goodbye.into(), 1_000.0)]),
    );
    let library = with_store(&config);
    let tags: Vec<_> = library.languages().map(Language::as_str).collect();
    assert_eq!(tags, ["en", "nl"]);
}

#[test]
fn a_clip_missing_in_one_language_is_heard_in_the_next() {
    let (_folder, config) = store();
    let mut french = draft(&[(Line::Goodbye.into(), 1_000.0)]);
    french.manifest.grammar = Some(Grammar::English);
    put(root(&config), "fr", french);
    let library = with_store(&config);
    let chain = voice(&["fr", "nl"]);
    let phrases = [
        Phrase::Line(Line::Goodbye),
        Phrase::Say(Say::Messages(MessageKind::New, 2)),
    ];
    let items = library.say(&phrases, &chain);
    let dutch = library.say(&phrases[1..], &voice(&["nl"]));
    assert!(is_tone(&samples(&items[0]), 1_000.0));
    assert_eq!(&items[items.len() - 2..], &dutch[..]);
    assert!(library.missing().contains(&(id("fr"), Line::And.into())));
    assert_eq!(library.told.lock().unwrap().len(), 2);
    library.say(&phrases, &chain);
    assert_eq!(library.told.lock().unwrap().len(), 2);
}

#[test]
fn a_phrase_in_a_language_of_its_own_is_said_in_it_by_the_tenant_too() {
    let (_folder, config) = store();
    put(root(&config), "de", whole());
    put(
        root(&config),
        "acme.de",
        draft(&[(Line::Goodbye.into(), 1_000.0)]),
    );
    let library = with_store(&config);
    let in_german = || Phrase::In(language("de"), Box::new(Phrase::Line(Line::Goodbye)));
    assert!(is_tone(
        &say_one(&library, in_german(), &of_tenant("acme", &["nl"])),
        1_000.0
    ));
    let german = goodbye(&library, &voice(&["de"]));
    assert_eq!(say_one(&library, in_german(), &voice(&["nl"])), german);
    let nowhere = Phrase::In(language("fr"), Box::new(Phrase::Line(Line::Goodbye)));
    let dutch = goodbye(&library, &voice(&["nl"]));
    assert_eq!(say_one(&library, nowhere, &voice(&["nl"])), dutch);
}

#[test]
fn a_set_without_the_brief_form_says_the_choice_in_full() {
    let (_folder, config) = store();
    let mut set = whole();
    let brief = ClipId::brief(Line::GoBack);
    set.manifest.clips.remove(&brief);
    set.clips.remove(&brief);
    set.wire.clear();
    put(root(&config), "de", set);
    let library = with_store(&config);
    let said = |phrase| library.say(&[phrase], &voice(&["de", "nl"]));
    let full = said(Phrase::Choice(Line::GoBack, Digit::Star));
    assert_eq!(said(Phrase::Brief(Line::GoBack, Digit::Star)), full);
    assert_ne!(said(Phrase::Brief(Line::MessageSave, Digit::Star)).len(), 0);
    assert_ne!(
        said(Phrase::Brief(Line::MessageSave, Digit::Star)),
        said(Phrase::Choice(Line::MessageSave, Digit::Star))
    );
}

#[test]
fn a_clip_is_heard_by_its_name() {
    let library = Library::tones();
    let items = library.say(&[Phrase::Clip(Line::And.into())], &voice(&["tones"]));
    assert_eq!(tones::identify(&samples(&items[0])), Some(Line::And.into()));
}

#[test]
fn a_clip_that_no_language_has_is_a_tone_and_the_rest_is_said() {
    let (_folder, config) = store();
    let mut set = whole();
    set.manifest.clips.remove(&Line::MessageSave.into());
    set.clips.remove(&Line::MessageSave.into());
    put(root(&config), "tones", set);
    let library = reload(&config, &Library::of_nothing());
    let items = library.say(
        &[Phrase::Choice(Line::MessageSave, Digit::Pound)],
        &voice(&[]),
    );
    let [missing, key] = items.as_slice() else {
        panic!("{items:?}")
    };
    assert_eq!(*missing, PlayItem::Audio(library.stand_in.clone()));
    assert_eq!(samples(key).len(), tone_of(1.0).to_wire().unwrap().len());
}

impl Library {
    /// A library without anything.
    fn of_nothing() -> Library {
        Library::over(&Config::default(), Stock::default())
    }
}

#[test]
fn a_library_without_any_set_still_sounds() {
    let library = Library::of_nothing();
    assert_eq!(
        library
            .say(&[Phrase::Line(Line::Goodbye)], &voice(&["nl"]))
            .len(),
        1
    );
}

#[test]
fn a_language_that_is_not_installed_is_answered_in_another() {
    let (library, ..) = shipped();
    let heard = goodbye(library, &voice(&["fr", "nl"]));
    assert_eq!(heard, goodbye(library, &voice(&["nl"])));
}

#[test]
fn the_tones_tell_what_was_said() {
    let library = Library::tones();
    let phrases = [
        Phrase::Line(Line::YouHave),
        Phrase::Say(Say::Messages(MessageKind::New, 12)),
        Phrase::Pause(Duration::from_millis(70)),
        Phrase::Beep,
    ];
    let items = library.say(&phrases, &voice(&["tones"]));
    let heard: Vec<_> = items
        .iter()
        .map(|item| tones::identify(&samples(item)).map_or("-".to_owned(), |c| c.to_string()))
        .collect();
    assert_eq!(heard, ["you-have", "number-12", "new-many", "-", "-"]);
    assert_eq!(items[3], PlayItem::Silence(Duration::from_millis(70)));
    assert_eq!(items[4], PlayItem::Audio(library.beep.clone()));
}

#[test]
fn sentences_are_parted_by_a_pause() {
    let (library, ..) = shipped();
    let phrases = [Line::EndOfMessage, Line::Goodbye].map(Phrase::Line);
    let items = library.say(&phrases, &voice(&["nl"]));
    assert!(
        matches!(items.as_slice(), [_, PlayItem::Silence(_), _]),
        "{items:?}"
    );
}

#[test]
fn a_second_start_plays_the_same_clips_from_the_cache() {
    let (made, config, _folder) = shipped();
    let kept = Library::load(config).unwrap();
    for (set, before) in &made.sets {
        for clip in before.grammar().all_clips() {
            assert_eq!(before.clip(&clip), kept.sets[set].clip(&clip));
        }
    }
}

#[test]
fn what_is_in_use_is_what_was_put_to_use_last() {
    let (_folder, config) = store();
    let first = put(
        root(&config),
        "nl",
        draft(&[(Line::Goodbye.into(), 1_000.0)]),
    );
    let second = put(
        root(&config),
        "nl",
        draft(&[(Line::Goodbye.into(), 1_500.0)]),
    );
    assert_eq!((first, second), (VersionId(1), VersionId(2)));
    assert!(is_tone(
        &goodbye(&with_store(&config), &voice(&["nl"])),
        1_500.0
    ));
    assert!(SPAN < MAX_CLIP);
}
