//! Whether what was heard is what was said: normalised cross-correlation with a search for the
//! delay between the two.
//!
//! Coarse, then fine: the loudness contours in steps of 10 ms are compared at every delay; around
//! the best of those the loudest second is compared sample by sample; the coefficient is taken
//! over all that overlaps. 30 s against 30 s is a few ten million multiplications.

use dasp::Sample;

/// Samples of one step of the contour: 10 ms at 8,000 samples a second.
const STEP: usize = 80;
/// Samples of the stretch that settles the delay: one second at 8,000 samples a second.
const PROBE: usize = 8_000;
/// The contour delays that are looked at more closely.
const CANDIDATES: usize = 6;
/// The part of the shorter sound that must overlap: half.
const MIN_OVERLAP: usize = 2;

/// How well two sounds agree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// The sample of what was heard at which what was said begins; negative when its beginning
    /// was not heard.
    pub lag: i64,
    /// 1.0 for the same sound at any level, about 0.0 for unrelated ones, -1.0 for a mirrored one.
    pub coefficient: f64,
    /// The number of samples that were compared.
    pub overlap: usize,
}

/// Finds what was said within what was heard. Both at one rate, which should be 8,000 a second.
/// `None` when either is empty or silent.
pub fn compare(heard: &[i16], said: &[i16]) -> Option<Likeness> {
    let (heard, said) = (to_float(heard), to_float(said));
    let (heard_shape, said_shape) = (contour(&heard), contour(&said));
    let mut best: Option<Likeness> = None;
    for coarse in coarse_lags(&heard_shape, &said_shape) {
        let Some(lag) = fine_lag(&heard, &said, coarse * STEP as i64) else {
            continue;
        };
        let (h, s) = overlap(&heard, &said, lag);
        let Some(coefficient) = coefficient(h, s) else {
            continue;
        };
        if best.is_none_or(|b| coefficient > b.coefficient) {
            let overlap = s.len();
            best = Some(Likeness {
                lag,
                coefficient,
                overlap,
            });
        }
    }
    best
}

fn to_float(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|s| s.to_sample()).collect()
}

/// The RMS of each step.
fn contour(samples: &[f32]) -> Vec<f32> {
    let energy = |step: &[f32]| step.iter().map(|s| s * s).sum::<f32>() / step.len() as f32;
    samples
        .chunks(STEP)
        .map(|step| energy(step).sqrt())
        .collect()
}

/// The delays, in steps, at which the contours agree best; the best first.
fn coarse_lags(heard: &[f32], said: &[f32]) -> Vec<i64> {
    let least = heard.len().min(said.len()).div_ceil(MIN_OVERLAP) as i64;
    if least == 0 {
        return Vec::new();
    }
    let range = (least - said.len() as i64)..=(heard.len() as i64 - least);
    let mut scored: Vec<(f64, i64)> = range
        .map(|lag| {
            let (h, s) = overlap(heard, said, lag);
            (centred_coefficient(h, s), lag)
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.truncate(CANDIDATES);
    scored.into_iter().map(|(_, lag)| lag).collect()
}

/// The best delay within one step and a half of `around`, judged by the loudest stretch.
fn fine_lag(heard: &[f32], said: &[f32], around: i64) -> Option<i64> {
    let (_, s) = overlap(heard, said, around);
    let start = loudest_stretch(s);
    let probe = s.get(start..(start + PROBE).min(s.len()))?;
    let at = around.max(0) + start as i64;
    let reach = STEP as i64 * 3 / 2;
    let score = |shift: i64| {
        let (h, p) = overlap(heard, probe, at + shift);
        (p.len() * MIN_OVERLAP >= probe.len())
            .then(|| coefficient(h, p))
            .flatten()
            .map(|c| (c, shift))
    };
    (-reach..=reach)
        .filter_map(score)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, shift)| around + shift)
}

/// Where the stretch of [`PROBE`] samples with the most energy begins.
fn loudest_stretch(samples: &[f32]) -> usize {
    let energies: Vec<f32> = contour(samples).iter().map(|e| e * e).collect();
    let steps = PROBE / STEP;
    (0..=energies.len().saturating_sub(steps))
        .step_by(steps / 4)
        .max_by(|&a, &b| {
            let sum = |i: usize| energies.iter().skip(i).take(steps).sum::<f32>();
            sum(a).total_cmp(&sum(b))
        })
        .unwrap_or(0)
        * STEP
}

