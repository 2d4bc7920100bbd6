//! The outbox: messages that survive a power cut and wait for a courier.
//!
//! The folder is the truth. What is held here is an index of it, read at the start and kept in
//! step, so that listing a mailbox opens no file. A message enters only when both its octets and
//! its name are on disk.

use super::block;
use super::disk::Disk;
use super::layout::{self, Layout, Name};
use super::stored;
use crate::base::{MailboxId, MessageId};
use crate::mailbox::{Attempts, Deposit, Marks, Outbox, OutboxFault};
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most messages that wait; with this many, new recordings are refused.
pub const OUTBOX_MAX: usize = 100_000;

/// Octets from the start of a file that hold any envelope.
const START: u64 = 16_384;

/// The largest file read, 64 MiB: two hours of G.711.
pub(super) const FILE_MAX: u64 = 64 << 20;

/// The outbox of one spool folder.
#[derive(Debug)]
pub(super) struct SpoolOutbox<D> {
    disk: Arc<D>,
    layout: Layout,
    index: Mutex<Index>,
    news: Condvar,
    /// Held while a note is written, so that the last change is the one on disk; the index is
    /// not locked meanwhile, since the disk thread needs it.
    writing: Mutex<()>,
}

#[derive(Debug, Default)]
struct Index {
    waiting: BTreeMap<MessageId, Waiting>,
    /// Renamed into the folder, but the name is not on disk yet.
    unsettled: HashSet<MessageId>,
    /// Counts what came in.
    news: u64,
}

#[derive(Debug)]
struct Waiting {
    deposit: Deposit,
    attempts: Attempts,
}

impl<D: Disk> SpoolOutbox<D> {
    pub(super) fn new(disk: Arc<D>, layout: Layout) -> SpoolOutbox<D> {
        SpoolOutbox {
            disk,
            layout,
            index: Mutex::default(),
            news: Condvar::new(),
            writing: Mutex::new(()),
        }
    }

    /// How many messages wait.
    pub(super) fn len(&self) -> usize {
        self.index().waiting.len()
    }

    /// Removes notes and wishes whose message is gone: a power cut may come between the two.
    pub(super) fn sweep(&self) -> io::Result<()> {
        for name in self.disk.list(&self.layout.outbox)? {
            let orphan = match layout::parse(&name) {
                Some(Name::Note(id) | Name::Now(id)) => !self.index().waiting.contains_key(&id),
                Some(Name::HalfNote(_)) => true,
                Some(Name::Plain(_) | Name::Anew(_)) | None => false,
            };
            if orphan {
                remove_if_there(&*self.disk, &self.layout.outbox.join(name))?;
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
        self.admit(deposit, Attempts::default());
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, deposit: Deposit, attempts: Attempts) {
        let mut index = self.index();
        index
            .waiting
            .insert(deposit.id, Waiting { deposit, attempts });
        index.news += 1;
        drop(index);
        self.news.notify_all();
    }

    /// Takes in a message that appeared in the folder; one that is damaged goes to the dead
    /// letters, where an operator can see it.
    fn take_in(&self, id: MessageId) {
        match read_deposit(&*self.disk, &self.layout.outbox, id) {
            Ok(Some((deposit, attempts))) => self.admit(deposit, attempts),
            Ok(None) => {
                tracing::error!(message = %id, "a message in the outbox is damaged: now a dead letter");
                let attempts = Attempts {
                    last_error: Some(OutboxFault::Damaged.to_string()),
                    ..Attempts::default()
                };
                if let Err(fault) = self.move_to_dead(id, &attempts, Marks::default()) {
                    tracing::error!(message = %id, %fault, "it could not be moved");
                }
            }
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
            Err(fault) => tracing::error!(message = %id, %fault, "cannot read from the outbox"),
        }
    }

    fn move_to_dead(&self, id: MessageId, attempts: &Attempts, marks: Marks) -> io::Result<()> {
        let (disk, layout) = (&*self.disk, &self.layout);
        write_note(disk, &layout.dead, id, attempts, marks)?;
        disk.rename(&layout.message(id), &layout.letter(id))?;
        disk.sync_folder(&layout.dead)?;
        disk.sync_folder(&layout.outbox)?;
        remove_if_there(disk, &layout::note(&layout.outbox, id))
    }

    /// Changes what is known of one message and writes it down.
    fn change(
        &self,
        id: MessageId,
        change: impl FnOnce(&mut Attempts, &mut Marks),
    ) -> Result<(), OutboxFault> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut index = self.index();
        let waiting = index.waiting.get_mut(&id).ok_or(OutboxFault::Gone)?;
        change(&mut waiting.attempts, &mut waiting.deposit.marks);
        let (attempts, marks) = (waiting.attempts.clone(), waiting.deposit.marks);
        drop(index);
        write_note(&*self.disk, &self.layout.outbox, id, &attempts, marks)
            .and_then(|()| self.disk.sync_folder(&self.layout.outbox))
            .map_err(|fault| disk_fault(id, &fault))
    }

    fn forget(&self, id: MessageId) {
        self.index().waiting.remove(&id);
    }

    /// An operator's wish: the message is due at once.
    fn hurry(&self, id: MessageId) {
        if let Some(waiting) = self.index().waiting.get_mut(&id) {
            waiting.attempts = Attempts::default();
        }
        if let Err(fault) = self.disk.remove(&self.layout.now(id)) {
            tracing::warn!(message = %id, %fault, "cannot remove the wish to try at once");
        }
    }
}

impl<D: Disk> Outbox for SpoolOutbox<D> {
    fn waiting(&self) -> Vec<MessageId> {
        self.index().waiting.keys().copied().collect()
    }

