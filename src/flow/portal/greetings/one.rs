//! The menu of one recording: how it stands, and what can be done with it. That of the extended-away
//! greeting switches the service too.
//!
//! Laws: how it stands is said on the way in and when the menu is asked for again; what is asked for and
//! is so already is said to be so, without a change; switched on, the service holds from today on: a last
//! day that is over is forgotten then.

use super::hearing::Hearing;
use super::last_day::LastDay;
use super::recording::Recording;
use super::saving::{Saving, Work};
use super::standing::{self, standing};
use super::{Greetings, Visitor};
use crate::base::{Date, day_in};
use crate::flow::ask::{Answer, Ask};
use crate::flow::portal::leaving::Leaving;
use crate::flow::{
    AwayChoice, Choice, Conversation, Cx, Detail, Effects, Event, OwnRecordingChoice,
};
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Away, RecordingKind};

/// The menu of one recording.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AtOne {
    /// Whose it is.
    pub(super) visitor: Visitor,
    /// Which one.
    pub(super) kind: RecordingKind,
    ask: Ask,
}

/// What can be done, whichever recording it is.
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
        visitor: Visitor,
        kind: RecordingKind,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let words = standing(kind, &visitor.owner, cx);
        AtOne::back(visitor, kind, words, cx, fx)
    }

    /// Says the words, then the menu.
    pub(super) fn back(
        mut visitor: Visitor,
        kind: RecordingKind,
        words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let heard = &mut visitor.owner.heard;
        let detail = match kind {
            RecordingKind::Away => heard.visit::<AwayChoice>(),
            RecordingKind::Name | RecordingKind::Busy | RecordingKind::NoAnswer => {
                heard.visit::<OwnRecordingChoice>()
            }
        };
        let ask = Ask::after_failures(0);
        AtOne::say((visitor, kind), ask, detail, words, cx, fx)
    }

    fn say(
        (visitor, kind): (Visitor, RecordingKind),
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(menu(kind, &visitor.owner.services.away, detail, cx));
        let ask = ask.again(words, fx);
        Greetings::AtOne(AtOne { visitor, kind, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let AtOne { visitor, kind, ask } = self;
        let answer = match kind {
            RecordingKind::Away => deed(ask.on(event, &cx.menus.away, cx, fx)),
            RecordingKind::Name | RecordingKind::Busy | RecordingKind::NoAnswer => {
                deed(ask.on(event, &cx.menus.own_recording, cx, fx))
            }
        };
        match answer {
            Answer::Pending(ask) => Greetings::AtOne(AtOne { visitor, kind, ask }).into(),
            Answer::Chosen(deed, ask) => chosen((visitor, kind), deed, ask, cx, fx),
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                AtOne::say((visitor, kind), ask, Detail::Full, words, cx, fx)
            }
            Answer::GivenUp => Leaving::goodbye(visitor.rest(), fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Leaving::closing(self.visitor.rest(), fx)
    }
}

/// The spoken menu.
fn menu(kind: RecordingKind, away: &Away, detail: Detail, cx: &Cx<'_>) -> Vec<Phrase> {
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

fn deed<C: Into<Deed>>(answer: Answer<C>) -> Answer<Deed> {
    match answer {
        Answer::Chosen(choice, ask) => Answer::Chosen(choice.into(), ask),
        Answer::Again(line, ask) => Answer::Again(line, ask),
        Answer::GivenUp => Answer::GivenUp,
        Answer::Pending(ask) => Answer::Pending(ask),
    }
}

fn chosen(
    (visitor, kind): (Visitor, RecordingKind),
    deed: Deed,
    ask: Ask,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    let services = &visitor.owner.services;
    let away = services.away;
    match deed {
        Deed::Record => Recording::enter(visitor, kind, true, fx),
        Deed::Listen => Hearing::enter(visitor, kind, fx),
        Deed::Revert if services.recording(kind).is_none() => {
            let words = standing::recording(kind, &visitor.owner);
            AtOne::back(visitor, kind, words, cx, fx)
        }
        Deed::Revert => Saving::enter(visitor, Work::Revert(kind), fx),
        Deed::Switch(on) => {
            let today = day_in(&visitor.owner.profile.zone, cx.now.wall);
            set(visitor, switched(away, on, today), cx, fx)
        }
        Deed::Deposit => {
            let refuses_messages = !away.refuses_messages;
            let away = Away {
                refuses_messages,
                ..away
            };
            set(visitor, away, cx, fx)
        }
        Deed::LastDay => LastDay::enter(visitor, fx),
        Deed::Back => visitor.leave(cx, fx),
        Deed::Repeat => {
            let words = standing(kind, &visitor.owner, cx);
            AtOne::say((visitor, kind), ask, Detail::Full, words, cx, fx)
        }
    }
}

/// Sets the extended-away service so; where it is so already, that is said.
pub(super) fn set(visitor: Visitor, away: Away, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    if away == visitor.owner.services.away {
        let words = standing::away(&visitor.owner, cx);
        return AtOne::back(visitor, RecordingKind::Away, words, cx, fx);
    }
    Saving::enter(visitor, Work::Away(away), fx)
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
