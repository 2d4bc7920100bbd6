//! The laws of the studio, by what an operator does and callers hear.
//!
//! Long because it is one list of laws over one small world.

mod looking;

use super::*;
use crate::audio::{goertzel, tone, wav};
use crate::base::{Language, TenantId};
use crate::flow::Menus;
use crate::library::store::VERSIONS_MAX;
use crate::library::testing::{id, put, whole};
use crate::library::{self, Library};
use crate::media::PlayItem;
use crate::prompt::{Line, Voice};
use std::fs;
use std::path::Path;
use std::time::Duration;

const ENGLISH: &str = include_str!("../../../prompts/en/catalogue.toml");

/// A studio whose set `de` has a version in use that needs nothing below it.
fn studio() -> (tempfile::TempDir, Studio) {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("store"), "de", whole());
    let studio = open(folder.path());
    (folder, studio)
}

fn open(folder: &Path) -> Studio {
    let config = StudioConfig {
        store: folder.join("store"),
        decoder: crate::decoder::Decoder::in_this_process(),
        menus: Menus::default(),
    };
    Studio::open(config).unwrap()
}

/// A recording as an operator makes it: loud enough, and long enough to be a word.
fn recording(hz: f64) -> Vec<u8> {
    wav::write_pcm16(&tone::sine(hz, -18.0, Duration::from_millis(700), 16_000))
}

fn silence() -> Vec<u8> {
    wav::write_pcm16(&Pcm::silence(16_000, Duration::from_millis(700)))
}

fn a_clip(clip: impl Into<ClipId>, hz: f64) -> Material {
    let clip = clip.into();
    Material::Clip {
        name: format!("{clip}.wav"),
        file: recording(hz),
        clip,
    }
}

fn upload(set: &str, material: Material) -> Upload {
    Upload {
        set: id(set),
        material,
        add: false,
        parent: None,
        note: String::new(),
    }
}

fn folder_of(folder: &Path, catalogue: Option<&str>, clips: &[(Line, f64)]) -> Material {
    let upload = folder.join("upload");
    fs::create_dir_all(upload.join("clips")).unwrap();
    if let Some(text) = catalogue {
        fs::write(upload.join("catalogue.toml"), text).unwrap();
    }
    for (line, hz) in clips {
        let name = format!("clips/{}.wav", line.key());
        fs::write(upload.join(name), recording(*hz)).unwrap();
    }
    Material::Folder(upload)
}

fn stage(studio: &Studio, upload: &Upload) -> Report {
    studio.stage(upload, &mut |_| ()).unwrap()
}

/// Stages and activates one clip.
fn in_use(studio: &Studio, set: &str, line: Line, hz: f64) -> VersionId {
    let report = stage(studio, &upload(set, a_clip(line, hz)));
    assert!(report.is_clean(), "{report}");
    studio.activate(&id(set), report.version.unwrap()).unwrap();
    report.version.unwrap()
}

fn active(studio: &Studio, set: &str) -> u32 {
    studio.view().unwrap().state.active(&id(set)).0
}

fn versions(studio: &Studio, set: &str) -> Vec<u32> {
    let versions = studio.store.versions(&id(set)).unwrap();
    versions.into_iter().map(|version| version.0).collect()
}

/// Whether the tone of this frequency is what is heard.
fn hears(studio: &Studio, set: &str, version: u32, line: Line, hz: f64) -> bool {
    let heard = studio
        .clip(&id(set), VersionId(version), &line.into())
        .unwrap();
    is(&heard, hz)
}

fn is(heard: &Pcm, hz: f64) -> bool {
    assert_eq!(heard.rate, 16_000);
    let middle = &heard.samples[heard.samples.len() / 4..heard.samples.len() * 3 / 4];
    goertzel::amplitude(middle, heard.rate, hz) > 0.05
}

/// What callers hear of a line, whatever is in use.
fn callers_hear(folder: &Path, tenant: Option<&str>, language: &str, line: Line, hz: f64) -> bool {
    let config = library::Config {
        store: Some(folder.join("store")),
        ..library::Config::default()
    };
    let library = library::reload(&config, &Library::tones());
    let voice = Voice {
        tenant: tenant.map(|tenant| TenantId::parse(tenant).unwrap()),
        languages: vec![Language::parse(language).unwrap()],
    };
    let items = library.say(&[Phrase::Line(line)], &voice);
    let PlayItem::Audio(audio) = &items[0] else {
        panic!("{items:?}")
    };
    let (rate, samples) = (8_000, audio.samples());
    goertzel::amplitude(&samples[samples.len() / 4..], rate, hz) > 0.05
}

