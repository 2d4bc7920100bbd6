//! The recorded name and the greetings of a subscriber, and the extended-away service.
//!
//! In: the events of a subscriber who chose name and greetings, or one greeting from the voicemail
//! menu. Out: how each stands, recordings to be tried out, changes. Laws: a recording is in use
//! when the key of `use` was pressed and it is stored, never else; hanging up before that key drops
//! it; what is called saved, erased, on or off is; every failure is told, and what was in use then
//! still is; from the menu of one recording it goes back to the menu from which it was reached.
//!
//! One file per screen: `menu`, `one` (the menu of one recording), `hearing`, `recording`,
//! `saving`, `last_day`; `standing` says how things stand. Not here: what makes a recording fit for
//! use and where it is kept (the server), what callers hear of it (`greeting`).

mod hearing;
mod last_day;
mod menu;
mod one;
mod recording;
mod saving;
pub(super) mod standing;

use super::inbox::{Inbox, Rest};
use super::main_menu;
use super::voicemail::VoicemailMenu;
use super::{Owner, Portal};
use crate::base::MessageId;
use crate::flow::{Conversation, Cx, Effect, Effects, Event, KeyPolicy};
use crate::prompt::Phrase;
use crate::subscriber::RecordingKind;
pub(super) use hearing::Hearing;
use last_day::LastDay;
use menu::GreetingsMenu;
use one::AtOne;
use recording::{Recording, Review};
use saving::Saving;
pub(super) use standing::reminder;

/// A subscriber at their name and greetings: one variant for each screen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Greetings {
    /// The choice of a recording.
    Menu(GreetingsMenu),
    /// The menu of one recording.
    AtOne(AtOne),
    /// Asking for the last day of an absence.
    LastDay(LastDay),
    /// The name or a greeting is heard.
    Hearing(Hearing),
    /// The subscriber speaks after the tone.
    Recording(Recording),
    /// After a recording.
    Review(Review),
    /// A change is being stored.
    Saving(Saving),
}

/// Whose greetings they are, and which menu led to them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Guest {
    owner: Owner,
    door: Door,
}

/// The menu that led here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Door {
    /// The main menu; the messages, once they have been listed.
    Main(Option<Inbox>),
    /// The voicemail menu.
    Voicemail(Inbox),
}

impl Greetings {
    /// From the main menu to the choice of a recording.
    pub(super) fn from_main(
        owner: Owner,
        inbox: Option<Inbox>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        GreetingsMenu::enter(owner, inbox, Vec::new(), cx, fx)
    }

