//! The conversations of the IVR: what is said, what each key does, what hanging up means.
//!
//! A flow is a machine of typed states. [`Event`]s go in, [`Effect`]s come out; it has no clock,
//! socket, disk or identifier source. The [`call`](crate::call) layer carries the effects out and
//! brings their outcome back as the next event: every `Mail`, `LogIn`, `Keep`, `ClearLamp`,
//! `Change`, `Send`, `OperatorLogIn` and `ChangePrompts` is answered within a bound of that layer's
//! choosing, with a fault if need be.
//!
//! Laws, proved by a walk over every reachable state and event (`walk`):
//! 1. hanging up always ends the conversation;
//! 2. a recording is never forgotten: it is kept, or dropped by a key or because there is nothing
//!    in it;
//! 3. it is never kept twice; one that is only tried out is never kept at all, and dropped at the
//!    end;
//! 4. silence alone ends every conversation;
//! 5. a prompt is stopped or done before the recording or the wait that follows it;
//! 6. every question to the mailbox or log-in is answered or the caller is told;
//! 7. nothing follows the end of the call;
//! 8. no key is a dead end.
//!
//! Besides: a message is marked heard only while it is heard, only what is marked deleted is
//! removed, keys are secret exactly while a passcode is typed or checked, and an event that does
//! not belong changes nothing.
//!
//! Rank 3. Requirements: the user manual, sections 6.1 to 6.3. Not here: type-ahead and timers (the
//! call layer), the words (the prompt catalogue), who may call (routing).

mod announcement;
mod ask;
mod card;
mod deposit;
mod feature;
mod greeting;
mod heard;
mod lamp;
mod menus;
mod operator;
mod portal;
mod recorder;
mod sentences;
mod settings;
mod tryout;
mod typing;
mod vocabulary;

#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod walk;

pub use announcement::{Announcement, End};
pub use card::{operator_card, user_card};
pub use deposit::{Admission, Deposit, DepositSetup};
pub use feature::{FeatureCall, FeatureSetup};
pub use heard::Detail;
pub use lamp::ClearLamp;
pub use menus::{
    AwayChoice, BetweenChoice, CallReturnChoice, Choice, ClipChoice, ClipReviewChoice,
    ConditionChoice, ConfirmChoice, DestinationChoice, ForwardingChoice, GreetingChoice,
    GreetingsChoice, LanguageChoice, MainChoice, Menu, MenuFault, MenuMistake, Menus, MoreChoice,
    OperatorChoice, OwnRecordingChoice, PlayingChoice, RecordingChoice, ReviewChoice, RingsChoice,
    SendingChoice, SentencesChoice, ServiceChoice, ServicesChoice, VoicemailChoice,
};
pub use operator::{Operator, OperatorSetup};
pub use portal::{Entry, Portal, PortalSetup};
pub use sentences::sentences;
pub use settings::{Settings, worth_keeping, worth_resuming};
pub use vocabulary::{
    ChangeFault, Effect, Effects, Event, KeepFault, KeyPolicy, LampFault, LogIn, LogInVerdict,
    OperatorLogIn, OperatorVerdict, PlayFault, PromptChange, PromptFault, RecordingDone, Sending,
    Wish, Workset,
};

use crate::base::Now;
use crate::prompt::Phrase;
use crate::subscriber::{Languages, Profile, Roster, ServiceBook};
use std::sync::Arc;

/// What every state may look at.
#[derive(Clone, Copy, Debug)]
pub struct Cx<'a> {
    /// The moment of the event.
    pub now: Now,
    /// The menus.
    pub menus: &'a Menus,
    /// Lengths, patience and bounds.
    pub settings: &'a Settings,
    /// The languages there are.
    pub languages: &'a Languages,
    /// Everybody else: who has which number.
    pub roster: &'a Roster,
    /// What they have set.
    pub book: &'a ServiceBook,
}

/// One conversation, from the answer of the call to its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Conversation {
    /// A caller leaves a message.
    Deposit(Deposit),
    /// A subscriber uses the portal.
    Portal(Portal),
    /// A subscriber puts the message indicator out.
    ClearLamp(ClearLamp),
    /// A subscriber dialled a feature access code.
    Feature(FeatureCall),
    /// An operator changes prompts.
    Operator(Operator),
    /// Something is said, then the call ends.
    Announcement(Announcement),
    /// The flow has hung up or handed the caller on; nothing follows.
    Ended,
}

impl Conversation {
    /// A caller was diverted to voicemail.
    pub fn deposit(setup: DepositSetup) -> Conversation {
        Conversation::Deposit(Deposit::new(setup))
    }

