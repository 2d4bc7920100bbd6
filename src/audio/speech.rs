//! Which frames of a sound are speech: those that are loud and no tones of a line or a key.
//!
//! In: frames of 20 ms at [`WIRE_RATE`](super::WIRE_RATE), and whether each is loud; how loud that
//! is, the caller decides. Out: how much speech there was and where it ended.
//!
//! A tone is known only after it has lasted: a steady one (see [`SteadyTone`]) after 200 ms, a key
//! ([`key_tone`]) after 40 ms. What was counted of it until then is taken back, together with the
//! frame before it, in which it began, and the one behind it, in which it ended.
//!
//! Laws: nothing is allocated by the meter; it takes back at most ten frames, so what it says of a
//! sound is final 220 ms later; what is not loud is never speech.

use super::key_tone;
use super::level::rms;
use super::steady_tone::{FRAME, STEADY_FRAMES, SteadyTone};
use crate::base::Digit;

/// The frames that a steady tone takes back when it is first known: the others of its ten, and
/// the one in which it began.
const STEADY_BACK: u32 = STEADY_FRAMES as u32;
/// The frames that a key takes back when it is first known.
const KEY_BACK: u32 = 2;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Quiet,
    Speech,
    /// A tone, and so are this many frames before it.
    Tone(u32),
}

/// Tells tones from speech, frame by frame.
#[derive(Clone, Debug, Default)]
struct Judge {
    steady: SteadyTone,
    key: Option<Digit>,
    in_tone: bool,
}

impl Judge {
    fn hear(&mut self, frame: &[i16], loud: bool) -> Verdict {
        if !loud {
            self.steady.pass_over(frame);
            (self.key, self.in_tone) = (None, false);
            return Verdict::Quiet;
        }
        let steady = self.steady.hear(frame);
        let key = key_tone::heard(frame);
        let held = key.is_some() && key == self.key;
        self.key = key;
        let was_tone = std::mem::replace(&mut self.in_tone, steady || held);
        match (was_tone, steady, held) {
            (true, ..) => Verdict::Tone(0),
            (false, true, _) => Verdict::Tone(STEADY_BACK),
            (false, false, true) => Verdict::Tone(KEY_BACK),
            (false, false, false) => Verdict::Speech,
        }
    }
}

/// Counts the speech of a sound.
#[derive(Clone, Debug, Default)]
pub struct SpeechMeter {
    judge: Judge,
    /// Samples heard.
    heard: usize,
    /// Samples of speech.
    voiced: usize,
    /// Which of the last frames are speech; the last one is the lowest bit.
    recent: u32,
    /// Where the last speech before those ended.
    older: usize,
}

impl SpeechMeter {
    /// Takes a frame of [`FRAME`] samples.
    pub fn hear(&mut self, frame: &[i16], loud: bool) {
        let verdict = self.judge.hear(frame, loud);
        if self.recent >> (u32::BITS - 1) == 1 {
            self.older = self.heard.saturating_sub((u32::BITS as usize - 1) * FRAME);
        }
        self.recent <<= 1;
        self.heard += FRAME;
        match verdict {
            Verdict::Quiet => {}
            Verdict::Speech => {
                self.recent |= 1;
                self.voiced += FRAME;
            }
            Verdict::Tone(back) => self.take_back(back),
        }
    }

    /// Samples of speech so far.
    pub fn voiced(&self) -> usize {
        self.voiced
    }

    /// Where the last speech ended, in samples from the start on; 0 where there was none.
    pub fn spoken(&self) -> usize {
        match self.recent.trailing_zeros() {
            u32::BITS => self.older,
            frames => self.heard - frames as usize * FRAME,
        }
    }

    /// Samples without speech on end.
    pub fn unspoken(&self) -> usize {
        self.heard - self.spoken()
    }

    /// The last `frames` before this one were no speech.
    fn take_back(&mut self, frames: u32) {
        let taken = self.recent & ((1 << (frames + 1)) - 1);
        self.recent &= !taken;
        self.voiced -= taken.count_ones() as usize * FRAME;
    }
}

/// What a frame of a whole sound is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Not loud.
    Quiet,
    /// Loud, and no tone.
    Speech,
    /// A tone of a line or a key.
    Tone,
}

