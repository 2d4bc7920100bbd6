//! Taking a number or passcode key by key.
//!
//! In: the events of a state that asks for figures. Out: [`Typed`]. `#` ends the entry and so does
//! silence after a figure; `*` alone has a meaning of its own to the asker, after figures it
//! begins the entry anew. Laws: a key stops the prompt; the figures kept never exceed the bound
//! given, however long someone types.

use super::ask::Phase;
use super::{Cx, Effect, Effects, Event};
use crate::base::{Digit, Pii};
use crate::prompt::Phrase;

/// An entry under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Typing {
    figures: Pii<String>,
    phase: Phase,
}

/// What came of an entry.
pub(super) enum Typed {
    /// Not ended yet.
    Pending(Typing),
    /// Ended; at most one figure more than the bound, and then it is too long.
    Figures(Pii<String>),
    /// Nothing was pressed at all.
    Silence,
    /// `*` and nothing before it.
    Star,
    /// `*` after figures: begin anew.
    Anew,
}

impl Typing {
    /// Asks for figures.
    pub(super) fn ask(prompt: Vec<Phrase>, fx: &mut Effects) -> Typing {
        fx.push(Effect::Play(prompt));
        Typing {
            figures: Pii::new(String::new()),
            phase: Phase::Speaking,
        }
    }

    /// Stops the prompt if it still plays.
    pub(super) fn hush(&self, fx: &mut Effects) {
        self.phase.hush(fx);
    }

    /// Takes one event. `longest` figures make the longest good entry.
    pub(super) fn on(self, event: &Event, longest: usize, cx: &Cx<'_>, fx: &mut Effects) -> Typed {
        match (event, self.phase) {
            (Event::Digit(key), phase) => {
                phase.hush(fx);
                self.key(*key, longest, cx, fx)
            }
            (Event::PlayDone, Phase::Speaking) => {
                fx.push(Effect::AwaitKey(cx.settings.first_key));
                let phase = Phase::Waiting;
                Typed::Pending(Typing { phase, ..self })
            }
            (Event::Timeout, Phase::Waiting) if self.is_empty() => Typed::Silence,
            (Event::Timeout, Phase::Waiting) => Typed::Figures(self.figures),
            _ => Typed::Pending(self),
        }
    }

    fn key(self, key: Digit, longest: usize, cx: &Cx<'_>, fx: &mut Effects) -> Typed {
        match key {
            Digit::Pound => Typed::Figures(self.figures),
            Digit::Star if self.is_empty() => Typed::Star,
            Digit::Star => Typed::Anew,
            figure => {
                fx.push(Effect::AwaitKey(cx.settings.between_keys));
                Typed::Pending(self.with(figure, longest))
            }
        }
    }

    /// The entry with one key more; one beyond the bound is kept, to show that it was passed.
    fn with(self, key: Digit, longest: usize) -> Typing {
        let mut figures = self.figures.reveal().clone();
        if figures.len() <= longest && key.figure().is_some() {
            figures.push(key.as_char());
        }
        Typing {
            figures: Pii::new(figures),
            phase: Phase::Waiting,
        }
    }

    fn is_empty(&self) -> bool {
        self.figures.reveal().is_empty()
    }
}