    /// A subscriber called the portal.
    pub fn portal(setup: PortalSetup) -> Conversation {
        Conversation::Portal(Portal::new(setup))
    }

    /// A telephone called to put its message indicator out; `owner` is the subscriber whose it is,
    /// where the network asserts that.
    pub fn clear_lamp(owner: Option<Arc<Profile>>) -> Conversation {
        Conversation::ClearLamp(ClearLamp::new(owner))
    }

    /// A telephone dialled a feature access code.
    pub fn feature(setup: FeatureSetup) -> Conversation {
        FeatureCall::new(setup).into()
    }

    /// Someone called to change prompts.
    pub fn operator(setup: OperatorSetup) -> Conversation {
        Conversation::Operator(Operator::new(setup))
    }

    /// Says this, then hangs up.
    pub fn announcement(words: Vec<Phrase>) -> Conversation {
        Conversation::Announcement(Announcement::New(words))
    }

    /// Takes one event. Keys turn secret and open here, so that no state can forget it.
    #[must_use]
    pub fn on(self, event: Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let secret = self.masks_keys();
        let next = match (self, event) {
            (Conversation::Deposit(deposit), Event::ServiceEnding) => deposit.on_service_ending(fx),
            (Conversation::Portal(portal), Event::ServiceEnding) => portal.on_service_ending(fx),
            (Conversation::Operator(operator), Event::ServiceEnding) => {
                operator.on_service_ending(fx)
            }
            (Conversation::Feature(call), Event::ServiceEnding) => call.on_service_ending(fx),
            (Conversation::ClearLamp(lamp), event) => lamp.on(&event, fx),
            (Conversation::Feature(call), event) => call.on(&event, cx, fx),
            (Conversation::Operator(operator), event) => operator.on(&event, cx, fx),
            (Conversation::Deposit(deposit), event) => deposit.on(&event, cx, fx),
            (Conversation::Portal(portal), event) => portal.on(event, cx, fx),
            (Conversation::Announcement(announcement), event) => announcement.on(&event, fx),
            (Conversation::Ended, _) => Conversation::Ended,
        };
        if next.masks_keys() != secret {
            fx.push(Effect::MaskKeys(next.masks_keys()));
        }
        next
    }

    /// The caller hung up, or the call was lost: the only effects are those that keep what is
    /// recorded, drop what was recorded to be tried out, and remove what is deleted.
    pub fn on_hang_up(self, _cx: &Cx<'_>, fx: &mut Effects) {
        match self {
            Conversation::Deposit(deposit) => deposit.on_hang_up(fx),
            Conversation::Portal(portal) => portal.on_hang_up(fx),
            Conversation::Operator(operator) => operator.on_hang_up(fx),
            Conversation::ClearLamp(_)
            | Conversation::Feature(_)
            | Conversation::Announcement(_)
            | Conversation::Ended => {}
        }
    }

    /// What becomes of keys pressed now.
    pub fn key_policy(&self) -> KeyPolicy {
        match self {
            Conversation::Deposit(deposit) => deposit.key_policy(),
            Conversation::Portal(portal) => portal.key_policy(),
            Conversation::Operator(operator) => operator.key_policy(),
            Conversation::Feature(call) => call.key_policy(),
            Conversation::ClearLamp(_) | Conversation::Announcement(_) | Conversation::Ended => {
                KeyPolicy::Now
            }
        }
    }

    /// Whether keys pressed now are secret. A passcode that is being checked counts: who pressed
    /// `#` too early is still typing it.
    pub fn masks_keys(&self) -> bool {
        match self {
            Conversation::Portal(portal) => portal.masks_keys(),
            Conversation::Operator(operator) => operator.masks_keys(),
            Conversation::Deposit(_)
            | Conversation::ClearLamp(_)
            | Conversation::Feature(_)
            | Conversation::Announcement(_)
            | Conversation::Ended => false,
        }
    }

    /// The name of the state, "flow.state", for traces and diagrams.
    pub fn state_name(&self) -> &'static str {
        match self {
            Conversation::Deposit(deposit) => deposit.state_name(),
            Conversation::Portal(portal) => portal.state_name(),
            Conversation::ClearLamp(lamp) => lamp.state_name(),
            Conversation::Feature(call) => call.state_name(),
            Conversation::Operator(operator) => operator.state_name(),
            Conversation::Announcement(announcement) => announcement.state_name(),
            Conversation::Ended => "ended",
        }
    }
}
