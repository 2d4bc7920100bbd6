//! Waiting for something to become true, never longer than a deadline.

use std::time::{Duration, Instant};

/// How often a wait looks again.
const GLANCE: Duration = Duration::from_millis(10);

/// Looks until there is something to see; panics with `what` when `within` is over.
pub(crate) fn eventually<T>(
    what: &str,
    within: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let end = Instant::now() + within;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "not within {within:?}: {what}");
        std::thread::sleep(GLANCE);
    }
}

/// Seconds, as most spans here are given.
pub(crate) fn seconds(span: f64) -> Duration {
    Duration::from_secs_f64(span)
}
