//! A disk in memory that fails as real disks do, for the laws of the store.
//!
//! It keeps the names of a folder as the program sees them apart from those that were synced. After
//! [`Twin::crash`] only synced names are left; with a seed some of the others too. A file has
//! whatever [`Disk::write`] brought to the disk before the power went.

use super::disk::Disk;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Component, Path};
use std::sync::{Arc, Mutex, MutexGuard};

/// The twin; clones share one disk.
#[derive(Clone)]
pub(super) struct Twin(Arc<Mutex<Drive>>);

struct Drive {
    /// The first is the root.
    nodes: Vec<Node>,
    operations: usize,
    plan: Plan,
    dead: bool,
}

#[derive(Clone)]
enum Node {
    File(Vec<u8>),
    Folder { names: Names, durable: Names },
}

type Names = BTreeMap<String, usize>;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing.
    Sound,
    /// The power goes at the change of this number, which happens in part.
    CrashAt(usize),
    /// The change of this number fails once.
    FailAt(usize),
}

impl Twin {
    pub(super) fn new() -> Twin {
        Twin::of(vec![folder(Names::new())])
    }

    pub(super) fn plan(&self, plan: Plan) {
        let mut drive = self.drive();
        drive.plan = plan;
        drive.operations = 0;
    }

    /// Changes since the plan was set.
    pub(super) fn operations(&self) -> usize {
        self.drive().operations
    }

    pub(super) fn is_dead(&self) -> bool {
        self.drive().dead
    }

    /// The disk after a power cut. Without a seed all names that were not synced are as before.
    pub(super) fn crash(&self, seed: Option<u64>) -> Twin {
        let mut dice = seed.map(Dice);
        let drive = self.drive();
        let after = drive.nodes.iter().map(|node| match node {
            Node::File(octets) => Node::File(octets.clone()),
            Node::Folder { names, durable } => folder(after_crash(names, durable, dice.as_mut())),
        });
        Twin::of(after.collect())
    }

    fn of(nodes: Vec<Node>) -> Twin {
        let drive = Drive {
            nodes,
            operations: 0,
            plan: Plan::Sound,
            dead: false,
        };
        Twin(Arc::new(Mutex::new(drive)))
    }

    fn drive(&self) -> MutexGuard<'_, Drive> {
        self.0.lock().unwrap()
    }

    /// Counts a change; `Err` where the plan says so. Also whether the power goes within it.
    fn change(&self) -> io::Result<(MutexGuard<'_, Drive>, bool)> {
        let mut drive = self.drive();
        let number = drive.operations;
        drive.operations += 1;
        let within = drive.plan == Plan::CrashAt(number);
        if drive.dead || drive.plan == Plan::FailAt(number) {
            return Err(io::Error::other("input/output error"));
        }
        drive.dead = within;
        Ok((drive, within))
    }

    /// The disk for readers, who need power too.
    fn look(&self) -> io::Result<MutexGuard<'_, Drive>> {
        let drive = self.drive();
        if drive.dead {
            return Err(io::Error::other("no power"));
        }
        Ok(drive)
    }
}

/// Of the changes that were not synced some have happened, each whole: what was renamed has its old
/// name or its new one.
fn after_crash(names: &Names, durable: &Names, dice: Option<&mut Dice>) -> Names {
    let mut after = durable.clone();
    let Some(dice) = dice else {
        return after;
    };
    let lost = |name: &&String| !names.contains_key(*name);
    for (name, node) in names {
        if durable.get(name) != Some(node) && dice.roll(2) == 0 {
            let before = durable.iter().find(|(_, old)| *old == node);
            let renamed = before.map(|(old, _)| old).filter(lost);
            renamed.map(|old| after.remove(old));
            after.insert(name.clone(), *node);
        }
    }
    for name in durable.keys().filter(lost) {
        let renamed = names.values().any(|node| *node == durable[name]);
        if !renamed && dice.roll(2) == 0 {
            after.remove(name);
        }
    }
    after
}

