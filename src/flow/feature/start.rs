//! What a code does as soon as the call is answered.

use super::caller::LastCall;
use super::number::ForwardTo;
use super::rings::AskRings;
use super::storing::{Storing, What};
use super::{FeatureSetup, Owner, last};
use crate::base::DialString;
use crate::feature::{Code, Dialled};
use crate::flow::portal::{refusal, standing};
use crate::flow::{Conversation, Cx, Effects};
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Change, Condition, ForwardChange};

/// The call is answered: the code is done, or what it lacks is asked for.
pub(super) fn begin(setup: FeatureSetup, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    let told = |line, fx: &mut Effects| last(vec![Phrase::Line(line)], fx);
    let Some(owner) = setup.owner else {
        return told(Line::OwnPhoneOnly, fx);
    };
    let Some(Dialled { code, argument }) = setup.dialled else {
        return told(Line::CodeUnknown, fx);
    };
    let owner = Owner::new(owner, cx);
    match code {
        Code::Switch(feature, on) => {
            let change = Change::Feature(feature, on);
            Storing::enter(owner, What::Feature(feature), change, fx)
        }
        Code::ForwardOn(condition) => forward_on((owner, condition), argument, cx, fx),
        Code::ForwardOff(condition) => {
            Storing::forward(owner, condition, ForwardChange::switch(false), fx)
        }
        Code::ForwardStatus(condition) => {
            let mut words = standing::of(&owner, condition, cx);
            if condition == Condition::NoAnswer {
                words.extend(standing::rings(&owner));
            }
            last(words, fx)
        }
        Code::Rings => match argument.as_ref().and_then(AskRings::figure) {
            Some(rings) => Storing::enter(owner, What::Rings, Change::Rings(rings), fx),
            None => AskRings::enter(owner, argument.is_some(), cx, fx),
        },
        Code::CallReturn => LastCall::enter(owner, cx, fx),
        Code::ForgetCaller => Storing::enter(owner, What::LastCaller, Change::LastCaller(None), fx),
        Code::DirectToVoicemail => told(Line::NoSuchMailbox, fx),
        Code::Live(_) => told(Line::CodeUnavailable, fx),
    }
}

/// Switches forwarding on: to the number dialled, else to the one from before, else to one that is
/// asked for.
fn forward_on(
    (owner, condition): (Owner, Condition),
    dialled: Option<DialString>,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    let before = owner.services.forwarding.under(condition).to.clone();
    let Some(to) = dialled.as_ref().or(before.as_ref()) else {
        return ForwardTo::enter((owner, condition), Vec::new(), fx);
    };
    match refusal(&owner, to, cx) {
        None => {
            let (on, to) = (Some(true), dialled);
            Storing::forward(owner, condition, ForwardChange { on, to }, fx)
        }
        Some(line) => ForwardTo::enter((owner, condition), vec![Phrase::Line(line)], fx),
    }
}
