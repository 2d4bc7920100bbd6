//! Sample-rate conversion of whole clips, with an anti-alias filter.
//!
//! In: samples and two rates. Out: samples of exactly the same playing time, the delay of the
//! filter taken off, so that sample `n` in is heard at the same moment as before.
//! Law: what lies above half the lower rate is gone, never folded down.

use dasp::Sample;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

/// The lowest rate converted from or to, in samples a second.
pub const MIN_RATE: u32 = 4_000;
/// The highest rate converted from or to, in samples a second.
pub const MAX_RATE: u32 = 192_000;

/// Frames in one block of the transform: long enough that 3.4 kHz passes at 8,000 samples a
/// second, short enough that a clip of a tenth of a second costs little.
const BLOCK: usize = 1_024;

/// Why audio cannot be resampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResampleFault {
    /// A rate outside [`MIN_RATE`]..=[`MAX_RATE`].
    #[error("{0} samples a second is outside {MIN_RATE}-{MAX_RATE}")]
    Rate(u32),
    /// The converter refused its own buffers.
    #[error("the sample rate converter failed")]
    Converter,
}

/// A converter between two rates, to be used for many clips.
pub struct Resampler {
    from: u32,
    to: u32,
    fft: Option<Fft<f32>>,
}

impl Resampler {
    /// Prepares for clips of rate `from` to come out at rate `to`.
    pub fn new(from: u32, to: u32) -> Result<Resampler, ResampleFault> {
        for rate in [from, to] {
            if !(MIN_RATE..=MAX_RATE).contains(&rate) {
                return Err(ResampleFault::Rate(rate));
            }
        }
        let fft = if from == to {
            None
        } else {
            Some(converter(from, to)?)
        };
        Ok(Resampler { from, to, fft })
    }

    /// Converts one clip; clips do not influence each other.
    pub fn run(&mut self, samples: &[i16]) -> Result<Vec<i16>, ResampleFault> {
        let Some(fft) = self.fft.as_mut() else {
            return Ok(samples.to_vec());
        };
        if samples.is_empty() {
            return Ok(Vec::new());
        }
        let input: Vec<f32> = samples.iter().map(|s| s.to_sample()).collect();
        let input = InterleavedSlice::new(&input, 1, samples.len())
            .map_err(|_| ResampleFault::Converter)?;
        let output = fft
            .process_all(&input, samples.len(), None)
            .map_err(|_| ResampleFault::Converter)?;
        let mut output: Vec<i16> = output
            .take_data()
            .into_iter()
            .map(|s| s.clamp(-1.0, 1.0).to_sample())
            .collect();
        output.resize(self.length_of(samples.len()), 0);
        Ok(output)
    }

    /// The samples that come out for this many, to the nearest one.
    fn length_of(&self, samples: usize) -> usize {
        let (from, to) = (u64::from(self.from), u64::from(self.to));
        ((samples as u64 * to + from / 2) / from) as usize
    }
}

/// A converter that is fed bit by bit and holds no more than what comes out and one block. What
/// comes out is what [`resample`] makes of the whole.
pub struct Stream {
    resampler: Resampler,
    /// What does not fill a block yet.
    waiting: Vec<f32>,
    /// Samples that are the filter's delay and still to be left out.
    delay: usize,
    taken: usize,
    out: Vec<i16>,
}

impl Stream {
    /// Prepares for samples of rate `from` to come out at rate `to`.
    pub fn new(from: u32, to: u32) -> Result<Stream, ResampleFault> {
        let resampler = Resampler::new(from, to)?;
        let delay = resampler.fft.as_ref().map_or(0, Fft::output_delay);
        Ok(Stream {
            resampler,
            waiting: Vec::new(),
            delay,
            taken: 0,
            out: Vec::new(),
        })
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[i16]) -> Result<(), ResampleFault> {
        self.taken += samples.len();
        let Some(block) = self.block() else {
            self.out.extend_from_slice(samples);
            return Ok(());
        };
        self.waiting
            .extend(samples.iter().map(|s| s.to_sample::<f32>()));
        let whole = self.waiting.len() / block * block;
        let rest = self.waiting.split_off(whole);
        let blocks = std::mem::replace(&mut self.waiting, rest);
        blocks
            .chunks_exact(block)
            .try_for_each(|block| self.convert(block))
    }

    /// What came in, as long as it was.
    pub fn finish(mut self) -> Result<Vec<i16>, ResampleFault> {
        let length = self.resampler.length_of(self.taken);
        while let Some(block) = self.block().filter(|_| self.out.len() < length) {
            let mut last = std::mem::take(&mut self.waiting);
            last.resize(block, 0.0);
            self.convert(&last)?;
        }
        self.out.truncate(length);
        Ok(self.out)
    }

    /// The samples that are converted at a time.
    fn block(&self) -> Option<usize> {
        self.resampler.fft.as_ref().map(Fft::input_frames_next)
    }

