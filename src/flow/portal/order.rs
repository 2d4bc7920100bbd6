//! A change of what the owner has set, until whoever stores it has answered.
//!
//! Law: a server that closes down waits for the answer, so that nobody leaves without knowing
//! whether the change was made. Who hangs up meanwhile has made it all the same.

use super::moment::Moment;
use crate::flow::{ChangeFault, Effect, Effects, Event, Wish};
use crate::subscriber::Services;
use std::sync::Arc;

/// A change that is being stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::flow) struct Order {
    moment: Moment,
    then: Then,
}

/// What follows the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::flow) enum Then {
    /// The conversation goes on.
    GoOn,
    /// It ends: the server is closing down.
    End,
}

/// What came of an order.
pub(in crate::flow) enum Ordered {
    /// There is no answer yet.
    Pending(Order),
    /// The answer, and what follows it.
    Answered(Result<Arc<Services>, ChangeFault>, Then),
}

impl Order {
    /// Orders the change. Nothing may be playing.
    pub(in crate::flow) fn give(wish: Wish, fx: &mut Effects) -> Order {
        fx.push(Effect::Change(wish));
        Order {
            moment: Moment::begin(fx),
            then: Then::GoOn,
        }
    }

    /// Takes one event.
    pub(in crate::flow) fn on(self, event: &Event, fx: &mut Effects) -> Ordered {
        match event {
            Event::Changed(outcome) => Ordered::Answered(outcome.clone(), self.then),
            event => Ordered::Pending(Order {
                moment: self.moment.on(event, fx),
                ..self
            }),
        }
    }

    /// The server is closing down: the order is given, and its answer comes first.
    #[must_use]
    pub(in crate::flow) fn closing(self) -> Order {
        let then = Then::End;
        Order { then, ..self }
    }
}