fn fault<T: std::fmt::Debug>(refused: Result<T, StudioFault>) -> StudioFault {
    refused.unwrap_err()
}

#[test]
fn what_is_staged_is_heard_by_callers_once_it_is_activated_and_until_it_is_rolled_back() {
    let (folder, studio) = studio();
    let path = folder.path();
    let material = folder_of(
        path,
        None,
        &[(Line::Goodbye, 1_000.0), (Line::And, 1_300.0)],
    );
    let report = stage(&studio, &upload("acme.de", material));
    assert_eq!((report.version, report.own), (Some(VersionId(1)), 2));
    assert!(report.is_clean(), "{report}");
    let heard = |hz| callers_hear(path, Some("acme"), "de", Line::Goodbye, hz);
    assert!(!heard(1_000.0), "it is not in use yet");
    assert!(
        hears(&studio, "acme.de", 1, Line::Goodbye, 1_000.0),
        "but can be heard"
    );
    studio.activate(&id("acme.de"), VersionId(1)).unwrap();
    assert!(heard(1_000.0));
    assert!(
        !callers_hear(path, None, "de", Line::Goodbye, 1_000.0),
        "everybody's is as it was"
    );
    assert_eq!(studio.roll_back(&id("acme.de")).unwrap(), VersionId(0));
    assert!(!heard(1_000.0));
}

#[test]
fn a_version_with_faults_is_kept_to_be_read_and_heard_and_never_activated() {
    let (folder, studio) = studio();
    let material = folder_of(folder.path(), Some(ENGLISH), &[(Line::Goodbye, 1_000.0)]);
    let report = stage(&studio, &upload("fr", material));
    assert!(report.missing > 100, "{report}");
    assert_eq!(studio.report(&id("fr"), VersionId(1)).unwrap(), report);
    assert!(hears(&studio, "fr", 1, Line::Goodbye, 1_000.0));
    let refused = fault(studio.activate(&id("fr"), VersionId(1)));
    assert!(matches!(refused, StudioFault::Faulty(_, VersionId(1), n) if n >= report.missing));
    assert_eq!(active(&studio, "fr"), 0);
    let detail = studio.version(&id("fr"), VersionId(1)).unwrap();
    let of = |line: Line| detail.clips.iter().find(|c| c.clip == line.into()).unwrap();
    assert_eq!(of(Line::Goodbye).source, Source::Own);
    assert_eq!(
        (&of(Line::And).source, of(Line::And).length),
        (&Source::Missing, Duration::ZERO)
    );
    assert_eq!(of(Line::And).text, "and");
    assert!(!of(Line::Goodbye).length.is_zero());
}

#[test]
fn material_that_cannot_be_read_leaves_nothing_behind() {
    let (folder, studio) = studio();
    for material in [
        Material::Zip(folder.path().join("none.zip")),
        Material::Tree {
            folder: folder.path().join("none"),
            mapping: "asterisk".into(),
        },
    ] {
        assert!(studio.stage(&upload("nl", material), &mut |_| ()).is_err());
    }
    assert_eq!(versions(&studio, "nl"), [0; 0]);
}

#[test]
fn a_job_tells_how_far_it_is() {
    let (folder, studio) = studio();
    let clips = [(Line::Goodbye, 1_000.0), (Line::And, 1_300.0)];
    let material = folder_of(folder.path(), None, &clips);
    let mut steps = Vec::new();
    studio
        .stage(&upload("acme.de", material), &mut |step| steps.push(step))
        .unwrap();
    let compiling = |done| Progress::Compiling { done, total: 2 };
    assert!(steps.contains(&compiling(1)), "{steps:?}");
    assert_eq!(steps.last(), Some(&Progress::Writing));
}

