//! Log-in attempts counted across calls: wrong ones lock a door, and whoever tried it, for a while.
//!
//! In: each attempt, at which door and from where, with whether the passcode was right. Out: a
//! verdict, and what is to be remembered between starts. Laws:
//! 1. five wrong attempts on end at a door, or from one source at whatever doors, lock that one for
//!    a minute; each further series doubles that, up to a day;
//! 2. an attempt during a lock is neither counted nor helpful, right or wrong, so nobody can be
//!    locked out for longer by hammering and nobody learns anything by it;
//! 3. the right passcode starts its door afresh. Its source is forgiven as many wrong attempts as
//!    that door had, and no more: knowing the passcode of one mailbox helps nobody to guess at
//!    another;
//! 4. what was quiet for a day is forgotten.
//!
//! Time is monotonic here, so that a step of the wall clock opens no lock. Between starts only the
//! wall clock goes on: a lock that is remembered ends when that says so, and at the latest after
//! its full length, so that a clock set back locks nobody out for longer.

use crate::base::{Mono, Now};
use crate::subscriber::{Guarded, Lock};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// Wrong attempts that lock.
pub(super) const ATTEMPTS: u32 = 5;
/// The first lock.
pub(super) const FIRST_LOCK: Duration = Duration::from_secs(60);
/// The longest lock, and how long a record is kept after the last wrong attempt or lock.
pub(super) const LONGEST_LOCK: Duration = Duration::from_secs(24 * 60 * 60);
/// Records at most. A full table forgets those that never came to a lock and then refuses to
/// count strangers, so that probing many cannot push a real one out.
pub(super) const REMEMBERED: usize = 10_000;

/// The wrong attempts at every door, and from every source.
#[derive(Debug, Default)]
pub(super) struct Lockout {
    records: HashMap<Guarded, Record>,
    changed: VecDeque<(Guarded, Lock)>,
}

/// What an attempt comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The door opens.
    Right,
    /// It does not.
    Wrong,
    /// It is locked, or whoever tries it is.
    Locked,
}

#[derive(Clone, Copy, Debug, Default)]
struct Record {
    wrong: u32,
    series: u32,
    until: Mono,
    last: Mono,
}

impl Record {
    fn is_stale(self, now: Mono) -> bool {
        self.until.max(self.last) + LONGEST_LOCK <= now
    }

    /// One more wrong attempt.
    fn wrong(self, now: Mono) -> Record {
        let counted = Record {
            wrong: self.wrong + 1,
            last: now,
            ..self
        };
        if counted.wrong < ATTEMPTS {
            return counted;
        }
        let series = self.series.saturating_add(1);
        Record {
            wrong: 0,
            series,
            until: now + span(series),
            last: now,
        }
    }

    fn lock(self, now: Now) -> Lock {
        let left = self.until.saturating_since(now.mono);
        Lock {
            wrong: self.wrong,
            series: self.series,
            until: now.after(left).wall,
            last: now.wall,
        }
    }
}

/// How long the lock at the end of this series is.
fn span(series: u32) -> Duration {
    let doublings = series.saturating_sub(1).min(20);
    FIRST_LOCK.saturating_mul(1 << doublings).min(LONGEST_LOCK)
}

impl Lockout {
    /// An attempt at a door, from a source, with the right passcode or a wrong one.
    pub(super) fn attempt(
        &mut self,
        now: Now,
        door: &Guarded,
        source: &Guarded,
        right: bool,
    ) -> Outcome {
        let locked = |guarded| now.mono < self.record(guarded, now.mono).until;
        if locked(door) || locked(source) {
            return Outcome::Locked;
        }
        if right {
            self.forgive(now, door, source);
            return Outcome::Right;
        }
        for guarded in [door, source] {
            let record = self.record(guarded, now.mono).wrong(now.mono);
            self.put(now, guarded, record);
        }
        Outcome::Wrong
    }

