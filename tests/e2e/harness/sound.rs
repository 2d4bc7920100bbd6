//! Sounds to say and to look for: something like speech, files of it, and where in a longer
//! sound a piece lies.

use belpost::audio::correlate;
use std::path::Path;

/// Samples a second of everything here.
pub(crate) const RATE: usize = 8_000;

/// Something like speech: bursts of soft noise, uneven in length and loudness, with gaps too
/// short to count as silence. No two stretches are alike, so a piece has one place only; another
/// `voice` is unlike this one everywhere.
pub(crate) fn speech(seconds: f64, voice: u64) -> Vec<i16> {
    let len = (seconds * RATE as f64) as usize;
    let mut state = voice.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as u32
    };
    let mut out = Vec::with_capacity(len);
    while out.len() < len {
        let loud = f64::from(6_000 + next() % 10_000);
        let syllable = 800 + next() as usize % 1_600;
        let (mut soft, mut softer) = (0.0, 0.0);
        for at in 0..syllable {
            let noise = f64::from(next()) / f64::from(u32::MAX >> 1) * 2.0 - 1.0;
            soft = 0.6 * soft + 0.4 * noise;
            softer = 0.6 * softer + 0.4 * soft;
            let swell = (std::f64::consts::PI * at as f64 / syllable as f64).sin();
            out.push((softer * loud * swell) as i16);
        }
        out.resize(out.len() + 200 + next() as usize % 600, 0);
    }
    out.truncate(len);
    out
}

/// The middle of a sound, in seconds from its beginning.
pub(crate) fn cut(samples: &[i16], from: f64, length: f64) -> &[i16] {
    let from = ((from * RATE as f64) as usize).min(samples.len());
    let to = (from + (length * RATE as f64) as usize).min(samples.len());
    &samples[from..to]
}

/// How long this many samples are, in seconds.
pub(crate) fn length(samples: &[i16]) -> f64 {
    samples.len() as f64 / RATE as f64
}

/// Where `piece` lies in `whole`, in seconds; `None` when it is not in there.
pub(crate) fn find(whole: &[i16], piece: &[i16]) -> Option<f64> {
    let likeness = correlate::compare(whole, piece)?;
    (likeness.coefficient > 0.8).then(|| likeness.lag as f64 / RATE as f64)
}

/// Whether some second of what was heard is a second of what was said, at any level.
pub(crate) fn shares_a_second(heard: &[i16], said: &[i16]) -> bool {
    let mut at = 0.0;
    while at + 1.0 < length(heard) {
        let piece = cut(heard, at, 1.0);
        if !is_silent(piece) && find(said, piece).is_some() {
            return true;
        }
        at += 0.2;
    }
    false
}

/// Whether there is more to hear than a quiet line.
pub(crate) fn is_silent(samples: &[i16]) -> bool {
    let loud = samples.iter().filter(|s| s.unsigned_abs() > 300).count();
    loud * 1_000 < samples.len().max(1)
}

/// Writes a WAV file: 16 bit, mono.
pub(crate) fn write_wav(file: &Path, samples: &[i16]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file, spec).expect("a WAV file");
    for &sample in samples {
        writer.write_sample(sample).expect("a sample");
    }
    writer.finalize().expect("a whole WAV file");
}

/// Reads a WAV file another program wrote, perhaps one it never finished.
pub(crate) fn read_wav(file: &Path) -> Vec<i16> {
    let bytes = std::fs::read(file).expect("a WAV file");
    decode_wav(&bytes).expect("WAV")
}

/// The samples of a WAV file: 16-bit PCM, A-law or mu-law, one channel, 8 kHz. A data chunk whose
/// length was never filled in reaches to the end of the file.
pub(crate) fn decode_wav(bytes: &[u8]) -> Result<Vec<i16>, String> {
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err("no RIFF WAVE header".to_owned());
    }
    let (mut at, mut format) = (12, None);
    while let Some(head) = bytes.get(at..at + 8) {
        let said = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let rest = &bytes[at + 8..];
        let body = &rest[..said.min(rest.len())];
        match &head[..4] {
            b"fmt " => format = Some(wav_format(body)?),
            b"data" => {
                let body = if said == 0 { rest } else { body };
                return samples(format.ok_or("data before fmt")?, body);
            }
            _ => {}
        }
        at += 8 + said + said % 2;
    }
    Err("no data chunk".to_owned())
}

fn wav_format(fmt: &[u8]) -> Result<u16, String> {
    let word = |at: usize| {
        fmt.get(at..at + 2)
            .map(|b| u16::from_le_bytes([b[0], b[1]]))
    };
    let rate = fmt
        .get(4..8)
        .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    match (word(0), word(2), rate, word(14)) {
        (Some(tag @ (1 | 6 | 7)), Some(1), Some(8_000), Some(8 | 16)) => Ok(tag),
        other => Err(format!("tag, channels, rate, bits: {other:?}")),
    }
}

fn samples(tag: u16, body: &[u8]) -> Result<Vec<i16>, String> {
    use belpost::audio::Law;
    match tag {
        1 => Ok(body
            .chunks_exact(2)
            .map(|b| i16::from_le_bytes([b[0], b[1]]))
            .collect()),
        6 => Ok(body.iter().map(|&o| Law::A.decode(o)).collect()),
        7 => Ok(body.iter().map(|&o| Law::Mu.decode(o)).collect()),
        _ => Err(format!("format tag {tag}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use belpost::audio::Law;

    fn through_the_wire(samples: &[i16]) -> Vec<i16> {
        samples
            .iter()
            .map(|&s| Law::Mu.decode(Law::Mu.encode(s)))
            .collect()
    }

    #[test]
    fn half_a_second_of_speech_has_one_place_and_no_other_voice_has_it() {
        let whole = speech(20.0, 1);
        let heard = through_the_wire(&whole);
        for from in [0.3, 7.0, 18.9] {
            let place = find(&heard, cut(&whole, from, 0.5));
            assert!(
                place.is_some_and(|at| (at - from).abs() < 0.001),
                "{from}: {place:?}"
            );
        }
        for from in [0.0, 3.0, 9.0] {
            assert_eq!(find(&heard, cut(&speech(20.0, 2), from, 0.5)), None);
        }
        assert!(is_silent(&vec![8; 8_000]) && !is_silent(&whole));
    }
}
