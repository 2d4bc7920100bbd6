//! How often a source may ask, and how often it may be wrong.
//!
//! In: requests, right and wrong answers, with the time. Out: whether a request is looked at, and
//! which bans begin. Laws: after so many wrong answers whoever gave them is banned, for the first
//! ban's time and twice as long with each further one; wrong answers during a ban do not come here;
//! what was quiet for [`KEPT`] is forgotten; a table that is full counts no new source, so that
//! many strangers push no known one out.

use crate::base::{DeviceId, Mono};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Sources remembered in each table.
const REMEMBERED: usize = 10_000;
/// The longest ban.
pub(super) const LONGEST_BAN: Duration = Duration::from_hours(24);
/// Wrong answers are forgotten after so much quiet; bans, with how long the next one is, later.
const FORGIVEN: Duration = Duration::from_mins(15);
/// How long a source is remembered after its last wrong answer or ban.
const KEPT: Duration = Duration::from_hours(24);
/// A source may save up so many seconds of its requests.
const BURST_SECONDS: u32 = 10;
/// A device may save up so many right answers, and gets one more a second.
const DEVICE_BURST: f64 = 30.0;

/// What counts as one source: a host, or the /64 network an IPv6 host can choose addresses from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Source(IpAddr);

impl Source {
    pub(super) fn of(address: IpAddr) -> Source {
        match address.to_canonical() {
            IpAddr::V4(v4) => Source(IpAddr::V4(v4)),
            IpAddr::V6(v6) => {
                let network = v6.to_bits() & (u128::MAX << 64);
                Source(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
        }
    }
}

/// Whose wrong answers are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tried {
    /// All of a source.
    Source(Source),
    /// Those for a device that is bound from that source: others there do not concern it.
    Device(Source, DeviceId),
}

#[derive(Clone, Copy, Debug, Default)]
struct Record {
    wrong: u32,
    bans: u32,
    until: Mono,
    last: Mono,
}

/// Requests saved up.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Mono,
}

impl Bucket {
    /// Takes one, where there is one.
    fn take(&mut self, now: Mono, a_second: f64, most: f64) -> bool {
        let saved = (now - self.at).as_secs_f64() * a_second;
        self.left = (self.left + saved).min(most);
        self.at = now;
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}

/// The counts of all sources.
#[derive(Debug)]
pub(super) struct Guard {
    tries: u32,
    first_ban: Duration,
    requests_a_second: u32,
    records: HashMap<Tried, Record>,
    sources: HashMap<Source, Bucket>,
    devices: HashMap<DeviceId, Bucket>,
}

impl Guard {
    pub(super) fn new(tries: u32, first_ban: Duration, requests_a_second: u32) -> Guard {
        Guard {
            tries: tries.max(1),
            first_ban,
            requests_a_second,
            records: HashMap::new(),
            sources: HashMap::new(),
            devices: HashMap::new(),
        }
    }

    /// Whether a request of this source is looked at.
    pub(super) fn admits(&mut self, now: Mono, source: Source) -> bool {
        let a_second = f64::from(self.requests_a_second);
        let most = f64::from(self.requests_a_second.saturating_mul(BURST_SECONDS));
        if self.sources.len() >= REMEMBERED && !self.sources.contains_key(&source) {
            let full = Duration::from_secs(u64::from(BURST_SECONDS));
            self.sources.retain(|_, bucket| now - bucket.at < full);
            if self.sources.len() >= REMEMBERED {
                return true;
            }
        }
        let full = Bucket {
            left: most,
            at: now,
        };
        let bucket = self.sources.entry(source).or_insert(full);
        bucket.take(now, a_second, most)
    }

    /// Whether a device that proved who it is may have another request served. There are no more
    /// devices here than are known.
    pub(super) fn admits_device(&mut self, now: Mono, device: &DeviceId) -> bool {
        let full = Bucket {
            left: DEVICE_BURST,
            at: now,
        };
        let bucket = self.devices.entry(device.clone()).or_insert(full);
        bucket.take(now, 1.0, DEVICE_BURST)
    }

    /// Whether answers are not looked at.
    pub(super) fn is_banned(&self, now: Mono, tried: &Tried) -> bool {
        self.records
            .get(tried)
            .is_some_and(|record| now < record.until)
    }

