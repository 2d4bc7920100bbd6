//! What is heard in a call: which clip, which second of speech, or nothing.
//!
//! In: audio with its time. Out: the sounds in order, and where in the speech a moment lies. A
//! sound is told from the samples alone, by the tones in each 40 ms (Goertzel). Speech fades
//! between its fifths of a second: these dips place it to within a few milliseconds.

use crate::voice::{self, FIFTH, FIFTHS};
use belpost::audio::goertzel::amplitude;
use belpost::audio::level;
use belpost::base::Mono;
use std::time::Duration;

/// Samples a millisecond.
const PER_MS: usize = 8;
/// The stretch that is listened to at a time: 40 ms.
const WINDOW: usize = 320;
/// How far apart these stretches begin: 20 ms.
const HOP: usize = 160;
/// Quieter than this is silence, in dBFS.
const SILENT: f64 = -45.0;
/// The share of a stretch's energy that its tones must have.
const SHARE: f64 = 0.7;
/// How long to wait for packets that were overtaken by later ones.
const PATIENCE: Duration = Duration::from_millis(160);

/// A kind of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// The clip with this number.
    Clip(usize),
    /// The tone before a recording.
    Beep,
    /// Speech, any part of it.
    Speech,
    /// A tone of another kind.
    Tone,
}

/// A sound that was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// What.
    pub what: Sound,
    /// When it began.
    pub from: Mono,
    /// When it was last heard.
    pub to: Mono,
    /// Stretches it was heard in.
    stretches: usize,
}

impl Heard {
    /// Whether it has been heard for long enough to be sure of it.
    pub fn is_settled(&self) -> bool {
        self.stretches >= 3
    }
}

/// A moment of the call and the place in the speech that was heard then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The moment, in ms since the first audio.
    pub at_ms: i64,
    /// The place, in ms of all speech there is.
    pub place_ms: i64,
}

/// What a stretch holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stretch {
    Silence,
    Clip(usize),
    Beep,
    Fifth(usize),
    /// A border between two sounds, or something else.
    Unclear,
}

/// All that was heard in one call.
#[derive(Debug, Default)]
pub struct Ear {
    origin: Mono,
    samples: Vec<i16>,
    /// Which stretches of 20 ms were received.
    there: Vec<bool>,
    listened: usize,
    last: Option<Stretch>,
    sounding: bool,
    unclear: usize,
    heard: Vec<Heard>,
}

impl Ear {
    /// An ear that hears from this moment on.
    pub fn new(origin: Mono) -> Ear {
        Ear {
            origin,
            ..Ear::default()
        }
    }

    /// An ear that hears this at once.
    pub fn of(samples: Vec<i16>) -> Ear {
        let there = vec![true; samples.len().div_ceil(HOP)];
        Ear {
            samples,
            there,
            ..Ear::default()
        }
    }

    /// Audio that belongs at this sample.
    pub fn put(&mut self, at: usize, samples: &[i16]) {
        let end = at + samples.len();
        if self.samples.len() < end {
            self.samples.resize(end, 0);
            self.there.resize(end.div_ceil(HOP), false);
        }
        self.samples[at..end].copy_from_slice(samples);
        self.there[at / HOP..end.div_ceil(HOP)].fill(true);
    }

    /// Listens to what has come by now, and says what was heard so far.
    pub fn heard(&mut self, now: Mono) -> &[Heard] {
        let come = (now - self.origin).saturating_sub(PATIENCE);
        while self.listened + WINDOW <= come.as_millis() as usize * PER_MS {
            self.listen(self.listened);
            self.listened += HOP;
        }
        &self.heard
    }

    /// Whether anything but silence was heard between two moments.
    pub fn anything(&self, from: Mono, to: Mono) -> bool {
        let index = |at: Mono| self.index(at).min(self.samples.len());
        let part = &self.samples[index(from)..index(to).max(index(from))];
        part.chunks(HOP)
            .any(|piece| level::rms_dbfs(piece) > SILENT)
    }

    /// The first place in the speech that can be told from this moment on, `until` another.
    pub fn first_fix(&self, from: Mono, until: Mono) -> Option<Fix> {
        let end = self.index(until);
        let mut at = self.index(from);
        while at + WINDOW + FIFTH + WINDOW < end.min(self.samples.len()) {
            if let Some(fix) = self.fix(at) {
                return Some(fix);
            }
            at += HOP / 2;
        }
        None
    }

    /// The last place in the speech that can be told before this moment.
    pub fn last_fix(&self, before: Mono) -> Option<Fix> {
        let back =
            |ms| Mono::since_start(before.elapsed().saturating_sub(Duration::from_millis(ms)));
        (1..10).find_map(|n| self.first_fix(back(250 * n + 250), before))
    }

