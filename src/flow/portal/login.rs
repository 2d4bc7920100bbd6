//! Logging in: mailbox number, passcode, verdict.
//!
//! Laws: a wrong mailbox and a wrong passcode are told in the same words; silent and wrong entries
//! count together over the whole call, however they are spread; keys typed ahead of a refusal are
//! forgotten, so that they are not taken for another attempt.

use super::inbox::Rest;
use super::leaving::Leaving;
use super::main_menu::MainMenu;
use super::voicemail::Opening;
use super::{Entry, Owner, Portal, passcode};
use crate::base::{MailboxId, Pii};
use crate::flow::typing::{Typed, Typing};
use crate::flow::{Conversation, Cx, Effect, Effects, End, Event, LogIn, LogInVerdict};
use crate::prompt::{Line, Phrase};
use crate::subscriber::Profile;
use std::sync::Arc;

/// What a log-in carries along until it succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Visit {
    /// Where to go afterwards.
    entry: Entry,
    /// Silent and wrong entries so far.
    failures: u8,
}

impl Visit {
    pub(super) fn new(entry: Entry) -> Visit {
        Visit { entry, failures: 0 }
    }

    /// Where to go afterwards.
    pub(super) fn entry(self) -> Entry {
        self.entry
    }

    /// One more entry was silent or wrong; `None` ends the patience.
    fn failed(self, cx: &Cx<'_>) -> Option<Visit> {
        let failures = self.failures.saturating_add(1);
        (failures < cx.settings.tries).then_some(Visit { failures, ..self })
    }
}

/// Asking for the number of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    visit: Visit,
    typing: Typing,
}

impl Number {
    /// Says the words, then asks.
    pub(super) fn enter(visit: Visit, mut words: Vec<Phrase>, fx: &mut Effects) -> Conversation {
        words.push(Phrase::Line(Line::EnterMailbox));
        let typing = Typing::ask(words, fx);
        Portal::Number(Number { visit, typing }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let visit = self.visit;
        let longest = cx.settings.mailbox_length;
        match self.typing.on(event, longest, cx, fx) {
            Typed::Pending(typing) => Portal::Number(Number { visit, typing }).into(),
            Typed::Anew => Number::enter(visit, Vec::new(), fx),
            Typed::Silence => Number::again(visit, Line::NothingPressed, cx, fx),
            Typed::Star => Number::again(visit, Line::NotAChoice, cx, fx),
            Typed::Figures(figures) => {
                let fits = figures.reveal().len() <= longest;
                match MailboxId::parse(figures.reveal()) {
                    Ok(mailbox) if fits => Passcode::enter(visit, mailbox, Vec::new(), fx),
                    Ok(_) | Err(_) => Number::again(visit, Line::NotAChoice, cx, fx),
                }
            }
        }
    }

    fn again(visit: Visit, line: Line, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match visit.failed(cx) {
            Some(visit) => Number::enter(visit, vec![Phrase::Line(line)], fx),
            None => goodbye(line, fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.typing.hush(fx);
        Leaving::closing(Rest::default(), fx)
    }
}

/// Asking for the passcode.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Passcode {
    visit: Visit,
    wanted: Pii<MailboxId>,
    typing: Typing,
}

impl Passcode {
    /// Says the words, then asks.
    pub(super) fn enter(
        visit: Visit,
        wanted: MailboxId,
        mut words: Vec<Phrase>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend([Line::EnterPasscode, Line::OtherMailbox].map(Phrase::Line));
        Passcode::ask(visit, wanted, words, fx)
    }

    /// Asks whoever calls often, in two words. A silent or wrong entry is asked for again in full.
    pub(super) fn enter_briefly(visit: Visit, wanted: MailboxId, fx: &mut Effects) -> Conversation {
        let words = vec![Phrase::Line(Line::YourPasscode)];
        Passcode::ask(visit, wanted, words, fx)
    }

    fn ask(visit: Visit, wanted: MailboxId, words: Vec<Phrase>, fx: &mut Effects) -> Conversation {
        let typing = Typing::ask(words, fx);
        let wanted = Pii::new(wanted);
        Portal::Passcode(Passcode {
            visit,
            wanted,
            typing,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let (visit, wanted) = (self.visit, self.wanted);
        let lengths = &cx.settings.passcode_length;
        match self.typing.on(event, *lengths.end(), cx, fx) {
            Typed::Pending(typing) => Portal::Passcode(Passcode {
                visit,
                wanted,
                typing,
            })
            .into(),
            Typed::Anew => Passcode::enter(visit, wanted.reveal().clone(), Vec::new(), fx),
            Typed::Star => Number::enter(visit, Vec::new(), fx),
            Typed::Silence => Passcode::again(visit, &wanted, Line::NothingPressed, cx, fx),
            Typed::Figures(passcode) if lengths.contains(&passcode.reveal().len()) => {
                Checking::enter(visit, wanted, passcode, fx)
            }
            Typed::Figures(_) => Passcode::again(visit, &wanted, Line::LoginWrong, cx, fx),
        }
    }

    /// Tells what was wrong and asks again, while there is patience.
    fn again(
        visit: Visit,
        wanted: &Pii<MailboxId>,
        line: Line,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        fx.push(Effect::FlushKeys);
        match visit.failed(cx) {
            Some(visit) => {
                let words = vec![Phrase::Line(line)];
                Passcode::enter(visit, wanted.reveal().clone(), words, fx)
            }
            None => goodbye(line, fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.typing.hush(fx);
        Leaving::closing(Rest::default(), fx)
    }
}

/// The log-in is being checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Checking {
    visit: Visit,
    wanted: Pii<MailboxId>,
}

impl Checking {
    fn enter(
        visit: Visit,
        wanted: Pii<MailboxId>,
        passcode: Pii<String>,
        fx: &mut Effects,
    ) -> Conversation {
        let mailbox = wanted.reveal().clone();
        fx.push(Effect::LogIn(LogIn { mailbox, passcode }));
        Portal::Checking(Checking { visit, wanted }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Event::LogIn(verdict) = event else {
            return Portal::Checking(self).into();
        };
        match verdict {
            LogInVerdict::Accepted(owner) => self.accepted(Arc::clone(owner), cx, fx),
            LogInVerdict::Wrong => {
                Passcode::again(self.visit, &self.wanted, Line::LoginWrong, cx, fx)
            }
            LogInVerdict::Locked => {
                fx.push(Effect::FlushKeys);
                goodbye(Line::LoginLocked, fx)
            }
        }
    }

    fn accepted(self, owner: Arc<Profile>, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let (owner, entry) = (Owner::new(owner, cx), self.visit.entry);
        if passcode::is_due(&owner, cx.settings, cx.now.wall) {
            return passcode::due(owner, entry, fx);
        }
        match entry {
            Entry::Messages if owner.profile.delivery.is_heard_by_phone() => {
                Opening::to_play(owner, fx)
            }
            Entry::Main | Entry::Messages | Entry::Status => {
                MainMenu::after_log_in(owner, entry, Vec::new(), cx, fx)
            }
        }
    }
}

/// No log-in in this call: says why, then ends it.
fn goodbye(why: Line, fx: &mut Effects) -> Conversation {
    let words = [why, Line::Goodbye].map(Phrase::Line).to_vec();
    End::HangUp.after(words, fx)
}
