//! The numbers of RTP (RFC 3550 section 5.1), which wrap around, and seeded ones to start from.

/// The synchronisation source: who sends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ssrc(pub u32);

/// A sequence number: one more for each packet, modulo 2^16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SequenceNumber(pub u16);

impl SequenceNumber {
    /// The one after this.
    #[must_use]
    pub fn next(self) -> SequenceNumber {
        SequenceNumber(self.0.wrapping_add(1))
    }

    /// How many packets this is after `earlier`; negative when it is before it.
    pub fn after(self, earlier: SequenceNumber) -> i16 {
        self.0.wrapping_sub(earlier.0) as i16
    }
}

/// A media timestamp in units of [`CLOCK_RATE`](super::CLOCK_RATE), modulo 2^32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RtpTime(pub u32);

impl RtpTime {
    /// This many units later.
    #[must_use]
    pub fn plus(self, units: u32) -> RtpTime {
        RtpTime(self.0.wrapping_add(units))
    }

    /// How many units this is after `earlier`; negative when it is before it.
    pub fn after(self, earlier: RtpTime) -> i32 {
        self.0.wrapping_sub(earlier.0) as i32
    }
}

/// A row of well-spread numbers from one seed (the `SplitMix64` generator), so that a machine
/// without chance of its own is repeatable in tests and unpredictable with a secret seed.
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// The row that belongs to `seed`.
    pub fn new(seed: u64) -> Seeded {
        Seeded(seed)
    }

    /// The next number of the row.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_cross_the_wrap() {
        assert_eq!(SequenceNumber(1).after(SequenceNumber(u16::MAX)), 2);
        assert_eq!(SequenceNumber(u16::MAX).after(SequenceNumber(1)), -2);
        assert_eq!(SequenceNumber(u16::MAX).next(), SequenceNumber(0));
        assert_eq!(RtpTime(100).after(RtpTime(u32::MAX)), 101);
        assert_eq!(RtpTime(u32::MAX).plus(161), RtpTime(160));
    }

    #[test]
    fn one_seed_gives_one_row() {
        let row = |seed| {
            let mut seeded = Seeded::new(seed);
            [seeded.next_u64(), seeded.next_u64(), seeded.next_u64()]
        };
        assert_eq!(row(7), row(7));
        assert_ne!(row(7), row(8));
    }
}
