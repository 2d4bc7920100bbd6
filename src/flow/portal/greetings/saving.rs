//! A change of the name, a greeting or the extended-away service is being stored.
//!
//! Laws: what is called changed is; a failure is told; a recording is dropped once its fate is known, for
//! then it is stored or not wanted. A server that closes down waits for that fate, so that nobody leaves
//! without knowing it.

use super::one::AtOne;
use super::{Greetings, Visitor, standing};
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::moment::Moment;
use crate::flow::{ChangeFault, Conversation, Cx, Effect, Effects, Event, Wish};
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Away, Change, RecordingKind};
use std::sync::Arc;

/// A change is being stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Saving {
    /// Whose it is.
    pub(super) visitor: Visitor,
    work: Work,
    then: Then,
    moment: Moment,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Work {
    /// The recording comes into use.
    Record(RecordingKind),
    /// The own recording goes.
    Revert(RecordingKind),
    /// The extended-away service is set so.
    Away(Away),
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Then {
    /// The menu of the recording.
    Back,
    /// The end: the server is closing down.
    End,
}

impl Saving {
    /// Orders the change. Nothing may be playing.
    pub(super) fn enter(visitor: Visitor, work: Work, fx: &mut Effects) -> Conversation {
        fx.push(Effect::Change(work.wish()));
        let moment = Moment::begin(fx);
        Greetings::Saving(Saving {
            visitor,
            work,
            then: Then::Back,
            moment,
        })
        .into()
    }

    pub(super) fn on(mut self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Event::Changed(outcome) = event else {
            let moment = self.moment.on(event, fx);
            return Greetings::Saving(Saving { moment, ..self }).into();
        };
        if let Work::Record(_) = self.work {
            fx.push(Effect::Discard);
        }
        let told = match outcome {
            Ok(services) => {
                self.visitor.owner.services = Arc::clone(services);
                self.done(cx)
            }
            Err(fault) => vec![Phrase::Line(self.work.failed(*fault))],
        };
        match self.then {
            Then::Back => AtOne::back(self.visitor, self.work.kind(), told, cx, fx),
            Then::End => Leaving::at_once(self.visitor.rest(), told, fx),
        }
    }

    fn done(&self, cx: &Cx<'_>) -> Vec<Phrase> {
        let line = match self.work {
            Work::Record(RecordingKind::Name) => Line::NameSaved,
            Work::Record(_) => Line::GreetingSaved,
            Work::Revert(RecordingKind::Name) => Line::NameErased,
            Work::Revert(_) => Line::GreetingStandard,
            Work::Away(_) => return standing::away(&self.visitor.owner, cx),
        };
        vec![Phrase::Line(line)]
    }

    /// The order is given; the subscriber still hears what came of it.
    pub(super) fn on_service_ending(self) -> Conversation {
        let then = Then::End;
        Greetings::Saving(Saving { then, ..self }).into()
    }

    pub(super) fn on_hang_up(&self, fx: &mut Effects) {
        match self.work {
            Work::Record(_) => fx.push(Effect::Discard),
            Work::Revert(_) | Work::Away(_) => {}
        }
    }
}

impl Work {
    fn wish(self) -> Wish {
        match self {
            Work::Record(kind) => Wish::Record(kind),
            Work::Revert(kind) => Wish::Set(Change::Recording(kind, None)),
            Work::Away(away) => Wish::Set(Change::Away(away)),
        }
    }

    fn kind(self) -> RecordingKind {
        match self {
            Work::Record(kind) | Work::Revert(kind) => kind,
            Work::Away(_) => RecordingKind::Away,
        }
    }

    fn failed(self, fault: ChangeFault) -> Line {
        match (self, fault) {
            (Work::Record(_), ChangeFault::TooQuiet) => Line::RecordingTooQuiet,
            (Work::Record(_), ChangeFault::UsedBefore | ChangeFault::Unavailable) => {
                Line::RecordingNotSaved
            }
            (Work::Revert(_) | Work::Away(_), _) => Line::ChangeFailed,
        }
    }
}
