//! A disk in memory that fails as real disks do.
//!
//! It keeps what was written apart from what was synced. After [`Twin::crash`] only synced octets
//! and names are left; what was not synced is dropped, or (with a seed) partly there: a file may
//! hold a piece of its unsynced octets followed by rubbish, a rename or removal may have happened
//! in one folder and not in the other. A sync that failed loses what it was to write, though
//! later reads still see it until the crash, and a later sync says yes.

use belpost::spool::Disk;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

/// The twin; clones share one disk.
#[derive(Clone, Default)]
pub(crate) struct Twin(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    inodes: Vec<Inode>,
    /// Names as the running server sees them.
    names: BTreeMap<PathBuf, usize>,
    /// Names as they are on the disk.
    durable: BTreeMap<PathBuf, usize>,
    operations: usize,
    plan: Plan,
    dead: bool,
}

#[derive(Clone, Default)]
struct Inode {
    octets: Vec<u8>,
    synced: Vec<u8>,
    /// Ranges a failed sync lost for good.
    lost: Vec<std::ops::Range<usize>>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Nothing.
    #[default]
    Sound,
    /// The power goes just before the operation of this number.
    CrashAt(usize),
    /// The operation of this number fails once (an append after half its octets).
    FailAt(usize),
    /// From the operation of this number on every write fails: the disk is full.
    FullFrom(usize),
}

/// An open file of the twin.
pub(crate) struct TwinFile(usize);

impl Twin {
    pub(crate) fn plan(&self, plan: Plan) {
        let mut state = self.state();
        state.plan = plan;
        state.operations = 0;
    }

    /// Operations since the plan was set.
    pub(crate) fn operations(&self) -> usize {
        self.state().operations
    }

