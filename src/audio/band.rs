//! What of a sound a telephone lets through: the band from 300 to 3,400 Hz.
//!
//! In: a sound at any rate. Out: what is heard of it on the line, at the rate of the wire. The lower
//! edge is a Butterworth high-pass of the fourth order at 300 Hz, as every telephone has one; the
//! upper one is that of the rate converter.

use super::pcm::Pcm;
use super::resample::ResampleFault;
use super::wire::WIRE_RATE;
use dasp::Sample;
use std::f64::consts::{PI, TAU};

/// Below this a telephone lets little through, in Hz.
const LOWEST: f64 = 300.0;

/// Sections of the second order in the filter.
const SECTIONS: usize = 2;

/// What is heard of this sound on the line.
pub fn on_the_line(pcm: &Pcm) -> Result<Pcm, ResampleFault> {
    let mut samples = pcm.at_rate(WIRE_RATE)?.samples;
    for section in 0..SECTIONS {
        // The poles of a Butterworth filter lie on a circle, at equal angles.
        let angle = PI * (2 * section + 1) as f64 / (4 * SECTIONS) as f64;
        high_pass(&mut samples, 1.0 / (2.0 * angle.cos()));
    }
    let rate = WIRE_RATE;
    Ok(Pcm { rate, samples })
}

/// One section of the second order with this quality, by the bilinear transform.
fn high_pass(samples: &mut [i16], quality: f64) {
    let turn = TAU * LOWEST / f64::from(WIRE_RATE);
    let alpha = turn.sin() / (2.0 * quality);
    let (norm, cos) = (1.0 + alpha, turn.cos());
    let (gain, near, far) = (
        (1.0 + cos) / 2.0 / norm,
        -2.0 * cos / norm,
        (1.0 - alpha) / norm,
    );
    let ([mut x1, mut x2], [mut y1, mut y2]) = ([0.0; 2], [0.0; 2]);
    for sample in samples {
        let x = sample.to_sample::<f64>();
        let y = gain * (x - 2.0 * x1 + x2) - near * y1 - far * y2;
        ([x1, x2], [y1, y2]) = ([x, x1], [y, y1]);
        *sample = y.clamp(-1.0, 1.0).to_sample();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{level, tone};
    use std::time::Duration;

    /// The level of a tone on the line, in dBFS; -9 before.
    fn level_of(hz: f64) -> f64 {
        let tone = tone::sine(hz, -6.0, Duration::from_secs(1), 16_000);
        let heard = on_the_line(&tone).unwrap();
        level::rms_dbfs(&heard.samples[1_000..7_000])
    }

    #[test]
    fn speech_passes_and_hum_and_hiss_do_not() {
        for hz in [500.0, 1_000.0, 3_300.0] {
            assert!((level_of(hz) + 9.0).abs() < 0.7, "{hz}: {}", level_of(hz));
        }
        assert!((level_of(300.0) + 12.0).abs() < 0.7, "{}", level_of(300.0));
        for hz in [50.0, 4_600.0, 7_000.0] {
            assert!(level_of(hz) < -50.0, "{hz}: {}", level_of(hz));
        }
    }
}
