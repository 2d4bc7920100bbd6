//! The files behind the library: gathered from the program and the operator's folder, then
//! decoded and encoded for the wire.

use super::{LibraryFault, MAX_CLIP, Unused, embedded};
use crate::audio::decode::{MAX_FILE, decode};
use crate::audio::resample::{ResampleFault, Resampler};
use crate::audio::{Pcm, WIRE_RATE, WireAudio};
use crate::prompt::{Catalogue, ClipId};
use crate::subscriber::Language;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::thread;

/// The rate of the clips that ship, in samples a second.
const CLIP_RATE: u32 = 16_000;

/// The encoded clips of every language.
pub(super) type Clips = BTreeMap<Language, HashMap<ClipId, WireAudio>>;

/// One audio file.
pub(super) struct ClipFile {
    pub(super) path: PathBuf,
    /// SHA-256 of the bytes.
    pub(super) hash: [u8; 32],
    pub(super) bytes: Cow<'static, [u8]>,
}

/// One language as found.
pub(super) struct Source {
    pub(super) catalogue: Catalogue,
    /// The files of each clip, the one to be preferred first; never an empty list.
    files: BTreeMap<ClipId, Vec<ClipFile>>,
}

/// Everything found.
pub(super) struct Sources {
    pub(super) sets: BTreeMap<Language, Source>,
    pub(super) unused: Vec<Unused>,
}

impl Sources {
    /// The sets compiled in, with the operator's folder laid over them.
    pub(super) fn gather(folder: Option<&Path>) -> Result<Sources, LibraryFault> {
        let mut sources = Sources {
            sets: BTreeMap::new(),
            unused: Vec::new(),
        };
        for language in embedded::languages() {
            let text = embedded::catalogue(&language).unwrap_or_default();
            sources.add_set(language, &text)?;
        }
        if let Some(folder) = folder {
            for path in listing(folder)? {
                sources.overlay(&path)?;
            }
        }
        Ok(sources)
    }

    /// A hash over every file and its place: equal keys mean equal clips.
    pub(super) fn key(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for (language, source) in &self.sets {
            for (clip, files) in &source.files {
                hash.update(format!("{} {clip} {}\n", language.as_str(), files.len()));
                for file in files {
                    hash.update(file.hash);
                }
            }
        }
        hash.finalize().into()
    }

    /// Decodes and encodes every clip, on all cores. Files that cannot be used are noted, and the
    /// next one for the same clip is taken.
    pub(super) fn encode(&mut self) -> Clips {
        let jobs: Vec<Job<'_>> = self.jobs().collect();
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let share = jobs.len().div_ceil(workers).max(1);
        let done: Vec<Done> = thread::scope(|scope| {
            let work = |jobs| move || encode_share(jobs);
            let shares: Vec<_> = jobs
                .chunks(share)
                .map(|jobs| scope.spawn(work(jobs)))
                .collect();
            shares
                .into_iter()
                .flat_map(|share| share.join().unwrap_or_default())
                .collect()
        });
        let mut clips = Clips::new();
        for Done {
            language,
            clip,
            audio,
            unused,
        } in done
        {
            self.unused.extend(unused);
            let set = clips.entry(language).or_default();
            set.extend(audio.map(|audio| (clip, audio)));
        }
        clips
    }

