//! Where decoded sound goes: mixed down, measured, bounded and brought to a rate as it comes.
//!
//! In: frames of interleaved samples. Out: one channel. Law: no more is held than the sound at the
//! rate wanted and one block, however long the file and however high its own rate.

use super::{DecodeFault, Sound};
use crate::audio::pcm::{Pcm, samples_in};
use crate::audio::resample::Stream;
use crate::audio::wav::mix_down;
use std::time::Duration;

/// From here on a sample is at full scale: the largest value of mu-law is 32,124.
const FULL_SCALE: u16 = 32_100;

/// So many equal samples at full scale are no peak but cut off.
const CUT_OFF: u32 = 3;

/// The most channels mixed down.
pub(super) const CHANNELS_MAX: usize = 32;

/// Gathers one file.
pub(super) struct Sink {
    max: Duration,
    want: Option<u32>,
    open: Option<Open>,
}

/// Once the rate is known.
struct Open {
    rate: u32,
    channels: usize,
    most: usize,
    frames: usize,
    tops: Vec<Top>,
    samples: Vec<i16>,
    stream: Option<Stream>,
}

/// The run of equal samples a channel is in, and how many samples of it were cut off.
#[derive(Clone, Default)]
struct Top {
    last: i16,
    run: u32,
    cut: usize,
}

impl Sink {
    /// For a file that plays no longer than `max`, to come out at the rate `want` or at its own.
    pub(super) fn new(max: Duration, want: Option<u32>) -> Sink {
        let open = None;
        Sink { max, want, open }
    }

    /// The longest sound taken.
    #[cfg(feature = "opus")]
    pub(super) fn longest(&self) -> Duration {
        self.max
    }

    /// Takes samples of all channels, frame by frame. Rate and channels stay what they are.
    pub(super) fn take(
        &mut self,
        rate: u32,
        channels: usize,
        interleaved: Vec<i16>,
    ) -> Result<(), DecodeFault> {
        let open = match &mut self.open {
            Some(open) => open,
            None => self
                .open
                .insert(Open::new(self.max, self.want, rate, channels)?),
        };
        if (open.rate, open.channels) != (rate, channels) {
            return Err(DecodeFault::Changes);
        }
        open.frames += interleaved.len() / channels;
        if open.frames > open.most {
            return Err(DecodeFault::TooLong(self.max));
        }
        for frame in interleaved.chunks_exact(channels) {
            for (top, sample) in open.tops.iter_mut().zip(frame) {
                top.see(*sample);
            }
        }
        let mono = mix_down(interleaved, channels);
        match &mut open.stream {
            Some(stream) => stream.push(&mono)?,
            None => open.samples.extend(mono),
        }
        Ok(())
    }

    /// What came in all.
    pub(super) fn finish(self) -> Result<Sound, DecodeFault> {
        let open = self.open.ok_or(DecodeFault::Empty)?;
        let cut = open.tops.iter().map(|top| top.cut).max().unwrap_or(0);
        let clipped = Duration::from_micros(cut as u64 * 1_000_000 / u64::from(open.rate));
        let (rate, samples) = match (open.stream, self.want) {
            (Some(stream), Some(want)) => (want, stream.finish()?),
            (Some(_) | None, _) => (open.rate, open.samples),
        };
        let pcm = Pcm { rate, samples };
        Ok(Sound { pcm, clipped })
    }
}

impl Open {
    fn new(
        max: Duration,
        want: Option<u32>,
        rate: u32,
        channels: usize,
    ) -> Result<Open, DecodeFault> {
        if rate == 0 || channels == 0 || channels > CHANNELS_MAX {
            return Err(DecodeFault::Shape { rate, channels });
        }
        let want = want.filter(|want| *want != rate);
        Ok(Open {
            rate,
            channels,
            most: samples_in(max, rate),
            frames: 0,
            tops: vec![Top::default(); channels],
            samples: Vec::new(),
            stream: want.map(|want| Stream::new(rate, want)).transpose()?,
        })
    }
}

impl Top {
    fn see(&mut self, sample: i16) {
        let at_full_scale = sample.unsigned_abs() >= FULL_SCALE;
        self.run = match (at_full_scale, sample == self.last) {
            (false, _) => 0,
            (true, true) => self.run.saturating_add(1),
            (true, false) => 1,
        };
        self.last = sample;
        if self.run == CUT_OFF {
            self.cut += CUT_OFF as usize;
        } else if self.run > CUT_OFF {
            self.cut += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tone;

    const SECOND: Duration = Duration::from_secs(1);

    fn sound(rate: u32, channels: usize, samples: Vec<i16>) -> Result<Sound, DecodeFault> {
        let mut sink = Sink::new(SECOND, Some(16_000));
        sink.take(rate, channels, samples)?;
        sink.finish()
    }

    #[test]
    fn a_sound_comes_out_at_the_rate_wanted_however_it_was_cut() {
        let tone = tone::sine(440.0, -6.0, SECOND, 44_100);
        let whole = sound(44_100, 1, tone.samples.clone()).unwrap();
        assert_eq!(whole.pcm, tone.at_rate(16_000).unwrap());
        let mut sink = Sink::new(SECOND, Some(16_000));
        for piece in tone.samples.chunks(777) {
            sink.take(44_100, 1, piece.to_vec()).unwrap();
        }
        assert_eq!(sink.finish().unwrap().pcm, whole.pcm);
    }

    #[test]
    fn a_second_is_not_longer_than_a_second() {
        assert!(sound(8_000, 2, vec![0; 16_000]).is_ok());
        assert_eq!(
            sound(8_000, 2, vec![0; 16_002]),
            Err(DecodeFault::TooLong(SECOND))
        );
    }

    #[test]
    fn cut_off_peaks_are_counted_and_round_ones_are_not() {
        let loud = tone::sine(100.0, 0.0, SECOND, 48_000);
        assert_eq!(
            sound(48_000, 1, loud.samples).unwrap().clipped,
            Duration::ZERO
        );
        let over: Vec<i16> = tone::sine(1_000.0, -6.0, SECOND, 16_000)
            .samples
            .iter()
            .map(|s| s.saturating_mul(4))
            .collect();
        let cut = sound(16_000, 1, over.clone()).unwrap().clipped;
        assert!(cut > Duration::from_millis(500), "{cut:?}");
        let one_channel: Vec<i16> = over.iter().take(8_000).flat_map(|s| [*s, 0]).collect();
        let cut = sound(16_000, 2, one_channel).unwrap().clipped;
        assert!(cut > Duration::from_millis(250), "{cut:?}");
    }

    #[test]
    fn shapes_that_are_no_sound_are_refused() {
        for (rate, channels) in [(0, 1), (8_000, 0), (8_000, CHANNELS_MAX + 1)] {
            assert_eq!(
                sound(rate, channels, vec![0; 64]),
                Err(DecodeFault::Shape { rate, channels })
            );
        }
        assert!(matches!(sound(1, 1, vec![0; 1]), Err(DecodeFault::Rate(_))));
        let mut sink = Sink::new(SECOND, None);
        sink.take(8_000, 1, vec![0; 8]).unwrap();
        assert_eq!(sink.take(16_000, 1, vec![0; 8]), Err(DecodeFault::Changes));
        assert_eq!(Sink::new(SECOND, None).finish(), Err(DecodeFault::Empty));
    }
}