    fn convert(&mut self, block: &[f32]) -> Result<(), ResampleFault> {
        let Some(fft) = self.resampler.fft.as_mut() else {
            return Ok(());
        };
        let input =
            InterleavedSlice::new(block, 1, block.len()).map_err(|_| ResampleFault::Converter)?;
        let output = fft
            .process(&input, None)
            .map_err(|_| ResampleFault::Converter)?;
        let output = output.take_data();
        let late = self.delay.min(output.len());
        self.delay -= late;
        let heard = output.into_iter().skip(late);
        self.out
            .extend(heard.map(|s| s.clamp(-1.0, 1.0).to_sample::<i16>()));
        Ok(())
    }
}

/// Converts one clip; see [`Resampler`].
pub fn resample(samples: &[i16], from: u32, to: u32) -> Result<Vec<i16>, ResampleFault> {
    Resampler::new(from, to)?.run(samples)
}

fn converter(from: u32, to: u32) -> Result<Fft<f32>, ResampleFault> {
    let window = WindowFunction::BlackmanHarris2;
    let (from, to) = (from as usize, to as usize);
    Fft::new_custom(from, to, BLOCK, 1, 1, window, FixedSync::Input)
        .map_err(|_| ResampleFault::Converter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{goertzel, tone};
    use proptest::prelude::*;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    fn level_after(hz: f64, from: u32, to: u32) -> f64 {
        let out = resample(&tone::sine(hz, -6.0, SECOND, from).samples, from, to).unwrap();
        let middle = &out[out.len() / 4..out.len() * 3 / 4];
        20.0 * goertzel::amplitude(middle, to, hz).log10()
    }

    #[test]
    fn the_telephone_band_passes_unchanged() {
        for (from, to) in [
            (16_000, 8_000),
            (8_000, 16_000),
            (44_100, 8_000),
            (48_000, 16_000),
        ] {
            for hz in [300.0, 1_000.0, 3_000.0, 3_400.0] {
                let level = level_after(hz, from, to);
                assert!(
                    (level + 6.0).abs() < 0.5,
                    "{hz} Hz, {from} to {to}: {level} dB"
                );
            }
        }
    }

    #[test]
    fn what_is_above_the_new_band_is_gone_not_folded() {
        for (hz, folded) in [(4_600.0, 3_400.0), (6_000.0, 2_000.0), (7_000.0, 1_000.0)] {
            let out = resample(&tone::sine(hz, -6.0, SECOND, 16_000).samples, 16_000, 8_000);
            let out = out.unwrap();
            let middle = &out[2_000..6_000];
            assert!(
                goertzel::amplitude(middle, 8_000, folded) < 0.001,
                "{hz} Hz"
            );
        }
    }

    #[test]
    fn a_click_stays_where_it_was() {
        for (from, to) in [(16_000_u32, 8_000_u32), (8_000, 16_000), (44_100, 8_000)] {
            let mut samples = vec![0_i16; from as usize];
            let at = from as usize / 2;
            samples[at] = 20_000;
            let out = resample(&samples, from, to).unwrap();
            let peak = (0..out.len())
                .max_by_key(|&i| out[i].unsigned_abs())
                .unwrap();
            assert!(
                peak.abs_diff(to as usize / 2) <= 1,
                "{from} to {to}: {peak}"
            );
        }
    }

    #[test]
    fn rates_outside_the_bounds_are_refused() {
        assert_eq!(resample(&[0], 0, 8_000), Err(ResampleFault::Rate(0)));
        assert_eq!(
            resample(&[0], 8_000, 200_000),
            Err(ResampleFault::Rate(200_000))
        );
    }

    #[test]
    fn bit_by_bit_comes_out_what_comes_out_at_once() {
        for (from, to) in [
            (48_000, 16_000),
            (8_000, 16_000),
            (44_100, 8_000),
            (8_000, 8_000),
        ] {
            for length in [0, 1, 500, 1_024, 10_000] {
                let sound = tone::sine(700.0, -6.0, SECOND, from).samples;
                let sound = &sound[..length.min(sound.len())];
                let mut stream = Stream::new(from, to).unwrap();
                sound
                    .chunks(321)
                    .for_each(|piece| stream.push(piece).unwrap());
                let at_once = resample(sound, from, to).unwrap();
                assert_eq!(
                    stream.finish().unwrap(),
                    at_once,
                    "{from} to {to}, {length}"
                );
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_playing_time_stays_exact(len in 0_usize..5_000, to in prop::sample::select(
            vec![8_000_u32, 11_025, 16_000, 44_100, 48_000])) {
            let out = resample(&vec![100; len], 16_000, to).unwrap();
            let exact = len as f64 * f64::from(to) / 16_000.0;
            prop_assert!((out.len() as f64 - exact).abs() <= 0.5);
        }
    }
}
