//! The services that are on or off and nothing more: do not disturb, the own number, anonymous callers,
//! call waiting, and what goes to voicemail.
//!
//! In: keys. Out: changes of what the owner has set. Laws: how a service stands is said before it can be
//! switched, and again once the change is stored. The same can be done by feature access codes; mobile
//! telephones keep some of those to themselves.
//!
//! One file per screen: `menu`, `one`; `storing` waits for a change to be stored.

mod menu;
mod one;
mod storing;

use super::inbox::Rest;
use super::visitor::Visitor;
use super::{Owner, Portal, status};
use crate::base::MessageId;
use crate::flow::{Conversation, Cx, Effects, Event, KeyPolicy};
use crate::prompt::{Line, Phrase};
use crate::subscriber::Feature;
pub(super) use menu::ServicesMenu;
use one::ServiceMenu;
use storing::Storing;

/// The services: one variant for each state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Services {
    /// The choice of a service.
    Menu(ServicesMenu),
    /// One service.
    One(ServiceMenu),
    /// A change is being stored.
    Storing(Storing),
}

impl Services {
    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match self {
            Services::Menu(state) => state.on(event, cx, fx),
            Services::One(state) => state.on(event, cx, fx),
            Services::Storing(state) => state.on(event, cx, fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        match self {
            Services::Menu(state) => state.on_service_ending(fx),
            Services::One(state) => state.on_service_ending(fx),
            Services::Storing(state) => state.on_service_ending(),
        }
    }

    /// What is left to do when the call ends now.
    pub(super) fn rest(&self) -> Rest {
        let visitor = match self {
            Services::Menu(state) => &state.visitor,
            Services::One(state) => &state.visitor,
            Services::Storing(state) => &state.visitor,
        };
        visitor.rest()
    }

    /// A message is marked heard now, or could not be.
    pub(super) fn noted(&mut self, id: MessageId, done: bool) {
        let visitor: &mut Visitor = match self {
            Services::Menu(state) => &mut state.visitor,
            Services::One(state) => &mut state.visitor,
            Services::Storing(state) => &mut state.visitor,
        };
        visitor.noted(id, done);
    }

    /// What becomes of keys.
    pub(super) fn key_policy(&self) -> KeyPolicy {
        match self {
            Services::Menu(_) | Services::One(_) => KeyPolicy::Now,
            Services::Storing(_) => KeyPolicy::Hold,
        }
    }

    /// The name of the state.
    pub(super) fn state_name(&self) -> &'static str {
        match self {
            Services::Menu(_) => "portal.services",
            Services::One(_) => "portal.service",
            Services::Storing(_) => "portal.service-storing",
        }
    }
}

impl From<Services> for Conversation {
    fn from(services: Services) -> Conversation {
        Portal::Services(services).into()
    }
}

/// "Do not disturb is on", and what that means where it silences the telephone.
pub(in crate::flow) fn stands(owner: &Owner, feature: Feature) -> Vec<Phrase> {
    let on = owner.services.features.has(feature);
    let how = if on { Line::IsOn } else { Line::IsOff };
    let quiet = on && feature == Feature::DoNotDisturb;
    let words = [
        Some(status::named(feature)),
        Some(how),
        quiet.then_some(Line::WarnQuiet),
    ];
    words.into_iter().flatten().map(Phrase::Line).collect()
}
