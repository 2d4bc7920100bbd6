//! The main menu of the portal: voicemail, or leave.
//!
//! Law: who gets messages by e-mail is told so instead of hearing them, and their mailbox is never
//! asked.

use super::Portal;
use super::inbox::{Inbox, Rest};
use super::leaving::Leaving;
use super::voicemail::{Opening, VoicemailMenu};
use crate::base::MessageId;
use crate::flow::ask::{Answer, Ask};
use crate::flow::{Conversation, Cx, Effects, Event, MainChoice};
use crate::prompt::{Line, Phrase};
use crate::subscriber::Profile;
use std::sync::Arc;

/// The main menu.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MainMenu {
    owner: Arc<Profile>,
    /// The messages, once they have been listed.
    inbox: Option<Inbox>,
    ask: Ask,
}

impl MainMenu {
    /// Says the words, then the menu.
    pub(super) fn enter(
        owner: Arc<Profile>,
        inbox: Option<Inbox>,
        words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        MainMenu::resume(owner, inbox, Ask::after_failures(0), words, cx, fx)
    }

    /// Says that messages are sent by e-mail, then the menu.
    pub(super) fn by_email(owner: Arc<Profile>, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let words = vec![Phrase::Line(Line::SentByEmail)];
        MainMenu::enter(owner, None, words, cx, fx)
    }

    fn resume(
        owner: Arc<Profile>,
        mut inbox: Option<Inbox>,
        ask: Ask,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(inbox.as_mut().and_then(Inbox::news));
        words.extend(cx.menus.main.spoken());
        let ask = ask.again(words, fx);
        Portal::MainMenu(MainMenu { owner, inbox, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let MainMenu { owner, inbox, ask } = self;
        match ask.on(event, &cx.menus.main, cx, fx) {
            Answer::Pending(ask) => Portal::MainMenu(MainMenu { owner, inbox, ask }).into(),
            Answer::Chosen(MainChoice::Voicemail, _) => match inbox {
                Some(inbox) => VoicemailMenu::enter(owner, inbox, Vec::new(), cx, fx),
                None if owner.delivery.is_heard_by_phone() => Opening::to_menu(owner, fx),
                None => MainMenu::by_email(owner, cx, fx),
            },
            Answer::Chosen(MainChoice::Repeat, ask) => {
                MainMenu::resume(owner, inbox, ask, Vec::new(), cx, fx)
            }
            Answer::Again(line, ask) => {
                MainMenu::resume(owner, inbox, ask, vec![Phrase::Line(line)], cx, fx)
            }
            Answer::Chosen(MainChoice::Leave, _) | Answer::GivenUp => {
                Leaving::goodbye(rest(inbox.as_ref()), fx)
            }
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

/// Messages never listed leave nothing to do.
fn rest(inbox: Option<&Inbox>) -> Rest {
    inbox.map(Inbox::rest).unwrap_or_default()
}
