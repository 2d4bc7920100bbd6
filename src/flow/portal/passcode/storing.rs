//! A new passcode is being stored.

use super::{Chooser, Choosing};
use crate::base::Pii;
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::order::{Order, Ordered, Then};
use crate::flow::{ChangeFault, Conversation, Cx, Effects, Event, Wish};
use crate::prompt::{Line, Phrase};

/// A new passcode is being stored. It counts as being checked: who pressed `#` too early is still
/// typing it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Storing {
    pub(super) chooser: Chooser,
    order: Order,
}

impl Storing {
    pub(super) fn enter(chooser: Chooser, chosen: Pii<String>, fx: &mut Effects) -> Conversation {
        let order = Order::give(Wish::Passcode(chosen), fx);
        Choosing::Storing(Storing { chooser, order }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Storing { mut chooser, order } = self;
        let (outcome, then) = match order.on(event, fx) {
            Ordered::Pending(order) => return Choosing::Storing(Storing { chooser, order }).into(),
            Ordered::Answered(outcome, then) => (outcome, then),
        };
        let fault = match outcome {
            Ok(services) => {
                chooser.owner_mut().services = services;
                None
            }
            Err(fault) => Some(fault),
        };
        if then == Then::End {
            return Leaving::at_once(chooser.rest(), vec![Phrase::Line(told(fault))], fx);
        }
        match fault {
            None => chooser.done(cx, fx),
            Some(ChangeFault::UsedBefore) => chooser.again(vec![Phrase::Line(told(fault))], cx, fx),
            Some(ChangeFault::Unavailable | ChangeFault::TooQuiet) => chooser.not_stored(cx, fx),
        }
    }

    pub(super) fn on_service_ending(self) -> Conversation {
        let order = self.order.closing();
        Choosing::Storing(Storing { order, ..self }).into()
    }
}

/// What the owner is told.
fn told(fault: Option<ChangeFault>) -> Line {
    match fault {
        None => Line::PasscodeChanged,
        Some(ChangeFault::UsedBefore) => Line::PasscodeUsed,
        Some(ChangeFault::Unavailable | ChangeFault::TooQuiet) => Line::ChangeFailed,
    }
}
