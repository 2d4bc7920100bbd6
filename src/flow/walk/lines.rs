//! The starts for what concerns the subscriber's line: passcode, call forwarding, what is active,
//! and whoever calls often. Each walks one menu; the keys to the others are shut.

use super::{Shut, Start, profile, start};
use crate::base::{DialString, Digit, MailboxId};
use crate::flow::{Conversation, Entry, Menus, PortalSetup};
use crate::subscriber::{
    Away, AwayChange, Change, Condition, Feature, ForwardChange, NumberRules, Profile, Roster,
    ServiceBook, Services,
};
use std::sync::Arc;

const OTHERS: &[Digit] = &[
    Digit::D0,
    Digit::D1,
    Digit::D2,
    Digit::D3,
    Digit::D4,
    Digit::D6,
    Digit::D7,
];

/// Only a passcode can be changed.
const PASSCODE: &[Shut] = &[("portal.main", OTHERS)];

/// Nothing can be done but leave.
const NOTHING: &[Shut] = &[("portal.main", OTHERS), ("portal.main", &[Digit::D8])];

/// Only what is active can be heard.
const STATUS: &[Shut] = &[(
    "portal.main",
    &[
        Digit::D0,
        Digit::D1,
        Digit::D2,
        Digit::D3,
        Digit::D4,
        Digit::D6,
        Digit::D8,
    ],
)];

const TO_FORWARDING: &[Digit] = &[
    Digit::D0,
    Digit::D1,
    Digit::D2,
    Digit::D3,
    Digit::D6,
    Digit::D7,
    Digit::D8,
];

/// Only one of the choices of call forwarding is followed.
const FORWARDINGS: [&[Shut]; 5] = [
    &[
        ("portal.main", TO_FORWARDING),
        (
            "portal.forwarding",
            &[Digit::D2, Digit::D3, Digit::D4, Digit::D5],
        ),
    ],
    &[
        ("portal.main", TO_FORWARDING),
        (
            "portal.forwarding",
            &[Digit::D1, Digit::D3, Digit::D4, Digit::D5],
        ),
    ],
    &[
        ("portal.main", TO_FORWARDING),
        (
            "portal.forwarding",
            &[Digit::D1, Digit::D2, Digit::D4, Digit::D5],
        ),
    ],
    &[
        ("portal.main", TO_FORWARDING),
        (
            "portal.forwarding",
            &[Digit::D1, Digit::D2, Digit::D3, Digit::D5],
        ),
    ],
    &[
        ("portal.main", TO_FORWARDING),
        (
            "portal.forwarding",
            &[Digit::D1, Digit::D2, Digit::D3, Digit::D4],
        ),
    ],
];

/// Only two of the services that are on or off: each doubles the states.
const SERVICES: &[Shut] = &[
    (
        "portal.main",
        &[
            Digit::D1,
            Digit::D2,
            Digit::D3,
            Digit::D4,
            Digit::D6,
            Digit::D7,
            Digit::D8,
        ],
    ),
    (
        "portal.services",
        &[Digit::D2, Digit::D3, Digit::D4, Digit::D5, Digit::D7],
    ),
];

/// From message to message, by as few keys as lead to every sentence.
const MESSAGES: &[Shut] = &[
    (
        "portal.main",
        &[
            Digit::D0,
            Digit::D1,
            Digit::D3,
            Digit::D4,
            Digit::D6,
            Digit::D7,
            Digit::D8,
        ],
    ),
    (
        "portal.voicemail",
        &[
            Digit::D1,
            Digit::D2,
            Digit::D3,
            Digit::D4,
            Digit::D5,
            Digit::D7,
        ],
    ),
    (
        "portal.intro",
        &[
            Digit::D1,
            Digit::D2,
            Digit::D4,
            Digit::D7,
            Digit::D8,
            Digit::D9,
            Digit::D0,
            Digit::Pound,
        ],
    ),
    (
        "portal.playing",
        &[
            Digit::D1,
            Digit::D2,
            Digit::D3,
            Digit::D4,
            Digit::D7,
            Digit::D8,
            Digit::D9,
            Digit::D0,
            Digit::Pound,
        ],
    ),
    (
        "portal.between",
        &[Digit::D2, Digit::D5, Digit::D7, Digit::D9, Digit::Pound],
    ),
];

/// The starts.
pub(super) fn starts() -> Vec<Start> {
    let mut all = passcodes();
    all.extend(forwardings());
    all.extend(statuses());
    all.push(portal(
        "other services",
        owner("2001"),
        Entry::Main,
        SERVICES,
    ));
    all.extend(frequent());
    all
}

