//! The dead letters of a spool folder, kept in mind so that one an operator drops is missed.
//!
//! In: what the folder holds at each look, and what was put there meanwhile. Out: those that are
//! gone from it, but are not back in the outbox.
//!
//! Law: a dead letter is missed once. One that cannot be read has no mailbox to be missed in.

use super::disk::Disk;
use super::files::{read_deposit, read_note};
use super::layout::{self, Layout};
use super::note::Note;
use crate::base::{MailboxId, MessageId};
use crate::mailbox::Deposit;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// The dead letters that are known of.
#[derive(Debug, Default)]
pub(super) struct DeadLetters {
    known: BTreeMap<MessageId, Option<MailboxId>>,
    missed: Vec<(MessageId, MailboxId)>,
}

impl DeadLetters {
    /// A message of this mailbox was put there.
    pub(super) fn put(&mut self, id: MessageId, mailbox: MailboxId) {
        self.known.insert(id, Some(mailbox));
    }

    /// Compares what is known with the folder. Only a letter that is new is opened.
    pub(super) fn look<D: Disk>(&mut self, disk: &D, layout: &Layout) -> io::Result<()> {
        let there: BTreeSet<_> = layout::plain(&disk.list(&layout.dead)?)
            .into_iter()
            .collect();
        let missing = self.known.extract_if(.., |id, _| !there.contains(id));
        for (id, mailbox) in missing {
            if let Some(mailbox) = mailbox.filter(|_| !is_back(disk, layout, id)) {
                self.missed.push((id, mailbox));
            }
        }
        for id in there {
            self.known.entry(id).or_insert_with(|| {
                let read = read_letter(disk, layout, id);
                let deposit = read.ok().and_then(|(deposit, _)| deposit);
                deposit.map(|deposit| deposit.mailbox().clone())
            });
        }
        Ok(())
    }

    /// Those missed since this was last asked.
    pub(super) fn missed(&mut self) -> Vec<(MessageId, MailboxId)> {
        std::mem::take(&mut self.missed)
    }
}

/// A retry brings it back into the outbox. Where the disk does not say, it is not called dropped.
fn is_back<D: Disk>(disk: &D, layout: &Layout, id: MessageId) -> bool {
    let size = disk.size(&layout.message(id));
    !size.is_err_and(|fault| fault.kind() == io::ErrorKind::NotFound)
}

/// What a dead letter says, without its sound; no deposit where it is damaged.
pub(super) fn read_letter<D: Disk>(
    disk: &D,
    layout: &Layout,
    id: MessageId,
) -> io::Result<(Option<Deposit>, Note)> {
    let note = read_letter_note(disk, layout, id)?;
    Ok((read_deposit(disk, &layout.letter(id), id, &note)?, note))
}

/// The note of a dead letter. A retry that was cut short has moved it to the outbox already.
pub(super) fn read_letter_note<D: Disk>(
    disk: &D,
    layout: &Layout,
    id: MessageId,
) -> io::Result<Note> {
    match read_note(disk, &layout.dead, id)? {
        Some(note) => Ok(note),
        None => Ok(read_note(disk, &layout.outbox, id)?.unwrap_or_default()),
    }
}
