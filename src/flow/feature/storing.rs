//! A change by a code is being stored; then how it stands is said.

use super::{FeatureCall, Owner, last};
use crate::flow::portal::{Order, Ordered, standing, stands};
use crate::flow::{Conversation, Cx, Effects, Event, Wish};
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Change, Condition, Feature, ForwardChange};

/// A change is being stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Storing {
    owner: Owner,
    what: What,
    order: Order,
}

/// What is being changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// A feature.
    Feature(Feature),
    /// Forwarding under a condition.
    Forward(Condition),
    /// The number of rings.
    Rings,
    /// Who called last is being forgotten.
    LastCaller,
}

impl Storing {
    /// Forwarding under a condition is to be changed so.
    pub(super) fn forward(
        owner: Owner,
        condition: Condition,
        forward: ForwardChange,
        fx: &mut Effects,
    ) -> Conversation {
        let change = Change::Forward(condition, forward);
        Storing::enter(owner, What::Forward(condition), change, fx)
    }

    /// Orders the change. Nothing may be playing.
    pub(super) fn enter(
        owner: Owner,
        what: What,
        change: Change,
        fx: &mut Effects,
    ) -> Conversation {
        let order = Order::give(Wish::Set(change), fx);
        FeatureCall::Storing(Storing { owner, what, order }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Storing {
            mut owner,
            what,
            order,
        } = self;
        match order.on(event, fx) {
            Ordered::Pending(order) => FeatureCall::Storing(Storing { owner, what, order }).into(),
            // The call ends in any case, so what follows is the same.
            Ordered::Answered(Ok(services), _) => {
                owner.services = services;
                last(what.standing(&owner, cx), fx)
            }
            Ordered::Answered(Err(_), _) => {
                let mut words = vec![Phrase::Line(Line::ChangeFailed)];
                if what != What::LastCaller {
                    words.extend(what.standing(&owner, cx));
                }
                last(words, fx)
            }
        }
    }

    /// The change is ordered, and its answer comes first.
    pub(super) fn on_service_ending(self) -> Conversation {
        let order = self.order.closing();
        FeatureCall::Storing(Storing { order, ..self }).into()
    }
}

impl What {
    /// How it stands now.
    fn standing(self, owner: &Owner, cx: &Cx<'_>) -> Vec<Phrase> {
        match self {
            What::Feature(feature) => stands(owner, feature),
            What::Forward(condition) => standing::of(owner, condition, cx),
            What::Rings => standing::rings(owner),
            What::LastCaller => vec![Phrase::Line(Line::CallerForgotten)],
        }
    }
}
