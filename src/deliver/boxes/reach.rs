//! Whether a server is worth waiting for. Pure, the time comes in.
//!
//! In: how long questions took and whether the server answered. Out: whether it is lost. Laws: a
//! server is lost after [`TIME_OUTS_MAX`] time-outs in a row, and found by the first answer; one
//! that says no at once is not lost, since asking it costs nobody time.

use std::time::Duration;

/// From this on a question without an answer was a time-out.
const SLOW: Duration = Duration::from_secs(1);

/// How many time-outs in a row there are until nobody waits for a server any more.
const TIME_OUTS_MAX: u32 = 2;

/// How a question to a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The server answered.
    Answered,
    /// It did not.
    Unanswered,
    /// Perhaps it was not asked.
    Unclear,
}

/// What is known of one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    time_outs: u32,
}

impl Reach {
    /// Whether nobody is to wait for it.
    pub(super) fn is_lost(self) -> bool {
        self.time_outs >= TIME_OUTS_MAX
    }

    /// A question took so long. Whether the server is lost by it.
    pub(super) fn asked(&mut self, took: Duration, outcome: Outcome) -> bool {
        let was_lost = self.is_lost();
        match outcome {
            Outcome::Unanswered if took >= SLOW => {
                self.time_outs = self.time_outs.saturating_add(1);
            }
            Outcome::Answered | Outcome::Unanswered => self.time_outs = 0,
            Outcome::Unclear => {}
        }
        self.is_lost() && !was_lost
    }

    /// There is nobody to find out whether it is back, so everybody has to.
    pub(super) fn forget(&mut self) {
        self.time_outs = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(20);

    #[test]
    fn only_time_outs_in_a_row_lose_a_server_and_any_answer_finds_it() {
        let mut reach = Reach::default();
        for (took, outcome) in [
            (SLOW, Outcome::Unanswered),
            (SLOW, Outcome::Answered),
            (SLOW, Outcome::Unanswered),
            (QUICK, Outcome::Unanswered),
            (SLOW, Outcome::Unanswered),
            (QUICK, Outcome::Unclear),
        ] {
            assert!(!reach.asked(took, outcome), "{outcome:?}");
        }
        assert!(reach.asked(SLOW, Outcome::Unanswered));
        assert!(!reach.asked(SLOW, Outcome::Unanswered), "lost already");
        assert!(reach.is_lost());
        reach.asked(SLOW, Outcome::Answered);
        assert!(!reach.is_lost());
    }
}
