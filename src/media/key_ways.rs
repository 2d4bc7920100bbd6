//! One key by two ways: a phone may send a press both as telephone event and by SIP INFO.
//!
//! Law: the same key by both ways within [`WINDOW`] counts once. A phone seen to do so is heard
//! only by the way that came first from then on; until then both ways count.

use crate::base::{Digit, Mono};
use std::time::Duration;

/// How far apart the two reports of one press may be.
const WINDOW: Duration = Duration::from_millis(400);

/// How many presses back the other report may belong to.
const REMEMBERED: usize = 8;

/// How a key came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As RFC 4733 telephone event.
    Event,
    /// By SIP INFO (RFC 6086).
    Signalling,
}

/// Tells the second report of a press from the first.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyWays {
    only: Option<Way>,
    recent: [Option<(Mono, Way, Digit)>; REMEMBERED],
    next: usize,
}

impl KeyWays {
    /// Whether this key counts.
    pub(super) fn counts(&mut self, now: Mono, way: Way, digit: Digit) -> bool {
        if let Some(only) = self.only {
            return only == way;
        }
        let is_other_report = |(at, other, key): (Mono, Way, Digit)| {
            other != way && key == digit && now - at <= WINDOW
        };
        if let Some((_, first, _)) = self
            .recent
            .iter()
            .flatten()
            .find(|seen| is_other_report(**seen))
        {
            self.only = Some(*first);
            return false;
        }
        if let Some(place) = self.recent.get_mut(self.next) {
            *place = Some((now, way, digit));
        }
        self.next = (self.next + 1) % REMEMBERED;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(presses: &[(u64, Way, Digit)]) -> usize {
        let mut ways = KeyWays::default();
        let counts = |(ms, way, digit): &(u64, Way, Digit)| {
            ways.counts(Mono::since_start(Duration::from_millis(*ms)), *way, *digit)
        };
        presses.iter().copied().filter(counts).count()
    }

    use Digit::{D1, D2};
    use Way::{Event, Signalling};

    #[test]
    fn a_press_by_both_ways_counts_once() {
        assert_eq!(heard(&[(0, Event, D1), (150, Signalling, D1)]), 1);
        assert_eq!(heard(&[(0, Signalling, D1), (30, Event, D1)]), 1);
    }

    #[test]
    fn a_fast_double_press_by_both_ways_is_two() {
        let presses = [
            (0, Event, D1),
            (100, Signalling, D1),
            (150, Event, D1),
            (250, Signalling, D1),
        ];
        assert_eq!(heard(&presses), 2);
    }

    #[test]
    fn once_seen_double_the_slower_way_is_deaf_however_late() {
        let presses = [
            (0, Event, D1),
            (100, Signalling, D1),
            (2_000, Event, D2),
            (2_900, Signalling, D2),
        ];
        assert_eq!(heard(&presses), 2);
    }

    #[test]
    fn a_phone_that_uses_one_way_is_heard_by_it() {
        for way in [Event, Signalling] {
            assert_eq!(heard(&[(0, way, D1), (100, way, D1), (200, way, D2)]), 3);
        }
        assert_eq!(heard(&[(0, Event, D1), (1_000, Signalling, D1)]), 2);
        assert_eq!(heard(&[(0, Event, D1), (100, Signalling, D2)]), 2);
    }
}
