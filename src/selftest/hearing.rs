//! What a phone makes of the audio it hears: is it our speech, and which second of it?
//!
//! All audio is linear, 8,000 samples a second. Positions are milliseconds. What is heard is
//! looked at once, in pieces: a piece is first compared where the speech would go on, and only
//! where it does not is the whole speech searched, by loudness first, then sample by sample.

use crate::audio::goertzel;
use crate::audio::level;

/// Samples a millisecond.
const PER_MS: usize = 8;
/// The length of the pieces that are looked up in the speech, in ms.
const PIECE_MS: usize = 400;
/// How far apart these pieces begin, in ms.
const STEP_MS: usize = 100;
/// Samples of one step of a loudness contour: 10 ms.
const SHAPE_STEP: usize = 10 * PER_MS;
/// Samples that settle the place to the sample: 50 ms.
const PROBE: usize = 50 * PER_MS;
/// The places that are looked at sample by sample.
const CANDIDATES: usize = 8;
/// What counts as the same sound after two passes through G.711.
const ALIKE: f64 = 0.9;
/// Quieter than this is silence, in dBFS.
const SILENT_DBFS: f64 = -45.0;
/// Pieces that continue one another agree this well on the position, in ms.
const TOLERANCE_MS: i64 = 10;

/// A stretch of what was heard that is an unbroken stretch of the speech. It is found to a step
/// of 100 ms, so the first of it may begin up to that much into the speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Where it begins in what was heard, in ms.
    pub heard_ms: i64,
    /// Where it begins in the speech, in ms, 0 or more.
    pub said_ms: i64,
    /// How long it is, in ms.
    pub length_ms: i64,
}

impl Stretch {
    /// How far the speech is ahead of what was heard; a skip changes this by its length.
    pub fn offset_ms(&self) -> i64 {
        self.said_ms - self.heard_ms
    }
}

/// The speech that is looked for.
#[derive(Clone, Debug)]
pub struct Speech {
    samples: Vec<i16>,
    shape: Vec<f64>,
}

impl Speech {
    /// Speech at 8,000 samples a second.
    pub fn new(samples: Vec<i16>) -> Speech {
        let shape = shape(&samples);
        Speech { samples, shape }
    }

    /// Its samples.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// Whether this piece is the speech from that sample on.
    fn continues(&self, piece: &[i16], said: i64) -> bool {
        let said = usize::try_from(said).ok();
        let there = said.and_then(|said| self.samples.get(said..said + piece.len()));
        there.is_some_and(|there| likeness(there, piece) > ALIKE)
    }

    /// The sample of the speech this piece begins at.
    fn find(&self, piece: &[i16]) -> Option<i64> {
        self.candidates(&shape(piece))
            .into_iter()
            .map(|step| self.refine(piece, (step * SHAPE_STEP) as i64))
            .find(|said| self.continues(piece, *said))
    }

    /// The steps of the contour at which the loudness goes most alike; the best first.
    fn candidates(&self, piece: &[f64]) -> Vec<usize> {
        let mut scored: Vec<(f64, usize)> = self
            .shape
            .windows(piece.len())
            .enumerate()
            .map(|(step, there)| (correlation(there, piece), step))
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.truncate(CANDIDATES);
        scored.into_iter().map(|(_, step)| step).collect()
    }

    /// The sample within a step and a half of `around` where the loudest 50 ms fit best.
    fn refine(&self, piece: &[i16], around: i64) -> i64 {
        let (start, probe) = loudest(piece);
        let reach = SHAPE_STEP as i64 * 3 / 2;
        let fit = |said: i64| {
            let at = usize::try_from(said + start as i64).ok()?;
            let there = self.samples.get(at..at + probe.len())?;
            Some((likeness(there, probe), said))
        };
        (around - reach..=around + reach)
            .filter_map(fit)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map_or(around, |(_, said)| said)
    }
}

/// A search for speech through what is heard, a little at a time.
#[derive(Debug)]
pub struct Search<'a> {
    speech: &'a Speech,
    next_ms: usize,
    found: Vec<Stretch>,
    /// How many samples the speech is ahead of what was heard, where it was found last.
    ahead: Option<i64>,
}

