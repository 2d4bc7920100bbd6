//! The voice portal (user manual, sections 6 to 6.2): log in, choose, hear messages.
//!
//! In: the events of a subscriber's call. Out: prompts, log-in checks, questions to the mailbox.
//! Laws: nothing of a mailbox is heard before its passcode was accepted; a message is marked heard
//! once it is being heard; what is deleted is removed when the conversation ends and can be taken
//! back until then; a mailbox that fails is told as failing, and the rest of the portal stays; who
//! gets messages by e-mail only (section 4.3) is told so, and nothing is listed.
//!
//! One listing serves the whole call: what arrives meanwhile is heard in the next one. One file per
//! screen: `login`, `main_menu`, `voicemail`, `intro`, `playing`, `between`, `change`, `leaving`,
//! `language`, `more`, `delete_all`, the folder `sending`, and those of `greetings`, `forwarding`,
//! `services` and `passcode`; `status` has the words for what is active; `inbox` holds the messages, `moment`
//! is the wait for an answer, `order` that for a change to be stored. Not here yet: a call from the portal.

mod between;
mod change;
mod delete_all;
mod forwarding;
mod greetings;
mod inbox;
mod intro;
mod language;
mod leaving;
mod login;
mod main_menu;
pub(super) mod moment;
mod more;
mod order;
mod passcode;
mod playing;
mod sending;
mod services;
mod status;
mod visitor;
mod voicemail;

use super::heard::Heard;
use super::{Conversation, Cx, Effect, Effects, Event, KeyPolicy};
use crate::base::{MailboxId, MessageId};
use crate::mailbox::{Command, Reply};
use crate::media::Speed;
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Profile, Services};
use between::Between;
use change::Changing;
use delete_all::{ConfirmDelete, Emptying};
use forwarding::Forwarding;
pub(super) use forwarding::{destination, refusal, rings_of_key, standing};
use greetings::Greetings;
use inbox::{Reel, Rest};
use intro::Intro;
pub(super) use language::keys as language_keys;
use language::{LanguageMenu, Switching};
use leaving::Leaving;
use login::{Checking, Number, Passcode, Visit};
use main_menu::MainMenu;
use more::More;
pub(super) use order::{Order, Ordered};
use passcode::Choosing;
use playing::{Fetching, Paused, Playing};
use sending::Sending;
pub(super) use services::stands;
use std::sync::Arc;
use voicemail::{Opening, VoicemailMenu};

/// What is known when a subscriber calls the portal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PortalSetup {
    /// Whose mailbox it is, where the network asserts the caller's number.
    pub owner: Option<Arc<Profile>>,
    /// Where the conversation goes after the log-in.
    pub entry: Entry,
}

/// Where a portal conversation goes after the log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// The main menu.
    Main,
    /// Straight to the messages (`*86`), as if voicemail and then play were chosen.
    Messages,
    /// The main menu, after what is active on the line.
    Status,
}

/// A subscriber in the portal: one variant for each state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Portal {
    /// The call is not answered yet.
    New(New),
    /// Asking for the number of a mailbox.
    Number(Number),
    /// Asking for the passcode.
    Passcode(Passcode),
    /// The log-in is being checked.
    Checking(Checking),
    /// Choosing a passcode.
    Choosing(Choosing),
    /// The main menu.
    MainMenu(MainMenu),
    /// Call forwarding.
    Forwarding(Forwarding),
    /// At the services that are on or off.
    Services(services::Services),
    /// The choice of a language.
    LanguageMenu(LanguageMenu),
    /// Another language was chosen and is being stored.
    Switching(Switching),
    /// The messages are being listed.
    Opening(Opening),
    /// The voicemail menu.
    VoicemailMenu(VoicemailMenu),
    /// The words before a message.
    Intro(Intro),
    /// A message is about to play.
    Fetching(Fetching),
    /// A message plays.
    Playing(Playing),
    /// A message, the words before it, or a greeting is held.
    Paused(Paused),
    /// After a message.
    Between(Between),
    /// More to do with a message.
    More(More),
    /// A message is being deleted or put back.
    Changing(Changing),
    /// Asking whether all messages are to be deleted.
    ConfirmDelete(ConfirmDelete),
    /// All messages are being deleted.
    Emptying(Emptying),
    /// A message to other mailboxes.
    Sending(Box<Sending>),
    /// At the name and the greetings.
    Greetings(Greetings),
    /// Deleted messages are being removed before the end.
    Leaving(Leaving),
}

/// A subscriber who is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Owner {
    /// Who it is.
    pub(super) profile: Arc<Profile>,
    /// What the subscriber has set.
    pub(super) services: Arc<Services>,
    /// The menus said so far.
    pub(super) heard: Heard,
    /// How fast messages play in this call.
    speed: Speed,
    /// Whether they were told that they are away, where they are.
    reminded: bool,
}

