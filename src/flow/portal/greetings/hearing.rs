//! The name or a greeting as callers hear it, with the keys of a playing message.
//!
//! Laws: `rewind`, `pause`, `forward`, `start` and `end` do what they do in a message, and `back`
//! stops; the other keys of a message have no meaning here and change nothing.

use super::one::AtOne;
use super::{Greetings, Guest};
use crate::flow::greeting::{Occasion, greeting, named};
use crate::flow::portal::Owner;
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::playing::{Held, Paused, seek};
use crate::flow::{Conversation, Cx, Effect, Effects, Event, PlayingChoice};
use crate::prompt::{Line, Phrase};
use crate::subscriber::RecordingKind;

/// The name or a greeting is heard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hearing {
    /// Whose it is.
    pub(in crate::flow::portal) guest: Guest,
    kind: RecordingKind,
}

impl Hearing {
    /// Plays it from its beginning.
    pub(super) fn enter(guest: Guest, kind: RecordingKind, fx: &mut Effects) -> Conversation {
        fx.push(Effect::Play(sounded(kind, &guest.owner)));
        Greetings::Hearing(Hearing { guest, kind }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::PlayDone => self.back(cx, fx),
            Event::Digit(key) => match cx.menus.playing.choice(*key) {
                Some(choice) => self.press(choice, cx, fx),
                None => self.into(),
            },
            _ => self.into(),
        }
    }

    /// One key of a playing message.
    pub(in crate::flow::portal) fn press(
        self,
        choice: PlayingChoice,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        if let Some(to) = seek(choice) {
            fx.push(Effect::Seek(to));
            return self.into();
        }
        match choice {
            PlayingChoice::Pause => Paused::enter(Held::Greeting(self), cx, fx),
            PlayingChoice::Back => {
                fx.push(Effect::StopPlay);
                self.back(cx, fx)
            }
            _ => self.into(),
        }
    }

    fn back(self, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        AtOne::back(self.guest, self.kind, Vec::new(), cx, fx)
    }

    pub(in crate::flow::portal) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        fx.push(Effect::StopPlay);
        Leaving::closing(self.guest.rest(), fx)
    }
}

impl From<Hearing> for Conversation {
    fn from(state: Hearing) -> Conversation {
        Greetings::Hearing(state).into()
    }
}

/// What callers hear: an own recording, else the system's words.
fn sounded(kind: RecordingKind, owner: &Owner) -> Vec<Phrase> {
    let (profile, services) = (&owner.profile, &owner.services);
    let occasion = match kind {
        RecordingKind::Name => return named(profile, services).into_iter().collect(),
        RecordingKind::Busy => Occasion::Busy,
        RecordingKind::NoAnswer => Occasion::NoAnswer,
        RecordingKind::Away => Occasion::Away,
    };
    let rest: &[Line] = if kind == RecordingKind::Away && services.away.refuses_messages {
        &[Line::NoMessageNow]
    } else {
        &[Line::LeaveMessage, Line::FinishRecording]
    };
    greeting(occasion, profile, services, rest)
}
