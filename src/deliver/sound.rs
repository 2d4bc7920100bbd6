//! The sound of messages: from a deposit to a file, and from a mail to the telephone.
//!
//! What we wrote ourselves as WAV is read in this process, which is quick and safe. Every other
//! format goes to a [`Decoder`], a process of its own with limits: a mailbox may hold what a
//! stranger put there.

use crate::audio::{Law, Pcm, WIRE_RATE, WireAudio, flac, wav};
use crate::decoder::{Decoder, DecoderFault};
use crate::mailbox::Fault;
use crate::mime::{self, SoundFile, SoundFormat};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The sound file of a recording in the format its owner wants. Where that cannot be written it is
/// plain WAV: no message is kept back for its format.
pub(super) fn file(wanted: SoundFormat, law: Law, octets: &[u8]) -> SoundFile {
    let written = catch_unwind(AssertUnwindSafe(|| write(wanted, law, octets)));
    match written.unwrap_or_else(|_| Err("the encoder broke".to_owned())) {
        Ok(octets) => SoundFile {
            format: wanted,
            octets,
        },
        Err(fault) => {
            tracing::warn!(?wanted, %fault, "a message goes out as plain WAV");
            SoundFile {
                format: SoundFormat::Wav,
                octets: wav::write_pcm16(&linear(law, octets)),
            }
        }
    }
}

fn write(format: SoundFormat, law: Law, octets: &[u8]) -> Result<Vec<u8>, String> {
    match format {
        SoundFormat::Wav => Ok(wav::write_pcm16(&linear(law, octets))),
        SoundFormat::G711 => Ok(wav::write_g711(law, WIRE_RATE, octets)),
        SoundFormat::Flac => flac::encode(&linear(law, octets)).map_err(|e| e.to_string()),
        SoundFormat::Opus => opus(&linear(law, octets)),
    }
}

#[cfg(feature = "opus")]
fn opus(pcm: &Pcm) -> Result<Vec<u8>, String> {
    crate::audio::ogg_opus::encode(pcm).map_err(|e| e.to_string())
}

#[cfg(not(feature = "opus"))]
fn opus(_: &Pcm) -> Result<Vec<u8>, String> {
    Err("this program was built without Opus".to_owned())
}

fn linear(law: Law, octets: &[u8]) -> Pcm {
    Pcm {
        rate: WIRE_RATE,
        samples: octets.iter().map(|&octet| law.decode(octet)).collect(),
    }
}

/// The sound of a mail for the wire. A decoder that breaks on it breaks this message only.
pub(super) fn decode(mail: &[u8]) -> Result<WireAudio, Fault> {
    let parsed = catch_unwind(AssertUnwindSafe(|| mime::read(mail).ok()));
    let sound = parsed.ok().flatten().ok_or(Fault::Damaged)?.sound;
    wire(&sound.octets, &Decoder::own())
}

/// A sound file for the wire.
fn wire(file: &[u8], decoder: &Decoder) -> Result<WireAudio, Fault> {
    if file.starts_with(b"RIFF") {
        let read = catch_unwind(AssertUnwindSafe(|| read_wav(file)));
        return read.ok().flatten().ok_or(Fault::Damaged);
    }
    decoder.decode(file).map_err(|fault| {
        tracing::warn!(%fault, "the sound of a message cannot be read");
        match fault {
            DecoderFault::Format
            | DecoderFault::Unsupported
            | DecoderFault::Damaged
            | DecoderFault::TooLong(_)
            | DecoderFault::Empty
            | DecoderFault::Refused
            | DecoderFault::TooSlow => Fault::Damaged,
            DecoderFault::Busy | DecoderFault::Machine(_) => Fault::Unavailable,
        }
    })
}

fn read_wav(file: &[u8]) -> Option<WireAudio> {
    match wav::read_g711(file) {
        Ok(g711) if g711.rate == WIRE_RATE => Some(WireAudio::from_octets(g711.law, &g711.octets)),
        Ok(_) | Err(_) => wav::read(file).ok()?.to_wire().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::decode::decode as decode_file;
    use std::time::Duration;

    fn octets() -> Vec<u8> {
        (0..8_000_u32).map(|i| (i * 7 % 251) as u8).collect()
    }

    #[test]
    fn a_recording_kept_as_g711_is_the_recording_itself() {
        for law in [Law::A, Law::Mu] {
            let sound = file(SoundFormat::G711, law, &octets());
            let read = wav::read_g711(&sound.octets).unwrap();
            assert_eq!((read.law, read.octets), (law, octets()));
            let wire = wire(&sound.octets, &Decoder::own()).unwrap();
            assert_eq!(wire.octets(law), octets());
        }
    }

    #[test]
    fn every_lossless_format_holds_the_same_samples() {
        let expected = linear(Law::A, &octets());
        for format in [SoundFormat::Wav, SoundFormat::G711, SoundFormat::Flac] {
            let sound = file(format, Law::A, &octets());
            assert_eq!(sound.format, format);
            let read = decode_file(&sound.octets, Duration::from_mins(1));
            assert_eq!(read, Ok(expected.clone()), "{format:?}");
        }
    }

    #[test]
    fn a_format_that_cannot_be_written_becomes_plain_wav() {
        let sound = file(SoundFormat::Flac, Law::A, &[]);
        assert_eq!(sound.format, SoundFormat::Wav);
        let opus = file(SoundFormat::Opus, Law::A, &octets()).format;
        let expected = if cfg!(feature = "opus") {
            SoundFormat::Opus
        } else {
            SoundFormat::Wav
        };
        assert_eq!(opus, expected);
    }
}
