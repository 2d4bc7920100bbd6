//! Audio made ready for the wire: encoded once in every law, so that playing it is copying.

use super::g711::Law;
use std::sync::Arc;
use std::time::Duration;

/// Samples a second of every wire codec served today.
pub const WIRE_RATE: u32 = 8_000;

/// A piece of audio in both laws of G.711. Cloning shares the samples.
#[derive(Clone, PartialEq, Eq)]
pub struct WireAudio {
    alaw: Arc<[u8]>,
    mulaw: Arc<[u8]>,
}

impl WireAudio {
    /// Encodes linear samples at [`WIRE_RATE`].
    pub fn from_samples(samples: &[i16]) -> WireAudio {
        WireAudio {
            alaw: samples.iter().map(|&s| Law::A.encode(s)).collect(),
            mulaw: samples.iter().map(|&s| Law::Mu.encode(s)).collect(),
        }
    }

    /// Takes octets that are already encoded, as a recording is, and adds the other law.
    pub fn from_octets(law: Law, octets: &[u8]) -> WireAudio {
        WireAudio {
            alaw: octets.iter().map(|&o| law.convert(Law::A, o)).collect(),
            mulaw: octets.iter().map(|&o| law.convert(Law::Mu, o)).collect(),
        }
    }

    /// Takes the same sound encoded in both laws, as it was stored; `None` where they differ in
    /// length.
    pub fn from_both(alaw: &[u8], mulaw: &[u8]) -> Option<WireAudio> {
        (alaw.len() == mulaw.len()).then(|| WireAudio {
            alaw: alaw.into(),
            mulaw: mulaw.into(),
        })
    }

    /// The sound up to here; all of it where it is no longer.
    #[must_use]
    pub fn up_to(self, end: Duration) -> WireAudio {
        let end = duration_to_samples(end);
        match (self.alaw.get(..end), self.mulaw.get(..end)) {
            (Some(alaw), Some(mulaw)) => WireAudio {
                alaw: alaw.into(),
                mulaw: mulaw.into(),
            },
            (None, _) | (_, None) => self,
        }
    }

    /// The octets in one law; index = sample.
    pub fn octets(&self, law: Law) -> &[u8] {
        match law {
            Law::A => &self.alaw,
            Law::Mu => &self.mulaw,
        }
    }

    /// Linear samples, decoded from A-law.
    pub fn samples(&self) -> Vec<i16> {
        self.alaw.iter().map(|&o| Law::A.decode(o)).collect()
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.alaw.len()
    }

    /// Whether there is no sample at all.
    pub fn is_empty(&self) -> bool {
        self.alaw.is_empty()
    }

    /// How long it plays.
    pub fn duration(&self) -> Duration {
        samples_to_duration(self.len())
    }
}

impl std::fmt::Debug for WireAudio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WireAudio({} ms)", self.duration().as_millis())
    }
}

/// The playing time of this many samples at [`WIRE_RATE`].
pub fn samples_to_duration(samples: usize) -> Duration {
    Duration::from_micros((samples as u64).saturating_mul(1_000_000) / u64::from(WIRE_RATE))
}

/// The samples at [`WIRE_RATE`] that fill `span`, rounded down.
pub fn duration_to_samples(span: Duration) -> usize {
    let samples = span.as_micros() * u128::from(WIRE_RATE) / 1_000_000;
    usize::try_from(samples).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_seconds_are_24000_samples() {
        assert_eq!(duration_to_samples(Duration::from_secs(3)), 24_000);
        assert_eq!(samples_to_duration(24_000), Duration::from_secs(3));
    }

    #[test]
    fn what_is_cut_off_leaves_what_was_before_it() {
        let audio = WireAudio::from_samples(&[900; 240]);
        let cut = audio.clone().up_to(Duration::from_millis(20));
        assert_eq!(cut, WireAudio::from_samples(&[900; 160]));
        for ms in [30, 31, 10_000] {
            assert_eq!(audio.clone().up_to(Duration::from_millis(ms)), audio);
        }
    }

    #[test]
    fn both_laws_hold_the_same_sound() {
        let samples: Vec<i16> = (0..800)
            .map(|i| ((i * 37) % 4_000 - 2_000) as i16)
            .collect();
        let audio = WireAudio::from_samples(&samples);
        for (a, mu) in audio.octets(Law::A).iter().zip(audio.octets(Law::Mu)) {
            let (a, mu) = (i32::from(Law::A.decode(*a)), i32::from(Law::Mu.decode(*mu)));
            assert!((a - mu).abs() <= 16 + a.abs() / 16, "{a} {mu}");
        }
    }
}
