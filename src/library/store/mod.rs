//! The store of prompt sets on disk: versions, whole or not there, and which of them are in use.
//!
//! ```text
//! lock                         held by whoever writes
//! active.json                  which versions are in use; replaced whole
//! sets/SET/000001/             a version: never changed once it has this name
//!   version.json               what it is, and the hash of every clip
//!   report.json                what compiling it found
//!   clips/CLIP.flac            its own clips, 16 kHz
//!   wire                       the same, ready for the wire
//! sets/SET/half-000002/        a version that is being written, or was when the power went
//! sets/SET/gone-000001/        one that is being removed, likewise
//! ```
//!
//! Laws: what is written is synced before it gets its name, and the name before it is confirmed;
//! after a power cut at any moment every version listed is whole, and `active.json` is the one
//! before or the one after; no number is given twice while its set has versions. Readers need no
//! lock. What was left half done is removed by whoever writes next.

mod disk;
#[cfg(test)]
mod laws;
mod manifest;
mod state;
#[cfg(test)]
mod twin;
mod writer;

pub(super) use disk::{Disk, RealDisk};
pub(super) use manifest::{Clip, Counts, Hash, Manifest};
pub(super) use state::State;
pub(super) use writer::{Draft, Sound, Writer};

use super::pack::{self, MAX_PACK};
use super::sound::ClipFile;
use super::studio::StudioFault;
use crate::audio::WireAudio;
use crate::audio::decode::MAX_FILE;
use crate::prompt::{ClipId, Report, SetId, VersionId};
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// The most sets with versions of their own.
pub(super) const SETS_MAX: usize = 1_000;
/// The most versions of one set.
pub(super) const VERSIONS_MAX: usize = 100;
/// How long another writer is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked whether the other writer is done.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The most octets of a `.json` file.
const JSON_MAX: u64 = 32 << 20;
/// The name of a clip's file behind its clip.
const ENDING: &str = "flac";
/// How the folder of a version that is not whole begins.
const HALF: &str = "half-";
/// How the folder of a version that is being removed begins.
const GONE: &str = "gone-";

/// A store.
#[derive(Debug)]
pub(super) struct Store<D = RealDisk> {
    disk: D,
    root: PathBuf,
}

impl<D: Disk> Store<D> {
    /// A store that is there, or is as good as empty.
    pub(super) fn at(disk: D, root: &Path) -> Store<D> {
        let root = root.to_owned();
        Store { disk, root }
    }

    /// A store, made when needed.
    pub(super) fn open(disk: D, root: &Path) -> Result<Store<D>, StudioFault> {
        let store = Store::at(disk, root);
        let made = store.make(&store.root.join("sets"));
        made.map_err(|fault| disk_fault(&store.root, fault))?;
        Ok(store)
    }

    /// Its folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Which versions are in use.
    pub(super) fn state(&self) -> Result<State, StudioFault> {
        let path = self.root.join("active.json");
        match self.disk.read(&path, JSON_MAX) {
            Ok(octets) => parse(&path, &octets),
            Err(fault) if fault.kind() == ErrorKind::NotFound => Ok(State::default()),
            Err(fault) => Err(disk_fault(&path, fault)),
        }
    }

    /// The sets that have versions, by name.
    pub(super) fn sets(&self) -> Result<Vec<SetId>, StudioFault> {
        let names = self.list(&self.root.join("sets"))?;
        let mut sets: Vec<SetId> = names.iter().filter_map(|name| name.parse().ok()).collect();
        sets.sort();
        let mut with_versions = Vec::new();
        for set in sets {
            if !self.versions(&set)?.is_empty() {
                with_versions.push(set);
            }
        }
        Ok(with_versions)
    }

    /// The versions of a set, the oldest first.
    pub(super) fn versions(&self, set: &SetId) -> Result<Vec<VersionId>, StudioFault> {
        let names = self.list(&self.folder_of(set))?;
        let mut versions: Vec<_> = names.iter().filter_map(|name| number(name)).collect();
        versions.sort();
        Ok(versions)
    }

    /// What a version is.
    pub(super) fn manifest(
        &self,
        set: &SetId,
        version: VersionId,
    ) -> Result<Manifest, StudioFault> {
        self.json(set, version, "version.json")
    }

    /// What compiling a version found.
    pub(super) fn report(&self, set: &SetId, version: VersionId) -> Result<Report, StudioFault> {
        self.json(set, version, "report.json")
    }

    /// The file of a version's own clip, which is checked against its hash.
    pub(super) fn clip(
        &self,
        set: &SetId,
        version: VersionId,
        (id, clip): (&ClipId, &Clip),
    ) -> Result<ClipFile, StudioFault> {
        let path = self.clip_path(set, version, id);
        let read = self.disk.read(&path, MAX_FILE as u64);
        let bytes = read.map_err(|fault| disk_fault(&path, fault))?;
        if Hash::of(&bytes) != clip.hash {
            return Err(damaged(&path, "its octets are not those that were written"));
        }
        let (hash, bytes) = (clip.hash.0, bytes.into());
        Ok(ClipFile { path, hash, bytes })
    }