#[test]
fn rolling_back_goes_back_step_by_step_and_ends() {
    let (_folder, studio) = studio();
    for hz in [1_000.0, 1_300.0, 1_600.0] {
        in_use(&studio, "acme.de", Line::Goodbye, hz);
    }
    let set = id("acme.de");
    for expected in [2, 1, 0] {
        assert_eq!(studio.roll_back(&set).unwrap(), VersionId(expected));
        assert_eq!(active(&studio, "acme.de"), expected);
    }
    assert!(matches!(
        fault(studio.roll_back(&set)),
        StudioFault::NothingBefore(_)
    ));
    studio.activate(&set, VersionId(3)).unwrap();
    assert_eq!(studio.roll_back(&set).unwrap(), VersionId(0));
}

#[test]
fn what_is_in_use_is_not_removed_and_no_number_is_given_twice() {
    let (_folder, studio) = studio();
    let set = id("acme.de");
    in_use(&studio, "acme.de", Line::Goodbye, 1_000.0);
    stage(&studio, &upload("acme.de", a_clip(Line::And, 1_300.0)));
    assert!(matches!(
        fault(studio.remove(&set, VersionId(1))),
        StudioFault::InUse(..)
    ));
    studio.remove(&set, VersionId(2)).unwrap();
    assert!(matches!(
        fault(studio.remove(&set, VersionId(2))),
        StudioFault::NoVersion(..)
    ));
    assert!(matches!(
        fault(studio.remove(&set, VersionId(0))),
        StudioFault::NoVersion(..)
    ));
    let next = stage(&studio, &upload("acme.de", a_clip(Line::And, 1_300.0)));
    assert_eq!(next.version, Some(VersionId(3)));
    studio.activate(&set, VersionId(3)).unwrap();
    studio.remove(&set, VersionId(1)).unwrap();
    assert_eq!(
        studio.roll_back(&set).unwrap(),
        VersionId(0),
        "1 is no longer on the way back"
    );
}

#[test]
fn a_change_that_would_leave_another_set_in_use_without_clips_is_refused() {
    let (_folder, studio) = studio();
    let mut bavarian = upload("de-by", a_clip(Line::Goodbye, 1_000.0));
    bavarian.parent = Some(id("de"));
    let report = stage(&studio, &bavarian);
    assert!(report.is_clean(), "{report}");
    studio.activate(&id("de-by"), VersionId(1)).unwrap();
    let refused = fault(studio.roll_back(&id("de")));
    let StudioFault::Needed(changed, needing, clips) = refused else {
        panic!("{refused}")
    };
    assert_eq!((changed, needing), (id("de"), id("de-by")));
    assert!(clips > 100, "{clips}");
    assert!(matches!(
        fault(studio.activate(&id("de"), VersionId(0))),
        StudioFault::Needed(..)
    ));
    assert_eq!(active(&studio, "de"), 1);
    studio.roll_back(&id("de-by")).unwrap();
    studio.roll_back(&id("de")).unwrap();
    assert_eq!(active(&studio, "de"), 0);
}

#[test]
fn a_version_whose_parent_has_changed_since_is_activated_only_if_it_still_lacks_nothing() {
    let (_folder, studio) = studio();
    stage(&studio, &upload("acme.de", a_clip(Line::Goodbye, 1_000.0)));
    studio.activate(&id("de"), VersionId(0)).unwrap();
    let refused = fault(studio.activate(&id("acme.de"), VersionId(1)));
    assert!(
        matches!(refused, StudioFault::Lacking(_, VersionId(1), n) if n > 100),
        "{refused}"
    );
    studio.activate(&id("de"), VersionId(1)).unwrap();
    studio.activate(&id("acme.de"), VersionId(1)).unwrap();
}

#[test]
fn what_is_added_is_laid_over_the_version_in_use_and_anything_else_takes_its_place() {
    let (_folder, studio) = studio();
    in_use(&studio, "acme.de", Line::Goodbye, 1_000.0);
    let mut added = upload("acme.de", a_clip(Line::And, 1_300.0));
    added.add = true;
    let report = stage(&studio, &added);
    assert_eq!((report.own, report.inherited), (2, whole().clips.len() - 2));
    assert!(hears(&studio, "acme.de", 2, Line::Goodbye, 1_000.0));
    assert!(hears(&studio, "acme.de", 2, Line::And, 1_300.0));
    added.add = false;
    assert_eq!(stage(&studio, &added).own, 1);
    assert!(!hears(&studio, "acme.de", 3, Line::Goodbye, 1_000.0));
}

