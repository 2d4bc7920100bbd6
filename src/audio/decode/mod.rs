//! Sound from files: WAV, FLAC, MP3, Ogg Vorbis, Ogg FLAC, AAC in ADTS or MP4 and, with the feature
//! `opus`, Ogg Opus, told by their first octets and never by their names.
//!
//! In: a whole file that this project made. What an operator or a stranger made comes here only in
//! a process of its own with limits, as the decoders have known faults on hostile input. Out: one
//! channel of 16-bit samples, of bounded length. Laws: a file with less in it than it says is
//! refused; HE-AAC and AAC of more than two channels are refused, as the library has neither.

mod format;
mod packets;
mod sink;
#[cfg(test)]
mod tests;

pub use format::Format;

use super::pcm::Pcm;
use super::resample::ResampleFault;
use super::wav::{self, WavFault};
use sink::Sink;
use std::time::Duration;

/// The most octets of one file.
pub const MAX_FILE: usize = 32 << 20;

/// Why a sound file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    /// Of no format that is read here.
    #[error("no WAV, FLAC, MP3, Ogg or AAC file that this program reads")]
    UnknownFormat,
    /// More octets than [`MAX_FILE`].
    #[error("the file has more than {MAX_FILE} octets")]
    TooBig,
    /// It plays longer than allowed.
    #[error("the sound is longer than {0:?}")]
    TooLong(Duration),
    /// A WAV file with a fault.
    #[error(transparent)]
    Wav(#[from] WavFault),
    /// A file of packets with a fault.
    #[error("the {format} file is damaged: {what}")]
    Damaged {
        /// Its format.
        format: Format,
        /// What the library says.
        what: String,
    },
    /// A file that ends before it says it does.
    #[error("the {0} file is cut off")]
    CutOff(Format),
    /// A kind of the format that is not read here.
    #[error("this kind of {format} file is not read here: {what}")]
    Unsupported {
        /// Its format.
        format: Format,
        /// What the library says.
        what: &'static str,
    },
    /// There is no sound in it.
    #[error("the file has no sound in it")]
    Empty,
    /// Its rate or its channels change on the way.
    #[error("the file changes its rate or its channels on the way")]
    Changes,
    /// A shape no sound has.
    #[error("the file has {channels} channels at {rate} samples a second")]
    Shape {
        /// Samples a second.
        rate: u32,
        /// Channels.
        channels: usize,
    },
    /// A rate that cannot be converted.
    #[error(transparent)]
    Rate(#[from] ResampleFault),
    /// An Ogg Opus file with a fault.
    #[cfg(feature = "opus")]
    #[error(transparent)]
    Opus(#[from] super::ogg_opus::OpusFault),
}

/// A decoded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// Its sound, mixed down.
    pub pcm: Pcm,
    /// How much of it was cut off at full scale, in the channel that had most of that.
    pub clipped: Duration,
}

/// Whether a file begins like one that [`decode`] may read.
pub fn is_known(file: &[u8]) -> bool {
    format::recognise(file).is_some()
}

/// Decodes a file that plays no longer than `max`, at its own rate.
pub fn decode(file: &[u8], max: Duration) -> Result<Pcm, DecodeFault> {
    Ok(decode_into(file, Sink::new(max, None))?.pcm)
}

/// Decodes a file that plays no longer than `max` and brings it to a rate; see
/// [`super::resample`] for the bounds.
pub fn decode_at(file: &[u8], max: Duration, rate: u32) -> Result<Sound, DecodeFault> {
    decode_into(file, Sink::new(max, Some(rate)))
}

fn decode_into(file: &[u8], mut sink: Sink) -> Result<Sound, DecodeFault> {
    if file.len() > MAX_FILE {
        return Err(DecodeFault::TooBig);
    }
    let (format, start) = format::recognise(file).ok_or(DecodeFault::UnknownFormat)?;
    let sound = file.get(start..).unwrap_or_default();
    match format {
        Format::Wav => {
            let read = wav::read_channels(sound)?;
            sink.take(read.rate, read.count, read.samples)?;
        }
        Format::Opus => decode_opus(sound, &mut sink)?,
        Format::Flac
        | Format::OggFlac
        | Format::Vorbis
        | Format::Mp3
        | Format::Aac
        | Format::Mp4 => packets::decode(sound, format, &mut sink)?,
    }
    sink.finish()
}

#[cfg(feature = "opus")]
fn decode_opus(file: &[u8], sink: &mut Sink) -> Result<(), DecodeFault> {
    use super::ogg_opus::{self, OpusFault};
    let pcm = ogg_opus::decode(file, sink.longest()).map_err(|fault| match fault {
        OpusFault::TooLong(max) => DecodeFault::TooLong(max),
        fault => DecodeFault::Opus(fault),
    })?;
    sink.take(pcm.rate, 1, pcm.samples)
}

#[cfg(not(feature = "opus"))]
fn decode_opus(_: &[u8], _: &mut Sink) -> Result<(), DecodeFault> {
    Err(DecodeFault::UnknownFormat)
}
