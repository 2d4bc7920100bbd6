//! Session timers (RFC 4028): how long a session lives without a sign of life, and who gives it.
//!
//! Headers in, an agreement out; the deadlines themselves are the machine's.

use super::headers::{Headers, number};
use std::time::Duration;

/// The smallest Min-SE there is (RFC 4028 section 5).
pub(super) const LEAST: Duration = Duration::from_secs(90);
/// The longest interval taken over from a peer: a day.
const MOST: Duration = Duration::from_hours(24);

/// Who refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refresher {
    /// We do.
    Us,
    /// The peer does.
    Peer,
}

/// The interval and the refresher of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    /// The session interval.
    pub(super) interval: Duration,
    /// Who refreshes.
    pub(super) refresher: Refresher,
}

/// What a request or response says about the session timer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    expires: Option<u32>,
    refresher: Option<String>,
    min: Option<u32>,
    supported: bool,
}

impl Asked {
    /// Reads the headers; an error says what is malformed.
    pub(super) fn read(headers: &Headers) -> Result<Asked, &'static str> {
        let mut asked = Asked {
            supported: headers.has_token("Supported", "timer")
                || headers.has_token("Require", "timer"),
            ..Asked::default()
        };
        if let Some(value) = headers.value("Session-Expires") {
            let (count, params) = value.split_at(value.find(';').unwrap_or(value.len()));
            asked.expires = Some(number(count).ok_or("Session-Expires is no number")?);
            asked.refresher = super::address::parameters(params)
                .into_iter()
                .find(|(name, _)| name == "refresher")
                .map(|(_, value)| value.to_ascii_lowercase());
        }
        if let Some(value) = headers.value("Min-SE") {
            let count = value.split(';').next().unwrap_or_default();
            asked.min = Some(number(count).ok_or("Min-SE is no number")?);
        }
        Ok(asked)
    }

    /// Whether a request asks for less than we accept, and its sender can be told (422).
    pub(super) fn is_too_small(&self, least: Duration) -> bool {
        self.supported && self.expires.is_some_and(|expires| seconds(expires) < least)
    }

    /// What we agree to as the answering side (RFC 4028 section 9). The peer refreshes wherever
    /// it can. Without Session-Expires, `wish` is asked of a peer that knows the timer.
    pub(super) fn answer(&self, least: Duration, wish: Duration) -> Option<Agreed> {
        let floor = least.max(self.min.map_or(Duration::ZERO, seconds));
        let interval = match self.expires {
            Some(expires) => seconds(expires).max(floor),
            None if self.supported => wish.max(floor),
            None => return None,
        };
        let wants_us = self.refresher.as_deref() == Some("uas");
        let refresher = if self.supported && !wants_us {
            Refresher::Peer
        } else {
            Refresher::Us
        };
        Some(Agreed {
            interval: interval.min(MOST),
            refresher,
        })
    }

    /// What a 2xx to our own request agreed to (RFC 4028 section 7.2).
    pub(super) fn accepted(&self) -> Option<Agreed> {
        let interval = seconds(self.expires?).clamp(LEAST, MOST);
        let refresher = match self.refresher.as_deref() {
            Some("uas") => Refresher::Peer,
            _ => Refresher::Us,
        };
        Some(Agreed {
            interval,
            refresher,
        })
    }

    /// The interval a 422 asks for.
    pub(super) fn least(&self) -> Option<Duration> {
        self.min.map(seconds)
    }
}

impl Agreed {
    /// The Session-Expires of our 2xx: the peer is the UAC of that request.
    pub(super) fn answer_value(&self) -> String {
        let refresher = match self.refresher {
            Refresher::Us => "uas",
            Refresher::Peer => "uac",
        };
        format!("{};refresher={refresher}", self.interval.as_secs())
    }

    /// When the refresher refreshes, after the agreement.
    pub(super) fn refresh_after(&self) -> Duration {
        self.interval / 2
    }

    /// When the session is over without refresh, after the agreement: a little before the
    /// interval ends (RFC 4028 section 10).
    pub(super) fn over_after(&self) -> Duration {
        let margin = Duration::from_secs(32).min(self.interval / 3);
        self.interval.saturating_sub(margin)
    }
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(u64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(expires: Option<u32>, refresher: Option<&str>, supported: bool) -> Asked {
        Asked {
            expires,
            refresher: refresher.map(str::to_owned),
            min: None,
            supported,
        }
    }

    #[test]
    fn the_peer_refreshes_wherever_it_can() {
        let wish = Duration::from_mins(30);
        let cases = [
            (asked(None, None, false), None),
            (asked(None, None, true), Some((1_800, Refresher::Peer))),
            (asked(Some(600), None, true), Some((600, Refresher::Peer))),
            (
                asked(Some(600), Some("uac"), true),
                Some((600, Refresher::Peer)),
            ),
            (
                asked(Some(600), Some("uas"), true),
                Some((600, Refresher::Us)),
            ),
            (asked(Some(600), None, false), Some((600, Refresher::Us))),
            (asked(Some(30), None, false), Some((90, Refresher::Us))),
            (
                asked(Some(u32::MAX), None, true),
                Some((86_400, Refresher::Peer)),
            ),
        ];
        for (asked, expected) in cases {
            let agreed = asked.answer(LEAST, wish);
            let agreed = agreed.map(|a| (a.interval.as_secs(), a.refresher));
            assert_eq!(agreed, expected, "{asked:?}");
        }
    }

    #[test]
    fn only_a_peer_that_knows_the_timer_is_told_that_it_is_too_small() {
        assert!(asked(Some(89), None, true).is_too_small(LEAST));
        assert!(!asked(Some(90), None, true).is_too_small(LEAST));
        assert!(!asked(Some(30), None, false).is_too_small(LEAST));
    }

    #[test]
    fn a_session_is_refreshed_well_before_it_is_over() {
        for interval in [90, 300, 1_800, 86_400] {
            let agreed = Agreed {
                interval: Duration::from_secs(interval),
                refresher: Refresher::Us,
            };
            assert!(agreed.refresh_after() < agreed.over_after());
            assert!(agreed.over_after() < agreed.interval);
        }
    }
}
