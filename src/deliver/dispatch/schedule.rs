//! The scheduling thread: keeps the rounds in step with the outbox, hands errands to the workers
//! and takes down what came of them.

use super::couriers::{self, Couriers};
use super::deliverer::{Counters, Event};
use super::errands::{Arrival, Outcome, Runner};
use super::lanes::Setback;
use super::notices::{Board, Notice};
use super::retry::retry_after;
use super::rounds::{Lapse, Rounds, Trip};
use crate::base::{MailboxId, MessageId, Mono, Timestamp};
use crate::deliver::vocabulary::{Fault, Receipt, Retry};
use crate::mailbox::{Attempts, Deposit, Fate, Ledger, Leg, Outbox, OutboxFault, Standing, Step};
use crate::subscriber::{Profile, Roster};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often the outbox folder is looked at for what an operator changed.
const REFRESH_EVERY: Duration = Duration::from_secs(1);

/// How long after the word to stop errands still begin.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// What a worker is asked.
pub(super) enum Job {
    /// Make a trip; what arrived before is only written down.
    Trip(Trip, Option<Arrival>),
    /// Tell somebody.
    Notice(Notice),
}

/// What a worker answers.
pub(super) enum Report {
    /// How a trip ended.
    Trip(Trip, Outcome),
    /// Whether somebody was told.
    Notice(Notice, Result<(), Fault>),
}

/// What the threads share.
#[derive(Clone)]
pub(super) struct Common {
    pub(super) couriers: Arc<Couriers>,
    pub(super) outbox: Arc<dyn Outbox>,
    pub(super) roster: Arc<Roster>,
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) events: Arc<dyn Fn(Event) + Send + Sync>,
    pub(super) counters: Arc<Counters>,
    /// Mailboxes whose store says that they are full.
    pub(super) full: Arc<Mutex<BTreeSet<MailboxId>>>,
    pub(super) stopping: Arc<AtomicBool>,
    /// How often workers woke the scheduler up: the outbox counts that as news.
    pub(super) wakes: Arc<AtomicU64>,
}

impl Common {
    /// What a worker does until there are no more jobs.
    pub(super) fn work(&self, jobs: &Mutex<Receiver<Job>>, reports: &Sender<Report>) {
        let runner = Runner {
            couriers: Arc::clone(&self.couriers),
            outbox: Arc::clone(&self.outbox),
            roster: Arc::clone(&self.roster),
        };
        loop {
            let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let report = match job {
                Ok(Job::Trip(trip, arrived)) => {
                    let outcome = runner.run(&trip, arrived);
                    Report::Trip(trip, outcome)
                }
                Ok(Job::Notice(notice)) => {
                    let told = self.notify(&notice);
                    Report::Notice(notice, told)
                }
                Err(_) => return,
            };
            if reports.send(report).is_err() {
                return;
            }
            self.wakes.fetch_add(1, Ordering::AcqRel);
            self.outbox.wake();
        }
    }

    fn notify(&self, notice: &Notice) -> Result<(), Fault> {
        let Some(notify) = self.couriers.notifier() else {
            return Ok(());
        };
        let told = catch_unwind(AssertUnwindSafe(|| notify.notify(notice)));
        told.unwrap_or_else(|_| Err(Fault::later("the notice ended by a bug of ours".into())))
    }
}

/// The state of the scheduling thread.
pub(super) struct Schedule {
    common: Common,
    jobs: Sender<Job>,
    reports: Receiver<Report>,
    rounds: Rounds,
    board: Board,
    /// What arrived but could not be written down.
    arrived: BTreeMap<(MessageId, Leg), Arrival>,
    start: Instant,
    refresh_at: Mono,
    /// The outbox's count of news, our own left out, when it was last looked through.
    looked: Option<u64>,
    /// What was due then is still delivered, nothing later.
    stop_at: Option<Mono>,
}

impl Schedule {
    pub(super) fn new(common: Common, jobs: Sender<Job>, reports: Receiver<Report>) -> Schedule {
        let rounds = Rounds::new(common.couriers.present_bounds());
        Schedule {
            common,
            jobs,
            reports,
            rounds,
            board: Board::default(),
            arrived: BTreeMap::new(),
            start: Instant::now(),
            refresh_at: Mono::ZERO,
            looked: None,
            stop_at: None,
        }
    }

