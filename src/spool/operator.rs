//! What an operator asks of a spool folder, from another process beside the running server.
//!
//! Nothing here takes the server's lock. Listing only reads. A retry is one rename from `dead` to
//! `outbox` and the wish `ID.now` beside the message; a drop removes the message. The server sees
//! either within a second.
//!
//! Laws: a dead letter that is retried goes nowhere twice: its note is in `outbox` before it is. A
//! message that is dropped goes before its note. Each may be cut short at any point and done again.

use super::disk::Disk;
use super::layout::{self, Layout};
use super::outbox::{read_deposit, read_note, remove_if_there, write_note};
use crate::base::{MailboxId, MessageId, Timestamp};
use crate::mailbox::{Fate, Leg};
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
    for (state, folder) in [
        (SpoolState::Queued, &layout.outbox),
        (SpoolState::Dead, &layout.dead),
    ] {
        for id in layout::plain(&disk.list(folder)?) {
            match read_deposit(disk, folder, id) {
                Ok((deposit, note)) => entries.push(SpoolEntry {
                    mailbox: deposit.as_ref().map(|d| d.mailbox().clone()),
                    received: deposit.as_ref().map(|d| d.envelope.started),
                    length: deposit.as_ref().map(|d| d.facts.length),
                    legs: note.legs,
                    withdrawn: note.withdrawn,
                    ..bare(id, state)
                }),
                // Delivered while we listed.
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
                Err(fault) => return Err(fault),
            }
        }
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
    // Without a note beside it, an earlier retry was cut short after writing its own.
    let mut note = match read_note(disk, &layout.dead, id)? {
        Some(note) => note,
        None => read_note(disk, &layout.outbox, id)?.unwrap_or_default(),
    };
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
    for (folder, message) in [
        (&layout.outbox, layout.message(id)),
        (&layout.dead, layout.letter(id)),
    ] {
        match disk.remove(&message) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => continue,
            outcome => outcome?,
        }
        found = true;
        disk.sync_folder(folder)?;
        remove_if_there(disk, &layout::note(folder, id))?;
    }
    if found {
        remove_if_there(disk, &layout::note(&layout.outbox, id))?;
        remove_if_there(disk, &layout.now(id))?;
    }
    Ok(found)
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
