//! The files of a message outside its recording: what its first and last blocks say, and its note.
//!
//! In: a folder of the spool and an id. Out: what stands there. Law: a note is never half there
//! under its own name. Nothing here is synced but the note's octets: a name is on disk when whoever
//! asked for it has synced the folder.

use super::block;
use super::disk::Disk;
use super::layout::{self, Layout};
use super::note::Note;
use super::stored;
use crate::base::MessageId;
use crate::mailbox::Deposit;
use std::io;
use std::path::Path;

/// Octets from the start of a file that hold any envelope.
const START: u64 = 16_384;

/// The largest file read, 64 MiB: two hours of G.711.
pub(super) const FILE_MAX: u64 = 64 << 20;

/// The largest note read: more legs than any subscriber has, each with its last error.
const NOTE_MAX: u64 = 4 << 20;

/// What the outbox says about a message, without reading its sound; no deposit where it is
/// damaged.
pub(super) fn read_waiting<D: Disk>(
    disk: &D,
    layout: &Layout,
    id: MessageId,
) -> io::Result<(Option<Deposit>, Note)> {
    let note = read_note(disk, &layout.outbox, id)?.unwrap_or_default();
    Ok((read_deposit(disk, &layout.message(id), id, &note)?, note))
}

pub(super) fn read_deposit<D: Disk>(
    disk: &D,
    path: &Path,
    id: MessageId,
    note: &Note,
) -> io::Result<Option<Deposit>> {
    let start = disk.read(path, 0, START)?;
    let tail = disk.size(path)?.saturating_sub(block::END_BLOCK);
    let last = disk.read(path, tail, block::END_BLOCK)?;
    let parts = block::first_envelope(id, &start).zip(block::last_facts(id, &last));
    Ok(parts.map(|(envelope, facts)| Deposit {
        id,
        envelope,
        facts,
        marks: note.marks,
    }))
}

/// The note beside a message; `None` where there is none.
pub(super) fn read_note<D: Disk>(
    disk: &D,
    folder: &Path,
    id: MessageId,
) -> io::Result<Option<Note>> {
    match disk.read(&layout::note(folder, id), 0, NOTE_MAX) {
        Ok(text) => Ok(Some(stored::parse_note(&text))),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Writes a note under another name, then gives it its own: it is never half there. Its name is
/// on disk only after the folder is synced.
pub(super) fn write_note<D: Disk>(
    disk: &D,
    folder: &Path,
    id: MessageId,
    note: &Note,
) -> io::Result<()> {
    let half = layout::half_note(folder, id);
    remove_if_there(disk, &half)?;
    let mut file = disk.create(&half)?;
    disk.append(&mut file, &stored::print_note(note))?;
    disk.sync_data(&file)?;
    disk.rename(&half, &layout::note(folder, id))
}

/// Removes a file; that it was gone already is fine.
pub(super) fn remove_if_there<D: Disk>(disk: &D, path: &Path) -> io::Result<()> {
    match disk.remove(path) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}
