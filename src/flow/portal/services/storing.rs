//! A service is being switched.

use super::{Services, ServicesMenu, stands};
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::order::{Order, Ordered, Then};
use crate::flow::portal::visitor::Visitor;
use crate::flow::{Conversation, Cx, Effect, Effects, Event, Wish};
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Change, Feature};

/// A service is being switched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Storing {
    pub(super) visitor: Visitor,
    feature: Feature,
    order: Order,
}

impl Storing {
    pub(super) fn enter(
        visitor: Visitor,
        (feature, on): (Feature, bool),
        fx: &mut Effects,
    ) -> Conversation {
        let order = Order::give(Wish::Set(Change::Feature(feature, on)), fx);
        Services::Storing(Storing {
            visitor,
            feature,
            order,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Storing {
            mut visitor,
            feature,
            order,
        } = self;
        let (outcome, then) = match order.on(event, fx) {
            Ordered::Pending(order) => {
                return Services::Storing(Storing {
                    visitor,
                    feature,
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
        words.extend(stands(&visitor.owner, feature));
        match then {
            Then::End => Leaving::at_once(visitor.rest(), words, fx),
            Then::GoOn => ServicesMenu::enter(visitor, words, cx, fx),
        }
    }

    pub(super) fn on_service_ending(self) -> Conversation {
        let order = self.order.closing();
        Services::Storing(Storing { order, ..self }).into()
    }
}
