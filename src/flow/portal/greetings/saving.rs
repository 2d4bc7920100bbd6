//! A change of the name, a greeting or the extended-away service is being stored.
//!
//! Laws: what is called changed is; a failure is told; a recording is dropped once its fate is
//! known, for then it is stored or not wanted. A server that closes down waits for that fate, so
//! that nobody leaves without knowing it.

use super::one::AtOne;
use super::{Greetings, Guest, standing};
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::order::{Order, Ordered, Then};
use crate::flow::{ChangeFault, Conversation, Cx, Effect, Effects, Event, Wish};
use crate::prompt::{Line, Phrase};
use crate::subscriber::{AwayChange, Change, RecordingKind};

/// A change is being stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Saving {
    /// Whose it is.
    pub(super) guest: Guest,
    work: Work,
    order: Order,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Work {
    /// The recording comes into use.
    Record(RecordingKind),
    /// The own recording goes.
    Revert(RecordingKind),
    /// The extended-away service is set so.
    Away(AwayChange),
}

impl Saving {
    /// Orders the change. Nothing may be playing.
    pub(super) fn enter(guest: Guest, work: Work, fx: &mut Effects) -> Conversation {
        let order = Order::give(work.wish(), fx);
        Greetings::Saving(Saving { guest, work, order }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Saving {
            mut guest,
            work,
            order,
        } = self;
        let (outcome, then) = match order.on(event, fx) {
            Ordered::Pending(order) => {
                return Greetings::Saving(Saving { guest, work, order }).into();
            }
            Ordered::Answered(outcome, then) => (outcome, then),
        };
        if let Work::Record(_) = work {
            fx.push(Effect::Discard);
        }
        let told = match outcome {
            Ok(services) => {
                guest.owner.services = services;
                work.done(&guest, cx)
            }
            Err(fault) => vec![Phrase::Line(work.failed(fault))],
        };
        match then {
            Then::GoOn => AtOne::back(guest, work.kind(), told, cx, fx),
            Then::End => Leaving::at_once(guest.rest(), told, fx),
        }
    }

    /// The order is given; the subscriber still hears what came of it.
    pub(super) fn on_service_ending(self) -> Conversation {
        let order = self.order.closing();
        Greetings::Saving(Saving { order, ..self }).into()
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

    fn done(self, guest: &Guest, cx: &Cx<'_>) -> Vec<Phrase> {
        let line = match self {
            Work::Record(RecordingKind::Name) => Line::NameSaved,
            Work::Record(_) => Line::GreetingSaved,
            Work::Revert(RecordingKind::Name) => Line::NameErased,
            Work::Revert(_) => Line::GreetingStandard,
            Work::Away(_) => return standing::away(&guest.owner, cx),
        };
        vec![Phrase::Line(line)]
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
