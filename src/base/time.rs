//! Time as the core sees it: handed in with every input, never asked for.

use std::ops::{Add, Sub};
use std::time::Duration;

pub use jiff::Timestamp;
pub use jiff::civil::Date;

use jiff::tz::TimeZone;

/// The day it is at this moment in a zone, an IANA name; unknown names count as UTC.
pub fn day_in(zone: &str, at: Timestamp) -> Date {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).date()
}

/// A reading of the monotonic clock: the time since the server started.
///
/// All deadlines count on this one, so that a step of the wall clock moves no timer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mono(Duration);

impl Mono {
    /// The start of the server.
    pub const ZERO: Mono = Mono(Duration::ZERO);

    /// A reading this long after the start.
    pub fn since_start(elapsed: Duration) -> Mono {
        Mono(elapsed)
    }

    /// The time since the start.
    pub fn elapsed(self) -> Duration {
        self.0
    }

    /// The time from `earlier` to this reading; zero when `earlier` is later.
    pub fn saturating_since(self, earlier: Mono) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Mono {
    type Output = Mono;

    fn add(self, span: Duration) -> Mono {
        Mono(self.0.saturating_add(span))
    }
}

impl Sub<Mono> for Mono {
    type Output = Duration;

    fn sub(self, earlier: Mono) -> Duration {
        self.saturating_since(earlier)
    }
}

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For deadlines and durations.
    pub mono: Mono,
    /// For what is written down and spoken.
    pub wall: Timestamp,
}

impl Now {
    /// The moment `span` later on both clocks, as virtual time moves in tests.
    #[must_use]
    pub fn after(self, span: Duration) -> Now {
        let wall = self.wall.checked_add(span).unwrap_or(self.wall);
        Now {
            mono: self.mono + span,
            wall,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_decides_what_day_it_is() {
        let at: Timestamp = "2026-11-22T23:30:00Z".parse().unwrap();
        let day = |zone| day_in(zone, at).to_string();
        assert_eq!(day("Europe/Amsterdam"), "2026-11-23");
        assert_eq!(day("America/New_York"), "2026-11-22");
        assert_eq!(day("Atlantis/Capital"), "2026-11-22");
    }

    #[test]
    fn both_clocks_move_together() {
        let now = Now {
            mono: Mono::ZERO,
            wall: Timestamp::UNIX_EPOCH,
        };
        let later = now.after(Duration::from_secs(3));
        assert_eq!(later.mono - now.mono, Duration::from_secs(3));
        assert_eq!(later.wall.as_second(), 3);
        assert_eq!(now.mono - later.mono, Duration::ZERO);
    }
}
