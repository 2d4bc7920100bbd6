//! A store in memory that fails, breaks, waits and is watched as a test wants it.

use crate::audio::{Law, WireAudio};
use crate::base::{MailboxId, MessageId};
use crate::deliver::{Change, Fault, Held, Store, Watch};
use crate::mailbox::{self, State};
use crate::subscriber::Profile;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// A store in memory; clones share it.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Inner>);

type Hook = Box<dyn FnMut() + Send>;

#[derive(Default)]
struct Inner {
    state: Mutex<Shelves>,
    changed: Condvar,
    down: AtomicBool,
    broken: AtomicBool,
    watchable: AtomicBool,
    watched: AtomicUsize,
    asked: AtomicUsize,
    meanwhile: Mutex<Option<Hook>>,
}

#[derive(Default)]
struct Shelves {
    boxes: BTreeMap<MailboxId, BTreeMap<MessageId, Held>>,
    /// Mailboxes whose questions wait.
    slow: BTreeSet<MailboxId>,
    version: u64,
}

impl Memory {
    pub(super) fn put(&self, mailbox: &MailboxId, held: Held) {
        self.with(|boxes| {
            let shelf = boxes.entry(mailbox.clone()).or_default();
            shelf.insert(held.summary.id, held);
        });
    }

    pub(super) fn take(&self, mailbox: &MailboxId, id: MessageId) -> Option<Held> {
        self.with(|boxes| boxes.get_mut(mailbox)?.remove(&id))
    }

    pub(super) fn held(&self, mailbox: &MailboxId, id: MessageId) -> Option<Held> {
        self.lock().boxes.get(mailbox)?.get(&id).cloned()
    }

    /// Every question fails from here on, or does not.
    pub(super) fn down(&self, down: bool) {
        self.0.down.store(down, Ordering::SeqCst);
        self.with(|_| ());
    }

    /// Every question panics from here on, or does not.
    pub(super) fn broken(&self, broken: bool) {
        self.0.broken.store(broken, Ordering::SeqCst);
    }

    /// The questions of a mailbox wait from here on, or do not.
    pub(super) fn slow(&self, mailbox: &MailboxId, slow: bool) {
        let mut state = self.lock();
        if slow {
            state.slow.insert(mailbox.clone());
        } else {
            state.slow.remove(mailbox);
        }
        self.0.changed.notify_all();
    }

    pub(super) fn watchable(self) -> Memory {
        self.0.watchable.store(true, Ordering::SeqCst);
        self
    }

    /// How many connections watch now.
    pub(super) fn watched(&self) -> usize {
        self.0.watched.load(Ordering::SeqCst)
    }

    /// How many questions were asked.
    pub(super) fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// This is done before each question, and once more after each listing.
    pub(super) fn while_asked(&self, hook: impl FnMut() + Send + 'static) {
        *self.0.meanwhile.lock().unwrap() = Some(Box::new(hook));
    }

    fn with<T>(
        &self,
        change: impl FnOnce(&mut BTreeMap<MailboxId, BTreeMap<MessageId, Held>>) -> T,
    ) -> T {
        let mut state = self.lock();
        state.version += 1;
        let done = change(&mut state.boxes);
        self.0.changed.notify_all();
        done
    }

    fn lock(&self) -> MutexGuard<'_, Shelves> {
        self.0.state.lock().unwrap()
    }

    fn meanwhile(&self) {
        let hook = self.0.meanwhile.lock().unwrap().take();
        if let Some(mut hook) = hook {
            hook();
            self.0.meanwhile.lock().unwrap().get_or_insert(hook);
        }
    }

    fn ask(&self, mailbox: &MailboxId) -> Result<(), mailbox::Fault> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        self.meanwhile();
        let slow = |state: &mut Shelves| state.slow.contains(mailbox);
        drop(self.0.changed.wait_while(self.lock(), slow).unwrap());
        assert!(!self.0.broken.load(Ordering::SeqCst), "a planted bug");
        if self.0.down.load(Ordering::SeqCst) {
            return Err(mailbox::Fault::Unavailable);
        }
        Ok(())
    }
}

impl Store for Memory {
    fn messages(&self, owner: &Profile) -> Result<Vec<Held>, mailbox::Fault> {
        self.ask(&owner.mailbox)?;
        let state = self.lock();
        let shelf = state.boxes.get(&owner.mailbox);
        let held = shelf
            .into_iter()
            .flat_map(BTreeMap::values)
            .cloned()
            .collect();
        drop(state);
        self.meanwhile();
        Ok(held)
    }

    fn change(&self, owner: &Profile, id: MessageId, change: Change) -> Result<(), mailbox::Fault> {
        self.ask(&owner.mailbox)?;
        self.with(|boxes| {
            let shelf = boxes.get_mut(&owner.mailbox);
            let held = shelf.and_then(|shelf| shelf.get_mut(&id));
            let held = held.ok_or(mailbox::Fault::Gone)?;
            match change {
                Change::Heard => held.summary.state = State::Saved,
                Change::Delete => held.deleted = true,
                Change::Undelete => held.deleted = false,
            }
            Ok(())
        })
    }

    fn expunge(&self, owner: &Profile) -> Result<Vec<MessageId>, mailbox::Fault> {
        self.ask(&owner.mailbox)?;
        self.with(|boxes| {
            let shelf = boxes.entry(owner.mailbox.clone()).or_default();
            let marked = shelf.values().filter(|held| held.deleted);
            let marked: Vec<MessageId> = marked.map(|held| held.summary.id).collect();
            shelf.retain(|_, held| !held.deleted);
            Ok(marked)
        })
    }

    fn audio(&self, owner: &Profile, id: MessageId) -> Result<WireAudio, mailbox::Fault> {
        self.ask(&owner.mailbox)?;
        let held = self.held(&owner.mailbox, id);
        let held = held.ok_or(mailbox::Fault::Gone)?;
        let octets = held.summary.id.0.as_bytes();
        Ok(WireAudio::from_octets(Law::A, octets))
    }

    fn watch(&self, owner: &Profile) -> Result<Option<Box<dyn Watch>>, Fault> {
        if self.0.down.load(Ordering::SeqCst) {
            return Err(Fault::down("the server is gone".into()));
        }
        if !self.0.watchable.load(Ordering::SeqCst) {
            return Ok(None);
        }
        self.0.watched.fetch_add(1, Ordering::SeqCst);
        Ok(Some(Box::new(Watching {
            memory: self.clone(),
            owner: owner.clone(),
            seen: 0,
        })))
    }
}

/// A connection that watches.
struct Watching {
    memory: Memory,
    owner: Profile,
    seen: u64,
}

impl Watch for Watching {
    fn snapshot(&mut self) -> Result<Vec<Held>, Fault> {
        self.seen = self.memory.lock().version;
        let messages = self.memory.messages(&self.owner);
        messages.map_err(|fault| Fault::down(fault.to_string()))
    }

    fn wait(&mut self, stop: &AtomicBool, patience: Duration) -> Result<bool, Fault> {
        let state = self.memory.lock();
        let second = patience.min(Duration::from_secs(1));
        let quiet =
            |state: &mut Shelves| state.version == self.seen && !stop.load(Ordering::SeqCst);
        let waited = self
            .memory
            .0
            .changed
            .wait_timeout_while(state, second, quiet);
        let (state, _) = waited.unwrap();
        if self.memory.0.down.load(Ordering::SeqCst) {
            return Err(Fault::down("the connection is cut".into()));
        }
        Ok(state.version != self.seen)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.memory.0.watched.fetch_sub(1, Ordering::SeqCst);
    }
}