#[test]
fn what_is_added_keeps_what_another_operator_put_to_use_meanwhile() {
    let (folder, studio) = studio();
    in_use(&studio, "acme.de", Line::Goodbye, 1_000.0);
    let mut added = upload("acme.de", a_clip(Line::And, 1_300.0));
    added.add = true;
    let other = open(folder.path());
    let mut once = Some(());
    let mut meanwhile = |step| {
        // All is compiled, and the lock is not held yet.
        if step == Progress::Writing && once.take().is_some() {
            let file = recording(1_600.0);
            other
                .replace_clip(&id("acme.de"), &Line::NewMessage.into(), file, "")
                .unwrap();
        }
    };
    let report = studio.stage(&added, &mut meanwhile).unwrap();
    assert_eq!((report.version, report.own), (Some(VersionId(3)), 3));
    assert!(hears(&studio, "acme.de", 3, Line::NewMessage, 1_600.0));
}

#[test]
fn a_clip_is_replaced_and_dropped_in_one_step() {
    let (folder, studio) = studio();
    let (set, clip) = (id("acme.de"), ClipId::from(Line::Goodbye));
    let report = studio
        .replace_clip(&set, &clip, recording(1_000.0), "by telephone")
        .unwrap();
    assert_eq!(report.version, Some(VersionId(1)));
    let heard = |hz| callers_hear(folder.path(), Some("acme"), "de", Line::Goodbye, hz);
    assert!(heard(1_000.0));
    studio
        .replace_clip(&set, &Line::And.into(), recording(1_300.0), "")
        .unwrap();
    let report = studio.drop_clip(&set, &clip, "by telephone").unwrap();
    assert_eq!((report.version, report.own), (Some(VersionId(3)), 1));
    assert!(!heard(1_000.0));
    assert!(hears(&studio, "acme.de", 3, Line::And, 1_300.0));
    let newest = &studio.sets().unwrap()[3].versions[0];
    assert_eq!(newest.origin, Origin::Dropped(clip.clone()));
    assert_eq!(
        (newest.note.as_str(), newest.active),
        ("by telephone", true)
    );
    assert!(matches!(
        fault(studio.drop_clip(&set, &clip, "")),
        StudioFault::NoClip(..)
    ));
    assert_eq!(studio.roll_back(&set).unwrap(), VersionId(2));
    assert!(heard(1_000.0));
}

#[test]
fn a_recording_with_faults_and_a_drop_that_leaves_a_gap_change_nothing() {
    let (_folder, studio) = studio();
    let clip = ClipId::from(Line::Goodbye);
    let silent = studio
        .replace_clip(&id("acme.de"), &clip, silence(), "")
        .unwrap();
    assert_eq!(silent.version, None);
    assert!(!silent.is_clean());
    let strange = studio.replace_clip(&id("acme.de"), &clip, b"RIFF nonsense".to_vec(), "");
    assert!(!strange.unwrap().is_clean());
    assert_eq!(versions(&studio, "acme.de"), [0; 0]);
    let gap = studio.drop_clip(&id("de"), &clip, "").unwrap();
    assert_eq!((gap.version, gap.missing), (None, 1));
    assert_eq!(
        (active(&studio, "de"), versions(&studio, "de")),
        (1, vec![1])
    );
}

#[test]
fn a_set_builds_on_everybodys_sets_and_its_own_tenants_and_never_on_itself() {
    let (_folder, studio) = studio();
    let staged = |set: &str, parent: &str| {
        let mut upload = upload(set, a_clip(Line::Goodbye, 1_000.0));
        upload.parent = Some(id(parent));
        studio
            .stage(&upload, &mut |_| ())
            .map(|report| report.version)
    };
    assert!(matches!(fault(staged("de", "de")), StudioFault::Circle(..)));
    assert!(matches!(fault(staged("fr", "xx")), StudioFault::NoSet(set) if set == id("xx")));
    assert!(matches!(
        fault(staged("fr", "acme.de")),
        StudioFault::Foreign(..)
    ));
    assert!(matches!(
        fault(staged("other.fr", "acme.de")),
        StudioFault::Foreign(..)
    ));
    let child = staged("fr", "de").unwrap().unwrap();
    studio.activate(&id("fr"), child).unwrap();
    assert!(matches!(fault(staged("de", "fr")), StudioFault::Circle(..)));
    let later = staged("acme.fr", "fr").unwrap().unwrap();
    studio.activate(&id("acme.fr"), later).unwrap();
    assert!(hears(&studio, "acme.fr", 1, Line::Goodbye, 1_000.0));
}

