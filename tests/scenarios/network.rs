//! The network between phones and server: how long a datagram takes, and whether it comes at all.
//!
//! Seeded, so that the same scenario loses the same packets each time.

use std::time::Duration;

/// One kind of traffic.
#[derive(Clone, Debug)]
pub struct Network {
    /// The shortest way.
    pub latency: Duration,
    /// By how much longer a datagram may take; so later ones overtake it.
    pub jitter: Duration,
    /// Percent that never arrive.
    pub loss: u32,
    /// Percent that arrive twice.
    pub doubled: u32,
    /// Where chance comes from.
    pub seed: u64,
}

impl Default for Network {
    fn default() -> Network {
        let latency = Duration::from_millis(10);
        Network {
            latency,
            jitter: Duration::ZERO,
            loss: 0,
            doubled: 0,
            seed: 1,
        }
    }
}

impl Network {
    /// How long each copy of the next datagram takes; none when it is lost.
    pub fn ways(&mut self) -> Vec<Duration> {
        if self.chance(100) < u64::from(self.loss) {
            return Vec::new();
        }
        let copies = if self.chance(100) < u64::from(self.doubled) {
            2
        } else {
            1
        };
        (0..copies).map(|_| self.way()).collect()
    }

    fn way(&mut self) -> Duration {
        let spread = self.jitter.as_micros() as u64;
        self.latency + Duration::from_micros(self.chance(spread + 1))
    }

    /// A number below `n`: xorshift64* (Vigna, 2016).
    pub fn chance(&mut self, n: u64) -> u64 {
        let mut x = self.seed.max(1);
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.seed = x;
        (x.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }
}
