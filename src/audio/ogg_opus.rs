//! Linear samples as an Ogg Opus file, and back.
//!
//! In: one channel of 16-bit samples at a rate of Opus. Out: a whole file with one stream of
//! packets of 20 ms; and one channel of samples at 48,000 a second. Only with the feature `opus`,
//! as the codec is a C library. Specs: RFC 6716 (the codec), RFC 7845 (in Ogg).

use super::pcm::{Pcm, samples_in};
use ogg::{PacketReader, PacketWriteEndInfo, PacketWriter};
use opus::{Application, Bitrate, Channels, Decoder, Encoder};
use std::io::Cursor;
use std::time::Duration;

/// Samples a second that granule positions count in (RFC 7845 section 4).
const GRANULES: u32 = 48_000;

/// The rates the codec takes.
const RATES: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// Packets a second.
const PACKETS: u32 = 50;

/// The largest packet made, in octets: 1,275 is the most of one frame (RFC 6716 section 3.2.1).
const PACKET_MAX: usize = 1_275;

/// The most samples a packet decodes to: 120 ms.
const DECODED_MAX: usize = 5_760;

/// The most packets of a file that are read.
const PACKETS_MAX: usize = 2_000_000;

/// The serial number of the only stream of a file.
const SERIAL: u32 = 1;

/// Speech is clear at this rate, in bits a second.
const BITRATE: i32 = 24_000;

/// Why sound cannot be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpusFault {
    /// No rate of the codec.
    #[error("Opus has no rate of {0} samples a second")]
    Rate(u32),
    /// The codec refuses.
    #[error("the Opus codec: {0}")]
    Codec(String),
    /// No Ogg Opus file, or a broken one.
    #[error("no Ogg Opus file: {0}")]
    File(String),
    /// It plays longer than allowed.
    #[error("the sound is longer than {0:?}")]
    TooLong(Duration),
}

/// Writes a file of one channel.
pub fn encode(pcm: &Pcm) -> Result<Vec<u8>, OpusFault> {
    if !RATES.contains(&pcm.rate) {
        return Err(OpusFault::Rate(pcm.rate));
    }
    let mut encoder =
        Encoder::new(pcm.rate, Channels::Mono, Application::Voip).map_err(|e| codec(&e))?;
    encoder
        .set_bitrate(Bitrate::Bits(BITRATE))
        .map_err(|e| codec(&e))?;
    let lookahead = encoder.get_lookahead().map_err(|e| codec(&e))?;
    let scale = u64::from(GRANULES / pcm.rate);
    let skip = u64::try_from(lookahead).unwrap_or(0) * scale;
    let mut writer = PacketWriter::new(Vec::new());
    let mut put = |packet: Vec<u8>, end, granule| {
        let written = writer.write_packet(packet, SERIAL, end, granule);
        written.map_err(|e| OpusFault::File(e.to_string()))
    };
    put(head(pcm.rate, skip as u16), PacketWriteEndInfo::EndPage, 0)?;
    put(tags(), PacketWriteEndInfo::EndPage, 0)?;

    // The last samples come out of the codec only behind its look-ahead.
    let frame = (pcm.rate / PACKETS) as usize;
    let end = skip + pcm.samples.len() as u64 * scale;
    let mut samples = pcm.samples.clone();
    let padded = (samples.len() + (skip / scale) as usize).next_multiple_of(frame);
    samples.resize(padded.max(frame), 0);
    let packets = samples.len() / frame;
    for (at, chunk) in samples.chunks_exact(frame).enumerate() {
        let packet = encoder
            .encode_vec(chunk, PACKET_MAX)
            .map_err(|e| codec(&e))?;
        let granule = ((at + 1) * frame) as u64 * scale;
        if at + 1 == packets {
            put(packet, PacketWriteEndInfo::EndStream, granule.min(end))?;
        } else {
            put(packet, PacketWriteEndInfo::NormalPacket, granule)?;
        }
    }
    Ok(writer.into_inner())
}

