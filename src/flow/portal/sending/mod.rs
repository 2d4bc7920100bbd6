//! A message to other mailboxes: composed, a reply, or a message forwarded.
//!
//! In: the events of a subscriber who chose one of them. Out: questions for recipients, a recording
//! that is tried out, one [`Effect::Send`]. Laws: nothing is sent but by the key that says so;
//! hanging up or closing before it drops what is recorded; who sent something hears whether it
//! went, and to whom not; then the call goes on where it was.
//!
//! One file a screen: `recipient`, `record`, `review`, `posting`. Not here: how a message is left
//! in a mailbox (the server), what a recipient hears of it (`intro`).

mod posting;
mod recipient;
mod record;
mod review;

use super::between::Between;
use super::inbox::{Inbox, Rest};
use super::leaving::{self, Leaving};
use super::voicemail::VoicemailMenu;
use super::{Listener, Owner, Portal};
use crate::base::{DialString, MailboxId, MessageId};
use crate::flow::{Conversation, Cx, Effect, Effects, Event, KeyPolicy};
use crate::prompt::{Line, Phrase, Say};
use posting::Posting;
use recipient::Recipient;
use record::Recording;
use review::Review;

/// A message on its way to being sent: one variant for each state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sending {
    /// Asking for the number of a recipient.
    Recipient(Recipient),
    /// The message or its introduction is spoken.
    Recording(Recording),
    /// The menu before it is sent; what it holds can be heard.
    Review(Review),
    /// It is being sent.
    Posting(Posting),
}

/// What is known of the message beside its sound.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Draft {
    origin: Origin,
    /// The message that is forwarded.
    forwards: Option<MessageId>,
    /// Each once, at most as many as the settings say.
    to: Vec<MailboxId>,
    urgent: bool,
    private: bool,
}

/// Where the subscriber was.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Origin {
    /// In the voicemail menu.
    Menu(Owner, Inbox),
    /// At a message.
    Message(Listener),
}

impl Sending {
    /// A message of the subscriber's own.
    pub(super) fn compose(owner: Owner, inbox: Inbox, fx: &mut Effects) -> Conversation {
        Recipient::first(Draft::new(Origin::Menu(owner, inbox), None), fx)
    }

    /// An answer to whoever left the current message; it must be a subscriber.
    pub(super) fn reply(listener: Listener, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let caller = listener.reel.current().summary.caller.as_ref();
        let sender = caller.and_then(|number| cx.roster.by_number(number.as_str()));
        let Some(sender) = sender.map(|profile| profile.mailbox.clone()) else {
            return Between::enter(listener, vec![Phrase::Line(Line::CannotReply)], cx, fx);
        };
        let mut draft = Draft::new(Origin::Message(listener), None);
        draft.to.push(sender);
        Recording::enter(draft, fx)
    }

    /// The current message for others, unless its sender meant it for nobody else.
    pub(super) fn forward(listener: Listener, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let message = &listener.reel.current().summary;
        if message.private {
            return Between::enter(listener, vec![Phrase::Line(Line::CannotForward)], cx, fx);
        }
        let forwards = Some(message.id);
        Recipient::first(Draft::new(Origin::Message(listener), forwards), fx)
    }

