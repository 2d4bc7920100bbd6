//! Wrong tokens, slowed by where they come from: a bucket for each source.
//!
//! In: a wrong token from an address at a time. Out: whether it is answered as wrong, or refused
//! as one too many. Laws: a right token is never kept waiting by a neighbour's wrong ones, since
//! many may stand behind one proxy; the table is bounded, and the longest silent source is
//! forgotten first. A source is an IPv4 address, or the first 64 bits of an IPv6 one.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Wrong tokens a source may send at once.
pub(super) const BURST: u32 = 10;

/// After this long a source may send one more.
pub(super) const PAUSE: Duration = Duration::from_secs(6);

/// The most sources that are remembered.
const SOURCES_MAX: usize = 4_096;

/// How many wrong tokens came from where.
#[derive(Debug, Default)]
pub(super) struct Slowed {
    sources: HashMap<IpAddr, Instant>,
}

impl Slowed {
    /// Counts a wrong token; for how long its source is to be silent when it was one too many.
    ///
    /// Kept of each source is only when its bucket is full again.
    pub(super) fn wrong(&mut self, source: IpAddr, now: Instant) -> Result<(), Duration> {
        let source = block(source);
        if self.sources.len() >= SOURCES_MAX && !self.sources.contains_key(&source) {
            self.forget_one(now);
        }
        let full = self.sources.entry(source).or_insert(now);
        let full_again = (*full).max(now) + PAUSE;
        let wait = full_again.saturating_duration_since(now + PAUSE * BURST);
        if wait.is_zero() {
            *full = full_again;
            Ok(())
        } else {
            Err(wait)
        }
    }

    fn forget_one(&mut self, now: Instant) {
        self.sources.retain(|_, full| *full > now);
        if self.sources.len() >= SOURCES_MAX {
            let oldest = self.sources.iter().min_by_key(|(_, full)| **full);
            if let Some(oldest) = oldest.map(|(source, _)| *source) {
                self.sources.remove(&oldest);
            }
        }
    }
}

/// What counts as one source.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spend(slowed: &mut Slowed, source: &str, now: Instant) -> u32 {
        let source = source.parse().unwrap();
        (0..100)
            .filter(|_| slowed.wrong(source, now).is_ok())
            .count() as u32
    }

    #[test]
    fn a_source_has_a_burst_and_then_one_each_pause() {
        let (mut slowed, now) = (Slowed::default(), Instant::now());
        assert_eq!(spend(&mut slowed, "192.0.2.1", now), BURST);
        assert_eq!(spend(&mut slowed, "192.0.2.1", now + PAUSE / 2), 0);
        assert_eq!(spend(&mut slowed, "192.0.2.1", now + PAUSE), 1);
        assert_eq!(spend(&mut slowed, "192.0.2.1", now + PAUSE * 100), BURST);
        let wait = slowed.wrong("192.0.2.1".parse().unwrap(), now + PAUSE * 100);
        assert_eq!(wait, Err(PAUSE));
    }

    #[test]
    fn sources_do_not_pay_for_each_other_and_a_network_is_one() {
        let (mut slowed, now) = (Slowed::default(), Instant::now());
        assert_eq!(spend(&mut slowed, "192.0.2.1", now), BURST);
        assert_eq!(spend(&mut slowed, "192.0.2.2", now), BURST);
        assert_eq!(spend(&mut slowed, "::ffff:192.0.2.2", now), 0);
        assert_eq!(spend(&mut slowed, "2001:db8::1", now), BURST);
        assert_eq!(spend(&mut slowed, "2001:db8::2", now), 0);
        assert_eq!(spend(&mut slowed, "2001:db8:0:1::2", now), BURST);
    }

    #[test]
    fn the_table_is_bounded_and_forgets_the_longest_silent_first() {
        let (mut slowed, now) = (Slowed::default(), Instant::now());
        assert_eq!(spend(&mut slowed, "192.0.2.1", now), BURST);
        for n in 0..(2 * SOURCES_MAX) as u32 {
            let source = IpAddr::V4((0x0a00_0000 + n).into());
            assert!(slowed.wrong(source, now).is_ok());
        }
        assert_eq!(slowed.sources.len(), SOURCES_MAX);
        assert_eq!(spend(&mut slowed, "192.0.2.1", now), 0);
    }
}
