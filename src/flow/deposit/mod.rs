//! Leaving a message (user manual, section 6.3).
//!
//! In: the events of a call diverted to voicemail. Out: greeting, tone, recording, review, the end.
//! Laws: from the first moment of recording on, every way the call can end keeps the message,
//! unless a key erased it or there is nothing in it; "saved" is said only after it is; the tone is
//! always heard; who was told that a message is saved hears how long it is and for whom. One file
//! per phase: `greeting`, `record`, `review`.

mod greeting;
mod record;
mod review;

use super::heard::Heard;
use super::portal::Portal;
use super::{Conversation, Cx, Effect, Effects, End, Event, KeyPolicy};
use crate::mime::Reason;
use crate::prompt::{Line, Phrase};
use crate::subscriber::Profile;
use greeting::Greeting;
use record::{Beep, Recording, Stopping};
use review::{Keeping, Listening, Review};
use std::sync::Arc;
use std::time::Duration;

/// What is known when a call is diverted to voicemail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DepositSetup {
    /// Whose voicemail it is.
    pub owner: Arc<Profile>,
    /// Why the call came here; `None` when the mailbox was called itself.
    pub reason: Option<Reason>,
    /// Whether a message can be left.
    pub admission: Admission,
}

/// Whether a message can be left, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Admission {
    /// It can.
    Open,
    /// The disk has no room for another message.
    NoDisk,
    /// The mailbox holds as much as it may.
    MailboxFull,
}

impl Admission {
    /// What a caller hears who can leave no message.
    fn refusal(self) -> Option<Line> {
        match self {
            Admission::Open => None,
            Admission::NoDisk => Some(Line::DepositUnavailable),
            Admission::MailboxFull => Some(Line::MailboxFull),
        }
    }
}

/// A message being left: one variant for each state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Deposit {
    /// The call is not answered yet.
    New(New),
    /// The greeting plays.
    Greeting(Greeting),
    /// The tone sounds, perhaps after words.
    Beep(Beep),
    /// The caller speaks.
    Recording(Recording),
    /// The recording is told to end.
    Stopping(Stopping),
    /// The review menu.
    Review(Review),
    /// The caller hears the recording.
    Listening(Listening),
    /// The message is being saved.
    Keeping(Keeping),
}

/// A caller who has spoken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Spoken {
    caller: Caller,
    /// How long the recording is.
    length: Duration,
}

/// The caller, and what the phases carry along.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Caller {
    /// Whose voicemail it is.
    owner: Arc<Profile>,
    /// How many recordings had nothing in them.
    empty: u8,
    /// The menus said so far.
    heard: Heard,
}

/// Waiting for the call to be answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct New(DepositSetup);

impl New {
    fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::Started => Greeting::enter(self.0, cx, fx),
            _ => Deposit::New(self).into(),
        }
    }
}

impl Deposit {
    /// Before the call is answered.
    pub(super) fn new(setup: DepositSetup) -> Deposit {
        Deposit::New(New(setup))
    }

    /// Takes one event.
    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match self {
            Deposit::New(state) => state.on(event, cx, fx),
            Deposit::Greeting(state) => state.on(event, cx, fx),
            Deposit::Beep(state) => state.on(event, cx, fx),
            Deposit::Recording(state) => state.on(event, cx, fx),
            Deposit::Stopping(state) => state.on(event, cx, fx),
            Deposit::Review(state) => state.on(event, cx, fx),
            Deposit::Listening(state) => state.on(event, cx, fx),
            Deposit::Keeping(state) => state.on(event, fx),
        }
    }

    /// The server is closing down: keep what is recorded and say so.
    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        match self {
            Deposit::New(_) | Deposit::Greeting(_) | Deposit::Beep(_) => service_ending(fx),
            Deposit::Recording(state) => state.on_service_ending(fx),
            Deposit::Stopping(state) => state.on_service_ending(),
            Deposit::Review(state) => state.on_service_ending(fx),
            Deposit::Listening(_) => {
                fx.push(Effect::StopPlay);
                Keeping::enter(review::After::ServiceEnding, fx)
            }
            Deposit::Keeping(state) => Deposit::Keeping(state).into(),
        }
    }

    /// The caller hung up. A recording that still runs, or ended with something in it, is kept;
    /// one that is being kept is not kept again.
    pub(super) fn on_hang_up(self, fx: &mut Effects) {
        match self {
            Deposit::Recording(_)
            | Deposit::Stopping(_)
            | Deposit::Review(_)
            | Deposit::Listening(_) => fx.push(Effect::Keep),
            Deposit::New(_) | Deposit::Greeting(_) | Deposit::Beep(_) | Deposit::Keeping(_) => {}
        }
    }

    /// What becomes of keys.
    pub(super) fn key_policy(&self) -> KeyPolicy {
        match self {
            Deposit::Stopping(_) | Deposit::Keeping(_) => KeyPolicy::Hold,
            Deposit::New(_)
            | Deposit::Greeting(_)
            | Deposit::Beep(_)
            | Deposit::Recording(_)
            | Deposit::Review(_)
            | Deposit::Listening(_) => KeyPolicy::Now,
        }
    }

    /// The name of the state.
    pub(super) fn state_name(&self) -> &'static str {
        match self {
            Deposit::New(_) => "deposit.new",
            Deposit::Greeting(_) => "deposit.greeting",
            Deposit::Beep(_) => "deposit.beep",
            Deposit::Recording(_) => "deposit.recording",
            Deposit::Stopping(_) => "deposit.stopping",
            Deposit::Review(_) => "deposit.review",
            Deposit::Listening(_) => "deposit.listening",
            Deposit::Keeping(_) => "deposit.keeping",
        }
    }
}

impl From<Deposit> for Conversation {
    fn from(deposit: Deposit) -> Conversation {
        Conversation::Deposit(deposit)
    }
}

/// Nothing is recorded: say that the service closes, and hang up.
fn service_ending(fx: &mut Effects) -> Conversation {
    let words = vec![
        Phrase::Line(Line::ServiceEnding),
        Phrase::Line(Line::Goodbye),
    ];
    End::HangUp.after(words, fx)
}

/// The owner may log in from here.
fn log_in(owner: &Profile, fx: &mut Effects) -> Conversation {
    Portal::log_in_from_greeting(owner.mailbox.clone(), fx)
}
