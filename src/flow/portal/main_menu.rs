//! The main menu of the portal: where everything begins.
//!
//! Laws: who is away hears so once, before the menu is first said; who gets messages by e-mail is
//! told so instead of hearing them, and their mailbox is never asked. Where there is only one
//! language none is offered.

use super::forwarding::ForwardingMenu;
use super::greetings::Greetings;
use super::inbox::{Inbox, Rest};
use super::language::{self, LanguageMenu};
use super::leaving::Leaving;
use super::services::ServicesMenu;
use super::visitor::Visitor;
use super::voicemail::{Opening, VoicemailMenu, play};
use super::{Entry, Owner, Portal, passcode, status};
use crate::base::MessageId;
use crate::flow::ask::{Answer, Ask};
use crate::flow::{Choice, Conversation, Cx, Detail, Effects, Event, MainChoice};
use crate::prompt::{Line, Phrase};

/// The main menu.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MainMenu {
    owner: Owner,
    /// The messages, once they have been listed.
    inbox: Option<Inbox>,
    ask: Ask,
}

impl MainMenu {
    /// Says the words, then the menu.
    pub(super) fn enter(
        mut owner: Owner,
        inbox: Option<Inbox>,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(owner.reminder(cx));
        let detail = owner.heard.visit::<MainChoice>();
        MainMenu::say(
            (owner, inbox),
            Ask::after_failures(0),
            detail,
            words,
            cx,
            fx,
        )
    }

    /// Says that messages are sent by e-mail, then the menu.
    fn by_email(owner: Owner, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let words = vec![Phrase::Line(Line::SentByEmail)];
        MainMenu::enter(owner, None, words, cx, fx)
    }

    /// Says the words and what the owner is told on coming in here, then the menu.
    pub(super) fn after_log_in(
        mut owner: Owner,
        entry: Entry,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        match entry {
            Entry::Status => {
                words.extend(status::words(&owner, cx));
                owner.reminded = true;
            }
            Entry::Main | Entry::Messages => {
                let by_email = !owner.profile.delivery.is_heard_by_phone();
                words.extend(by_email.then_some(Phrase::Line(Line::SentByEmail)));
            }
        }
        MainMenu::enter(owner, None, words, cx, fx)
    }

    fn say(
        (owner, mut inbox): (Owner, Option<Inbox>),
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(inbox.as_mut().and_then(Inbox::news));
        let one_language = !language::is_offered(&owner, cx);
        words.extend(cx.menus.main.spoken_as(detail, |choice| match choice {
            MainChoice::Language if one_language => None,
            _ => choice.line(),
        }));
        let ask = ask.again(words, fx);
        Portal::MainMenu(MainMenu { owner, inbox, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let MainMenu { owner, inbox, ask } = self;
        let answer = match ask.on(event, &cx.menus.main, cx, fx) {
            Answer::Chosen(MainChoice::Language, ask) if !language::is_offered(&owner, cx) => {
                ask.failed(Line::NotAChoice, &cx.menus.main, cx)
            }
            answer => answer,
        };
        match answer {
            Answer::Pending(ask) => Portal::MainMenu(MainMenu { owner, inbox, ask }).into(),
            Answer::Chosen(MainChoice::Repeat, ask) => {
                MainMenu::say((owner, inbox), ask, Detail::Full, Vec::new(), cx, fx)
            }
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                MainMenu::say((owner, inbox), ask, Detail::Full, words, cx, fx)
            }
            Answer::Chosen(choice, _) => chosen(Visitor { owner, inbox }, choice, cx, fx),
            Answer::GivenUp => Leaving::goodbye(rest(inbox.as_ref()), fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Leaving::closing(self.rest(), fx)
    }

    /// What is left to do when the call ends now.
    pub(super) fn rest(&self) -> Rest {
        rest(self.inbox.as_ref())
    }

    /// A message is marked heard now, or could not be.
    pub(super) fn noted(&mut self, id: MessageId, done: bool) {
        if let Some(inbox) = &mut self.inbox {
            inbox.noted(id, done);
        }
    }
}

/// To where a choice leads.
fn chosen(visitor: Visitor, choice: MainChoice, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    match choice {
        MainChoice::Voicemail => voicemail(visitor, cx, fx),
        MainChoice::Messages => messages(visitor, cx, fx),
        MainChoice::Greetings => Greetings::from_main(visitor.owner, visitor.inbox, cx, fx),
        MainChoice::Forwarding => ForwardingMenu::enter(visitor, Vec::new(), cx, fx),
        MainChoice::Services => ServicesMenu::enter(visitor, Vec::new(), cx, fx),
        MainChoice::Language => LanguageMenu::enter(visitor, cx, fx),
        MainChoice::Status => {
            let words = status::words(&visitor.owner, cx);
            visitor.back_to_main(words, cx, fx)
        }
        MainChoice::Passcode => passcode::wanted(visitor, fx),
        MainChoice::Leave => visitor.goodbye(fx),
        MainChoice::Repeat => visitor.back_to_main(Vec::new(), cx, fx),
    }
}

/// To the voicemail menu.
fn voicemail(visitor: Visitor, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    let Visitor { owner, inbox } = visitor;
    match inbox {
        Some(inbox) => VoicemailMenu::enter(owner, inbox, Vec::new(), cx, fx),
        None if owner.profile.delivery.is_heard_by_phone() => Opening::to_menu(owner, fx),
        None => MainMenu::by_email(owner, cx, fx),
    }
}

/// Straight to the messages.
fn messages(visitor: Visitor, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    let Visitor { owner, inbox } = visitor;
    match inbox {
        Some(inbox) => play(owner, inbox, Vec::new(), cx, fx),
        None if owner.profile.delivery.is_heard_by_phone() => Opening::to_play(owner, fx),
        None => MainMenu::by_email(owner, cx, fx),
    }
}

/// Messages never listed leave nothing to do.
pub(super) fn rest(inbox: Option<&Inbox>) -> Rest {
    inbox.map(Inbox::rest).unwrap_or_default()
}