/// A subscriber who calls from the own telephone.
fn portal(name: &'static str, owner: Profile, entry: Entry, shut: &'static [Shut]) -> Start {
    let owner = Arc::new(owner);
    let setup = PortalSetup {
        owner: Some(Arc::clone(&owner)),
        entry,
    };
    let mut start = start(name, Conversation::portal(setup), 0, 3);
    start.account.owner = owner;
    (start.menus, start.shut) = (Menus::default(), shut);
    start
}

fn owner(mailbox: &str) -> Profile {
    Profile {
        mailbox: MailboxId::parse(mailbox).unwrap(),
        ..(*profile(false)).clone()
    }
}

fn number(text: &str) -> DialString {
    DialString::parse(text).unwrap()
}

fn services(changes: &[Change]) -> Arc<Services> {
    let mut services = Services::default();
    changes.iter().for_each(|change| services.apply(change));
    Arc::new(services)
}

fn forward(condition: Condition, to: &str) -> Change {
    let (on, to) = (true, Some(number(to)));
    Change::Forward(condition, ForwardChange { on: Some(on), to })
}

/// Another passcode because it is wanted, because it is due, and because there is none. Of the
/// figures 1 and 2 one passcode can be made that is good, and one for each rule.
fn passcodes() -> Vec<Start> {
    let mut wanted = portal("a passcode changed", owner("2000"), Entry::Main, PASSCODE);
    wanted.settings.tries = 2;
    let mut due = portal(
        "a passcode that is due",
        owner("2000"),
        Entry::Messages,
        NOTHING,
    );
    due.settings.change_initial = true;
    let newcomer = Profile {
        passcode: None,
        ..owner("2000")
    };
    let first = portal("the first use", newcomer, Entry::Status, NOTHING);
    let mut all = vec![wanted, due, first];
    for start in &mut all {
        start.settings.passcode_rules.length = 1..=2;
        start.figures = &[1, 2];
    }
    all
}

/// Each condition, and the rings. Of the figures 1 and 2 one number is good, one the own, and the
/// rest are refused. Where calls are always forwarded they come back.
fn forwardings() -> Vec<Start> {
    let names = [
        "call forwarding, always",
        "call forwarding when busy",
        "call forwarding on no answer",
        "call forwarding when not reachable",
        "the number of rings",
    ];
    let start = |(name, shut): (&'static str, &'static [Shut])| {
        let own = Profile {
            numbers: vec![number("2")],
            ..owner("2001")
        };
        let jan = Profile {
            numbers: vec![number("1")],
            ..owner("33")
        };
        let mut start = portal(name, own.clone(), Entry::Main, shut);
        start.figures = &[1, 2];
        start.settings.tries = 2;
        start.settings.number_length = 2;
        start.settings.destinations.rules = NumberRules {
            allow: Vec::new(),
            refuse: vec![number("1"), number("2")],
        };
        if name == names[0] {
            let back = services(&[forward(Condition::Busy, "2001")]);
            start.book.set(jan.mailbox.clone(), back);
        }
        start.roster = Roster::new([own, jan]).unwrap();
        start
    };
    names.into_iter().zip(FORWARDINGS).map(start).collect()
}

/// Lines on which nothing is active, everything, and what is left to say besides.
fn statuses() -> Vec<Start> {
    let start = |name, entry, changes: &[Change]| {
        let mut start = portal(name, owner("2001"), entry, STATUS);
        let mut book = ServiceBook::default();
        book.set(start.account.owner.mailbox.clone(), services(changes));
        start.book = book;
        start
    };
    let away = |refuses_messages| {
        Change::Away(AwayChange::from(Away {
            on: true,
            refuses_messages,
            last_day: None,
        }))
    };
    let mut everything: Vec<Change> = Condition::ALL.map(|c| forward(c, "2001")).into();
    let unusual = Feature::ALL.map(|feature| {
        let usual = Services::default().features.has(feature);
        Change::Feature(feature, !usual)
    });
    everything.extend(unusual);
    everything.push(away(true));
    vec![
        start("nothing is active", Entry::Status, &[]),
        start("everything is active", Entry::Main, &everything),
        start("away with messages", Entry::Status, &[away(false)]),
    ]
}

/// Whoever calls often, with messages of every kind.
fn frequent() -> Vec<Start> {
    let often = vec![Change::LoggedIn; 5];
    let names = ["a frequent caller", "a frequent caller, the other kinds"];
    let mut all = Vec::from(names.map(|name| {
        let mut start = portal(name, owner("2001"), Entry::Main, MESSAGES);
        let mailbox = start.account.owner.mailbox.clone();
        start.account.listing.messages = [0, 1].map(super::message).into();
        start.account.listing.messages[0].caller = Some(number("22"));
        start.book.set(mailbox, services(&often));
        start
    }));
    for message in &mut all[1].account.listing.messages {
        message.urgent = !message.urgent;
    }
    all
}
