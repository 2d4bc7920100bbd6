//! Deleting every message: the question whether that is meant, and the wait for the mailbox.
//!
//! Laws: only the key of `yes` deletes; what arrived since the messages were listed stays; each can
//! be taken back until the call ends, as after a single deletion.

use super::inbox::{Inbox, Rest};
use super::leaving::Leaving;
use super::moment::Moment;
use super::voicemail::VoicemailMenu;
use super::{Owner, Portal};
use crate::base::MessageId;
use crate::flow::ask::{Answer, Ask};
use crate::flow::{Choice, ConfirmChoice, Conversation, Cx, Detail, Effect, Effects, Event};
use crate::mailbox::{Command, Reply};
use crate::prompt::{Line, Phrase};
use std::sync::Arc;

/// Asking whether all messages are to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConfirmDelete {
    owner: Owner,
    /// The messages.
    pub(super) inbox: Inbox,
    ask: Ask,
}

impl ConfirmDelete {
    /// Asks. There must be a message that is not deleted.
    pub(super) fn enter(
        mut owner: Owner,
        inbox: Inbox,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = owner.heard.visit::<ConfirmChoice>();
        let ask = Ask::after_failures(0);
        ConfirmDelete::say((owner, inbox), ask, detail, None, cx, fx)
    }

    fn say(
        (owner, inbox): (Owner, Inbox),
        ask: Ask,
        detail: Detail,
        line: Option<Line>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let lines = line.into_iter().chain([Line::DeleteAllAsk]);
        let mut words: Vec<Phrase> = lines.map(Phrase::Line).collect();
        let menu = &cx.menus.confirm_delete;
        words.extend(menu.spoken_as(detail, ConfirmChoice::line));
        let ask = ask.again(words, fx);
        Portal::ConfirmDelete(ConfirmDelete { owner, inbox, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let ConfirmDelete { owner, inbox, ask } = self;
        match ask.on(event, &cx.menus.confirm_delete, cx, fx) {
            Answer::Pending(ask) => {
                Portal::ConfirmDelete(ConfirmDelete { owner, inbox, ask }).into()
            }
            Answer::Chosen(ConfirmChoice::Yes, _) => Emptying::enter(owner, inbox, fx),
            Answer::Chosen(ConfirmChoice::No, _) => {
                VoicemailMenu::enter(owner, inbox, Vec::new(), cx, fx)
            }
            Answer::Again(line, ask) => {
                let line = Some(line);
                ConfirmDelete::say((owner, inbox), ask, Detail::Full, line, cx, fx)
            }
            Answer::GivenUp => Leaving::goodbye(inbox.rest(), fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Leaving::closing(self.inbox.rest(), fx)
    }
}

/// All messages are being deleted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Emptying {
    owner: Owner,
    inbox: Inbox,
    /// Those that are being deleted.
    ids: Arc<[MessageId]>,
    moment: Moment,
}

impl Emptying {
    fn enter(owner: Owner, inbox: Inbox, fx: &mut Effects) -> Conversation {
        let ids = inbox.remaining();
        let moment = Moment::ask(Command::DeleteAll(Arc::clone(&ids)), fx);
        Portal::Emptying(Emptying {
            owner,
            inbox,
            ids,
            moment,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::Mail(Reply::Done(Command::DeleteAll(ids))) if *ids == self.ids => {
                let mut inbox = self.inbox;
                inbox.delete_all();
                let words = vec![Phrase::Line(Line::AllDeleted)];
                VoicemailMenu::enter(self.owner, inbox, words, cx, fx)
            }
            Event::Mail(Reply::Failed(Command::DeleteAll(ids), _)) if *ids == self.ids => {
                fx.push(Effect::FlushKeys);
                let words = vec![Phrase::Line(Line::ChangeFailed)];
                VoicemailMenu::enter(self.owner, self.inbox, words, cx, fx)
            }
            event => {
                let moment = self.moment.on(event, fx);
                Portal::Emptying(Emptying { moment, ..self }).into()
            }
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.moment.hush(fx);
        Leaving::closing(self.rest(), fx)
    }

    /// What is left to do when the call ends now, the deletion taken as done: the mailbox works in
    /// order, so a removal asked for now comes after it.
    pub(super) fn rest(&self) -> Rest {
        Rest {
            deleted: true,
            ..self.inbox.rest()
        }
    }

    /// A message is marked heard now, or could not be.
    pub(super) fn noted(&mut self, id: MessageId, done: bool) {
        self.inbox.noted(id, done);
    }
}
