//! A change of call forwarding is being stored.

use super::condition::ConditionMenu;
use super::menu::ForwardingMenu;
use super::{Forwarding, standing};
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::order::{Order, Ordered, Then};
use crate::flow::portal::visitor::Visitor;
use crate::flow::{Conversation, Cx, Effect, Effects, Event, Wish};
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Change, Condition, ForwardChange};

/// A change of call forwarding is being stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Storing {
    pub(super) visitor: Visitor,
    what: What,
    order: Order,
}

/// What is being changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What {
    Forward(Condition),
    Rings,
}

impl Storing {
    /// Forwarding under a condition is to be so.
    pub(super) fn forward(
        visitor: Visitor,
        condition: Condition,
        forward: ForwardChange,
        fx: &mut Effects,
    ) -> Conversation {
        let change = Change::Forward(condition, forward);
        Storing::enter(visitor, What::Forward(condition), change, fx)
    }

    /// There are to be so many rings.
    pub(super) fn rings(visitor: Visitor, rings: u8, fx: &mut Effects) -> Conversation {
        Storing::enter(visitor, What::Rings, Change::Rings(rings), fx)
    }

    fn enter(visitor: Visitor, what: What, change: Change, fx: &mut Effects) -> Conversation {
        let order = Order::give(Wish::Set(change), fx);
        Forwarding::Storing(Storing {
            visitor,
            what,
            order,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Storing {
            mut visitor,
            what,
            order,
        } = self;
        let (outcome, then) = match order.on(event, fx) {
            Ordered::Pending(order) => {
                return Forwarding::Storing(Storing {
                    visitor,
                    what,
                    order,
                })
                .into();
            }
            Ordered::Answered(outcome, then) => (outcome, then),
        };
        let mut words = Vec::new();
        if let Ok(services) = outcome {
            visitor.owner.services = services;
        } else {
            fx.push(Effect::FlushKeys);
            words.push(Phrase::Line(Line::ChangeFailed));
        }
        match (then, what) {
            (Then::End, what) => {
                words.extend(what.standing(&visitor, cx));
                Leaving::at_once(visitor.rest(), words, fx)
            }
            (Then::GoOn, What::Forward(condition)) => {
                ConditionMenu::enter(visitor, condition, words, cx, fx)
            }
            (Then::GoOn, What::Rings) => {
                words.extend(what.standing(&visitor, cx));
                ForwardingMenu::enter(visitor, words, cx, fx)
            }
        }
    }

    pub(super) fn on_service_ending(self) -> Conversation {
        let order = self.order.closing();
        Forwarding::Storing(Storing { order, ..self }).into()
    }
}

impl What {
    /// How it stands now.
    fn standing(self, visitor: &Visitor, cx: &Cx<'_>) -> Vec<Phrase> {
        match self {
            What::Forward(condition) => standing::of(&visitor.owner, condition, cx),
            What::Rings => standing::rings(&visitor.owner),
        }
    }
}
