//! The delivery thread: from the outbox to the courier, with the retry clock.

use super::StartFault;
use super::retry::{Rounds, retry_after};
use super::vocabulary::{Courier, Errand, Fault, Receipt, Retry};
use crate::base::{MessageId, Mono, Timestamp};
use crate::mailbox::{Attempts, Deposit, Leg, Outbox, OutboxFault};
use crate::subscriber::Roster;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often the outbox folder is looked at for what an operator put back.
const REFRESH_EVERY: Duration = Duration::from_secs(1);

/// Counters since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Messages that reached their mailbox.
    pub delivered: u64,
    /// Of those: they had been there already.
    pub again: u64,
    /// Messages their owner removed before they were delivered.
    pub withdrawn: u64,
    /// Deliveries that failed.
    pub failed: u64,
    /// Messages that became dead letters.
    pub dead: u64,
}

#[derive(Debug, Default)]
struct Counters {
    delivered: AtomicU64,
    again: AtomicU64,
    withdrawn: AtomicU64,
    failed: AtomicU64,
    dead: AtomicU64,
}

/// A running delivery thread.
pub struct Deliverer {
    outbox: Arc<dyn Outbox>,
    stopping: Arc<AtomicBool>,
    counters: Arc<Counters>,
    thread: Option<JoinHandle<()>>,
}

impl Deliverer {
    /// Starts delivering what waits in the outbox.
    pub fn start(
        courier: Box<dyn Courier>,
        outbox: Arc<dyn Outbox>,
        roster: Arc<Roster>,
    ) -> Result<Deliverer, StartFault> {
        let stopping = Arc::new(AtomicBool::new(false));
        let counters = Arc::new(Counters::default());
        let mut work = Work {
            courier,
            outbox: Arc::clone(&outbox),
            roster,
            rounds: Rounds::default(),
            start: Instant::now(),
            stopping: Arc::clone(&stopping),
            counters: Arc::clone(&counters),
        };
        let thread = thread::Builder::new().name("deliver".into());
        let thread = thread.spawn(move || work.run()).map_err(StartFault)?;
        Ok(Deliverer {
            outbox,
            stopping,
            counters,
            thread: Some(thread),
        })
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

    /// Delivers what is due now, once, and ends the thread.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stopping.store(true, Ordering::Release);
        self.outbox.wake();
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the delivery thread ended by a bug");
        }
    }
}

impl Drop for Deliverer {
    fn drop(&mut self) {
        self.end();
    }
}

/// The state of the thread.
struct Work {
    courier: Box<dyn Courier>,
    outbox: Arc<dyn Outbox>,
    roster: Arc<Roster>,
    rounds: Rounds,
    start: Instant,
    stopping: Arc<AtomicBool>,
    counters: Arc<Counters>,
}

impl Work {
    fn run(&mut self) {
        let mut seen = 0;
        let mut refresh_at = Mono::ZERO;
        loop {
            let stopping = self.stopping.load(Ordering::Acquire);
            if refresh_at <= self.now() {
                // A fault is logged where it happens and the index is as good as before.
                let _unread = self.outbox.refresh();
                refresh_at = self.now() + REFRESH_EVERY;
            }
            self.take_in();
            while let Some(id) = self.rounds.next(self.now()) {
                self.handle(id);
                if refresh_at <= self.now() && !stopping {
                    break;
                }
            }
            if stopping {
                return;
            }
            let due = self
                .rounds
                .poll_timeout()
                .unwrap_or(refresh_at)
                .min(refresh_at);
            seen = self.outbox.wait(seen, due - self.now());
        }
    }

    /// Brings the rounds in step with the outbox.
    fn take_in(&mut self) {
        let waiting = self.outbox.waiting();
        let now = self.now();
        for &id in &waiting {
            let attempts = self.outbox.attempts(id);
            if self.rounds.knows(id) {
                if attempts.failed == 0 {
                    self.rounds.forgive(id, now);
                }
            } else if let Some(deposit) = self.outbox.deposit(id) {
                let due = now + remaining(&attempts, id, Timestamp::now());
                self.rounds.add(id, deposit.mailbox(), attempts.failed, due);
            }
        }
        for id in self.rounds.all() {
            if waiting.binary_search(&id).is_err() {
                self.rounds.done(id);
            }
        }
    }

    fn handle(&mut self, id: MessageId) {
        match self.deliver(id) {
            Ok(receipt) => self.delivered(id, &receipt),
            Err(fault) => self.failed(id, &fault),
        }
    }

