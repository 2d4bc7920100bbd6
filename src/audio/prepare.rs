//! A recording made a clip: freed of offset, trimmed, brought to the loudness of all clips.
//!
//! In: a recording of any loudness. Out: a clip at the same rate, and what was measured on it.
//! Laws: what comes out is accepted unchanged when it comes in again, sample by sample; nothing in
//! it is above [`PEAK_DB`] by more than [`LEVEL_SLACK_DB`]; it begins and ends without a click.
//!
//! The loudness of speech is the RMS of what a telephone line carries, over the windows of 10 ms
//! that lie within [`GATE_DB`] of the loudest one: a voice with much below 300 Hz would else be
//! heard more quietly than another. That is not ITU-T P.56 method B, on purpose: its envelope (30
//! ms) and hangover (200 ms) are made for conversation, count the silence around a word of 300 ms
//! as speech, and would level "two" apart from "twenty-two". The clips that ship are levelled the
//! same way by the scripts that make them; a test holds their figures and these together.
//!
//! Not here: rates ([`super::resample`]), the bounds of a clip and what is said about it (the
//! compiler of prompt sets).

use super::band::on_the_line;
use super::level::{gain, peak_dbfs};
use super::pcm::{Pcm, samples_in};
use super::resample::ResampleFault;
use super::wire::WIRE_RATE;
use dasp::Sample;
use std::ops::Range;
use std::time::Duration;

/// The loudness of every clip on the line, in dBFS.
pub const LOUDNESS_DB: f64 = -22.0;
/// No sample is louder, in dBFS; a peaky clip stays below [`LOUDNESS_DB`] for it.
pub const PEAK_DB: f64 = -1.0;
/// So far below the loudest window nothing counts as speech.
pub const GATE_DB: f64 = -25.0;
/// So far below the loudest window there is silence.
pub const SILENCE_DB: f64 = -40.0;
/// The silence kept at both ends.
pub const EDGE: Duration = Duration::from_millis(40);
/// How fast a cut end fades.
pub const FADE: Duration = Duration::from_millis(5);
/// Over which a level is measured.
pub const WINDOW: Duration = Duration::from_millis(10);
/// A recording whose loudest window is below this is silent, in dBFS.
pub const NOTHING_DB: f64 = -60.0;

/// A loudness this near the wanted one is left as it is.
pub const LEVEL_SLACK_DB: f64 = 0.5;
/// Ends that differ from [`EDGE`] by no more are left as they are.
const EDGE_SLACK: Duration = Duration::from_millis(20);
/// The silence kept at the ends of what is joined to other parts.
const JOINT: Duration = Duration::from_millis(20);
/// An offset smaller than this share of full scale is left as it is.
const OFFSET: f64 = 0.005;
/// An end louder than this clicks, as a share of full scale.
const CLICK: f64 = 0.001;
/// What is heard on the line must not be so far below the whole.
const BAND_DB: f64 = -25.0;
/// In a gap of a line nothing is louder: the least that G.711 can say, in dBFS.
const GAP_DB: f64 = -71.0;
/// The quietest windows, which tell the noise of the room.
const NOISE_WINDOWS: usize = 5;
/// Speech is this much louder than the noise of the room.
const NOISE_MARGIN_DB: f64 = 8.0;
/// Noise never makes more than this silence, below the loudest window.
const NOISE_MOST_DB: f64 = -28.0;
/// Preparing converges long before; see [`prepare`].
const ROUNDS: usize = 8;

/// A prepared clip.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// The clip.
    pub pcm: Pcm,
    /// What was measured.
    pub measured: Measured,
}

/// What was measured on a recording and its clip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The loudness of the recording, in dBFS.
    pub recorded_db: f64,
    /// The loudness of the clip, in dBFS.
    pub loudness_db: f64,
    /// The largest sample of the clip, in dBFS.
    pub peak_db: f64,
}

/// Why a recording makes no clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrepareFault {
    /// Nothing in it is as loud as [`NOTHING_DB`].
    #[error("the recording is silent")]
    Silent,
    /// A telephone lets nothing of it through.
    #[error(
        "nothing of the recording lies between 300 and 3,400 Hz, so that a telephone is silent"
    )]
    OutsideBand,
    /// Its rate cannot be converted.
    #[error(transparent)]
    Rate(#[from] ResampleFault),
}

