//! Waiting for the mailbox, or whoever else was asked, to answer.
//!
//! Laws: who has heard nothing for [`SILENCE_MAX`] is told, once for each question, that it takes a
//! moment; the words stop when the answer is there. Keys pressed meanwhile are held by the states
//! that wait.

use crate::flow::{Effect, Effects, Event};
use crate::mailbox::Command;
use crate::prompt::{Line, Phrase};
use std::time::Duration;

/// How long a caller listens into silence before hearing that it takes a moment.
const SILENCE_MAX: Duration = Duration::from_secs(2);

/// How long a caller has waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Moment {
    /// Not long.
    Short,
    /// So long that the caller is being told.
    Speaking,
    /// Longer.
    Told,
}

impl Moment {
    /// Asks the mailbox. Nothing may be playing.
    pub(super) fn ask(command: Command, fx: &mut Effects) -> Moment {
        fx.push(Effect::Mail(command));
        Moment::begin(fx)
    }

    /// Something was asked just now. Nothing may be playing.
    pub(super) fn begin(fx: &mut Effects) -> Moment {
        fx.push(Effect::AwaitKey(SILENCE_MAX));
        Moment::Short
    }

    /// Takes an event that is not the answer.
    pub(super) fn on(self, event: &Event, fx: &mut Effects) -> Moment {
        match (self, event) {
            (Moment::Short, Event::Timeout) => {
                fx.push(Effect::Play(vec![Phrase::Line(Line::OneMoment)]));
                Moment::Speaking
            }
            (Moment::Speaking, Event::PlayDone) => Moment::Told,
            (moment, _) => moment,
        }
    }

    /// Stops the words if they play.
    pub(super) fn hush(self, fx: &mut Effects) {
        if self == Moment::Speaking {
            fx.push(Effect::StopPlay);
        }
    }
}
