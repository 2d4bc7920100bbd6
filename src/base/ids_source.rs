//! Where identifiers come from: a seeded source, so that a test sees the same ones each run.

use super::{CallId, MessageId, PlayId, SessionId, Timestamp};
use uuid::Builder;

/// Gives out identifiers that are unique within a run, and message ids that are unique for ever
/// when the seed is random.
#[derive(Clone, Debug)]
pub struct Ids {
    next: u64,
    noise: u64,
}

impl Ids {
    /// A source whose message ids differ from those of every other seed.
    pub fn new(seed: u64) -> Ids {
        Ids {
            next: 1,
            noise: seed,
        }
    }

    /// A new call.
    pub fn call(&mut self) -> CallId {
        CallId(self.count())
    }

    /// A new media session.
    pub fn session(&mut self) -> SessionId {
        SessionId(self.count())
    }

    /// A new play list.
    pub fn play(&mut self) -> PlayId {
        PlayId(self.count())
    }

    /// A new recording, stamped with the wall clock (UUIDv7, RFC 9562 section 5.7).
    pub fn message(&mut self, wall: Timestamp) -> MessageId {
        let millis = u64::try_from(wall.as_millisecond()).unwrap_or(0);
        let mut random = [0; 10];
        let (head, tail) = random.split_at_mut(8);
        head.copy_from_slice(&self.random().to_be_bytes());
        tail.copy_from_slice(&self.random().to_be_bytes()[..2]);
        MessageId(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    fn count(&mut self) -> u64 {
        let id = self.next;
        self.next += 1;
        id
    }

    /// The next output of SplitMix64 (Steele, Lea and Flood, 2014): well spread for any seed.
    fn random(&mut self) -> u64 {
        self.noise = self.noise.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.noise ^ (self.noise >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn message_ids_sort_by_time_and_differ_within_a_millisecond() {
        let mut ids = Ids::new(1);
        let earlier = ids.message(Timestamp::from_millisecond(1_000).unwrap());
        let later = ids.message(Timestamp::from_millisecond(1_001).unwrap());
        assert!(earlier < later);
        assert_eq!(later.0.get_version_num(), 7);
        let same: HashSet<_> = (0..1_000)
            .map(|_| ids.message(Timestamp::from_millisecond(2_000).unwrap()))
            .collect();
        assert_eq!(same.len(), 1_000);
    }
}
