//! The recording of the name or a greeting, and what is done with it.
//!
//! Laws: those of [`recorder`](crate::flow::recorder) and [`tryout`](crate::flow::tryout); a
//! recording with nothing in it, or none at all, is told at the menu of its kind.

use super::one::AtOne;
use super::saving::{Saving, Work};
use super::{Greetings, Guest};
use crate::flow::portal::leaving::Leaving;
use crate::flow::recorder::{Recorder, Taken};
use crate::flow::tryout::{Tried, Tryout};
use crate::flow::{Conversation, Cx, Effects, Event, Settings};
use crate::prompt::{Line, Phrase};
use crate::subscriber::RecordingKind;
use std::time::Duration;

/// The subscriber speaks after the tone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recording {
    /// Whose it is.
    pub(super) guest: Guest,
    kind: RecordingKind,
    /// How far it is.
    pub(super) recorder: Recorder,
}

impl Recording {
    /// Sounds the tone, after saying what to do where that was not heard just now.
    pub(super) fn enter(
        guest: Guest,
        kind: RecordingKind,
        explained: bool,
        fx: &mut Effects,
    ) -> Conversation {
        let line = match kind {
            RecordingKind::Name => Line::NameSpeak,
            RecordingKind::Busy | RecordingKind::NoAnswer | RecordingKind::Away => {
                Line::GreetingSpeak
            }
        };
        let words = explained.then_some(Phrase::Line(line));
        let recorder = Recorder::begin(words.into_iter().collect(), fx);
        Recording {
            guest,
            kind,
            recorder,
        }
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let (guest, kind) = (self.guest, self.kind);
        let back = |guest, line, fx: &mut Effects| {
            AtOne::back(guest, kind, vec![Phrase::Line(line)], cx, fx)
        };
        match self.recorder.on(event, longest(kind, cx.settings), cx, fx) {
            Taken::Pending(recorder) => Recording {
                guest,
                kind,
                recorder,
            }
            .into(),
            Taken::Sound(why) => Review::enter(guest, kind, why, cx, fx),
            Taken::Nothing => back(guest, Line::RecordingTooQuiet, fx),
            Taken::Failed => back(guest, Line::RecordingNotSaved, fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        let rest = self.guest.rest();
        if self.recorder.close(fx) {
            Leaving::at_once(rest, vec![Phrase::Line(Line::RecordingNotSaved)], fx)
        } else {
            Leaving::closing(rest, fx)
        }
    }
}

impl From<Recording> for Conversation {
    fn from(state: Recording) -> Conversation {
        Greetings::Recording(state).into()
    }
}

/// After the recording.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Review {
    /// Whose it is.
    pub(super) guest: Guest,
    kind: RecordingKind,
    /// How far it is.
    pub(super) tryout: Tryout,
}

impl Review {
    fn enter(
        mut guest: Guest,
        kind: RecordingKind,
        why: Option<Line>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let tryout = Tryout::ask(why, &mut guest.owner.heard, cx, fx);
        Review {
            guest,
            kind,
            tryout,
        }
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let (guest, kind) = (self.guest, self.kind);
        match self.tryout.on(event, cx, fx) {
            Tried::Pending(tryout) => Review {
                guest,
                kind,
                tryout,
            }
            .into(),
            Tried::Again => Recording::enter(guest, kind, false, fx),
            Tried::Use => Saving::enter(guest, Work::Record(kind), fx),
            Tried::Back => AtOne::back(guest, kind, Vec::new(), cx, fx),
            Tried::GivenUp => Leaving::goodbye(guest.rest(), fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.tryout.close(fx);
        let told = vec![Phrase::Line(Line::RecordingNotSaved)];
        Leaving::at_once(self.guest.rest(), told, fx)
    }
}

impl From<Review> for Conversation {
    fn from(state: Review) -> Conversation {
        Greetings::Review(state).into()
    }
}

fn longest(kind: RecordingKind, settings: &Settings) -> Duration {
    match kind {
        RecordingKind::Name => settings.longest_name,
        RecordingKind::Busy | RecordingKind::NoAnswer | RecordingKind::Away => {
            settings.longest_greeting
        }
    }
}
