//! The outbox: messages that survive a power cut and wait for a courier.
//!
//! The folder is the truth. What is held here is an index of it, read at the start and kept in
//! step, so that listing a mailbox opens no file. A message enters only when both its octets and
//! its name are on disk.
//!
//! Long because whatever changes what stands beside a message does it in one order: disk, then
//! index.

use super::block;
use super::dead::{DeadLetters, read_letter, read_letter_note};
use super::disk::Disk;
use super::files::{FILE_MAX, read_waiting, remove_if_there, write_note};
use super::layout::{self, Layout, Name};
use super::note::Note;
use crate::base::{MailboxId, MessageId};
use crate::mailbox::{Attempts, Deposit, Fate, Leg, Letter, Marks, Outbox, OutboxFault, Standing};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most messages that wait; with this many, new recordings are refused.
pub const OUTBOX_MAX: usize = 100_000;

/// How many messages may be written about at a time.
const WRITERS: usize = 16;

/// The outbox of one spool folder.
#[derive(Debug)]
pub(super) struct SpoolOutbox<D> {
    disk: Arc<D>,
    layout: Layout,
    index: Mutex<Index>,
    news: Condvar,
    dead: Mutex<DeadLetters>,
    /// Held while anything about a message is written, so that the last change is the one on
    /// disk; the index is not locked meanwhile, since the disk thread needs it.
    writing: [Mutex<()>; WRITERS],
}

#[derive(Debug, Default)]
struct Index {
    waiting: BTreeMap<MessageId, Waiting>,
    /// Renamed into the folder, but the name is not on disk yet.
    unsettled: HashSet<MessageId>,
    /// Those that an operator had retried.
    retried: BTreeSet<MessageId>,
    /// Counts what changed.
    news: u64,
}

#[derive(Debug)]
struct Waiting {
    deposit: Deposit,
    note: Note,
}

impl Waiting {
    fn deposit(&self) -> Deposit {
        Deposit {
            marks: self.note.marks,
            ..self.deposit.clone()
        }
    }
}

impl<D: Disk> SpoolOutbox<D> {
    pub(super) fn new(disk: Arc<D>, layout: Layout) -> SpoolOutbox<D> {
        SpoolOutbox {
            disk,
            layout,
            index: Mutex::default(),
            news: Condvar::new(),
            dead: Mutex::default(),
            writing: Default::default(),
        }
    }

    /// How many messages wait.
    pub(super) fn len(&self) -> usize {
        self.index().waiting.len()
    }

    /// Removes what a power cut left of a change. Of a message that has its name in both folders
    /// the one that waits stands: it is noted where it has been. Notes and wishes without a message
    /// go, but not the note in the outbox of a dead letter: it was written to retry it, and may be
    /// all that is left to say where it has been. That a message is gone must be on disk before its
    /// note goes: whoever removed it may have died or failed in between, and a power cut would
    /// bring it back without what was noted.
    pub(super) fn sweep(&self) -> io::Result<()> {
        let (disk, layout) = (&*self.disk, &self.layout);
        let waiting = layout::plain(&disk.list(&layout.outbox)?);
        let waits = |id: &MessageId| waiting.binary_search(id).is_ok();
        let mut dead = layout::plain(&disk.list(&layout.dead)?);
        let doubles: Vec<_> = dead.extract_if(.., |id| waits(id)).collect();
        if !doubles.is_empty() {
            // The other name must be on disk before this one goes.
            disk.sync_folder(&layout.outbox)?;
            for id in doubles {
                remove_if_there(disk, &layout.letter(id))?;
            }
            disk.sync_folder(&layout.dead)?;
        }
        let is_dead = |id: &MessageId| dead.binary_search(id).is_ok();
        let mut orphans = self.orphans(&layout.outbox, |id| waits(id) || is_dead(id))?;
        orphans.extend(self.orphans(&layout.dead, is_dead)?);
        if !orphans.is_empty() {
            disk.sync_folder(&layout.outbox)?;
            disk.sync_folder(&layout.dead)?;
        }
        let mut orphans = orphans.iter();
        orphans.try_for_each(|orphan| remove_if_there(disk, orphan))
    }

