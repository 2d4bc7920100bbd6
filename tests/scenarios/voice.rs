//! The stand-in voice: every clip is a tone pair of its own, 400 ms long, so that the samples of a
//! call tell which clip was heard; and messages whose every second is told from the others.

use belpost::audio::tone::{self, Pair};
use belpost::audio::{WIRE_RATE, WireAudio};
use belpost::media::PlayItem;
use belpost::prompt::{ClipId, Grammar, Phrase, Piece, render};
use std::collections::HashMap;
use std::time::Duration;

/// How long each clip is.
pub const CLIP: Duration = Duration::from_millis(400);
/// The silence behind each clip, so that two of the same kind are told apart.
const GAP: Duration = Duration::from_millis(60);
/// Each tone of a pair, in dBFS.
const LEVEL: f64 = -12.0;

/// Low tones, 16 of them, 40 Hz apart: told apart within 60 ms.
fn low(n: usize) -> f64 {
    450.0 + 50.0 * n as f64
}

/// High tones.
fn high(n: usize) -> f64 {
    1_450.0 + 50.0 * n as f64
}

/// The pair of the `n`th clip; 480 of them. The beep's 440 Hz is in none.
pub fn pair(n: usize) -> Pair {
    (low(n % 16), high(n / 16 % 30))
}

/// The voice of one server: clips get their pairs as they are first said.
#[derive(Debug, Default)]
pub struct Voice {
    numbers: HashMap<String, usize>,
}

impl Voice {
    /// What the library would hand to a media session.
    pub fn say(&mut self, phrases: &[Phrase]) -> Vec<PlayItem> {
        phrases
            .iter()
            .flat_map(|phrase| render(Grammar::English, phrase))
            .flat_map(|piece| self.piece(piece))
            .collect()
    }

    /// The names of clips, by the number of their pair.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.numbers.iter().collect();
        names.sort_by_key(|(_, n)| **n);
        names.into_iter().map(|(name, _)| name.clone()).collect()
    }

    fn piece(&mut self, piece: Piece) -> Vec<PlayItem> {
        match piece {
            Piece::Clip(clip) => vec![self.clip(&clip), PlayItem::Silence(GAP)],
            Piece::Beep => vec![PlayItem::Audio(
                WireAudio::from_samples(&tone::beep(WIRE_RATE).samples),
            )],
            Piece::Pause(span) => vec![PlayItem::Silence(span)],
        }
    }

    fn clip(&mut self, clip: &ClipId) -> PlayItem {
        let next = self.numbers.len();
        let number = *self.numbers.entry(clip.as_str().to_owned()).or_insert(next);
        let tone = tone::pair(pair(number), LEVEL, CLIP, WIRE_RATE);
        PlayItem::Audio(WireAudio::from_samples(&tone.samples))
    }
}

/// What tells one second of a message from another: the `n`th fifth of a second is this pair.
pub fn message_pair(fifth: usize) -> Pair {
    (500.0 + 50.0 * (fifth % 15) as f64, 2_000.0 + 60.0 * (fifth / 15 % 20) as f64)
}

/// Pieces of a message that sound different.
pub const FIFTH: usize = WIRE_RATE as usize / 5;

/// A message of this many seconds; each fifth of a second has a pair of its own for a minute.
pub fn message(seconds: usize) -> WireAudio {
    let span = Duration::from_millis(200);
    let samples: Vec<i16> = (0..seconds * 5)
        .flat_map(|n| tone::pair(message_pair(n), LEVEL, span, WIRE_RATE).samples)
        .collect();
    WireAudio::from_samples(&samples)
}
