//! What an operator asks of a spool folder, from another process beside the running server.
//!
//! Nothing here takes the server's lock. Listing only reads. A retry is one rename from `dead` to
//! `outbox`, or the wish `ID.now` beside a waiting message; the server sees either within a
//! second.

use super::disk::Disk;
use super::layout::{self, Layout};
use super::outbox::{read_deposit, remove_if_there};
use crate::base::{MailboxId, MessageId, Timestamp};
use crate::mailbox::{Attempts, Deposit};
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
    /// Deliveries that failed so far.
    pub attempts: u32,
    /// When it is tried next; `None` for at once or never.
    pub next: Option<Timestamp>,
    /// What went wrong the last time.
    pub last_error: Option<String>,
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
                Ok(Some((deposit, attempts))) => entries.push(entry(state, &deposit, attempts)),
                Ok(None) => entries.push(bare(id, state)),
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
    if queued.contains(&id) {
        return match disk.create(&layout.now(id)) {
            Err(fault) if fault.kind() != io::ErrorKind::AlreadyExists => Err(fault),
            Ok(_) | Err(_) => Ok(true),
        };
    }
    match disk.rename(&layout.letter(id), &layout.message(id)) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(false),
        outcome => outcome?,
    }
    disk.sync_folder(&layout.outbox)?;
    disk.sync_folder(&layout.dead)?;
    remove_if_there(disk, &layout::note(&layout.dead, id))?;
    Ok(true)
}

fn bare(id: MessageId, state: SpoolState) -> SpoolEntry {
    SpoolEntry {
        id,
        state,
        mailbox: None,
        received: None,
        length: None,
        attempts: 0,
        next: None,
        last_error: None,
    }
}

fn entry(state: SpoolState, deposit: &Deposit, attempts: Attempts) -> SpoolEntry {
    SpoolEntry {
        mailbox: Some(deposit.mailbox().clone()),
        received: Some(deposit.envelope.started),
        length: Some(deposit.facts.length),
        attempts: attempts.failed,
        next: attempts.next,
        last_error: attempts.last_error,
        ..bare(deposit.id, state)
    }
}
