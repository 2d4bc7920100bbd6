//! How loud: levels against full scale, and the silence around a sound.
//!
//! Levels are in dBFS where 0 dBFS is the largest sample value: a full-scale sine has a peak of
//! 0 dBFS and an RMS of -3 dBFS. Digital silence is minus infinity.

use super::pcm::samples_in;
use dasp::Sample;
use std::ops::Range;
use std::time::Duration;

/// The window over which a level decides on silence.
const WINDOW: Duration = Duration::from_millis(10);

/// The root of the mean square of the samples, 0.0-1.0; 0.0 for none.
pub fn rms(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    let squares: f64 = samples.iter().map(|s| s.to_sample::<f64>().powi(2)).sum();
    (squares / samples.len() as f64).sqrt()
}

/// The largest distance from zero, 0.0-1.0.
pub fn peak(samples: &[i16]) -> f64 {
    samples
        .iter()
        .map(|s| s.to_sample::<f64>().abs())
        .fold(0.0, f64::max)
}

/// [`rms`] in dBFS.
pub fn rms_dbfs(samples: &[i16]) -> f64 {
    20.0 * rms(samples).log10()
}

/// [`peak`] in dBFS.
pub fn peak_dbfs(samples: &[i16]) -> f64 {
    20.0 * peak(samples).log10()
}

/// The factor that raises an amplitude by `db` decibels.
pub fn gain(db: f64) -> f64 {
    10_f64.powf(db / 20.0)
}

/// Where the sound is: from its first to its last 10 ms above `threshold` dBFS (RMS), widened by
/// `keep` on both sides as far as there are samples. Empty when nothing is that loud.
pub fn sound_in(samples: &[i16], rate: u32, threshold: f64, keep: Duration) -> Range<usize> {
    let window = samples_in(WINDOW, rate).max(1);
    let loud = |w: &[i16]| rms_dbfs(w) > threshold;
    let Some(first) = samples.chunks(window).position(loud) else {
        return 0..0;
    };
    let last = samples.chunks(window).rposition(loud).unwrap_or(first);
    let keep = samples_in(keep, rate);
    let start = (first * window).saturating_sub(keep);
    let end = ((last + 1) * window)
        .saturating_add(keep)
        .min(samples.len());
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tone;

    #[test]
    fn a_sine_is_3_db_below_its_peak() {
        let samples = tone::sine(1_000.0, -10.0, Duration::from_secs(1), 8_000).samples;
        assert!((peak_dbfs(&samples) + 10.0).abs() < 0.1);
        assert!((rms_dbfs(&samples) + 13.0).abs() < 0.2);
    }

    #[test]
    fn silence_has_no_level() {
        assert!(rms_dbfs(&[0; 80]).is_infinite());
        assert!(rms_dbfs(&[]).is_infinite());
        assert!(peak_dbfs(&[0; 80]).is_infinite());
    }

    #[test]
    fn silence_around_a_sound_is_found() {
        let mut samples = vec![0; 4_000];
        samples.extend(tone::sine(500.0, -20.0, Duration::from_millis(500), 8_000).samples);
        samples.extend([0; 4_000]);
        let range = sound_in(&samples, 8_000, -50.0, Duration::from_millis(40));
        assert!(range.start.abs_diff(4_000 - 320) <= 80, "{range:?}");
        assert!(range.end.abs_diff(8_000 + 320) <= 80, "{range:?}");
    }

    #[test]
    fn where_nothing_sounds_nothing_is_found() {
        assert!(sound_in(&[3; 800], 8_000, -50.0, Duration::ZERO).is_empty());
        assert!(sound_in(&[], 8_000, -50.0, Duration::ZERO).is_empty());
    }
}
