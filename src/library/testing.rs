//! Versions for tests, made without compiling: every clip a tone, by the frequency it is known.

use super::pack;
use super::sound::{CLIP_RATE, Encoder};
use super::store::{Clip, Counts, Disk, Draft, Hash, Manifest, RealDisk, Sound, Store};
use super::studio::Origin;
use crate::audio::{Pcm, flac, tone};
use crate::base::Timestamp;
use crate::prompt::{ClipId, Grammar, Report, SetId, VersionId};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// How long every clip plays.
pub(super) const SPAN: Duration = Duration::from_millis(40);

pub(super) fn id(set: &str) -> SetId {
    set.parse().unwrap()
}

pub(super) fn tone_of(hz: f64) -> Pcm {
    tone::sine(hz, -12.0, SPAN, CLIP_RATE)
}

/// A version of these clips.
pub(super) fn draft(clips: &[(ClipId, f64)]) -> Draft {
    let mut encoder = Encoder::new().unwrap();
    let (mut entries, mut sounds, mut wire) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (id, hz) in clips {
        let pcm = tone_of(*hz);
        let file = flac::encode(&pcm).unwrap();
        let (ms, hash) = (SPAN.as_millis() as u64, Hash::of(&file));
        entries.insert(id.clone(), Clip { ms, hash });
        sounds.insert(id.clone(), Sound::New(file));
        wire.insert(id.clone(), encoder.encode(&pcm).unwrap());
    }
    let manifest = Manifest {
        version: VersionId(0),
        created: Timestamp::UNIX_EPOCH,
        origin: Origin::Folder("made".into()),
        note: String::new(),
        parent: None,
        grammar: None,
        name: None,
        texts: BTreeMap::new(),
        clips: entries,
        counts: Counts::default(),
    };
    let each = wire.iter().map(|(id, audio)| ("", id, audio));
    let wire = pack::print(&manifest.key(), each).unwrap();
    Draft {
        manifest,
        report: report("de", 0),
        clips: sounds,
        wire,
    }
}

/// A version that needs nothing below it: every clip, each named as its text.
pub(super) fn whole() -> Draft {
    static WHOLE: OnceLock<Draft> = OnceLock::new();
    WHOLE.get_or_init(make_whole).clone()
}

fn make_whole() -> Draft {
    let clips = Grammar::English.all_clips().into_iter();
    let tones = (0..).map(|n| 400.0 + 5.0 * f64::from(n));
    let clips: Vec<(ClipId, f64)> = clips.zip(tones).collect();
    let mut draft = draft(&clips);
    let texts = clips.iter().map(|(id, _)| (id.clone(), format!("{id}.")));
    draft.manifest.texts = texts.collect();
    draft.manifest.grammar = Some(Grammar::English);
    draft.manifest.name = Some("Tones".into());
    draft
}

pub(super) fn report(set: &str, missing: usize) -> Report {
    Report {
        set: id(set),
        version: None,
        own: 0,
        inherited: 0,
        missing,
        sentences: 0,
        places: Vec::new(),
        findings: Vec::new(),
    }
}

/// Writes a version and puts it to use, whatever it is.
pub(super) fn put(root: &Path, set: &str, draft: Draft) -> VersionId {
    let store = Store::open(RealDisk, root).unwrap();
    put_into(&store, set, draft)
}

pub(super) fn put_into<D: Disk>(store: &Store<D>, set: &str, draft: Draft) -> VersionId {
    let mut writer = store.writer(Duration::ZERO).unwrap();
    let version = writer.add(&id(set), draft).unwrap();
    let mut state = writer.state().clone();
    state.activate(&id(set), version);
    writer.save(state).unwrap();
    version
}
