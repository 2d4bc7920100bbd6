//! Sound made faster or slower at unchanged pitch: waveform similarity overlap-add (WSOLA,
//! Verhelst and Roelands, ICASSP 1993) on linear samples.
//!
//! In: a speed and, for each hop, the sound around a place. Out: [`HOP`] samples, and how far the
//! place moves by them. A hop begins as what was heard last would have gone on and fades into the
//! sound at the place, moved by up to [`REACH`] to where it resembles that most: so the periods of
//! a voice are kept whole, and whole periods are left out or doubled.
//!
//! Laws: `n` samples heard move the place by `n` times the speed, to the sample; nothing is
//! allocated. The windows of 25 ms hold two periods of a low voice, the reach of 15 ms one.

use super::vocabulary::Speed;

/// Samples heard from one hop to the next: 12.5 ms, half a window.
pub(super) const HOP: usize = 100;
/// How far a hop may begin from its place, either way: 7.5 ms.
pub(super) const REACH: usize = 60;
/// The sound needed around a place: from [`REACH`] before it on.
pub(super) const AROUND: usize = 2 * REACH + 2 * HOP;

/// The search looks at every second place first.
const STEP: usize = 2;

/// The state of one stretched sound.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    /// The hop being heard, and how much of it was.
    hop: [i16; HOP],
    heard: usize,
    /// How much the place moves for every four samples heard of this hop.
    quarters: usize,
    /// How the sound goes on behind the hop.
    behind: [i16; HOP],
    state: State,
}

/// What the next hop begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The sound at the place: nothing was heard before.
    Fresh,
    /// What is behind the last hop.
    Within,
}

impl Speed {
    /// How many samples of a sound go by for every four heard.
    pub(super) fn quarters(self) -> usize {
        match self {
            Speed::Slow => 3,
            Speed::Normal => 4,
            Speed::Brisk => 5,
            Speed::Fast => 6,
            Speed::Double => 8,
        }
    }
}

impl Stretch {
    pub(super) fn new() -> Stretch {
        Stretch {
            hop: [0; HOP],
            heard: HOP,
            quarters: 4,
            behind: [0; HOP],
            state: State::Fresh,
        }
    }

    /// Forgets what was heard: the sound goes on elsewhere.
    pub(super) fn reset(&mut self) {
        self.heard = HOP;
        self.state = State::Fresh;
    }

    /// Whether all of the hop was heard, so that the next is to be made.
    pub(super) fn is_used_up(&self) -> bool {
        self.heard >= HOP
    }

    /// Whether the sound can go on at its place as it is, without a seam.
    pub(super) fn is_fresh(&self) -> bool {
        self.is_used_up() && self.state == State::Fresh
    }

    /// Makes the next hop from the sound `around` the place. At normal speed it leads back to the
    /// place itself, where the sound goes on as it is.
    pub(super) fn make(&mut self, speed: Speed, around: &[i16; AROUND]) {
        self.quarters = speed.quarters();
        self.heard = 0;
        let begin = match (self.state, speed) {
            (State::Within, Speed::Slow | Speed::Brisk | Speed::Fast | Speed::Double) => {
                most_alike(&self.behind, around)
            }
            (State::Fresh, _) | (State::Within, Speed::Normal) => REACH,
        };
        let (_, from) = around.split_at(begin);
        let (new, rest) = from.split_at(HOP);
        if self.state == State::Fresh {
            self.hop.copy_from_slice(new);
        } else {
            fade(&self.behind, new, &mut self.hop);
        }
        let next = rest.iter().zip(&mut self.behind);
        next.for_each(|(from, to)| *to = *from);
        self.state = if speed == Speed::Normal {
            State::Fresh
        } else {
            State::Within
        };
    }

    /// The samples of the hop not heard yet, at most as many as the place needs to move by `left`.
    pub(super) fn rest(&self, left: u64) -> &[i16] {
        let enough = left.saturating_mul(4).div_ceil(self.quarters as u64);
        let rest = self.hop.get(self.heard..).unwrap_or_default();
        let enough = usize::try_from(enough).unwrap_or(usize::MAX);
        rest.get(..enough).unwrap_or(rest)
    }

    /// So many of them are heard now; how far that moves the place.
    pub(super) fn hear(&mut self, samples: usize) -> u64 {
        let moved = |heard: usize| heard * self.quarters / 4;
        let before = moved(self.heard);
        let after = moved((self.heard + samples).min(HOP));
        self.heard = (self.heard + samples).min(HOP);
        (after - before) as u64
    }
}

/// From one sound into the other.
fn fade(from: &[i16; HOP], into: &[i16], out: &mut [i16; HOP]) {
    let both = from.iter().zip(into).zip(out).enumerate();
    both.for_each(|(at, ((from, into), out))| {
        let (from, into) = (i32::from(*from), i32::from(*into));
        let (at, whole) = (at as i32, HOP as i32);
        *out = ((from * (whole - at) + into * at) / whole) as i16;
    });
}

/// Where, 0-2 * [`REACH`], the sound is most like `wanted`: every second place by the means of
/// pairs of samples first, then the places beside the best. Of equals the one nearest to the
/// middle.
fn most_alike(wanted: &[i16; HOP], around: &[i16; AROUND]) -> usize {
    let mut halved_wanted = [0; HOP / STEP];
    let mut halved_around = [0; AROUND / STEP];
    halve(wanted, &mut halved_wanted);
    halve(around, &mut halved_around);
    let coarse = halved_around.windows(HOP / STEP).take(REACH + 1);
    let coarse = coarse.map(|window| difference(&halved_wanted, window));
    let best = coarse
        .enumerate()
        .min_by_key(|(at, difference)| (*difference, (at * STEP).abs_diff(REACH)));
    let near = best.map_or(REACH, |(at, _)| at * STEP);
    let (first, last) = (near.saturating_sub(1), (near + 1).min(2 * REACH));
    let fine = (first..=last).min_by_key(|at| {
        let window = around.get(*at..*at + HOP).unwrap_or_default();
        (difference(wanted, window), at.abs_diff(REACH))
    });
    fine.unwrap_or(near)
}

/// The mean of each pair of samples.
fn halve(samples: &[i16], out: &mut [i16]) {
    let pairs = samples.as_chunks::<STEP>().0.iter().zip(out);
    pairs.for_each(|([one, other], out)| {
        *out = i32::midpoint(i32::from(*one), i32::from(*other)) as i16;
    });
}

/// How much two stretches of sound differ: the sum of all distances.
fn difference(one: &[i16], other: &[i16]) -> i32 {
    let both = one.iter().zip(other);
    both.map(|(a, b)| (i32::from(*a) - i32::from(*b)).abs())
        .sum()
}