    /// Takes one event.
    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match self {
            Sending::Recipient(state) => state.on(event, cx, fx),
            Sending::Recording(state) => state.on(event, cx, fx),
            Sending::Review(state) => state.on(event, cx, fx),
            Sending::Posting(state) => state.on(event, cx, fx),
        }
    }

    /// The server is closing down: what is not sent is dropped, and that is said.
    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        match self {
            Sending::Recipient(state) => state.on_service_ending(fx),
            Sending::Recording(state) => state.on_service_ending(fx),
            Sending::Review(state) => state.on_service_ending(fx),
            Sending::Posting(state) => state.on_service_ending(),
        }
    }

    /// The subscriber hung up: what is not sent is dropped. What is being sent goes on to be sent;
    /// what is dropped then is what the call still holds of it.
    pub(super) fn on_hang_up(&self, fx: &mut Effects) {
        match self {
            Sending::Recipient(state) => state.on_hang_up(fx),
            Sending::Recording(state) => state.on_hang_up(fx),
            Sending::Review(state) => state.on_hang_up(fx),
            Sending::Posting(state) => state.on_hang_up(fx),
        }
        leaving::expunge(self.draft().origin.rest(), fx);
    }

    /// A message is marked heard now, or could not be.
    pub(super) fn noted(&mut self, id: MessageId, done: bool) {
        let draft = match self {
            Sending::Recipient(state) => &mut state.draft,
            Sending::Recording(state) => &mut state.draft,
            Sending::Review(state) => &mut state.draft,
            Sending::Posting(state) => &mut state.draft,
        };
        match &mut draft.origin {
            Origin::Menu(_, inbox) => inbox.noted(id, done),
            Origin::Message(listener) => listener.reel.noted(id, done),
        }
    }

    /// What becomes of keys pressed now.
    pub(super) fn key_policy(&self) -> KeyPolicy {
        match self {
            Sending::Recording(state) => state.key_policy(),
            Sending::Posting(_) => KeyPolicy::Hold,
            Sending::Recipient(_) | Sending::Review(_) => KeyPolicy::Now,
        }
    }

    /// The name of the state.
    pub(super) fn state_name(&self) -> &'static str {
        match self {
            Sending::Recipient(_) => "portal.recipient-number",
            Sending::Recording(state) => state.name(),
            Sending::Review(state) => state.name(),
            Sending::Posting(_) => "portal.posting",
        }
    }

    fn draft(&self) -> &Draft {
        match self {
            Sending::Recipient(state) => &state.draft,
            Sending::Recording(state) => &state.draft,
            Sending::Review(state) => &state.draft,
            Sending::Posting(state) => &state.draft,
        }
    }
}

impl From<Sending> for Conversation {
    fn from(sending: Sending) -> Conversation {
        Portal::Sending(Box::new(sending)).into()
    }
}

impl Draft {
    fn new(origin: Origin, forwards: Option<MessageId>) -> Draft {
        Draft {
            origin,
            forwards,
            to: Vec::new(),
            urgent: false,
            private: false,
        }
    }

    /// "Message for", and whom.
    fn recipients(&self, cx: &Cx<'_>) -> Vec<Phrase> {
        named(Line::MessageFor, &self.to, cx)
    }

    /// Nothing comes of it: back to where the subscriber was.
    fn given_up(self, mut lines: Vec<Line>, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        lines.push(Line::MessageNotSent);
        let words = lines.into_iter().map(Phrase::Line).collect();
        self.origin.back(words, cx, fx)
    }
}

impl Origin {
    /// Back to where the subscriber was.
    fn back(self, words: Vec<Phrase>, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match self {
            Origin::Menu(owner, inbox) => VoicemailMenu::enter(owner, inbox, words, cx, fx),
            Origin::Message(listener) => Between::enter(listener, words, cx, fx),
        }
    }

    fn owner(&mut self) -> &mut Owner {
        match self {
            Origin::Menu(owner, _) => owner,
            Origin::Message(listener) => &mut listener.owner,
        }
    }

    /// What is left to do when the call ends now.
    fn rest(&self) -> Rest {
        match self {
            Origin::Menu(_, inbox) => inbox.rest(),
            Origin::Message(listener) => listener.reel.rest(),
        }
    }

    /// The server is closing down and nothing was recorded.
    fn closing(&self, fx: &mut Effects) -> Conversation {
        Leaving::closing(self.rest(), fx)
    }

    /// The server is closing down: the message is not sent. The words for closing say that
    /// recordings are kept, which is not so here.
    fn closing_unsent(&self, fx: &mut Effects) -> Conversation {
        Leaving::told(vec![Phrase::Line(Line::MessageNotSent)], self.rest(), fx)
    }
}

/// The line, then these subscribers: the name as each recorded it, else the number.
fn named(line: Line, mailboxes: &[MailboxId], cx: &Cx<'_>) -> Vec<Phrase> {
    let mut words = vec![Phrase::Line(line)];
    for mailbox in mailboxes {
        // Every mailbox number can be dialled, so there always is one.
        let number = DialString::parse(mailbox.as_str()).ok();
        let number = number.map(|number| Phrase::Say(Say::Number(number)));
        match cx.book.of(mailbox).name {
            Some(name) => words.push(Phrase::Recorded(name, number.into_iter().collect())),
            None => words.extend(number),
        }
    }
    words
}

/// Drops what is recorded, where something is.
fn discard(recorded: bool, fx: &mut Effects) {
    if recorded {
        fx.push(Effect::Discard);
    }
}