/// Makes a recording a clip. Each step leaves alone what is good enough, and the steps are repeated
/// until none of them changes anything: so a clip that comes in again stays as it is.
pub fn prepare(recording: &Pcm) -> Result<Prepared, PrepareFault> {
    let rate = recording.rate;
    let mut samples = without_offset(&recording.samples);
    let recorded_db = loudness(&samples, rate);
    for _ in 0..ROUNDS {
        let trimmed = trimmed(&without_offset(&samples), rate, EDGE, EDGE_SLACK);
        let next = levelled(trimmed.ok_or(PrepareFault::Silent)?, rate);
        if next == samples {
            break;
        }
        samples = next;
    }
    let pcm = Pcm { rate, samples };
    if !is_heard(&pcm)? {
        return Err(PrepareFault::OutsideBand);
    }
    let measured = Measured {
        recorded_db,
        loudness_db: loudness(&pcm.samples, rate),
        peak_db: peak_dbfs(&pcm.samples),
    };
    Ok(Prepared { pcm, measured })
}

/// Parts of one sentence, said one after the other: each trimmed tightly and levelled. All have the
/// rate of the first. The number of the part that is silent, where one is.
pub fn join(parts: &[Pcm]) -> Result<Pcm, usize> {
    let rate = parts.first().map_or(0, |part| part.rate);
    let mut samples = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let part = without_offset(&part.samples);
        let part = trimmed(&part, rate, JOINT, Duration::ZERO).ok_or(number)?;
        samples.extend(levelled(part, rate));
    }
    Ok(Pcm { rate, samples })
}

/// The loudness of the speech in a sound as a line carries it, in dBFS; minus infinity where there
/// is no sound.
pub fn loudness(samples: &[i16], rate: u32) -> f64 {
    let levels = levels(&on_the_line(samples, rate), rate);
    let gate = loudest(&levels) * gain(GATE_DB);
    let speech = levels
        .iter()
        .filter(|level| **level > 0.0 && **level >= gate);
    let (count, sum) = speech.fold((0_u32, 0.0), |(n, sum), level| (n + 1, sum + level * level));
    10.0 * (sum / f64::from(count.max(1))).log10()
}

/// The RMS of each window, 0.0-1.0.
fn levels<S: Sample>(samples: &[S], rate: u32) -> Vec<f64>
where
    f64: dasp::sample::FromSample<S>,
{
    let window = samples_in(WINDOW, rate).max(1);
    let rms = |window: &[S]| {
        let squares = window.iter().map(|s| s.to_sample::<f64>().powi(2));
        (squares.sum::<f64>() / window.len() as f64).sqrt()
    };
    samples.chunks(window).map(rms).collect()
}

fn loudest(levels: &[f64]) -> f64 {
    levels.iter().copied().fold(0.0, f64::max)
}

fn without_offset(samples: &[i16]) -> Vec<i16> {
    let sum: i64 = samples.iter().map(|s| i64::from(*s)).sum();
    let mean = sum as f64 / samples.len().max(1) as f64;
    if mean.abs() <= OFFSET * 32_768.0 {
        return samples.to_vec();
    }
    scaled(samples, |sample| sample - mean)
}

/// The sound with `edge` of silence at both ends, give or take the slack; `None` where there is
/// none.
fn trimmed(samples: &[i16], rate: u32, edge: Duration, slack: Duration) -> Option<Vec<i16>> {
    let Range { start, end } = sound(samples, rate)?;
    let (edge, slack) = (samples_in(edge, rate), samples_in(slack, rate));
    let (before, after) = (start, samples.len() - end);
    let (keep_before, keep_after) = (kept(before, edge, slack), kept(after, edge, slack));
    let first = start - keep_before.min(before);
    let last = end + keep_after.min(after);
    let mut sound = samples[first..last].to_vec();
    fade(&mut sound, rate);
    let mut whole = vec![0; keep_before.saturating_sub(before)];
    whole.append(&mut sound);
    whole.resize(whole.len() + keep_after.saturating_sub(after), 0);
    Some(whole)
}

/// How much silence an end gets that has so much.
fn kept(there: usize, edge: usize, slack: usize) -> usize {
    if there.abs_diff(edge) <= slack {
        there
    } else {
        edge
    }
}

/// From the first to the last window that is louder than silence.
fn sound(samples: &[i16], rate: u32) -> Option<Range<usize>> {
    let levels = levels(samples, rate);
    let silence = silence(&levels)?;
    let first = levels.iter().position(|level| *level > silence)?;
    let last = levels.iter().rposition(|level| *level > silence)?;
    let window = samples_in(WINDOW, rate).max(1);
    Some(first * window..samples.len().min((last + 1) * window))
}

/// The level, as RMS, up to which there is silence in a recording of a line; `None` where there is
/// nothing else. Gaps in which a line carried nothing at all say nothing of the room.
pub(super) fn silence_of(samples: &[i16], rate: u32) -> Option<f64> {
    let mut levels = levels(samples, rate);
    levels.retain(|level| *level > gain(GAP_DB));
    silence(&levels)
}

fn silence(levels: &[f64]) -> Option<f64> {
    let loudest = loudest(levels);
    if loudest < gain(NOTHING_DB) {
        return None;
    }
    let silence = noise(levels) * gain(NOISE_MARGIN_DB);
    Some(silence.clamp(loudest * gain(SILENCE_DB), loudest * gain(NOISE_MOST_DB)))
}

