//! What a worker counts, readable from any thread without stopping it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// The upper bounds of the classes of lateness, in microseconds; the last class has none.
const BOUNDS_US: [u64; 9] = [
    250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 80_000,
];

const CLASSES: usize = BOUNDS_US.len() + 1;

/// A tick later than this is late.
const LATE: Duration = Duration::from_millis(10);

/// The second's ticks from which on they say something about load.
const ENOUGH: u64 = 50;

/// The counters of one worker. Only the worker writes them.
#[derive(Debug, Default)]
pub(super) struct Counters {
    sessions: AtomicUsize,
    classes: [AtomicU64; CLASSES],
    slowest_us: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
    unsent: AtomicU64,
    /// The end of the last second with many late ticks, in seconds since the start.
    behind: AtomicU64,
}

/// How late packets were sent. Lateness counts from the moment a packet was due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    classes: [u64; CLASSES],
    slowest: Duration,
}

/// Datagrams of all kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Received, foreign ones included.
    pub received: u64,
    /// Sent.
    pub sent: u64,
    /// Not sent because the system refused.
    pub unsent: u64,
}

/// The ticks of the second that runs; the worker's own.
#[derive(Debug, Default)]
pub(super) struct Second {
    number: u64,
    ticks: u64,
    late: u64,
}

impl Counters {
    pub(super) fn sessions(&self) -> usize {
        self.sessions.load(Relaxed)
    }

    pub(super) fn set_sessions(&self, count: usize) {
        self.sessions.store(count, Relaxed);
    }

    /// Whether more than a tenth of the ticks of the last full second were late. An idle worker
    /// judges no second, so the judgement on its last one lapses.
    pub(super) fn is_behind(&self, elapsed: Duration) -> bool {
        let behind = self.behind.load(Relaxed);
        behind > 0 && elapsed.as_secs() <= behind
    }

    pub(super) fn count_received(&self) {
        self.received.fetch_add(1, Relaxed);
    }

    pub(super) fn count_sent(&self, sent: bool) {
        let counter = if sent { &self.sent } else { &self.unsent };
        counter.fetch_add(1, Relaxed);
    }

    pub(super) fn count_tick(&self, lateness: Duration) {
        let us = lateness.as_micros() as u64;
        let class = BOUNDS_US.partition_point(|bound| *bound < us);
        if let Some(count) = self.classes.get(class) {
            count.fetch_add(1, Relaxed);
        }
        self.slowest_us.fetch_max(us, Relaxed);
    }

    pub(super) fn pace(&self) -> Pace {
        Pace {
            classes: std::array::from_fn(|class| {
                self.classes
                    .get(class)
                    .map_or(0, |count| count.load(Relaxed))
            }),
            slowest: Duration::from_micros(self.slowest_us.load(Relaxed)),
        }
    }

    pub(super) fn traffic(&self) -> Traffic {
        Traffic {
            received: self.received.load(Relaxed),
            sent: self.sent.load(Relaxed),
            unsent: self.unsent.load(Relaxed),
        }
    }
}

impl Second {
    /// Counts a tick in the second it belongs to; when that is over, `counters` learn of it.
    pub(super) fn count(&mut self, elapsed: Duration, lateness: Duration, counters: &Counters) {
        self.turn(elapsed, counters);
        self.ticks += 1;
        self.late += u64::from(lateness > LATE);
    }

    /// Ends the second that is over.
    pub(super) fn turn(&mut self, elapsed: Duration, counters: &Counters) {
        if elapsed.as_secs() == self.number {
            return;
        }
        if self.ticks >= ENOUGH && self.late * 10 > self.ticks {
            counters.behind.store(self.number + 1, Relaxed);
        }
        *self = Second {
            number: elapsed.as_secs(),
            ..Second::default()
        };
    }
}

impl Pace {
    /// Packets due so far.
    pub fn packets(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// The longest lateness.
    pub fn slowest(&self) -> Duration {
        self.slowest
    }

    /// A bound that this many thousandths of the packets kept: 250 us to 80 ms in nine steps, or
    /// the longest lateness beyond.
    pub fn within(&self, thousandths: u64) -> Duration {
        let wanted = (self.packets() * thousandths.min(1_000)).div_ceil(1_000);
        let mut seen = 0;
        for (count, bound) in self.classes.iter().zip(BOUNDS_US) {
            seen += count;
            if seen >= wanted {
                return Duration::from_micros(bound);
            }
        }
        self.slowest
    }

    /// What came after an earlier reading; the longest lateness stays that of all time.
    #[must_use]
    pub fn since(&self, earlier: &Pace) -> Pace {
        let mut later = self.clone();
        let pairs = later.classes.iter_mut().zip(earlier.classes);
        pairs.for_each(|(count, before)| *count = count.saturating_sub(before));
        later
    }

    pub(super) fn add(&mut self, other: &Pace) {
        let pairs = self.classes.iter_mut().zip(other.classes);
        pairs.for_each(|(count, more)| *count += more);
        self.slowest = self.slowest.max(other.slowest);
    }
}

impl Traffic {
    pub(super) fn add(&mut self, other: Traffic) {
        self.received += other.received;
        self.sent += other.sent;
        self.unsent += other.unsent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn bounds_say_what_part_of_the_packets_kept_them() {
        let counters = Counters::default();
        for _ in 0..990 {
            counters.count_tick(Duration::from_micros(100));
        }
        let before = counters.pace();
        for _ in 0..10 {
            counters.count_tick(ms(300));
        }
        let pace = counters.pace();
        assert_eq!(pace.packets(), 1_000);
        assert_eq!(pace.within(990), Duration::from_micros(250));
        assert_eq!(pace.within(999), ms(300));
        assert_eq!(pace.slowest(), ms(300));
        assert_eq!(pace.since(&before).packets(), 10);
        assert_eq!(Pace::default().within(999), Duration::from_micros(250));
    }

    #[test]
    fn a_worker_is_behind_after_a_second_with_many_late_ticks_and_not_after_a_good_one() {
        let (counters, mut second) = (Counters::default(), Second::default());
        for n in 0..100 {
            second.count(
                ms(n * 9),
                if n % 8 == 0 { ms(11) } else { ms(1) },
                &counters,
            );
        }
        assert!(!counters.is_behind(ms(999)));
        second.count(ms(1_000), ms(1), &counters);
        assert!(counters.is_behind(ms(1_500)));
        assert!(!counters.is_behind(ms(2_000)));
        second.turn(ms(2_000), &counters);
        assert!(!counters.is_behind(ms(2_000)));
    }
}
