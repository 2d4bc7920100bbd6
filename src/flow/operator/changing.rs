//! A prompt set is being changed.
//!
//! Laws: what is called changed is; a refusal is told with its reason; a recording is dropped once
//! its fate is known, for the set has it or it is not wanted. A server that closes down waits for
//! that fate, so that nobody leaves without knowing it.

use super::menu::MainMenu;
use super::reel::Reel;
use super::{AtClip, Bench, Operator, last};
use crate::flow::portal::moment::Moment;
use crate::flow::{Conversation, Cx, Effect, Effects, Event, PromptChange, PromptFault};
use crate::prompt::Line;

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Work {
    /// The recording becomes this prompt.
    Replace(Reel),
    /// The set's own recording of this prompt goes.
    Revert(Reel),
    /// The version before comes back.
    RollBack,
}

/// A prompt set is being changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Changing {
    bench: Bench,
    work: Work,
    then: Then,
    moment: Moment,
}

/// What follows the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Then {
    /// The prompt, or the menu.
    Back,
    /// The end: the server is closing down.
    End,
}

impl Changing {
    /// Orders the change. Nothing may be playing.
    pub(super) fn enter(bench: Bench, work: Work, fx: &mut Effects) -> Conversation {
        let grammar = bench.grammar();
        let change = match work {
            Work::Replace(reel) => PromptChange::Replace(reel.clip(grammar).1),
            Work::Revert(reel) => PromptChange::Drop(reel.clip(grammar).1),
            Work::RollBack => PromptChange::RollBack,
        };
        let set = bench.current.set.clone();
        fx.push(Effect::ChangePrompts(set, change));
        let moment = Moment::begin(fx);
        Operator::Changing(Changing {
            bench,
            work,
            then: Then::Back,
            moment,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Event::PromptsChanged(outcome) = event else {
            let moment = self.moment.on(event, fx);
            return Operator::Changing(Changing { moment, ..self }).into();
        };
        let told = match outcome {
            Ok(()) => self.work.done(),
            Err(fault) => self.work.failed(*fault),
        };
        if let Work::Replace(_) = self.work {
            fx.push(Effect::Discard);
        }
        match (self.then, self.work) {
            (Then::Back, Work::Replace(reel) | Work::Revert(reel)) => {
                AtClip::enter(self.bench, reel, vec![told], cx, fx)
            }
            (Then::Back, Work::RollBack) => MainMenu::enter(self.bench, vec![told], cx, fx),
            (Then::End, _) => last(vec![told, Line::Goodbye], fx),
        }
    }

    /// The order is given; the operator still hears what came of it.
    pub(super) fn on_service_ending(self) -> Conversation {
        let then = Then::End;
        Operator::Changing(Changing { then, ..self }).into()
    }

    pub(super) fn on_hang_up(self, fx: &mut Effects) {
        match self.work {
            Work::Replace(_) => fx.push(Effect::Discard),
            Work::Revert(_) | Work::RollBack => {}
        }
    }
}

impl Work {
    fn done(self) -> Line {
        match self {
            Work::Replace(_) => Line::ClipInUse,
            Work::Revert(_) => Line::ClipReverted,
            Work::RollBack => Line::RolledBack,
        }
    }

    fn failed(self, fault: PromptFault) -> Line {
        match (fault, self) {
            (PromptFault::TooQuiet, _) => Line::RecordingTooQuiet,
            (PromptFault::TooLoud, _) => Line::RecordingTooLoud,
            (PromptFault::NotOwn, _) => Line::ClipNotOwn,
            (PromptFault::NothingBefore, _) => Line::NothingToRollBack,
            (PromptFault::Failed, Work::Replace(_)) => Line::ClipNotReplaced,
            (PromptFault::Failed, Work::Revert(_) | Work::RollBack) => Line::ChangeFailed,
        }
    }
}
