//! One clip: its files decoded, joined, prepared, judged and encoded.

use super::CompiledClip;
use super::problem::{Problem, Times};
use crate::audio::decode::Sound;
use crate::audio::prepare::{self, LOUDNESS_DB, Measured, PrepareFault, Prepared};
use crate::audio::{Pcm, flac};
use crate::decoder::Decoder;
use crate::library::MAX_CLIP;
use crate::library::intake::SoundFile;
use crate::prompt::{Catalogue, ClipId};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// More than this of a clip cut off at full scale is heard as distortion.
const CLIPPED_MAX: Duration = Duration::from_millis(2);

/// Or, of a long clip, one part in so many.
const CLIPPED_SHARE: u32 = 1_000;

/// A recording that needs more gain than this, in dB, brings its noise along.
const GAIN_MAX: f64 = 20.0;

/// A clip that stays this far below the others, in dB, is heard to be quieter.
const QUIETER: f64 = 6.0;

/// How many times longer or shorter than usual a clip may be for its text.
const PACE: f64 = 2.5;

/// How long a letter or figure usually takes, where there are too few clips to tell, in ms.
const USUAL_PACE: f64 = 80.0;

/// So many clips tell how fast their voice speaks.
const CLIPS_TELL: usize = 20;

/// A text counts at least so many letters: "A" is said "ay".
const LETTERS_MIN: usize = 4;

/// What became of the files of one clip.
pub(super) struct Tried {
    /// Which clip.
    pub(super) clip: ClipId,
    /// The clip, where it can be used.
    pub(super) made: Option<CompiledClip>,
    /// What was found, with the name of the file.
    pub(super) found: Vec<(String, Problem)>,
}

impl SoundFile {
    /// What the upload calls its first file.
    pub(super) fn first_name(&self) -> Option<String> {
        self.parts.first().map(|part| part.name.clone())
    }
}

/// Makes a clip of its files.
pub(super) fn make(file: &SoundFile, decoder: &Decoder) -> Tried {
    let mut found = Vec::new();
    // The libraries that resample and encode are not ours, and one clip must not stop the others.
    let made = catch_unwind(AssertUnwindSafe(|| make_clip(file, decoder, &mut found)));
    let made = made.unwrap_or(Err((0, Problem::Encoder)));
    let made = made
        .map_err(|(number, problem)| {
            let part = file.parts.get(number);
            found.push((
                part.map(|part| part.name.clone()).unwrap_or_default(),
                problem,
            ));
        })
        .ok();
    Tried {
        clip: file.clip.clone(),
        made,
        found,
    }
}

/// On failure, the number of the file it is about.
fn make_clip(
    file: &SoundFile,
    decoder: &Decoder,
    found: &mut Vec<(String, Problem)>,
) -> Result<CompiledClip, (usize, Problem)> {
    let mut parts = Vec::new();
    for (number, part) in file.parts.iter().enumerate() {
        let sound = decoder.decode_prompt(&part.bytes);
        let sound = sound.map_err(|fault| (number, Problem::Undecodable(fault)))?;
        match clipping(&sound) {
            Some(problem @ Problem::SomeClipped) => found.push((part.name.clone(), problem)),
            Some(problem) => return Err((number, problem)),
            None => {}
        }
        parts.push(sound.pcm);
    }
    let prepared = prepare(parts)?;
    if prepared.pcm.duration() > MAX_CLIP {
        return Err((0, Problem::TooLong));
    }
    let name = file.first_name().unwrap_or_default();
    found.extend(level(&prepared.measured).map(|problem| (name, problem)));
    Ok(CompiledClip {
        flac: flac::encode(&prepared.pcm).map_err(|_| (0, Problem::Encoder))?,
        ms: prepared.pcm.duration().as_millis() as u64,
        loudness: prepared.measured.loudness_db,
        pcm16k: prepared.pcm,
    })
}

/// One clip of all parts.
fn prepare(mut parts: Vec<Pcm>) -> Result<Prepared, (usize, Problem)> {
    let whole = match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            parts.push(last);
            prepare::join(&parts).map_err(|number| (number, Problem::Silent))?
        }
        (None, _) => return Err((0, Problem::Silent)),
    };
    prepare::prepare(&whole).map_err(|fault| match fault {
        PrepareFault::Silent => (0, Problem::Silent),
        PrepareFault::OutsideBand => (0, Problem::OutsideBand),
        PrepareFault::Rate(_) => (0, Problem::Encoder),
    })
}

fn clipping(sound: &Sound) -> Option<Problem> {
    let share = sound.pcm.duration() / CLIPPED_SHARE;
    if sound.clipped > CLIPPED_MAX.max(share) {
        return Some(Problem::Clipped(sound.clipped));
    }
    (!sound.clipped.is_zero()).then_some(Problem::SomeClipped)
}

/// What is to be said about the loudness of a recording.
fn level(measured: &Measured) -> Option<Problem> {
    let louder = measured.loudness_db - measured.recorded_db;
    let below = LOUDNESS_DB - measured.loudness_db;
    if louder > GAIN_MAX {
        Some(Problem::Quiet(louder))
    } else if below > QUIETER {
        Some(Problem::Peaky(below))
    } else {
        None
    }
}

/// The clips that play much longer or shorter than their texts suggest, by how fast the voice of
/// all clips speaks.
pub(super) fn pace(
    clips: &BTreeMap<ClipId, CompiledClip>,
    catalogue: &Catalogue,
) -> Vec<(ClipId, Problem)> {
    let letter = |id: &ClipId, clip: &CompiledClip| {
        let text = catalogue.text(id)?;
        let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
        Some(spoken(clip) / letters.max(LETTERS_MIN) as f64)
    };
    let mut paces: Vec<f64> = clips
        .iter()
        .filter_map(|(id, clip)| letter(id, clip))
        .collect();
    paces.sort_by(f64::total_cmp);
    let usual = paces
        .get(paces.len() / 2)
        .filter(|_| paces.len() >= CLIPS_TELL);
    let usual = usual.copied().unwrap_or(USUAL_PACE).max(1.0);
    let odd = |(id, clip): (&ClipId, &CompiledClip)| {
        let times = letter(id, clip)? / usual;
        let (ms, times_as_long) = (clip.ms, Times(times));
        let problem = Problem::Pace {
            ms,
            times: times_as_long,
        };
        (!(1.0 / PACE..=PACE).contains(&times)).then(|| (id.clone(), problem))
    };
    clips.iter().filter_map(odd).collect()
}

/// How long a clip speaks, without the silence at its ends, in ms.
fn spoken(clip: &CompiledClip) -> f64 {
    let edges = 2 * prepare::EDGE.as_millis() as u64;
    clip.ms.saturating_sub(edges) as f64
}
