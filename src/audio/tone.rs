//! Tones: single, in pairs, the keys of a telephone (ITU-T Q.23) and the beep.
//!
//! Every tone rises and falls over [`RAMP`], so that it does not click.

use super::level::gain;
use super::pcm::{Pcm, samples_in};
use crate::base::Digit;
use dasp::{Sample, Signal, signal};
use std::time::Duration;

/// How long a tone takes to rise, and to fall; at most half of it.
pub const RAMP: Duration = Duration::from_millis(5);

/// Two frequencies that sound together, in Hz.
pub type Pair = (f64, f64);

/// The pairs of the sixteen keys (Q.23 table 1), in the order of [`Digit::ALL`].
pub const DTMF: [Pair; 16] = [
    (941.0, 1_336.0),
    (697.0, 1_209.0),
    (697.0, 1_336.0),
    (697.0, 1_477.0),
    (770.0, 1_209.0),
    (770.0, 1_336.0),
    (770.0, 1_477.0),
    (852.0, 1_209.0),
    (852.0, 1_336.0),
    (852.0, 1_477.0),
    (941.0, 1_209.0),
    (941.0, 1_477.0),
    (697.0, 1_633.0),
    (770.0, 1_633.0),
    (852.0, 1_633.0),
    (941.0, 1_633.0),
];

/// One frequency with a peak of `dbfs`.
pub fn sine(hz: f64, dbfs: f64, span: Duration, rate: u32) -> Pcm {
    let tone = signal::rate(f64::from(rate)).const_hz(hz).sine();
    shaped(tone.scale_amp(gain(dbfs)), span, rate)
}

/// Two frequencies, each with a peak of `dbfs`. Above -6 dBFS their sum is clipped.
pub fn pair(pair: Pair, dbfs: f64, span: Duration, rate: u32) -> Pcm {
    let one = |hz| signal::rate(f64::from(rate)).const_hz(hz).sine();
    let both = one(pair.0).add_amp(one(pair.1));
    shaped(both.scale_amp(gain(dbfs)).clip_amp(1.0), span, rate)
}

/// A telephone key, each of its tones with a peak of `dbfs`.
pub fn dtmf(digit: Digit, dbfs: f64, span: Duration, rate: u32) -> Pcm {
    // invariant: `DTMF` has one pair for each of the sixteen event codes.
    #[allow(clippy::indexing_slicing)]
    let tones = DTMF[usize::from(digit.event())];
    pair(tones, dbfs, span, rate)
}

/// The tone before a recording: 440 Hz for 400 ms at -12 dBFS.
pub fn beep(rate: u32) -> Pcm {
    sine(440.0, -12.0, Duration::from_millis(400), rate)
}

fn shaped(tone: impl Signal<Frame = f64>, span: Duration, rate: u32) -> Pcm {
    let len = samples_in(span, rate);
    let ramp = samples_in(RAMP, rate).min(len / 2).max(1);
    let envelope = (0..len).map(|i| (i.min(len - 1 - i) as f64 / ramp as f64).min(1.0));
    let samples = tone
        .until_exhausted()
        .zip(envelope)
        .map(|(s, e)| (s * e).clamp(-1.0, 1.0).to_sample())
        .collect();
    Pcm { rate, samples }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{goertzel, level};

    const SPAN: Duration = Duration::from_millis(200);

    #[test]
    fn every_key_sounds_as_its_own_pair() {
        for digit in Digit::ALL {
            let key = dtmf(digit, -9.0, SPAN, 8_000);
            let found = goertzel::find_pair(&key.samples, 8_000, &DTMF);
            assert_eq!(found, Some(usize::from(digit.event())), "{digit}");
        }
    }

    #[test]
    fn a_tone_starts_and_ends_without_a_click() {
        let samples = sine(440.0, 0.0, SPAN, 8_000).samples;
        assert_eq!(samples.len(), 1_600);
        let steps = samples.windows(2).map(|w| w[0].abs_diff(w[1])).max();
        // The steepest step of 440 Hz itself is 0.346 of full scale.
        assert!(steps.unwrap() < 11_400);
        assert!(samples[0].abs() < 10 && samples[1_599].abs() < 10);
    }

    #[test]
    fn the_beep_is_audible_and_not_clipped() {
        let beep = beep(8_000);
        assert_eq!(beep.duration(), Duration::from_millis(400));
        assert!((level::peak_dbfs(&beep.samples) + 12.0).abs() < 0.2);
    }

    #[test]
    fn a_tone_of_no_length_has_no_samples() {
        assert!(sine(440.0, 0.0, Duration::ZERO, 8_000).samples.is_empty());
        assert_eq!(
            sine(440.0, 0.0, Duration::from_micros(125), 8_000)
                .samples
                .len(),
            1
        );
    }
}