    /// The notes and wishes in a folder whose message is not there, and those half written.
    fn orphans(
        &self,
        folder: &Path,
        there: impl Fn(&MessageId) -> bool,
    ) -> io::Result<Vec<PathBuf>> {
        let mut names = self.disk.list(folder)?;
        names.retain(|name| match layout::parse(name) {
            Some(Name::Note(id) | Name::Now(id)) => !there(&id),
            Some(Name::HalfNote(_)) => true,
            Some(Name::Plain(_) | Name::Anew(_)) | None => false,
        });
        Ok(names.iter().map(|name| folder.join(name)).collect())
    }

    /// A message is about to get its name in the folder; nobody may take it before `settled`.
    pub(super) fn unsettled(&self, id: MessageId) {
        self.index().unsettled.insert(id);
    }

    /// A message and its name are on disk.
    pub(super) fn settled(&self, deposit: Deposit) {
        self.index().unsettled.remove(&deposit.id);
        self.admit(deposit, Note::default());
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody else writes about the message while the guard lives.
    fn writing(&self, id: MessageId) -> MutexGuard<'_, ()> {
        let [first, ..] = &self.writing;
        let writer = id.0.as_u128() as usize % WRITERS;
        let writing = self.writing.get(writer).unwrap_or(first);
        writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, deposit: Deposit, note: Note) {
        let mut index = self.index();
        index.waiting.insert(deposit.id, Waiting { deposit, note });
        index.news += 1;
        drop(index);
        self.news.notify_all();
    }

    /// Takes in a message that appeared in the folder; one that is damaged goes to the dead
    /// letters, where an operator can see it.
    fn take_in(&self, id: MessageId) {
        match read_waiting(&*self.disk, &self.layout, id) {
            Ok((Some(deposit), note)) => self.admit(deposit, note),
            Ok((None, note)) => {
                tracing::error!(message = %id, "a message in the outbox is damaged: now a dead letter");
                let damaged = Note::failed(Attempts {
                    last_error: Some(OutboxFault::Damaged.to_string()),
                    ..Attempts::default()
                });
                let note = Note {
                    marks: note.marks,
                    ..damaged
                };
                if let Err(fault) = self.move_to_dead(id, &note) {
                    tracing::error!(message = %id, %fault, "it could not be moved");
                }
            }
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
            Err(fault) => tracing::error!(message = %id, %fault, "cannot read from the outbox"),
        }
    }

    /// The note is there before its message, and stays here until the message is surely there.
    /// Where the disk does not say so, a power cut may bring the message back into the outbox, to
    /// fail once more: that costs nothing.
    fn move_to_dead(&self, id: MessageId, note: &Note) -> io::Result<()> {
        let (disk, layout) = (&*self.disk, &self.layout);
        write_note(disk, &layout.dead, id, note)?;
        disk.sync_folder(&layout.dead)?;
        disk.rename(&layout.message(id), &layout.letter(id))?;
        let moved = disk
            .sync_folder(&layout.dead)
            .and_then(|()| disk.sync_folder(&layout.outbox))
            .and_then(|()| remove_if_there(disk, &layout::note(&layout.outbox, id)));
        if let Err(fault) = moved {
            tracing::error!(message = %id, %fault, "a dead letter may come back into the outbox");
        }
        Ok(())
    }

    /// The note goes only when its message surely has: a message that comes back without its note
    /// would go everywhere once more.
    fn take_out(&self, id: MessageId) -> io::Result<()> {
        let (disk, layout) = (&*self.disk, &self.layout);
        remove_if_there(disk, &layout.message(id))?;
        disk.sync_folder(&layout.outbox)?;
        remove_if_there(disk, &layout::note(&layout.outbox, id))
    }

