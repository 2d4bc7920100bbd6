//! The exhaustive walk: every reachable state of every conversation, every event, every law.
//!
//! `world` is the smallest world that answers a flow and knows when a law is broken; `graph` walks
//! breadth-first through all pairs of flow and world; `planted` shows that the walk catches bugs;
//! `print` makes the flow documents and the user card from what was walked. Test code only.

mod graph;
mod planted;
mod print;
mod tests;
mod world;

use super::{
    Conversation, DepositSetup, Effect, Effects, Entry, Event, Menus, PortalSetup, Settings,
};
use crate::base::{DialString, MailboxId, MessageId, Mono, Now, Timestamp};
use crate::mailbox::{State, Summary};
use crate::mime::Reason;
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Language, Profile};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The profile of the subscriber that every test conversation is about.
pub(super) fn profile(assistant: bool) -> Arc<Profile> {
    Arc::new(Profile {
        mailbox: MailboxId::parse("2001").unwrap(),
        name: "Anna".to_owned(),
        numbers: Vec::new(),
        language: Language::parse("nl").unwrap(),
        zone: "Europe/Amsterdam".to_owned(),
        passcode: None,
        assistant: assistant.then(|| DialString::parse("2009").unwrap()),
        delivery: crate::subscriber::Delivery::local(),
        limits: crate::mailbox::Limits::default(),
    })
}

/// Message `n` of a test mailbox; the first is urgent, the last of three is saved.
pub(super) fn message(n: u8) -> Summary {
    Summary {
        id: MessageId(Uuid::from_u128(u128::from(n))),
        state: if n == 2 { State::Saved } else { State::New },
        urgent: n == 0,
        caller: (n != 1).then(|| DialString::parse("0201234567").unwrap()),
        received: Timestamp::UNIX_EPOCH,
        length: Duration::from_secs(20),
    }
}

/// The moment at which everything in a test happens.
pub(super) fn now() -> Now {
    Now {
        mono: Mono::ZERO,
        wall: Timestamp::from_second(1_800_000_000).unwrap(),
    }
}

/// Where a walk begins.
struct Start {
    name: &'static str,
    conversation: Conversation,
    messages: Vec<Summary>,
    settings: Settings,
    menus: Menus,
}

/// Every conversation with every set-up that changes its ways.
fn starts() -> Vec<Start> {
    let mut all = Vec::new();
    for (name, assistant, admitted, tries) in [
        ("deposit", true, true, 3),
        ("deposit without assistant", false, true, 3),
        ("deposit without room", true, false, 3),
        ("deposit without patience", true, true, 1),
    ] {
        let (owner, reason) = (profile(assistant), Some(Reason::Busy));
        let setup = DepositSetup {
            owner,
            reason,
            admitted,
        };
        all.push(start(name, Conversation::deposit(setup), 0, tries));
    }
    let portals = [
        ("portal, no messages", true, Entry::Main, 0, 3),
        ("portal, one message", true, Entry::Main, 1, 3),
        ("portal, two messages", true, Entry::Main, 2, 3),
        ("portal, three messages", true, Entry::Messages, 3, 3),
        ("portal without patience", true, Entry::Main, 2, 1),
        ("messages at once, none there", true, Entry::Messages, 0, 3),
        ("portal of an unknown caller", false, Entry::Messages, 1, 3),
    ];
    for (name, known, entry, messages, tries) in portals {
        let owner = known.then(|| profile(false));
        let setup = PortalSetup { owner, entry };
        all.push(start(name, Conversation::portal(setup), messages, tries));
    }
    let setup = DepositSetup {
        owner: profile(true),
        reason: None,
        admitted: true,
    };
    let mut closed = start("deposit without log-in", Conversation::deposit(setup), 0, 3);
    closed.settings.log_in_from_greeting = false;
    all.push(closed);
    let words = vec![Phrase::Line(Line::NoSuchMailbox)];
    let announcement = Conversation::announcement(words);
    all.push(start("announcement", announcement, 0, 3));
    all
}

/// Short figures keep the walk small; their number changes no law.
fn start(name: &'static str, conversation: Conversation, messages: u8, tries: u8) -> Start {
    Start {
        name,
        conversation,
        messages: (0..messages).map(message).collect(),
        settings: Settings {
            tries,
            passcode_length: 1..=2,
            mailbox_length: 2,
            ..Settings::default()
        },
        menus: Menus::default(),
    }
}

/// A flow as the walk drives it: the real one, or one with a planted fault.
trait Subject {
    /// One event.
    fn on(
        &self,
        conversation: Conversation,
        event: Event,
        start: &Start,
    ) -> (Conversation, Vec<Effect>);
    /// Hanging up.
    fn on_hang_up(&self, conversation: Conversation, start: &Start) -> Vec<Effect>;
}

/// The flow as it is.
struct Real;

impl Subject for Real {
    fn on(
        &self,
        conversation: Conversation,
        event: Event,
        start: &Start,
    ) -> (Conversation, Vec<Effect>) {
        let mut fx = Effects::new();
        let next = conversation.on(event, &start.cx(), &mut fx);
        (next, fx.into_iter().collect())
    }

    fn on_hang_up(&self, conversation: Conversation, start: &Start) -> Vec<Effect> {
        let mut fx = Effects::new();
        conversation.on_hang_up(&start.cx(), &mut fx);
        fx.into_iter().collect()
    }
}

impl Start {
    fn cx(&self) -> super::Cx<'_> {
        super::Cx {
            now: now(),
            menus: &self.menus,
            settings: &self.settings,
        }
    }
}
