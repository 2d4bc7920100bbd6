//! A feature access code was dialled (user manual, section 7): it is done, and how things stand from
//! then on is said.
//!
//! In: `Started`, then keys where something is missing, and the answer to a change. Out: changes of
//! what the owner has set, and words. Laws: only the network's word on whose telephone it is counts,
//! there is no log-in; every code says the state that results, also where nothing changed, and only
//! after it is stored; no call is forwarded to the own line, nor to where the operator does not
//! allow; who called last is called back only there too. What is missing is asked for, and left alone
//! after some tries.
//!
//! One file per state: `start` (the code itself), `number`, `rings`, `caller`, `storing`. Not here: which
//! strings are codes (`crate::feature`), the indicator and the portal, which have flows of their own.

mod caller;
mod number;
mod rings;
mod start;
mod storing;

use super::portal::Owner;
use super::{Conversation, Cx, Effects, End, Event, KeyPolicy};
use crate::feature::Dialled;
use crate::prompt::{Line, Phrase};
use crate::subscriber::Profile;
use caller::LastCall;
use number::ForwardTo;
use rings::AskRings;
use std::sync::Arc;
use storing::Storing;

/// What is known when a code was dialled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FeatureSetup {
    /// The subscriber whose telephone it is, where the network asserts that.
    pub owner: Option<Arc<Profile>>,
    /// The code; `None` where what was dialled looks like one and is none.
    pub dialled: Option<Dialled>,
}

/// A call that a code was dialled for: one variant for each state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FeatureCall {
    /// The call is not answered yet.
    New(FeatureSetup),
    /// Asking where to forward to.
    Number(ForwardTo),
    /// Asking for the number of rings.
    Rings(AskRings),
    /// The last caller is told.
    LastCall(LastCall),
    /// A change is being stored.
    Storing(Storing),
}

impl FeatureCall {
    /// Before the call is answered.
    pub(super) fn new(setup: FeatureSetup) -> FeatureCall {
        FeatureCall::New(setup)
    }

    /// Takes one event.
    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match (self, event) {
            (FeatureCall::New(setup), Event::Started) => start::begin(setup, cx, fx),
            (call @ FeatureCall::New(_), _) => call.into(),
            (FeatureCall::Number(state), event) => state.on(event, cx, fx),
            (FeatureCall::Rings(state), event) => state.on(event, cx, fx),
            (FeatureCall::LastCall(state), event) => state.on(event, cx, fx),
            (FeatureCall::Storing(state), event) => state.on(event, cx, fx),
        }
    }

    /// The server is closing down.
    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        match self {
            FeatureCall::New(_) => {}
            FeatureCall::Number(state) => state.hush(fx),
            FeatureCall::Rings(state) => state.hush(fx),
            FeatureCall::LastCall(state) => state.hush(fx),
            FeatureCall::Storing(state) => return state.on_service_ending(),
        }
        last(vec![Phrase::Line(Line::ServiceEnding)], fx)
    }

    /// What becomes of keys.
    pub(super) fn key_policy(&self) -> KeyPolicy {
        match self {
            FeatureCall::New(_)
            | FeatureCall::Number(_)
            | FeatureCall::Rings(_)
            | FeatureCall::LastCall(_) => KeyPolicy::Now,
            FeatureCall::Storing(_) => KeyPolicy::Hold,
        }
    }

    /// The name of the state.
    pub(super) fn state_name(&self) -> &'static str {
        match self {
            FeatureCall::New(_) => "feature.new",
            FeatureCall::Number(_) => "feature.number",
            FeatureCall::Rings(_) => "feature.rings",
            FeatureCall::LastCall(_) => "feature.call-return",
            FeatureCall::Storing(_) => "feature.storing",
        }
    }
}

impl From<FeatureCall> for Conversation {
    fn from(call: FeatureCall) -> Conversation {
        Conversation::Feature(call)
    }
}

/// The last words, goodbye, and the end.
fn last(mut words: Vec<Phrase>, fx: &mut Effects) -> Conversation {
    words.push(Phrase::Line(Line::Goodbye));
    End::HangUp.after(words, fx)
}
