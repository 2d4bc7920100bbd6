//! A greeting or name that was recorded by telephone, made fit to be played to callers.
//!
//! In: a recording of a telephone call. Out: the same without the silence, the tones and the clicks
//! around it, without keys, and as loud as the clips it is played among.
//!
//! Laws: no key is heard in what comes out, so that no greeting works a machine at the other end;
//! speech loses nothing but loudness; what comes out begins and ends with [`EDGE`] without a tone
//! or click, and no sample of it is above [`PEAK_DB`].
//!
//! Keys are looked for every 5 ms over 15 ms (see [`key_tone`]): one held for 40 ms, as ITU-T Q.24
//! asks, is in six of these stretches, and in four at least where a voice is over it. Speech seldom
//! has one in so many on end: two of more than 900 clips do, and lose 60 ms of a vowel. Callers
//! hear that less than a machine hears a key.

use super::key_tone;
use super::level::{gain, peak};
use super::pcm::samples_in;
use super::prepare::{LOUDNESS_DB, PEAK_DB, fade, loudness, silence_of};
use super::speech::{Frame, frames};
use super::steady_tone::FRAME;
use super::wire::{WIRE_RATE, WireAudio};
use crate::base::Digit;
use std::ops::Range;
use std::time::Duration;

/// The share of an offset that is left a sample later.
const STAYS: f64 = 0.98;
/// The silence left at both ends.
pub const EDGE: Duration = Duration::from_millis(150);

/// The least loudness a greeting can be raised from, in dBFS; below it is noise.
const FAINTEST_DB: f64 = -52.0;
/// The fewest frames of speech that are a name.
const LEAST_SPEECH: usize = 10;
/// Sound of fewer frames, this many away from all other, is a click.
const CLICK: usize = 3;
const ALONE: usize = 10;

/// Samples in which a key is looked for, and from one such stretch to the next.
const STRETCH: usize = 120;
const HOP: usize = 40;
/// So many stretches on end make a key: 30 ms.
const KEY_STRETCHES: usize = 4;
/// What is muted around a key, and how far apart two stretches of one key may be: 10 ms and 60 ms.
const AROUND: usize = 80;
const BETWEEN: usize = 480;
/// A pass of muting may bare a key that another had covered.
const PASSES: usize = 4;

/// Samples over which a peak is limited: 5 ms.
const BLOCK: usize = 40;
/// From block to block the limiter falls to this share at most, and rises by this much.
const FALL: f64 = 0.6;
const RISE: f64 = 1.03;
/// Limiting takes loudness away, so it is made good and limited again.
const ROUNDS: usize = 3;

/// Why a recording is no greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GreetingFault {
    /// There is no speech in it, or too little, or too faint.
    #[error("the recording is silent or too quiet")]
    TooQuiet,
}

/// Makes a recording a greeting.
pub fn prepare(sound: &WireAudio) -> Result<WireAudio, GreetingFault> {
    let mut samples = without_offset(&sound.samples());
    mute_keys(&mut samples);
    let samples = trimmed(&samples).ok_or(GreetingFault::TooQuiet)?;
    let samples = levelled(samples).ok_or(GreetingFault::TooQuiet)?;
    Ok(WireAudio::from_samples(&samples))
}

/// The sound without its offset, by a high-pass of 25 Hz: gaps, in which a line carried nothing,
/// have none, so that the mean of all would give them one.
fn without_offset(samples: &[i16]) -> Vec<i16> {
    let (mut before, mut passed) = (0.0, 0.0);
    let pass = |sample: &i16| {
        let sample = f64::from(*sample);
        passed = sample - before + STAYS * passed;
        before = sample;
        passed.round() as i16
    };
    samples.iter().map(pass).collect()
}

fn mute_keys(samples: &mut [i16]) {
    for _ in 0..PASSES {
        let keys = keys(samples);
        if keys.is_empty() {
            return;
        }
        for key in keys {
            let from = key.start.saturating_sub(AROUND);
            let to = key.end.saturating_add(AROUND).min(samples.len());
            mute(samples.get_mut(from..to).unwrap_or_default());
        }
    }
}

