//! Call forwarding: under each condition on or off, and where to; and the number of rings.
//!
//! In: keys and numbers. Out: changes of what the owner has set. Laws: every screen says how it
//! stands, after each change and where nothing changed too; a number is in use only after it was
//! read back and confirmed; no call is forwarded to the own line, nor to where the operator does
//! not allow.
//!
//! One file per screen: `menu`, `condition`, `number`, `confirm`, `rings`; `storing` waits for a
//! change to be stored, `standing` has the words for how a forwarding stands.

mod condition;
mod confirm;
mod menu;
mod number;
mod rings;
pub(in crate::flow) mod standing;
mod storing;

use super::Portal;
use super::inbox::Rest;
use super::visitor::Visitor;
use crate::base::MessageId;
use crate::flow::{Conversation, Cx, Effects, Event, KeyPolicy};
use condition::ConditionMenu;
use confirm::Confirm;
pub(super) use menu::ForwardingMenu;
use number::DestinationNumber;
pub(in crate::flow) use number::{destination, refusal};
use rings::RingsMenu;
pub(in crate::flow) use rings::rings_of_key;
use storing::Storing;

/// Call forwarding: one variant for each state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Forwarding {
    /// The choice of a condition.
    Menu(ForwardingMenu),
    /// One condition.
    Condition(ConditionMenu),
    /// Asking for a number.
    Number(DestinationNumber),
    /// A number was read back.
    Confirm(Confirm),
    /// The number of rings.
    Rings(RingsMenu),
    /// A change is being stored.
    Storing(Storing),
}

impl Forwarding {
    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match self {
            Forwarding::Menu(state) => state.on(event, cx, fx),
            Forwarding::Condition(state) => state.on(event, cx, fx),
            Forwarding::Number(state) => state.on(event, cx, fx),
            Forwarding::Confirm(state) => state.on(event, cx, fx),
            Forwarding::Rings(state) => state.on(event, cx, fx),
            Forwarding::Storing(state) => state.on(event, cx, fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        match self {
            Forwarding::Menu(state) => state.on_service_ending(fx),
            Forwarding::Condition(state) => state.on_service_ending(fx),
            Forwarding::Number(state) => state.on_service_ending(fx),
            Forwarding::Confirm(state) => state.on_service_ending(fx),
            Forwarding::Rings(state) => state.on_service_ending(fx),
            Forwarding::Storing(state) => state.on_service_ending(),
        }
    }

    fn visitor(&self) -> &Visitor {
        match self {
            Forwarding::Menu(state) => &state.visitor,
            Forwarding::Condition(state) => &state.visitor,
            Forwarding::Number(state) => &state.visitor,
            Forwarding::Confirm(state) => &state.visitor,
            Forwarding::Rings(state) => &state.visitor,
            Forwarding::Storing(state) => &state.visitor,
        }
    }

    /// What is left to do when the call ends now.
    pub(super) fn rest(&self) -> Rest {
        self.visitor().rest()
    }

    /// A message is marked heard now, or could not be.
    pub(super) fn noted(&mut self, id: MessageId, done: bool) {
        let visitor = match self {
            Forwarding::Menu(state) => &mut state.visitor,
            Forwarding::Condition(state) => &mut state.visitor,
            Forwarding::Number(state) => &mut state.visitor,
            Forwarding::Confirm(state) => &mut state.visitor,
            Forwarding::Rings(state) => &mut state.visitor,
            Forwarding::Storing(state) => &mut state.visitor,
        };
        visitor.noted(id, done);
    }

    /// What becomes of keys.
    pub(super) fn key_policy(&self) -> KeyPolicy {
        match self {
            Forwarding::Menu(_)
            | Forwarding::Condition(_)
            | Forwarding::Number(_)
            | Forwarding::Confirm(_)
            | Forwarding::Rings(_) => KeyPolicy::Now,
            Forwarding::Storing(_) => KeyPolicy::Hold,
        }
    }

    /// The name of the state.
    pub(super) fn state_name(&self) -> &'static str {
        match self {
            Forwarding::Menu(_) => "portal.forwarding",
            Forwarding::Condition(_) => "portal.forward",
            Forwarding::Number(_) => "portal.forward-number",
            Forwarding::Confirm(_) => "portal.destination",
            Forwarding::Rings(_) => "portal.rings",
            Forwarding::Storing(_) => "portal.forward-storing",
        }
    }
}

impl From<Forwarding> for Conversation {
    fn from(forwarding: Forwarding) -> Conversation {
        Portal::Forwarding(forwarding).into()
    }
}