    /// Runs until it is told to stop and nothing is under way.
    pub(super) fn run(mut self) {
        let mut seen = 0;
        loop {
            let stopping = self.common.stopping.load(Ordering::Acquire);
            while let Ok(report) = self.reports.try_recv() {
                self.take_down(report);
            }
            self.look(seen);
            if stopping {
                let now = self.now();
                self.stop_at.get_or_insert(now);
            }
            self.lapse();
            self.hand_out();
            if stopping && self.rounds.flying() == 0 && !self.board.is_busy() {
                return;
            }
            let patience = self.wakes_at() - self.now();
            seen = self.common.outbox.wait(seen, patience);
        }
    }

    fn now(&self) -> Mono {
        Mono::since_start(self.start.elapsed())
    }

    fn wakes_at(&self) -> Mono {
        let notices = self.common.couriers.notifier().is_some() && self.stop_at.is_none();
        let sweep = notices.then(|| self.board.poll_timeout());
        let next = self
            .rounds
            .poll_timeout()
            .filter(|_| self.stop_at.is_none());
        let all = next.into_iter().chain(sweep).min();
        all.unwrap_or(self.refresh_at).min(self.refresh_at)
    }

    /// Looks at the disk once a second, and through the outbox when anything changed there.
    fn look(&mut self, seen: u64) {
        if self.refresh_at <= self.now() {
            // A fault is logged where it happens and the index is as good as before.
            let _unread = self.common.outbox.refresh();
            self.refresh_at = self.now() + REFRESH_EVERY;
            self.looked = None;
        }
        let wakes = self.common.wakes.load(Ordering::Acquire);
        let news = seen.wrapping_sub(wakes);
        if self.looked != Some(news) {
            self.looked = Some(news);
            self.take_in();
        }
        let now = self.now();
        if self.common.couriers.notifier().is_some() && self.board.sweep_due(now) {
            self.sweep(now);
        }
    }

    /// Brings the rounds in step with the outbox.
    fn take_in(&mut self) {
        let waiting = self.common.outbox.waiting();
        for &id in &waiting {
            if !self.rounds.knows(id) {
                self.admit(id);
            }
        }
        for id in self.common.outbox.retried() {
            if let Some(deposit) = self.admit(id) {
                let now = self.now();
                self.rounds.retry(id, now);
                self.step(deposit.mailbox(), id, Step::Retried);
            }
        }
        for (id, mailbox) in self.common.outbox.dropped() {
            tracing::warn!(message = %id, "a dead letter was dropped by an operator");
            self.step(&mailbox, id, Step::Dropped);
        }
        for id in self.rounds.all() {
            if waiting.binary_search(&id).is_err() {
                self.dropped(id);
            }
        }
    }

    /// Takes in the ways of a message that are still to be gone; `None` when it is not there.
    fn admit(&mut self, id: MessageId) -> Option<Deposit> {
        let deposit = self.common.outbox.outgoing(id)?;
        let owner = self.owner(deposit.mailbox());
        let legs = couriers::legs(owner.as_deref());
        let (now, wall) = (self.now(), Timestamp::now());
        for leg in &legs {
            if let Fate::Waiting(attempts) = self.common.outbox.fate(id, leg) {
                let target = couriers::target(leg, owner.as_deref());
                let due = now + remaining(&attempts, id, wall);
                let mailbox = deposit.mailbox();
                self.rounds
                    .add(&target, mailbox, id, leg, attempts.failed, due);
            }
        }
        if !self.rounds.knows(id)
            && let Ok(standing) = self.common.outbox.settle(id, &legs)
        {
            self.settled(id, deposit.mailbox(), standing);
        }
        Some(deposit)
    }

    /// A message is gone from the outbox, and not by us.
    fn dropped(&mut self, id: MessageId) {
        if let Some(mailbox) = self.rounds.forget(id) {
            self.gone(&mailbox, id);
        }
    }

    /// A message was dropped. What of it is still under way tells when it is back.
    fn gone(&mut self, mailbox: &MailboxId, id: MessageId) {
        if self.rounds.knows(id) {
            return;
        }
        self.arrived.retain(|(each, _), _| *each != id);
        tracing::warn!(message = %id, "dropped by an operator");
        self.step(mailbox, id, Step::Dropped);
        self.not_known_full(mailbox, &Leg::Store);
        self.tell(Event::Dropped(mailbox.clone(), id));
    }

    fn lapse(&mut self) {
        let now = self.now();
        while let Some(lapse) = self.rounds.lapse(now) {
            self.lapsed(lapse);
        }
    }

