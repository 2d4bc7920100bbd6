//! Recordings that are only tried out: kept in memory, never on disk.
//!
//! An operator records a prompt, or a subscriber a greeting or a message to others, hears it, and
//! uses it or not. Until then such a recording is no message, so it must never end in a mailbox,
//! not even after a crash: of what is in memory only nothing can be recovered. It takes the same
//! way as every recording all the same (through the media worker and this thread's queue), so its
//! octets, its reading back and its end come in order.
//!
//! Laws: all of them together have at most [`SCRATCH_OCTETS`]; none begins while what is left may
//! not take another of [`SCRATCH_USUAL`]; sound beyond the bound is left out.

use super::intake::TakeFault;
use crate::audio::wire::duration_to_samples;
use crate::audio::{Law, WireAudio};
use crate::base::MessageId;
use std::collections::HashMap;
use std::time::Duration;

/// The most octets of all recordings tried out at once: four and a half hours of sound.
pub const SCRATCH_OCTETS: usize = 128 << 20;

/// What one is expected to need, until it has more: as long as a message usually may be.
pub const SCRATCH_USUAL: Duration = Duration::from_mins(3);

/// The recordings tried out now.
#[derive(Debug, Default)]
pub(super) struct Scratch(HashMap<MessageId, Tried>);

#[derive(Debug)]
struct Tried {
    law: Law,
    octets: Vec<u8>,
}

impl Scratch {
    /// Starts one.
    pub(super) fn begin(&mut self, take: MessageId, law: Law) -> Result<(), TakeFault> {
        let usual = duration_to_samples(SCRATCH_USUAL);
        let expected: usize = self.0.values().map(|t| t.octets.len().max(usual)).sum();
        if expected + usual > SCRATCH_OCTETS {
            return Err(TakeFault::TooMany);
        }
        let octets = Vec::new();
        self.0.insert(take, Tried { law, octets });
        Ok(())
    }

    /// Whether there is one of this name.
    pub(super) fn has(&self, take: MessageId) -> bool {
        self.0.contains_key(&take)
    }

    /// Adds octets, as far as there may be more.
    pub(super) fn add(&mut self, take: MessageId, octets: &[u8]) {
        let all: usize = self.0.values().map(|tried| tried.octets.len()).sum();
        let room = SCRATCH_OCTETS.saturating_sub(all);
        if let Some(tried) = self.0.get_mut(&take) {
            tried.octets.extend(octets.iter().take(room));
        }
    }

    /// The sound of one so far.
    pub(super) fn load(&self, take: MessageId) -> Option<WireAudio> {
        let tried = self.0.get(&take)?;
        Some(WireAudio::from_octets(tried.law, &tried.octets))
    }

    /// Forgets one; whether there was one of this name.
    pub(super) fn discard(&mut self, take: MessageId) -> bool {
        self.0.remove(&take).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn take(n: u128) -> MessageId {
        MessageId(Uuid::from_u128(n))
    }

    #[test]
    fn memory_is_bounded_over_all_of_them() {
        let mut scratch = Scratch::default();
        let usual = duration_to_samples(SCRATCH_USUAL);
        let most = SCRATCH_OCTETS / usual;
        for n in 0..most {
            scratch.begin(take(n as u128), Law::A).unwrap();
        }
        assert_eq!(scratch.begin(take(999), Law::A), Err(TakeFault::TooMany));
        let minutes = vec![Law::A.silence(); 16 << 20];
        for _ in 0..9 {
            scratch.add(take(0), &minutes);
        }
        assert_eq!(scratch.load(take(0)).unwrap().len(), SCRATCH_OCTETS);
        assert!(scratch.discard(take(0)));
        assert_eq!(scratch.load(take(0)), None);
        scratch.begin(take(999), Law::A).unwrap();
    }
}
