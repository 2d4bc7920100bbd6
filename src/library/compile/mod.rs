//! The compiler of prompt sets: from an upload to clips that every sentence can be said with.
//!
//! In: what an upload brings, what is below it, the sentences of all flows. Out: [`Compiled`]: the
//! clips as they are stored, the texts, and a [`Report`] of everything found. Laws: each file is
//! decoded in a process with limits, and none of them can do harm or stop the others; a set without
//! faults says every sentence of every place, whatever is filled in; compiling what the compiler
//! made changes nothing, octet by octet; all that is found is found at once.
//!
//! Not here: reading uploads ([`intake`](super::intake)), versions and what is below one (the
//! studio), what is done to a recording ([`prepare`](crate::audio::prepare)).

mod clip;
mod coverage;
mod problem;
#[cfg(test)]
mod tests;
mod workers;

use super::intake::{Gathered, SoundFile};
use super::studio::Progress;
use crate::audio::Pcm;
use crate::decoder::Decoder;
use crate::prompt::{Catalogue, ClipId, Finding, Grammar, Place, Report, SetId};
use clip::{Tried, pace};
use coverage::{Covered, Owners};
use problem::{Problem, nearest};
use std::collections::{BTreeMap, BTreeSet};

/// What the compiler works with.
pub(super) struct Work<'a> {
    /// Decodes files of unknown making.
    pub(super) decoder: &'a Decoder,
    /// All that can be said.
    pub(super) places: &'a [Place],
}

/// What is below an upload.
pub(super) struct Below<'a> {
    /// The texts as they are below, those the version keeps from the one before included.
    pub(super) catalogue: Option<Catalogue>,
    /// The clips that sound below, kept ones included.
    pub(super) clips: &'a BTreeSet<ClipId>,
    /// Of those, what the version keeps from the one before as its own.
    pub(super) own: &'a BTreeSet<ClipId>,
}

/// A compiled upload.
#[derive(Debug)]
pub(super) struct Compiled {
    /// Every text, those from below included.
    pub(super) texts: BTreeMap<ClipId, String>,
    /// How values are said; `None` where no catalogue says so.
    pub(super) grammar: Option<Grammar>,
    /// The language's own name for itself.
    pub(super) name: Option<String>,
    /// The clips of the upload that can be used.
    pub(super) clips: BTreeMap<ClipId, CompiledClip>,
    /// What was found.
    pub(super) report: Report,
}

/// A clip, ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CompiledClip {
    /// Its file: FLAC, 16 kHz.
    pub(super) flac: Vec<u8>,
    /// What is in that.
    pub(super) pcm16k: Pcm,
    /// How long it plays.
    pub(super) ms: u64,
    /// Its loudness, in dBFS.
    pub(super) loudness: f64,
}

/// Compiles an upload for a set. Never fails: what is wrong is in the report.
pub(super) fn compile(
    set: &SetId,
    gathered: Gathered,
    below: &Below<'_>,
    work: &Work<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Compiled {
    let mut findings = gathered.findings;
    let read = read_catalogue(gathered.catalogue.as_deref(), below, &mut findings);
    let catalogue = read.as_ref().map(|read| &read.catalogue);
    let known = known(catalogue);
    let mut judge = Judge {
        catalogue,
        findings,
    };
    let files = judge.without_strangers(gathered.files, &known);
    let clips = judge.make(&files, work.decoder, progress);
    if let Some(read) = &read {
        judge.compare(&clips, read, below);
    }
    let owners = Owners::of(&clips, below);
    let covered = judge.cover(work.places, &owners);
    let mut findings = judge.findings;
    findings.sort_by_key(|finding| finding.severity);
    Compiled {
        texts: texts(catalogue),
        grammar: catalogue.map(Catalogue::grammar),
        name: catalogue.map(|catalogue| catalogue.name().to_owned()),
        report: Report {
            set: set.clone(),
            version: None,
            own: owners.own.len(),
            inherited: known.iter().filter(|clip| owners.inherits(clip)).count(),
            missing: covered.missing.len(),
            sentences: covered.sentences,
            places: covered.places,
            findings,
        },
        clips,
    }
}

/// Gathers what is found, with the texts of the clips it is about.
struct Judge<'a> {
    catalogue: Option<&'a Catalogue>,
    findings: Vec<Finding>,
}

