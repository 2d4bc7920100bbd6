//! What an operator asks of a spool folder, from another process beside the running server.
//!
//! Nothing here takes the server's lock. Listing only reads. A retry is one rename from `dead` to
//! `outbox` and the wish `ID.now` beside the message; a drop removes the message. The server sees
//! either within a second.
//!
//! Laws: a dead letter that is retried goes nowhere twice: its note is in `outbox` before it is. A
//! message that is dropped goes before its note. Each may be cut short at any point and done again.

use super::dead::{read_letter, read_letter_note};
use super::disk::Disk;
use super::files::{read_waiting, remove_if_there, write_note};
use super::layout::{self, Layout};
use super::note::Note;
use crate::base::{MailboxId, MessageId, Timestamp};
use crate::mailbox::{Deposit, Fate, Leg};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

/// Where a message in the spool stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpoolState {
    /// Being recorded, or left by a server that died.
    Taking,
    /// Waits for delivery.
    Queued,
    /// Could not be delivered; waits for an operator.
    Dead,
}

/// One message in the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolEntry {
    /// Its identity.
    pub id: MessageId,
    /// Where it stands.
    pub state: SpoolState,
    /// The mailbox it is for; `None` where the file does not say (being recorded, damaged).
    pub mailbox: Option<MailboxId>,
    /// When its recording began; `None` as above.
    pub received: Option<Timestamp>,
    /// How long it is; `None` as above.
    pub length: Option<Duration>,
    /// The ways it goes of which anything is known; the others wait and were not tried yet.
    pub legs: BTreeMap<Leg, Fate>,
    /// Whether its owner removed it before it was in the mailbox.
    pub withdrawn: bool,
}

/// Everything in a spool folder, by state and age.
pub fn list<D: Disk>(disk: &D, folder: &Path) -> io::Result<Vec<SpoolEntry>> {
    let layout = Layout::new(folder);
    let mut entries = Vec::new();
    for id in layout::plain(&disk.list(&layout.taking)?) {
        entries.push(bare(id, SpoolState::Taking));
    }
    for id in layout::plain(&disk.list(&layout.outbox)?) {
        entries.extend(entry(
            id,
            SpoolState::Queued,
            read_waiting(disk, &layout, id),
        )?);
    }
    for id in layout::plain(&disk.list(&layout.dead)?) {
        entries.extend(entry(id, SpoolState::Dead, read_letter(disk, &layout, id))?);
    }
    Ok(entries)
}

/// Queues a dead letter again, or makes a waiting message due at once. `false` when there is no
/// such message.
pub fn retry<D: Disk>(disk: &D, folder: &Path, id: MessageId) -> io::Result<bool> {
    let layout = Layout::new(folder);
    let queued = layout::plain(&disk.list(&layout.outbox)?);
    if !queued.contains(&id) && !revive(disk, &layout, id)? {
        return Ok(false);
    }
    match disk.create(&layout.now(id)) {
        Err(fault) if fault.kind() != io::ErrorKind::AlreadyExists => Err(fault),
        Ok(_) | Err(_) => Ok(true),
    }
}

/// Brings a dead letter back into the outbox; `false` when there is none of that name.
fn revive<D: Disk>(disk: &D, layout: &Layout, id: MessageId) -> io::Result<bool> {
    if !is_there(disk, layout, id)? {
        return Ok(false);
    }
    let mut note = read_letter_note(disk, layout, id)?;
    note.try_again();
    write_note(disk, &layout.outbox, id, &note)?;
    disk.sync_folder(&layout.outbox)?;
    remove_if_there(disk, &layout::note(&layout.dead, id))?;
    match disk.rename(&layout.letter(id), &layout.message(id)) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(false),
        outcome => outcome?,
    }
    disk.sync_folder(&layout.outbox)?;
    disk.sync_folder(&layout.dead)?;
    Ok(true)
}

fn is_there<D: Disk>(disk: &D, layout: &Layout, id: MessageId) -> io::Result<bool> {
    match disk.size(&layout.letter(id)) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(false),
        size => size.map(|_| true),
    }
}

/// Removes a message that waits or could not be delivered, for good. `false` when there is no
/// such message; one that is being recorded is not touched. A delivery that is under way may still
/// succeed.
pub fn drop_message<D: Disk>(disk: &D, folder: &Path, id: MessageId) -> io::Result<bool> {
    let layout = Layout::new(folder);
    let mut found = false;
    // In this order: the server moves messages from the one to the other.
    for message in [layout.message(id), layout.letter(id)] {
        match disk.remove(&message) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
            outcome => {
                outcome?;
                found = true;
            }
        }
    }
    if found {
        // Both, since a move from the one to the other may not be on disk yet.
        disk.sync_folder(&layout.outbox)?;
        disk.sync_folder(&layout.dead)?;
        remove_if_there(disk, &layout::note(&layout.outbox, id))?;
        remove_if_there(disk, &layout::note(&layout.dead, id))?;
        remove_if_there(disk, &layout.now(id))?;
    }
    Ok(found)
}

/// What a message's files say; `None` where it was delivered or moved while we listed.
fn entry(
    id: MessageId,
    state: SpoolState,
    read: io::Result<(Option<Deposit>, Note)>,
) -> io::Result<Option<SpoolEntry>> {
    let (deposit, note) = match read {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    Ok(Some(SpoolEntry {
        mailbox: deposit.as_ref().map(|d| d.mailbox().clone()),
        received: deposit.as_ref().map(|d| d.envelope.started),
        length: deposit.as_ref().map(|d| d.facts.length),
        legs: note.legs,
        withdrawn: note.withdrawn,
        ..bare(id, state)
    }))
}

fn bare(id: MessageId, state: SpoolState) -> SpoolEntry {
    SpoolEntry {
        id,
        state,
        mailbox: None,
        received: None,
        length: None,
        legs: BTreeMap::new(),
        withdrawn: false,
    }
}
