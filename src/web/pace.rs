//! How long the other end of a connection may take: for the head of a request, between requests,
//! and while an answer goes out.
//!
//! A connection is told by its socket when octets pass, and by its requests when a head is read
//! and when an answer is ready; it says until when the next thing must have happened. Laws: the
//! head of a request is there [`Limits::head`] after its first octet, however slowly its octets
//! come; a connection on which nothing happens is closed after [`Limits::silence`]; while a request
//! is worked on, its own limits count (see `uploads`).

use super::limits::Limits;
use std::time::Instant;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Nothing has come of the next request. The last octets passed then.
    Between(Instant),
    /// A head is coming, since then.
    Head(Instant),
    /// A request is worked on.
    Working,
}

impl Pace {
    /// Octets came.
    pub(super) fn came(&mut self, now: Instant) {
        *self = match *self {
            Pace::Between(_) => Pace::Head(now),
            Pace::Head(since) => Pace::Head(since),
            Pace::Working => Pace::Working,
        };
    }

    /// Octets went.
    pub(super) fn went(&mut self, now: Instant) {
        *self = match *self {
            Pace::Between(_) => Pace::Between(now),
            Pace::Head(since) => Pace::Head(since),
            Pace::Working => Pace::Working,
        };
    }

    /// A head is read whole.
    pub(super) fn begin(&mut self) {
        *self = Pace::Working;
    }

    /// The answer is ready to go out.
    pub(super) fn end(&mut self, now: Instant) {
        *self = Pace::Between(now);
    }

    /// When the connection is given up unless something happens.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        match *self {
            Pace::Between(since) => Some(since + limits.silence),
            Pace::Head(since) => Some(since + limits.head),
            Pace::Working => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const LIMITS: Limits = Limits::USUAL;

    #[test]
    fn a_head_that_drips_is_given_up_in_time() {
        let start = Instant::now();
        let mut pace = Pace::Between(start);
        assert_eq!(pace.deadline(&LIMITS), Some(start + LIMITS.silence));
        for second in 1..9 {
            pace.came(start + Duration::from_secs(second));
        }
        let first = start + Duration::from_secs(1);
        assert_eq!(pace.deadline(&LIMITS), Some(first + LIMITS.head));
    }

    #[test]
    fn a_request_that_is_worked_on_has_its_own_limits() {
        let start = Instant::now();
        let mut pace = Pace::Between(start);
        pace.came(start);
        pace.begin();
        pace.came(start);
        pace.went(start);
        assert_eq!(pace.deadline(&LIMITS), None);
    }

    #[test]
    fn an_answer_that_goes_out_slowly_may_take_its_time_but_not_stand_still() {
        let start = Instant::now();
        let mut pace = Pace::Between(start);
        pace.came(start);
        pace.begin();
        pace.end(start);
        let later = start + LIMITS.silence / 2;
        pace.went(later);
        assert_eq!(pace.deadline(&LIMITS), Some(later + LIMITS.silence));
    }
}