    /// What was remembered, or what another process says.
    pub(super) fn set(&mut self, now: Now, guarded: Guarded, lock: Lock) {
        if lock.wrong == 0 && lock.series == 0 {
            self.records.remove(&guarded);
            return;
        }
        let left = Duration::try_from(lock.until.duration_since(now.wall)).unwrap_or_default();
        let record = Record {
            wrong: lock.wrong.min(ATTEMPTS - 1),
            series: lock.series,
            until: now.mono + left.min(span(lock.series)),
            last: now.mono,
        };
        if self.has_room(&guarded, now.mono) {
            self.records.insert(guarded, record);
        }
    }

    /// What is to be remembered from now on, in order.
    pub(super) fn poll_changed(&mut self) -> Option<(Guarded, Lock)> {
        self.changed.pop_front()
    }

    fn record(&self, guarded: &Guarded, now: Mono) -> Record {
        let record = self.records.get(guarded).copied();
        record.filter(|r| !r.is_stale(now)).unwrap_or_default()
    }

    fn forgive(&mut self, now: Now, door: &Guarded, source: &Guarded) {
        let tried = self.record(door, now.mono);
        if self.records.contains_key(door) {
            self.put(now, door, Record::default());
        }
        let of_source = self.record(source, now.mono);
        if tried.wrong > 0 && of_source.wrong > 0 {
            let wrong = of_source.wrong.saturating_sub(tried.wrong);
            self.put(now, source, Record { wrong, ..of_source });
        }
    }

    fn put(&mut self, now: Now, guarded: &Guarded, record: Record) {
        if !self.has_room(guarded, now.mono) {
            return;
        }
        self.changed.push_back((guarded.clone(), record.lock(now)));
        if record.wrong == 0 && record.series == 0 {
            self.records.remove(guarded);
        } else {
            self.records.insert(guarded.clone(), record);
        }
    }

