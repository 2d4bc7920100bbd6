//! WAV files as byte slices: linear ones of any width through `hound`, G.711 ones by hand.
//!
//! In: a whole file. Out: one channel of 16-bit samples, or the G.711 octets as they are.
//! Specs: the RIFF WAVE multimedia data standard (format tags 1, 3, 6, 7 and 0xFFFE).
//! Laws: what is written is read back bit by bit; a file shorter than its header says is refused.

use super::g711::Law;
use super::pcm::Pcm;
use dasp::Sample;
use dasp::sample::I24;
use std::io::Cursor;

/// The octets before the samples in a G.711 file: RIFF (12), an 18-octet format chunk, a fact
/// chunk and the head of the data chunk.
pub const G711_HEADER: usize = 58;

/// The most channels that are mixed down.
const MAX_CHANNELS: u16 = 32;

/// The format tags of companded audio.
const TAG_ALAW: u16 = 6;
const TAG_MULAW: u16 = 7;

/// Why bytes are no WAV file that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WavFault {
    /// No RIFF WAVE header, or a broken one.
    #[error("not a WAV file: {0}")]
    Header(&'static str),
    /// The samples end before the header says they do.
    #[error("the WAV file is cut off")]
    Truncated,
    /// A codec, width or channel count that is not read here.
    #[error("a WAV file in a format that is not supported")]
    Unsupported,
}

/// A G.711 file: its octets are not touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct G711 {
    /// How the octets are companded.
    pub law: Law,
    /// Samples a second.
    pub rate: u32,
    /// One octet a sample, one channel.
    pub octets: Vec<u8>,
}

/// The samples of all channels, frame by frame.
pub(super) struct Channels {
    /// Samples a second.
    pub(super) rate: u32,
    /// How many channels: 1 to [`MAX_CHANNELS`].
    pub(super) count: usize,
    /// The samples.
    pub(super) samples: Vec<i16>,
}

/// Reads a file of any supported format and mixes its channels down to one.
pub fn read(file: &[u8]) -> Result<Pcm, WavFault> {
    let read = read_channels(file)?;
    Ok(Pcm {
        rate: read.rate,
        samples: mix_down(read.samples, read.count),
    })
}

/// Reads a file of any supported format with its channels apart.
pub(super) fn read_channels(file: &[u8]) -> Result<Channels, WavFault> {
    let chunks = Chunks::of(file)?;
    let format = chunks.format()?;
    let Some(law) = format.law() else {
        return read_linear(file);
    };
    if !(1..=MAX_CHANNELS).contains(&format.channels) || format.bits != 8 || format.rate == 0 {
        return Err(WavFault::Unsupported);
    }
    let octets = chunks.find(*b"data")?;
    Ok(Channels {
        rate: format.rate,
        count: format.channels.into(),
        samples: octets.iter().map(|&octet| law.decode(octet)).collect(),
    })
}

/// Reads a G.711 file of one channel without decoding it.
pub fn read_g711(file: &[u8]) -> Result<G711, WavFault> {
    let chunks = Chunks::of(file)?;
    let format = chunks.format()?;
    let law = format.law().ok_or(WavFault::Unsupported)?;
    if format.channels != 1 || format.bits != 8 {
        return Err(WavFault::Unsupported);
    }
    let octets = chunks.find(*b"data")?.to_vec();
    Ok(G711 {
        law,
        rate: format.rate,
        octets,
    })
}

/// Writes linear 16-bit samples with the usual 44-octet header.
pub fn write_pcm16(pcm: &Pcm) -> Vec<u8> {
    let data: Vec<u8> = pcm.samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    let rate = pcm.rate;
    let mut format = Vec::with_capacity(16);
    format.extend(1_u16.to_le_bytes());
    format.extend(1_u16.to_le_bytes());
    format.extend(rate.to_le_bytes());
    format.extend(rate.saturating_mul(2).to_le_bytes());
    format.extend(2_u16.to_le_bytes());
    format.extend(16_u16.to_le_bytes());
    riff(&[(*b"fmt ", &format), (*b"data", &data)])
}

/// Writes G.711 octets behind a header of [`G711_HEADER`] octets; an odd number of them is
/// followed by one octet of padding.
pub fn write_g711(law: Law, rate: u32, octets: &[u8]) -> Vec<u8> {
    let tag = match law {
        Law::A => TAG_ALAW,
        Law::Mu => TAG_MULAW,
    };
    let mut format = Vec::with_capacity(18);
    format.extend(tag.to_le_bytes());
    format.extend(1_u16.to_le_bytes());
    format.extend(rate.to_le_bytes());
    format.extend(rate.to_le_bytes());
    format.extend(1_u16.to_le_bytes());
    format.extend(8_u16.to_le_bytes());
    format.extend(0_u16.to_le_bytes());
    let fact = (octets.len() as u32).to_le_bytes();
    riff(&[(*b"fmt ", &format), (*b"fact", &fact), (*b"data", octets)])
}