impl<'a> Search<'a> {
    /// Looks for `speech` in what is heard from that millisecond on.
    pub fn new(speech: &'a Speech, from_ms: usize) -> Search<'a> {
        Search {
            speech,
            next_ms: from_ms,
            found: Vec::new(),
            ahead: None,
        }
    }

    /// From where on [`Search::hear`] wants to hear, in ms.
    pub fn next_ms(&self) -> usize {
        self.next_ms
    }

    /// Takes in all that was heard from [`Search::next_ms`] on; the stretches found so far, in the
    /// order they were heard.
    pub fn hear(&mut self, heard: &[i16]) -> &[Stretch] {
        let pieces = heard.windows(PIECE_MS * PER_MS);
        for piece in pieces.step_by(STEP_MS * PER_MS) {
            let at = (self.next_ms * PER_MS) as i64;
            if let Some(said) = self.place(piece, at) {
                self.ahead = Some(said - at);
                extend(&mut self.found, self.next_ms as i64, said / PER_MS as i64);
            }
            self.next_ms += STEP_MS;
        }
        &self.found
    }

    /// The sample of the speech this piece begins at; `None` for silence and for other sounds.
    fn place(&self, piece: &[i16], at: i64) -> Option<i64> {
        if level::rms_dbfs(piece) < SILENT_DBFS {
            return None;
        }
        let next = self.ahead.map(|ahead| at + ahead);
        next.filter(|said| self.speech.continues(piece, *said))
            .or_else(|| self.speech.find(piece))
    }
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

/// The loudness of each whole step.
fn shape(samples: &[i16]) -> Vec<f64> {
    samples.chunks_exact(SHAPE_STEP).map(level::rms).collect()
}

/// The loudest 50 ms and where they begin.
fn loudest(piece: &[i16]) -> (usize, &[i16]) {
    let probes = piece.chunks_exact(PROBE).enumerate();
    probes
        .max_by(|a, b| level::rms(a.1).total_cmp(&level::rms(b.1)))
        .map_or((0, piece), |(n, probe)| (n * PROBE, probe))
}

/// 1.0 for the same sound at any level, about 0.0 for unrelated ones or silence.
fn likeness(there: &[i16], piece: &[i16]) -> f64 {
    let (mut product, mut one, mut other) = (0_i64, 0_i64, 0_i64);
    for (a, b) in there.iter().zip(piece) {
        let (a, b) = (i64::from(*a), i64::from(*b));
        product += a * b;
        one += a * a;
        other += b * b;
    }
    product as f64 / (one as f64 * other as f64).sqrt().max(1.0)
}

/// Pearson's coefficient of two contours of one length; 0.0 where either is level.
fn correlation(there: &[f64], piece: &[f64]) -> f64 {
    let count = piece.len() as f64;
    let (mut a_sum, mut b_sum, mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (a, b) in there.iter().zip(piece) {
        a_sum += a;
        b_sum += b;
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    let spread = (aa - a_sum * a_sum / count) * (bb - b_sum * b_sum / count);
    if spread > 0.0 {
        (ab - a_sum * b_sum / count) / spread.sqrt()
    } else {
        0.0
    }
}

/// Whether anything is heard.
pub fn anything(heard: &[i16]) -> bool {
    heard
        .chunks(20 * PER_MS)
        .any(|part| level::rms_dbfs(part) > SILENT_DBFS)
}

/// Whether a tone of `hz` is heard to its end: 40 ms without it after 100 ms with nothing else.
pub fn tone_ends(heard: &[i16], hz: f64) -> bool {
    let mut with_ms = 0;
    for piece in heard.chunks_exact(40 * PER_MS) {
        let rms = level::rms(piece);
        // A sine of amplitude a has an RMS of a / sqrt(2); nearly all of it must be this tone.
        let pure = goertzel::amplitude(piece, 8_000, hz) / std::f64::consts::SQRT_2 > 0.9 * rms;
        if pure && rms > level::gain(SILENT_DBFS) {
            with_ms += 40;
        } else if with_ms >= 100 {
            return true;
        } else {
            with_ms = 0;
        }
    }
    false
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
                // No two bursts are alike in loudness.
                let burst = (n / 900) as u64;
                let level = burst.wrapping_mul(2_654_435_761) >> 7 & 0xf;
                (last * 1_500.0 * (level as f64 + 1.0)) as i16
            })
            .collect()
    }

    fn stretches(heard: &[i16], speech: &[i16]) -> Vec<Stretch> {
        let speech = Speech::new(speech.to_vec());
        Search::new(&speech, 0).hear(heard).to_vec()
    }

    #[test]
    fn a_skip_of_three_seconds_shows_as_one() {
        let speech = babble(10 * 8_000);
        let mut heard = vec![0; 8_123];
        heard.extend(&speech[..2 * 8_000]);
        heard.extend(&speech[5 * 8_000..8 * 8_000]);
        let found = stretches(&heard, &speech);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!((found[0].offset_ms() + 1_015).abs() <= 2, "{found:?}");
        assert!(
            (0..=STEP_MS as i64).contains(&found[0].said_ms),
            "{found:?}"
        );
        let jump = found[1].offset_ms() - found[0].offset_ms();
        assert!((jump - 3_000).abs() <= 2, "{found:?}");
    }

    #[test]
    fn hearing_bit_by_bit_finds_what_hearing_at_once_finds() {
        let speech = babble(4 * 8_000);
        let mut heard = vec![0; 4_000];
        heard.extend(&speech);
        let whole = stretches(&heard, &speech);
        let prepared = Speech::new(speech);
        let mut search = Search::new(&prepared, 0);
        let mut found = Vec::new();
        for end in (0..=heard.len()).step_by(1_000) {
            let from = search.next_ms() * PER_MS;
            found = search
                .hear(heard.get(from..end).unwrap_or_default())
                .to_vec();
        }
        assert_eq!(found, whole);
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn another_sound_is_not_the_speech() {
        let speech = babble(5 * 8_000);
        let other: Vec<i16> = babble(9 * 8_000).split_off(6 * 8_000);
        assert_eq!(stretches(&other, &speech), []);
        assert_eq!(stretches(&[0; 8_000], &speech), []);
        assert_eq!(stretches(&other, &[]), []);
    }

    #[test]
    fn the_beep_is_heard_to_its_end() {
        let mut heard = babble(8_000);
        assert!(!tone_ends(&heard, 440.0));
        heard.extend(tone::beep(8_000).samples);
        assert!(!tone_ends(&heard, 440.0));
        heard.extend([0; 800]);
        assert!(tone_ends(&heard, 440.0));
    }
}