    /// Whoever moved messages from the dead letters into the outbox may have died before that was
    /// on disk: a power cut after their delivery would bring them back as dead letters.
    fn sync_names(&self) -> Result<(), OutboxFault> {
        let (disk, layout) = (&*self.disk, &self.layout);
        let synced = disk
            .sync_folder(&layout.outbox)
            .and_then(|()| disk.sync_folder(&layout.dead));
        synced.map_err(|fault| {
            tracing::error!(%fault, "a folder of the spool cannot be synced");
            OutboxFault::Disk
        })
    }

    /// Changes what is known of one message: on disk first, then here. What leaves the outbox by
    /// it (`of` are its legs) is taken out instead.
    fn change(
        &self,
        id: MessageId,
        of: &[Leg],
        change: impl FnOnce(&mut Note) -> Result<(), OutboxFault>,
    ) -> Result<Standing, OutboxFault> {
        let _writing = self.writing(id);
        let mut note = self.known(id)?;
        change(&mut note)?;
        match note.standing(of) {
            Standing::Delivered => {
                self.take_out(id).map_err(|fault| disk_fault(id, &fault))?;
                self.forget(id);
                Ok(Standing::Delivered)
            }
            standing @ (Standing::Waiting | Standing::Dead) => {
                self.write(id, &note)
                    .map_err(|fault| disk_fault(id, &fault))?;
                self.learn(id, note.clone());
                Ok(self.put_away(id, &note, standing))
            }
        }
    }

    /// Changes one message as its owner wants it, while it still waits for its owner.
    fn change_owners(
        &self,
        id: MessageId,
        change: impl FnOnce(&mut Note),
    ) -> Result<(), OutboxFault> {
        let changed = self.change(id, &[], |note| {
            if !note.waits_for_owner() {
                return Err(OutboxFault::Gone);
            }
            change(note);
            Ok(())
        });
        changed.map(drop)
    }

    /// Writes down what the owner did with one message; the name of the note is not synced.
    fn write_marks(&self, id: MessageId, marks: Marks) -> Result<(), OutboxFault> {
        let _writing = self.writing(id);
        let mut note = self.known(id)?;
        if !note.waits_for_owner() {
            return Err(OutboxFault::Gone);
        }
        note.marks = marks;
        write_note(&*self.disk, &self.layout.outbox, id, &note)
            .map_err(|fault| disk_fault(id, &fault))?;
        self.learn(id, note);
        Ok(())
    }

    /// Moves what is dead. What cannot be moved waits for [`Outbox::settle`]; that no leg of it is
    /// to go any more is on disk.
    fn put_away(&self, id: MessageId, note: &Note, standing: Standing) -> Standing {
        if standing != Standing::Dead {
            return standing;
        }
        match self.move_to_dead(id, note) {
            Ok(()) => {
                self.bury(id);
                Standing::Dead
            }
            Err(fault) => {
                tracing::error!(message = %id, %fault, "a dead letter cannot be put away");
                Standing::Waiting
            }
        }
    }

    fn write(&self, id: MessageId, note: &Note) -> io::Result<()> {
        write_note(&*self.disk, &self.layout.outbox, id, note)?;
        self.disk.sync_folder(&self.layout.outbox)
    }

    fn known(&self, id: MessageId) -> Result<Note, OutboxFault> {
        let index = self.index();
        let waiting = index.waiting.get(&id).ok_or(OutboxFault::Gone)?;
        Ok(waiting.note.clone())
    }

    fn learn(&self, id: MessageId, note: Note) {
        if let Some(waiting) = self.index().waiting.get_mut(&id) {
            waiting.note = note;
        }
    }

    fn forget(&self, id: MessageId) {
        self.index().waiting.remove(&id);
    }

    fn bury(&self, id: MessageId) {
        let buried = self.index().waiting.remove(&id);
        if let Some(buried) = buried {
            self.dead().put(id, buried.deposit.mailbox().clone());
        }
    }