fn riff(chunks: &[([u8; 4], &[u8])]) -> Vec<u8> {
    let padded = |body: &[u8]| body.len() + body.len() % 2;
    let len = 4 + chunks.iter().map(|c| 8 + padded(c.1)).sum::<usize>();
    let mut file = Vec::with_capacity(len + 8);
    file.extend(b"RIFF");
    file.extend((len as u32).to_le_bytes());
    file.extend(b"WAVE");
    for (id, body) in chunks {
        file.extend(id);
        file.extend((body.len() as u32).to_le_bytes());
        file.extend(*body);
        file.resize(file.len() + body.len() % 2, 0);
    }
    file
}

fn read_linear(file: &[u8]) -> Result<Channels, WavFault> {
    let reader = hound::WavReader::new(Cursor::new(file)).map_err(|e| fault(&e))?;
    let spec = reader.spec();
    if spec.channels == 0 || spec.channels > MAX_CHANNELS || spec.sample_rate == 0 {
        return Err(WavFault::Unsupported);
    }
    let samples = match (spec.sample_format, spec.bits_per_sample) {
        (hound::SampleFormat::Float, _) => collect(reader, |s: f32| {
            if s.is_finite() {
                s.clamp(-1.0, 1.0).to_sample()
            } else {
                0
            }
        }),
        (hound::SampleFormat::Int, 8) => collect(reader, |s: i8| s.to_sample()),
        (hound::SampleFormat::Int, 16) => collect(reader, |s: i16| s),
        (hound::SampleFormat::Int, 24) => {
            collect(reader, |s: i32| I24::new_unchecked(s).to_sample())
        }
        (hound::SampleFormat::Int, 32) => collect(reader, |s: i32| s.to_sample()),
        (hound::SampleFormat::Int, _) => Err(WavFault::Unsupported),
    }?;
    Ok(Channels {
        rate: spec.sample_rate,
        count: spec.channels.into(),
        samples,
    })
}

fn collect<S: hound::Sample>(
    reader: hound::WavReader<Cursor<&[u8]>>,
    convert: impl Fn(S) -> i16,
) -> Result<Vec<i16>, WavFault> {
    reader
        .into_samples()
        .map(|s| s.map(&convert).map_err(|e| fault(&e)))
        .collect()
}

/// The mean of the channels.
pub(super) fn mix_down(samples: Vec<i16>, channels: usize) -> Vec<i16> {
    if channels <= 1 {
        return samples;
    }
    let mean = |frame: &[i16]| {
        let sum: i32 = frame.iter().map(|&s| i32::from(s)).sum();
        (sum / channels as i32) as i16
    };
    samples.chunks_exact(channels).map(mean).collect()
}

fn fault(error: &hound::Error) -> WavFault {
    match error {
        hound::Error::FormatError(what) if what.contains("enough bytes") => WavFault::Truncated,
        hound::Error::FormatError(what) => WavFault::Header(what),
        hound::Error::IoError(_) | hound::Error::UnfinishedSample => WavFault::Truncated,
        hound::Error::TooWide | hound::Error::Unsupported | hound::Error::InvalidSampleFormat => {
            WavFault::Unsupported
        }
    }
}

/// The chunks of a RIFF WAVE file.
struct Chunks<'a> {
    body: &'a [u8],
}

/// What the format chunk says, as far as it is used here.
struct Format {
    tag: u16,
    channels: u16,
    rate: u32,
    bits: u16,
}

impl Format {
    fn law(&self) -> Option<Law> {
        match self.tag {
            TAG_ALAW => Some(Law::A),
            TAG_MULAW => Some(Law::Mu),
            _ => None,
        }
    }
}

impl<'a> Chunks<'a> {
    fn of(file: &'a [u8]) -> Result<Chunks<'a>, WavFault> {
        let (Some(b"RIFF"), Some(b"WAVE")) = (file.get(..4), file.get(8..12)) else {
            return Err(WavFault::Header("no RIFF WAVE at the beginning"));
        };
        Ok(Chunks {
            body: file.get(12..).unwrap_or(&[]),
        })
    }

    fn find(&self, wanted: [u8; 4]) -> Result<&'a [u8], WavFault> {
        let mut rest = self.body;
        while let Some((head, after)) = rest.split_first_chunk::<8>() {
            let [i0, i1, i2, i3, l0, l1, l2, l3] = *head;
            let len = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
            if [i0, i1, i2, i3] == wanted {
                return after.get(..len).ok_or(WavFault::Truncated);
            }
            rest = after.get(len + len % 2..).unwrap_or(&[]);
        }
        Err(WavFault::Header("a chunk is missing"))
    }