/// The noise of the room: the mean of the quietest windows.
fn noise(levels: &[f64]) -> f64 {
    let mut levels = levels.to_vec();
    levels.sort_by(f64::total_cmp);
    levels.truncate(NOISE_WINDOWS);
    levels.iter().sum::<f64>() / levels.len().max(1) as f64
}

/// Takes the click off ends that are not silent.
pub(super) fn fade(samples: &mut [i16], rate: u32) {
    let clicks = |sample: Option<&i16>| {
        sample.is_some_and(|s| f64::from(s.unsigned_abs()) > CLICK * 32_768.0)
    };
    let length = samples_in(FADE, rate).max(1);
    let slope = |at: usize, sample: i16| (f64::from(sample) * at as f64 / length as f64) as i16;
    if clicks(samples.first()) {
        let start = samples.iter_mut().take(length).enumerate();
        start.for_each(|(at, sample)| *sample = slope(at, *sample));
    }
    if clicks(samples.last()) {
        let end = samples.iter_mut().rev().take(length).enumerate();
        end.for_each(|(at, sample)| *sample = slope(at, *sample));
    }
}

/// The sound at the loudness of all clips, as far as its peaks allow.
fn levelled(samples: Vec<i16>, rate: u32) -> Vec<i16> {
    let louder = LOUDNESS_DB - loudness(&samples, rate);
    let room = PEAK_DB - peak_dbfs(&samples);
    let change = louder.min(room);
    if change.abs() <= LEVEL_SLACK_DB || !change.is_finite() {
        return samples;
    }
    let factor = gain(change);
    scaled(&samples, |sample| sample * factor)
}

pub(super) fn scaled(samples: &[i16], change: impl Fn(f64) -> f64) -> Vec<i16> {
    // A float becomes the nearest value of its new type and never wraps.
    let scale = |sample: &i16| change(f64::from(*sample)).round() as i16;
    samples.iter().map(scale).collect()
}