    /// A wrong answer; how long the ban is that it began.
    pub(super) fn wrong(&mut self, now: Mono, tried: Tried) -> Option<Duration> {
        if self.records.len() >= REMEMBERED && !self.records.contains_key(&tried) {
            self.records.retain(|_, r| {
                now < r.until.max(r.last) + KEPT && (r.bans > 0 || r.last + FORGIVEN > now)
            });
            if self.records.len() >= REMEMBERED {
                return None;
            }
        }
        let record = self.records.entry(tried).or_default();
        if record.until.max(record.last) + KEPT <= now {
            *record = Record::default();
        }
        if record.last + FORGIVEN <= now {
            record.wrong = 0;
        }
        record.wrong += 1;
        record.last = now;
        if record.wrong < self.tries {
            return None;
        }
        let doublings = record.bans.min(20);
        let ban = self.first_ban.saturating_mul(1 << doublings);
        let ban = ban.min(LONGEST_BAN);
        *record = Record {
            wrong: 0,
            bans: record.bans.saturating_add(1),
            until: now + ban,
            last: now,
        };
        Some(ban)
    }

    /// A device that is bound there was right: it starts afresh.
    pub(super) fn right(&mut self, tried: &Tried) {
        if matches!(tried, Tried::Device(..)) {
            self.records.remove(tried);
        }
    }

    /// A device is gone.
    pub(super) fn forget_device(&mut self, device: &DeviceId) {
        self.devices.remove(device);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::since_start(Duration::from_secs(seconds))
    }

    fn source(text: &str) -> Source {
        Source::of(text.parse().unwrap())
    }

    fn guard() -> Guard {
        Guard::new(3, Duration::from_secs(60), 10)
    }

    #[test]
    fn each_ban_is_twice_as_long_as_the_one_before_up_to_a_day() {
        let mut guard = guard();
        let tried = || Tried::Source(source("192.0.2.1"));
        let (mut now, mut expected) = (at(0), Duration::from_secs(60));
        for _ in 0..16 {
            assert_eq!(guard.wrong(now, tried()), None);
            assert_eq!(guard.wrong(now, tried()), None);
            assert_eq!(guard.wrong(now, tried()), Some(expected));
            assert!(guard.is_banned(now, &tried()));
            assert!(!guard.is_banned(now, &Tried::Source(source("192.0.2.2"))));
            now = now + expected;
            assert!(!guard.is_banned(now, &tried()));
            expected = (expected * 2).min(LONGEST_BAN);
        }
    }

    #[test]
    fn a_slip_now_and_then_bans_nobody() {
        let mut guard = guard();
        for slip in 0..100 {
            let now = at(slip * 901);
            assert_eq!(guard.wrong(now, Tried::Source(source("192.0.2.1"))), None);
        }
    }

    #[test]
    fn many_strangers_push_no_ban_out() {
        let mut guard = guard();
        let bad = || Tried::Source(source("192.0.2.1"));
        for _ in 0..3 {
            guard.wrong(at(1), bad());
        }
        for n in 0..20_000_u32 {
            let address = IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n));
            guard.wrong(at(2), Tried::Source(Source::of(address)));
            guard.admits(at(2), Source::of(address));
        }
        assert!(guard.is_banned(at(3), &bad()));
        assert!(guard.records.len() <= REMEMBERED && guard.sources.len() <= REMEMBERED);
        // Once those are forgotten there is room again.
        for _ in 0..3 {
            guard.wrong(at(2_000), Tried::Source(source("198.51.100.1")));
        }
        let other = Tried::Source(source("198.51.100.1"));
        assert!(guard.is_banned(at(2_001), &other));
    }

    #[test]
    fn a_source_has_its_requests_a_second_and_some_saved_up() {
        let mut guard = guard();
        let one = source("2001:db8::1");
        let taken = (0..200).filter(|_| guard.admits(at(1), one)).count();
        assert_eq!(taken, 100);
        assert!(!guard.admits(at(1), source("2001:db8::2")), "one network");
        assert!(guard.admits(at(1), source("2001:db8:0:1::1")));
        let taken = (0..200).filter(|_| guard.admits(at(2), one)).count();
        assert_eq!(taken, 10);
    }

    #[test]
    fn a_device_that_asks_without_end_is_slowed() {
        let mut guard = guard();
        let device = DeviceId::parse("desk").unwrap();
        let taken = (0..200).filter(|_| guard.admits_device(at(1), &device));
        assert_eq!(taken.count(), 30);
        assert!(guard.admits_device(at(2), &device));
        assert!(!guard.admits_device(at(2), &device));
    }
}
