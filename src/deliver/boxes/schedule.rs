//! Which mailbox is looked at when, and how long to wait for a server that is gone. Virtual time.

use crate::base::{MailboxId, Mono};
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::time::Duration;

/// Mailboxes to look at: those asked for first, in the order they were asked for, then those
/// whose time has come, the longest overdue first.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    asked: VecDeque<MailboxId>,
    is_asked: HashSet<MailboxId>,
    by_time: BTreeSet<(Mono, MailboxId)>,
    times: BTreeMap<MailboxId, Mono>,
}

impl Schedule {
    /// A mailbox is to be looked at as soon as possible; once, however often it is asked.
    pub(super) fn ask(&mut self, mailbox: &MailboxId) {
        if self.is_asked.insert(mailbox.clone()) {
            self.asked.push_back(mailbox.clone());
        }
    }

    /// A mailbox is to be looked at then, in place of any other time.
    pub(super) fn at(&mut self, mailbox: &MailboxId, time: Mono) {
        self.never(mailbox);
        self.times.insert(mailbox.clone(), time);
        self.by_time.insert((time, mailbox.clone()));
    }

    /// A mailbox has no time any more.
    pub(super) fn never(&mut self, mailbox: &MailboxId) {
        if let Some(time) = self.times.remove(mailbox) {
            self.by_time.remove(&(time, mailbox.clone()));
        }
    }

    /// The mailbox to look at now. Its time is over.
    pub(super) fn take(&mut self, now: Mono) -> Option<MailboxId> {
        let asked = self.asked.pop_front();
        asked.as_ref().map(|mailbox| self.is_asked.remove(mailbox));
        let due = || {
            let (time, mailbox) = self.by_time.first()?;
            (*time <= now).then(|| mailbox.clone())
        };
        let mailbox = asked.or_else(due)?;
        self.never(&mailbox);
        Some(mailbox)
    }

    /// When [`Schedule::take`] will give one.
    pub(super) fn poll_timeout(&self) -> Option<Mono> {
        if !self.asked.is_empty() {
            return Some(Mono::ZERO);
        }
        self.by_time.first().map(|(time, _)| *time)
    }
}

/// How long to wait after failures in a row: 1 s, and twice as long each time, at most a minute.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BackOff {
    failures: u32,
}

impl BackOff {
    /// The longest wait.
    pub(super) const MAX: Duration = Duration::from_secs(60);

    /// Another failure; how long to wait.
    pub(super) fn failed(&mut self) -> Duration {
        let wait = Duration::from_secs(1 << self.failures.min(6));
        self.failures = self.failures.saturating_add(1);
        wait.min(BackOff::MAX)
    }

    /// It works again.
    pub(super) fn worked(&mut self) {
        self.failures = 0;
    }

    /// How many failures in a row there were.
    pub(super) fn failures(self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(number: &str) -> MailboxId {
        MailboxId::parse(number).unwrap()
    }

    fn at(seconds: u64) -> Mono {
        Mono::since_start(Duration::from_secs(seconds))
    }

    #[test]
    fn who_is_asked_for_comes_first_and_every_one_at_its_time() {
        let mut schedule = Schedule::default();
        let [a, b, c] = ["1", "2", "3"].map(mailbox);
        schedule.at(&a, at(5));
        schedule.at(&b, at(3));
        schedule.at(&b, at(7));
        assert_eq!(schedule.poll_timeout(), Some(at(5)));
        assert_eq!(schedule.take(at(4)), None);
        for asked in [&c, &b, &c] {
            schedule.ask(asked);
        }
        assert_eq!(schedule.poll_timeout(), Some(Mono::ZERO));
        let taken: Vec<_> = std::iter::from_fn(|| schedule.take(at(9))).collect();
        assert_eq!(taken, [c, b, a.clone()], "b had its look");
        assert_eq!(schedule.poll_timeout(), None);
        schedule.at(&a, at(1));
        schedule.never(&a);
        assert_eq!(schedule.take(at(9)), None);
    }

    #[test]
    fn waits_grow_to_a_minute_until_it_works_again() {
        let mut back_off = BackOff::default();
        let waits: Vec<u64> = (0..8).map(|_| back_off.failed().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(back_off.failures(), 8);
        back_off.worked();
        assert_eq!(back_off.failed(), Duration::from_secs(1));
    }
}
