//! What a phone makes of the audio it hears: is it our speech, and which second of it?
//!
//! All audio is linear, 8,000 samples a second. Positions are milliseconds.

use crate::audio::correlate;
use crate::audio::goertzel;
use crate::audio::level;

/// Samples a millisecond.
const PER_MS: usize = 8;
/// The length of the pieces that are looked up in the speech, in ms.
const PIECE_MS: usize = 400;
/// How far apart these pieces begin, in ms.
const STEP_MS: usize = 100;
/// What counts as the same sound after two passes through G.711.
const ALIKE: f64 = 0.9;
/// Quieter than this is silence, in dBFS.
const SILENT_DBFS: f64 = -45.0;
/// Pieces that continue one another agree this well on the position, in ms.
const TOLERANCE_MS: i64 = 10;

/// A stretch of what was heard that is an unbroken stretch of the speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Where it begins in what was heard, in ms.
    pub heard_ms: i64,
    /// Where it begins in the speech, in ms.
    pub said_ms: i64,
    /// How long it is, in ms.
    pub length_ms: i64,
}

impl Stretch {
    /// How far the speech is ahead of what was heard; a skip changes this by its length.
    pub fn offset_ms(&self) -> i64 {
        self.said_ms - self.heard_ms
    }

    /// Where it ends in what was heard, in ms.
    pub fn end_ms(&self) -> i64 {
        self.heard_ms + self.length_ms
    }
}

/// The stretches of `speech` within `heard` from `from_ms` on, in the order they were heard.
pub fn stretches(heard: &[i16], from_ms: usize, speech: &[i16]) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    let mut at_ms = from_ms;
    while let Some(piece) = heard.get(at_ms * PER_MS..(at_ms + PIECE_MS) * PER_MS) {
        if let Some(said_ms) = place(piece, speech) {
            extend(&mut found, at_ms as i64, said_ms);
        }
        at_ms += STEP_MS;
    }
    found
}

/// Where in the speech this piece comes from, in ms; `None` for silence and for other sounds.
fn place(piece: &[i16], speech: &[i16]) -> Option<i64> {
    if level::rms_dbfs(piece) < SILENT_DBFS {
        return None;
    }
    let likeness = correlate::compare(speech, piece)?;
    let whole = likeness.overlap * 10 >= piece.len() * 9;
    (whole && likeness.coefficient > ALIKE).then_some(likeness.lag / PER_MS as i64)
}

fn extend(found: &mut Vec<Stretch>, heard_ms: i64, said_ms: i64) {
    let offset = said_ms - heard_ms;
    if let Some(last) = found.last_mut()
        && (last.offset_ms() - offset).abs() <= TOLERANCE_MS
    {
        last.length_ms = heard_ms + PIECE_MS as i64 - last.heard_ms;
        return;
    }
    found.push(Stretch {
        heard_ms,
        said_ms,
        length_ms: PIECE_MS as i64,
    });
}

/// Whether anything is heard between two moments, in ms.
pub fn anything(heard: &[i16], from_ms: usize, to_ms: usize) -> bool {
    heard
        .get(from_ms * PER_MS..(to_ms * PER_MS).min(heard.len()))
        .is_some_and(|part| part.chunks(160).any(|p| level::rms_dbfs(p) > SILENT_DBFS))
}

/// The end of the first tone of `hz` heard from `from_ms` on, in ms: the first 40 ms without it
/// after 100 ms with nothing else.
pub fn tone_end(heard: &[i16], from_ms: usize, hz: f64) -> Option<usize> {
    let mut with_ms = 0;
    for (n, piece) in heard
        .get(from_ms * PER_MS..)?
        .chunks_exact(40 * PER_MS)
        .enumerate()
    {
        let rms = level::rms(piece);
        // A sine of amplitude a has an RMS of a / sqrt(2); nearly all of it must be this tone.
        let pure = goertzel::amplitude(piece, 8_000, hz) / std::f64::consts::SQRT_2 > 0.9 * rms;
        if pure && rms > level::gain(SILENT_DBFS) {
            with_ms += 40;
        } else if with_ms >= 100 {
            return Some(from_ms + n * 40);
        } else {
            with_ms = 0;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tone;

    /// A sound that is unlike itself at any other moment: bursts of noise.
    fn babble(samples: usize) -> Vec<i16> {
        let mut seed = 7_u64;
        let mut last = 0.0_f64;
        (0..samples)
            .map(|n| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let noise = (seed >> 40) as f64 / f64::from(1 << 24) - 0.5;
                last = 0.6 * last + 0.4 * noise;
                let loud = 4_000.0 + 3_000.0 * (n as f64 / 1_300.0).sin();
                (last * loud * 2.0) as i16
            })
            .collect()
    }

    #[test]
    fn a_skip_of_three_seconds_shows_as_one() {
        let speech = babble(10 * 8_000);
        let mut heard = vec![0; 8_000];
        heard.extend(&speech[..2 * 8_000]);
        heard.extend(&speech[5 * 8_000..8 * 8_000]);
        let found = stretches(&heard, 0, &speech);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!((found[0].offset_ms() + 1_000).abs() <= 2, "{found:?}");
        assert!(
            (found[1].offset_ms() - found[0].offset_ms() - 3_000).abs() <= 2,
            "{found:?}"
        );
    }

    #[test]
    fn another_sound_is_not_the_speech() {
        let speech = babble(5 * 8_000);
        let other: Vec<i16> = babble(9 * 8_000).split_off(6 * 8_000);
        assert_eq!(stretches(&other, 0, &speech), []);
    }

    #[test]
    fn the_beep_is_heard_to_its_end() {
        let mut heard = babble(8_000);
        heard.extend(tone::beep(8_000).samples);
        heard.extend([0; 4_000]);
        let end = tone_end(&heard, 0, 440.0).unwrap();
        assert!((1_360..=1_440).contains(&end), "{end}");
        assert_eq!(tone_end(&heard[..8_000], 0, 440.0), None);
    }
}