    fn format(&self) -> Result<Format, WavFault> {
        let chunk = self.find(*b"fmt ")?;
        let Some(&[t0, t1, c0, c1, r0, r1, r2, r3, _, _, _, _, _, _, b0, b1]) =
            chunk.first_chunk::<16>()
        else {
            return Err(WavFault::Header("the format chunk is too short"));
        };
        Ok(Format {
            tag: u16::from_le_bytes([t0, t1]),
            channels: u16::from_le_bytes([c0, c1]),
            rate: u32::from_le_bytes([r0, r1, r2, r3]),
            bits: u16::from_le_bytes([b0, b1]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(spec: hound::WavSpec, samples: &[i32]) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        for &s in samples {
            match spec.sample_format {
                hound::SampleFormat::Int => writer.write_sample(s).unwrap(),
                hound::SampleFormat::Float => writer.write_sample(s as f32 / 32_768.0).unwrap(),
            }
        }
        writer.finalize().unwrap();
        file.into_inner()
    }

    fn spec(channels: u16, bits: u16, sample_format: hound::SampleFormat) -> hound::WavSpec {
        hound::WavSpec {
            channels,
            sample_rate: 8_000,
            bits_per_sample: bits,
            sample_format,
        }
    }

    #[test]
    fn every_width_reads_as_the_same_sound() {
        let cases = [
            (8, vec![0, 64, -128], vec![0, 64 << 8, -128 << 8]),
            (16, vec![0, 12_345, -32_768], vec![0, 12_345, -32_768]),
            (
                24,
                vec![0, 12_345 << 8, -32_768 << 8],
                vec![0, 12_345, -32_768],
            ),
            (
                32,
                vec![0, 12_345 << 16, -32_768 << 16],
                vec![0, 12_345, -32_768],
            ),
        ];
        for (bits, written_samples, expected) in cases {
            let file = written(spec(1, bits, hound::SampleFormat::Int), &written_samples);
            let expected: Vec<i16> = expected.into_iter().map(|s: i32| s as i16).collect();
            assert_eq!(read(&file).unwrap().samples, expected, "{bits} bits");
        }
        let file = written(
            spec(1, 32, hound::SampleFormat::Float),
            &[0, 12_345, -32_768],
        );
        assert_eq!(read(&file).unwrap().samples, [0, 12_345, -32_768]);
    }

    #[test]
    fn channels_are_mixed_down_to_their_mean() {
        let file = written(
            spec(2, 16, hound::SampleFormat::Int),
            &[100, 300, -32_768, -32_768],
        );
        assert_eq!(read(&file).unwrap().samples, [200, -32_768]);
    }

    #[test]
    fn a_g711_file_has_a_header_of_58_octets() {
        let file = write_g711(Law::A, 8_000, &[0xD5; 160]);
        assert_eq!(file.len(), G711_HEADER + 160);
        assert_eq!(
            write_g711(Law::Mu, 8_000, &[0xFF; 3]).len(),
            G711_HEADER + 4
        );
    }

    #[test]
    fn other_software_reads_what_is_written() {
        let pcm = Pcm {
            rate: 16_000,
            samples: vec![1, -2, 3],
        };
        let file = write_pcm16(&pcm);
        let mut reader = hound::WavReader::new(Cursor::new(&file)).unwrap();
        assert_eq!(reader.spec().sample_rate, 16_000);
        let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(samples, pcm.samples);
        assert_eq!(file.len(), 44 + 6);
    }

    #[test]
    fn broken_files_are_told_apart() {
        let whole = write_pcm16(&Pcm {
            rate: 8_000,
            samples: vec![7; 100],
        });
        assert_eq!(read(&whole[..100]), Err(WavFault::Truncated));
        let companded = write_g711(Law::A, 8_000, &[1; 100]);
        assert_eq!(read(&companded[..100]), Err(WavFault::Truncated));
        assert!(matches!(read(&whole[..20]), Err(WavFault::Truncated)));
        assert!(matches!(read(b""), Err(WavFault::Header(_))));
        assert!(matches!(
            read(b"fLaC, not a WAV file"),
            Err(WavFault::Header(_))
        ));
        let mut other_codec = whole;
        other_codec[20] = 0x11;
        assert_eq!(read(&other_codec), Err(WavFault::Unsupported));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(octets: Vec<u8>, mu: bool) {
            let law = if mu { Law::Mu } else { Law::A };
            let file = write_g711(law, 8_000, &octets);
            prop_assert_eq!(read_g711(&file), Ok(G711 { law, rate: 8_000, octets }));
        }

        #[test]
        fn no_bytes_make_it_panic(mut tail: Vec<u8>) {
            let mut file = b"RIFF\0\0\0\0WAVE".to_vec();
            file.append(&mut tail);
            let _ = read(&file);
            let _ = read_g711(&file);
        }

        #[test]
        fn no_damaged_header_makes_it_panic(at in 0_usize..58, octet: u8, mu: bool) {
            let mut file = if mu {
                write_g711(Law::Mu, 8_000, &[9; 40])
            } else {
                write_pcm16(&Pcm { rate: 8_000, samples: vec![9; 40] })
            };
            if let Some(place) = file.get_mut(at) {
                *place = octet;
            }
            let _ = read(&file);
        }
    }
}