/// Where keys are, in order.
fn keys(samples: &[i16]) -> Vec<Range<usize>> {
    let mut runs: Vec<(Digit, Range<usize>)> = Vec::new();
    for (number, stretch) in samples.windows(STRETCH).step_by(HOP).enumerate() {
        let Some(key) = key_tone::heard(stretch) else {
            continue;
        };
        let here = number * HOP..number * HOP + STRETCH;
        match runs.last_mut() {
            Some((last, run)) if *last == key && run.end + HOP >= here.end => run.end = here.end,
            _ => runs.push((key, here)),
        }
    }
    let long = |run: &Range<usize>| run.len() >= STRETCH + (KEY_STRETCHES - 1) * HOP;
    let mut keys: Vec<(Digit, Range<usize>)> = Vec::new();
    for (key, run) in runs {
        match keys.last_mut() {
            Some((last, held)) if *last == key && run.start <= held.end + BETWEEN => {
                held.end = run.end;
            }
            _ if long(&run) => keys.push((key, run)),
            _ => {}
        }
    }
    keys.into_iter().map(|(_, run)| run).collect()
}

/// Silence that the sound around it fades into.
fn mute(samples: &mut [i16]) {
    let fade = (AROUND / 2).min(samples.len() / 2);
    let share = |left: usize, sample: &mut i16| {
        *sample = (i32::from(*sample) * left as i32 / AROUND as i32) as i16;
    };
    let middle = fade..samples.len() - fade;
    samples.get_mut(middle).unwrap_or_default().fill(0);
    let start = samples.iter_mut().take(fade).enumerate();
    start.for_each(|(at, sample)| share(fade - at, sample));
    let end = samples.iter_mut().rev().take(fade).enumerate();
    end.for_each(|(at, sample)| share(fade - at, sample));
}

/// From the first speech to the last, with [`EDGE`] at both ends: what was there, up to the next
/// tone or click, and silence. `None` where there is too little speech.
fn trimmed(samples: &[i16]) -> Option<Vec<i16>> {
    let frames = frames(samples, silence_of(samples, WIRE_RATE)?);
    let first = first_speech(frames.iter())?;
    let last = frames.len() - 1 - first_speech(frames.iter().rev())?;
    let spoken = frames.get(first..=last)?;
    if spoken
        .iter()
        .filter(|frame| **frame == Frame::Speech)
        .count()
        < LEAST_SPEECH
    {
        return None;
    }
    let quiet = |frame: &&Frame| **frame == Frame::Quiet;
    let edge = samples_in(EDGE, WIRE_RATE);
    let before = frames.get(..first)?.iter().rev().take_while(quiet).count() * FRAME;
    let behind = frames.get(last + 1..)?.iter().take_while(quiet).count() * FRAME;
    let (before, behind) = (before.min(edge), behind.min(edge));
    let mut kept = samples
        .get(first * FRAME - before..(last + 1) * FRAME + behind)?
        .to_vec();
    fade(&mut kept, WIRE_RATE);
    let mut whole = vec![0; edge - before];
    whole.append(&mut kept);
    whole.resize(whole.len() + edge - behind, 0);
    Some(whole)
}

/// The first frame of speech that is no click.
fn first_speech<'a>(frames: impl Iterator<Item = &'a Frame>) -> Option<usize> {
    let (mut first, mut count, mut pause) = (0, 0, 0);
    for (number, frame) in frames.enumerate() {
        match frame {
            Frame::Speech if count == 0 => (first, count, pause) = (number, 1, 0),
            Frame::Speech => (count, pause) = (count + 1, 0),
            Frame::Quiet | Frame::Tone => pause += 1,
        }
        if count >= CLICK {
            return Some(first);
        }
        if pause >= ALONE {
            count = 0;
        }
    }
    None
}

/// The sound at the loudness of all clips; `None` where it is too faint for that.
fn levelled(mut samples: Vec<i16>) -> Option<Vec<i16>> {
    if loudness(&samples, WIRE_RATE) < FAINTEST_DB {
        return None;
    }
    for _ in 0..ROUNDS {
        let louder = LOUDNESS_DB - loudness(&samples, WIRE_RATE);
        samples = amplified(&samples, gain(louder));
    }
    Some(samples)
}

/// The sound amplified, softer for a moment around what would be above [`PEAK_DB`].
fn amplified(samples: &[i16], factor: f64) -> Vec<i16> {
    let room = |block: &[i16]| (gain(PEAK_DB) / (peak(block) * factor)).min(1.0);
    let rooms: Vec<f64> = samples.chunks(BLOCK).map(room).collect();
    let shares = shares(&rooms);
    let blocks = samples.chunks(BLOCK).zip(shares.windows(2));
    let amplify = |(block, share): (&[i16], &[f64])| -> Vec<i16> {
        let (from, to) = (share.first().copied(), share.last().copied());
        let (from, to) = (from.unwrap_or(1.0), to.unwrap_or(1.0));
        let at = |n: usize| from + (to - from) * n as f64 / BLOCK as f64;
        let each = block.iter().enumerate();
        // A float becomes the nearest value of its new type and never wraps.
        each.map(|(n, sample)| (f64::from(*sample) * factor * at(n)).round() as i16)
            .collect()
    };
    blocks.flat_map(amplify).collect()
}