    fn dead(&self) -> MutexGuard<'_, DeadLetters> {
        self.dead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An operator's wish: the message is due at once, also where it was given up.
    fn hurry(&self, id: MessageId) {
        let again = self.change(id, &[], |note| {
            note.try_again();
            Ok(())
        });
        if again.is_ok() {
            self.index().retried.insert(id);
        }
        if let Err(fault) = remove_if_there(&*self.disk, &self.layout.now(id)) {
            tracing::warn!(message = %id, %fault, "cannot remove the wish to try at once");
        }
    }

    /// A dead letter that nobody was told of.
    fn letter(&self, id: MessageId) -> io::Result<Option<Letter>> {
        match read_letter(&*self.disk, &self.layout, id) {
            Ok((_, note)) if note.told => Ok(None),
            Ok((deposit, note)) => Ok(Some(Letter {
                id,
                deposit,
                fates: note.legs,
            })),
            // Retried or dropped meanwhile.
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

impl<D: Disk> Outbox for SpoolOutbox<D> {
    fn waiting(&self) -> Vec<MessageId> {
        self.index().waiting.keys().copied().collect()
    }

    fn waiting_for(&self, mailbox: &MailboxId) -> Vec<Deposit> {
        let index = self.index();
        let all = index.waiting.values();
        all.filter(|w| w.deposit.mailbox() == mailbox && w.note.waits_for_owner())
            .map(Waiting::deposit)
            .collect()
    }

    fn deposit(&self, id: MessageId) -> Option<Deposit> {
        let index = self.index();
        let waiting = index.waiting.get(&id);
        waiting
            .filter(|w| w.note.waits_for_owner())
            .map(Waiting::deposit)
    }

    fn outgoing(&self, id: MessageId) -> Option<Deposit> {
        self.index().waiting.get(&id).map(Waiting::deposit)
    }

    fn octets(&self, id: MessageId) -> Result<Vec<u8>, OutboxFault> {
        if !self.index().waiting.contains_key(&id) {
            return Err(OutboxFault::Gone);
        }
        let file = self
            .disk
            .read(&self.layout.message(id), 0, FILE_MAX)
            .map_err(|fault| disk_fault(id, &fault))?;
        let message = block::scan(id, &file).message();
        message.ok_or(OutboxFault::Damaged)
    }

    fn fate(&self, id: MessageId, leg: &Leg) -> Fate {
        let index = self.index();
        let waiting = index.waiting.get(&id);
        waiting.map(|w| w.note.fate(leg)).unwrap_or_default()
    }

    fn note(&self, id: MessageId, leg: &Leg, attempts: Attempts) -> Result<(), OutboxFault> {
        let noted = self.change(id, &[], |note| {
            note.set(leg, Fate::Waiting(attempts));
            Ok(())
        });
        noted.map(drop)
    }

    fn finish(
        &self,
        id: MessageId,
        leg: &Leg,
        of: &[Leg],
        marks: Option<Marks>,
    ) -> Result<Standing, OutboxFault> {
        self.change(id, of, |note| {
            if *leg == Leg::Store && note.owners_marks() != marks {
                return Err(OutboxFault::Changed);
            }
            note.set(leg, Fate::Done);
            Ok(())
        })
    }

    fn give_up(
        &self,
        id: MessageId,
        leg: &Leg,
        of: &[Leg],
        attempts: Attempts,
    ) -> Result<Standing, OutboxFault> {
        self.change(id, of, |note| {
            note.set(leg, Fate::GivenUp(attempts));
            Ok(())
        })
    }

    fn settle(&self, id: MessageId, of: &[Leg]) -> Result<Standing, OutboxFault> {
        match self.known(id)?.standing(of) {
            Standing::Waiting => Ok(Standing::Waiting),
            Standing::Delivered | Standing::Dead => self.change(id, of, |_| Ok(())),
        }
    }

    fn mark(&self, id: MessageId, marks: Marks) -> Result<(), OutboxFault> {
        self.change_owners(id, |note| note.marks = marks)
    }

    fn mark_all(&self, all: &[(MessageId, Marks)]) -> Result<Vec<MessageId>, OutboxFault> {
        let mut marked = Vec::new();
        for (id, marks) in all {
            match self.write_marks(*id, *marks) {
                Ok(()) => marked.push(*id),
                Err(OutboxFault::Gone) => {}
                Err(fault) => return Err(fault),
            }
        }
        // Their new names together: one sync of a folder costs as much as of a file.
        match self.disk.sync_folder(&self.layout.outbox) {
            Ok(()) => Ok(marked),
            Err(fault) => {
                tracing::error!(%fault, "a folder of the spool cannot be synced");
                Err(OutboxFault::Disk)
            }
        }
    }

    fn withdraw(&self, id: MessageId) -> Result<(), OutboxFault> {
        self.change_owners(id, |note| note.withdrawn = true)
    }

    fn untold(&self) -> Result<Vec<Letter>, OutboxFault> {
        let listed = self.disk.list(&self.layout.dead).map_err(|fault| {
            tracing::error!(%fault, "cannot list the dead letters");
            OutboxFault::Disk
        })?;
        let letters = layout::plain(&listed).into_iter().filter_map(|id| {
            let letter = self.letter(id).map_err(|fault| disk_fault(id, &fault));
            letter.transpose()
        });
        letters.collect()
    }

    fn told(&self, id: MessageId) -> Result<(), OutboxFault> {
        let _writing = self.writing(id);
        let (disk, layout) = (&*self.disk, &self.layout);
        let written = disk.size(&layout.letter(id)).and_then(|_| {
            let note = read_letter_note(disk, layout, id)?;
            let note = Note { told: true, ..note };
            write_note(disk, &layout.dead, id, &note)?;
            disk.sync_folder(&layout.dead)
        });
        written.map_err(|fault| disk_fault(id, &fault))
    }

    fn refresh(&self) -> Result<(), OutboxFault> {
        let before = self.waiting();
        let listed = self.disk.list(&self.layout.outbox).map_err(|fault| {
            tracing::error!(%fault, "cannot list the outbox");
            OutboxFault::Disk
        })?;
        let there: HashSet<_> = layout::plain(&listed).into_iter().collect();
        before
            .iter()
            .filter(|id| !there.contains(id))
            .for_each(|&id| self.forget(id));
        let unknown = |id: &MessageId| {
            let index = self.index();
            !index.waiting.contains_key(id) && !index.unsettled.contains(id)
        };
        let mut new: Vec<_> = there.into_iter().filter(unknown).collect();
        new.sort();
        new.truncate(OUTBOX_MAX.saturating_sub(self.len()));
        if !new.is_empty() {
            self.sync_names()?;
        }
        for id in new {
            self.take_in(id);
        }
        for name in &listed {
            if let Some(Name::Now(id)) = layout::parse(name) {
                self.hurry(id);
            }
        }
        let looked = self.dead().look(&*self.disk, &self.layout);
        looked.map_err(|fault| {
            tracing::error!(%fault, "cannot list the dead letters");
            OutboxFault::Disk
        })
    }

    fn retried(&self) -> Vec<MessageId> {
        let retried = std::mem::take(&mut self.index().retried);
        retried.into_iter().collect()
    }

    fn dropped(&self) -> Vec<(MessageId, MailboxId)> {
        self.dead().missed()
    }

    fn wait(&self, seen: u64, patience: Duration) -> u64 {
        let waited = self
            .news
            .wait_timeout_while(self.index(), patience, |index| index.news == seen);
        let (index, _) = waited.unwrap_or_else(PoisonError::into_inner);
        index.news
    }

    fn wake(&self) {
        self.index().news += 1;
        self.news.notify_all();
    }
}

fn disk_fault(id: MessageId, fault: &io::Error) -> OutboxFault {
    if fault.kind() == io::ErrorKind::NotFound {
        return OutboxFault::Gone;
    }
    tracing::error!(message = %id, %fault, "the disk refused in the outbox");
    OutboxFault::Disk
}
