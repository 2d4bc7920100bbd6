//! Conversations as the manual tells them: one test for every row of its sections 6.2 and 6.3, and
//! for what a caller or subscriber would expect beyond those. Test code only.

mod caller;
mod codes;
mod greetings;
mod hearing;
mod language;
mod line;
mod login;
mod mailbox;
mod onward;
mod passcode;

use super::walk::{
    absences, by_email, language, message, now, profile, two_languages, two_subscribers,
};
use super::{
    Admission, Conversation, Cx, DepositSetup, Effect, Effects, Entry, Event, KeyPolicy,
    LogInVerdict, Menus, PortalSetup, RecordingDone, Settings,
};
use crate::base::{Digit, MessageId};
use crate::mailbox::{Command, Fault, Listing, Reply};
use crate::media::RecordEnd;
use crate::mime::Reason;
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Languages, Roster, ServiceBook};
use std::collections::VecDeque;
use std::time::Duration;

/// A telephone in a conversation: it holds keys typed ahead, as the call layer does.
struct Phone {
    flow: Conversation,
    settings: Settings,
    menus: Menus,
    languages: Languages,
    roster: Roster,
    book: ServiceBook,
    held: VecDeque<Digit>,
    /// What the last act brought about.
    fx: Vec<Effect>,
}

impl Phone {
    fn answered(flow: Conversation, settings: Settings) -> Phone {
        Phone::answered_where(flow, settings, ServiceBook::default())
    }

    /// The same where subscribers have set something.
    fn answered_where(flow: Conversation, settings: Settings, book: ServiceBook) -> Phone {
        let mut phone = Phone {
            flow,
            settings,
            menus: Menus::default(),
            languages: two_languages(),
            roster: two_subscribers(),
            book,
            held: VecDeque::new(),
            fx: Vec::new(),
        };
        phone.hears(Event::Started);
        phone
    }

    /// A caller who is diverted.
    fn caller() -> Phone {
        Phone::diverted(true, Admission::Open, Settings::default())
    }

    fn diverted(assistant: bool, admission: Admission, settings: Settings) -> Phone {
        let setup = DepositSetup {
            owner: profile(assistant),
            reason: Some(Reason::NoAnswer),
            admission,
        };
        Phone::answered(Conversation::deposit(setup), settings)
    }

    /// A subscriber who calls the portal from the own telephone.
    fn subscriber(entry: Entry) -> Phone {
        let owner = Some(profile(false));
        let setup = PortalSetup { owner, entry };
        Phone::answered(Conversation::portal(setup), Settings::default())
    }

    /// One who has logged in and hears message `at` of so many.
    fn hearing(at: u8, messages: u8) -> Phone {
        let mut phone = Phone::subscriber(Entry::Messages);
        phone.presses("1234#");
        phone.accepted();
        phone.listed(messages);
        for _ in 0..at {
            phone.presses("6");
            phone.presses("6");
        }
        phone.hears(Event::PlayDone);
        phone.hears(Event::PlayBegan);
        assert_eq!(phone.flow.state_name(), "portal.playing");
        phone
    }

    /// One event, then the keys typed ahead as far as they are wanted.
    fn hears(&mut self, event: Event) {
        self.fx.clear();
        self.step(event);
        while self.flow.key_policy() == KeyPolicy::Now
            && let Some(key) = self.held.pop_front()
        {
            self.step(Event::Digit(key));
        }
    }

    fn step(&mut self, event: Event) {
        let cx = Cx {
            now: now(),
            menus: &self.menus,
            settings: &self.settings,
            languages: &self.languages,
            roster: &self.roster,
            book: &self.book,
        };
        let mut fx = Effects::new();
        let flow = std::mem::replace(&mut self.flow, Conversation::Ended);
        self.flow = flow.on(event, &cx, &mut fx);
        if fx.as_slice().contains(&Effect::FlushKeys) {
            self.held.clear();
        }
        self.fx.extend(fx);
    }

    /// Presses keys in one go.
    fn presses(&mut self, keys: &str) {
        self.fx.clear();
        for key in keys.chars().filter_map(Digit::from_char) {
            match self.flow.key_policy() {
                KeyPolicy::Now => self.step(Event::Digit(key)),
                KeyPolicy::Hold => self.held.push_back(key),
            }
        }
    }

    fn hangs_up(self) -> Vec<Effect> {
        let cx = Cx {
            now: now(),
            menus: &self.menus,
            settings: &self.settings,
            languages: &self.languages,
            roster: &self.roster,
            book: &self.book,
        };
        let mut fx = Effects::new();
        self.flow.on_hang_up(&cx, &mut fx);
        fx.into_iter().collect()
    }

    fn accepted(&mut self) {
        self.hears(Event::LogIn(LogInVerdict::Accepted(profile(false))));
    }

    fn listed(&mut self, messages: u8) {
        self.stands(Listing {
            messages: (0..messages).map(message).collect(),
            ..Listing::default()
        });
    }

    /// The mailbox answers with this listing.
    fn stands(&mut self, listing: Listing) {
        self.hears(Event::Mail(Reply::Listed(listing)));
    }

    fn done(&mut self, command: Command) {
        self.hears(Event::Mail(Reply::Done(command)));
    }

    fn failed(&mut self, command: Command) {
        self.hears(Event::Mail(Reply::Failed(command, Fault::Unavailable)));
    }

    /// A recording of so many seconds, all of it voice, ends.
    fn recorded(&mut self, end: RecordEnd, seconds: u64) {
        let length = Duration::from_secs(seconds);
        let voiced = length;
        self.hears(Event::Recorded(RecordingDone {
            end,
            length,
            voiced,
        }));
    }

    /// Through the greeting and the tone, to a message of ten seconds ended with `#`.
    fn reviews(&mut self) {
        self.presses("#");
        self.hears(Event::PlayDone);
        self.presses("#");
        self.recorded(RecordEnd::Stopped, 10);
        assert_eq!(self.flow.state_name(), "deposit.review");
    }

    /// Everything said in the last act.
    fn words(&self) -> Vec<Phrase> {
        let words = self.fx.iter().filter_map(|effect| match effect {
            Effect::Play(words) => Some(words.clone()),
            _ => None,
        });
        words.flatten().collect()
    }

    #[track_caller]
    fn said(&self, line: Line) {
        let words = self.words();
        assert!(words.contains(&Phrase::Line(line)), "{words:?}");
    }

    #[track_caller]
    fn did(&self, effect: &Effect) {
        assert!(self.fx.contains(effect), "{:?}", self.fx);
    }

    #[track_caller]
    fn is_in(&self, state: &str) {
        assert_eq!(self.flow.state_name(), state);
    }
}

fn id(n: u8) -> MessageId {
    message(n).id
}
