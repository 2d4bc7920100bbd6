//! What an operator works on: sets, and the row of prompts that is stepped through.
//!
//! Law: a row has a prompt at every step; behind its last one comes its first.

use super::Bench;
use crate::base::Language;
use crate::flow::Workset;
use crate::flow::heard::Heard;
use crate::prompt::{ClipId, Grammar, Line};

/// The lines that callers hear before the tone.
pub(super) const GREETINGS: [Line; 6] = [
    Line::GreetingReached,
    Line::GreetingBusy,
    Line::GreetingNoAnswer,
    Line::GreetingUnavailable,
    Line::LeaveMessage,
    Line::FinishRecording,
];

/// A place in a row of prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reel {
    /// All prompts of a grammar; the place, from 0.
    All(usize),
    /// The system greetings; the place, from 0.
    Greetings(usize),
}

impl Bench {
    /// The first of these sets is at hand; `None` where there is none.
    pub(super) fn of(sets: &[Workset]) -> Option<Bench> {
        Some(Bench {
            current: sets.first()?.clone(),
            all: sets.into(),
            heard: Heard::default(),
        })
    }

    /// This set is at hand. No menu was heard in its language yet.
    pub(super) fn with(self, current: Workset) -> Bench {
        let heard = Heard::default();
        Bench {
            current,
            heard,
            ..self
        }
    }

    /// The language of the set at hand.
    pub(super) fn language(&self) -> &Language {
        &self.current.set.language
    }

    /// The grammar of the set at hand.
    pub(super) fn grammar(&self) -> Grammar {
        self.current.grammar
    }

    /// Whether there is more than one set.
    pub(super) fn has_others(&self) -> bool {
        self.all.len() > 1
    }
}

impl Reel {
    /// At the first of the greetings.
    pub(super) fn greetings() -> Reel {
        Reel::Greetings(0)
    }

    /// At the prompt with this number, from 1; `None` where there is none.
    pub(super) fn at(number: usize, grammar: Grammar) -> Option<Reel> {
        let place = number.checked_sub(1)?;
        (place < grammar.all_clips().len()).then_some(Reel::All(place))
    }

    /// The prompt here and its number.
    pub(super) fn clip(self, grammar: Grammar) -> (u32, ClipId) {
        let all = grammar.all_clips();
        let place = match self {
            Reel::All(place) => place,
            Reel::Greetings(at) => {
                let line = ClipId::from(GREETINGS[at % GREETINGS.len()]);
                all.iter().position(|clip| *clip == line).unwrap_or(0)
            }
        };
        let place = place % all.len();
        (place as u32 + 1, all[place].clone())
    }

    /// One prompt on.
    pub(super) fn next(self, grammar: Grammar) -> Reel {
        self.moved(1, grammar)
    }

    /// One prompt back.
    pub(super) fn previous(self, grammar: Grammar) -> Reel {
        self.moved(self.length(grammar) - 1, grammar)
    }

    fn moved(self, by: usize, grammar: Grammar) -> Reel {
        let length = self.length(grammar);
        match self {
            Reel::All(at) => Reel::All((at + by) % length),
            Reel::Greetings(at) => Reel::Greetings((at + by) % length),
        }
    }

    fn length(self, grammar: Grammar) -> usize {
        match self {
            Reel::All(_) => grammar.all_clips().len(),
            Reel::Greetings(_) => GREETINGS.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_prompt_has_a_number_and_every_number_within_the_row_a_prompt() {
        for grammar in [Grammar::Dutch, Grammar::English] {
            let all = grammar.all_clips();
            for (place, clip) in all.iter().enumerate() {
                let (number, at) = Reel::at(place + 1, grammar).unwrap().clip(grammar);
                assert_eq!((number as usize, &at), (place + 1, clip));
            }
            assert_eq!(Reel::at(0, grammar), None);
            assert_eq!(Reel::at(all.len() + 1, grammar), None);
        }
    }

    #[test]
    fn a_row_is_stepped_through_whole_in_both_directions_and_begins_anew() {
        let grammar = Grammar::English;
        for first in [Reel::greetings(), Reel::All(0)] {
            for step in [Reel::next, Reel::previous] {
                let (mut reel, mut seen) = (first, BTreeSet::new());
                while seen.insert(reel.clip(grammar)) {
                    reel = step(reel, grammar);
                }
                assert_eq!(reel, first);
                assert_eq!(seen.len(), first.length(grammar));
            }
        }
    }

    #[test]
    fn the_greetings_are_what_a_caller_hears_before_the_tone() {
        let mut reel = Reel::greetings();
        for line in GREETINGS {
            let (number, clip) = reel.clip(Grammar::Dutch);
            assert_eq!(clip, ClipId::from(line));
            let by_number = Reel::at(number as usize, Grammar::Dutch).unwrap();
            assert_eq!(by_number.clip(Grammar::Dutch).1, clip);
            reel = reel.next(Grammar::Dutch);
        }
    }
}
