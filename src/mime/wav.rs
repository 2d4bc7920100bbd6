//! The WAV file inside a mail: linear 16-bit samples at 8,000 a second, one channel.

use hound::{SampleFormat, WavSpec, WavWriter};
use std::io::Cursor;

/// A WAV file of these samples.
pub fn wav(samples: &[i16]) -> Vec<u8> {
    let spec = WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut file = Cursor::new(Vec::with_capacity(samples.len() * 2 + 44));
    // Writing to memory fails only beyond 4 GiB, 74 hours; an empty file would read as damaged.
    let written = WavWriter::new(&mut file, spec).and_then(|mut writer| {
        let mut fast = writer.get_i16_writer(samples.len() as u32);
        samples.iter().for_each(|&sample| fast.write_sample(sample));
        fast.flush()?;
        writer.finalize()
    });
    match written {
        Ok(()) => file.into_inner(),
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wav_file_reads_as_the_samples_it_was_made_of() {
        let samples = [0, 1, -1, i16::MAX, i16::MIN];
        let file = wav(&samples);
        assert_eq!(file.len(), 44 + 10);
        let mut reader = hound::WavReader::new(Cursor::new(file)).unwrap();
        assert_eq!(
            (reader.spec().sample_rate, reader.spec().channels),
            (8_000, 1)
        );
        let read: Result<Vec<i16>, _> = reader.samples().collect();
        assert_eq!(read.unwrap(), samples);
    }
}