/// Reads a file that plays no longer than `max`; two channels are mixed down by the codec.
pub fn decode(file: &[u8], max: Duration) -> Result<Pcm, OpusFault> {
    let mut packets = PacketReader::new(Cursor::new(file));
    let mut next = || {
        packets
            .read_packet()
            .map_err(|e| OpusFault::File(e.to_string()))
    };
    let missing = || OpusFault::File("it has no header".to_owned());
    let first = next()?.ok_or_else(missing)?;
    let skip = pre_skip(&first.data).ok_or_else(missing)?;
    next()?.ok_or_else(missing)?;

    let serial = first.stream_serial();
    let most = samples_in(max, GRANULES) + usize::from(skip);
    let mut decoder = Decoder::new(GRANULES, Channels::Mono).map_err(|e| codec(&e))?;
    let mut samples = Vec::new();
    let mut end = None;
    for _ in 0..PACKETS_MAX {
        let Some(packet) = next()? else {
            return Ok(trimmed(samples, skip, end));
        };
        if packet.stream_serial() != serial {
            continue;
        }
        let mut block = [0_i16; DECODED_MAX];
        let count = decoder
            .decode(&packet.data, &mut block, false)
            .map_err(|e| codec(&e))?;
        samples.extend(block.iter().take(count));
        if samples.len() > most {
            return Err(OpusFault::TooLong(max));
        }
        end = packet.last_in_stream().then(|| packet.absgp_page());
    }
    Err(OpusFault::TooLong(max))
}

/// What the codec put before and after the sound is cut off (RFC 7845 sections 4.2, 4.4).
fn trimmed(mut samples: Vec<i16>, skip: u16, end: Option<u64>) -> Pcm {
    let end = end.and_then(|e| usize::try_from(e).ok());
    samples.truncate(end.unwrap_or(usize::MAX));
    samples.drain(..usize::from(skip).min(samples.len()));
    Pcm {
        rate: GRANULES,
        samples,
    }
}

/// The identification header (RFC 7845 section 5.1).
fn head(rate: u32, skip: u16) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(skip.to_le_bytes());
    head.extend(rate.to_le_bytes());
    head.extend([0, 0, 0]);
    head
}

/// The comment header, without comments (RFC 7845 section 5.2).
fn tags() -> Vec<u8> {
    let vendor = b"Belpost";
    let mut tags = b"OpusTags".to_vec();
    tags.extend((vendor.len() as u32).to_le_bytes());
    tags.extend(vendor);
    tags.extend(0_u32.to_le_bytes());
    tags
}

/// The samples to skip, from an identification header of one or two channels.
fn pre_skip(head: &[u8]) -> Option<u16> {
    let rest = head.strip_prefix(b"OpusHead")?;
    match rest {
        [version, 1..=2, low, high, _, _, _, _, _, _, 0, ..] if version >> 4 == 0 => {
            Some(u16::from_le_bytes([*low, *high]))
        }
        _ => None,
    }
}

fn codec(error: &opus::Error) -> OpusFault {
    OpusFault::Codec(error.description().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{goertzel, tone};
    use proptest::prelude::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_tone_comes_back_as_long_and_as_loud() {
        let file = include_bytes!("../../media-fixtures/audio/tone-1000.wav");
        let tone = crate::audio::wav::read(file)
            .unwrap()
            .at_rate(8_000)
            .unwrap();
        let back = decode(&encode(&tone).unwrap(), MINUTE).unwrap();
        assert_eq!(back.samples.len(), tone.samples.len() * 6);
        let back = back.at_rate(8_000).unwrap();
        let amplitude = goertzel::amplitude(&back.samples[200..1_800], 8_000, 1_000.0);
        assert!((amplitude - 0.5).abs() < 0.05, "{amplitude}");
    }

    #[test]
    fn speech_is_a_fifth_of_its_size() {
        let speech = include_bytes!("../../media-fixtures/audio/speech-en.wav");
        let pcm = crate::audio::wav::read(speech).unwrap();
        let file = encode(&pcm).unwrap();
        assert!(file.len() * 5 < speech.len(), "{} octets", file.len());
        assert_eq!(decode(&file, MINUTE).unwrap().duration(), pcm.duration());
    }

    #[test]
    fn a_rate_the_codec_does_not_have_is_refused() {
        let pcm = Pcm::silence(44_100, Duration::from_secs(1));
        assert_eq!(encode(&pcm), Err(OpusFault::Rate(44_100)));
    }

    #[test]
    fn a_file_longer_than_allowed_is_refused() {
        let file = encode(&Pcm::silence(8_000, Duration::from_secs(3))).unwrap();
        let max = Duration::from_secs(2);
        assert_eq!(decode(&file, max), Err(OpusFault::TooLong(max)));
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        ) {
            let mut file = encode(&tone::beep(8_000)).unwrap();
            for (at, value) in changes {
                let at = at.index(file.len());
                file[at] = value;
            }
            let _ = decode(&file, MINUTE);
        }
    }
}
