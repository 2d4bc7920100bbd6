//! Retention: messages that were kept as long as their mailbox keeps messages are removed.
//!
//! Once a minute after the start, then once an hour, in every mailbox with such a limit. Laws:
//! only voice messages that are in a mailbox expire, never other mail and never what waits for
//! delivery; a round removes a bounded number from each; a store that fails has its turn again in
//! the next round; after a step of the wall clock nothing is removed for a day, since ages are not
//! to be trusted.

use super::stores::{Site, Stores};
use super::truth::{Truth, unbroken};
use crate::base::{MailboxId, Mono, Now, Timestamp};
use crate::deliver::StartFault;
use crate::subscriber::{Profile, Roster};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The first round, after the start.
pub(super) const FIRST: Duration = Duration::from_secs(60);

/// From one round to the next.
pub(super) const EVERY: Duration = Duration::from_secs(3_600);

/// How many mailboxes of a site fail in a row until the others there are left to the next round.
const FAILURES_MAX: u32 = 3;

/// A step of the wall clock that is no correction of its drift.
const STEP: i64 = 3_600;

/// How long ages are not trusted after such a step.
const DISTRUST: Duration = Duration::from_secs(86_400);

/// A running retention thread. Dropping it ends it after the mailbox at hand.
pub struct Keeping {
    closing: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Keeping {
    /// Starts the thread. Mailboxes that lost messages are told to `changed` on it, which must
    /// not block.
    pub fn start(
        truth: Arc<Truth>,
        roster: &Roster,
        changed: impl Fn(&MailboxId) + Send + 'static,
    ) -> Result<Keeping, StartFault> {
        let closing: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let sign = Arc::clone(&closing);
        let start = Instant::now();
        let now = move || Now {
            mono: Mono::since_start(start.elapsed()),
            wall: Timestamp::now(),
        };
        let mut keeper = Keeper::new(truth, roster, now());
        let run = move || {
            while !closed_within(&sign, keeper.due - now().mono) {
                let closes = || closed_within(&sign, Duration::ZERO);
                keeper.round(&now, &changed, &closes);
            }
        };
        let thread = thread::Builder::new().name("retention".into());
        let thread = thread.spawn(run).map_err(StartFault)?;
        Ok(Keeping {
            closing,
            thread: Some(thread),
        })
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        let (closing, news) = &*self.closing;
        *closing.lock().unwrap_or_else(PoisonError::into_inner) = true;
        news.notify_all();
        let thread = self.thread.take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the retention thread ended by a bug");
        }
    }
}

/// Waits at most so long; whether all is over.
fn closed_within(sign: &(Mutex<bool>, Condvar), patience: Duration) -> bool {
    let (closing, news) = sign;
    let closing = closing.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = news.wait_timeout_while(closing, patience, |closing| !*closing);
    *waited.unwrap_or_else(PoisonError::into_inner).0
}

/// Retention without a thread.
pub(super) struct Keeper {
    truth: Arc<Truth>,
    /// The mailboxes with a limit.
    owners: Vec<Arc<Profile>>,
    /// Where the next round begins: behind those that a failing site was given up at, so that they
    /// do not always keep the same ones from their turn.
    pub(super) first: usize,
    /// When the next round is due.
    pub(super) due: Mono,
    calendar: Calendar,
}

impl Keeper {
    pub(super) fn new(truth: Arc<Truth>, roster: &Roster, now: Now) -> Keeper {
        let all = roster.all().into_iter().cloned();
        let owners = all.filter(|owner| owner.limits.days.is_some()).collect();
        Keeper {
            truth,
            owners,
            first: 0,
            due: now.mono + FIRST,
            calendar: Calendar::new(now),
        }
    }

    /// One round over the mailboxes, as far as the clock is trusted and nothing closes.
    pub(super) fn round(
        &mut self,
        now: &dyn Fn() -> Now,
        changed: &dyn Fn(&MailboxId),
        closes: &dyn Fn() -> bool,
    ) {
        let begin = self.first;
        let mut failures: BTreeMap<Site, u32> = BTreeMap::new();
        self.due = now().mono + EVERY;
        for turn in 0..self.owners.len() {
            let at = (begin + turn) % self.owners.len();
            // A step in the middle of a round would make all that is left look old.
            if closes() || !self.calendar.trusts(now()) {
                return;
            }
            let Some(owner) = self.owners.get(at) else {
                return;
            };
            let failed = failures.entry(Stores::site(owner)).or_default();
            if *failed >= FAILURES_MAX {
                continue;
            }
            if expire(&self.truth, owner, changed) {
                *failed = 0;
            } else {
                *failed += 1;
                self.first = (at + 1) % self.owners.len();
            }
        }
    }
}

/// Removes the old messages of one mailbox; whether that could be done.
fn expire(truth: &Truth, owner: &Profile, changed: &dyn Fn(&MailboxId)) -> bool {
    match unbroken(|| truth.expire(owner)) {
        Ok(0) => true,
        Ok(_) => {
            changed(&owner.mailbox);
            true
        }
        Err(fault) => {
            tracing::warn!(mailbox = %owner.mailbox, %fault, "old messages are not removed");
            false
        }
    }
}

/// The wall clock against the one that never steps.
#[derive(Debug)]
struct Calendar {
    last: Now,
    trusted_from: Mono,
}

impl Calendar {
    fn new(now: Now) -> Calendar {
        let trusted_from = Mono::ZERO;
        Calendar {
            last: now,
            trusted_from,
        }
    }

    fn trusts(&mut self, now: Now) -> bool {
        let passed = (now.mono - self.last.mono).as_secs() as i64;
        let moved = now.wall.as_second() - self.last.wall.as_second();
        if (moved - passed).abs() > STEP {
            tracing::warn!(
                seconds = moved - passed,
                "the clock was set: no message expires for a day"
            );
            self.trusted_from = now.mono + DISTRUST;
        }
        self.last = now;
        now.mono >= self.trusted_from
    }
}