    fn jobs(&self) -> impl Iterator<Item = Job<'_>> {
        self.sets.iter().flat_map(|(language, source)| {
            source.files.iter().map(move |(clip, files)| Job {
                language,
                clip,
                files,
            })
        })
    }

    fn add_set(&mut self, language: Language, text: &str) -> Result<(), LibraryFault> {
        let catalogue = Catalogue::parse(text).map_err(|faults| LibraryFault::Catalogue {
            language: language.clone(),
            faults,
        })?;
        let built_in = |id: &ClipId| embedded::clip(&language, id.as_str());
        let files = catalogue
            .clips()
            .filter_map(|clip| Some((clip.id.clone(), vec![built_in(clip.id)?])))
            .collect();
        self.sets.insert(language, Source { catalogue, files });
        Ok(())
    }

    /// Lays one folder of the operator's over the set of its name.
    fn overlay(&mut self, folder: &Path) -> Result<(), LibraryFault> {
        let name = folder.file_name().and_then(|n| n.to_str());
        let Some(language) = name.and_then(Language::parse).filter(|_| folder.is_dir()) else {
            self.leave_out(folder, "it is no folder named for a language");
            return Ok(());
        };
        let catalogue = folder.join("catalogue.toml");
        if catalogue.exists() {
            let text = fs::read_to_string(&catalogue);
            self.add_set(
                language.clone(),
                &text.map_err(|e| unreadable(&catalogue, e))?,
            )?;
        }
        if !self.sets.contains_key(&language) {
            self.leave_out(folder, "a new language needs a catalogue.toml");
            return Ok(());
        }
        let clips = folder.join("clips");
        if clips.is_dir() {
            for path in listing(&clips)? {
                if let Err(why) = self.add_clip(&language, &path)? {
                    self.leave_out(&path, &why);
                }
            }
        }
        Ok(())
    }

    /// Puts one file of the operator's before the others of its clip, or says why not.
    fn add_clip(
        &mut self,
        language: &Language,
        path: &Path,
    ) -> Result<Result<(), String>, LibraryFault> {
        let part =
            |part: Option<&std::ffi::OsStr>| part.and_then(|p| p.to_str()).map(str::to_owned);
        let (Some(stem), Some("flac" | "wav")) =
            (part(path.file_stem()), part(path.extension()).as_deref())
        else {
            return Ok(Err("it is no .flac or .wav file".to_owned()));
        };
        let Some(source) = self.sets.get_mut(language) else {
            return Ok(Err("its language is not known".to_owned()));
        };
        let Some(clip) = source.catalogue.clips().find(|c| c.id.as_str() == stem) else {
            return Ok(Err("no clip has this name".to_owned()));
        };
        if fs::metadata(path).map_err(|e| unreadable(path, e))?.len() > MAX_FILE as u64 {
            return Ok(Err(format!("it has more than {MAX_FILE} octets")));
        }
        let bytes = fs::read(path).map_err(|e| unreadable(path, e))?;
        let file = ClipFile {
            path: path.to_owned(),
            hash: Sha256::digest(&bytes).into(),
            bytes: Cow::Owned(bytes),
        };
        let clip = clip.id.clone();
        source.files.entry(clip).or_default().insert(0, file);
        Ok(Ok(()))
    }

    fn leave_out(&mut self, path: &Path, why: &str) {
        self.unused.push(Unused {
            path: path.to_owned(),
            why: why.to_owned(),
        });
    }
}

/// One clip to be encoded.
struct Job<'a> {
    language: &'a Language,
    clip: &'a ClipId,
    files: &'a [ClipFile],
}

/// One clip, encoded where any of its files could be.
struct Done {
    language: Language,
    clip: ClipId,
    audio: Option<WireAudio>,
    unused: Vec<Unused>,
}

fn encode_share(jobs: &[Job<'_>]) -> Vec<Done> {
    let mut resampler = Resampler::new(CLIP_RATE, WIRE_RATE).ok();
    jobs.iter()
        .map(|job| encode_clip(job, resampler.as_mut()))
        .collect()
}

fn encode_clip(job: &Job<'_>, mut resampler: Option<&mut Resampler>) -> Done {
    let mut unused = Vec::new();
    let mut audio = None;
    for file in job.files {
        match encode_file(file, resampler.as_deref_mut()) {
            Ok(encoded) => {
                audio = Some(encoded);
                break;
            }
            Err(why) => unused.push(Unused {
                path: file.path.clone(),
                why,
            }),
        }
    }
    Done {
        language: job.language.clone(),
        clip: job.clip.clone(),
        audio,
        unused,
    }
}

fn encode_file(file: &ClipFile, resampler: Option<&mut Resampler>) -> Result<WireAudio, String> {
    // The decoder is a library's, and a clip must not stop the start.
    let pcm = panic::catch_unwind(|| decode(&file.bytes, MAX_CLIP))
        .map_err(|_| "the decoder failed".to_owned())?
        .map_err(|fault| fault.to_string())?;
    if pcm.samples.is_empty() {
        return Err("it has no samples".to_owned());
    }
    to_wire(&pcm, resampler).map_err(|fault| fault.to_string())
}

/// The clip on the wire; a resampler for the usual rate saves making one for each clip.
fn to_wire(pcm: &Pcm, resampler: Option<&mut Resampler>) -> Result<WireAudio, ResampleFault> {
    match resampler {
        Some(resampler) if pcm.rate == CLIP_RATE => resampler
            .run(&pcm.samples)
            .map(|samples| WireAudio::from_samples(&samples)),
        Some(_) | None => pcm.to_wire(),
    }
}

/// What is in a folder, by name.
fn listing(folder: &Path) -> Result<Vec<PathBuf>, LibraryFault> {
    let entries = fs::read_dir(folder).map_err(|e| unreadable(folder, e))?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|e| e.map(|e| e.path())).collect();
    let mut paths = paths.map_err(|e| unreadable(folder, e))?;
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, error: std::io::Error) -> LibraryFault {
    LibraryFault::Folder {
        path: path.to_owned(),
        error,
    }
}
