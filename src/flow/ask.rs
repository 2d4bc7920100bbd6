//! Asking for one key: prompt, wait, count what went wrong.
//!
//! In: the events of a state that offers a [`Menu`]. Out: an [`Answer`]. Laws: a key stops the
//! prompt; the wait begins when the prompt has ended, never while it plays; after the menu's
//! number of silent or wrong entries the answer is [`Answer::GivenUp`].
//! Numbers of more than one key are asked for in `typing`.

use super::menus::{Choice, Menu};
use super::{Cx, Effect, Effects, Event};
use crate::prompt::{Line, Phrase};

/// A question that is being asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ask {
    failures: u8,
    phase: Phase,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// The prompt plays.
    Speaking,
    /// The prompt has ended.
    Waiting,
}

impl Phase {
    /// Stops the prompt if it still plays.
    pub(super) fn hush(self, fx: &mut Effects) {
        if self == Phase::Speaking {
            fx.push(Effect::StopPlay);
        }
    }
}

/// What came of a question.
pub(super) enum Answer<C> {
    /// A choice; the prompt is stopped. The question comes along, to be asked again.
    Chosen(C, Ask),
    /// Silence or a wrong key: say the line, then ask again.
    Again(Line, Ask),
    /// Too often silent or wrong.
    GivenUp,
    /// Nothing yet.
    Pending(Ask),
}

impl<C> Answer<C> {
    /// The answer in the words of whoever asked.
    pub(super) fn map<D>(self, choice: impl FnOnce(C) -> D) -> Answer<D> {
        match self {
            Answer::Chosen(chosen, ask) => Answer::Chosen(choice(chosen), ask),
            Answer::Again(line, ask) => Answer::Again(line, ask),
            Answer::GivenUp => Answer::GivenUp,
            Answer::Pending(ask) => Answer::Pending(ask),
        }
    }
}

impl Ask {
    /// A question not asked yet that has already failed this often.
    pub(super) fn after_failures(failures: u8) -> Ask {
        let phase = Phase::Speaking;
        Ask { failures, phase }
    }

    /// Asks, with the failures so far.
    pub(super) fn again(self, prompt: Vec<Phrase>, fx: &mut Effects) -> Ask {
        fx.push(Effect::Play(prompt));
        Ask::after_failures(self.failures)
    }

    /// How often it has failed.
    pub(super) fn failures(&self) -> u8 {
        self.failures
    }

    /// Stops the prompt if it still plays.
    pub(super) fn hush(&self, fx: &mut Effects) {
        self.phase.hush(fx);
    }

    /// Takes one event.
    pub(super) fn on<C: Choice>(
        self,
        event: &Event,
        menu: &Menu<C>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Answer<C> {
        match (event, self.phase) {
            (Event::Digit(key), phase) => {
                phase.hush(fx);
                match menu.choice(*key) {
                    Some(choice) => Answer::Chosen(choice, self),
                    None => self.failed(Line::NotAChoice, menu, cx),
                }
            }
            (Event::PlayDone, Phase::Speaking) => {
                fx.push(Effect::AwaitKey(menu.wait.unwrap_or(cx.settings.first_key)));
                let phase = Phase::Waiting;
                Answer::Pending(Ask { phase, ..self })
            }
            (Event::Timeout, Phase::Waiting) => self.failed(Line::NothingPressed, menu, cx),
            _ => Answer::Pending(self),
        }
    }

    /// Counts a wrong answer: the caller's line to hear, or the end of the patience.
    pub(super) fn failed<C: Choice>(self, line: Line, menu: &Menu<C>, cx: &Cx<'_>) -> Answer<C> {
        let failures = self.failures.saturating_add(1);
        if failures >= menu.tries.unwrap_or(cx.settings.tries) {
            return Answer::GivenUp;
        }
        Answer::Again(line, Ask::after_failures(failures))
    }
}
