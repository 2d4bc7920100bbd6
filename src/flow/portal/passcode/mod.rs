//! Choosing a passcode: because the owner wants another one, because one is due, or because there
//! is none yet.
//!
//! In: figures. Out: a passcode to be stored, or the reason it is none. Laws: it is typed twice and
//! kept only when both are alike; keys are secret until it is stored or refused; who wants another
//! one may go back, who must choose one may not; it is called changed only when it is stored. Of a
//! passcode that is due and cannot be stored the owner is told, and goes on: it stays due. Who has
//! none yet cannot go on without one.
//!
//! `entry` takes the figures, `storing` waits until they are stored, `due` says when a choice is
//! due, `naming` records the name of whoever is here for the first time. The rules are in
//! [`subscriber`](crate::subscriber), the earlier passcodes with whoever stores them.

mod due;
mod entry;
mod naming;
mod storing;

use super::inbox::Rest;
use super::login::{Number, Visit};
use super::main_menu::MainMenu;
use super::visitor::Visitor;
use super::{Entry, Owner, Portal};
use crate::base::MessageId;
use crate::flow::{Conversation, Cx, Effect, Effects, End, Event, KeyPolicy};
use crate::prompt::{Line, Phrase};
pub(super) use due::is_due;
use entry::{New, Repeat};
use naming::Naming;
use storing::Storing;

/// Choosing a passcode: one variant for each state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Choosing {
    /// Asking for the new passcode.
    New(New),
    /// Asking for it again.
    Repeat(Repeat),
    /// It is being stored.
    Storing(Storing),
    /// At the first log-in: recording the name.
    Naming(Naming),
}

/// Who chooses a passcode, why, and how often that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Chooser {
    why: Why,
    /// Silent or refused entries so far.
    failures: u8,
}

/// Why a passcode is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Why {
    /// The owner wants another one.
    Wanted(Visitor),
    /// The owner must have another one before going on.
    Due(Owner, Entry),
    /// The same, at the first log-in: the name comes after it.
    Initial(Owner, Entry),
    /// The owner has none, and calls from the own telephone.
    First(Owner, Visit),
}

/// The owner wants another passcode.
pub(super) fn wanted(visitor: Visitor, fx: &mut Effects) -> Conversation {
    Chooser::new(Why::Wanted(visitor)).ask(Vec::new(), fx)
}

/// The owner must choose another passcode before going where the call was to lead.
pub(super) fn due(owner: Owner, entry: Entry, fx: &mut Effects) -> Conversation {
    // What was typed ahead was meant for a menu.
    fx.push(Effect::FlushKeys);
    let words = vec![Phrase::Line(Line::PasscodeDue)];
    let services = &owner.services;
    let why = if services.passcode.chosen.is_none() && services.name.is_none() {
        Why::Initial(owner, entry)
    } else {
        Why::Due(owner, entry)
    };
    Chooser::new(why).ask(words, fx)
}

/// The owner has no passcode yet and calls from the own telephone.
pub(super) fn first(owner: Owner, visit: Visit, fx: &mut Effects) -> Conversation {
    let words = [Line::PortalWelcome, Line::FirstWelcome].map(Phrase::Line);
    Chooser::new(Why::First(owner, visit)).ask(words.into(), fx)
}

impl Choosing {
    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match self {
            Choosing::New(state) => state.on(event, cx, fx),
            Choosing::Repeat(state) => state.on(event, cx, fx),
            Choosing::Storing(state) => state.on(event, cx, fx),
            Choosing::Naming(state) => state.on(event, cx, fx),
        }
    }

    /// A message is marked heard now, or could not be.
    pub(super) fn noted(&mut self, id: MessageId, done: bool) {
        let chooser = match self {
            Choosing::New(state) => &mut state.chooser,
            Choosing::Repeat(state) => &mut state.chooser,
            Choosing::Storing(state) => &mut state.chooser,
            // No messages have been listed.
            Choosing::Naming(_) => return,
        };
        if let Why::Wanted(visitor) = &mut chooser.why {
            visitor.noted(id, done);
        }
    }

    /// What is left to do when the call ends now.
    pub(super) fn rest(&self) -> Rest {
        match self {
            Choosing::New(state) => state.chooser.rest(),
            Choosing::Repeat(state) => state.chooser.rest(),
            Choosing::Storing(state) => state.chooser.rest(),
            Choosing::Naming(_) => Rest::default(),
        }
    }

    /// The caller hung up: what is recorded and not in use goes.
    pub(super) fn on_hang_up(&self, fx: &mut Effects) {
        match self {
            Choosing::New(_) | Choosing::Repeat(_) | Choosing::Storing(_) => {}
            Choosing::Naming(state) => state.on_hang_up(fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        match self {
            Choosing::New(state) => state.on_service_ending(fx),
            Choosing::Repeat(state) => state.on_service_ending(fx),
            Choosing::Storing(state) => state.on_service_ending(),
            Choosing::Naming(state) => state.on_service_ending(fx),
        }
    }

    /// What becomes of keys.
    pub(super) fn key_policy(&self) -> KeyPolicy {
        match self {
            Choosing::New(_) | Choosing::Repeat(_) => KeyPolicy::Now,
            Choosing::Storing(_) => KeyPolicy::Hold,
            Choosing::Naming(state) => state.key_policy(),
        }
    }

    /// Whether keys are secret.
    pub(super) fn masks_keys(&self) -> bool {
        match self {
            Choosing::New(_) | Choosing::Repeat(_) | Choosing::Storing(_) => true,
            Choosing::Naming(_) => false,
        }
    }

    /// The name of the state.
    pub(super) fn state_name(&self) -> &'static str {
        match self {
            Choosing::New(_) => "portal.new-passcode",
            Choosing::Repeat(_) => "portal.repeat-passcode",
            Choosing::Storing(_) => "portal.storing-passcode",
            Choosing::Naming(state) => state.state_name(),
        }
    }
}

