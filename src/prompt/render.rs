//! Phrases to pieces, and to the words a listener hears.

use super::clip::{ClipId, Piece};
use super::{Catalogue, Grammar, Phrase};
use std::time::Duration;

/// The pause between two sentences.
const SENTENCE_PAUSE: Duration = Duration::from_millis(250);

/// The pieces of one phrase, in the order they are heard. A choice says what it does before it
/// names its key. Whoever speaks several languages renders [`Phrase::In`] with the grammar of its
/// own.
pub fn render(grammar: Grammar, phrase: &Phrase) -> Vec<Piece> {
    match phrase {
        Phrase::Line(line) => vec![(*line).into()],
        Phrase::Brief(line, digit) if line.has_brief() => {
            vec![
                ClipId::brief(*line).into(),
                grammar.brief_key(*digit).into(),
            ]
        }
        Phrase::Choice(line, digit) | Phrase::Brief(line, digit) => {
            vec![(*line).into(), grammar.key(*digit).into()]
        }
        Phrase::In(_, phrase) => render(grammar, phrase),
        Phrase::Clip(clip) => vec![clip.clone().into()],
        // Whoever has the recording plays it; the words instead are all a grammar knows.
        Phrase::Recorded(_, instead) => instead.iter().flat_map(|p| render(grammar, p)).collect(),
        Phrase::Say(value) => grammar.say(value),
        Phrase::Beep => vec![Piece::Beep],
        Phrase::Pause(span) => vec![Piece::Pause(*span)],
    }
}

/// The pause between two phrases, by the last text of the one and the first text of the other:
/// a sentence ends in a full stop, and begins with a capital.
pub fn pause_between(before: &str, after: &str) -> Option<Duration> {
    let ends = before.ends_with(['.', '!', '?']);
    let begins = after.starts_with(char::is_uppercase);
    (ends || begins).then_some(SENTENCE_PAUSE)
}

/// What a listener hears, in words; a tone is written `[beep]`.
pub fn spell_out(catalogue: &Catalogue, phrases: &[Phrase]) -> String {
    let pieces = phrases.iter().flat_map(|p| render(catalogue.grammar(), p));
    let words: Vec<String> = pieces
        .filter_map(|piece| match piece {
            Piece::Clip(clip) => Some(
                catalogue
                    .text(&clip)
                    .map_or_else(|| format!("[{clip}]"), str::to_owned),
            ),
            Piece::Beep => Some("[beep]".to_owned()),
            Piece::Pause(_) => None,
        })
        .collect();
    words.join(" ")
}