impl Owner {
    /// A subscriber who has heard no menu yet, or who called so often that all are known.
    pub(super) fn new(profile: Arc<Profile>, cx: &Cx<'_>) -> Owner {
        let services = Arc::clone(cx.book.of(&profile.mailbox));
        let often = cx.settings.brief_after;
        let heard = if often.is_some_and(|often| services.log_ins >= often) {
            Heard::everything()
        } else {
            Heard::default()
        };
        Owner {
            profile,
            services,
            heard,
            speed: Speed::default(),
            reminded: false,
        }
    }

    /// That they are away, where they are and were not told yet in this call.
    fn reminder(&mut self, cx: &Cx<'_>) -> Vec<Phrase> {
        if std::mem::replace(&mut self.reminded, true) {
            return Vec::new();
        }
        greetings::reminder(self, cx)
    }
}

/// A subscriber who is logged in and at one message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Listener {
    /// Who it is.
    owner: Owner,
    /// The messages, one of them current.
    reel: Reel,
}

/// Waiting for the call to be answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct New(PortalSetup);

impl New {
    fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        if *event != Event::Started {
            return Portal::New(self).into();
        }
        let visit = Visit::new(self.0.entry);
        let welcome = vec![Phrase::Line(Line::PortalWelcome)];
        let Some(owner) = self.0.owner else {
            return Number::enter(visit, welcome, fx);
        };
        let owner = Owner::new(owner, cx);
        let none_yet = owner.services.passcode(&owner.profile).is_none();
        let mailbox = owner.profile.mailbox.clone();
        if none_yet && cx.settings.first_use {
            passcode::first(owner, visit, fx)
        } else if owner.heard.is_everything() {
            Passcode::enter_briefly(visit, mailbox, fx)
        } else {
            Passcode::enter(visit, mailbox, welcome, fx)
        }
    }
}

impl Portal {
    /// Before the call is answered.
    pub(super) fn new(setup: PortalSetup) -> Portal {
        Portal::New(New(setup))
    }

    /// The owner of a voicemail pressed the log-in key during the greeting.
    pub(super) fn log_in_from_greeting(mailbox: MailboxId, fx: &mut Effects) -> Conversation {
        Passcode::enter(Visit::new(Entry::Main), mailbox, Vec::new(), fx)
    }

