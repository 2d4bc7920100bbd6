//! Compiling an upload, in small: recordings of our own making.

use super::{Material, Progress, StudioConfig, StudioFault};
use crate::audio::{Pcm, decode, flac, level};
use crate::library::MAX_CLIP;
pub(super) use crate::library::intake::Gathered;
use crate::library::intake::{self, SoundFile};
use crate::prompt::{
    Catalogue, ClipId, Finding, Grammar, Line, Part, Place, Report, SetId, Severity,
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Below<'a> {
    pub(super) catalogue: Option<Catalogue>,
    pub(super) clips: &'a BTreeSet<ClipId>,
    pub(super) own: &'a BTreeSet<ClipId>,
}

pub(super) struct Compiled {
    pub(super) texts: BTreeMap<ClipId, String>,
    pub(super) grammar: Option<Grammar>,
    pub(super) name: Option<String>,
    pub(super) clips: BTreeMap<ClipId, CompiledClip>,
    pub(super) report: Report,
}

pub(super) struct CompiledClip {
    pub(super) flac: Vec<u8>,
    pub(super) pcm16k: Pcm,
    pub(super) ms: u64,
}

pub(super) fn gather(
    material: &Material,
    set: &SetId,
    progress: &mut dyn FnMut(Progress),
) -> Result<Gathered, StudioFault> {
    progress(Progress::Reading { files: 0 });
    let gathered = intake::gather(material, set)?;
    let files = gathered.files.len();
    progress(Progress::Reading { files });
    Ok(gathered)
}

pub(super) fn compile(
    set: &SetId,
    gathered: Gathered,
    below: &Below<'_>,
    _config: &StudioConfig,
    progress: &mut dyn FnMut(Progress),
) -> Compiled {
    let mut findings = gathered.findings;
    let own = gathered.catalogue.as_deref().map(Catalogue::parse);
    let catalogue = match own {
        Some(Ok(catalogue)) => Some(catalogue),
        Some(Err(faults)) => {
            findings.extend(faults.iter().map(|f| finding(None, &f.to_string())));
            below.catalogue.clone()
        }
        None => below.catalogue.clone(),
    };
    let all = catalogue.as_ref().map(|c| c.grammar().all_clips());
    let all: BTreeSet<ClipId> = all.unwrap_or_default().into_iter().collect();
    let mut clips = BTreeMap::new();
    let total = gathered.files.len();
    for (done, file) in gathered.files.into_iter().enumerate() {
        progress(Progress::Compiling { done, total });
        if !all.contains(&file.clip) {
            findings.push(finding(Some(&file.clip), "there is no such clip"));
            continue;
        }
        match compile_one(&file) {
            Ok(clip) => drop(clips.insert(file.clip, clip)),
            Err(what) => findings.push(finding(Some(&file.clip), &what)),
        }
    }
    let own: BTreeSet<&ClipId> = below.own.iter().chain(clips.keys()).collect();
    let missing = |clip: &&ClipId| !below.clips.contains(clip) && !clips.contains_key(clip);
    let missing: Vec<&ClipId> = all.iter().filter(missing).collect();
    findings.extend(
        missing
            .iter()
            .map(|clip| finding(Some(clip), "it is missing")),
    );
    let report = Report {
        set: set.clone(),
        version: None,
        own: own.len(),
        inherited: all.len() - own.len() - missing.len(),
        missing: missing.len(),
        sentences: 0,
        places: Vec::new(),
        findings,
    };
    let texts = catalogue.iter().flat_map(|c| {
        c.clips()
            .map(|c| (c.id.clone(), c.text.to_owned()))
            .collect::<Vec<_>>()
    });
    Compiled {
        texts: texts.collect(),
        grammar: catalogue.as_ref().map(Catalogue::grammar),
        name: catalogue.as_ref().map(|c| c.name().to_owned()),
        clips,
        report,
    }
}

fn compile_one(file: &SoundFile) -> Result<CompiledClip, String> {
    let mut samples = Vec::new();
    for part in &file.parts {
        let pcm =
            decode::decode(&part.bytes, MAX_CLIP).map_err(|f| format!("{}: {f}", part.name))?;
        samples.extend(pcm.at_rate(16_000).map_err(|f| f.to_string())?.samples);
    }
    if level::rms_dbfs(&samples) < -60.0 {
        return Err("it is silent".to_owned());
    }
    let pcm16k = Pcm {
        rate: 16_000,
        samples,
    };
    Ok(CompiledClip {
        flac: flac::encode(&pcm16k).map_err(|f| f.to_string())?,
        ms: pcm16k.duration().as_millis() as u64,
        pcm16k,
    })
}

fn finding(clip: Option<&ClipId>, what: &str) -> Finding {
    Finding {
        severity: Severity::Fault,
        clip: clip.cloned(),
        text: None,
        file: None,
        what: what.to_owned(),
        remedy: "record it anew".to_owned(),
    }
}

pub(super) fn places() -> Vec<Place> {
    let line = |&line: &Line| vec![Part::Line(line)];
    vec![Place {
        name: "all lines",
        sentences: Line::ALL.iter().map(line).collect(),
    }]
}
