//! What of a sound a telephone line carries: the band from 300 to 3,400 Hz (ITU-T G.712).
//!
//! In: samples. Out: the same less what lies outside the band, by a high-pass and a low-pass of
//! Butterworth, both of the second order. The edges are as soft as those of a telephone; that
//! nothing above half the rate of the wire is carried at all, a rate converter sees to.

use dasp::Sample;
use std::f64::consts::{PI, SQRT_2};

/// The band, in Hz.
const LOWEST: f64 = 300.0;
const HIGHEST: f64 = 3_400.0;

/// The least samples a second at which the band fits.
const MIN_RATE: u32 = 7_000;

/// What a line carries of these samples, 1.0 being full scale. Below 7,000 samples a second nothing
/// lies above the band.
pub fn on_the_line(samples: &[i16], rate: u32) -> Vec<f64> {
    let mut sound: Vec<f64> = samples.iter().map(|s| s.to_sample()).collect();
    second_order(&mut sound, Edge::Below, LOWEST / f64::from(rate.max(1)));
    if rate > MIN_RATE {
        second_order(&mut sound, Edge::Above, HIGHEST / f64::from(rate));
    }
    sound
}

/// On which side of its edge a filter stops.
#[derive(Clone, Copy)]
enum Edge {
    Below,
    Above,
}

/// A Butterworth filter by the bilinear transform; `edge` is a share of the rate, below one half.
fn second_order(sound: &mut [f64], stops: Edge, edge: f64) {
    let turn = (PI * edge.min(0.499)).tan();
    let scale = 1.0 / (1.0 + SQRT_2 * turn + turn * turn);
    let (gain, middle) = match stops {
        Edge::Below => (scale, -2.0 * scale),
        Edge::Above => (turn * turn * scale, 2.0 * turn * turn * scale),
    };
    let near = 2.0 * (turn * turn - 1.0) * scale;
    let far = (1.0 - SQRT_2 * turn + turn * turn) * scale;
    let ([mut x1, mut x2], [mut y1, mut y2]) = ([0.0; 2], [0.0; 2]);
    for sample in sound {
        let x = *sample;
        let y = gain * x + middle * x1 + gain * x2 - near * y1 - far * y2;
        ([x1, x2], [y1, y2]) = ([x, x1], [y, y1]);
        *sample = y;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tone;
    use std::time::Duration;

    /// How much quieter a tone is on the line, in dB.
    fn loss(hz: f64, rate: u32) -> f64 {
        let tone = tone::sine(hz, -6.0, Duration::from_secs(1), rate);
        let heard = on_the_line(&tone.samples, rate);
        let middle = &heard[heard.len() / 4..heard.len() * 3 / 4];
        let power = middle.iter().map(|s| s * s).sum::<f64>() / middle.len() as f64;
        -9.03 - 10.0 * power.log10()
    }

    #[test]
    fn speech_passes_and_hum_and_hiss_do_not() {
        for rate in [8_000, 16_000, 48_000] {
            assert!(loss(1_000.0, rate).abs() < 0.3, "{}", loss(1_000.0, rate));
            for edge in [300.0, 3_400.0] {
                assert!((loss(edge, rate) - 3.0).abs() < 0.3, "{edge} at {rate}");
            }
            assert!(loss(50.0, rate) > 30.0, "{}", loss(50.0, rate));
        }
        assert!(loss(7_000.0, 16_000) > 25.0, "{}", loss(7_000.0, 16_000));
    }
}
