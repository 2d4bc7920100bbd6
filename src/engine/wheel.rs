//! The timing wheel: which sessions are due in which millisecond.
//!
//! 64 slots of a millisecond hold every packet interval (60 ms at most). Law: a session that was
//! put in comes out once, at the first turn in or after the millisecond it is due, or after the
//! one that was turned to already.

use crate::base::Mono;
use std::time::Duration;

/// Slots of the wheel, and the milliseconds it sees ahead.
const SLOTS: u64 = 64;

/// Keys by the millisecond they are due.
#[derive(Debug)]
pub(super) struct Wheel {
    slots: Vec<Vec<u64>>,
    /// The first millisecond that has not been turned to.
    next: u64,
}

impl Wheel {
    pub(super) fn new() -> Wheel {
        Wheel {
            slots: vec![Vec::new(); SLOTS as usize],
            next: 0,
        }
    }

    /// Puts a key in; what is due beyond the wheel comes out early, what is overdue in the next
    /// one.
    pub(super) fn put(&mut self, key: u64, due: Mono) {
        let at = millisecond(due).clamp(self.next, self.next + SLOTS - 1);
        if let Some(slot) = self.slots.get_mut((at % SLOTS) as usize) {
            slot.push(key);
        }
    }

    /// Turns to `now`: all keys that are due are added to `due`, oldest first.
    pub(super) fn turn(&mut self, now: Mono, due: &mut Vec<u64>) {
        let now = millisecond(now);
        let until = (now + 1).min(self.next + SLOTS);
        for at in self.next..until {
            if let Some(slot) = self.slots.get_mut((at % SLOTS) as usize) {
                due.append(slot);
            }
        }
        self.next = self.next.max(now + 1);
    }

    /// The start of the first millisecond in which something is due.
    pub(super) fn next_due(&self) -> Option<Mono> {
        let at = (self.next..self.next + SLOTS).find(|at| self.count(*at) > 0)?;
        Some(start_of(at))
    }

    /// The millisecond within the next `span` in which the least is due.
    pub(super) fn quietest(&self, span: Duration) -> Mono {
        let span = (span.as_millis() as u64).clamp(1, SLOTS);
        let quietest = (self.next..self.next + span).min_by_key(|at| self.count(*at));
        start_of(quietest.unwrap_or(self.next))
    }

    fn count(&self, at: u64) -> usize {
        self.slots.get((at % SLOTS) as usize).map_or(0, Vec::len)
    }
}

fn millisecond(moment: Mono) -> u64 {
    moment.elapsed().as_millis() as u64
}

fn start_of(millisecond: u64) -> Mono {
    Mono::since_start(Duration::from_millis(millisecond))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(us: u64) -> Mono {
        Mono::since_start(Duration::from_micros(us))
    }

    #[test]
    fn a_hundred_calls_are_spread_over_the_packet_interval() {
        let mut wheel = Wheel::new();
        let mut used = std::collections::HashMap::<Mono, usize>::new();
        for key in 0..100 {
            let due = wheel.quietest(Duration::from_millis(20));
            *used.entry(due).or_default() += 1;
            wheel.put(key, due);
        }
        assert_eq!(used.len(), 20);
        assert!(used.values().all(|count| *count == 5));
    }

    #[test]
    fn the_next_due_is_the_earliest() {
        let mut wheel = Wheel::new();
        assert_eq!(wheel.next_due(), None);
        wheel.put(1, at(30_000));
        wheel.put(2, at(7_900));
        assert_eq!(wheel.next_due(), Some(at(7_000)));
    }

    proptest! {
        #[test]
        fn whatever_is_put_in_comes_out_once_and_in_time(
            turns in proptest::collection::vec((0..200_000u64, 0..80_000u64), 1..200),
        ) {
            let mut wheel = Wheel::new();
            let mut now = 0;
            let mut waiting = std::collections::HashMap::new();
            for (key, (pass, ahead)) in turns.into_iter().enumerate() {
                let key = key as u64;
                wheel.put(key, at(now + ahead));
                waiting.insert(key, now + ahead);
                now += pass;
                let mut due = Vec::new();
                wheel.turn(at(now), &mut due);
                for key in due {
                    prop_assert!(waiting.remove(&key).is_some());
                }
                prop_assert!(waiting.values().all(|due| due / 1_000 >= now / 1_000));
            }
        }
    }
}
