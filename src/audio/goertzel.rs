//! How strong one frequency is in a stretch of sound (Goertzel's recurrence), and which pair of
//! tones is heard.

use super::level;
use super::tone::Pair;
use dasp::Sample;
use std::f64::consts::TAU;

/// The share of the energy that a pair must hold to count as heard.
const SHARE: f64 = 0.7;
/// The level, as RMS of full scale, below which nothing is heard: -50 dBFS.
const AUDIBLE: f64 = 0.003_16;

/// The amplitude of the frequency `hz`: 1.0 for a full-scale sine that lasts all the stretch.
///
/// Frequencies closer than `rate / samples.len()` Hz are not told apart.
pub fn amplitude(samples: &[i16], rate: u32, hz: f64) -> f64 {
    if samples.is_empty() || rate == 0 {
        return 0.0;
    }
    let turn = TAU * hz / f64::from(rate);
    let coefficient = 2.0 * turn.cos();
    let (mut before, mut last) = (0.0_f64, 0.0_f64);
    for sample in samples {
        let next = sample.to_sample::<f64>() + coefficient * last - before;
        (before, last) = (last, next);
    }
    let power = last * last + before * before - coefficient * last * before;
    2.0 * power.max(0.0).sqrt() / samples.len() as f64
}

/// The index of the pair that is heard, when one of them clearly is: both tones present, and
/// together most of the energy.
pub fn find_pair(samples: &[i16], rate: u32, pairs: &[Pair]) -> Option<usize> {
    let rms = level::rms(samples);
    if rms < AUDIBLE {
        return None;
    }
    let strength = |&(low, high): &Pair| {
        let (low, high) = (
            amplitude(samples, rate, low),
            amplitude(samples, rate, high),
        );
        // A sine of amplitude a has the power a²/2. The weaker tone decides, counted twice, so
        // that one shared tone does not stand for a pair.
        let weaker = low.min(high);
        weaker * weaker / (rms * rms)
    };
    let strengths = pairs.iter().map(strength).enumerate();
    let best = strengths.max_by(|a, b| a.1.total_cmp(&b.1))?;
    (best.1 >= SHARE).then_some(best.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tone::{self, DTMF};
    use std::time::Duration;

    const SPAN: Duration = Duration::from_millis(100);

    #[test]
    fn the_amplitude_of_a_sine_is_its_peak() {
        for hz in [300.0, 440.0, 1_000.0, 3_300.0] {
            let tone = tone::sine(hz, -6.0, Duration::from_secs(1), 8_000);
            let middle = &tone.samples[400..7_600];
            assert!((amplitude(middle, 8_000, hz) - 0.501).abs() < 0.01, "{hz}");
            assert!(amplitude(middle, 8_000, hz + 200.0) < 0.01, "{hz}");
        }
    }

    #[test]
    fn one_tone_of_a_pair_is_not_the_pair() {
        let lone = tone::sine(697.0, -6.0, SPAN, 8_000);
        assert_eq!(find_pair(&lone.samples, 8_000, &DTMF), None);
    }

    #[test]
    fn silence_and_nothing_are_no_pair() {
        assert_eq!(find_pair(&[0; 800], 8_000, &DTMF), None);
        assert_eq!(find_pair(&[], 8_000, &DTMF), None);
        assert!(amplitude(&[], 8_000, 440.0) < f64::EPSILON);
    }
}