    /// Up to when it has listened.
    pub fn listened_until(&self) -> Mono {
        self.moment(self.listened)
    }

    /// Whether all that came was listened to.
    pub fn is_done(&self, now: Mono) -> bool {
        self.moment(self.samples.len()) + PATIENCE + PATIENCE < now
    }

    /// The first sample of a sound that was noticed at this moment, in ms since the first audio:
    /// the one behind the last that is silent, for another sound may have been broken off just
    /// before.
    pub fn onset_ms(&self, noticed: Mono) -> i64 {
        let at = self.index(noticed);
        let around = (at.saturating_sub(WINDOW)..at + WINDOW).step_by(PER_MS / 2);
        let silent = |at: &usize| {
            let piece = self.samples.get(*at..at + PER_MS / 2).unwrap_or_default();
            level::rms_dbfs(piece) <= SILENT
        };
        let last = around.rev().find(silent).map(|at| at + PER_MS / 2);
        (last.unwrap_or(at) / PER_MS) as i64
    }

    /// The first sample that is no silence, in ms since the first audio.
    pub fn first_sound_ms(&self) -> i64 {
        let loud = |piece: &[i16]| level::rms_dbfs(piece) > SILENT;
        let first = self.samples.chunks(PER_MS / 2).position(loud).unwrap_or(0);
        (first / 2) as i64
    }

    /// Whether the sound fades at this moment, as it does where speech begins.
    pub fn fades_at(&self, ms: i64) -> bool {
        let at = usize::try_from(ms).unwrap_or(0) * PER_MS;
        self.dip(at.saturating_sub(HOP / 2), at + HOP / 2).is_some()
    }

    /// The last sample of a sound that was last noticed at this moment, in ms since the first
    /// audio.
    pub fn ending_ms(&self, noticed: Mono) -> i64 {
        let at = self.index(noticed);
        let loud = |at: &usize| {
            let piece = self.samples.get(*at..at + PER_MS / 2).unwrap_or_default();
            level::rms_dbfs(piece) > SILENT
        };
        let around = (at.saturating_sub(WINDOW)..at + WINDOW).step_by(PER_MS / 2);
        (around.rev().find(loud).unwrap_or(at) / PER_MS) as i64
    }

    /// The moment of this many ms since the first audio.
    pub fn at_ms(&self, ms: i64) -> Mono {
        self.origin + Duration::from_millis(ms.max(0) as u64)
    }

    /// This moment in ms since the first audio.
    pub fn ms(&self, at: Mono) -> i64 {
        (at - self.origin).as_millis() as i64
    }

    fn index(&self, at: Mono) -> usize {
        (at - self.origin).as_millis() as usize * PER_MS
    }

    fn moment(&self, index: usize) -> Mono {
        self.origin + Duration::from_millis((index / PER_MS) as u64)
    }

    fn listen(&mut self, at: usize) {
        let there = |n: usize| self.there.get(n).copied().unwrap_or(false);
        let packets = (at / HOP)..(at + WINDOW).div_ceil(HOP);
        let lost =
            at < self.samples.len() && !packets.clone().all(there) && packets.clone().any(there);
        if lost {
            return;
        }
        let stretch = self.stretch(at);
        if self.starts_anew(at) {
            self.sounding = false;
        }
        match stretch {
            Stretch::Silence => self.sounding = false,
            Stretch::Unclear => {
                self.unclear += 1;
                if self.unclear >= 5 {
                    self.sound(Sound::Tone, at);
                }
                return;
            }
            Stretch::Clip(n) => self.sound(Sound::Clip(n), at),
            Stretch::Beep => self.sound(Sound::Beep, at),
            Stretch::Fifth(_) => self.sound(Sound::Speech, at),
        }
        self.unclear = 0;
        self.last = Some(stretch);
    }

    /// Whether the sound of this stretch was broken off and began again: it is loud at the end of
    /// the stretch, and was not in the middle of it.
    fn starts_anew(&self, at: usize) -> bool {
        const NEAR: usize = 2 * PER_MS;
        let Some(samples) = self.samples.get(at..at + WINDOW) else {
            return false;
        };
        let usual = level::rms(samples);
        let middle = &samples[HOP / 2..HOP / 2 + HOP];
        let mut pieces = (0..middle.len() - NEAR).step_by(PER_MS);
        let faded = pieces.any(|n| level::rms(&middle[n..n + NEAR]) < 0.4 * usual);
        let clip = matches!(self.last, Some(Stretch::Clip(_)));
        clip && faded && level::rms(&samples[WINDOW - NEAR..]) > 0.6 * usual
    }

