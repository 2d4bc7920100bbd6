//! What the conversations say of how a subscriber's line stands, held against how it does stand.

use crate::base::DialString;
use crate::flow::Wish;
use crate::prompt::{Line, Phrase, Say};
use crate::subscriber::{Change, Condition, Feature, Features, Services};

/// Whether all that is said of forwarding, rings and features is true.
pub(super) fn is_true(words: &[Phrase], services: &Services) -> bool {
    let said = |line| words.contains(&Phrase::Line(line));
    let beginnings = (0..words.len()).map(|at| &words[at..]);
    beginnings.into_iter().all(|words| claim(words, services))
        && (!said(Line::NothingActive) || is_nothing_active(services))
        && (!said(Line::WarnQuiet) || services.features.do_not_disturb)
        && (!said(Line::WarnShadowed) || services.forwarding.always.on)
}

/// Whether the claim that these words begin with, if they do, is true.
fn claim(words: &[Phrase], services: &Services) -> bool {
    let Some(Phrase::Line(what)) = words.first() else {
        return true;
    };
    if let Some(condition) = condition(*what) {
        let forward = services.forwarding.under(condition);
        let to = match words.get(2) {
            Some(Phrase::Say(Say::Number(to))) => Some(to),
            _ => None,
        };
        return match words.get(1) {
            Some(Phrase::Line(Line::IsOnTo)) => forward.on && forward.to.as_ref() == to,
            Some(Phrase::Line(Line::IsOffTo)) => !forward.on && forward.to.as_ref() == to,
            Some(Phrase::Line(Line::IsOff)) => forward.target().is_none(),
            _ => false,
        };
    }
    if let Some(feature) = feature(*what) {
        let stands = if services.features.has(feature) {
            Line::IsOn
        } else {
            Line::IsOff
        };
        return words.get(1) == Some(&Phrase::Line(stands));
    }
    let rings = Phrase::Say(Say::Cardinal(u32::from(services.forwarding.rings)));
    *what != Line::RingsAre || words.get(1) == Some(&rings)
}

fn condition(line: Line) -> Option<Condition> {
    Some(match line {
        Line::AlwaysIs => Condition::Always,
        Line::BusyIs => Condition::Busy,
        Line::NoAnswerIs => Condition::NoAnswer,
        Line::NotReachableIs => Condition::NotReachable,
        _ => return None,
    })
}

fn feature(line: Line) -> Option<Feature> {
    Some(match line {
        Line::AlwaysVoicemailIs => Feature::AlwaysToVoicemail,
        Line::BusyVoicemailIs => Feature::BusyToVoicemail,
        Line::NoAnswerVoicemailIs => Feature::NoAnswerToVoicemail,
        Line::DisturbIs => Feature::DoNotDisturb,
        Line::HiddenIs => Feature::HideNumber,
        Line::RejectionIs => Feature::RejectAnonymous,
        Line::CallWaitingIs => Feature::CallWaiting,
        _ => return None,
    })
}

fn is_nothing_active(services: &Services) -> bool {
    let forwards = |condition| services.forwarding.under(condition).target().is_some();
    !Condition::ALL.into_iter().any(forwards)
        && services.features == Features::default()
        && !services.away.on
}

/// The number that these words read back.
pub(super) fn read_back(words: &[Phrase]) -> Option<DialString> {
    words.windows(2).find_map(|pair| match pair {
        [
            Phrase::Line(Line::DestinationIs),
            Phrase::Say(Say::Number(to)),
        ] => Some(to.clone()),
        _ => None,
    })
}

/// Whether calls are forwarded only to the number that was set before or to the one that was read
/// back.
pub(super) fn is_confirmed(wish: &Wish, services: &Services, read: Option<&DialString>) -> bool {
    let Wish::Set(Change::Forward(condition, forward)) = wish else {
        return true;
    };
    let before = &services.forwarding.under(*condition).to;
    let there = forward.to.is_some() || before.is_some() || forward.on != Some(true);
    there && (forward.to.is_none() || forward.to == *before || forward.to.as_ref() == read)
}
