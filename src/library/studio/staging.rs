//! Making versions: an upload is sorted, compiled against what is below it, and written.
//!
//! Compiling takes long and holds no lock. So what a version was compiled against is looked at
//! again when it is written; where that has changed, it is compiled once more.

use super::view::{Effective, View};
use super::{Material, Origin, Progress, Studio, StudioFault, Upload};
use crate::audio::WireAudio;
use crate::base::Timestamp;
use crate::library::compile::{self, Below, Compiled, Work};
use crate::library::intake::{self, Gathered};
use crate::library::layers::usual_parent;
use crate::library::pack;
use crate::library::sound::{self, Encoder};
use crate::library::store::{Clip, Counts, Draft, Hash, Manifest, RealDisk, Sound, State, Writer};
use crate::prompt::{Catalogue, ClipId, Report, SetId, Severity, VersionId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// How often a version is compiled that others keep overtaking.
const TRIES: usize = 3;

/// The longest note, in characters.
const NOTE_MAX: usize = 200;

/// What is to become a version.
pub(super) struct Order<'a> {
    pub(super) set: &'a SetId,
    pub(super) source: Supply<'a>,
    /// Whether it is laid over the version in use.
    pub(super) add: bool,
    pub(super) parent: Option<&'a SetId>,
    pub(super) note: &'a str,
    /// Whether it is put to use at once; then nothing is left of one with faults.
    pub(super) at_once: bool,
}

/// Where its clips come from.
#[derive(Clone, Copy)]
pub(super) enum Supply<'a> {
    /// What is uploaded.
    Upload(&'a Material),
    /// The version in use, less one clip.
    Without(&'a ClipId),
}

/// What a version is compiled against.
struct Basis<'v> {
    /// The version it is laid over.
    base: Option<Arc<Manifest>>,
    /// What is below.
    below: Effective<'v>,
    /// Whose clips stand in, as it is written down.
    parent: Option<SetId>,
}

impl<'a> Order<'a> {
    pub(super) fn of(upload: &'a Upload) -> Order<'a> {
        Order {
            set: &upload.set,
            source: Supply::Upload(&upload.material),
            add: upload.add,
            parent: upload.parent.as_ref(),
            note: &upload.note,
            at_once: false,
        }
    }

    /// The note, one line of a bounded length.
    fn note(&self) -> String {
        let line = self.note.trim().lines().next().unwrap_or_default();
        line.chars()
            .filter(|c| !c.is_control())
            .take(NOTE_MAX)
            .collect()
    }
}

impl Studio {
    /// Makes a version. The report says which, unless it was to be put to use at once and has
    /// faults.
    pub(super) fn make(
        &self,
        order: &Order<'_>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Report, StudioFault> {
        let mut tries = 1..TRIES;
        loop {
            let gathered = gather(order, progress)?;
            let view = self.view()?;
            let basis = basis(order, &view, &gathered)?;
            let origin = gathered.origin.clone();
            let compiled = self.compile(order, &basis, gathered, progress);
            if order.at_once && !compiled.report.is_clean() {
                return Ok(compiled.report);
            }
            progress(Progress::Writing);
            let draft = self.draft(order, &basis, origin, compiled)?;
            let mut writer = self.writer()?;
            if is_as_it_was(order.set, &basis, &view.state, writer.state())
                || tries.next().is_none()
            {
                return self.write(order, &mut writer, draft);
            }
        }
    }

    fn compile(
        &self,
        order: &Order<'_>,
        basis: &Basis<'_>,
        gathered: Gathered,
        progress: &mut dyn FnMut(Progress),
    ) -> Compiled {
        let own: BTreeSet<ClipId> = basis.kept(order).map(|(id, _)| id.clone()).collect();
        let mut clips = basis.below.sounding();
        clips.extend(own.iter().cloned());
        let below = Below {
            catalogue: basis.catalogue(order),
            clips: &clips,
            own: &own,
        };
        let work = Work {
            decoder: &self.decoder,
            places: &self.places,
        };
        compile::compile(order.set, gathered, &below, &work, progress)
    }