/// The frames of a whole sound, where `level` (RMS, 0.0-1.0) is loud; samples at its end that fill
/// no frame have none.
pub fn frames(samples: &[i16], level: f64) -> Vec<Frame> {
    let (mut judge, mut frames) = (Judge::default(), Vec::new());
    for frame in samples.chunks_exact(FRAME) {
        let (what, back) = match judge.hear(frame, rms(frame) > level) {
            Verdict::Quiet => (Frame::Quiet, 0),
            Verdict::Speech => (Frame::Speech, 0),
            Verdict::Tone(back) => (Frame::Tone, back),
        };
        let before = frames.iter_mut().rev().take(back as usize);
        before
            .filter(|frame| **frame == Frame::Speech)
            .for_each(|frame| *frame = Frame::Tone);
        frames.push(what);
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tests::{clips, speech};
    use crate::audio::{Law, WIRE_RATE, WireAudio};
    use std::f64::consts::TAU;

    /// The level of silence in recordings: -45 dBm0.
    const SILENCE: f64 = -45.0;

    /// The RMS of a level in dBm0, as a share of full scale (G.711 section 4).
    fn rms_of(dbm0: f64) -> f64 {
        10_f64.powf((dbm0 - 3.14) / 20.0) / 2_f64.sqrt()
    }

    /// Noise of a line, and sounds upon it.
    struct Line {
        seed: u64,
        noise: f64,
        samples: Vec<f64>,
    }

    impl Line {
        fn new(seed: u64, noise: f64) -> Line {
            let samples = Vec::new();
            Line {
                seed,
                noise,
                samples,
            }
        }

        /// So many milliseconds of these frequencies, all of them together at this level.
        fn tone(&mut self, hertz: &[f64], dbm0: f64, ms: usize) {
            let peak = rms_of(dbm0) * (2.0 / hertz.len().max(1) as f64).sqrt();
            for n in 0..ms * 8 {
                let at = |hz: &f64| (TAU * hz * n as f64 / f64::from(WIRE_RATE)).sin();
                let tone = hertz.iter().map(at).sum::<f64>() * peak;
                self.samples.push(tone);
            }
        }

        fn silence(&mut self, ms: usize) {
            self.tone(&[], SILENCE, ms);
        }

        /// What arrives of it in a law.
        fn heard(mut self, law: Law) -> Vec<i16> {
            let samples = std::mem::take(&mut self.samples).into_iter();
            samples
                .map(|sample| law.decode(law.encode(((sample + self.hiss()) * 32_768.0) as i16)))
                .collect()
        }

        /// The sum of twelve evenly distributed values is all but normally distributed.
        fn hiss(&mut self) -> f64 {
            let mut even = || {
                let more = self.seed.wrapping_mul(6_364_136_223_846_793_005);
                self.seed = more.wrapping_add(1_442_695_040_888_963_407);
                (self.seed >> 40) as f64 / f64::from(1_u32 << 24) - 0.5
            };
            (0..12).map(|_| even()).sum::<f64>() * rms_of(self.noise)
        }
    }

    /// What a meter says of a sound, and how much of it is loud.
    fn metered(samples: &[i16]) -> (SpeechMeter, usize) {
        let (mut meter, mut loud) = (SpeechMeter::default(), 0);
        for frame in samples.chunks_exact(FRAME) {
            let is_loud = rms(frame) > rms_of(SILENCE);
            loud += usize::from(is_loud) * FRAME;
            meter.hear(frame, is_loud);
        }
        (meter, loud)
    }

    /// Every tone a line may carry: its name, its frequencies in turn, and how many milliseconds
    /// each sounds and the pause after the last.
    const TONES: [(&str, &[&[f64]], usize, usize); 22] = [
        ("dial tone", &[&[425.0]], 4_000, 0),
        ("dial tone, older", &[&[150.0, 450.0]], 4_000, 0),
        ("dial tone with messages", &[&[425.0]], 500, 50),
        ("ringing", &[&[425.0]], 1_000, 4_000),
        ("ringing, British", &[&[400.0, 450.0]], 400, 200),
        ("ringing, American", &[&[440.0, 480.0]], 2_000, 4_000),
        ("busy", &[&[425.0]], 500, 500),
        ("congestion", &[&[425.0]], 250, 250),
        ("dial tone, American", &[&[350.0, 440.0]], 4_000, 0),
        ("busy, American", &[&[480.0, 620.0]], 500, 500),
        ("congestion, American", &[&[480.0, 620.0]], 250, 250),
        (
            "special information",
            &[&[950.0], &[1_400.0], &[1_800.0]],
            330,
            1_000,
        ),
        ("fax calling", &[&[1_100.0]], 500, 3_000),
        ("fax answering", &[&[2_100.0]], 3_000, 75),
        ("modem calling", &[&[1_300.0]], 600, 1_500),
        ("modem, constant", &[&[2_250.0]], 3_000, 0),
        ("test tone", &[&[1_000.0]], 4_000, 0),
        ("key 1", &[&[697.0, 1_209.0]], 80, 80),
        ("key 5", &[&[770.0, 1_336.0]], 50, 50),
        ("key 0", &[&[941.0, 1_336.0]], 300, 100),
        ("key D", &[&[941.0, 1_633.0]], 100, 100),
        (
            "keys 1, 9, star",
            &[&[697.0, 1_209.0], &[852.0, 1_477.0], &[941.0, 1_209.0]],
            100,
            100,
        ),
    ];

    #[test]
    fn no_tone_of_a_line_is_speech_at_any_level_in_either_law() {
        for (name, tones, ms, pause) in TONES {
            for (number, dbm0) in [-10.0, -15.0, -20.0, -25.0, -30.0, -35.0]
                .into_iter()
                .enumerate()
            {
                for law in [Law::A, Law::Mu] {
                    let mut line = Line::new(number as u64, -65.0);
                    // The frames begin anywhere in the tone.
                    line.silence(37 + 3 * number);
                    while line.samples.len() < 5 * WIRE_RATE as usize {
                        tones.iter().for_each(|hertz| line.tone(hertz, dbm0, ms));
                        line.silence(pause);
                    }
                    let (meter, loud) = metered(&line.heard(law));
                    assert!(loud > FRAME * 20, "{name} at {dbm0} is not loud");
                    let voiced = meter.voiced() / 8;
                    assert_eq!(
                        (voiced, meter.spoken()),
                        (0, 0),
                        "{name} at {dbm0} in {law:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_clip_is_speech_loud_or_soft() {
        for (name, clip) in clips() {
            for share in [1.0, 0.2] {
                let soft = |sample: i16| (f64::from(sample) * share) as i16;
                let sound: Vec<i16> = clip.samples().into_iter().map(soft).collect();
                let (meter, loud) = metered(&WireAudio::from_samples(&sound).samples());
                assert!(meter.voiced() * 100 >= loud * 95, "{name}");
            }
        }
        let (meter, loud) = metered(&speech());
        assert!(meter.voiced() * 100 >= loud * 99);
    }

    #[test]
    fn speech_ends_where_it_ends_and_not_where_the_tone_behind_it_does() {
        let said = &speech()[..40_000];
        let (alone, _) = metered(said);
        for (name, tones, ms, pause) in TONES {
            let mut line = Line::new(7, -65.0);
            line.silence(500);
            while line.samples.len() < 10 * WIRE_RATE as usize {
                tones.iter().for_each(|hertz| line.tone(hertz, -20.0, ms));
                line.silence(pause);
            }
            let (meter, _) = metered(&[said, &line.heard(Law::A)].concat());
            assert_eq!(meter.spoken(), alone.spoken(), "{name}");
            assert_eq!(meter.voiced(), alone.voiced(), "{name}");
            assert!(meter.unspoken() > 9 * WIRE_RATE as usize);
        }
    }

    #[test]
    fn speech_behind_and_between_tones_counts() {
        let mut line = Line::new(3, -65.0);
        line.tone(&[425.0], -15.0, 1_000);
        let tone = line.heard(Law::A);
        let said = &speech()[..32_000];
        let (alone, _) = metered(said);
        let (meter, _) = metered(&[&tone[..], said, &tone, said, &tone].concat());
        let lost = 2 * alone.voiced() as i64 - meter.voiced() as i64;
        assert!(lost <= 4 * FRAME as i64, "{lost}");
        let end = 2 * tone.len() + said.len() + alone.spoken();
        assert!(end - meter.spoken() <= FRAME, "{end} {}", meter.spoken());
    }

    #[test]
    fn the_frames_of_a_whole_sound_are_told_apart_as_the_meter_tells_them() {
        let mut line = Line::new(5, -65.0);
        line.silence(300);
        line.tone(&[425.0], -15.0, 500);
        let sound = [&speech()[..32_000], &line.heard(Law::A)].concat();
        let (meter, _) = metered(&sound);
        let frames = frames(&sound, rms_of(SILENCE));
        let speech = |frame: &Frame| *frame == Frame::Speech;
        assert_eq!(
            frames.iter().filter(|f| speech(f)).count() * FRAME,
            meter.voiced()
        );
        let last = frames.iter().rposition(speech).unwrap();
        assert_eq!((last + 1) * FRAME, meter.spoken());
        assert_eq!(frames.last(), Some(&Frame::Tone));
    }

    #[test]
    fn what_was_said_long_ago_is_not_forgotten() {
        let said = &speech()[..16_000];
        let (alone, _) = metered(said);
        for ms in [600, 640, 660, 5_000] {
            let (meter, _) = metered(&[said, &vec![0; ms * 8]].concat());
            assert_eq!(meter.spoken(), alone.spoken(), "{ms}");
        }
        assert_eq!(metered(&[0; 16_000]).0.spoken(), 0);
    }
}