    fn waiting_for(&self, mailbox: &MailboxId) -> Vec<Deposit> {
        let index = self.index();
        let all = index.waiting.values().map(|w| &w.deposit);
        all.filter(|d| d.mailbox() == mailbox).cloned().collect()
    }

    fn deposit(&self, id: MessageId) -> Option<Deposit> {
        self.index().waiting.get(&id).map(|w| w.deposit.clone())
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

    fn attempts(&self, id: MessageId) -> Attempts {
        let index = self.index();
        index
            .waiting
            .get(&id)
            .map_or_else(Attempts::default, |w| w.attempts.clone())
    }

    fn note(&self, id: MessageId, attempts: Attempts) -> Result<(), OutboxFault> {
        self.change(id, |old, _| *old = attempts)
    }

    fn mark(&self, id: MessageId, marks: Marks) -> Result<(), OutboxFault> {
        self.change(id, |_, old| *old = marks)
    }

    fn remove(&self, id: MessageId) -> Result<(), OutboxFault> {
        let removed = remove_if_there(&*self.disk, &self.layout.message(id))
            .and_then(|()| remove_if_there(&*self.disk, &layout::note(&self.layout.outbox, id)))
            .and_then(|()| self.disk.sync_folder(&self.layout.outbox))
            .map_err(|fault| disk_fault(id, &fault));
        if removed.is_ok() {
            self.forget(id);
        }
        removed
    }

    fn bury(&self, id: MessageId, attempts: Attempts) -> Result<(), OutboxFault> {
        let marks = self.deposit(id).ok_or(OutboxFault::Gone)?.marks;
        self.move_to_dead(id, &attempts, marks)
            .map_err(|fault| disk_fault(id, &fault))?;
        self.forget(id);
        Ok(())
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

/// What a folder of messages says about one, without reading its sound; `None` where it is
/// damaged.
pub(super) fn read_deposit<D: Disk>(
    disk: &D,
    folder: &Path,
    id: MessageId,
) -> io::Result<Option<(Deposit, Attempts)>> {
    let path = folder.join(id.to_string());
    let start = disk.read(&path, 0, START)?;
    let tail = disk.size(&path)?.saturating_sub(block::END_BLOCK);
    let last = disk.read(&path, tail, block::END_BLOCK)?;
    let parts = block::first_envelope(id, &start).zip(block::last_facts(id, &last));
    let note = disk
        .read(&layout::note(folder, id), 0, START)
        .unwrap_or_default();
    let (attempts, marks) = stored::parse_note(&note);
    Ok(parts.map(|(envelope, facts)| {
        let deposit = Deposit {
            id,
            envelope,
            facts,
            marks,
        };
        (deposit, attempts)
    }))
}

/// Writes a note under another name, then gives it its own: it is never half there. Its name is
/// on disk only after the folder is synced.
pub(super) fn write_note<D: Disk>(
    disk: &D,
    folder: &Path,
    id: MessageId,
    attempts: &Attempts,
    marks: Marks,
) -> io::Result<()> {
    let half = layout::half_note(folder, id);
    remove_if_there(disk, &half)?;
    let mut file = disk.create(&half)?;
    disk.append(&mut file, &stored::print_note(attempts, marks))?;
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
