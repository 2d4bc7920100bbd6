//! Linear samples as a FLAC file, through `flacenc`.
//!
//! In: one channel of 16-bit samples. Out: a whole file. Spec: RFC 9639.
//! Law: what is written decodes to the same samples bit by bit.

use super::pcm::Pcm;
use flacenc::bitsink::ByteSink;
use flacenc::component::BitRepr;
use flacenc::error::Verify;
use flacenc::source::MemSource;

/// The width of our samples.
const BITS: usize = 16;

/// The rates FLAC files are written at, in samples a second.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=96_000;

/// The encoder cannot write this sound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sound cannot be written as FLAC: {0}")]
pub struct FlacFault(String);

/// Writes a file of one channel.
pub fn encode(pcm: &Pcm) -> Result<Vec<u8>, FlacFault> {
    if !RATES.contains(&pcm.rate) || pcm.samples.is_empty() {
        return Err(FlacFault(format!("{pcm:?}")));
    }
    let fault = |what: &dyn std::fmt::Debug| FlacFault(format!("{what:?}"));
    let config = flacenc::config::Encoder::default();
    let config = config.into_verified().map_err(|(_, e)| fault(&e))?;
    let samples: Vec<i32> = pcm.samples.iter().map(|&s| i32::from(s)).collect();
    let source = MemSource::from_samples(&samples, 1, BITS, pcm.rate as usize);
    let block = config.block_size;
    let mut stream =
        flacenc::encode_with_fixed_block_size(&config, source, block).map_err(|e| fault(&e))?;
    // The short last block does not count (RFC 9639 section 8.2); the encoder counts it, and
    // readers then look for blocks of variable size.
    let described = stream.stream_info_mut().set_block_sizes(block, block);
    described.map_err(|e| fault(&e))?;
    let mut sink = ByteSink::new();
    stream.write(&mut sink).map_err(|e| fault(&e))?;
    Ok(sink.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::decode;
    use proptest::prelude::*;
    use std::time::Duration;

    fn round(pcm: &Pcm) -> Pcm {
        decode::decode(&encode(pcm).unwrap(), Duration::from_mins(10)).unwrap()
    }

    #[test]
    fn speech_comes_back_bit_by_bit_and_is_smaller() {
        let speech = include_bytes!("../../media-fixtures/audio/speech-en.wav");
        let pcm = crate::audio::wav::read(speech).unwrap();
        let file = encode(&pcm).unwrap();
        assert!(file.len() * 10 < speech.len() * 8, "{} octets", file.len());
        assert_eq!(round(&pcm), pcm);
    }

    #[test]
    fn no_samples_and_odd_rates_are_refused() {
        for (rate, samples) in [(8_000, vec![]), (0, vec![1]), (7_999, vec![1])] {
            assert!(encode(&Pcm { rate, samples }).is_err(), "{rate}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_samples_come_back_bit_by_bit(
            samples in proptest::collection::vec(any::<i16>(), 1..9_000),
            rate in prop::sample::select(vec![8_000_u32, 16_000, 44_100, 48_000]),
        ) {
            let pcm = Pcm { rate, samples };
            prop_assert_eq!(round(&pcm), pcm);
        }
    }
}