/// The share of the amplification at each edge of the blocks, which leaves both blocks their room
/// and changes slowly.
fn shares(rooms: &[f64]) -> Vec<f64> {
    let before = std::iter::once(&1.0).chain(rooms);
    let behind = rooms.iter().chain(std::iter::once(&1.0));
    let mut shares: Vec<f64> = before.zip(behind).map(|(a, b)| a.min(*b)).collect();
    let mut last = 1.0;
    for share in &mut shares {
        *share = share.min(last * RISE);
        last = *share;
    }
    for share in shares.iter_mut().rev() {
        *share = share.min(last / FALL);
        last = *share;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::{peak_dbfs, rms_dbfs};
    use crate::audio::prepare::scaled;
    use crate::audio::tests::{clips, speech};
    use crate::audio::tone::{self, DTMF};
    use proptest::prelude::*;

    fn silence(ms: usize) -> Vec<i16> {
        vec![0; ms * 8]
    }

    fn tone_of(hz: f64, db: f64, ms: u64) -> Vec<i16> {
        tone::sine(hz, db, Duration::from_millis(ms), WIRE_RATE).samples
    }

    fn key(digit: Digit, db: f64, ms: u64) -> Vec<i16> {
        tone::dtmf(digit, db, Duration::from_millis(ms), WIRE_RATE).samples
    }

    fn prepared(samples: &[i16]) -> Vec<i16> {
        prepare(&WireAudio::from_samples(samples))
            .unwrap()
            .samples()
    }

    /// One sound over another from this sample on.
    fn mixed(sound: &[i16], over: &[i16], at: usize) -> Vec<i16> {
        let mut mixed = sound.to_vec();
        let both = mixed.iter_mut().skip(at).zip(over);
        both.for_each(|(sample, more)| *sample = sample.saturating_add(*more));
        mixed
    }

    /// Which keys a receiver at the other end hears: any pair that holds half the energy of 30 ms
    /// and stands out of its groups, looked for every 5 ms.
    fn received(samples: &[i16]) -> Vec<usize> {
        let hears = |stretch: &[i16]| {
            let whole = rms_dbfs(stretch);
            let power =
                |hz| crate::audio::goertzel::amplitude(stretch, WIRE_RATE, hz).powi(2) / 2.0;
            let share = |(low, high): (f64, f64)| {
                let (low, high) = (power(low), power(high));
                let twisted = low > 8.0 * high || high > 8.0 * low;
                if twisted {
                    0.0
                } else {
                    (low + high) / gain(whole).powi(2)
                }
            };
            (whole > -50.0).then(|| DTMF.iter().position(|pair| share(*pair) > 0.5))?
        };
        samples.windows(240).step_by(40).filter_map(hears).collect()
    }

    #[test]
    fn silence_tones_and_clicks_around_speech_are_taken_off() {
        let (said, click) = (speech(), vec![12_000; 16]);
        let beep = tone_of(440.0, -12.0, 400);
        let busy = [tone_of(425.0, -15.0, 500), silence(500)].concat();
        let before = [
            silence(700),
            click.clone(),
            silence(300),
            beep,
            silence(250),
        ]
        .concat();
        let behind = [silence(400), click, silence(400), busy.repeat(4)].concat();
        let alone = prepared(&said);
        for recording in [
            [&before[..], &said].concat(),
            [&said[..], &behind].concat(),
            [&before[..], &said, &behind].concat(),
        ] {
            let made = prepared(&recording);
            let longer = made.len() as i64 - alone.len() as i64;
            assert!(longer.abs() <= 2 * FRAME as i64, "{longer}");
            for edge in [&made[..800], &made[made.len() - 800..]] {
                assert!(rms_dbfs(edge) < -40.0, "{}", rms_dbfs(edge));
            }
        }
    }

    #[test]
    fn every_key_is_gone_at_any_level_and_length_and_under_speech() {
        let said = speech();
        for (number, digit) in Digit::ALL.into_iter().enumerate() {
            for (db, ms) in [(-9.0, 40), (-9.0, 100), (-6.5, 400), (-20.0, 80)] {
                // In the pause behind the speech, and in the midst of it where loud enough.
                let key = key(digit, db, ms);
                let pause = [&said[..], &silence(200), &key, &silence(200), &said].concat();
                assert!(
                    received(&pause).contains(&number),
                    "{digit} is not there at all"
                );
                let mut sounds = vec![pause];
                if db > -10.0 {
                    sounds.push(mixed(&said, &key, 4_000 + number * 700));
                }
                for sound in sounds {
                    let left = received(&prepared(&sound));
                    assert!(!left.contains(&number), "{digit} of {ms} ms at {db}");
                }
            }
        }
    }

    #[test]
    fn a_number_typed_into_a_greeting_presses_nothing() {
        let typed = Digit::ALL
            .map(|digit| [key(digit, -12.0, 60), silence(50)].concat())
            .concat();
        let said = speech();
        let made = prepared(&[&said[..], &typed, &said].concat());
        assert_eq!(received(&made), [0; 0]);
        assert!(made.len() > said.len() * 2);
    }

    #[test]
    fn hardly_any_speech_has_a_key_in_it() {
        let with_keys = |(_, clip): &&(String, WireAudio)| !keys(&clip.samples()).is_empty();
        let found = clips().iter().filter(with_keys).count();
        assert!(found * 250 <= clips().len(), "{found}");
        assert!(keys(&speech()).is_empty());
    }

    #[test]
    fn every_clip_keeps_its_length_and_loudness() {
        for (name, clip) in clips().iter().step_by(7) {
            let Ok(made) = prepare(clip) else {
                assert!(clip.duration() < Duration::from_millis(400), "{name}");
                continue;
            };
            // Clips have 40 ms of silence at their ends, greetings 150, faint ends of words
            // included.
            let longer = made.len() as i64 - clip.len() as i64;
            assert!((0..=2 * 8 * 150).contains(&longer), "{name}: {longer}");
            let louder = loudness(&made.samples(), WIRE_RATE) - LOUDNESS_DB;
            assert!(louder.abs() < 1.5, "{name}: {louder}");
        }
    }

    #[test]
    fn loud_and_soft_voices_come_out_alike_and_no_peak_is_clipped() {
        for db in [-25.0, -12.0, 0.0, 6.0] {
            let said = scaled(&speech(), |sample| sample * gain(db));
            let made = prepared(&said);
            let louder = loudness(&made, WIRE_RATE) - LOUDNESS_DB;
            assert!(louder.abs() < 1.0, "{db}: {louder}");
            assert!(peak_dbfs(&made) <= PEAK_DB + 0.3, "{}", peak_dbfs(&made));
        }
        let mut peaky = scaled(&speech(), |sample| sample * 0.1);
        peaky[12_000] = 30_000;
        let made = prepared(&peaky);
        let louder = loudness(&made, WIRE_RATE) - LOUDNESS_DB;
        assert!(louder.abs() < 1.5, "{louder}");
        assert!(peak_dbfs(&made) <= PEAK_DB + 0.3, "{}", peak_dbfs(&made));
    }

    #[test]
    fn nothing_noise_tones_and_whispers_are_too_quiet() {
        let busy = [tone_of(425.0, -15.0, 500), silence(500)].concat();
        let faint = scaled(&speech(), |sample| sample * gain(-45.0));
        let click = [silence(500), vec![12_000; 80], silence(500)].concat();
        let typed = [silence(100), key(Digit::D5, -9.0, 300), silence(100)].concat();
        for sound in [vec![], silence(3_000), busy.repeat(5), faint, click, typed] {
            let fault = prepare(&WireAudio::from_samples(&sound));
            assert_eq!(fault, Err(GreetingFault::TooQuiet));
        }
    }

    #[test]
    fn a_greeting_prepared_again_stays_as_it_is() {
        let once = prepared(&speech());
        let twice = prepared(&once);
        // What is just as loud as silence at an end may count as either.
        assert!(once.len().abs_diff(twice.len()) <= 2 * samples_in(EDGE, WIRE_RATE));
        assert!((loudness(&once, WIRE_RATE) - loudness(&twice, WIRE_RATE)).abs() < 0.5);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn whatever_is_recorded_presses_no_key(
            typed in prop::collection::vec((0..16_usize, -20.0..-7.0_f64, 40..300_u64, 0..200_usize), 0..4),
            voice in -30.0..0.0_f64,
        ) {
            let mut recording = scaled(&speech()[..8_000], |sample| sample * gain(voice));
            for (digit, db, ms, pause) in typed {
                recording.extend(key(Digit::ALL[digit], db, ms));
                recording.extend(silence(pause));
            }
            if let Ok(made) = prepare(&WireAudio::from_samples(&recording)) {
                prop_assert_eq!(received(&made.samples()), [0_usize; 0]);
                prop_assert!(peak_dbfs(&made.samples()) <= PEAK_DB + 0.3);
            }
        }
    }
}