#[test]
fn two_versions_that_name_each_other_are_not_both_put_to_use() {
    let (_folder, studio) = studio();
    in_use_over(&studio, "fr", "de");
    let mut over_french = upload("it", a_clip(Line::Goodbye, 1_000.0));
    over_french.parent = Some(id("fr"));
    let italian = stage(&studio, &over_french).version.unwrap();
    studio.activate(&id("it"), italian).unwrap();
    studio.activate(&id("it"), VersionId(0)).unwrap();
    let mut over_italian = upload("fr", a_clip(Line::Goodbye, 1_000.0));
    over_italian.parent = Some(id("it"));
    let french = stage(&studio, &over_italian).version.unwrap();
    studio.activate(&id("it"), italian).unwrap();
    let refused = fault(studio.activate(&id("fr"), french));
    assert!(
        matches!(refused, StudioFault::Circle(..) | StudioFault::Faulty(..)),
        "{refused}"
    );
}

fn in_use_over(studio: &Studio, set: &str, parent: &str) {
    let mut upload = upload(set, a_clip(Line::Goodbye, 1_000.0));
    upload.parent = Some(id(parent));
    let version = stage(studio, &upload).version.unwrap();
    studio.activate(&id(set), version).unwrap();
}

#[test]
fn what_is_not_there_is_said_so() {
    let (_folder, studio) = studio();
    assert!(matches!(
        fault(studio.version(&id("xx"), VersionId(0))),
        StudioFault::NoSet(_)
    ));
    assert!(matches!(
        fault(studio.report(&id("xx"), VersionId(1))),
        StudioFault::NoSet(_)
    ));
    assert!(matches!(
        fault(studio.activate(&id("xx"), VersionId(0))),
        StudioFault::NoSet(_)
    ));
    assert!(matches!(
        fault(studio.version(&id("de"), VersionId(9))),
        StudioFault::NoVersion(..)
    ));
    assert!(matches!(
        fault(studio.activate(&id("de"), VersionId(9))),
        StudioFault::NoVersion(..)
    ));
    assert!(matches!(
        fault(studio.report(&id("nl"), VersionId(0))),
        StudioFault::NoVersion(..)
    ));
    assert!(
        studio.version(&id("acme.nl"), VersionId(0)).is_ok(),
        "everybody's is below it"
    );
}

#[test]
fn there_are_bounds_to_versions_and_sets() {
    let (folder, studio) = studio();
    let sets = folder.path().join("store/sets");
    for version in 2..=VERSIONS_MAX {
        fs::create_dir(sets.join(format!("de/{version:06}"))).unwrap();
    }
    let one_more = studio.stage(&upload("de", a_clip(Line::And, 1_000.0)), &mut |_| ());
    assert!(matches!(
        fault(one_more),
        StudioFault::TooMany(_, VERSIONS_MAX)
    ));
    for n in 0..crate::library::store::SETS_MAX - 1 {
        fs::create_dir_all(sets.join(format!("t{n}.nl/000001"))).unwrap();
    }
    let one_more = studio.stage(&upload("acme.de", a_clip(Line::And, 1_000.0)), &mut |_| ());
    assert!(matches!(fault(one_more), StudioFault::TooManySets(_)));
}

#[test]
fn a_damaged_version_hides_no_other_and_can_be_removed() {
    let (folder, studio) = studio();
    in_use(&studio, "acme.de", Line::Goodbye, 1_000.0);
    stage(&studio, &upload("acme.de", a_clip(Line::And, 1_300.0)));
    let manifest = folder.path().join("store/sets/acme.de/000002/version.json");
    fs::write(manifest, "{").unwrap();
    let listed = &studio.sets().unwrap()[3].versions;
    assert_eq!(listed.len(), 1);
    let damaged = fault(studio.activate(&id("acme.de"), VersionId(2)));
    assert!(matches!(damaged, StudioFault::Damaged { .. }), "{damaged}");
    studio.remove(&id("acme.de"), VersionId(2)).unwrap();
    assert_eq!(versions(&studio, "acme.de"), [1]);
}
