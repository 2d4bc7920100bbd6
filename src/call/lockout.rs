//! Log-in attempts counted across calls: wrong ones lock a door for a while.
//!
//! A door is a mailbox, or the prompts of a tenant; who tries the doors is counted likewise. Five
//! wrong attempts on end lock it for one minute, each further series doubles that, up to a day. An
//! attempt during a lock is neither counted nor helpful, so nobody can be locked out for longer by
//! hammering, and it is answered like a wrong one would be.

use crate::base::Mono;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// Wrong attempts that lock a door.
pub(super) const ATTEMPTS: u32 = 5;
/// The first lock.
pub(super) const FIRST_LOCK: Duration = Duration::from_secs(60);
/// The longest lock.
pub(super) const LONGEST_LOCK: Duration = Duration::from_secs(24 * 60 * 60);
/// Doors remembered at most. A full table forgets those whose lock is over and then
/// refuses to count strangers, so that probing many cannot push a real one out.
pub(super) const REMEMBERED: usize = 10_000;

/// The wrong attempts at every door tried.
#[derive(Debug)]
pub(super) struct Lockout<K> {
    records: HashMap<K, Record>,
}

impl<K> Default for Lockout<K> {
    fn default() -> Lockout<K> {
        let records = HashMap::new();
        Lockout { records }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Record {
    wrong: u32,
    locks: u32,
    locked_until: Mono,
}

impl<K: Clone + Eq + Hash> Lockout<K> {
    /// Whether log-in at this door is blocked now.
    pub(super) fn is_locked(&self, door: &K, now: Mono) -> bool {
        self.records.get(door).is_some_and(|r| now < r.locked_until)
    }

    /// Counts a wrong attempt made outside a lock.
    pub(super) fn wrong(&mut self, door: &K, now: Mono) {
        self.make_room(now);
        if self.records.len() >= REMEMBERED && !self.records.contains_key(door) {
            return;
        }
        let record = self.records.entry(door.clone()).or_default();
        record.wrong += 1;
        if record.wrong >= ATTEMPTS {
            let span = FIRST_LOCK
                .saturating_mul(1 << record.locks.min(20))
                .min(LONGEST_LOCK);
            *record = Record {
                wrong: 0,
                locks: record.locks.saturating_add(1),
                locked_until: now + span,
            };
        }
    }

    /// The right passcode was given: the door starts afresh.
    pub(super) fn right(&mut self, door: &K) {
        self.records.remove(door);
    }

    fn make_room(&mut self, now: Mono) {
        if self.records.len() >= REMEMBERED {
            self.records
                .retain(|_, r| now < r.locked_until + LONGEST_LOCK && r.locks > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MailboxId;

    fn mailbox() -> MailboxId {
        MailboxId::parse("2001").unwrap()
    }

    fn at(seconds: u64) -> Mono {
        Mono::since_start(Duration::from_secs(seconds))
    }

    fn fail(lockout: &mut Lockout<MailboxId>, times: u32, now: Mono) {
        for _ in 0..times {
            lockout.wrong(&mailbox(), now);
        }
    }

    #[test]
    fn five_wrong_attempts_lock_for_a_minute_then_for_two() {
        let mut lockout = Lockout::default();
        fail(&mut lockout, 4, at(0));
        assert!(!lockout.is_locked(&mailbox(), at(0)));
        fail(&mut lockout, 1, at(0));
        assert!(lockout.is_locked(&mailbox(), at(59)));
        assert!(!lockout.is_locked(&mailbox(), at(60)));
        fail(&mut lockout, 5, at(60));
        assert!(lockout.is_locked(&mailbox(), at(179)));
        assert!(!lockout.is_locked(&mailbox(), at(180)));
    }

    #[test]
    fn the_right_passcode_starts_afresh() {
        let mut lockout = Lockout::default();
        fail(&mut lockout, 4, at(0));
        lockout.right(&mailbox());
        fail(&mut lockout, 4, at(0));
        assert!(!lockout.is_locked(&mailbox(), at(0)));
    }

    #[test]
    fn a_lock_never_exceeds_a_day() {
        let mut lockout = Lockout::default();
        let mut now = at(0);
        for _ in 0..40 {
            fail(&mut lockout, 5, now);
            assert!(!lockout.is_locked(&mailbox(), now + LONGEST_LOCK));
            now = now + LONGEST_LOCK;
        }
    }

    #[test]
    fn the_table_stays_bounded() {
        let mut lockout = Lockout::default();
        for number in 0..2 * REMEMBERED {
            lockout.wrong(&MailboxId::parse(&number.to_string()).unwrap(), at(0));
        }
        assert!(lockout.records.len() <= REMEMBERED);
    }
}
