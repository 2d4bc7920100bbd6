//! The exhaustive walk: every reachable state of every conversation, every event, every law.
//!
//! `world` is the smallest world that answers a flow and knows when a law is broken; `graph` walks
//! breadth-first through all pairs of flow and world; `planted` shows that the walk catches bugs;
//! `codes`, `greetings` and `lines` hold starts of their own; `spoken` holds what was said against the list
//! of sentences, `standing` what was told of the line against how it stands; `print` makes the flow
//! documents and the user card from what was walked. Test code only.

mod codes;
mod graph;
mod greetings;
mod lines;
mod planted;
mod posts;
mod print;
mod spoken;
mod standing;
mod tests;
mod world;

pub(super) use greetings::absences;

use super::{
    Admission, Conversation, DepositSetup, Effect, Effects, Entry, Event, Menus, OperatorSetup,
    PortalSetup, Settings, Workset,
};
use crate::base::{DialString, Digit, MailboxId, MessageId, Mono, Now, Timestamp};
use crate::mailbox::{Listing, Room, State, Summary};
use crate::mime::{MailAddress, Reason};
use crate::prompt::{Grammar, Line, Phrase, SetId};
use crate::subscriber::{
    Delivery, Language, Languages, Mode, PasscodeHash, Profile, Roster, ServiceBook,
};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The profile of the subscriber that every test conversation is about.
pub(super) fn profile(assistant: bool) -> Arc<Profile> {
    Arc::new(Profile {
        mailbox: MailboxId::parse("2001").unwrap(),
        name: "Anna".to_owned(),
        numbers: Vec::new(),
        language: language("nl"),
        zone: "Europe/Amsterdam".to_owned(),
        passcode: Some(passcode()),
        assistant: assistant.then(|| DialString::parse("2009").unwrap()),
        tenant: None,
        delivery: Delivery::local(),
        limits: crate::mailbox::Limits::default(),
    })
}

/// The hash of a passcode: making one takes long, and no flow looks into it.
pub(super) fn passcode() -> PasscodeHash {
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$\
                Ci9bRmkS8mOAzRl8ZbGSMLMEJvUUNH43k0tNRTiZ5oI";
    PasscodeHash::parse(hash).unwrap()
}

/// The same subscriber, whose messages go out by e-mail.
pub(super) fn by_email() -> Arc<Profile> {
    let address = MailAddress::parse("anna@example.nl").unwrap();
    Arc::new(Profile {
        delivery: Delivery {
            mode: Mode::Email(vec![address]),
            ..Delivery::local()
        },
        ..(*profile(false)).clone()
    })
}

/// The subscriber of the tests, and another one.
pub(super) fn two_subscribers() -> Roster {
    let other = Profile {
        mailbox: MailboxId::parse("22").unwrap(),
        name: "Jan".to_owned(),
        ..(*profile(false)).clone()
    };
    Roster::new([(*profile(true)).clone(), other]).unwrap()
}

