//! An outbox in memory, for the tests of delivery.

use crate::base::{MailboxId, MessageId};
use crate::mailbox::{Attempts, Deposit, Marks, Outbox, OutboxFault};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// An outbox in memory.
#[derive(Default)]
pub(super) struct Fake {
    waiting: Mutex<BTreeMap<MessageId, (Deposit, Attempts)>>,
    pub(super) dead: Mutex<Vec<(MessageId, Attempts)>>,
    news: Mutex<u64>,
    changed: Condvar,
    /// Removals fail this many times.
    pub(super) stuck: Mutex<u32>,
}

impl Fake {
    pub(super) fn with(deposits: impl IntoIterator<Item = Deposit>) -> Arc<Fake> {
        let fake = Fake::default();
        deposits.into_iter().for_each(|deposit| fake.add(&deposit));
        Arc::new(fake)
    }

    pub(super) fn add(&self, deposit: &Deposit) {
        let entry = (deposit.clone(), Attempts::default());
        self.waiting.lock().unwrap().insert(deposit.id, entry);
    }
}

impl Outbox for Fake {
    fn waiting(&self) -> Vec<MessageId> {
        self.waiting.lock().unwrap().keys().copied().collect()
    }

    fn waiting_for(&self, mailbox: &MailboxId) -> Vec<Deposit> {
        let waiting = self.waiting.lock().unwrap();
        let all = waiting.values().map(|(d, _)| d.clone());
        all.filter(|d| d.mailbox() == mailbox).collect()
    }

    fn deposit(&self, id: MessageId) -> Option<Deposit> {
        self.waiting
            .lock()
            .unwrap()
            .get(&id)
            .map(|(d, _)| d.clone())
    }

    fn octets(&self, id: MessageId) -> Result<Vec<u8>, OutboxFault> {
        match self.deposit(id).map(|d| d.envelope.call_id) {
            None => Err(OutboxFault::Gone),
            Some(call) if call == "damaged" => Err(OutboxFault::Damaged),
            Some(_) => Ok(super::sound()),
        }
    }

    fn attempts(&self, id: MessageId) -> Attempts {
        self.waiting
            .lock()
            .unwrap()
            .get(&id)
            .map(|(_, a)| a.clone())
            .unwrap_or_default()
    }

    fn note(&self, id: MessageId, attempts: Attempts) -> Result<(), OutboxFault> {
        self.waiting
            .lock()
            .unwrap()
            .get_mut(&id)
            .ok_or(OutboxFault::Gone)?
            .1 = attempts;
        Ok(())
    }

    fn mark(&self, id: MessageId, marks: Marks) -> Result<(), OutboxFault> {
        self.waiting
            .lock()
            .unwrap()
            .get_mut(&id)
            .ok_or(OutboxFault::Gone)?
            .0
            .marks = marks;
        Ok(())
    }

    fn remove(&self, id: MessageId) -> Result<(), OutboxFault> {
        let mut stuck = self.stuck.lock().unwrap();
        if *stuck > 0 {
            *stuck -= 1;
            return Err(OutboxFault::Disk);
        }
        self.waiting.lock().unwrap().remove(&id);
        Ok(())
    }

    fn bury(&self, id: MessageId, attempts: Attempts) -> Result<(), OutboxFault> {
        self.waiting
            .lock()
            .unwrap()
            .remove(&id)
            .ok_or(OutboxFault::Gone)?;
        self.dead.lock().unwrap().push((id, attempts));
        Ok(())
    }

    fn refresh(&self) -> Result<(), OutboxFault> {
        Ok(())
    }

    fn wait(&self, seen: u64, patience: Duration) -> u64 {
        let news = self.news.lock().unwrap();
        let waited = self
            .changed
            .wait_timeout_while(news, patience, |n| *n == seen);
        *waited.unwrap().0
    }

    fn wake(&self) {
        *self.news.lock().unwrap() += 1;
        self.changed.notify_all();
    }
}