/// Whether a telephone lets it through.
fn is_heard(pcm: &Pcm) -> Result<bool, ResampleFault> {
    let wire = pcm.at_rate(WIRE_RATE)?;
    let line = levels(&on_the_line(&wire.samples, wire.rate), wire.rate);
    let whole = loudest(&levels(&pcm.samples, pcm.rate));
    Ok(loudest(&line) >= whole * gain(BAND_DB))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{tone, wav};
    use proptest::prelude::*;

    const RATE: u32 = 16_000;

    fn tone_of(hz: f64, db: f64, ms: u64) -> Vec<i16> {
        tone::sine(hz, db, Duration::from_millis(ms), RATE).samples
    }

    fn silence(ms: u64) -> Vec<i16> {
        Pcm::silence(RATE, Duration::from_millis(ms)).samples
    }

    fn clip(samples: Vec<i16>) -> Pcm {
        Pcm {
            rate: RATE,
            samples,
        }
    }

    fn speech() -> Pcm {
        let file = include_bytes!("../../media-fixtures/audio/speech-en.wav");
        wav::read(file).unwrap().at_rate(RATE).unwrap()
    }

    #[test]
    fn a_quiet_recording_with_silence_around_it_comes_out_as_a_clip() {
        let recording = [silence(700), tone_of(800.0, -37.0, 500), silence(900)].concat();
        let prepared = prepare(&clip(recording)).unwrap();
        let ms = prepared.pcm.duration().as_millis();
        assert!((575..=590).contains(&ms), "{ms} ms");
        assert!((prepared.measured.recorded_db + 40.0).abs() < 0.5);
        assert!((prepared.measured.loudness_db - LOUDNESS_DB).abs() < 0.1);
    }

    #[test]
    fn a_recording_cut_into_gets_silence_and_no_click() {
        let prepared = prepare(&clip(tone_of(700.0, -10.0, 400))).unwrap();
        let samples = prepared.pcm.samples;
        assert_eq!(samples.len(), 640 + 6_400 + 640);
        assert!(
            samples[..640]
                .iter()
                .chain(&samples[7_040..])
                .all(|s| *s == 0)
        );
        assert!(samples[640..650].iter().all(|s| s.abs() < 650));
    }

    #[test]
    fn peaks_stay_below_full_scale_where_loudness_would_push_them_over() {
        let mut recording = [silence(40), tone_of(600.0, -40.0, 400), silence(40)].concat();
        recording[3_000] = 8_000;
        let measured = prepare(&clip(recording)).unwrap().measured;
        assert!((measured.peak_db - PEAK_DB).abs() < 0.1, "{measured:?}");
        assert!(measured.loudness_db < LOUDNESS_DB - 3.0, "{measured:?}");
    }

    #[test]
    fn the_noise_of_a_room_is_trimmed_like_silence() {
        let mut state = 1_u32;
        let mut noise = |length: usize| -> Vec<i16> {
            (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    ((state >> 16) as i16) / 400
                })
                .collect()
        };
        let hiss = noise(RATE as usize);
        let word: Vec<i16> = tone_of(900.0, -20.0, 500);
        let recording = [&hiss[..], &word, &hiss].concat();
        let prepared = prepare(&clip(recording)).unwrap();
        let ms = prepared.pcm.duration().as_millis();
        assert!((575..=640).contains(&ms), "{ms} ms");
    }

    #[test]
    fn an_offset_is_taken_off() {
        let mut recording = [silence(100), tone_of(600.0, -20.0, 400), silence(100)].concat();
        recording.iter_mut().for_each(|s| *s += 3_000);
        let samples = prepare(&clip(recording)).unwrap().pcm.samples;
        let mean = samples.iter().map(|s| i64::from(*s)).sum::<i64>() / samples.len() as i64;
        assert!(mean.abs() <= 164, "{mean}");
        assert_eq!(samples.len(), 640 + 6_400 + 640);
    }

    #[test]
    fn what_nobody_would_hear_is_refused() {
        for silent in [vec![], silence(500), tone_of(700.0, -70.0, 500)] {
            assert_eq!(prepare(&clip(silent)), Err(PrepareFault::Silent));
        }
        for hz in [50.0, 5_000.0, 7_000.0] {
            let outside = prepare(&clip(tone_of(hz, -6.0, 500)));
            assert_eq!(outside, Err(PrepareFault::OutsideBand), "{hz}");
        }
    }

    #[test]
    fn parts_are_joined_with_a_short_pause_and_at_one_loudness() {
        let quiet = [silence(800), tone_of(500.0, -40.0, 300), silence(500)].concat();
        let loud = [silence(10), tone_of(900.0, -6.0, 300), silence(800)].concat();
        let joined = join(&[clip(quiet), clip(loud)]).unwrap();
        let ms = joined.duration().as_millis();
        assert!((675..=695).contains(&ms), "{ms} ms");
        let (first, second) = joined.samples.split_at(joined.samples.len() / 2);
        assert!((loudness(first, RATE) - loudness(second, RATE)).abs() < 0.5);
        assert_eq!(join(&[speech(), clip(silence(100))]), Err(1));
    }

    #[test]
    fn the_scripts_that_make_the_clips_use_the_same_figures() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts")).unwrap();
        let paths = folder.map(|entry| entry.unwrap().path());
        let scripts = paths.filter(|path| path.extension().is_some_and(|e| e == "py"));
        let scripts: Vec<String> = scripts
            .map(|p| std::fs::read_to_string(p).unwrap())
            .collect();
        let scripts = scripts.concat();
        let figures = [
            format!("EDGE_MS = {} ", EDGE.as_millis()),
            format!("FADE_MS = {}\n", FADE.as_millis()),
            format!("WINDOW_MS = {}\n", WINDOW.as_millis()),
            format!("SILENCE_DB = {SILENCE_DB:.1} "),
            format!("GATE_DB = {GATE_DB:.1} "),
            format!("LOUDNESS_DB = {LOUDNESS_DB:.1} "),
            format!("PEAK_DB = {PEAK_DB:.1} "),
        ];
        for figure in figures {
            assert!(scripts.contains(&format!("\n{figure}")), "{figure}");
        }
    }

    #[test]
    fn speech_that_was_prepared_is_accepted_sample_by_sample() {
        let first = prepare(&speech()).unwrap();
        assert_eq!(prepare(&first.pcm).unwrap().pcm, first.pcm);
    }

    /// Pieces of tone, noise and silence, as loud and as long as they come.
    fn recording() -> impl Strategy<Value = Vec<i16>> {
        let piece = (
            100.0..3_000.0_f64,
            -60.0..0.0_f64,
            0_u64..250,
            any::<bool>(),
            0_i16..2_000,
        );
        let piece = piece.prop_map(|(hz, db, ms, silent, noise)| {
            let mut samples = if silent {
                silence(ms)
            } else {
                tone_of(hz, db, ms)
            };
            for (at, sample) in samples.iter_mut().enumerate() {
                let hiss = (at * 7_919 % 65_521) as i32 % (2 * i32::from(noise) + 1);
                *sample = sample.saturating_add((hiss - i32::from(noise)) as i16);
            }
            samples
        });
        prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_was_prepared_is_accepted_unchanged(samples in recording()) {
            if let Ok(first) = prepare(&clip(samples)) {
                let second = prepare(&first.pcm).unwrap();
                prop_assert_eq!(&second.pcm.samples, &first.pcm.samples);
                prop_assert!(first.measured.peak_db <= PEAK_DB + LEVEL_SLACK_DB + 0.01);
            }
        }
    }
}