/// Message `n` of a test mailbox; the first is urgent, the last of three is saved.
pub(super) fn message(n: u8) -> Summary {
    Summary {
        id: MessageId(Uuid::from_u128(u128::from(n))),
        state: if n == 2 { State::Saved } else { State::New },
        urgent: n == 0,
        private: false,
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
    account: Account,
    settings: Settings,
    menus: Menus,
    languages: Languages,
    roster: Roster,
    book: ServiceBook,
    /// Keys by state that are pressed but not followed: what lies behind them is walked from
    /// another start, so that menus do not multiply.
    shut: &'static [Shut],
    /// The figures that are typed where a number is.
    figures: &'static [u8],
}

/// A state and some of its keys.
type Shut = (&'static str, &'static [Digit]);

/// What a log-in opens: a mailbox, or prompt sets.
struct Account {
    owner: Arc<Profile>,
    listing: Listing,
    /// What an operator who logs in can work on.
    worksets: Vec<Workset>,
}

impl Account {
    fn messages(&self) -> &[Summary] {
        &self.listing.messages
    }
}

/// Every conversation with every set-up that changes its ways.
fn starts() -> Vec<Start> {
    let mut all = deposits();
    all.extend(portals());
    all.extend(states_of_a_mailbox());
    all.extend(languages());
    all.extend(operators());
    all.extend(posts::starts());
    all.extend(lines::starts());
    all.extend(greetings::starts());
    all.extend(codes::starts());
    for (name, owner) in [
        ("lamp", Some(profile(false))),
        ("lamp of an unknown caller", None),
    ] {
        all.push(start(name, Conversation::clear_lamp(owner), 0, 3));
    }
    let words = vec![Phrase::Line(Line::NoSuchMailbox)];
    let announcement = Conversation::announcement(words);
    all.push(start("announcement", announcement, 0, 3));
    all
}

fn deposits() -> Vec<Start> {
    let mut all = Vec::new();
    for (name, assistant, admission, tries) in [
        ("deposit", true, Admission::Open, 3),
        ("deposit without assistant", false, Admission::Open, 3),
        ("deposit without room", true, Admission::NoDisk, 3),
        ("deposit in a full mailbox", true, Admission::MailboxFull, 3),
        ("deposit without patience", true, Admission::Open, 1),
    ] {
        let reason = Some(Reason::Busy);
        all.push(deposit(name, assistant, reason, admission, tries));
    }
    for reason in [Some(Reason::NoAnswer), None] {
        for (name, admission) in [
            ("deposit for another reason", Admission::Open),
            ("deposit without room for another reason", Admission::NoDisk),
            (
                "deposit in a full mailbox for another reason",
                Admission::MailboxFull,
            ),
        ] {
            all.push(deposit(name, false, reason, admission, 1));
        }
    }
    let setup = DepositSetup {
        owner: profile(true),
        reason: None,
        admission: Admission::Open,
    };
    let mut closed = start("deposit without log-in", Conversation::deposit(setup), 0, 3);
    closed.settings.log_in_from_greeting = false;
    all.push(closed);
    all
}

fn deposit(
    name: &'static str,
    assistant: bool,
    reason: Option<Reason>,
    admission: Admission,
    tries: u8,
) -> Start {
    let setup = DepositSetup {
        owner: profile(assistant),
        reason,
        admission,
    };
    start(name, Conversation::deposit(setup), 0, tries)
}

fn portals() -> Vec<Start> {
    let portals = [
        ("portal, no messages", true, Entry::Main, 0, 3),
        ("portal, one message", true, Entry::Main, 1, 3),
        ("portal, two messages", true, Entry::Main, 2, 3),
        ("portal, three messages", true, Entry::Messages, 3, 3),
        ("portal without patience", true, Entry::Main, 2, 1),
        ("messages at once, none there", true, Entry::Messages, 0, 3),
        ("portal of an unknown caller", false, Entry::Messages, 1, 3),
    ];
    let start = |(name, known, entry, messages, tries): (_, bool, _, _, _)| {
        let owner = known.then(|| profile(false));
        let setup = PortalSetup { owner, entry };
        start(name, Conversation::portal(setup), messages, tries)
    };
    portals.map(start).into()
}

/// A subscriber at the front door, without messages.
fn portal(name: &'static str) -> Start {
    let owner = Some(profile(false));
    let entry = Entry::Main;
    start(
        name,
        Conversation::portal(PortalSetup { owner, entry }),
        0,
        3,
    )
}

/// Operators with two languages to work on, with one, without patience, and with none at all.
fn operators() -> Vec<Start> {
    let operators = [
        ("operator", vec!["nl", "en"], 3),
        ("operator of one language", vec!["nl"], 3),
        ("operator without patience", vec!["en"], 1),
        ("operator without prompts", vec![], 3),
    ];
    let start = |(name, languages, tries): (_, Vec<&str>, _)| {
        let setup = OperatorSetup { tenant: None };
        let mut start = start(name, Conversation::operator(setup), 0, tries);
        start.account.worksets = languages.into_iter().map(workset).collect();
        start
    };
    operators.map(start).into()
}

/// Everybody's set of a language.
pub(super) fn workset(language: &str) -> Workset {
    Workset {
        set: SetId::of(Language::parse(language).unwrap()),
        grammar: Grammar::parse(language).unwrap(),
    }
}

/// Mailboxes that are out of reach, full, about to lose messages, or none at all.
fn states_of_a_mailbox() -> Vec<Start> {
    let portal = |name, entry, messages| {
        let owner = Some(profile(false));
        let setup = PortalSetup { owner, entry };
        start(name, Conversation::portal(setup), messages, 3)
    };
    let mut some = portal("portal, mailbox out of reach", Entry::Main, 1);
    some.account.listing.partial = true;
    let mut none = portal("messages at once, mailbox out of reach", Entry::Messages, 0);
    none.account.listing.partial = true;
    let mut scarce = portal("portal, mailbox almost full", Entry::Main, 1);
    scarce.account.listing.room = Room::Scarce;
    let mut full = portal("messages at once, mailbox full", Entry::Messages, 1);
    full.account.listing.room = Room::Full;
    full.account.listing.expiring = 1;
    let mut email = portal("portal by e-mail", Entry::Main, 1);
    email.account.owner = by_email();
    let mut email_at_once = portal("messages at once by e-mail", Entry::Messages, 1);
    email_at_once.account.owner = by_email();
    let mut both = portal("portal, new and saved ones on their way", Entry::Main, 0);
    both.account.listing = Listing {
        messages: vec![message(1), message(2)],
        partial: true,
        ..Listing::default()
    };
    let mut other = portal("messages at once, of the other kinds", Entry::Messages, 2);
    for message in &mut other.account.listing.messages {
        message.urgent = !message.urgent;
    }
    vec![some, none, scarce, full, email, email_at_once, both, other]
}

/// Nothing to choose between, and more than there are keys.
fn languages() -> Vec<Start> {
    let portal = |name, languages: &[&str]| {
        let mut start = portal(name);
        start.languages.offered = languages.iter().map(|tag| language(tag)).collect();
        start
    };
    let many = ["nl", "en", "de", "fr", "es", "it", "pt", "pl", "tr", "ar"];
    vec![
        portal("portal in one language", &["nl"]),
        portal("portal in ten languages", &many),
    ]
}

/// A language by its tag.
pub(super) fn language(tag: &str) -> Language {
    Language::parse(tag).unwrap()
}

/// Dutch and English, for everybody.
pub(super) fn two_languages() -> Languages {
    let mut languages = Languages::only(language("nl"));
    languages.offered.push(language("en"));
    languages
}

/// The shipped menus without what has starts of its own: menus that lead to each other multiply.
const PLAIN_MENUS: &str = r##"
[main]
keys = { "1" = "voicemail", "6" = "language", "9" = "leave", "#" = "repeat" }
say = ["voicemail", "language", "leave", "repeat"]
[voicemail]
keys = { "1" = "play", "*" = "back", "#" = "repeat" }
say = ["play", "back", "repeat"]
"##;

fn plain_menus() -> Menus {
    menus(PLAIN_MENUS)
}

/// The shipped menus with these laid over them.
fn menus(text: &str) -> Menus {
    Menus::parse(text).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// Short figures keep the walk small; their number changes no law.
fn start(name: &'static str, conversation: Conversation, messages: u8, tries: u8) -> Start {
    Start {
        name,
        conversation,
        account: Account {
            owner: profile(false),
            listing: Listing {
                messages: (0..messages).map(message).collect(),
                ..Listing::default()
            },
            worksets: Vec::new(),
        },
        settings: Settings {
            tries,
            passcode_length: 1..=2,
            mailbox_length: 2,
            ..Settings::default()
        },
        menus: plain_menus(),
        languages: two_languages(),
        roster: two_subscribers(),
        book: ServiceBook::default(),
        shut: posts::SHUT,
        figures: &[1],
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
    /// Whether what lies behind this key of this state is walked from another start.
    fn is_shut(&self, state: &str, key: Digit) -> bool {
        let mut here = self.shut.iter().filter(|(shut, _)| *shut == state);
        here.any(|(_, keys)| keys.contains(&key))
    }

    fn cx(&self) -> super::Cx<'_> {
        super::Cx {
            now: now(),
            menus: &self.menus,
            settings: &self.settings,
            languages: &self.languages,
            roster: &self.roster,
            book: &self.book,
        }
    }
}