    /// Takes one event. The answer to a mark of "heard" may come in any later state, so it is
    /// noted here.
    pub(super) fn on(self, event: Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::Mail(Reply::Done(Command::MarkHeard(id))) => self.noted(id, true).into(),
            Event::Mail(Reply::Failed(Command::MarkHeard(id), _)) => self.noted(id, false).into(),
            event => self.step(&event, cx, fx),
        }
    }

    fn step(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match self {
            Portal::New(state) => state.on(event, cx, fx),
            Portal::Number(state) => state.on(event, cx, fx),
            Portal::Passcode(state) => state.on(event, cx, fx),
            Portal::Checking(state) => state.on(event, cx, fx),
            Portal::Choosing(state) => state.on(event, cx, fx),
            Portal::MainMenu(state) => state.on(event, cx, fx),
            Portal::Forwarding(state) => state.on(event, cx, fx),
            Portal::Services(state) => state.on(event, cx, fx),
            Portal::LanguageMenu(state) => state.on(event, cx, fx),
            Portal::Switching(state) => state.on(event, cx, fx),
            Portal::Opening(state) => state.on(event, cx, fx),
            Portal::VoicemailMenu(state) => state.on(event, cx, fx),
            Portal::Intro(state) => state.on(event, cx, fx),
            Portal::Fetching(state) => state.on(event, cx, fx),
            Portal::Playing(state) => state.on(event, cx, fx),
            Portal::Paused(state) => state.on(event, cx, fx),
            Portal::Between(state) => state.on(event, cx, fx),
            Portal::More(state) => state.on(event, cx, fx),
            Portal::Changing(state) => state.on(event, cx, fx),
            Portal::ConfirmDelete(state) => state.on(event, cx, fx),
            Portal::Emptying(state) => state.on(event, cx, fx),
            Portal::Sending(state) => state.on(event, cx, fx),
            Portal::Greetings(state) => state.on(event, cx, fx),
            Portal::Leaving(state) => state.on(event, fx),
        }
    }

    /// A message is marked heard now, or could not be.
    fn noted(mut self, id: MessageId, done: bool) -> Portal {
        match &mut self {
            Portal::New(_)
            | Portal::Number(_)
            | Portal::Passcode(_)
            | Portal::Checking(_)
            | Portal::Opening(_) => {}
            Portal::Leaving(state) => state.noted(done),
            Portal::Choosing(state) => state.noted(id, done),
            Portal::MainMenu(state) => state.noted(id, done),
            Portal::Forwarding(state) => state.noted(id, done),
            Portal::Services(state) => state.noted(id, done),
            Portal::LanguageMenu(state) => state.visitor.noted(id, done),
            Portal::Switching(state) => state.visitor.noted(id, done),
            Portal::VoicemailMenu(state) => state.inbox.noted(id, done),
            Portal::Intro(state) => state.listener.reel.noted(id, done),
            Portal::Fetching(state) => state.listener.reel.noted(id, done),
            Portal::Playing(state) => state.listener.reel.noted(id, done),
            Portal::Paused(state) => state.noted(id, done),
            Portal::Between(state) => state.listener.reel.noted(id, done),
            Portal::More(state) => state.listener.reel.noted(id, done),
            Portal::Changing(state) => state.listener.reel.noted(id, done),
            Portal::ConfirmDelete(state) => state.inbox.noted(id, done),
            Portal::Emptying(state) => state.noted(id, done),
            Portal::Sending(state) => state.noted(id, done),
            Portal::Greetings(state) => state.noted(id, done),
        }
        self
    }

    /// The server is closing down: remove what is deleted, say so, hang up.
    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        match self {
            Portal::New(_) | Portal::Checking(_) | Portal::Opening(_) => {
                Leaving::closing(Rest::default(), fx)
            }
            Portal::Number(state) => state.on_service_ending(fx),
            Portal::Passcode(state) => state.on_service_ending(fx),
            Portal::Choosing(state) => state.on_service_ending(fx),
            Portal::MainMenu(state) => state.on_service_ending(fx),
            Portal::Forwarding(state) => state.on_service_ending(fx),
            Portal::Services(state) => state.on_service_ending(fx),
            Portal::LanguageMenu(state) => state.on_service_ending(fx),
            Portal::Switching(state) => state.on_service_ending(),
            Portal::VoicemailMenu(state) => state.on_service_ending(fx),
            Portal::Intro(Intro { listener, .. })
            | Portal::Fetching(Fetching { listener })
            | Portal::Playing(Playing { listener }) => listener.stop_for_closing(fx),
            Portal::Paused(state) => state.on_service_ending(fx),
            Portal::Between(state) => state.on_service_ending(fx),
            Portal::More(state) => state.on_service_ending(fx),
            Portal::Changing(state) => state.on_service_ending(fx),
            Portal::ConfirmDelete(state) => state.on_service_ending(fx),
            Portal::Emptying(state) => state.on_service_ending(fx),
            Portal::Sending(state) => state.on_service_ending(fx),
            Portal::Greetings(state) => state.on_service_ending(fx),
            Portal::Leaving(state) => Portal::Leaving(state).into(),
        }
    }

    /// The caller hung up: what is deleted is removed now, and what is recorded and not in use
    /// goes.
    pub(super) fn on_hang_up(self, fx: &mut Effects) {
        let rest = match &self {
            Portal::New(_)
            | Portal::Number(_)
            | Portal::Passcode(_)
            | Portal::Checking(_)
            | Portal::Opening(_)
            | Portal::Leaving(_) => Rest::default(),
            Portal::Choosing(state) => {
                state.on_hang_up(fx);
                state.rest()
            }
            Portal::MainMenu(state) => state.rest(),
            Portal::Forwarding(state) => state.rest(),
            Portal::Services(state) => state.rest(),
            Portal::LanguageMenu(state) => state.visitor.rest(),
            Portal::Switching(state) => state.visitor.rest(),
            Portal::VoicemailMenu(state) => state.inbox.rest(),
            Portal::Intro(state) => state.listener.reel.rest(),
            Portal::Fetching(state) => state.listener.reel.rest(),
            Portal::Playing(state) => state.listener.reel.rest(),
            Portal::Paused(state) => state.rest(),
            Portal::Between(state) => state.listener.reel.rest(),
            Portal::More(state) => state.listener.reel.rest(),
            Portal::Changing(state) => state.rest(),
            Portal::ConfirmDelete(state) => state.inbox.rest(),
            Portal::Emptying(state) => state.rest(),
            Portal::Sending(state) => return state.on_hang_up(fx),
            Portal::Greetings(state) => {
                state.on_hang_up(fx);
                state.rest()
            }
        };
        leaving::expunge(rest, fx);
    }

    /// What becomes of keys: states that wait for an answer hold them.
    pub(super) fn key_policy(&self) -> KeyPolicy {
        match self {
            Portal::Choosing(state) => state.key_policy(),
            Portal::Forwarding(state) => state.key_policy(),
            Portal::Services(state) => state.key_policy(),
            Portal::Checking(_)
            | Portal::Switching(_)
            | Portal::Opening(_)
            | Portal::Fetching(_)
            | Portal::Changing(_)
            | Portal::Emptying(_)
            | Portal::Leaving(_) => KeyPolicy::Hold,
            Portal::Sending(state) => state.key_policy(),
            Portal::Greetings(state) => state.key_policy(),
            Portal::New(_)
            | Portal::Number(_)
            | Portal::Passcode(_)
            | Portal::MainMenu(_)
            | Portal::LanguageMenu(_)
            | Portal::VoicemailMenu(_)
            | Portal::Intro(_)
            | Portal::Playing(_)
            | Portal::Paused(_)
            | Portal::Between(_)
            | Portal::More(_)
            | Portal::ConfirmDelete(_) => KeyPolicy::Now,
        }
    }

    /// Whether keys are secret.
    pub(super) fn masks_keys(&self) -> bool {
        match self {
            Portal::Choosing(state) => state.masks_keys(),
            state => matches!(state, Portal::Passcode(_) | Portal::Checking(_)),
        }
    }

    /// The name of the state.
    pub(super) fn state_name(&self) -> &'static str {
        match self {
            Portal::New(_) => "portal.new",
            Portal::Number(_) => "portal.number",
            Portal::Passcode(_) => "portal.passcode",
            Portal::Checking(_) => "portal.checking",
            Portal::Choosing(state) => state.state_name(),
            Portal::Forwarding(state) => state.state_name(),
            Portal::Services(state) => state.state_name(),
            Portal::MainMenu(_) => "portal.main",
            Portal::LanguageMenu(_) => "portal.language",
            Portal::Switching(_) => "portal.switching",
            Portal::Opening(_) => "portal.opening",
            Portal::VoicemailMenu(_) => "portal.voicemail",
            Portal::Intro(_) => "portal.intro",
            Portal::Fetching(_) => "portal.fetching",
            Portal::Playing(_) => "portal.playing",
            Portal::Paused(_) => "portal.paused",
            Portal::Between(_) => "portal.between",
            Portal::More(_) => "portal.more",
            Portal::Changing(_) => "portal.changing",
            Portal::ConfirmDelete(_) => "portal.confirm-delete",
            Portal::Emptying(_) => "portal.emptying",
            Portal::Sending(state) => state.state_name(),
            Portal::Greetings(state) => state.state_name(),
            Portal::Leaving(_) => "portal.leaving",
        }
    }
}

