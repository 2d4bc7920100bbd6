//! The outbox: messages that survive a power cut and wait for a courier.
//!
//! The folder is the truth. What is held here is an index of it, read at the start and kept in
//! step, so that listing a mailbox opens no file. A message enters only when both its octets and
//! its name are on disk.

use super::block;
use super::disk::Disk;
use super::layout::{self, Layout, Name};
use super::note::Note;
use super::stored;
use crate::base::{MailboxId, MessageId};
use crate::mailbox::{Attempts, Deposit, Fate, Leg, Letter, Marks, Outbox, OutboxFault, Standing};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most messages that wait; with this many, new recordings are refused.
pub const OUTBOX_MAX: usize = 100_000;

/// Octets from the start of a file that hold any envelope.
const START: u64 = 16_384;

/// The largest note read: more legs than any subscriber has, each with its last error.
const NOTE_MAX: u64 = 4 << 20;

/// The largest file read, 64 MiB: two hours of G.711.
pub(super) const FILE_MAX: u64 = 64 << 20;

/// How many messages may be written about at a time.
const WRITERS: usize = 16;

/// The outbox of one spool folder.
#[derive(Debug)]
pub(super) struct SpoolOutbox<D> {
    disk: Arc<D>,
    layout: Layout,
    index: Mutex<Index>,
    news: Condvar,
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
            writing: Default::default(),
        }
    }

    /// How many messages wait.
    pub(super) fn len(&self) -> usize {
        self.index().waiting.len()
    }

    /// Removes notes and wishes whose message is gone: a power cut may come between the two. A
    /// note whose message is a dead letter was written to retry it, and may be all that is left
    /// to say where it has been.
    pub(super) fn sweep(&self) -> io::Result<()> {
        let dead = layout::plain(&self.disk.list(&self.layout.dead)?);
        let is_dead = |id: &MessageId| dead.binary_search(id).is_ok();
        let waits = |id: &MessageId| self.index().waiting.contains_key(id);
        self.sweep_folder(&self.layout.outbox, |id| waits(id) || is_dead(id))?;
        self.sweep_folder(&self.layout.dead, is_dead)
    }

    fn sweep_folder(&self, folder: &Path, there: impl Fn(&MessageId) -> bool) -> io::Result<()> {
        for name in self.disk.list(folder)? {
            let orphan = match layout::parse(&name) {
                Some(Name::Note(id) | Name::Now(id)) => !there(&id),
                Some(Name::HalfNote(_)) => true,
                Some(Name::Plain(_) | Name::Anew(_)) | None => false,
            };
            if orphan {
                remove_if_there(&*self.disk, &folder.join(name))?;
            }
        }
        Ok(())
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
        match read_deposit(&*self.disk, &self.layout.outbox, id) {
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

    fn move_to_dead(&self, id: MessageId, note: &Note) -> io::Result<()> {
        let (disk, layout) = (&*self.disk, &self.layout);
        write_note(disk, &layout.dead, id, note)?;
        disk.rename(&layout.message(id), &layout.letter(id))?;
        disk.sync_folder(&layout.dead)?;
        disk.sync_folder(&layout.outbox)?;
        remove_if_there(disk, &layout::note(&layout.outbox, id))
    }

    /// The note goes only when its message surely has: a message that comes back without its note
    /// would go everywhere once more.
    fn take_out(&self, id: MessageId) -> io::Result<()> {
        let (disk, layout) = (&*self.disk, &self.layout);
        remove_if_there(disk, &layout.message(id))?;
        disk.sync_folder(&layout.outbox)?;
        remove_if_there(disk, &layout::note(&layout.outbox, id))
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
        let standing = note.standing(of);
        let written = match standing {
            Standing::Waiting => self.write(id, &note),
            Standing::Delivered => self.take_out(id),
            Standing::Dead => self.move_to_dead(id, &note),
        };
        written.map_err(|fault| disk_fault(id, &fault))?;
        match standing {
            Standing::Waiting => self.learn(id, note),
            Standing::Delivered | Standing::Dead => self.forget(id),
        }
        Ok(standing)
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
        let dead = &self.layout.dead;
        if read_note(&*self.disk, dead, id)?.is_some_and(|note| note.told) {
            return Ok(None);
        }
        match read_deposit(&*self.disk, dead, id) {
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
        let scan = block::scan(id, &file);
        let whole = scan.facts.is_some();
        whole.then_some(scan.sound).ok_or(OutboxFault::Damaged)
    }

    fn fate(&self, id: MessageId, leg: &Leg) -> Fate {
        let index = self.index();
        let waiting = index.waiting.get(&id);
        waiting.map(|w| w.note.fate(leg)).unwrap_or_default()
    }

    fn note(&self, id: MessageId, leg: &Leg, attempts: Attempts) -> Result<(), OutboxFault> {
        let noted = self.change(id, &[], |note| {
            note.legs.insert(leg.clone(), Fate::Waiting(attempts));
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
            note.legs.insert(leg.clone(), Fate::Done);
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
            note.legs.insert(leg.clone(), Fate::GivenUp(attempts));
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
        let marked = self.change(id, &[], |note| {
            if !note.waits_for_owner() {
                return Err(OutboxFault::Gone);
            }
            note.marks = marks;
            Ok(())
        });
        marked.map(drop)
    }

    fn withdraw(&self, id: MessageId) -> Result<(), OutboxFault> {
        let withdrawn = self.change(id, &[], |note| {
            if !note.waits_for_owner() {
                return Err(OutboxFault::Gone);
            }
            note.withdrawn = true;
            Ok(())
        });
        withdrawn.map(drop)
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
            let note = read_note(disk, &layout.dead, id)?.unwrap_or_default();
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
        for id in new {
            self.take_in(id);
        }
        for name in &listed {
            if let Some(Name::Now(id)) = layout::parse(name) {
                self.hurry(id);
            }
        }
        Ok(())
    }

    fn retried(&self) -> Vec<MessageId> {
        let retried = std::mem::take(&mut self.index().retried);
        retried.into_iter().collect()
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

/// What a folder of messages says about one, without reading its sound; no deposit where it is
/// damaged.
pub(super) fn read_deposit<D: Disk>(
    disk: &D,
    folder: &Path,
    id: MessageId,
) -> io::Result<(Option<Deposit>, Note)> {
    let path = folder.join(id.to_string());
    let start = disk.read(&path, 0, START)?;
    let tail = disk.size(&path)?.saturating_sub(block::END_BLOCK);
    let last = disk.read(&path, tail, block::END_BLOCK)?;
    let parts = block::first_envelope(id, &start).zip(block::last_facts(id, &last));
    let note = read_note(disk, folder, id)?.unwrap_or_default();
    let deposit = parts.map(|(envelope, facts)| Deposit {
        id,
        envelope,
        facts,
        marks: note.marks,
    });
    Ok((deposit, note))
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

fn disk_fault(id: MessageId, fault: &io::Error) -> OutboxFault {
    if fault.kind() == io::ErrorKind::NotFound {
        return OutboxFault::Gone;
    }
    tracing::error!(message = %id, %fault, "the disk refused in the outbox");
    OutboxFault::Disk
}
