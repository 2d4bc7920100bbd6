//! An outbox in memory, for the tests of delivery.

use crate::base::{MailboxId, MessageId};
use crate::mailbox::{Attempts, Deposit, Fate, Leg, Letter, Marks, Outbox, OutboxFault, Standing};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// An outbox in memory.
#[derive(Default)]
pub(in crate::deliver) struct Fake {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
pub(in crate::deliver) struct State {
    waiting: BTreeMap<MessageId, Entry>,
    pub(in crate::deliver) dead: BTreeMap<MessageId, Entry>,
    told: BTreeSet<MessageId>,
    retried: Vec<MessageId>,
    dropped: Vec<(MessageId, MailboxId)>,
    news: u64,
    /// Ends of legs fail this many times.
    pub(in crate::deliver) stuck: u32,
}

#[derive(Clone, Debug)]
pub(in crate::deliver) struct Entry {
    deposit: Deposit,
    pub(in crate::deliver) fates: BTreeMap<Leg, Fate>,
    withdrawn: bool,
}

impl Entry {
    fn waits_for_owner(&self) -> bool {
        !self.withdrawn && self.fates.get(&Leg::Store) != Some(&Fate::Done)
    }
}

impl Fake {
    pub(in crate::deliver) fn with(deposits: impl IntoIterator<Item = Deposit>) -> Arc<Fake> {
        let fake = Fake::default();
        deposits.into_iter().for_each(|deposit| fake.put(deposit));
        Arc::new(fake)
    }

    /// A message comes in.
    pub(in crate::deliver) fn put(&self, deposit: Deposit) {
        let entry = Entry {
            deposit,
            fates: BTreeMap::new(),
            withdrawn: false,
        };
        self.state().waiting.insert(entry.deposit.id, entry);
        self.wake();
    }

    /// Every leg of a message has arrived.
    pub(in crate::deliver) fn arrived(&self, id: MessageId) {
        self.state().waiting.remove(&id).unwrap();
    }

    /// An operator retries a message.
    pub(in crate::deliver) fn retry(&self, id: MessageId) {
        let mut state = self.state();
        if let Some(dead) = state.dead.remove(&id) {
            state.waiting.insert(id, dead);
        }
        let entry = state.waiting.get_mut(&id).unwrap();
        entry.fates.retain(|_, fate| *fate == Fate::Done);
        state.retried.push(id);
        drop(state);
        self.wake();
    }

    /// An operator drops a message.
    pub(in crate::deliver) fn drop_message(&self, id: MessageId) {
        let mut state = self.state();
        match state.dead.remove(&id) {
            Some(dead) => state.dropped.push((id, dead.deposit.mailbox().clone())),
            None => drop(state.waiting.remove(&id).unwrap()),
        }
        drop(state);
        self.wake();
    }

    pub(in crate::deliver) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn end(
        &self,
        id: MessageId,
        of: &[Leg],
        end: impl FnOnce(&mut Entry) -> Result<(), OutboxFault>,
    ) -> Result<Standing, OutboxFault> {
        let mut state = self.state();
        if state.stuck > 0 {
            state.stuck -= 1;
            return Err(OutboxFault::Disk);
        }
        let entry = state.waiting.get_mut(&id).ok_or(OutboxFault::Gone)?;
        end(entry)?;
        let standing = Standing::of(of, &entry.fates, entry.withdrawn);
        let entry = entry.clone();
        if standing != Standing::Waiting {
            state.waiting.remove(&id);
        }
        if standing == Standing::Dead {
            state.dead.insert(id, entry);
        }
        Ok(standing)
    }

    fn change(&self, id: MessageId, change: impl FnOnce(&mut Entry)) -> Result<(), OutboxFault> {
        let mut state = self.state();
        let entry = state.waiting.get_mut(&id).ok_or(OutboxFault::Gone)?;
        change(entry);
        Ok(())
    }

    /// A message comes in.
    pub(in crate::deliver) fn add(&self, deposit: &Deposit) {
        self.put(deposit.clone());
    }
}

impl Outbox for Fake {
    fn waiting(&self) -> Vec<MessageId> {
        self.state().waiting.keys().copied().collect()
    }