    /// From the voicemail menu to one greeting.
    pub(super) fn from_voicemail(
        owner: Owner,
        inbox: Inbox,
        kind: RecordingKind,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let door = Door::Voicemail(inbox);
        AtOne::enter(Guest { owner, door }, kind, cx, fx)
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match self {
            Greetings::Menu(state) => state.on(event, cx, fx),
            Greetings::AtOne(state) => state.on(event, cx, fx),
            Greetings::LastDay(state) => state.on(event, cx, fx),
            Greetings::Hearing(state) => state.on(event, cx, fx),
            Greetings::Recording(state) => state.on(event, cx, fx),
            Greetings::Review(state) => state.on(event, cx, fx),
            Greetings::Saving(state) => state.on(event, cx, fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        match self {
            Greetings::Menu(state) => state.on_service_ending(fx),
            Greetings::AtOne(state) => state.on_service_ending(fx),
            Greetings::LastDay(state) => state.on_service_ending(fx),
            Greetings::Hearing(state) => state.on_service_ending(fx),
            Greetings::Recording(state) => state.on_service_ending(fx),
            Greetings::Review(state) => state.on_service_ending(fx),
            Greetings::Saving(state) => state.on_service_ending(),
        }
    }

    /// The caller hung up: a recording goes that is not in use. One that is being stored goes on to
    /// be; what is dropped here is what the call still holds of it.
    pub(super) fn on_hang_up(&self, fx: &mut Effects) {
        match self {
            Greetings::Recording(state) => state.recorder.on_hang_up(fx),
            Greetings::Review(_) => fx.push(Effect::Discard),
            Greetings::Saving(state) => state.on_hang_up(fx),
            Greetings::Menu(_)
            | Greetings::AtOne(_)
            | Greetings::LastDay(_)
            | Greetings::Hearing(_) => {}
        }
    }

    /// What is left to do when the call ends now.
    pub(super) fn rest(&self) -> Rest {
        match self {
            Greetings::Menu(state) => state.rest(),
            Greetings::AtOne(AtOne { guest, .. })
            | Greetings::LastDay(LastDay { guest, .. })
            | Greetings::Hearing(Hearing { guest, .. })
            | Greetings::Recording(Recording { guest, .. })
            | Greetings::Review(Review { guest, .. })
            | Greetings::Saving(Saving { guest, .. }) => guest.rest(),
        }
    }

    /// A message is marked heard now, or could not be.
    pub(super) fn noted(&mut self, id: MessageId, done: bool) {
        match self {
            Greetings::Menu(state) => state.noted(id, done),
            Greetings::AtOne(AtOne { guest, .. })
            | Greetings::LastDay(LastDay { guest, .. })
            | Greetings::Hearing(Hearing { guest, .. })
            | Greetings::Recording(Recording { guest, .. })
            | Greetings::Review(Review { guest, .. })
            | Greetings::Saving(Saving { guest, .. }) => guest.noted(id, done),
        }
    }

    pub(super) fn key_policy(&self) -> KeyPolicy {
        match self {
            Greetings::Saving(_) => KeyPolicy::Hold,
            Greetings::Recording(state) if state.recorder.holds_keys() => KeyPolicy::Hold,
            Greetings::Menu(_)
            | Greetings::AtOne(_)
            | Greetings::LastDay(_)
            | Greetings::Hearing(_)
            | Greetings::Recording(_)
            | Greetings::Review(_) => KeyPolicy::Now,
        }
    }

    pub(super) fn state_name(&self) -> &'static str {
        match self {
            Greetings::Menu(_) => "portal.greetings",
            Greetings::AtOne(state) => match state.kind {
                RecordingKind::Away => "portal.away",
                RecordingKind::Name | RecordingKind::Busy | RecordingKind::NoAnswer => {
                    "portal.own-recording"
                }
            },
            Greetings::LastDay(_) => "portal.last-day",
            Greetings::Hearing(_) => "portal.hearing",
            Greetings::Recording(state) => {
                let names = ["portal.speak", "portal.recording", "portal.stopping"];
                state.recorder.name(names)
            }
            Greetings::Review(state) => state.tryout.name(["portal.review", "portal.listening"]),
            Greetings::Saving(_) => "portal.saving",
        }
    }
}

impl From<Greetings> for Conversation {
    fn from(state: Greetings) -> Conversation {
        Portal::Greetings(state).into()
    }
}

impl Guest {
    /// Back to the menu that led here.
    fn leave(self, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let nothing: Vec<Phrase> = Vec::new();
        match self.door {
            Door::Main(inbox) => GreetingsMenu::enter(self.owner, inbox, nothing, cx, fx),
            Door::Voicemail(inbox) => VoicemailMenu::enter(self.owner, inbox, nothing, cx, fx),
        }
    }

    /// What is left to do when the call ends now.
    pub(super) fn rest(&self) -> Rest {
        match &self.door {
            Door::Main(inbox) => main_menu::rest(inbox.as_ref()),
            Door::Voicemail(inbox) => inbox.rest(),
        }
    }

    /// A message is marked heard now, or could not be.
    pub(super) fn noted(&mut self, id: MessageId, done: bool) {
        match &mut self.door {
            Door::Main(Some(inbox)) | Door::Voicemail(inbox) => inbox.noted(id, done),
            Door::Main(None) => {}
        }
    }
}
