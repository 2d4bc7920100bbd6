//! Delivery: from the outbox to the couriers, on one scheduling thread and a few workers.

use super::couriers::Couriers;
use super::schedule::{Common, Schedule};
use crate::base::{MailboxId, MessageId};
use crate::deliver::StartFault;
use crate::mailbox::{Ledger, Outbox};
use crate::subscriber::Roster;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Counters since the start. A message counts once for each of its ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Messages that arrived.
    pub delivered: u64,
    /// Of those: they had been there already.
    pub again: u64,
    /// Messages their owner removed before they were delivered.
    pub withdrawn: u64,
    /// Deliveries that failed.
    pub failed: u64,
    /// Messages that became dead letters; each once.
    pub dead: u64,
}

/// Something that happened to a message or mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message is in its mailbox now, and no longer waits for its owner in the outbox.
    Stored(MailboxId, MessageId),
    /// A mailbox takes no more; messages to it wait.
    Full(MailboxId),
    /// A mailbox that was full takes messages again, or is not known to be full any more.
    NotFull(MailboxId),
    /// A message is a dead letter: it waits for its owner no more.
    Dead(MailboxId, MessageId),
    /// An operator dropped a message that waited.
    Dropped(MailboxId, MessageId),
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) delivered: AtomicU64,
    pub(super) again: AtomicU64,
    pub(super) withdrawn: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) dead: AtomicU64,
}

impl Counters {
    pub(super) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Running delivery.
pub struct Deliverer {
    outbox: Arc<dyn Outbox>,
    stopping: Arc<AtomicBool>,
    counters: Arc<Counters>,
    full: Arc<Mutex<BTreeSet<MailboxId>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Deliverer {
    /// Starts delivering what waits in the outbox. What happens is told to `events` on the
    /// scheduling thread: it must not block.
    pub fn start(
        couriers: Couriers,
        outbox: Arc<dyn Outbox>,
        roster: Arc<Roster>,
        ledger: Arc<dyn Ledger>,
        events: impl Fn(Event) + Send + Sync + 'static,
    ) -> Result<Deliverer, StartFault> {
        let workers = couriers.present_bounds().workers.max(1);
        let common = Common {
            couriers: Arc::new(couriers),
            outbox: Arc::clone(&outbox),
            roster,
            ledger,
            events: Arc::new(events),
            counters: Arc::default(),
            full: Arc::default(),
            stopping: Arc::default(),
            wakes: Arc::default(),
        };
        let mut deliverer = Deliverer {
            outbox,
            stopping: Arc::clone(&common.stopping),
            counters: Arc::clone(&common.counters),
            full: Arc::clone(&common.full),
            threads: Vec::with_capacity(workers + 1),
        };
        deliverer.spawn(workers, common)?;
        Ok(deliverer)
    }

    /// The workers end when the scheduling thread has, which holds the far end of their queue.
    fn spawn(&mut self, workers: usize, common: Common) -> Result<(), StartFault> {
        let ((ask, jobs), (report, reports)) = (channel(), channel());
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..workers {
            let (common, jobs, report) = (common.clone(), Arc::clone(&jobs), report.clone());
            let thread = thread::Builder::new().name("courier".into());
            let thread = thread.spawn(move || common.work(&jobs, &report));
            self.threads.push(thread.map_err(StartFault)?);
        }
        let schedule = Schedule::new(common, ask, reports);
        let thread = thread::Builder::new().name("deliver".into());
        let thread = thread.spawn(move || schedule.run());
        self.threads.push(thread.map_err(StartFault)?);
        Ok(())
    }

    /// What was done so far.
    pub fn statistics(&self) -> Statistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
            delivered: read(&self.counters.delivered),
            again: read(&self.counters.again),
            withdrawn: read(&self.counters.withdrawn),
            failed: read(&self.counters.failed),
            dead: read(&self.counters.dead),
        }
    }

    /// Whether a mailbox refused its last message because it is full, so that a caller can be
    /// told before the tone.
    pub fn is_full(&self, mailbox: &MailboxId) -> bool {
        let full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        full.contains(mailbox)
    }

    /// Delivers what is due now, once, and ends the threads. It waits for what is under way, which
    /// takes as long as the couriers' time-outs at most.
    pub fn stop(mut self) {
        self.end();
    }

    pub(super) fn end(&mut self) {
        self.stopping.store(true, Ordering::Release);
        self.outbox.wake();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a delivery thread ended by a bug");
            }
        }
    }
}

impl Drop for Deliverer {
    fn drop(&mut self) {
        self.end();
    }
}
