//! Whether a sound is a steady tone: one sinusoid or a sum of two, for 200 ms or more.
//!
//! In: frames of 20 ms at [`WIRE_RATE`](super::WIRE_RATE), one after the other. Out: whether the
//! last ten of them are a steady tone, so that every tone of 220 ms is found wherever the frames
//! begin. Such are dial, ringing, busy and congestion tones, special information tones (ITU-T
//! E.180), the calling and answering tones of fax machines and modems (T.30, V.25), and keys held
//! long.
//!
//! A sum of two sinusoids is predicted exactly by the four samples before each (linear prediction
//! by the covariance method): what the best prediction leaves over is line noise and companding.
//! Speech is predicted less well, and not by one prediction over ten frames in which its pitch,
//! its colour and its level move. What comes nearest is a held nasal: all but its lowest two
//! harmonics are faint, so low tones are left to be speech.
//!
//! Laws: nothing is allocated; a frame costs the same whatever it holds; a constant offset and hum
//! are no tone.

/// Samples of one frame: 20 ms.
pub const FRAME: usize = 160;
/// Frames over which a tone must be steady.
pub const STEADY_FRAMES: usize = 10;

/// How many samples predict the next.
const ORDER: usize = 4;
/// The share of the energy that prediction may leave over: 18.5 dB below the tone. Companding alone
/// leaves 20 dB at -35 dBm0, and line noise of -65 dBm0 little more.
const LEFT_OVER: f64 = 0.0141;
/// How many times the energy of the softest frame the loudest may have: 2.5 dB, of which the beat
/// of 440 and 480 Hz takes 2.1.
const UNEVEN: f64 = 1.78;
/// The least energy of the difference between neighbouring samples, as a share of all: that of a
/// tone of 312 Hz.
const MOVING: f64 = 0.06;

/// Listens for steady tones.
#[derive(Clone, Debug, Default)]
pub struct SteadyTone {
    /// The last samples before the next frame, oldest first.
    before: [i16; ORDER],
    frames: [Moments; STEADY_FRAMES],
    /// Where the next frame goes.
    next: usize,
    /// Frames heard without a break, up to all.
    heard: usize,
}

impl SteadyTone {
    /// Takes a frame of [`FRAME`] samples; whether it and those before it are a steady tone.
    pub fn hear(&mut self, frame: &[i16]) -> bool {
        let moments = Moments::of(self.before, frame);
        if let Some(place) = self.frames.get_mut(self.next) {
            *place = moments;
        }
        self.next = (self.next + 1) % STEADY_FRAMES;
        self.heard = (self.heard + 1).min(STEADY_FRAMES);
        self.before = last_of(frame).unwrap_or(self.before);
        self.heard == STEADY_FRAMES && self.is_even() && self.is_predicted()
    }

    /// Passes over a frame that is no tone, whatever is in it.
    pub fn pass_over(&mut self, frame: &[i16]) {
        self.heard = 0;
        self.before = last_of(frame).unwrap_or(self.before);
    }

    fn is_even(&self) -> bool {
        let energies = || self.frames.iter().map(Moments::energy);
        let least = energies().fold(f64::MAX, f64::min);
        let most = energies().fold(0.0, f64::max);
        least > 0.0 && most <= UNEVEN * least
    }

    fn is_predicted(&self) -> bool {
        let all = self.frames.iter().fold(Moments::default(), Moments::plus);
        all.movement() >= MOVING * all.energy() && all.left_over() <= LEFT_OVER * all.energy()
    }
}

/// The samples before what follows a frame.
fn last_of(frame: &[i16]) -> Option<[i16; ORDER]> {
    frame.last_chunk().copied()
}

/// The sums of products `x[n-i] * x[n-j]` over a stretch of samples, for `i` and `j` of 0-4.
#[derive(Clone, Copy, Debug, Default)]
struct Moments([[f64; ORDER + 1]; ORDER + 1]);

impl Moments {
    fn of(before: [i16; ORDER], frame: &[i16]) -> Moments {
        let mut samples = [0.0; ORDER + FRAME];
        let all = before.iter().chain(frame);
        samples
            .iter_mut()
            .zip(all)
            .for_each(|(to, from)| *to = f64::from(*from));
        let mut sums = [[0.0; ORDER + 1]; ORDER + 1];
        for lag in 0..=ORDER {
            let newer = samples.iter().skip(ORDER);
            let older = samples.iter().skip(ORDER - lag);
            sums[0][lag] = newer.zip(older).map(|(a, b)| a * b).sum();
        }
        // One step further back the sum gains the product before its first and loses its last.
        for i in 0..ORDER {
            for j in i..ORDER {
                let gained = samples[ORDER - 1 - i] * samples[ORDER - 1 - j];
                let lost = samples[ORDER + FRAME - 1 - i] * samples[ORDER + FRAME - 1 - j];
                sums[i + 1][j + 1] = sums[i][j] + gained - lost;
            }
        }
        Moments(sums)
    }