    /// Whether the planned crash has come.
    pub(crate) fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// The disk after a power cut. Without a seed everything unsynced is gone.
    pub(crate) fn crash(&self, seed: Option<u64>) -> Twin {
        let state = self.state();
        let mut dice = seed.map(Dice);
        let mut names = state.durable.clone();
        if let Some(dice) = &mut dice {
            happen_partly(&state, &mut names, dice);
        }
        let inodes = state.inodes.iter().map(|inode| {
            let octets = match &mut dice {
                None => inode.synced.clone(),
                Some(dice) => inode.after_crash(dice),
            };
            Inode {
                synced: octets.clone(),
                octets,
                lost: Vec::new(),
            }
        });
        let after = State {
            inodes: inodes.collect(),
            durable: names.clone(),
            names,
            ..State::default()
        };
        Twin(Arc::new(Mutex::new(after)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Counts an operation; `Err` where the plan says so.
    fn operate(&self, writes: bool) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let number = state.operations;
        state.operations += 1;
        let fails = match state.plan {
            Plan::Sound => false,
            Plan::CrashAt(at) => {
                state.dead |= number >= at;
                state.dead
            }
            Plan::FailAt(at) => number == at,
            Plan::FullFrom(from) => writes && number >= from,
        };
        match fails {
            false => Ok(state),
            true if writes => Err(io::ErrorKind::StorageFull.into()),
            true => Err(io::Error::other("input/output error")),
        }
    }
}

/// Names change one by one; of the changes that no folder sync has fixed, some have happened.
/// A new name of a file stands before its old one is lost: renames are journalled.
fn happen_partly(state: &State, durable: &mut BTreeMap<PathBuf, usize>, dice: &mut Dice) {
    for (path, inode) in &state.names {
        if durable.get(path) != Some(inode) && dice.roll(2) == 0 {
            durable.insert(path.clone(), *inode);
        }
    }
    let gone: Vec<_> = durable
        .keys()
        .filter(|path| !state.names.contains_key(*path))
        .cloned()
        .collect();
    for path in gone {
        let inode = durable[&path];
        let named_elsewhere = state.names.values().any(|&i| i == inode);
        let stands = durable.iter().any(|(p, &i)| i == inode && *p != path);
        if (stands || !named_elsewhere) && dice.roll(2) == 0 {
            durable.remove(&path);
        }
    }
}

impl Inode {
    fn after_crash(&self, dice: &mut Dice) -> Vec<u8> {
        let common = self.synced.len().min(self.octets.len());
        if self.synced[..common] != self.octets[..common] || self.synced.len() > self.octets.len() {
            let old = dice.roll(2) == 0;
            return if old {
                self.synced.clone()
            } else {
                self.blotted()
            };
        }
        let unsynced = self.octets.len() - common;
        let mut octets = self.blotted();
        octets.truncate(common + dice.roll(unsynced + 1));
        if unsynced > 0 && dice.roll(2) == 0 {
            octets.extend(std::iter::repeat_n(0, dice.roll(64)));
        }
        octets
    }

    /// What is really there: zeros where a failed sync lost octets.
    fn blotted(&self) -> Vec<u8> {
        let mut octets = self.octets.clone();
        for range in &self.lost {
            let end = range.end.min(octets.len());
            octets[range.start.min(end)..end].fill(0);
        }
        octets
    }
}

impl Disk for Twin {
    type File = TwinFile;
    type Lock = ();

    fn make_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, _: &Path) -> io::Result<Option<()>> {
        Ok(Some(()))
    }

    fn create(&self, path: &Path) -> io::Result<TwinFile> {
        let mut state = self.operate(true)?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.inodes.len();
        state.inodes.push(Inode::default());
        state.names.insert(path.to_owned(), inode);
        Ok(TwinFile(inode))
    }

    fn reopen(&self, path: &Path, length: u64) -> io::Result<TwinFile> {
        let mut state = self.operate(true)?;
        let inode = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        state.inodes[inode].octets.truncate(length as usize);
        Ok(TwinFile(inode))
    }

    fn append(&self, file: &mut TwinFile, octets: &[u8]) -> io::Result<()> {
        let failed = match self.operate(true) {
            Ok(mut state) => {
                state.inodes[file.0].octets.extend_from_slice(octets);
                return Ok(());
            }
            Err(failed) => failed,
        };
        let mut state = self.state();
        if !state.dead {
            let half = &octets[..octets.len() / 2];
            state.inodes[file.0].octets.extend_from_slice(half);
        }
        Err(failed)
    }

    fn sync_data(&self, file: &TwinFile) -> io::Result<()> {
        let outcome = self.operate(false).map(drop);
        let mut state = self.state();
        if state.dead {
            return outcome;
        }
        let inode = &mut state.inodes[file.0];
        if outcome.is_ok() {
            inode.synced = inode.blotted();
        } else {
            let from = inode.synced.len().min(inode.octets.len());
            let lost = from..inode.octets.len();
            inode.lost.push(lost);
        }
        outcome
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.operate(false)?;
        let inside = |path: &PathBuf| path.parent() == Some(folder);
        state.durable.retain(|path, _| !inside(path));
        let now: Vec<_> = state.names.iter().filter(|(p, _)| inside(p)).collect();
        let now: Vec<_> = now.into_iter().map(|(p, &i)| (p.clone(), i)).collect();
        state.durable.extend(now);
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.operate(true)?;
        let inode = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), inode);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.operate(false)?;
        state.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.operate(false)?;
        let inside = state.names.keys().filter(|p| p.parent() == Some(folder));
        let name = |p: &PathBuf| p.file_name()?.to_str().map(str::to_owned);
        Ok(inside.filter_map(name).collect())
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        let state = self.operate(false)?;
        let inode = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(state.inodes[inode].octets.len() as u64)
    }

    fn read(&self, path: &Path, from: u64, most: u64) -> io::Result<Vec<u8>> {
        let state = self.operate(false)?;
        let inode = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        let octets = &state.inodes[inode].octets;
        let from = (from as usize).min(octets.len());
        let to = from.saturating_add(most as usize).min(octets.len());
        Ok(octets[from..to].to_vec())
    }

    fn free_space(&self, _: &Path) -> io::Result<u64> {
        let state = self.operate(false)?;
        match state.plan {
            Plan::FullFrom(from) if state.operations > from => Ok(0),
            _ => Ok(1 << 40),
        }
    }
}

/// A small random number source, the same for the same seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides.max(1)
    }
}
