//! Recordings that are only tried out: kept in memory, never on disk.
//!
//! An operator records a prompt, hears it, and uses it or not. Such a recording is no message, so
//! it must never end in a mailbox, not even after a crash: of what is in memory only nothing can be
//! recovered. It takes the same way as every recording all the same (through the media worker and
//! this thread's queue), so its octets, its reading back and its end come in order.
//!
//! Laws: there are at most [`SCRATCH_MAX`], each of at most [`SCRATCH_LONGEST`]; more sound than
//! that is left out.

use super::intake::TakeFault;
use crate::audio::wire::duration_to_samples;
use crate::audio::{Law, WireAudio};
use crate::base::MessageId;
use std::collections::HashMap;
use std::time::Duration;

/// The most recordings tried out at once: 8 MB in memory, and more operators than there are.
pub const SCRATCH_MAX: usize = 8;

/// The longest of them: twice what a flow asks for.
pub const SCRATCH_LONGEST: Duration = Duration::from_mins(4);

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
        if self.0.len() >= SCRATCH_MAX {
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
        if let Some(tried) = self.0.get_mut(&take) {
            let room = duration_to_samples(SCRATCH_LONGEST).saturating_sub(tried.octets.len());
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
    fn memory_is_bounded_in_number_and_length() {
        let mut scratch = Scratch::default();
        for n in 0..SCRATCH_MAX {
            scratch.begin(take(n as u128), Law::A).unwrap();
        }
        assert_eq!(scratch.begin(take(99), Law::A), Err(TakeFault::TooMany));
        for _ in 0..300 {
            scratch.add(take(0), &[Law::A.silence(); 8_000]);
        }
        assert_eq!(scratch.load(take(0)).unwrap().duration(), SCRATCH_LONGEST);
        assert!(scratch.discard(take(0)));
        assert_eq!(scratch.load(take(0)), None);
        scratch.begin(take(99), Law::A).unwrap();
    }
}
