//! The messages of one call: what is known of each and which one is current.
//!
//! [`Inbox`] is the list; [`Reel`] is the list with a current message, so that a state at a
//! message always has one. Neither ever loses or reorders a message: a deleted one stays until the
//! call ends, to be taken back.

use crate::base::MessageId;
use crate::mailbox::{Listing, State, Summary};
use crate::prompt::{Line, Phrase};
use std::sync::Arc;

/// What is left to do when the call ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Rest {
    /// A message is marked for removal.
    pub(super) deleted: bool,
    /// A change failed and nobody was told yet.
    pub(super) untold: bool,
}

/// The messages in the order they are heard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Inbox {
    messages: Vec<Message>,
    notes: Notes,
}

/// What is true of the messages together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Notes {
    /// A change failed and nobody was told yet.
    untold: bool,
    /// The mailbox could not be reached: there may be more messages than these.
    partial: bool,
}

impl Notes {
    /// What the caller must still be told, once.
    fn news(&mut self) -> Option<Phrase> {
        std::mem::take(&mut self.untold).then_some(Phrase::Line(Line::ChangeFailed))
    }
}

/// One message and what became of it in this call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Message {
    /// What the mailbox says of it.
    pub(super) summary: Summary,
    heard: Heard,
    deleted: bool,
}

/// Whether the mailbox knows that a message was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Heard {
    No,
    Asked,
    Yes,
}

impl Message {
    fn new(summary: Summary) -> Message {
        let heard = match summary.state {
            State::New => Heard::No,
            State::Saved => Heard::Yes,
        };
        Message {
            summary,
            heard,
            deleted: false,
        }
    }

    /// Whether it is marked for removal.
    pub(super) fn is_deleted(&self) -> bool {
        self.deleted
    }

    /// Whether the mailbox has it as heard.
    pub(super) fn is_heard(&self) -> bool {
        self.heard == Heard::Yes
    }

    fn noted(&mut self, done: bool) {
        self.heard = if done { Heard::Yes } else { Heard::No };
    }
}

impl Inbox {
    /// A fresh listing.
    pub(super) fn new(listing: &Listing) -> Inbox {
        let messages = listing.messages.iter().cloned();
        Inbox {
            messages: messages.map(Message::new).collect(),
            notes: Notes {
                untold: false,
                partial: listing.partial,
            },
        }
    }

    /// Whether there may be more messages, in a mailbox that could not be reached.
    pub(super) fn is_partial(&self) -> bool {
        self.notes.partial
    }

    /// The messages that are not deleted.
    pub(super) fn remaining(&self) -> Arc<[MessageId]> {
        let there = self.messages.iter().filter(|m| !m.deleted);
        there.map(|m| m.summary.id).collect()
    }

    /// Every message is deleted.
    pub(super) fn delete_all(&mut self) {
        for message in &mut self.messages {
            message.deleted = true;
        }
    }

    /// How many messages are not deleted: new and saved ones.
    pub(super) fn counts(&self) -> (u32, u32) {
        let there = self.messages.iter().filter(|m| !m.deleted);
        let (heard, new): (Vec<_>, Vec<_>) = there.partition(|m| m.is_heard());
        (new.len() as u32, heard.len() as u32)
    }

    /// What is left to do when the call ends now.
    pub(super) fn rest(&self) -> Rest {
        Rest {
            deleted: self.messages.iter().any(|m| m.deleted),
            untold: self.notes.untold,
        }
    }

    /// A message is marked heard now, or could not be.
    pub(super) fn noted(&mut self, id: MessageId, done: bool) {
        self.notes.untold |= !done;
        for message in self.messages.iter_mut().filter(|m| m.summary.id == id) {
            message.noted(done);
        }
    }

    /// What the caller must still be told, once.
    pub(super) fn news(&mut self) -> Option<Phrase> {
        self.notes.news()
    }

    /// At the first message that is not deleted; if all are, at the last, to be taken back; the
    /// empty inbox itself where there is none.
    pub(super) fn start(self) -> Result<Reel, Inbox> {
        let mut messages = self.messages;
        let first = messages.iter().position(|m| !m.deleted);
        let mut after = messages.split_off(first.unwrap_or(messages.len()));
        after.reverse();
        let notes = self.notes;
        match after.pop().or_else(|| messages.pop()) {
            Some(current) => Ok(Reel {
                before: messages,
                current,
                after,
                notes,
            }),
            None => Err(Inbox { messages, notes }),
        }
    }
}

/// The messages with one of them current.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reel {
    /// Those before, the nearest last.
    before: Vec<Message>,
    current: Message,
    /// Those after, the nearest last.
    after: Vec<Message>,
    notes: Notes,
}

impl Reel {
    /// The current message.
    pub(super) fn current(&self) -> &Message {
        &self.current
    }

