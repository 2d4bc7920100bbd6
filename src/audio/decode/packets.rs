//! Files of packets, read by `symphonia`: FLAC, MP3, AAC, and what is in Ogg and MP4.
//!
//! In: a file from where its sound begins. Out: its samples, into a sink. Delay and padding that an
//! encoder noted are taken off where the library knows them: MP3 with a LAME tag, and Vorbis; the
//! 20-50 ms of near-silence before AAC stay. Law: one damaged packet refuses the file.

use super::sink::Sink;
use super::{DecodeFault, Format};
use std::io::{Cursor, ErrorKind};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::{Error, Result as Done};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::default::codecs::{AacDecoder, FlacDecoder, MpaDecoder, VorbisDecoder};
use symphonia::default::formats::{AdtsReader, FlacReader, IsoMp4Reader, MpaReader, OggReader};

/// The most packets of one file: with 16 samples in the smallest of them, over an hour.
const PACKETS_MAX: usize = 4_000_000;

/// As much of a file may be missing at its end and it still counts as whole, in samples: what an
/// encoder says of its own delay is not always exact.
const SHORT_BY: u64 = 2_400;

/// Decodes a file of this format into the sink.
pub(super) fn decode(file: &[u8], format: Format, sink: &mut Sink) -> Result<(), DecodeFault> {
    let told = |error: Error| fault(format, &error);
    let mut reader = reader(file, format).map_err(told)?;
    let track = reader.default_track(TrackType::Audio).cloned();
    let track = track.ok_or(DecodeFault::Empty)?;
    let params = track.codec_params.as_ref().and_then(|p| p.audio());
    let params = params.ok_or(DecodeFault::Empty)?;
    let mut decoder = decoder(params, format).map_err(told)?;
    let frames = decode_packets(&mut *reader, &mut *decoder, track.id, format, sink)?;
    if decoder.finalize().verify_ok == Some(false) {
        let what = "its checksum is wrong".to_owned();
        return Err(DecodeFault::Damaged { format, what });
    }
    whole(&track, frames, format)
}

/// Decodes every packet of a track; how many samples a channel came.
fn decode_packets(
    reader: &mut dyn FormatReader,
    decoder: &mut dyn AudioDecoder,
    track: u32,
    format: Format,
    sink: &mut Sink,
) -> Result<u64, DecodeFault> {
    let mut frames = 0;
    for _ in 0..PACKETS_MAX {
        let Some(packet) = reader.next_packet().map_err(|e| fault(format, &e))? else {
            return Ok(frames);
        };
        if packet.track_id != track {
            continue;
        }
        let decoded = decoder.decode(&packet).map_err(|e| fault(format, &e))?;
        let (rate, channels) = (decoded.spec().rate(), decoded.num_planes());
        frames += decoded.frames() as u64;
        let mut samples: Vec<i16> = Vec::new();
        decoded.copy_to_vec_interleaved(&mut samples);
        if !samples.is_empty() {
            sink.take(rate, channels, samples)?;
        }
    }
    let what = format!("it has more than {PACKETS_MAX} packets");
    Err(DecodeFault::Damaged { format, what })
}

/// Whether all came that the file promises; damage at its end shows in nothing else.
fn whole(track: &Track, frames: u64, format: Format) -> Result<(), DecodeFault> {
    match track.num_frames {
        Some(promised) if promised > frames.saturating_add(SHORT_BY) => {
            Err(DecodeFault::CutOff(format))
        }
        Some(_) | None => Ok(()),
    }
}

fn reader(file: &[u8], format: Format) -> Done<Box<dyn FormatReader>> {
    let source = Box::new(Cursor::new(file.to_vec()));
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    let options = FormatOptions::default();
    Ok(match format {
        Format::Flac => Box::new(FlacReader::try_new(stream, options)?),
        Format::Vorbis | Format::OggFlac => Box::new(OggReader::try_new(stream, options)?),
        Format::Mp3 => Box::new(MpaReader::try_new(stream, options)?),
        Format::Aac => Box::new(AdtsReader::try_new(stream, options)?),
        Format::Mp4 => Box::new(IsoMp4Reader::try_new(stream, options)?),
        Format::Wav | Format::Opus => return Err(Error::Unsupported("no file of packets")),
    })
}

fn decoder(params: &AudioCodecParameters, format: Format) -> Done<Box<dyn AudioDecoder>> {
    // A FLAC decoder passes over frames it cannot read in silence; only the checksum tells.
    let options = AudioDecoderOptions::default().verify(true);
    Ok(match format {
        Format::Flac | Format::OggFlac => Box::new(FlacDecoder::try_new(params, &options)?),
        Format::Vorbis => Box::new(VorbisDecoder::try_new(params, &options)?),
        Format::Mp3 => Box::new(MpaDecoder::try_new(params, &options)?),
        Format::Aac | Format::Mp4 => Box::new(AacDecoder::try_new(params, &options)?),
        Format::Wav | Format::Opus => return Err(Error::Unsupported("no file of packets")),
    })
}

fn fault(format: Format, error: &Error) -> DecodeFault {
    match error {
        Error::IoError(io) if io.kind() == ErrorKind::UnexpectedEof => DecodeFault::CutOff(format),
        Error::Unsupported(what) => DecodeFault::Unsupported { format, what },
        other => DecodeFault::Damaged {
            format,
            what: other.to_string(),
        },
    }
}
