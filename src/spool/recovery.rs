//! The start of a spool: what a dead server left is made whole or let go.
//!
//! Every step may be cut short and done again: a take is first finished inside `taking` and
//! synced, then renamed; what is already in the outbox or among the dead letters is never made
//! a second time.

use super::block::{self, Scan, Writer};
use super::disk::Disk;
use super::files::{FILE_MAX, remove_if_there};
use super::layout::{self, Layout, Name};
use crate::audio::wire::samples_to_duration;
use crate::base::MessageId;
use crate::mailbox::{Deposit, Ending, Envelope, Facts, Marks};
use std::collections::{BTreeSet, HashSet};
use std::io;

/// The least sound that makes a message of a take left behind: one second of G.711.
pub(super) const LEAST: usize = 8_000;

/// What was found at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Messages that wait for delivery, those below included.
    pub waiting: usize,
    /// Recordings that were kept but whose commit was cut short.
    pub whole: usize,
    /// Recordings that broke off, now messages marked "cut off".
    pub cut_off: usize,
    /// Recordings with less than a second of sound, let go.
    pub too_short: usize,
    /// Files the disk would not give up; they stay for the next start.
    pub unreadable: usize,
}

/// What became of one take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Renamed into the outbox; its name is not synced yet.
    Kept(Box<Deposit>),
    /// Removed: too little to keep.
    TooShort,
    /// Removed: the message exists already, or its name was a left-over.
    Known,
}

/// Settles every take in the folder. Afterwards the names are on disk.
pub(super) fn recover<D: Disk>(disk: &D, layout: &Layout) -> io::Result<Recovered> {
    let names = disk.list(&layout.taking)?;
    let takes: BTreeSet<_> = names.iter().filter_map(|n| take_of(n)).collect();
    let mut recovered = Recovered::default();
    if takes.is_empty() {
        return Ok(recovered);
    }
    let known = known(disk, layout)?;
    for id in takes {
        match settle(disk, layout, id, &known) {
            Ok(Fate::Kept(deposit)) if deposit.facts.ending == Ending::CutOff => {
                recovered.cut_off += 1;
            }
            Ok(Fate::Kept(_)) => recovered.whole += 1,
            Ok(Fate::TooShort) => recovered.too_short += 1,
            Ok(Fate::Known) => {}
            Err(fault) => {
                tracing::error!(take = %id, %fault, "cannot recover a take");
                recovered.unreadable += 1;
            }
        }
    }
    disk.sync_folder(&layout.outbox)?;
    disk.sync_folder(&layout.taking)?;
    Ok(recovered)
}

/// The ids that are messages already.
pub(super) fn known<D: Disk>(disk: &D, layout: &Layout) -> io::Result<HashSet<MessageId>> {
    let mut names = disk.list(&layout.outbox)?;
    names.extend(disk.list(&layout.dead)?);
    Ok(layout::plain(&names).into_iter().collect())
}

/// Makes a message of one take, or lets it go.
pub(super) fn settle<D: Disk>(
    disk: &D,
    layout: &Layout,
    id: MessageId,
    known: &HashSet<MessageId>,
) -> io::Result<Fate> {
    if known.contains(&id) {
        forget(disk, layout, id)?;
        return Ok(Fate::Known);
    }
    settle_anew(disk, layout, id)?;
    let path = layout.take(id);
    let scan = block::scan(id, &read_if_there(disk, &path)?);
    let Some(envelope) = scan.envelope.clone().filter(|_| worth_keeping(&scan)) else {
        forget(disk, layout, id)?;
        return Ok(Fate::TooShort);
    };
    let facts = finish(disk, layout, id, &scan)?;
    disk.rename(&path, &layout.message(id))?;
    Ok(Fate::Kept(Box::new(deposit(id, envelope, facts))))
}

fn take_of(name: &str) -> Option<MessageId> {
    match layout::parse(name)? {
        Name::Plain(id) | Name::Anew(id) => Some(id),
        Name::Note(_) | Name::HalfNote(_) | Name::Now(_) => None,
    }
}

/// A take written a second time takes the place of the first where it was finished.
fn settle_anew<D: Disk>(disk: &D, layout: &Layout, id: MessageId) -> io::Result<()> {
    let path = layout.anew(id);
    let scan = block::scan(id, &read_if_there(disk, &path)?);
    if scan.facts.is_none() {
        return remove_if_there(disk, &path);
    }
    disk.sync_data(&disk.reopen(&path, scan.length)?)?;
    disk.rename(&path, &layout.take(id))
}

/// Whether there is a message in it: it was kept, or has a second of sound.
pub(super) fn worth_keeping(scan: &Scan) -> bool {
    scan.facts.is_some() || scan.sound.len() >= LEAST
}

/// Drops what is behind the last good block, adds an end where there is none, and syncs.
fn finish<D: Disk>(disk: &D, layout: &Layout, id: MessageId, scan: &Scan) -> io::Result<Facts> {
    let mut file = disk.reopen(&layout.take(id), scan.length)?;
    let facts = scan.facts.unwrap_or_else(|| cut_off(scan.sound.len()));
    if scan.facts.is_none() {
        let mut end = Vec::new();
        Writer::behind(id, scan).end(&facts, &mut end);
        disk.append(&mut file, &end)?;
    }
    disk.sync_data(&file)?;
    Ok(facts)
}

/// The facts of a take that broke off with this much sound.
pub(super) fn cut_off(octets: usize) -> Facts {
    let length = samples_to_duration(octets);
    Facts {
        length,
        voiced: length,
        ending: Ending::CutOff,
        urgent: false,
        private: false,
    }
}

/// A message nobody has heard yet.
pub(super) fn deposit(id: MessageId, envelope: Envelope, facts: Facts) -> Deposit {
    let marks = Marks::default();
    Deposit {
        id,
        envelope,
        facts,
        marks,
    }
}

fn forget<D: Disk>(disk: &D, layout: &Layout, id: MessageId) -> io::Result<()> {
    remove_if_there(disk, &layout.take(id))?;
    remove_if_there(disk, &layout.anew(id))
}

fn read_if_there<D: Disk>(disk: &D, path: &std::path::Path) -> io::Result<Vec<u8>> {
    match disk.read(path, 0, FILE_MAX) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        outcome => outcome,
    }
}
