//! Linear samples with their rate: what files decode to and tones are made of.

use super::resample::{self, ResampleFault};
use super::wire::{WIRE_RATE, WireAudio};
use std::time::Duration;

/// One channel of linear 16-bit audio.
#[derive(Clone, PartialEq, Eq)]
pub struct Pcm {
    /// Samples a second.
    pub rate: u32,
    /// The samples, oldest first.
    pub samples: Vec<i16>,
}

impl Pcm {
    /// Silence of this length, rounded down to whole samples.
    pub fn silence(rate: u32, span: Duration) -> Pcm {
        Pcm {
            rate,
            samples: vec![0; samples_in(span, rate)],
        }
    }

    /// How long it plays; zero at rate zero.
    pub fn duration(&self) -> Duration {
        let micros = (self.samples.len() as u64 * 1_000_000).checked_div(u64::from(self.rate));
        Duration::from_micros(micros.unwrap_or(0))
    }

    /// The same sound at another rate; see [`resample::resample`] for the bounds.
    pub fn at_rate(&self, rate: u32) -> Result<Pcm, ResampleFault> {
        let samples = resample::resample(&self.samples, self.rate, rate)?;
        Ok(Pcm { rate, samples })
    }

    /// The same sound, encoded for the wire.
    pub fn to_wire(&self) -> Result<WireAudio, ResampleFault> {
        Ok(WireAudio::from_samples(&self.at_rate(WIRE_RATE)?.samples))
    }
}

impl std::fmt::Debug for Pcm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = self.duration().as_millis();
        write!(f, "Pcm({ms} ms at {} Hz)", self.rate)
    }
}

/// The samples that fill `span` at `rate`, rounded down.
pub(super) fn samples_in(span: Duration, rate: u32) -> usize {
    (span.as_micros() * u128::from(rate) / 1_000_000) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_samples_agree_at_every_rate() {
        for rate in [8_000, 11_025, 16_000, 44_100, 48_000] {
            let pcm = Pcm::silence(rate, Duration::from_secs(2));
            assert_eq!(pcm.samples.len(), rate as usize * 2);
            assert_eq!(pcm.duration(), Duration::from_secs(2));
        }
    }

    #[test]
    fn a_second_of_wideband_is_a_second_on_the_wire() {
        let wire = Pcm::silence(16_000, Duration::from_secs(1)).to_wire();
        assert_eq!(wire.map(|w| w.len()), Ok(8_000));
    }
}