    /// The clips of a version as they go on the wire; `None` where the file is missing or damaged,
    /// which costs time and nothing else.
    pub(super) fn wire(
        &self,
        set: &SetId,
        manifest: &Manifest,
    ) -> Option<HashMap<ClipId, WireAudio>> {
        let path = self.folder(set, manifest.version).join("wire");
        let file = self.disk.read(&path, MAX_PACK).ok()?;
        let mut groups = pack::parse(&file, &manifest.key())?;
        let clips = groups.remove("").unwrap_or_default();
        let all = manifest.clips.keys().all(|clip| clips.contains_key(clip));
        all.then_some(clips)
    }

    /// Locks the store against other writers, who are waited for a while.
    pub(super) fn writer(&self, patience: Duration) -> Result<Writer<'_, D>, StudioFault> {
        let path = self.root.join("lock");
        let end = Instant::now() + patience;
        loop {
            let lock = self.disk.lock(&path);
            if let Some(lock) = lock.map_err(|fault| disk_fault(&path, fault))? {
                return Writer::new(self, lock);
            }
            if Instant::now() >= end {
                let path = self.root.clone();
                let waited = patience;
                return Err(StudioFault::Busy { path, waited });
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// Makes a folder and those above it, each on disk under its name.
    fn make(&self, folder: &Path) -> io::Result<()> {
        let mut all: Vec<&Path> = folder.ancestors().collect();
        all.pop_if(|top| *top == Path::new(""));
        for folder in all.into_iter().rev() {
            if self.disk.make_folder(folder)? {
                self.disk.sync_folder(above(folder))?;
            }
        }
        Ok(())
    }

    fn json<T: DeserializeOwned>(
        &self,
        set: &SetId,
        version: VersionId,
        name: &str,
    ) -> Result<T, StudioFault> {
        let path = self.folder(set, version).join(name);
        match self.disk.read(&path, JSON_MAX) {
            Ok(octets) => parse(&path, &octets),
            Err(fault)
                if fault.kind() == ErrorKind::NotFound
                    && !self.versions(set)?.contains(&version) =>
            {
                Err(StudioFault::NoVersion(set.clone(), version))
            }
            Err(fault) => Err(disk_fault(&path, fault)),
        }
    }

    fn list(&self, folder: &Path) -> Result<Vec<String>, StudioFault> {
        let listed = self.disk.list(folder);
        listed.map_err(|fault| disk_fault(folder, fault))
    }

    fn folder_of(&self, set: &SetId) -> PathBuf {
        self.root.join("sets").join(set.to_string())
    }

    /// The folder of a version.
    pub(super) fn folder(&self, set: &SetId, version: VersionId) -> PathBuf {
        self.folder_of(set).join(folder_name(version))
    }

    fn clip_path(&self, set: &SetId, version: VersionId, clip: &ClipId) -> PathBuf {
        clip_in(&self.folder(set, version), clip)
    }
}

/// The folder a folder is in.
fn above(folder: &Path) -> &Path {
    let above = folder.parent().filter(|above| *above != Path::new(""));
    above.unwrap_or(Path::new("."))
}

fn clip_in(version: &Path, clip: &ClipId) -> PathBuf {
    version.join("clips").join(format!("{clip}.{ENDING}"))
}

fn folder_name(version: VersionId) -> String {
    format!("{:06}", version.0)
}

/// The number of a version by the name of its folder.
fn number(name: &str) -> Option<VersionId> {
    let version = name.parse().ok().map(VersionId)?;
    (version != VersionId::default() && folder_name(version) == name).then_some(version)
}

fn parse<T: DeserializeOwned>(path: &Path, octets: &[u8]) -> Result<T, StudioFault> {
    serde_json::from_slice(octets).map_err(|fault| damaged(path, &fault.to_string()))
}

fn damaged(path: &Path, why: &str) -> StudioFault {
    StudioFault::Damaged {
        path: path.to_owned(),
        why: why.to_owned(),
    }
}

fn disk_fault(path: &Path, error: io::Error) -> StudioFault {
    StudioFault::Disk {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_version_has_a_number() {
        assert_eq!(number("000012"), Some(VersionId(12)));
        assert_eq!(number("1234567"), Some(VersionId(1_234_567)));
        for none in ["", "12", "000000", "half-000012", "+00012", "0000012", "x"] {
            assert_eq!(number(none), None, "{none}");
        }
    }

    #[test]
    fn another_writer_is_waited_for_and_then_told_about() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(RealDisk, &folder.path().join("a/store")).unwrap();
        let writer = store.writer(Duration::ZERO).unwrap();
        let other = Store::open(RealDisk, &folder.path().join("a/store")).unwrap();
        let refused = other.writer(Duration::from_millis(60)).err().unwrap();
        assert!(matches!(refused, StudioFault::Busy { .. }), "{refused}");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| other.writer(PATIENCE).is_ok());
            drop(writer);
            assert!(waiting.join().unwrap());
        });
    }

    #[test]
    fn a_damaged_list_of_what_is_in_use_is_told_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(RealDisk, folder.path()).unwrap();
        assert_eq!(store.state().unwrap(), State::default());
        std::fs::write(folder.path().join("active.json"), "{\"serial\":").unwrap();
        let fault = store.state().unwrap_err().to_string();
        assert!(fault.contains("active.json is damaged"), "{fault}");
    }
}
