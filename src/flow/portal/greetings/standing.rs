//! How the name, a greeting and the extended-away service stand, in words.
//!
//! Law: the service is called on where callers hear so today, which they do not once its last day
//! is over.

use crate::base::{Date, day_in};
use crate::flow::Cx;
use crate::flow::greeting::named;
use crate::flow::portal::Owner;
use crate::prompt::{Line, Phrase, Say};
use crate::subscriber::RecordingKind;

/// How this stands: all there is to know of it.
pub(super) fn standing(kind: RecordingKind, owner: &Owner, cx: &Cx<'_>) -> Vec<Phrase> {
    let mut words = match kind {
        RecordingKind::Away => away(owner, cx),
        RecordingKind::Name | RecordingKind::Busy | RecordingKind::NoAnswer => Vec::new(),
    };
    words.extend(recording(kind, owner));
    words
}

/// What callers hear.
pub(super) fn recording(kind: RecordingKind, owner: &Owner) -> Vec<Phrase> {
    let own = owner.services.recording(kind).is_some();
    match kind {
        RecordingKind::Name if own => {
            let name = named(&owner.profile, &owner.services);
            let words = [Phrase::Line(Line::NameIs)];
            words.into_iter().chain(name).collect()
        }
        RecordingKind::Name => vec![Phrase::Line(Line::NameNone)],
        RecordingKind::Busy | RecordingKind::NoAnswer | RecordingKind::Away => {
            let line = if own {
                Line::GreetingOwn
            } else {
                Line::GreetingStandard
            };
            vec![Phrase::Line(line)]
        }
    }
}

/// The extended-away service.
pub(in crate::flow::portal) fn away(owner: &Owner, cx: &Cx<'_>) -> Vec<Phrase> {
    let mut words = on_until(owner, cx);
    words.push(Phrase::Line(if owner.services.away.refuses_messages {
        Line::AwayWithoutMessages
    } else {
        Line::AwayWithMessages
    }));
    words
}

/// What a subscriber who is away hears of it once in a call; nothing for others.
pub(in crate::flow::portal) fn reminder(owner: &Owner, cx: &Cx<'_>) -> Vec<Phrase> {
    if owner.services.away.holds_on(today(owner, cx)) {
        on_until(owner, cx)
    } else {
        Vec::new()
    }
}

fn on_until(owner: &Owner, cx: &Cx<'_>) -> Vec<Phrase> {
    let (away, today) = (owner.services.away, today(owner, cx));
    let on = if away.holds_on(today) {
        Line::IsOn
    } else {
        Line::IsOff
    };
    let mut words = vec![Phrase::Line(Line::AwayIs), Phrase::Line(on)];
    if let Some(date) = away.last_day {
        words.push(Phrase::Line(Line::AwayLastDay));
        words.push(Phrase::Say(Say::Day { date, today }));
    }
    words
}

fn today(owner: &Owner, cx: &Cx<'_>) -> Date {
    day_in(&owner.profile.zone, cx.now.wall)
}
