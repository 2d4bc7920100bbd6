//! The tones of a telephone key in a short stretch of sound (ITU-T Q.23, Q.24).
//!
//! In: 10-25 ms of samples at [`WIRE_RATE`]. Out: the key whose pair is in it, also below a voice
//! that is a little quieter. Half as short a stretch tells the tones of one group no longer apart;
//! twice as long a one misses keys whose tones are off by the 1.5 % that Q.24 allows. One stretch
//! alone proves nothing: speech holds a pair now and then, but not the same one for 30 ms.

use super::WIRE_RATE;
use super::goertzel::amplitude;
use super::level::rms;
use super::tone::DTMF;
use crate::base::Digit;

/// The tones of a key, one of each group, in Hz.
const LOW: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
/// The share of the energy that a pair must hold.
const SHARE: f64 = 0.6;
/// How many times the power of the next tone of its group a tone must have.
const LEAD: f64 = 4.0;
/// How many times the power of the one tone the other may have: 10 dB.
const TWIST: f64 = 10.0;
/// The level, as RMS of full scale, below which nothing is heard: -50 dBFS.
const AUDIBLE: f64 = 0.003_16;

/// The key that is heard.
pub fn heard(stretch: &[i16]) -> Option<Digit> {
    let whole = rms(stretch).powi(2);
    if whole < AUDIBLE * AUDIBLE {
        return None;
    }
    let (low, low_power) = strongest(stretch, LOW)?;
    let (high, high_power) = strongest(stretch, HIGH)?;
    let twisted = low_power > TWIST * high_power || high_power > TWIST * low_power;
    if twisted || low_power + high_power < SHARE * whole {
        return None;
    }
    let mut keys = Digit::ALL.into_iter().zip(DTMF);
    keys.find_map(|(key, pair)| (pair == (low, high)).then_some(key))
}

/// The tone of a group that leads clearly, and its power as a share of full scale.
fn strongest(stretch: &[i16], group: [f64; 4]) -> Option<(f64, f64)> {
    // A sine of amplitude a has the power a²/2.
    let mut powers = group.map(|hz| (hz, amplitude(stretch, WIRE_RATE, hz).powi(2) / 2.0));
    powers.sort_by(|one, other| other.1.total_cmp(&one.1));
    let [first, second, ..] = powers;
    (first.1 >= LEAD * second.1).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tone;
    use std::time::Duration;

    const SPAN: Duration = Duration::from_millis(15);

    /// A stretch from the middle of a pair, one tone so many dB above the other.
    fn stretch(pair: (f64, f64), twist: f64) -> Vec<i16> {
        let one = |hz, db| tone::sine(hz, db, SPAN * 3, WIRE_RATE).samples;
        let both = one(pair.0, -15.0 - twist).into_iter();
        let both: Vec<i16> = both.zip(one(pair.1, -15.0)).map(|(l, h)| l + h).collect();
        both[120..240].to_vec()
    }

    #[test]
    fn every_key_is_heard_off_pitch_and_twisted() {
        for (key, (low, high)) in Digit::ALL.into_iter().zip(DTMF) {
            for off in [0.985, 1.0, 1.015] {
                for twist in [-6.0, 0.0, 6.0] {
                    let sound = stretch((low * off, high * off), twist);
                    assert_eq!(heard(&sound), Some(key), "{key} {off} {twist}");
                }
            }
        }
    }

    #[test]
    fn one_tone_silence_and_other_pairs_are_no_key() {
        assert_eq!(heard(&[0; 120]), None);
        assert_eq!(heard(&[]), None);
        for pair in [
            (350.0, 440.0),
            (480.0, 620.0),
            (697.0, 770.0),
            (1_209.0, 1_633.0),
        ] {
            assert_eq!(heard(&stretch(pair, 0.0)), None, "{pair:?}");
        }
        let lone = tone::sine(770.0, -10.0, SPAN, WIRE_RATE).samples;
        assert_eq!(heard(&lone), None);
    }
}
