//! Where the walks begin through what is done with messages beyond hearing them: reply, forward,
//! compose, delete all, go on where one was stopped, play slower or faster.

use super::{Shut, Start, message, profile, start};
use crate::base::{DialString, Digit, MailboxId, RecordingId};
use crate::flow::{Conversation, Entry, Menus, PortalSetup};
use crate::subscriber::{Profile, Roster, ServiceBook, Services};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// What every other start leaves to these.
pub(super) const SHUT: &[Shut] = &[
    ("portal.voicemail", &[Digit::D5, Digit::D7]),
    ("portal.intro", SPEEDS),
    ("portal.playing", SPEEDS),
    ("portal.paused", SPEEDS),
    ("portal.between", &[Digit::D9]),
];

const SPEEDS: &[Digit] = &[Digit::D8, Digit::D9, Digit::D0];

/// The keys of a message that do not matter to what is done after it.
const ON_THE_WAY: &[Digit] = &[
    Digit::D1,
    Digit::D2,
    Digit::D3,
    Digit::D4,
    Digit::D8,
    Digit::D9,
    Digit::D0,
    Digit::Pound,
    Digit::D7,
];

/// The menus before them: what lies behind their other keys has starts of its own.
const MAIN: Shut = (
    "portal.main",
    &[
        Digit::D0,
        Digit::D2,
        Digit::D3,
        Digit::D4,
        Digit::D6,
        Digit::D7,
        Digit::D8,
    ],
);
const GREETINGS: Shut = ("portal.voicemail", &[Digit::D2, Digit::D3, Digit::D4]);

/// A message is spoken and marked; nobody is added.
const COMPOSED: &[Shut] = &[
    MAIN,
    GREETINGS,
    ("portal.voicemail", &[Digit::D1, Digit::D7]),
    ("portal.sending", &[Digit::D2]),
    ("portal.hearing-take", &[Digit::D2]),
];

/// A message for more than one.
const ADDRESSED: &[Shut] = &[
    MAIN,
    GREETINGS,
    ("portal.voicemail", &[Digit::D1, Digit::D7]),
    ("portal.sending", &[Digit::D3, Digit::D5, Digit::D6]),
];

/// A message is answered or forwarded.
const PASSED_ON: &[Shut] = &[
    MAIN,
    GREETINGS,
    ("portal.voicemail", &[Digit::D5, Digit::D7]),
    ("portal.intro", ON_THE_WAY),
    ("portal.playing", ON_THE_WAY),
    (
        "portal.between",
        &[
            Digit::Pound,
            Digit::D7,
            Digit::D2,
            Digit::D4,
            Digit::D5,
            Digit::D6,
        ],
    ),
    ("portal.sending", &[Digit::D2, Digit::D5, Digit::D6]),
    ("portal.hearing-take", &[Digit::D2, Digit::D5, Digit::D6]),
    (
        "portal.hearing-forwarded",
        &[Digit::D2, Digit::D5, Digit::D6],
    ),
];

/// All messages are deleted, and taken back.
const EMPTIED: &[Shut] = &[
    MAIN,
    GREETINGS,
    ("portal.voicemail", &[Digit::D5]),
    ("portal.intro", ON_THE_WAY),
    ("portal.playing", ON_THE_WAY),
    ("portal.between", &[Digit::D2, Digit::D5, Digit::D9]),
];

/// Messages play slower and faster.
const SPED: &[Shut] = &[
    MAIN,
    GREETINGS,
    ("portal.voicemail", &[Digit::D5, Digit::D7]),
    ("portal.between", &[Digit::D7, Digit::D5, Digit::D9]),
];

/// A message goes on where it was stopped.
const RESUMED: &[Shut] = &[
    MAIN,
    GREETINGS,
    ("portal.voicemail", &[Digit::D5, Digit::D7]),
    ("portal.intro", SPEEDS),
    ("portal.playing", SPEEDS),
    ("portal.paused", SPEEDS),
    ("portal.between", &[Digit::D9]),
];

/// The starts.
pub(super) fn starts() -> Vec<Start> {
    let mut addressed = portal("a message composed for two", Entry::Main, 0, ADDRESSED);
    addressed.settings.tries = 2;
    vec![
        portal("a message composed", Entry::Main, 0, COMPOSED),
        addressed,
        passed_on(),
        refused(),
        portal("all messages deleted", Entry::Main, 2, EMPTIED),
        portal("messages slower and faster", Entry::Messages, 1, SPED),
        resumed(),
    ]
}

fn portal(name: &'static str, entry: Entry, messages: u8, shut: &'static [Shut]) -> Start {
    let owner = Some(profile(false));
    let setup = PortalSetup { owner, entry };
    let mut start = start(name, Conversation::portal(setup), messages, 3);
    start.menus = Menus::default();
    start.settings.recipients = 2;
    start.roster = subscribers();
    start.book = named("1");
    start.shut = shut;
    start
}

/// A message of a subscriber, which can be answered and forwarded.
fn passed_on() -> Start {
    let name = "a message answered and forwarded";
    let mut start = portal(name, Entry::Messages, 1, PASSED_ON);
    for message in &mut start.account.listing.messages {
        message.caller = DialString::parse("11").ok();
    }
    start
}

/// A private message of a stranger, which cannot be.
fn refused() -> Start {
    let name = "a message neither answered nor forwarded";
    let mut start = portal(name, Entry::Messages, 1, PASSED_ON);
    for message in &mut start.account.listing.messages {
        message.private = true;
    }
    start
}

/// A message that goes on where it was stopped.
fn resumed() -> Start {
    let mut start = portal("a message resumed", Entry::Messages, 1, RESUMED);
    let mut services = Services::default();
    services
        .positions
        .insert(message(0).id, Duration::from_secs(9));
    let owner = start.account.owner.mailbox.clone();
    start.book.set(owner, Arc::new(services));
    start
}

/// Subscribers whose numbers the walk can type: it tries one figure for all.
fn subscribers() -> Roster {
    let with = |mailbox: &str| Profile {
        mailbox: MailboxId::parse(mailbox).unwrap(),
        ..(*profile(false)).clone()
    };
    Roster::new([(*profile(false)).clone(), with("1"), with("11")]).unwrap()
}

/// What subscribers have set where this one has recorded a name.
fn named(mailbox: &str) -> ServiceBook {
    let mut book = ServiceBook::default();
    let name = Some(RecordingId(Uuid::from_u128(1)));
    let services = Services {
        name,
        ..Services::default()
    };
    book.set(MailboxId::parse(mailbox).unwrap(), Arc::new(services));
    book
}
