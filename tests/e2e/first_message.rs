//! Figures of the way to the first new message, printed: how many keys, and how many seconds of
//! prompts, for whoever calls often. `scripts/portal-figures` runs them; nothing here is asserted but
//! that the message is reached.
//!
//! Computed: the conversation itself is led to the message, and what it says is measured in the clips
//! that ship. Measured: one call to the real server, to hold against what was computed.

use crate::harness::events::{Event, PROMPT};
use crate::harness::setup::{PASSCODE, hash};
use crate::harness::sound::{self, speech};
use crate::harness::{Dial, Server, Setup, seconds};
use crate::steps::{CALLER, await_line, leave_message, playing_in, type_passcode};
use belpost::base::{DialString, Digit, MailboxId, MessageId, Mono, Now, Timestamp};
use belpost::flow::{
    Conversation, Cx, Effect, Effects, Entry, Event as Input, LogInVerdict, Menus, PortalSetup,
    Settings,
};
use belpost::library::{Config, Library};
use belpost::mailbox::{Command, Limits, Listing, Reply, State, Summary};
use belpost::media::PlayItem;
use belpost::prompt::{Phrase, Voice};
use belpost::subscriber::{
    Delivery, Language, Languages, PasscodeHash, Profile, Roster, ServiceBook, Services,
};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// A colleague's number.
const COLLEAGUE: &str = "2002";
/// The numbers to call, where each leads, and the keys behind the passcode.
const WAYS: [(&str, Entry, &str); 2] = [("1233", Entry::Main, "2"), ("*86", Entry::Messages, "")];
/// Who has log-ins enough to count as calling often.
const OFTEN: u32 = 5;

/// What is pressed until the message begins, and how long what is said on the way takes. Who presses
/// every key ahead hears only the last of it.
#[derive(Debug, Default)]
struct Way {
    keys: usize,
    /// Before the first key of the passcode.
    passcode: Duration,
    /// Before the key in the menu, until that has been named.
    menu: Duration,
    /// Behind the last key.
    message: Duration,
}

impl Way {
    /// All that is said to whoever hears each question until its key has been named.
    fn patiently(&self) -> Duration {
        self.passcode + self.menu + self.message
    }
}

/// All that a conversation may look at.
struct World {
    menus: Menus,
    settings: Settings,
    languages: Languages,
    roster: Roster,
    book: ServiceBook,
}

fn language(tag: &str) -> Language {
    Language::parse(tag).expect("a language")
}

fn subscriber(tag: &str) -> Profile {
    Profile {
        mailbox: MailboxId::parse("2001").expect("a mailbox"),
        name: "Anna Jansen".to_owned(),
        numbers: Vec::new(),
        language: language(tag),
        zone: "Europe/Amsterdam".to_owned(),
        passcode: Some(PasscodeHash::parse(hash()).expect("a hash")),
        assistant: None,
        tenant: None,
        delivery: Delivery::local(),
        limits: Limits::default(),
    }
}

impl World {
    /// With the subscriber, who speaks this language and calls often.
    fn of(tag: &str) -> World {
        let owner = subscriber(tag);
        let mut book = ServiceBook::default();
        let services = Services {
            log_ins: OFTEN,
            ..Services::default()
        };
        book.set(owner.mailbox.clone(), Arc::new(services));
        World {
            menus: Menus::default(),
            settings: Settings::default(),
            languages: Languages::only(language(tag)),
            roster: Roster::new([owner]).expect("one subscriber"),
            book,
        }
    }

    fn cx(&self) -> Cx<'_> {
        let mono = Mono::since_start(Duration::ZERO);
        let wall = Timestamp::UNIX_EPOCH + Duration::from_hours(12);
        Cx {
            now: Now { mono, wall },
            menus: &self.menus,
            settings: &self.settings,
            languages: &self.languages,
            roster: &self.roster,
            book: &self.book,
        }
    }

    fn owner(&self) -> Arc<Profile> {
        Arc::clone(self.roster.all()[0])
    }
}

/// A mailbox with one new message.
fn listing(caller: &str) -> Listing {
    let message = Summary {
        id: MessageId(Uuid::from_u128(1)),
        state: State::New,
        urgent: false,
        private: false,
        caller: Some(DialString::parse(caller).expect("a number")),
        received: Timestamp::UNIX_EPOCH,
        length: Duration::from_secs(20),
    };
    Listing {
        messages: vec![message],
        ..Listing::default()
    }
}