    fn sound(&mut self, what: Sound, at: usize) {
        let (from, to) = (self.moment(at), self.moment(at + WINDOW));
        let same = |h: &&mut Heard| self.sounding && h.what == what;
        if let Some(last) = self.heard.last_mut().filter(same) {
            last.to = to;
            last.stretches += 1;
        } else {
            // One stretch alone is the border of two sounds that happens to look like a third.
            self.heard
                .pop_if(|h| h.stretches < 2 && h.what != Sound::Beep);
            let stretches = 1;
            self.heard.push(Heard {
                what,
                from,
                to,
                stretches,
            });
        }
        self.sounding = true;
    }

    fn stretch(&self, at: usize) -> Stretch {
        let Some(samples) = self.samples.get(at..at + WINDOW) else {
            return Stretch::Silence;
        };
        let rms = level::rms(samples);
        if rms < level::gain(SILENT) {
            return Stretch::Silence;
        }
        if let Some(last) = self.last.filter(|l| holds(samples, rms, *l)) {
            return last;
        }
        stretch(samples, rms)
    }

    /// The end of the fifth of a second that is heard here, if it is followed by the next one.
    fn fix(&self, at: usize) -> Option<Fix> {
        let n = self.fifth(at)?;
        let dip = self.dip(at + WINDOW / 2, at + WINDOW + FIFTH)?;
        let next = (n + 1) % FIFTHS;
        (self.fifth(dip + HOP / 2)? == next).then_some(Fix {
            at_ms: (dip / PER_MS) as i64,
            place_ms: next as i64 * 200,
        })
    }

    fn fifth(&self, at: usize) -> Option<usize> {
        let samples = self.samples.get(at..at + WINDOW)?;
        match stretch(samples, level::rms(samples)) {
            Stretch::Fifth(n) => Some(n),
            Stretch::Silence | Stretch::Clip(_) | Stretch::Beep | Stretch::Unclear => None,
        }
    }

    /// Where the sound is weakest, if it fades at all: the first such place.
    fn dip(&self, from: usize, to: usize) -> Option<usize> {
        const NEAR: usize = 4 * PER_MS;
        let loud = |at: usize| self.samples.get(at..at + NEAR).map(level::rms);
        let usual = loud(from)?;
        let first = (from..to)
            .step_by(PER_MS)
            .find(|at| loud(*at).is_some_and(|l| l < 0.5 * usual))?;
        let around = first..first + 8 * PER_MS;
        let weakest = around
            .step_by(PER_MS / 2)
            .min_by(|a, b| loud(*a).unwrap_or(1.0).total_cmp(&loud(*b).unwrap_or(1.0)))?;
        Some(weakest + NEAR / 2)
    }
}

/// Whether these samples hold what was heard before, or the fifth of a second that follows it.
fn holds(samples: &[i16], rms: f64, what: Stretch) -> bool {
    match what {
        Stretch::Clip(n) => has_pair(samples, rms, voice::clip_pair(n)),
        Stretch::Fifth(n) => has_pair(samples, rms, voice::speech_pair(n)),
        Stretch::Beep => has_beep(samples, rms),
        Stretch::Silence | Stretch::Unclear => false,
    }
}

fn stretch(samples: &[i16], rms: f64) -> Stretch {
    let low = strongest(samples, &voice::LOW);
    let clip = strongest(samples, &voice::CLIP_HIGH);
    let number = low + clip * voice::LOW.len();
    if has_pair(samples, rms, voice::clip_pair(number)) {
        return Stretch::Clip(number);
    }
    let fifth = low + strongest(samples, &voice::SPEECH_HIGH) * voice::LOW.len();
    if has_pair(samples, rms, voice::speech_pair(fifth)) {
        return Stretch::Fifth(fifth);
    }
    if has_beep(samples, rms) {
        Stretch::Beep
    } else {
        Stretch::Unclear
    }
}

fn strongest(samples: &[i16], tones: &[f64]) -> usize {
    let strength = tones
        .iter()
        .map(|hz| amplitude(samples, 8_000, *hz))
        .enumerate();
    strength
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0, |(n, _)| n)
}

fn has_pair(samples: &[i16], rms: f64, (low, high): (f64, f64)) -> bool {
    let weaker = amplitude(samples, 8_000, low).min(amplitude(samples, 8_000, high));
    weaker * weaker >= SHARE * rms * rms
}

fn has_beep(samples: &[i16], rms: f64) -> bool {
    let tone = amplitude(samples, 8_000, 440.0);
    tone * tone / 2.0 >= SHARE * rms * rms
}