    /// Nothing was tried; what was known of the last failure stays.
    fn lapsed(&mut self, lapse: Lapse) {
        let Lapse {
            id,
            leg,
            target,
            setback,
        } = lapse;
        let before = self.common.outbox.fate(id, &leg).attempts();
        let waits = format!("it waits for {target}, or behind an earlier message");
        let attempts = Attempts {
            failed: setback.failed,
            next: None,
            last_error: before.last_error.or(Some(waits)),
        };
        let Some(deposit) = self.common.outbox.outgoing(id) else {
            return;
        };
        self.write_down(id, deposit.mailbox(), &leg, setback, attempts);
    }

    fn hand_out(&mut self) {
        let now = self.now();
        let over = self.stop_at.is_some_and(|at| at + STOP_PATIENCE < now);
        let until = self.stop_at.unwrap_or(now).min(now);
        while !over && let Some(trip) = self.rounds.next(until) {
            let (leg, number) = (trip.leg.clone(), trip.number);
            self.step(&trip.mailbox, trip.id, Step::Attempt { leg, number });
            let arrived = self.arrived.remove(&(trip.id, trip.leg.clone()));
            self.ask(Job::Trip(trip, arrived));
        }
        if self.stop_at.is_none()
            && let Some(notice) = self.board.next()
        {
            self.ask(Job::Notice(notice));
        }
    }

    fn ask(&self, job: Job) {
        // Workers end only after us.
        let _taken = self.jobs.send(job);
    }

    fn take_down(&mut self, report: Report) {
        match report {
            Report::Trip(trip, Outcome::Arrived(receipt, standing)) => {
                self.arrived(&trip, receipt, standing);
            }
            Report::Trip(trip, Outcome::Unwritten(arrival, fault)) => {
                self.arrived.insert((trip.id, trip.leg.clone()), arrival);
                self.failed(&trip, &fault);
            }
            Report::Trip(trip, Outcome::Failed(fault)) => self.failed(&trip, &fault),
            Report::Trip(trip, Outcome::Vanished) => {
                let now = self.now();
                self.rounds.vanished(trip.id, &trip.leg, now);
                self.rounds.forget(trip.id);
                self.gone(&trip.mailbox, trip.id);
            }
            Report::Notice(notice, told) => self.noticed(&notice, told),
        }
    }

    fn arrived(&mut self, trip: &Trip, receipt: Receipt, standing: Standing) {
        let now = self.now();
        self.rounds.done(trip.id, &trip.leg, now);
        let (message, leg) = (trip.id, couriers::kind(&trip.leg));
        let counters = &self.common.counters;
        let reply = match receipt {
            Receipt::Delivered(place) => {
                tracing::info!(%message, leg, place, "delivered");
                Counters::count(&counters.delivered);
                Some(place)
            }
            Receipt::Again(place) => {
                tracing::info!(%message, leg, place, "was delivered already");
                Counters::count(&counters.delivered);
                Counters::count(&counters.again);
                Some(place)
            }
            Receipt::Withdrawn => {
                tracing::info!(%message, leg, "removed by its owner before delivery");
                Counters::count(&counters.withdrawn);
                None
            }
        };
        self.not_known_full(&trip.mailbox, &trip.leg);
        if let Some(reply) = reply {
            let leg = trip.leg.clone();
            self.step(&trip.mailbox, trip.id, Step::Accepted { leg, reply });
            if trip.leg == Leg::Store {
                self.tell(Event::Stored(trip.mailbox.clone(), trip.id));
            }
        }
        self.settled(trip.id, &trip.mailbox, standing);
    }

    fn failed(&mut self, trip: &Trip, fault: &Fault) {
        let now = self.now();
        Counters::count(&self.common.counters.failed);
        let Some(setback) = self.rounds.failed(trip.id, &trip.leg, fault, now) else {
            return self.gone(&trip.mailbox, trip.id);
        };
        let next = setback.wait;
        let next = next.and_then(|wait| Timestamp::now().checked_add(wait).ok());
        let (leg, what) = (trip.leg.clone(), fault.what.clone());
        self.step(&trip.mailbox, trip.id, Step::Failed { leg, what, next });
        tracing::warn!(message = %trip.id, leg = couriers::kind(&trip.leg), target = %trip.target,
            failed = setback.failed, wait = ?setback.wait, blame = ?fault.blame,
            what = %fault.what, "not delivered");
        let attempts = Attempts {
            failed: setback.failed,
            next,
            last_error: Some(fault.what.clone()),
        };
        self.write_down(trip.id, &trip.mailbox, &trip.leg, setback, attempts);
        if fault.retry == Retry::WhenEmptier && trip.leg.is_primary() {
            self.is_full(trip, &fault.what);
        }
    }