    /// What is to be written.
    fn draft(
        &self,
        order: &Order<'_>,
        basis: &Basis<'_>,
        origin: Origin,
        compiled: Compiled,
    ) -> Result<Draft, StudioFault> {
        let mut clips = BTreeMap::new();
        let mut sounds = BTreeMap::new();
        let mut wire = self.kept_on_wire(order, basis)?;
        for (id, clip) in basis.kept(order) {
            clips.insert(id.clone(), clip.clone());
            let from = basis
                .base
                .as_ref()
                .map_or(VersionId(0), |base| base.version);
            sounds.insert(id.clone(), Sound::Kept(from));
        }
        let mut encoder = Encoder::new();
        for (id, clip) in compiled.clips {
            let encoded = encoder.as_mut().map_err(|fault| *fault);
            let encoded = encoded.and_then(|encoder| encoder.encode(&clip.pcm16k));
            let encoded =
                encoded.map_err(|fault| StudioFault::Material(format!("{id}: {fault}")))?;
            wire.insert(id.clone(), encoded);
            let (ms, hash) = (clip.ms, Hash::of(&clip.flac));
            clips.insert(id.clone(), Clip { ms, hash });
            sounds.insert(id, Sound::New(clip.flac));
        }
        let below = &basis.below;
        let mut texts = basis.kept_texts(order);
        texts.extend(compiled.texts);
        texts.retain(|id, text| below.text(id) != Some(text.as_str()));
        let manifest = Manifest {
            version: VersionId(0),
            created: Timestamp::now(),
            origin,
            note: order.note(),
            parent: basis.parent.clone(),
            grammar: compiled.grammar.filter(|own| below.grammar() != Some(*own)),
            name: compiled
                .name
                .filter(|own| below.name() != Some(own.as_str())),
            texts,
            clips,
            counts: counts(&compiled.report),
        };
        let each = wire.iter().map(|(id, audio)| ("", id, audio));
        let wire = pack::print(&manifest.key(), each);
        Ok(Draft {
            wire: wire.map_err(|fault| StudioFault::Material(fault.to_string()))?,
            manifest,
            report: compiled.report,
            clips: sounds,
        })
    }

    /// The clips that are kept, as they go on the wire.
    fn kept_on_wire(
        &self,
        order: &Order<'_>,
        basis: &Basis<'_>,
    ) -> Result<HashMap<ClipId, WireAudio>, StudioFault> {
        let Some(base) = &basis.base else {
            return Ok(HashMap::new());
        };
        let mut wire = match self.store.wire(order.set, base) {
            Some(wire) => wire,
            None => self.decode(order.set, base)?,
        };
        let kept: BTreeSet<&ClipId> = basis.kept(order).map(|(id, _)| id).collect();
        wire.retain(|id, _| kept.contains(id));
        Ok(wire)
    }

    /// All clips of a version from their files.
    fn decode(
        &self,
        set: &SetId,
        base: &Manifest,
    ) -> Result<HashMap<ClipId, WireAudio>, StudioFault> {
        let files = base.clips.iter().map(|(id, clip)| {
            let file = self.store.clip(set, base.version, (id, clip))?;
            Ok((id.clone(), file))
        });
        let files: Result<Vec<_>, StudioFault> = files.collect();
        let (encoded, unused) = sound::encode(files?);
        match unused.into_iter().next() {
            Some(unused) => Err(StudioFault::Damaged {
                path: unused.path,
                why: unused.why,
            }),
            None => Ok(encoded.into_iter().collect()),
        }
    }