    fn waiting_for(&self, mailbox: &MailboxId) -> Vec<Deposit> {
        let state = self.state();
        let all = state
            .waiting
            .values()
            .filter(|entry| entry.waits_for_owner());
        let all = all.map(|entry| entry.deposit.clone());
        all.filter(|d| d.mailbox() == mailbox).collect()
    }

    fn deposit(&self, id: MessageId) -> Option<Deposit> {
        let state = self.state();
        let entry = state.waiting.get(&id);
        entry
            .filter(|entry| entry.waits_for_owner())
            .map(|entry| entry.deposit.clone())
    }

    fn outgoing(&self, id: MessageId) -> Option<Deposit> {
        let state = self.state();
        state.waiting.get(&id).map(|entry| entry.deposit.clone())
    }

    fn octets(&self, id: MessageId) -> Result<Vec<u8>, OutboxFault> {
        match self.outgoing(id).map(|d| d.envelope.call_id) {
            None => Err(OutboxFault::Gone),
            Some(call) if call == "damaged" => Err(OutboxFault::Damaged),
            Some(_) => Ok(super::sound()),
        }
    }

    fn fate(&self, id: MessageId, leg: &Leg) -> Fate {
        let state = self.state();
        let fate = state.waiting.get(&id).and_then(|e| e.fates.get(leg));
        fate.cloned().unwrap_or_default()
    }

    fn note(&self, id: MessageId, leg: &Leg, attempts: Attempts) -> Result<(), OutboxFault> {
        self.change(id, |entry| {
            entry.fates.insert(leg.clone(), Fate::Waiting(attempts));
        })
    }

    fn finish(
        &self,
        id: MessageId,
        leg: &Leg,
        of: &[Leg],
        marks: Option<Marks>,
    ) -> Result<Standing, OutboxFault> {
        self.end(id, of, |entry| {
            let known = (!entry.withdrawn).then_some(entry.deposit.marks);
            if *leg == Leg::Store && known != marks {
                return Err(OutboxFault::Changed);
            }
            entry.fates.insert(leg.clone(), Fate::Done);
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
        self.end(id, of, |entry| {
            entry.fates.insert(leg.clone(), Fate::GivenUp(attempts));
            Ok(())
        })
    }

    fn settle(&self, id: MessageId, of: &[Leg]) -> Result<Standing, OutboxFault> {
        self.end(id, of, |_| Ok(()))
    }

    fn mark(&self, id: MessageId, marks: Marks) -> Result<(), OutboxFault> {
        self.deposit(id).ok_or(OutboxFault::Gone)?;
        self.change(id, |entry| entry.deposit.marks = marks)
    }

    fn withdraw(&self, id: MessageId) -> Result<(), OutboxFault> {
        self.deposit(id).ok_or(OutboxFault::Gone)?;
        self.change(id, |entry| entry.withdrawn = true)
    }

    fn untold(&self) -> Result<Vec<Letter>, OutboxFault> {
        let state = self.state();
        let untold = state.dead.iter().filter(|(id, _)| !state.told.contains(id));
        let letter = |(id, entry): (&MessageId, &Entry)| Letter {
            id: *id,
            deposit: Some(entry.deposit.clone()),
            fates: entry.fates.clone(),
        };
        Ok(untold.map(letter).collect())
    }

    fn told(&self, id: MessageId) -> Result<(), OutboxFault> {
        self.state().told.insert(id);
        Ok(())
    }

    fn refresh(&self) -> Result<(), OutboxFault> {
        Ok(())
    }

    fn retried(&self) -> Vec<MessageId> {
        std::mem::take(&mut self.state().retried)
    }

    fn dropped(&self) -> Vec<(MessageId, MailboxId)> {
        std::mem::take(&mut self.state().dropped)
    }

    fn wait(&self, seen: u64, patience: Duration) -> u64 {
        let state = self.state();
        let waited = self
            .changed
            .wait_timeout_while(state, patience, |state| state.news == seen);
        waited.unwrap().0.news
    }

    fn wake(&self) {
        self.state().news += 1;
        self.changed.notify_all();
    }
}