    /// A way of a message failed: that is noted, or it is given up.
    fn write_down(
        &mut self,
        id: MessageId,
        mailbox: &MailboxId,
        leg: &Leg,
        setback: Setback,
        attempts: Attempts,
    ) {
        if setback.wait.is_some() {
            match self.common.outbox.note(id, leg, attempts) {
                Ok(()) | Err(OutboxFault::Gone) => {}
                Err(fault) => {
                    tracing::warn!(message = %id, %fault, "the failure could not be written down");
                }
            }
            return;
        }
        let legs = couriers::legs(self.owner(mailbox).as_deref());
        match self.common.outbox.give_up(id, leg, &legs, attempts) {
            Ok(standing) => {
                tracing::warn!(message = %id, leg = couriers::kind(leg), "given up");
                self.rounds.remove(id, leg);
                self.not_known_full(mailbox, leg);
                self.settled(id, mailbox, standing);
            }
            // The next look finds that it was dropped.
            Err(OutboxFault::Gone) => {}
            Err(fault) => tracing::error!(message = %id, %fault, "it cannot be put away"),
        }
    }

    /// What the end of one of its ways made of a message.
    fn settled(&mut self, id: MessageId, mailbox: &MailboxId, standing: Standing) {
        match standing {
            Standing::Waiting => {}
            Standing::Delivered => drop(self.rounds.forget(id)),
            Standing::Dead => {
                tracing::error!(message = %id, "a message is a dead letter now");
                self.rounds.forget(id);
                Counters::count(&self.common.counters.dead);
                self.step(mailbox, id, Step::Dead);
                self.board.sweep_soon();
                self.tell(Event::Dead(mailbox.clone(), id));
            }
        }
    }

    fn is_full(&mut self, trip: &Trip, what: &str) {
        let now = self.now();
        if let Some(owner) = self.owner(&trip.mailbox) {
            self.board.full(&owner, &trip.leg, what, now);
        }
        if trip.leg == Leg::Store && self.full().insert(trip.mailbox.clone()) {
            self.tell(Event::Full(trip.mailbox.clone()));
        }
    }

    /// A mailbox took a message, or there is none any more that would find out.
    fn not_known_full(&self, mailbox: &MailboxId, leg: &Leg) {
        if *leg == Leg::Store && self.full().remove(mailbox) {
            self.tell(Event::NotFull(mailbox.clone()));
        }
    }

    fn full(&self) -> MutexGuard<'_, BTreeSet<MailboxId>> {
        let full = self.common.full.lock();
        full.unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for dead letters that nobody was told of.
    fn sweep(&mut self, now: Mono) {
        self.write_told();
        for letter in self.common.outbox.untold().unwrap_or_default() {
            let mailbox = letter.deposit.as_ref().map(Deposit::mailbox);
            let owner = mailbox.and_then(|mailbox| self.owner(mailbox));
            self.board.dead(letter, owner, now);
        }
    }

    fn noticed(&mut self, notice: &Notice, told: Result<(), Fault>) {
        match told {
            Err(fault) if fault.retry != Retry::Never => {
                tracing::warn!(what = %fault.what, "somebody cannot be told now what went wrong");
                let now = self.now();
                self.board.failed(notice, now);
            }
            outcome => {
                if let Err(fault) = outcome {
                    tracing::error!(what = %fault.what, "nobody can be told what went wrong");
                }
                self.board.given(notice);
                self.write_told();
            }
        }
    }

    fn write_told(&mut self) {
        let outbox = &self.common.outbox;
        self.board.unwritten.retain(|&id| match outbox.told(id) {
            // Retried or dropped meanwhile.
            Ok(()) | Err(OutboxFault::Gone) => false,
            Err(OutboxFault::Damaged | OutboxFault::Changed | OutboxFault::Disk) => true,
        });
    }

    fn owner(&self, mailbox: &MailboxId) -> Option<Arc<Profile>> {
        self.common.roster.by_mailbox(mailbox).cloned()
    }

    fn step(&self, mailbox: &MailboxId, id: MessageId, step: Step) {
        self.common.ledger.note(mailbox, id, step);
    }

    fn tell(&self, event: Event) {
        (self.common.events)(event);
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
