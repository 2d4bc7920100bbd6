//! What is active on the line, in one go.
//!
//! In: what the owner and everybody else have set. Out: a sentence for each thing that is not as it
//! is for whoever has set nothing, then what of it should make the owner think. Laws: nothing that
//! is on is left out; "nothing is active" is said only where nothing is.

use super::forwarding::standing;
use super::{Owner, greetings};
use crate::flow::Cx;
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Condition, Feature, Features};

/// All that is active, and the warnings.
pub(super) fn words(owner: &Owner, cx: &Cx<'_>) -> Vec<Phrase> {
    let mut words = forwardings(owner);
    words.extend(features(owner));
    words.extend(away(owner, cx));
    if words.is_empty() {
        return vec![Phrase::Line(Line::NothingActive)];
    }
    words.extend(warnings(owner, cx).into_iter().map(Phrase::Line));
    words
}

/// Every forwarding that is on, and the rings where they count.
fn forwardings(owner: &Owner) -> Vec<Phrase> {
    let forwarding = &owner.services.forwarding;
    let is_on = |condition: &Condition| forwarding.under(*condition).target().is_some();
    let on = Condition::ALL.into_iter().filter(is_on);
    let mut words: Vec<Phrase> = on.flat_map(|on| standing::plain(owner, on)).collect();
    if is_on(&Condition::NoAnswer) {
        words.extend(standing::rings(owner));
    }
    words
}

/// Every feature that is not as usual.
fn features(owner: &Owner) -> Vec<Phrase> {
    let features = &owner.services.features;
    let usual = Features::default();
    let unusual = Feature::ALL
        .into_iter()
        .filter(|feature| features.has(*feature) != usual.has(*feature));
    let said = |feature| {
        let stands = if features.has(feature) {
            Line::IsOn
        } else {
            Line::IsOff
        };
        [named(feature), stands].map(Phrase::Line)
    };
    unusual.flat_map(said).collect()
}

pub(super) fn named(feature: Feature) -> Line {
    match feature {
        Feature::AlwaysToVoicemail => Line::AlwaysVoicemailIs,
        Feature::BusyToVoicemail => Line::BusyVoicemailIs,
        Feature::NoAnswerToVoicemail => Line::NoAnswerVoicemailIs,
        Feature::DoNotDisturb => Line::DisturbIs,
        Feature::HideNumber => Line::HiddenIs,
        Feature::RejectAnonymous => Line::RejectionIs,
        Feature::CallWaiting => Line::CallWaitingIs,
    }
}

/// The extended-away greeting, while callers hear it.
fn away(owner: &Owner, cx: &Cx<'_>) -> Vec<Phrase> {
    if greetings::reminder(owner, cx).is_empty() {
        Vec::new()
    } else {
        greetings::standing::away(owner, cx)
    }
}

/// What the owner may not have meant.
fn warnings(owner: &Owner, cx: &Cx<'_>) -> Vec<Line> {
    let forwarding = &owner.services.forwarding;
    let circle = Condition::ALL
        .into_iter()
        .any(|condition| standing::leads_back(owner, condition, cx));
    let others = [
        Condition::Busy,
        Condition::NoAnswer,
        Condition::NotReachable,
    ];
    let features = &owner.services.features;
    let is_on = |condition| forwarding.under(condition).target().is_some();
    let without_effect = others.into_iter().any(is_on)
        || features.has(Feature::AlwaysToVoicemail)
        || features.has(Feature::DoNotDisturb);
    let warnings = [
        (circle, Line::WarnCircle),
        (
            is_on(Condition::Always) && without_effect,
            Line::WarnShadowed,
        ),
        (features.has(Feature::DoNotDisturb), Line::WarnQuiet),
    ];
    let holding = warnings.into_iter().filter(|(holds, _)| *holds);
    holding.map(|(_, line)| line).collect()
}