fn folder(names: Names) -> Node {
    let durable = names.clone();
    Node::Folder { names, durable }
}

impl Drive {
    fn names(&mut self, at: usize) -> io::Result<&mut Names> {
        match &mut self.nodes[at] {
            Node::Folder { names, .. } => Ok(names),
            Node::File(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    fn find(&mut self, path: &Path) -> io::Result<usize> {
        let mut at = 0;
        for part in parts(path) {
            at = *self.names(at)?.get(&part).ok_or(ErrorKind::NotFound)?;
        }
        Ok(at)
    }

    /// The names beside a path, and its own.
    fn beside(&mut self, path: &Path) -> io::Result<(&mut Names, String)> {
        let above = self.find(path.parent().unwrap())?;
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        Ok((self.names(above)?, name))
    }

    fn add(&mut self, path: &Path, node: Node) -> io::Result<()> {
        let at = self.nodes.len();
        let (names, name) = self.beside(path)?;
        if names.contains_key(&name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        names.insert(name, at);
        self.nodes.push(node);
        Ok(())
    }
}

fn parts(path: &Path) -> Vec<String> {
    let names = path.components().filter_map(|part| match part {
        Component::Normal(name) => name.to_str().map(str::to_owned),
        _ => None,
    });
    names.collect()
}

impl Disk for Twin {
    type Lock = ();

    fn lock(&self, _: &Path) -> io::Result<Option<()>> {
        self.look().map(|_| Some(()))
    }

    fn make_folder(&self, path: &Path) -> io::Result<bool> {
        if path.parent().is_none() || self.look()?.find(path).is_ok() {
            return Ok(false);
        }
        let (mut drive, _) = self.change()?;
        drive.add(path, folder(Names::new()))?;
        Ok(true)
    }

    fn write(&self, path: &Path, octets: &[u8]) -> io::Result<()> {
        let (mut drive, within) = self.change()?;
        let written = if within {
            octets[..octets.len() / 2].to_vec()
        } else {
            octets.to_vec()
        };
        drive.add(path, Node::File(written))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (mut drive, _) = self.change()?;
        let at = drive.find(from)?;
        let (names, name) = drive.beside(to)?;
        names.insert(name, at);
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (mut drive, _) = self.change()?;
        let at = drive.find(from)?;
        let (names, name) = drive.beside(from)?;
        names.remove(&name);
        let (names, name) = drive.beside(to)?;
        names.insert(name, at);
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let (mut drive, within) = self.change()?;
        let at = drive.find(path)?;
        match &mut drive.nodes[at] {
            Node::Folder { .. } if within => Err(io::Error::other("no power")),
            Node::Folder { names, durable } => {
                durable.clone_from(names);
                Ok(())
            }
            Node::File(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let (mut drive, within) = self.change()?;
        let Ok(at) = drive.find(path) else {
            return Ok(());
        };
        if within && let Node::Folder { names, durable } = &mut drive.nodes[at] {
            // The power goes when half of it is gone, for good.
            let half: Vec<String> = names.keys().step_by(2).cloned().collect();
            for name in half {
                names.remove(&name);
                durable.remove(&name);
            }
            return Err(io::Error::other("no power"));
        }
        let (names, name) = drive.beside(path)?;
        names.remove(&name);
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut drive = self.look()?;
        match drive.find(path) {
            Ok(at) => Ok(drive.names(at)?.keys().cloned().collect()),
            Err(_) => Ok(Vec::new()),
        }
    }

    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let mut drive = self.look()?;
        let at = drive.find(path)?;
        match &drive.nodes[at] {
            Node::File(octets) if octets.len() as u64 <= most => Ok(octets.clone()),
            Node::File(_) => Err(ErrorKind::FileTooLarge.into()),
            Node::Folder { .. } => Err(ErrorKind::IsADirectory.into()),
        }
    }
}

/// A small random number source, the same for the same seed.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides
    }
}
