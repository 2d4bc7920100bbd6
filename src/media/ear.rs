//! What is heard of speech in the octets of a recording: how much, and where it ended.
//!
//! In: octets of one law, as they come. Out: counts in samples, judged in whole frames of 20 ms. A
//! frame is speech where it is louder than a level and no tone of a line or a key (see
//! [`speech`](crate::audio::speech)).
//!
//! Law: nothing is allocated.

use super::loudness::{Dbm0, FRAME, Loudness};
use crate::audio::Law;
use crate::audio::speech::SpeechMeter;

/// Listens to a recording.
#[derive(Clone, Debug)]
pub(super) struct Ear {
    law: Law,
    loudness: Loudness,
    /// The frame so far, decoded.
    frame: [i16; FRAME],
    filled: usize,
    meter: SpeechMeter,
}

impl Ear {
    /// An ear to which everything below this level is silence.
    pub(super) fn new(law: Law, level: Dbm0) -> Ear {
        Ear {
            law,
            loudness: Loudness::new(law, level),
            frame: [0; FRAME],
            filled: 0,
            meter: SpeechMeter::default(),
        }
    }

    /// How many octets are missing to a whole frame, 1-160.
    pub(super) fn missing(&self) -> usize {
        self.loudness.missing()
    }

    /// Takes octets, no more than are missing.
    pub(super) fn hear(&mut self, octets: &[u8]) {
        let places = self.frame.iter_mut().skip(self.filled);
        let pairs = places.zip(octets);
        pairs.for_each(|(sample, octet)| *sample = self.law.decode(*octet));
        self.filled += octets.len();
        if let Some(loud) = self.loudness.hear(octets) {
            self.filled = 0;
            self.meter.hear(&self.frame, loud);
        }
    }

    /// What was heard so far.
    pub(super) fn meter(&self) -> &SpeechMeter {
        &self.meter
    }
}
