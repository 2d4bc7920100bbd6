//! Sound from files: WAV, FLAC and, with the feature `opus`, Ogg Opus, told by their first octets.
//!
//! In: a whole file that the operator or this project made. What strangers made comes here only
//! in a process of its own with limits, as the decoders have known faults on hostile input.
//! Out: one channel of 16-bit samples, of bounded length.

use super::pcm::{Pcm, samples_in};
use super::wav::{self, WavFault};
use std::io::Cursor;
use std::time::Duration;
use symphonia::core::codecs::audio::{AudioDecoder as _, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::default::codecs::FlacDecoder;
use symphonia::default::formats::FlacReader;

/// The most octets of one clip file.
pub const MAX_FILE: usize = 32 << 20;
/// The most frames of one FLAC file: with 16 samples in the smallest of them, over an hour.
const MAX_FRAMES: usize = 4_000_000;

/// Why a clip file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    /// Of no format that is read here.
    #[error("no WAV, FLAC or Ogg Opus file that this program reads")]
    UnknownFormat,
    /// More octets than [`MAX_FILE`].
    #[error("the file has more than {MAX_FILE} octets")]
    TooBig,
    /// It plays longer than allowed.
    #[error("the clip is longer than {0:?}")]
    TooLong(Duration),
    /// A WAV file with a fault.
    #[error(transparent)]
    Wav(#[from] WavFault),
    /// A FLAC file with a fault.
    #[error("the FLAC file is damaged: {0}")]
    Flac(String),
    /// An Ogg Opus file with a fault.
    #[cfg(feature = "opus")]
    #[error(transparent)]
    Opus(#[from] super::ogg_opus::OpusFault),
}

/// Whether a file begins like one that [`decode`] may read.
pub fn is_known(file: &[u8]) -> bool {
    match file.get(..4) {
        Some(b"RIFF" | b"fLaC") => true,
        Some(b"OggS") => cfg!(feature = "opus"),
        Some(_) | None => false,
    }
}

/// Decodes a clip that plays no longer than `max`.
pub fn decode(file: &[u8], max: Duration) -> Result<Pcm, DecodeFault> {
    if file.len() > MAX_FILE {
        return Err(DecodeFault::TooBig);
    }
    let pcm = match file.get(..4) {
        Some(b"RIFF") => wav::read(file)?,
        Some(b"fLaC") => decode_flac(file, max)?,
        #[cfg(feature = "opus")]
        Some(b"OggS") => super::ogg_opus::decode(file, max)?,
        _ => return Err(DecodeFault::UnknownFormat),
    };
    if pcm.duration() > max {
        return Err(DecodeFault::TooLong(max));
    }
    Ok(pcm)
}

fn decode_flac(file: &[u8], max: Duration) -> Result<Pcm, DecodeFault> {
    let source = Box::new(Cursor::new(file.to_vec()));
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    let mut reader = FlacReader::try_new(stream, FormatOptions::default()).map_err(|e| flac(&e))?;
    let params = reader
        .default_track(TrackType::Audio)
        .and_then(|t| t.codec_params.as_ref())
        .and_then(|p| p.audio())
        .ok_or_else(|| DecodeFault::Flac("no audio track".to_owned()))?
        .clone();
    let rate = params
        .sample_rate
        .filter(|&r| r > 0)
        .ok_or_else(|| DecodeFault::Flac("no sample rate".to_owned()))?;
    // Frames that cannot be read are passed over in silence; only the checksum tells.
    let options = AudioDecoderOptions::default().verify(true);
    let mut decoder = FlacDecoder::try_new(&params, &options).map_err(|e| flac(&e))?;
    let mut samples = Vec::new();
    let mut frame = Vec::new();
    for _ in 0..MAX_FRAMES {
        let Some(packet) = reader.next_packet().map_err(|e| flac(&e))? else {
            return match decoder.finalize().verify_ok {
                Some(false) => Err(DecodeFault::Flac("its checksum is wrong".to_owned())),
                Some(true) | None => Ok(Pcm { rate, samples }),
            };
        };
        let decoded = decoder.decode(&packet).map_err(|e| flac(&e))?;
        let channels = decoded.num_planes();
        decoded.copy_to_vec_interleaved::<i16>(&mut frame);
        samples.extend(wav::mix_down(std::mem::take(&mut frame), channels));
        if samples.len() > samples_in(max, rate) + 1 {
            return Err(DecodeFault::TooLong(max));
        }
    }
    Err(DecodeFault::TooLong(max))
}

fn flac(error: &Error) -> DecodeFault {
    DecodeFault::Flac(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{goertzel, level, tone};

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_wav_clip_decodes_to_its_samples() {
        let beep = tone::beep(16_000);
        assert_eq!(decode(&wav::write_pcm16(&beep), MINUTE), Ok(beep));
    }

    #[test]
    fn a_clip_longer_than_allowed_is_refused() {
        let file = wav::write_pcm16(&Pcm::silence(8_000, Duration::from_secs(3)));
        let max = Duration::from_secs(2);
        assert_eq!(decode(&file, max), Err(DecodeFault::TooLong(max)));
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(decode(b"ID3\x04", MINUTE), Err(DecodeFault::UnknownFormat));
        assert_eq!(decode(b"", MINUTE), Err(DecodeFault::UnknownFormat));
        assert!(matches!(decode(b"fLaC", MINUTE), Err(DecodeFault::Flac(_))));
    }

    #[test]
    fn a_flac_clip_decodes_to_all_its_samples() {
        let file = include_bytes!("../../prompts/en/clips/goodbye.flac");
        let clip = decode(file, MINUTE).unwrap();
        // STREAMINFO: the number of samples is in the low 36 bits of octets 18-25.
        let told = u32::from_be_bytes([file[22], file[23], file[24], file[25]]);
        assert_eq!((clip.rate, clip.samples.len()), (16_000, told as usize));
        assert!(level::rms_dbfs(&clip.samples) > -30.0);
    }

    #[test]
    fn broken_clips_are_refused_and_never_panic() {
        let broken: [(&str, &[u8]); 11] = [
            (
                "truncated.wav",
                include_bytes!("../../media-fixtures/audio/broken/truncated.wav"),
            ),
            (
                "empty.wav",
                include_bytes!("../../media-fixtures/audio/broken/empty.wav"),
            ),
            (
                "wrong-magic.wav",
                include_bytes!("../../media-fixtures/audio/broken/wrong-magic.wav"),
            ),
            (
                "no-channels.wav",
                include_bytes!("../../media-fixtures/audio/broken/no-channels.wav"),
            ),
            (
                "rate-zero.wav",
                include_bytes!("../../media-fixtures/audio/broken/rate-zero.wav"),
            ),
            (
                "huge-length.wav",
                include_bytes!("../../media-fixtures/audio/broken/huge-length.wav"),
            ),
            (
                "unknown-codec.wav",
                include_bytes!("../../media-fixtures/audio/broken/unknown-codec.wav"),
            ),
            (
                "truncated.flac",
                include_bytes!("../../media-fixtures/audio/broken/truncated.flac"),
            ),
            (
                "header-only.flac",
                include_bytes!("../../media-fixtures/audio/broken/header-only.flac"),
            ),
            (
                "damaged.flac",
                include_bytes!("../../media-fixtures/audio/broken/damaged.flac"),
            ),
            (
                "text.flac",
                include_bytes!("../../media-fixtures/audio/broken/text.flac"),
            ),
        ];
        for (name, file) in broken {
            assert!(decode(file, MINUTE).is_err(), "{name}");
        }
    }

    #[test]
    fn a_wideband_stereo_file_reads_as_its_tone() {
        let file = include_bytes!("../../media-fixtures/audio/tone-1000.wav");
        let tone = decode(file, MINUTE).unwrap().at_rate(8_000).unwrap();
        assert_eq!(tone.samples.len(), 2_000);
        let amplitude = goertzel::amplitude(&tone.samples[200..1_800], 8_000, 1_000.0);
        assert!((amplitude - 0.5).abs() < 0.01, "{amplitude}");
    }
}
