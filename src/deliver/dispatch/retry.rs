//! The waits between the tries of one message. Pure.
//!
//! Giving up is by the number of tries, not by the calendar, so that a step of the wall clock
//! buries nothing.

use crate::base::MessageId;
use std::time::Duration;

/// The waits after the first failures.
const FIRST: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(15),
];
/// The wait after every later one, give or take [`JITTER`].
pub(super) const HOURLY: Duration = Duration::from_hours(1);
/// Hourly tries before giving up: five days.
const HOURLY_TRIES: u32 = 5 * 24;
/// The most an hourly wait differs from an hour, in percent.
const JITTER: u64 = 20;

/// Failures after which a message is given up.
const FAILURES_MAX: u32 = FIRST.len() as u32 + HOURLY_TRIES;

/// How long to wait after this many failures (1 = the first); `None` to give up. The same
/// message waits the same each time, different ones do not come back together.
pub fn retry_after(failed: u32, id: MessageId) -> Option<Duration> {
    let earlier = failed.saturating_sub(1);
    if let Some(&wait) = FIRST.get(earlier as usize) {
        return Some(wait);
    }
    slow_retry_after(failed, id)
}

/// The same for a message whose mailbox is full: slow from the first failure on.
pub fn slow_retry_after(failed: u32, id: MessageId) -> Option<Duration> {
    (failed <= FAILURES_MAX).then(|| {
        let percent = 100 - JITTER + scatter(id, failed) % (2 * JITTER + 1);
        HOURLY * percent as u32 / 100
    })
}

/// A number that looks random and is always the same for the same message and try.
fn scatter(id: MessageId, failed: u32) -> u64 {
    let (high, low) = id.0.as_u64_pair();
    let mixed =
        (high ^ low.rotate_left(17) ^ u64::from(failed)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(n: u128) -> MessageId {
        MessageId(Uuid::from_u128(n))
    }

    #[test]
    fn the_waits_grow_to_an_hour_and_end_after_five_days() {
        let waits: Vec<_> = (1..)
            .map_while(|failed| retry_after(failed, id(1)))
            .collect();
        assert_eq!(waits[..5], FIRST);
        assert_eq!(waits.len(), 5 + 120);
        let hour = |w: &&Duration| (48..=72).contains(&(w.as_secs() / 60));
        assert_eq!(waits.iter().filter(hour).count(), 120);
        let days: Duration = waits.iter().sum();
        assert!(
            (days.as_secs_f64() / 86_400.0 - 5.0).abs() < 0.3,
            "{days:?}"
        );
    }

    #[test]
    fn messages_that_failed_together_come_back_apart() {
        let waits: std::collections::BTreeSet<_> =
            (0..1_000).filter_map(|n| retry_after(9, id(n))).collect();
        assert!(waits.len() > 30, "{}", waits.len());
    }

    #[test]
    fn a_full_mailbox_is_asked_hourly_for_as_long_as_any_other() {
        let waits: Vec<_> = (1..).map_while(|n| slow_retry_after(n, id(1))).collect();
        assert_eq!(waits.len(), FAILURES_MAX as usize);
        let hourly = Duration::from_mins(48)..=Duration::from_mins(72);
        assert!(waits.iter().all(|wait| hourly.contains(wait)));
        assert_eq!(retry_after(FAILURES_MAX + 1, id(1)), None);
    }
}