    fn has_room(&mut self, guarded: &Guarded, now: Mono) -> bool {
        if self.records.len() >= REMEMBERED {
            self.records.retain(|_, r| r.series > 0 && !r.is_stale(now));
        }
        self.records.len() < REMEMBERED || self.records.contains_key(guarded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{DialString, MailboxId, Timestamp};

    fn door(number: u32) -> Guarded {
        Guarded::Mailbox(MailboxId::parse(&number.to_string()).unwrap())
    }

    fn source(number: u32) -> Guarded {
        Guarded::Number(DialString::parse(&number.to_string()).unwrap())
    }

    fn at(seconds: u64) -> Now {
        let start = Now {
            mono: Mono::ZERO,
            wall: Timestamp::UNIX_EPOCH,
        };
        start.after(Duration::from_secs(seconds))
    }

    /// Attempts at a door, each from a source of its own.
    fn fail(lockout: &mut Lockout, door: &Guarded, times: u32, now: Now) {
        for n in 0..times {
            let source = source(lockout.records.len() as u32 * 100 + n);
            assert_eq!(lockout.attempt(now, door, &source, false), Outcome::Wrong);
        }
    }

    #[test]
    fn five_wrong_attempts_lock_for_a_minute_then_for_two() {
        let mut lockout = Lockout::default();
        let tries = |lockout: &mut Lockout, seconds, right| {
            lockout.attempt(at(seconds), &door(1), &source(9), right)
        };
        fail(&mut lockout, &door(1), 5, at(0));
        assert_eq!(tries(&mut lockout, 59, true), Outcome::Locked);
        assert_eq!(tries(&mut lockout, 59, false), Outcome::Locked);
        fail(&mut lockout, &door(1), 5, at(60));
        assert_eq!(tries(&mut lockout, 179, true), Outcome::Locked);
        assert_eq!(tries(&mut lockout, 180, true), Outcome::Right);
        fail(&mut lockout, &door(1), 4, at(180));
        assert_eq!(tries(&mut lockout, 180, true), Outcome::Right);
    }

    #[test]
    fn attempts_during_a_lock_do_not_prolong_it() {
        let mut lockout = Lockout::default();
        fail(&mut lockout, &door(1), 5, at(0));
        for second in 0..60 {
            let outcome = lockout.attempt(at(second), &door(1), &source(7), second % 2 == 0);
            assert_eq!(outcome, Outcome::Locked);
        }
        let after = lockout.attempt(at(60), &door(1), &source(7), true);
        assert_eq!(after, Outcome::Right);
    }

    #[test]
    fn one_source_at_many_doors_is_locked_at_all_of_them_and_others_are_not() {
        let mut lockout = Lockout::default();
        for n in 0..5 {
            let outcome = lockout.attempt(at(0), &door(n), &source(1), false);
            assert_eq!(outcome, Outcome::Wrong);
        }
        let own = lockout.attempt(at(59), &door(8), &source(1), true);
        assert_eq!(own, Outcome::Locked);
        let other = lockout.attempt(at(59), &door(8), &source(2), true);
        assert_eq!(other, Outcome::Right);
        let later = lockout.attempt(at(60), &door(8), &source(1), true);
        assert_eq!(later, Outcome::Right);
    }

    #[test]
    fn knowing_one_passcode_helps_nobody_to_guess_at_another() {
        let mut lockout = Lockout::default();
        for n in 0..4 {
            lockout.attempt(at(0), &door(n), &source(1), false);
        }
        let own = lockout.attempt(at(0), &door(9), &source(1), true);
        assert_eq!(own, Outcome::Right);
        lockout.attempt(at(0), &door(5), &source(1), false);
        let own = lockout.attempt(at(0), &door(9), &source(1), true);
        assert_eq!(own, Outcome::Locked);
    }

    #[test]
    fn whoever_mistypes_and_then_knows_it_is_never_locked() {
        let mut lockout = Lockout::default();
        for second in 0..50 {
            for _ in 0..2 {
                let wrong = lockout.attempt(at(second), &door(1), &source(1), false);
                assert_eq!(wrong, Outcome::Wrong);
            }
            let right = lockout.attempt(at(second), &door(1), &source(1), true);
            assert_eq!(right, Outcome::Right);
        }
    }

    #[test]
    fn a_lock_never_exceeds_a_day_and_a_quiet_day_is_forgotten() {
        let (mut lockout, day) = (Lockout::default(), LONGEST_LOCK.as_secs());
        for n in 0..40 {
            let now = at(n * day);
            fail(&mut lockout, &door(1), 5, now);
            let record = lockout.records[&door(1)];
            assert!(record.until <= now.mono + LONGEST_LOCK);
        }
        let quiet = at(42 * day);
        fail(&mut lockout, &door(1), 5, quiet);
        assert_eq!(lockout.records[&door(1)].series, 1);
    }

    #[test]
    fn a_lock_survives_a_restart_and_a_clock_that_was_set() {
        let mut before = Lockout::default();
        fail(&mut before, &door(1), 5, at(1_000));
        fail(&mut before, &door(1), 5, at(1_060));
        let changed = std::iter::from_fn(|| before.poll_changed());
        let of_door = changed.filter(|(guarded, _)| *guarded == door(1));
        let (_, lock) = of_door.last().unwrap();
        let restarted = |wall: u64| {
            let mut lockout = Lockout::default();
            let now = Now {
                mono: Mono::ZERO,
                wall: at(wall).wall,
            };
            lockout.set(now, door(1), lock);
            let opens = (0..1_000).find(|second| {
                let later = now.after(Duration::from_secs(*second));
                later.mono >= lockout.records[&door(1)].until
            });
            opens.unwrap()
        };
        assert_eq!(restarted(1_090), 90);
        assert_eq!(restarted(2_000), 0);
        assert_eq!(restarted(5), 120);
    }

    #[test]
    fn a_lock_that_was_lifted_elsewhere_is_gone() {
        let mut lockout = Lockout::default();
        fail(&mut lockout, &door(1), 5, at(0));
        let nothing = Record::default().lock(at(1));
        lockout.set(at(1), door(1), nothing);
        let outcome = lockout.attempt(at(1), &door(1), &source(7), true);
        assert_eq!(outcome, Outcome::Right);
    }

    #[test]
    fn the_table_stays_bounded() {
        let mut lockout = Lockout::default();
        for n in 0..2 * REMEMBERED as u32 {
            lockout.attempt(at(0), &door(n), &source(n), false);
            while lockout.poll_changed().is_some() {}
        }
        assert!(lockout.records.len() <= REMEMBERED);
    }
}