    fn plus(mut self, other: &Moments) -> Moments {
        let sums = self.0.iter_mut().flatten().zip(other.0.iter().flatten());
        sums.for_each(|(sum, more)| *sum += more);
        self
    }

    fn energy(&self) -> f64 {
        self.0[0][0]
    }

    /// The energy of the difference between neighbouring samples.
    fn movement(&self) -> f64 {
        self.0[0][0] - 2.0 * self.0[0][1] + self.0[1][1]
    }

    /// The energy that the best prediction leaves over, by elimination (a factorisation L D Lᵀ of
    /// the moments of the four samples before). Pure tones leave nothing to divide by: a touch of
    /// noise is added.
    fn left_over(&self) -> f64 {
        let touch = self.energy() * 1e-9 + 1e-6;
        let (mut lower, mut scale) = ([[0.0; ORDER]; ORDER], [0.0; ORDER]);
        let (mut solved, mut left) = ([0.0; ORDER], self.energy());
        for row in 0..ORDER {
            let mut target = self.0[0][row + 1];
            for column in 0..=row {
                let mut sum = self.0[column + 1][row + 1];
                for k in 0..column {
                    sum -= lower[row][k] * lower[column][k] * scale[k];
                }
                if column == row {
                    scale[row] = (sum + touch).max(touch);
                } else {
                    lower[row][column] = sum / scale[column];
                    target -= lower[row][column] * solved[column];
                }
            }
            solved[row] = target;
            left -= target * target / scale[row];
        }
        left.max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{WIRE_RATE, tone};
    use std::time::Duration;

    /// In which frames a steady tone is heard.
    fn heard(samples: &[i16]) -> Vec<bool> {
        let mut steady = SteadyTone::default();
        samples
            .chunks_exact(FRAME)
            .map(|frame| steady.hear(frame))
            .collect()
    }

    fn tone_of(hz: f64, db: f64, ms: u64) -> Vec<i16> {
        tone::sine(hz, db, Duration::from_millis(ms), WIRE_RATE).samples
    }

    #[test]
    fn a_tone_is_steady_from_its_tenth_whole_frame_on() {
        for off in [0, 1, 80, 159] {
            let sound = [vec![0; off], tone_of(425.0, -20.0, 500), vec![0; 1_600]].concat();
            let heard = heard(&sound);
            let first = heard.iter().position(|steady| *steady).unwrap();
            assert!((9..=10).contains(&first), "{off}: {first}");
            assert!(heard[first..23].iter().all(|steady| *steady));
            assert!(heard[26..].iter().all(|steady| !steady));
        }
    }

    #[test]
    fn what_is_loud_but_no_tone_is_not_steady() {
        let offset = vec![4_000; 8_000];
        let hum = tone_of(50.0, -10.0, 1_000);
        let mut state = 1_u32;
        let noise: Vec<i16> = (0..8_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 18) as i16 - 8_192
            })
            .collect();
        let three: Vec<i16> = [500.0, 1_100.0, 1_900.0]
            .iter()
            .fold(vec![0; 8_000], |sum, hz| {
                let one = tone_of(*hz, -15.0, 1_000);
                sum.iter().zip(one).map(|(a, b)| a + b).collect()
            });
        for sound in [offset, hum, noise, three] {
            assert!(!heard(&sound).contains(&true));
        }
        assert!(heard(&tone_of(700.0, -10.0, 1_000)).contains(&true));
    }

    #[test]
    fn a_frame_passed_over_begins_anew() {
        let mut steady = SteadyTone::default();
        let sound = tone_of(700.0, -10.0, 1_000);
        let mut frames = sound.chunks_exact(FRAME);
        assert!(
            frames
                .by_ref()
                .take(12)
                .map(|f| steady.hear(f))
                .last()
                .unwrap()
        );
        steady.pass_over(frames.next().unwrap());
        let after: Vec<bool> = frames.map(|f| steady.hear(f)).collect();
        assert_eq!(after.iter().position(|steady| *steady), Some(9));
    }
}
