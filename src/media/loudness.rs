//! How loud G.711 octets are, by a table of 256 energies for each law.
//!
//! Sound is judged in frames of 20 ms: a frame is loud when its mean energy is above a level.

use crate::audio::Law;
use std::sync::OnceLock;

pub(super) use crate::audio::steady_tone::FRAME;

/// A level in dBm0 (ITU-T G.100.1): 0 is a milliwatt at the point of reference; a sine at the
/// limit of G.711 is about +3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dbm0(pub i8);

/// Judges octets frame by frame.
#[derive(Clone, Debug)]
pub(super) struct Loudness {
    energies: &'static [u32; 256],
    /// The energy of a whole frame at the level.
    threshold: u64,
    /// The frame so far.
    energy: u64,
    samples: usize,
}

impl Loudness {
    pub(super) fn new(law: Law, level: Dbm0) -> Loudness {
        Loudness {
            energies: energies(law),
            threshold: mean_energy(law, level) * FRAME as u64,
            energy: 0,
            samples: 0,
        }
    }

    /// How many octets are missing to a whole frame, 1-160.
    pub(super) fn missing(&self) -> usize {
        FRAME - self.samples
    }

    /// Takes octets, no more than are missing. Where they complete a frame: whether it is loud.
    pub(super) fn hear(&mut self, octets: &[u8]) -> Option<bool> {
        let energy_of = |octet: &u8| u64::from(self.energies[usize::from(*octet)]);
        self.energy += octets.iter().map(energy_of).sum::<u64>();
        self.samples += octets.len();
        if self.samples < FRAME {
            return None;
        }
        let loud = self.energy > self.threshold;
        self.energy = 0;
        self.samples = 0;
        Some(loud)
    }
}

fn energies(law: Law) -> &'static [u32; 256] {
    static A: OnceLock<[u32; 256]> = OnceLock::new();
    static MU: OnceLock<[u32; 256]> = OnceLock::new();
    let table = match law {
        Law::A => &A,
        Law::Mu => &MU,
    };
    table.get_or_init(|| {
        std::array::from_fn(|octet| {
            let sample = i32::from(law.decode(octet as u8));
            sample.pow(2) as u32
        })
    })
}

/// The mean square of a sine at this level, from the limits of G.711: the largest sample of a
/// sine is +3.14 dBm0 in A-law and +3.17 dBm0 in mu-law (G.711 section 4).
fn mean_energy(law: Law, level: Dbm0) -> u64 {
    let (limit, hundredths) = match law {
        Law::A => (32_256.0_f64, 314),
        Law::Mu => (32_124.0_f64, 317),
    };
    let ratio = 10_f64.powf((f64::from(level.0) - f64::from(hundredths) / 100.0) / 10.0);
    (limit * limit / 2.0 * ratio) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(law: Law, dbm0: f64) -> Vec<u8> {
        let peak = 32_000.0 * 10_f64.powf((dbm0 - 3.1) / 20.0);
        (0..FRAME)
            .map(|n| {
                let phase = n as f64 * 1_000.0 / 8_000.0 * std::f64::consts::TAU;
                law.encode((phase.sin() * peak) as i16)
            })
            .collect()
    }

    #[test]
    fn a_tone_two_decibel_above_the_level_is_loud_and_below_it_is_not() {
        for law in [Law::A, Law::Mu] {
            for level in [-50, -45, -30, -10] {
                let mut loudness = Loudness::new(law, Dbm0(level));
                let above = tone(law, f64::from(level) + 2.0);
                let below = tone(law, f64::from(level) - 2.0);
                assert_eq!(loudness.hear(&above), Some(true), "{law:?} {level}");
                assert_eq!(loudness.hear(&below), Some(false), "{law:?} {level}");
            }
        }
    }

    #[test]
    fn a_frame_may_come_in_pieces() {
        let mut loudness = Loudness::new(Law::A, Dbm0(-45));
        let octets = tone(Law::A, -20.0);
        assert_eq!(loudness.hear(&octets[..100]), None);
        assert_eq!(loudness.missing(), 60);
        assert_eq!(loudness.hear(&octets[100..]), Some(true));
        assert_eq!(loudness.missing(), FRAME);
    }
}
