//! Clip files of our own making, decoded and encoded for the wire, on all cores.
//!
//! In: the files compiled in, and those the studio wrote. What strangers made never comes here.

use super::{MAX_CLIP, Unused};
use crate::audio::decode::decode;
use crate::audio::resample::{ResampleFault, Resampler};
use crate::audio::{Pcm, WIRE_RATE, WireAudio};
use std::borrow::Cow;
use std::panic;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// The rate of clips in files, in samples a second.
pub(super) const CLIP_RATE: u32 = 16_000;

/// One audio file.
#[derive(Clone)]
pub(super) struct ClipFile {
    /// Where it is, for people.
    pub(super) path: PathBuf,
    /// SHA-256 of the bytes.
    pub(super) hash: [u8; 32],
    pub(super) bytes: Cow<'static, [u8]>,
}

impl ClipFile {
    /// The sound of the file at [`CLIP_RATE`], or why there is none, as a clause.
    pub(super) fn decode(&self) -> Result<Pcm, String> {
        // The decoder is a library's, and a clip must stop neither a start nor a call.
        let pcm = panic::catch_unwind(|| decode(&self.bytes, MAX_CLIP))
            .map_err(|_| "the decoder failed".to_owned())?
            .map_err(|fault| fault.to_string())?;
        if pcm.samples.is_empty() {
            return Err("it has no samples".to_owned());
        }
        pcm.at_rate(CLIP_RATE).map_err(|fault| fault.to_string())
    }

    /// How long a FLAC file plays, by its stream information (RFC 9639 section 8.2): 20 bits of
    /// rate, 8 of layout and 36 of samples, from the eleventh octet of the first block on. Zero for
    /// a file that does not say so.
    pub(super) fn length(&self) -> Duration {
        let Some(octets) = self.bytes.strip_prefix(b"fLaC").and_then(|f| f.get(14..22)) else {
            return Duration::ZERO;
        };
        let packed = octets.iter().fold(0, |all, &o| all << 8 | u64::from(o));
        let (rate, samples) = (packed >> 44, packed & 0xF_FFFF_FFFF);
        let micros = (samples * 1_000_000).checked_div(rate);
        Duration::from_micros(micros.unwrap_or(0))
    }
}

/// Makes clips ready for the wire; one for many of them saves preparing for each.
pub(super) struct Encoder(Resampler);

impl Encoder {
    pub(super) fn new() -> Result<Encoder, ResampleFault> {
        Resampler::new(CLIP_RATE, WIRE_RATE).map(Encoder)
    }

    /// A clip at [`CLIP_RATE`] as it goes on the wire.
    pub(super) fn encode(&mut self, pcm: &Pcm) -> Result<WireAudio, ResampleFault> {
        let samples = self.0.run(&pcm.samples)?;
        Ok(WireAudio::from_samples(&samples))
    }
}

/// Decodes and encodes files, on all cores; each comes back with its key. The ones that cannot be
/// used come back apart.
pub(super) fn encode<K: Send>(jobs: Vec<(K, ClipFile)>) -> (Vec<(K, WireAudio)>, Vec<Unused>) {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let share = jobs.len().div_ceil(workers).max(1);
    let mut jobs = jobs.into_iter();
    let shares: Vec<Vec<(K, ClipFile)>> = (0..workers)
        .map(|_| jobs.by_ref().take(share).collect())
        .collect();
    let done: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> = shares
            .into_iter()
            .map(|jobs| scope.spawn(move || encode_share(jobs)))
            .collect();
        let done = started.into_iter();
        done.flat_map(|share| share.join().unwrap_or_default())
            .collect()
    });
    let (mut encoded, mut unused) = (Vec::new(), Vec::new());
    for (key, outcome) in done {
        match outcome {
            Ok(audio) => encoded.push((key, audio)),
            Err(why) => unused.push(why),
        }
    }
    (encoded, unused)
}

fn encode_share<K>(jobs: Vec<(K, ClipFile)>) -> Vec<(K, Result<WireAudio, Unused>)> {
    let mut encoder = Encoder::new();
    let mut encode = |file: &ClipFile| {
        let encoder = encoder.as_mut().map_err(|fault| fault.to_string())?;
        let encoded = encoder.encode(&file.decode()?);
        encoded.map_err(|fault| fault.to_string())
    };
    jobs.into_iter()
        .map(|(key, file)| {
            let outcome = encode(&file);
            let path = file.path;
            (key, outcome.map_err(|why| Unused { path, why }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{flac, tone};

    fn file(bytes: Vec<u8>) -> ClipFile {
        ClipFile {
            path: "f".into(),
            hash: [0; 32],
            bytes: bytes.into(),
        }
    }

    #[test]
    fn the_length_in_the_head_of_a_file_is_the_length_of_its_sound() {
        for ms in [1, 250, 90_000] {
            let pcm = tone::sine(500.0, -10.0, Duration::from_millis(ms), CLIP_RATE);
            let file = file(flac::encode(&pcm).unwrap());
            assert_eq!(file.length(), pcm.duration());
        }
        for none in [
            &b""[..],
            b"fLaC",
            b"RIFF and a lot of other octets behind it",
        ] {
            assert_eq!(file(none.to_vec()).length(), Duration::ZERO);
        }
    }

    #[test]
    fn a_file_that_cannot_be_used_is_told_and_the_others_are_encoded() {
        let pcm = tone::sine(500.0, -10.0, Duration::from_millis(300), CLIP_RATE);
        let good = file(flac::encode(&pcm).unwrap());
        let bad = file(b"fLaC but no more".to_vec());
        let jobs = vec![(1, good.clone()), (2, bad), (3, good)];
        let (encoded, unused) = encode(jobs);
        let keys: Vec<_> = encoded
            .iter()
            .map(|(key, audio)| (*key, audio.len()))
            .collect();
        assert_eq!(keys, [(1, 2_400), (3, 2_400)]);
        assert_eq!(unused.len(), 1);
    }
}
