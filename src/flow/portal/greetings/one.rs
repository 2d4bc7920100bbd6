//! The menu of one recording: how it stands, and what can be done with it. That of the
//! extended-away greeting switches the service too.
//!
//! Laws: how it stands is said on the way in and when the menu is asked for again; what is asked
//! for and is so already is said to be so, without a change; switched on, the service holds from
//! today on: a last day that is over is forgotten then.

use super::hearing::Hearing;
use super::last_day::LastDay;
use super::recording::Recording;
use super::saving::{Saving, Work};
use super::standing::{self, standing};
use super::{Greetings, Guest};
use crate::base::{Date, day_in};
use crate::flow::ask::{Answer, Ask};
use crate::flow::portal::leaving::Leaving;
use crate::flow::{
    AwayChoice, Choice, Conversation, Cx, Detail, Effects, Event, OwnRecordingChoice,
};
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Away, AwayChange, RecordingKind};

/// The menu of one recording.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AtOne {
    /// Whose it is.
    pub(super) guest: Guest,
    /// Which one.
    pub(super) kind: RecordingKind,
    ask: Ask,
}

/// What can be done, whichever recording it is.
#[derive(Clone, Copy)]
enum Deed {
    Record,
    Listen,
    Revert,
    Switch(bool),
    Deposit,
    LastDay,
    Back,
    Repeat,
}

impl From<OwnRecordingChoice> for Deed {
    fn from(choice: OwnRecordingChoice) -> Deed {
        match choice {
            OwnRecordingChoice::Record => Deed::Record,
            OwnRecordingChoice::Listen => Deed::Listen,
            OwnRecordingChoice::Revert => Deed::Revert,
            OwnRecordingChoice::Back => Deed::Back,
            OwnRecordingChoice::Repeat => Deed::Repeat,
        }
    }
}

impl From<AwayChoice> for Deed {
    fn from(choice: AwayChoice) -> Deed {
        match choice {
            AwayChoice::Record => Deed::Record,
            AwayChoice::Listen => Deed::Listen,
            AwayChoice::Revert => Deed::Revert,
            AwayChoice::On => Deed::Switch(true),
            AwayChoice::Off => Deed::Switch(false),
            AwayChoice::Deposit => Deed::Deposit,
            AwayChoice::LastDay => Deed::LastDay,
            AwayChoice::Back => Deed::Back,
            AwayChoice::Repeat => Deed::Repeat,
        }
    }
}

impl AtOne {
    /// Says how it stands, then the menu.
    pub(super) fn enter(
        guest: Guest,
        kind: RecordingKind,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let words = standing(kind, &guest.owner, cx);
        AtOne::back(guest, kind, words, cx, fx)
    }

    /// Says the words, then the menu.
    pub(super) fn back(
        mut guest: Guest,
        kind: RecordingKind,
        words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let heard = &mut guest.owner.heard;
        let detail = match kind {
            RecordingKind::Away => heard.visit::<AwayChoice>(),
            RecordingKind::Name | RecordingKind::Busy | RecordingKind::NoAnswer => {
                heard.visit::<OwnRecordingChoice>()
            }
        };
        let ask = Ask::after_failures(0);
        AtOne::say((guest, kind), ask, detail, words, cx, fx)
    }

    fn say(
        (guest, kind): (Guest, RecordingKind),
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(menu(kind, guest.owner.services.away, detail, cx));
        let ask = ask.again(words, fx);
        Greetings::AtOne(AtOne { guest, kind, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let AtOne { guest, kind, ask } = self;
        let answer = match kind {
            RecordingKind::Away => ask.on(event, &cx.menus.away, cx, fx).map(Deed::from),
            RecordingKind::Name | RecordingKind::Busy | RecordingKind::NoAnswer => ask
                .on(event, &cx.menus.own_recording, cx, fx)
                .map(Deed::from),
        };
        match answer {
            Answer::Pending(ask) => Greetings::AtOne(AtOne { guest, kind, ask }).into(),
            Answer::Chosen(deed, ask) => chosen((guest, kind), deed, ask, cx, fx),
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                AtOne::say((guest, kind), ask, Detail::Full, words, cx, fx)
            }
            Answer::GivenUp => Leaving::goodbye(guest.rest(), fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Leaving::closing(self.guest.rest(), fx)
    }
}

/// The spoken menu.
fn menu(kind: RecordingKind, away: Away, detail: Detail, cx: &Cx<'_>) -> Vec<Phrase> {
    let own = &cx.menus.own_recording;
    match kind {
        RecordingKind::Away => cx.menus.away.spoken_as(detail, |choice| match choice {
            AwayChoice::Deposit if away.refuses_messages => Some(Line::AwayDepositYes),
            choice => choice.line(),
        }),
        RecordingKind::Name => own.spoken_as(detail, |choice| match choice {
            OwnRecordingChoice::Revert => Some(Line::NameRevert),
            choice => choice.line(),
        }),
        RecordingKind::Busy | RecordingKind::NoAnswer => own.spoken_as(detail, Choice::line),
    }
}

fn chosen(
    (guest, kind): (Guest, RecordingKind),
    deed: Deed,
    ask: Ask,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    let services = &guest.owner.services;
    let away = services.away;
    match deed {
        Deed::Record => Recording::enter(guest, kind, true, fx),
        Deed::Listen => Hearing::enter(guest, kind, fx),
        Deed::Revert if services.recording(kind).is_none() => {
            let words = standing::recording(kind, &guest.owner);
            AtOne::back(guest, kind, words, cx, fx)
        }
        Deed::Revert => Saving::enter(guest, Work::Revert(kind), fx),
        Deed::Switch(on) => {
            let today = day_in(&guest.owner.profile.zone, cx.now.wall);
            set(guest, switched(away, on, today), cx, fx)
        }
        Deed::Deposit => {
            let refuses_messages = !away.refuses_messages;
            let away = Away {
                refuses_messages,
                ..away
            };
            set(guest, away, cx, fx)
        }
        Deed::LastDay => LastDay::enter(guest, fx),
        Deed::Back => guest.leave(cx, fx),
        Deed::Repeat => {
            let words = standing(kind, &guest.owner, cx);
            AtOne::say((guest, kind), ask, Detail::Full, words, cx, fx)
        }
    }
}

/// Sets the extended-away service so; where it is so already, that is said.
pub(super) fn set(guest: Guest, away: Away, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    if away == guest.owner.services.away {
        let words = standing::away(&guest.owner, cx);
        return AtOne::back(guest, RecordingKind::Away, words, cx, fx);
    }
    let change = AwayChange::between(guest.owner.services.away, away);
    Saving::enter(guest, Work::Away(change), fx)
}

fn switched(away: Away, on: bool, today: Date) -> Away {
    let to_come = |last: &Date| !on || *last >= today;
    Away {
        on,
        last_day: away.last_day.filter(to_come),
        ..away
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switched_on_it_holds_today_whatever_last_day_was_left() {
        let today = Date::constant(2026, 11, 26);
        let days = [(2025, 12, 24), (2026, 11, 25), (2026, 11, 26), (2027, 1, 4)];
        let days = days.map(|(y, m, d)| Some(Date::constant(y, m, d)));
        for last_day in days.into_iter().chain([None]) {
            let before = Away {
                last_day,
                ..Away::default()
            };
            let on = switched(before, true, today);
            assert!(on.holds_on(today), "{last_day:?}");
            let kept = last_day.filter(|day| *day >= today);
            assert_eq!(on.last_day, kept);
            let off = switched(on, false, today);
            assert_eq!((off.on, off.last_day), (false, kept));
        }
    }
}
