//! The breaker of one target: a server that is down is asked seldom. Pure, virtual time.
//!
//! ```text
//! closed --[FAILURES_TO_OPEN failures in a row]--> open --[the target answers]--> closed
//! open: one probe every PROBE_EVERY, whoever waits
//! ```

use crate::base::Mono;
use std::time::Duration;

/// Failures in a row, each because the target was not there, that open a breaker.
pub const FAILURES_TO_OPEN: u32 = 5;

/// The time between two probes of a target that is down. A little less than a minute, so that
/// what waited has gone out within a minute of its return.
pub const PROBE_EVERY: Duration = Duration::from_secs(50);

/// The breaker of one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breaker {
    /// The target is asked freely; this many failures in a row so far.
    Closed(u32),
    /// The target is down.
    Open {
        /// No probe before this moment.
        probe_at: Mono,
        /// A probe is under way.
        probing: bool,
    },
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker::Closed(0)
    }
}

impl Breaker {
    pub(super) fn is_open(self) -> bool {
        match self {
            Breaker::Closed(_) => false,
            Breaker::Open { .. } => true,
        }
    }

    /// When the next probe may leave; `None` while one is under way, and while it is closed.
    pub(super) fn next_probe(self) -> Option<Mono> {
        match self {
            Breaker::Open {
                probe_at,
                probing: false,
            } => Some(probe_at),
            Breaker::Open { probing: true, .. } | Breaker::Closed(_) => None,
        }
    }

    /// The target was not there. Errands that were under way when it opened put no probe off.
    pub(super) fn failed(&mut self, now: Mono) {
        match self {
            Breaker::Closed(row) if *row + 1 < FAILURES_TO_OPEN => *row += 1,
            Breaker::Closed(_) => {
                *self = Breaker::Open {
                    probe_at: now + PROBE_EVERY,
                    probing: false,
                }
            }
            Breaker::Open { .. } => {}
        }
    }

    /// The target took or refused something: it is there. Whether it was thought to be down.
    pub(super) fn answered(&mut self) -> bool {
        let was_open = self.is_open();
        *self = Breaker::Closed(0);
        was_open
    }

    /// A probe leaves.
    pub(super) fn probe(&mut self, now: Mono) {
        if self.is_open() {
            *self = Breaker::Open {
                probe_at: now + PROBE_EVERY,
                probing: true,
            };
        }
    }

    /// A probe is back.
    pub(super) fn probed(&mut self) {
        if let Breaker::Open { probing, .. } = self {
            *probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_row_open_it_and_any_answer_closes_it() {
        let mut breaker = Breaker::default();
        for _ in 0..2 {
            (1..FAILURES_TO_OPEN).for_each(|_| breaker.failed(Mono::ZERO));
            assert!(!breaker.is_open());
            assert!(!breaker.answered());
        }
        (0..FAILURES_TO_OPEN).for_each(|_| breaker.failed(Mono::ZERO));
        assert_eq!(breaker.next_probe(), Some(Mono::ZERO + PROBE_EVERY));
        assert!(breaker.answered() && !breaker.is_open());
    }

    #[test]
    fn one_probe_at_a_time_and_the_next_is_counted_from_its_start() {
        let at = |seconds| Mono::since_start(Duration::from_secs(seconds));
        let mut breaker = Breaker::default();
        (0..FAILURES_TO_OPEN).for_each(|_| breaker.failed(at(0)));
        breaker.probe(at(50));
        breaker.failed(at(60));
        assert_eq!(breaker.next_probe(), None, "one is under way");
        breaker.probed();
        assert_eq!(breaker.next_probe(), Some(at(50) + PROBE_EVERY));
    }
}
