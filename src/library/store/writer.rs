//! Changing the store: whoever holds the lock, one change at a time.

use super::disk::Disk;
use super::manifest::Manifest;
use super::state::State;
use super::{GONE, HALF, SETS_MAX, Store, VERSIONS_MAX, above, clip_in, disk_fault, folder_name};
use crate::library::studio::StudioFault;
use crate::prompt::{ClipId, Report, SetId, VersionId};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// A version to be written.
#[derive(Clone, Debug)]
pub(in crate::library) struct Draft {
    /// Without its number.
    pub(in crate::library) manifest: Manifest,
    /// Without the number of the version.
    pub(in crate::library) report: Report,
    /// The file of every clip of the manifest.
    pub(in crate::library) clips: BTreeMap<ClipId, Sound>,
    /// The clips as they go on the wire.
    pub(in crate::library) wire: Vec<u8>,
}

/// The file of a clip.
#[derive(Clone, Debug)]
pub(in crate::library) enum Sound {
    /// These octets.
    New(Vec<u8>),
    /// That of another version of the same set.
    Kept(VersionId),
}

/// The right to change the store.
pub(in crate::library) struct Writer<'a, D: Disk> {
    store: &'a Store<D>,
    state: State,
    _lock: D::Lock,
}

impl<'a, D: Disk> Writer<'a, D> {
    pub(super) fn new(store: &'a Store<D>, lock: D::Lock) -> Result<Writer<'a, D>, StudioFault> {
        let state = store.state()?;
        Ok(Writer {
            store,
            state,
            _lock: lock,
        })
    }

    /// Which versions are in use.
    pub(in crate::library) fn state(&self) -> &State {
        &self.state
    }

    /// Writes a new version, which is not in use yet.
    pub(in crate::library) fn add(
        &mut self,
        set: &SetId,
        mut draft: Draft,
    ) -> Result<VersionId, StudioFault> {
        let version = self.next(set)?;
        self.sweep(set)?;
        draft.manifest.version = version;
        draft.report.version = Some(version);
        let folder = self.store.folder_of(set);
        let half = folder.join(format!("{HALF}{}", folder_name(version)));
        let written = self
            .write(set, &half, &draft)
            .and_then(|()| self.name(set, &half, version));
        if let Err(fault) = written {
            // Nothing is left of it; if the disk refuses this too, the next writer removes it.
            let _ = self.put_away(set, version);
            let _ = self.store.disk.remove(&half);
            return Err(disk_fault(&half, fault));
        }
        Ok(version)
    }

    /// Makes this what is in use, on disk before it returns.
    pub(in crate::library) fn save(&mut self, mut state: State) -> Result<(), StudioFault> {
        state.serial = self.state.serial + 1;
        let (root, disk) = (&self.store.root, &self.store.disk);
        let (path, fresh) = (root.join("active.json"), root.join("active.new"));
        let text = serde_json::to_vec(&state).map_err(io::Error::other);
        let saved = text.and_then(|text| {
            disk.remove(&fresh)?;
            disk.write(&fresh, &text)?;
            disk.rename(&fresh, &path)?;
            disk.sync_folder(root)
        });
        saved.map_err(|fault| disk_fault(&path, fault))?;
        self.state = state;
        Ok(())
    }

    /// Removes a version that is not in use.
    pub(in crate::library) fn remove(
        &mut self,
        set: &SetId,
        version: VersionId,
    ) -> Result<(), StudioFault> {
        let folder = self.store.folder(set, version);
        let only = self.store.versions(set)?.len() == 1;
        let mut state = self.state.clone();
        if only {
            state.forget_set(set);
        } else {
            state.forget(set, version);
        }
        self.save(state)?;
        let put_away = self.put_away(set, version);
        put_away.map_err(|fault| disk_fault(&folder, fault))?;
        self.sweep(set)?;
        if only {
            let folder = self.store.folder_of(set);
            let removed = self.store.disk.remove(&folder);
            removed.map_err(|fault| disk_fault(&folder, fault))?;
        }
        Ok(())
    }

    /// The number of the next version.
    fn next(&self, set: &SetId) -> Result<VersionId, StudioFault> {
        let versions = self.store.versions(set)?;
        if versions.len() >= VERSIONS_MAX {
            return Err(StudioFault::TooMany(set.clone(), versions.len()));
        }
        if versions.is_empty() {
            let sets = self.store.sets()?.len();
            if sets >= SETS_MAX {
                return Err(StudioFault::TooManySets(sets));
            }
        }
        let last = versions.last().copied().unwrap_or_default();
        Ok(VersionId(last.max(self.state.last(set)).0 + 1))
    }

    /// Removes what a writer before left half done.
    fn sweep(&self, set: &SetId) -> Result<(), StudioFault> {
        let folder = self.store.folder_of(set);
        let left = |name: &&String| name.starts_with(HALF) || name.starts_with(GONE);
        for name in self.store.list(&folder)?.iter().filter(left) {
            let path = folder.join(name);
            let removed = self.store.disk.remove(&path);
            removed.map_err(|fault| disk_fault(&path, fault))?;
        }
        Ok(())
    }

    fn write(&self, set: &SetId, half: &Path, draft: &Draft) -> io::Result<()> {
        let disk = &self.store.disk;
        let clips = half.join("clips");
        for folder in [&self.store.folder_of(set), half, &clips] {
            disk.make_folder(folder)?;
        }
        for (id, sound) in &draft.clips {
            let path = clip_in(half, id);
            match sound {
                Sound::New(octets) => disk.write(&path, octets)?,
                Sound::Kept(from) => self.keep(&self.store.clip_path(set, *from, id), &path)?,
            }
        }
        disk.write(&half.join("wire"), &draft.wire)?;
        let report = serde_json::to_vec(&draft.report).map_err(io::Error::other)?;
        disk.write(&half.join("report.json"), &report)?;
        let manifest = serde_json::to_vec(&draft.manifest).map_err(io::Error::other)?;
        disk.write(&half.join("version.json"), &manifest)?;
        disk.sync_folder(&clips)?;
        disk.sync_folder(half)?;
        // The folders above may have been made by a program that could not sync them.
        let root = &self.store.root;
        disk.sync_folder(&root.join("sets"))?;
        disk.sync_folder(root)?;
        disk.sync_folder(above(root))
    }

    /// The same file under a second name; a copy where the disk knows no second names.
    fn keep(&self, from: &Path, to: &Path) -> io::Result<()> {
        let disk = &self.store.disk;
        disk.link(from, to).or_else(|_| {
            let octets = disk.read(from, super::MAX_FILE as u64)?;
            disk.write(to, &octets)
        })
    }

    fn name(&self, set: &SetId, half: &Path, version: VersionId) -> io::Result<()> {
        let disk = &self.store.disk;
        disk.rename(half, &self.store.folder(set, version))?;
        disk.sync_folder(&self.store.folder_of(set))
    }

    /// Takes the name of a version away, for good.
    fn put_away(&self, set: &SetId, version: VersionId) -> io::Result<()> {
        let folder = self.store.folder_of(set);
        let gone = folder.join(format!("{GONE}{}", folder_name(version)));
        let disk = &self.store.disk;
        disk.remove(&gone)?;
        disk.rename(&self.store.folder(set, version), &gone)?;
        disk.sync_folder(&folder)
    }
}