impl From<Portal> for Conversation {
    fn from(portal: Portal) -> Conversation {
        Conversation::Portal(portal)
    }
}

impl Listener {
    /// What plays is stopped because the server is closing down.
    fn stop_for_closing(self, fx: &mut Effects) -> Conversation {
        fx.push(Effect::StopPlay);
        self.closing(fx)
    }

    fn closing(self, fx: &mut Effects) -> Conversation {
        Leaving::closing(self.reel.rest(), fx)
    }

    /// To the next message that is not deleted, or back to the menu.
    fn go_on(self, mut words: Vec<Phrase>, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let owner = self.owner;
        match self.reel.next() {
            Ok(reel) => Intro::enter(Listener { owner, reel }, words, cx, fx),
            Err(inbox) => {
                words.push(Phrase::Line(Line::NoMoreMessages));
                VoicemailMenu::enter(owner, inbox, words, cx, fx)
            }
        }
    }

    /// Messages play at another speed from now on; at the slowest or fastest nothing changes.
    fn set_speed(&mut self, speed: Speed, fx: &mut Effects) {
        if speed != self.owner.speed {
            self.owner.speed = speed;
            fx.push(Effect::Speed(speed));
        }
    }

    /// Back to the voicemail menu.
    fn go_back(self, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        VoicemailMenu::enter(self.owner, self.reel.into_inbox(), Vec::new(), cx, fx)
    }

    /// Keeps the current message and goes on.
    fn save(self, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let message = self.reel.current();
        if message.is_deleted() {
            return Changing::save(self, fx);
        }
        // A message not heard yet stays new: calling it saved would be untrue.
        let words = if message.is_heard() {
            vec![Phrase::Line(Line::MessageSaved)]
        } else {
            Vec::new()
        };
        self.go_on(words, cx, fx)
    }

    /// Deletes the current message, or takes that back.
    fn delete(self, fx: &mut Effects) -> Conversation {
        if self.reel.current().is_deleted() {
            Changing::undelete(self, fx)
        } else {
            Changing::delete(self, fx)
        }
    }
}