    fn deliver(&self, id: MessageId) -> Result<Receipt, Fault> {
        let outbox = &*self.outbox;
        let sound = match outbox.octets(id) {
            Ok(sound) => sound,
            Err(OutboxFault::Gone) => return Ok(Receipt::Withdrawn),
            Err(fault @ OutboxFault::Damaged) => return Err(Fault::ours(fault.to_string())),
            Err(fault @ OutboxFault::Disk) => return Err(Fault::operator(fault.to_string())),
        };
        let Some(deposit) = outbox.deposit(id) else {
            return Ok(Receipt::Withdrawn);
        };
        let marks = || outbox.deposit(id).map(|d: Deposit| d.marks);
        let Some(owner) = self.roster.by_mailbox(deposit.mailbox()) else {
            let mailbox = deposit.mailbox();
            return Err(Fault::operator(format!(
                "mailbox {mailbox} has no subscriber any more"
            )));
        };
        self.courier.deliver(&Errand {
            deposit: &deposit,
            sound: &sound,
            leg: &Leg::Store,
            owner,
            marks: &marks,
        })
    }

    fn delivered(&mut self, id: MessageId, receipt: &Receipt) {
        if let Err(fault) = self.outbox.remove(id) {
            // The next try finds it delivered.
            let fault = Fault::operator(format!("delivered, but still in the outbox: {fault}"));
            self.failed(id, &fault);
            return;
        }
        self.rounds.done(id);
        let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
        match receipt {
            Receipt::Delivered(place) => {
                tracing::info!(message = %id, place, "delivered");
                count(&self.counters.delivered);
            }
            Receipt::Again(place) => {
                tracing::info!(message = %id, place, "was delivered already");
                count(&self.counters.delivered);
                count(&self.counters.again);
            }
            Receipt::Withdrawn => {
                tracing::info!(message = %id, "removed by its owner before delivery");
                count(&self.counters.withdrawn);
            }
        }
    }

    fn failed(&mut self, id: MessageId, fault: &Fault) {
        self.counters.failed.fetch_add(1, Ordering::Relaxed);
        let (failed, wait) = self.rounds.failed(id, self.now());
        let wait = wait.filter(|_| fault.retry == Retry::Later);
        let next = wait.and_then(|wait| Timestamp::now().checked_add(wait).ok());
        let attempts = Attempts {
            failed,
            next,
            last_error: Some(fault.what.clone()),
        };
        let Some(wait) = wait else {
            self.bury(id, attempts);
            return;
        };
        tracing::warn!(message = %id, failed, ?wait, blame = ?fault.blame, what = %fault.what, "not delivered");
        if let Err(fault) = self.outbox.note(id, attempts) {
            tracing::warn!(message = %id, %fault, "the failure could not be written down");
        }
    }

    fn bury(&mut self, id: MessageId, attempts: Attempts) {
        let what = attempts.last_error.clone().unwrap_or_default();
        match self.outbox.bury(id, attempts) {
            Ok(()) | Err(OutboxFault::Gone) => {
                tracing::error!(message = %id, what, "a message is a dead letter now");
                self.counters.dead.fetch_add(1, Ordering::Relaxed);
                self.rounds.done(id);
            }
            Err(fault) => tracing::error!(message = %id, %fault, "it cannot be put away"),
        }
    }

    fn now(&self) -> Mono {
        Mono::since_start(self.start.elapsed())
    }
}

/// How long a message still has to wait after a restart; never longer than its own retry wait,
/// whatever the wall clock did meanwhile.
fn remaining(attempts: &Attempts, id: MessageId, wall: Timestamp) -> Duration {
    let Some(next) = attempts.next else {
        return Duration::ZERO;
    };
    let left = Duration::try_from(next.duration_since(wall)).unwrap_or_default();
    left.min(retry_after(attempts.failed, id).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stepped_clock_never_keeps_a_message_waiting_longer_than_its_turn() {
        let id = MessageId(uuid::Uuid::from_u128(1));
        let wall: Timestamp = "2026-11-22T09:30:00Z".parse().unwrap();
        let after = |seconds: i64| Attempts {
            failed: 3,
            next: Some(Timestamp::from_second(wall.as_second() + seconds).unwrap()),
            last_error: None,
        };
        assert_eq!(remaining(&after(20), id, wall), Duration::from_secs(20));
        assert_eq!(remaining(&after(-20), id, wall), Duration::ZERO);
        assert_eq!(
            remaining(&after(315_360_000), id, wall),
            Duration::from_mins(1)
        );
        assert_eq!(remaining(&Attempts::default(), id, wall), Duration::ZERO);
    }
}
