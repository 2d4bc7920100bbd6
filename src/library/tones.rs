//! A prompt set for tests: every clip is a pair of tones of its own, so that what plays on a line
//! tells which clip it is.

use super::snapshot::Shelf;
use crate::audio::goertzel;
use crate::audio::tone::{self, DTMF, Pair};
use crate::audio::{WIRE_RATE, WireAudio};
use crate::prompt::{Catalogue, ClipId, Grammar};
use std::time::Duration;

/// How long every clip plays.
pub const SPAN: Duration = Duration::from_millis(300);
/// The name of the language.
pub const LANGUAGE: &str = "tones";

/// The peak of each tone of a pair, in dBFS.
const LEVEL: f64 = -12.0;
/// The lowest and highest frequency and their distance, in Hz: multiples of 50 stand exactly
/// apart in a packet of 20 ms.
const LOWEST: u16 = 400;
const HIGHEST: u16 = 3_300;
const STEP: u16 = 50;
/// How near to a key's frequencies a pair may not come, as a share of them; a detector of keys
/// must stay deaf to these clips.
const DTMF_REACH: f64 = 0.04;

/// Every clip with its pair, by name.
pub fn table() -> Vec<(ClipId, Pair)> {
    let catalogue = Catalogue::of_names(Grammar::English);
    catalogue
        .clips()
        .map(|clip| clip.id.clone())
        .zip(pairs())
        .collect()
}

/// The clip that is heard in these samples at [`WIRE_RATE`], 20 ms or more of one clip.
pub fn identify(samples: &[i16]) -> Option<ClipId> {
    let table = table();
    let pairs: Vec<Pair> = table.iter().map(|(_, pair)| *pair).collect();
    let index = goertzel::find_pair(samples, WIRE_RATE, &pairs)?;
    table.into_iter().nth(index).map(|(clip, _)| clip)
}

/// All clips.
pub(super) fn shelf() -> Shelf {
    let clips = table().into_iter();
    let clips = clips.map(|(clip, pair)| (clip, encode(pair)));
    Shelf::of(&Catalogue::of_names(Grammar::English), clips.collect())
}

fn encode(pair: Pair) -> WireAudio {
    WireAudio::from_samples(&tone::pair(pair, LEVEL, SPAN, WIRE_RATE).samples)
}

/// Pairs of different frequencies, none of them like a key's.
fn pairs() -> impl Iterator<Item = Pair> {
    let frequencies = || (LOWEST..=HIGHEST).step_by(STEP.into()).map(f64::from);
    frequencies()
        .flat_map(move |low| frequencies().map(move |high| (low, high)))
        .filter(|(low, high)| low < high)
        .filter(|pair| !DTMF.iter().any(|key| like(*pair, *key)))
}

fn like(pair: Pair, key: Pair) -> bool {
    let near = |tone: f64, key: f64| (tone - key).abs() < key * DTMF_REACH;
    near(pair.0, key.0) && near(pair.1, key.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_clip_has_a_pair_of_its_own() {
        let table = table();
        let clips = Catalogue::of_names(Grammar::English).clips().count();
        let pairs: BTreeSet<_> = table
            .iter()
            .map(|(_, p)| (p.0 as u32, p.1 as u32))
            .collect();
        assert_eq!((table.len(), pairs.len()), (clips, clips));
    }

    #[test]
    fn one_packet_tells_which_clip_it_is() {
        for (clip, pair) in table() {
            let samples = encode(pair).samples();
            assert_eq!(identify(&samples[800..960]), Some(clip));
        }
    }

    #[test]
    fn the_beep_is_no_clip() {
        assert_eq!(identify(&tone::beep(WIRE_RATE).samples), None);
    }
}