/// The parts that lie over each other when `said` begins at sample `lag` of `heard`.
fn overlap<'a>(heard: &'a [f32], said: &'a [f32], lag: i64) -> (&'a [f32], &'a [f32]) {
    let skip_heard = lag.max(0) as usize;
    let skip_said = lag.min(0).unsigned_abs() as usize;
    let heard = heard.get(skip_heard..).unwrap_or(&[]);
    let said = said.get(skip_said..).unwrap_or(&[]);
    let len = heard.len().min(said.len());
    (
        heard.get(..len).unwrap_or(&[]),
        said.get(..len).unwrap_or(&[]),
    )
}

fn coefficient(a: &[f32], b: &[f32]) -> Option<f64> {
    let (mut ab, mut aa, mut bb) = (0.0_f64, 0.0_f64, 0.0_f64);
    // Sums in short runs of f32 stay exact enough and are much faster.
    for (a, b) in a.chunks(STEP).zip(b.chunks(STEP)) {
        let (mut s_ab, mut s_aa, mut s_bb) = (0.0_f32, 0.0_f32, 0.0_f32);
        for (&x, &y) in a.iter().zip(b) {
            s_ab += x * y;
            s_aa += x * x;
            s_bb += y * y;
        }
        ab += f64::from(s_ab);
        aa += f64::from(s_aa);
        bb += f64::from(s_bb);
    }
    let norm = (aa * bb).sqrt();
    (norm > 0.0).then(|| ab / norm)
}

/// The coefficient of two contours with their means taken off; -1.0 where one is flat.
fn centred_coefficient(a: &[f32], b: &[f32]) -> f64 {
    let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len().max(1) as f32;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0_f32, 0.0_f32, 0.0_f32);
    for (&x, &y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    let norm = (aa * bb).sqrt();
    if norm > 0.0 {
        f64::from(ab / norm)
    } else {
        -1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Law, wav};
    use proptest::prelude::*;

    /// Something like speech: bursts of noise of uneven length and loudness.
    fn babble(len: usize, mut seed: u64) -> Vec<i16> {
        let mut next = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as u32
        };
        let mut out = Vec::new();
        while out.len() < len {
            let burst = 400 + next() as usize % 2_400;
            let loud = (next() % 6_000) as f32 * (next() % 3).min(1) as f32;
            let mut last = 0.0;
            for _ in 0..burst {
                let noise = next() as f32 / u32::MAX as f32 * 2.0 - 0.5;
                last = 0.7 * last + 0.3 * noise;
                out.push((last * loud) as i16);
            }
        }
        out.truncate(len);
        out
    }

    fn through_the_wire(samples: &[i16]) -> Vec<i16> {
        samples
            .iter()
            .map(|&s| Law::A.decode(Law::A.encode(s / 2)))
            .collect()
    }

    #[test]
    fn half_a_minute_is_found_at_its_exact_delay() {
        let said = babble(240_000, 1);
        let mut heard = vec![0; 12_345];
        heard.extend(through_the_wire(&said));
        let likeness = compare(&heard, &said).unwrap();
        assert_eq!(likeness.lag, 12_345);
        assert!(likeness.coefficient > 0.99, "{likeness:?}");
    }

    #[test]
    fn another_voice_is_not_taken_for_the_same() {
        let likeness = compare(&babble(80_000, 1), &babble(80_000, 2)).unwrap();
        assert!(likeness.coefficient < 0.3, "{likeness:?}");
    }

    #[test]
    fn speech_over_the_telephone_is_the_speech_that_was_said() {
        let file = |bytes: &[u8]| wav::read(bytes).unwrap().samples;
        let one = file(include_bytes!("../../media-fixtures/audio/speech-en.wav"));
        let other = file(include_bytes!(
            "../../media-fixtures/audio/speech-en-other.wav"
        ));
        let heard = [vec![0; 1_600], through_the_wire(&one[..100_000])].concat();
        let likeness = compare(&heard, &one).unwrap();
        assert_eq!(likeness.lag, 1_600);
        assert!(likeness.coefficient > 0.98, "{likeness:?}");
        let unlike = compare(&heard, &other).unwrap();
        assert!(unlike.coefficient < 0.3, "{unlike:?}");
    }

    #[test]
    fn nothing_is_like_silence() {
        assert_eq!(compare(&[], &[1, 2]), None);
        assert_eq!(compare(&[0; 8_000], &babble(8_000, 1)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn a_cut_off_beginning_or_a_late_start_is_found(shift in -7_000_i64..7_000, seed in 0_u64..99) {
            let said = babble(24_000, seed);
            let heard = if shift < 0 {
                through_the_wire(&said[shift.unsigned_abs() as usize..])
            } else {
                [vec![0; shift as usize], through_the_wire(&said)].concat()
            };
            let likeness = compare(&heard, &said).unwrap();
            prop_assert_eq!(likeness.lag, shift);
            prop_assert!(likeness.coefficient > 0.98);
        }
    }
}
