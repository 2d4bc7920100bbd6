//! Sorting and compiling an upload, in small: folders and single recordings of our own making.

use super::{Material, Origin, Progress, StudioConfig, StudioFault};
use crate::audio::{Pcm, decode, flac, level};
use crate::library::MAX_CLIP;
use crate::prompt::{
    Catalogue, ClipId, Finding, Grammar, Line, Part, Place, Report, SetId, Severity,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(super) struct Gathered {
    pub(super) origin: Origin,
    pub(super) catalogue: Option<String>,
    pub(super) parent: Option<SetId>,
    pub(super) files: Vec<SoundFile>,
    pub(super) findings: Vec<Finding>,
}

pub(super) struct SoundFile {
    pub(super) clip: ClipId,
    pub(super) parts: Vec<FilePart>,
}

pub(super) struct FilePart {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

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
    _set: &SetId,
    progress: &mut dyn FnMut(Progress),
) -> Result<Gathered, StudioFault> {
    let mut gathered = Gathered {
        origin: Origin::Folder(String::new()),
        catalogue: None,
        parent: None,
        files: Vec::new(),
        findings: Vec::new(),
    };
    match material {
        Material::Clip { clip, name, file } => {
            gathered.origin = Origin::Clip(clip.clone());
            gathered.add(clip.clone(), name, file.clone());
        }
        Material::Folder(folder) => {
            gathered.origin = Origin::Folder(folder.to_string_lossy().into_owned());
            for folder in [folder, &folder.join("clips")] {
                gathered.read(folder, progress)?;
            }
        }
        Material::Zip(path) | Material::Tree { folder: path, .. } => {
            let what = format!("{} is no folder of clips", path.display());
            return Err(StudioFault::Material(what));
        }
    }
    Ok(gathered)
}

impl Gathered {
    fn add(&mut self, clip: ClipId, name: &str, bytes: Vec<u8>) {
        let name = name.to_owned();
        let parts = vec![FilePart { name, bytes }];
        self.files.push(SoundFile { clip, parts });
    }

    fn read(
        &mut self,
        folder: &Path,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), StudioFault> {
        if !folder.is_dir() {
            return Ok(());
        }
        let fault = |error| StudioFault::Disk {
            path: folder.to_owned(),
            error,
        };
        for entry in std::fs::read_dir(folder).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            if path.is_dir() {
                continue;
            }
            let bytes = std::fs::read(&path).map_err(fault)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name == "catalogue.toml" {
                self.catalogue = Some(String::from_utf8_lossy(&bytes).into_owned());
            } else if let Some(clip) = path
                .file_stem()
                .and_then(|stem| ClipId::parse(&stem.to_string_lossy()))
            {
                self.add(clip, &name, bytes);
                progress(Progress::Reading {
                    files: self.files.len(),
                });
            }
        }
        Ok(())
    }
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
    findings.extend(missing.iter().map(|clip| finding(Some(clip), "it is missing")));
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
    let texts = catalogue.iter().flat_map(|c| c.clips().map(|c| (c.id.clone(), c.text.to_owned())).collect::<Vec<_>>());
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
        let pcm = decode::decode(&part.bytes, MAX_CLIP).map_err(|f| format!("{}: {f}", part.name))?;
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
