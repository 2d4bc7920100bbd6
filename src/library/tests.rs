//! The library against folders, caches and gaps.

use super::*;
use crate::audio::{Pcm, correlate, decode, level, wav};
use crate::base::Digit;
use crate::prompt::{Line, MessageKind, Say};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

fn language(tag: &str) -> Language {
    Language::parse(tag).unwrap()
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn with_folder(folder: &Path) -> Library {
    Library::load(&Config {
        folder: Some(folder.to_owned()),
        ..Config::default()
    })
    .unwrap()
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

fn say_line(library: &Library, line: Line, tag: &str) -> Vec<i16> {
    let items = library.say(&[Phrase::Line(line)], &[language(tag)]);
    assert_eq!(items.len(), 1);
    samples(&items[0])
}

fn a_tone() -> Pcm {
    tone::sine(1_000.0, -10.0, Duration::from_millis(500), 44_100)
}

#[test]
fn every_clip_that_ships_is_there_and_audible() {
    let (library, ..) = shipped();
    let tags: Vec<_> = library.languages().map(Language::as_str).collect();
    assert_eq!(tags, ["en", "nl"]);
    assert_eq!(library.missing(), []);
    assert_eq!(library.unused(), []);
    for set in library.sets.values() {
        for (id, audio) in &set.clips {
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
    let heard = say_line(library, Line::Goodbye, "nl");
    let likeness = correlate::compare(&heard, &clip.samples).unwrap();
    assert_eq!(likeness.lag, 0);
    assert!(likeness.coefficient > 0.99, "{likeness:?}");
}

#[test]
fn what_an_operator_uploads_in_vain_is_listed_and_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    put(
        &folder.path().join("nl/clips/goodbye.wav"),
        b"RIFF no sound",
    );
    put(
        &folder.path().join("nl/clips/godbye.wav"),
        &wav::write_pcm16(&a_tone()),
    );
    put(
        &folder.path().join("nl/clips/and.wav"),
        &wav::write_pcm16(&Pcm::silence(8_000, Duration::ZERO)),
    );
    put(&folder.path().join("nl/clips/plus.mp3"), b"ID3");
    put(
        &folder.path().join("fr/clips/goodbye.wav"),
        &wav::write_pcm16(&a_tone()),
    );
    put(&folder.path().join("notes.txt"), b"hello");
    let library = with_folder(folder.path());
    let mut names: Vec<_> = library
        .unused()
        .iter()
        .map(|u| u.path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "and.wav",
            "fr",
            "godbye.wav",
            "goodbye.wav",
            "notes.txt",
            "plus.mp3"
        ]
    );
    assert_eq!(library.missing(), []);
    assert!(!say_line(&library, Line::Goodbye, "nl").is_empty());
}

#[test]
fn a_catalogue_with_faults_is_refused_with_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    put(
        &folder.path().join("fr/catalogue.toml"),
        b"grammar = \"en\"\nname = \"\"\n",
    );
    let config = Config {
        folder: Some(folder.path().to_owned()),
        ..Config::default()
    };
    let fault = Library::load(&config).err().unwrap().to_string();
    assert!(fault.contains("fr") && fault.contains("line 2"), "{fault}");
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let config = Config {
        folder: Some("/nowhere/at/all".into()),
        ..Config::default()
    };
    assert!(matches!(
        Library::load(&config),
        Err(LibraryFault::Folder { .. })
    ));
}

#[test]
fn a_clip_missing_in_one_language_is_heard_in_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let french = include_str!("../../prompts/en/catalogue.toml").replace("English", "Français");
    put(&folder.path().join("fr/catalogue.toml"), french.as_bytes());
    put(
        &folder.path().join("fr/clips/goodbye.wav"),
        &wav::write_pcm16(&a_tone()),
    );
    let library = with_folder(folder.path());
    let chain = [language("fr"), language("nl")];
    let phrases = [
        Phrase::Line(Line::Goodbye),
        Phrase::Say(Say::Messages(MessageKind::New, 2)),
    ];
    let items = library.say(&phrases, &chain);
    let dutch = library.say(&phrases[1..], &[language("nl")]);
    assert_eq!(samples(&items[0]).len(), 4_000);
    assert_eq!(&items[items.len() - 2..], &dutch[..]);
    assert!(
        library
            .missing()
            .contains(&(language("fr"), ClipId::from(Line::And)))
    );
    assert_eq!(library.told.lock().unwrap().len(), 2);
    library.say(&phrases, &chain);
    assert_eq!(library.told.lock().unwrap().len(), 2);
}

#[test]
fn a_clip_that_no_language_has_is_a_tone_and_the_rest_is_said() {
    let mut library = Library::tones();
    let set = library.sets.get_mut(&language("tones")).unwrap();
    set.clips.remove(&ClipId::from(Line::MessageSave));
    let items = library.say(&[Phrase::Choice(Line::MessageSave, Digit::Pound)], &[]);
    let [missing, key] = items.as_slice() else {
        panic!("{items:?}")
    };
    assert_eq!(*missing, PlayItem::Audio(library.stand_in.clone()));
    assert_eq!(tones::identify(&samples(key)).unwrap().as_str(), "key-hash");
}

#[test]
fn a_library_without_any_set_still_sounds() {
    let library = Library::of(BTreeMap::new(), Vec::new());
    assert_eq!(
        library
            .say(&[Phrase::Line(Line::Goodbye)], &[language("nl")])
            .len(),
        1
    );
}

#[test]
fn a_language_that_is_not_installed_is_answered_in_another() {
    let (library, ..) = shipped();
    let items = library.say(
        &[Phrase::Line(Line::Goodbye)],
        &[language("fr"), language("nl")],
    );
    assert_eq!(
        items,
        library.say(&[Phrase::Line(Line::Goodbye)], &[language("nl")])
    );
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
    let items = library.say(&phrases, &[language("tones")]);
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
    let items = library.say(&phrases, &[language("nl")]);
    assert!(
        matches!(items.as_slice(), [_, PlayItem::Silence(_), _]),
        "{items:?}"
    );
}

#[test]
fn a_second_start_plays_the_same_clips_from_the_cache() {
    let (made, config, _folder) = shipped();
    let kept = Library::load(config).unwrap();
    for (language, set) in &made.sets {
        assert_eq!(set.clips, kept.sets[language].clips);
    }
}

#[test]
fn the_operators_clip_goes_before_the_one_compiled_in_and_the_one_in_the_cache() {
    let (_, config, folder) = shipped();
    let cache = folder.path().join("older.cache");
    fs::copy(config.cache.as_ref().unwrap(), &cache).unwrap();
    let prompts = folder.path().join("prompts");
    put(
        &prompts.join("nl/clips/goodbye.wav"),
        &wav::write_pcm16(&a_tone()),
    );
    let config = Config {
        folder: Some(prompts),
        cache: Some(cache),
        tones: false,
    };
    let library = Library::load(&config).unwrap();
    assert_eq!(say_line(&library, Line::Goodbye, "nl").len(), 4_000);
    assert_ne!(say_line(&library, Line::Goodbye, "en").len(), 4_000);
    assert_eq!(library.unused(), []);
}