impl Judge<'_> {
    fn tell(&mut self, clip: &ClipId, file: Option<String>, problem: &Problem) {
        let text = self.catalogue.and_then(|catalogue| catalogue.text(clip));
        let text = text.map(str::to_owned);
        self.findings
            .push(problem.finding(Some(clip.clone()), text, file));
    }

    /// The files that are named for clips; where no catalogue says which there are, all.
    fn without_strangers(
        &mut self,
        files: Vec<SoundFile>,
        known: &BTreeSet<ClipId>,
    ) -> Vec<SoundFile> {
        if self.catalogue.is_none() {
            return files;
        }
        let is_known = |file: &SoundFile| known.contains(&file.clip);
        let (files, strangers): (Vec<_>, Vec<_>) = files.into_iter().partition(is_known);
        let brought: BTreeSet<&ClipId> = files.iter().map(|file| &file.clip).collect();
        for stranger in strangers {
            let meant = nearest(&stranger.clip, known);
            let wanted = meant.as_ref().is_some_and(|meant| !brought.contains(meant));
            let problem = Problem::NoSuchClip { meant, wanted };
            self.tell(&stranger.clip, stranger.first_name(), &problem);
        }
        files
    }

    fn make(
        &mut self,
        files: &[SoundFile],
        decoder: &Decoder,
        progress: &mut dyn FnMut(Progress),
    ) -> BTreeMap<ClipId, CompiledClip> {
        let mut clips = BTreeMap::new();
        for Tried { clip, made, found } in workers::try_all(files, decoder, progress) {
            for (file, problem) in found {
                let file = Some(file).filter(|name| !name.is_empty());
                self.tell(&clip, file, &problem);
            }
            clips.extend(made.map(|made| (clip, made)));
        }
        clips
    }

    /// Holds the clips against their texts.
    fn compare(&mut self, clips: &BTreeMap<ClipId, CompiledClip>, read: &Read, below: &Below<'_>) {
        let odd = pace(clips, &read.catalogue);
        for (clip, problem) in odd.into_iter().chain(read.changed_under(clips, below)) {
            self.tell(&clip, None, &problem);
        }
    }

    /// Tries every sentence.
    fn cover(&mut self, places: &[Place], owners: &Owners<'_>) -> Covered {
        let Some(catalogue) = self.catalogue else {
            return Covered::default();
        };
        let covered = coverage::check(catalogue.grammar(), places, owners);
        for (clip, places) in &covered.missing {
            let places = places.clone();
            self.tell(clip, None, &Problem::Missing { places });
        }
        covered
    }
}

/// The catalogue that counts, and which of its texts the upload gives.
struct Read {
    catalogue: Catalogue,
    own: BTreeSet<ClipId>,
}

/// Reads the catalogue of an upload over what is below; where that has faults, what is below
/// counts, so that the sounds are checked all the same.
fn read_catalogue(
    text: Option<&str>,
    below: &Below<'_>,
    findings: &mut Vec<Finding>,
) -> Option<Read> {
    let plain = || {
        let catalogue = below.catalogue.clone()?;
        let own = BTreeSet::new();
        Some(Read { catalogue, own })
    };
    let Some(text) = text else {
        if below.catalogue.is_none() {
            findings.push(Problem::NoCatalogue.finding(None, None, None));
        }
        return plain();
    };
    match Catalogue::parse_over(text, below.catalogue.as_ref()) {
        Ok(over) => Some(Read {
            catalogue: over.catalogue,
            own: over.own,
        }),
        Err(faults) => {
            let file = Some(CATALOGUE.to_owned());
            let faults = faults.into_iter().map(Problem::Catalogue);
            findings.extend(faults.map(|fault| fault.finding(None, None, file.clone())));
            plain()
        }
    }
}

/// What the catalogue of an upload is called.
const CATALOGUE: &str = "catalogue.toml";

impl Read {
    /// The texts that the upload changes and whose sound it leaves as it is below.
    fn changed_under(
        &self,
        clips: &BTreeMap<ClipId, CompiledClip>,
        below: &Below<'_>,
    ) -> Vec<(ClipId, Problem)> {
        let before = |clip| below.catalogue.as_ref().and_then(|c| c.text(clip));
        let silent = self.own.iter().filter(|clip| !clips.contains_key(clip));
        let sounding = silent.filter(|clip| below.clips.contains(clip));
        sounding
            .filter_map(|clip| {
                let recorded =
                    before(clip).filter(|text| self.catalogue.text(clip) != Some(text))?;
                let recorded = recorded.to_owned();
                Some((clip.clone(), Problem::TextChanged { recorded }))
            })
            .collect()
    }
}

fn known(catalogue: Option<&Catalogue>) -> BTreeSet<ClipId> {
    let clips = catalogue.map(|catalogue| catalogue.grammar().all_clips());
    clips.unwrap_or_default().into_iter().collect()
}

fn texts(catalogue: Option<&Catalogue>) -> BTreeMap<ClipId, String> {
    let clips = catalogue.into_iter().flat_map(Catalogue::clips);
    clips
        .map(|clip| (clip.id.clone(), clip.text.to_owned()))
        .collect()
}