    /// The current message is deleted or put back.
    pub(super) fn set_deleted(&mut self, deleted: bool) {
        self.current.deleted = deleted;
    }

    /// The current message is being heard: whether the mailbox must be told.
    pub(super) fn hear(&mut self) -> bool {
        let first = self.current.heard == Heard::No;
        if first {
            self.current.heard = Heard::Asked;
        }
        first
    }

    /// A message is marked heard now, or could not be.
    pub(super) fn noted(&mut self, id: MessageId, done: bool) {
        self.notes.untold |= !done;
        let others = self.before.iter_mut().chain(&mut self.after);
        for message in others.chain([&mut self.current]) {
            if message.summary.id == id {
                message.noted(done);
            }
        }
    }

    /// What the caller must still be told, once.
    pub(super) fn news(&mut self) -> Option<Phrase> {
        self.notes.news()
    }

    /// What is left to do when the call ends now.
    pub(super) fn rest(&self) -> Rest {
        self.rest_with(self.current.deleted)
    }

    /// The same with the current message deleted or not.
    pub(super) fn rest_with(&self, current_deleted: bool) -> Rest {
        let mut others = self.before.iter().chain(&self.after);
        Rest {
            deleted: current_deleted || others.any(|m| m.deleted),
            untold: self.notes.untold,
        }
    }

    /// To the next message that is not deleted.
    pub(super) fn next(self) -> Result<Reel, Inbox> {
        let mut reel = self;
        while let Some(next) = reel.after.pop() {
            reel.before.push(std::mem::replace(&mut reel.current, next));
            if !reel.current.deleted {
                return Ok(reel);
            }
        }
        Err(reel.into_inbox())
    }

    /// To the message before, deleted or not; whether there is one.
    pub(super) fn step_back(&mut self) -> bool {
        let Some(previous) = self.before.pop() else {
            return false;
        };
        let current = std::mem::replace(&mut self.current, previous);
        self.after.push(current);
        true
    }

    /// The list without a current message.
    pub(super) fn into_inbox(self) -> Inbox {
        let mut messages = self.before;
        messages.push(self.current);
        messages.extend(self.after.into_iter().rev());
        Inbox {
            messages,
            notes: self.notes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use std::time::Duration;
    use uuid::Uuid;

    fn inbox(states: &[State]) -> Inbox {
        let messages: Vec<_> = (1..)
            .zip(states)
            .map(|(n, state)| Summary {
                id: MessageId(Uuid::from_u128(n)),
                state: *state,
                urgent: false,
                private: false,
                caller: None,
                received: Timestamp::UNIX_EPOCH,
                length: Duration::from_secs(1),
            })
            .collect();
        Inbox::new(&Listing {
            messages,
            ..Listing::default()
        })
    }

    #[test]
    fn walking_to_the_end_and_back_keeps_every_message_in_its_place() {
        let inbox = inbox(&[State::New, State::New, State::Saved]);
        let reel = inbox.clone().start().unwrap();
        let end = reel.next().unwrap().next().unwrap();
        let mut start = end.clone();
        assert!(start.step_back() && start.step_back() && !start.step_back());
        assert_eq!(start.into_inbox(), inbox);
        assert_eq!(end.next(), Err(inbox));
    }

    #[test]
    fn next_passes_over_deleted_messages_and_previous_does_not() {
        let mut reel = inbox(&[State::New, State::New, State::New])
            .start()
            .unwrap();
        reel.set_deleted(true);
        let mut reel = reel.next().unwrap();
        let second = reel.current().summary.id;
        reel.set_deleted(true);
        let mut reel = reel.next().unwrap();
        assert_eq!(reel.clone().into_inbox().counts(), (1, 0));
        assert!(reel.step_back());
        assert_eq!(reel.current().summary.id, second);
        assert!(reel.current().is_deleted());
    }

    #[test]
    fn after_all_were_deleted_each_can_still_be_reached() {
        let mut inbox = inbox(&[State::New, State::New, State::Saved]);
        assert_eq!(inbox.remaining().len(), 3);
        inbox.delete_all();
        assert!(inbox.remaining().is_empty());
        assert_eq!(inbox.counts(), (0, 0));
        let mut reel = inbox.start().unwrap();
        assert!(reel.current().is_deleted() && reel.step_back() && reel.step_back());
        assert!(reel.current().is_deleted() && !reel.step_back());
    }

    #[test]
    fn with_everything_deleted_the_last_message_can_still_be_reached() {
        let mut reel = inbox(&[State::New]).start().unwrap();
        reel.set_deleted(true);
        let inbox = reel.next().unwrap_err();
        assert_eq!(inbox.counts(), (0, 0));
        assert!(inbox.start().unwrap().current().is_deleted());
    }
}