    fn write(
        &self,
        order: &Order<'_>,
        writer: &mut Writer<'_, RealDisk>,
        draft: Draft,
    ) -> Result<Report, StudioFault> {
        let mut report = draft.report.clone();
        let version = writer.add(order.set, draft)?;
        report.version = Some(version);
        tracing::info!(set = %order.set, %version, clean = report.is_clean(), "prompts are staged");
        if order.at_once
            && let Err(fault) = self.put_to_use(writer, order.set, version)
        {
            writer.remove(order.set, version)?;
            return Err(fault);
        }
        Ok(report)
    }
}

fn gather(order: &Order<'_>, progress: &mut dyn FnMut(Progress)) -> Result<Gathered, StudioFault> {
    match order.source {
        Supply::Upload(material) => {
            progress(Progress::Reading { files: 0 });
            let gathered = intake::gather(material, order.set)?;
            let files = gathered.files.iter().map(|file| file.parts.len()).sum();
            progress(Progress::Reading { files });
            Ok(gathered)
        }
        Supply::Without(clip) => Ok(Gathered {
            origin: Origin::Dropped(clip.clone()),
            catalogue: None,
            parent: None,
            files: Vec::new(),
            findings: Vec::new(),
        }),
    }
}

/// What a version is compiled against, as the store is now.
fn basis<'v>(
    order: &Order<'_>,
    view: &View<'v>,
    gathered: &Gathered,
) -> Result<Basis<'v>, StudioFault> {
    let active = view.state.active(order.set);
    let base = match active {
        VersionId(0) => None,
        active if order.add => Some(view.manifest(order.set, active)?),
        _ => None,
    };
    if let Supply::Without(clip) = order.source
        && !base
            .as_ref()
            .is_some_and(|base| base.clips.contains_key(clip))
    {
        return Err(StudioFault::NoClip(order.set.clone(), clip.to_string()));
    }
    let named = order.parent.or(gathered.parent.as_ref());
    let parent = named.or_else(|| base.as_ref()?.parent.as_ref()).cloned();
    let parent = parent.or_else(|| usual_parent(order.set));
    if let Some(parent) = &parent {
        allowed(order.set, parent, view)?;
    }
    let below = view.below(order.set, parent.as_ref())?;
    Ok(Basis {
        base,
        below,
        parent,
    })
}

/// A set builds on everybody's sets and on those of its own tenant, where there are such.
fn allowed(set: &SetId, parent: &SetId, view: &View<'_>) -> Result<(), StudioFault> {
    if parent.tenant.is_some() && parent.tenant != set.tenant {
        return Err(StudioFault::Foreign(set.clone(), parent.clone()));
    }
    let usual = Some(parent) == usual_parent(set).as_ref();
    if !usual && !view.knows(parent)? {
        return Err(StudioFault::NoSet(parent.clone()));
    }
    Ok(())
}

/// Whether all that a version was compiled against is still in use.
fn is_as_it_was(set: &SetId, basis: &Basis<'_>, then: &State, now: &State) -> bool {
    let mut sets = basis.below.builds_on().iter().chain([set]);
    sets.all(|set| then.active(set) == now.active(set))
}

impl Basis<'_> {
    /// The own clips of the version before that stay.
    fn kept<'s>(&'s self, order: &'s Order<'_>) -> impl Iterator<Item = (&'s ClipId, &'s Clip)> {
        let clips = self.base.iter().flat_map(|base| &base.clips);
        clips.filter(|(id, _)| !is_dropped(order, id))
    }

    fn kept_texts(&self, order: &Order<'_>) -> BTreeMap<ClipId, String> {
        let mut texts = self
            .base
            .as_ref()
            .map_or_else(BTreeMap::new, |base| base.texts.clone());
        texts.retain(|id, _| !is_dropped(order, id));
        texts
    }

    /// The texts below, those that are kept laid over them.
    fn catalogue(&self, order: &Order<'_>) -> Option<Catalogue> {
        let base = self.base.as_ref();
        let grammar = base
            .and_then(|base| base.grammar)
            .or(self.below.grammar())?;
        let name = base
            .and_then(|base| base.name.as_deref())
            .or(self.below.name());
        let below = grammar.all_clips().into_iter().filter_map(|id| {
            let text = self.below.text(&id)?.to_owned();
            Some((id, text))
        });
        let texts = below.chain(self.kept_texts(order)).collect();
        let name = name.unwrap_or_default().to_owned();
        Some(Catalogue::of_texts(grammar, name, texts))
    }
}

fn is_dropped(order: &Order<'_>, id: &ClipId) -> bool {
    matches!(order.source, Supply::Without(dropped) if dropped == id)
}

fn counts(report: &Report) -> Counts {
    let notes = report.findings.iter();
    Counts {
        inherited: report.inherited,
        missing: report.missing,
        faults: report.faults().count(),
        notes: notes.filter(|f| f.severity == Severity::Note).count(),
    }
}