impl From<Choosing> for Conversation {
    fn from(choosing: Choosing) -> Conversation {
        Portal::Choosing(choosing).into()
    }
}

impl Chooser {
    fn new(why: Why) -> Chooser {
        Chooser { why, failures: 0 }
    }

    fn owner(&self) -> &Owner {
        match &self.why {
            Why::Wanted(visitor) => &visitor.owner,
            Why::Due(owner, _) | Why::Initial(owner, _) | Why::First(owner, _) => owner,
        }
    }

    fn owner_mut(&mut self) -> &mut Owner {
        match &mut self.why {
            Why::Wanted(visitor) => &mut visitor.owner,
            Why::Due(owner, _) | Why::Initial(owner, _) | Why::First(owner, _) => owner,
        }
    }

    fn rest(&self) -> Rest {
        match &self.why {
            Why::Wanted(visitor) => visitor.rest(),
            Why::Due(..) | Why::Initial(..) | Why::First(..) => Rest::default(),
        }
    }

    /// Says the words, then asks for a new passcode.
    fn ask(self, words: Vec<Phrase>, fx: &mut Effects) -> Conversation {
        New::enter(self, words, fx)
    }

    /// Says what was wrong and asks for another passcode, while there is patience.
    fn again(self, words: Vec<Phrase>, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match self.failed(cx, fx) {
            Ok(chooser) => chooser.ask(words, fx),
            Err(chooser) => chooser.give_up(words, cx, fx),
        }
    }

    /// Counts what was wrong, and forgets what was typed ahead of being told so.
    fn failed(self, cx: &Cx<'_>, fx: &mut Effects) -> Result<Chooser, Chooser> {
        fx.push(Effect::FlushKeys);
        let failures = self.failures.saturating_add(1);
        let chooser = Chooser { failures, ..self };
        if failures < cx.settings.tries {
            Ok(chooser)
        } else {
            Err(chooser)
        }
    }

    /// It went wrong too often: nothing is changed.
    fn give_up(self, mut words: Vec<Phrase>, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match self.why {
            Why::Wanted(visitor) => visitor.back_to_main(words, cx, fx),
            Why::Due(..) | Why::Initial(..) | Why::First(..) => {
                words.push(Phrase::Line(Line::Goodbye));
                End::HangUp.after(words, fx)
            }
        }
    }

    /// `*` instead of a passcode.
    fn star(self, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match self.why {
            Why::Wanted(visitor) => visitor.back_to_main(Vec::new(), cx, fx),
            Why::Due(..) | Why::Initial(..) => {
                self.again(vec![Phrase::Line(Line::NotAChoice)], cx, fx)
            }
            // As at every log-in.
            Why::First(_, visit) => Number::enter(visit, Vec::new(), fx),
        }
    }

    /// The passcode is stored: to where the call was to lead. Straight to the messages nothing can
    /// be said before they are listed, so that way too begins at the menu.
    fn done(self, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let words = vec![Phrase::Line(Line::PasscodeChanged)];
        match self.why {
            Why::Wanted(visitor) => visitor.back_to_main(words, cx, fx),
            Why::Due(owner, entry) => MainMenu::after_log_in(owner, entry, words, cx, fx),
            Why::Initial(owner, entry) => Naming::enter(owner, entry, words, fx),
            Why::First(owner, visit) => Naming::enter(owner, visit.entry(), words, fx),
        }
    }

    /// The passcode cannot be stored now.
    fn not_stored(self, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let words = vec![Phrase::Line(Line::ChangeFailed)];
        match self.why {
            Why::Wanted(visitor) => {
                fx.push(Effect::FlushKeys);
                visitor.back_to_main(words, cx, fx)
            }
            Why::Due(owner, entry) | Why::Initial(owner, entry) => {
                fx.push(Effect::FlushKeys);
                MainMenu::after_log_in(owner, entry, words, cx, fx)
            }
            Why::First(..) => self.again(words, cx, fx),
        }
    }
}