/// Leads the conversation to the message of this caller.
fn walk(library: &Library, tag: &str, (entry, last): (Entry, &str), caller: &str) -> Way {
    let world = World::of(tag);
    let cx = world.cx();
    let voice = Voice {
        tenant: None,
        languages: vec![language(tag)],
    };
    let mut keys: VecDeque<Digit> = format!("{PASSCODE}#{last}")
        .chars()
        .map(|key| Digit::from_char(key).expect("a key"))
        .collect();
    let mut way = Way {
        keys: keys.len(),
        ..Way::default()
    };
    let owner = Some(world.owner());
    let mut state = Conversation::portal(PortalSetup { owner, entry });
    let mut input = Input::Started;
    loop {
        let mut fx = Effects::new();
        state = state.on(input, &cx, &mut fx);
        let mut next = None;
        for effect in fx {
            match effect {
                Effect::PlayMessage(..) => return way,
                Effect::LogIn(_) => {
                    next = Some(Input::LogIn(LogInVerdict::Accepted(world.owner())));
                }
                Effect::Mail(Command::List) => {
                    next = Some(Input::Mail(Reply::Listed(listing(caller))));
                }
                Effect::Play(words) => match keys.front() {
                    Some(_) if keys.len() == way.keys => {
                        way.passcode += length(library, &words, &voice);
                    }
                    Some(key) => {
                        way.menu += length(library, until_named(&words, *key), &voice);
                    }
                    None => {
                        way.message += length(library, &words, &voice);
                        next = Some(Input::PlayDone);
                    }
                },
                _ => {}
            }
        }
        input = next.unwrap_or_else(|| Input::Digit(keys.pop_front().expect("another key")));
    }
}

/// The words up to the choice that this key makes; all of them where none does.
fn until_named(words: &[Phrase], key: Digit) -> &[Phrase] {
    let names = |phrase: &Phrase| match phrase {
        Phrase::Choice(_, named) | Phrase::Brief(_, named) => *named == key,
        _ => false,
    };
    let end = words
        .iter()
        .position(names)
        .map_or(words.len(), |at| at + 1);
    &words[..end]
}

/// How long it takes to say this.
fn length(library: &Library, words: &[Phrase], voice: &Voice) -> Duration {
    let items = library.say(words, voice).into_iter();
    let lengths = items.map(|item| match item {
        PlayItem::Audio(audio) | PlayItem::Loop(audio) => audio.duration(),
        PlayItem::Silence(span) => span,
    });
    lengths.sum()
}

#[test]
#[ignore = "prints figures; scripts/portal-figures runs it"]
fn computed_from_the_clips() {
    let library = Library::load(&Config::default()).expect("the prompts");
    println!("language, dialled, message from: keys; seconds of prompts");
    for tag in ["nl", "en"] {
        for (dialled, entry, last) in WAYS {
            for (who, caller) in [("outside", CALLER), ("a colleague", COLLEAGUE)] {
                let way = walk(&library, tag, (entry, last), caller);
                println!(
                    "{tag}, {dialled}, {who}: {} keys ({PASSCODE}#{last}); all pressed ahead {:.1} s; each \
                     question heard {:.1} s, of it {:.1} s before the passcode, {:.1} s of the menu",
                    way.keys,
                    way.message.as_secs_f64(),
                    way.patiently().as_secs_f64(),
                    way.passcode.as_secs_f64(),
                    way.menu.as_secs_f64(),
                );
            }
        }
    }
}

#[test]
#[ignore = "prints figures; scripts/portal-figures runs it"]
fn measured_in_a_live_call() {
    let library = Library::load(&Config::default()).expect("the prompts");
    let server = Server::start_with(&Setup::new().line("entry", "brief_after = 1"));
    for (tag, owner, colleague) in [("nl", "2001", "2002"), ("en", "2002", "2001")] {
        let mut call = Dial::new(server.address(), "1233", owner).answered();
        await_line(&server, &mut call, "enter-passcode");
        type_passcode(&mut call);
        await_line(&server, &mut call, "main-voicemail");
        call.hang_up();
        let said = speech(4.0, 1);
        leave_message(&server, owner, colleague, &said);
        server.await_messages(owner, 1);
        let mut call = Dial::new(server.address(), "1233", owner).answered();
        call.voice().press(&format!("{PASSCODE}#2"));
        call.wait_until("the message plays", seconds(20.0), |call| {
            playing_in(&server, call.id()).then_some(())
        });
        call.wait(seconds(5.0));
        let id = call.id().to_owned();
        let heard = call.hang_up().heard();
        let begins = sound::find(&heard, &said).expect("the message is heard");
        let computed = walk(&library, tag, (Entry::Main, "2"), colleague);
        println!(
            "{tag}, 1233, all keys pressed at once, message of a colleague: its sound begins {begins:.1} s \
             after the answer; {:.2} s of it are the words before it, computed {:.2} s",
            words_before(&server.events_of(&id)),
            computed.message.as_secs_f64()
        );
    }
}

/// From the words before a message to the message, by the clock of the log, in seconds.
fn words_before(events: &[Event]) -> f64 {
    let at = |line: &str| {
        let said = events.iter().find(|e| e.what() == PROMPT && e.says(line));
        let said = said.unwrap_or_else(|| panic!("the line {line}"));
        said.text("at").parse::<Timestamp>().expect("a moment")
    };
    at("message")
        .duration_since(at("new-message"))
        .as_secs_f64()
}
