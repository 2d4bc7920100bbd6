//! The words around delivery: what a courier reports, what a mailbox is asked and answers.

use crate::audio::WireAudio;
use crate::base::{MailboxId, MessageId};
use crate::mailbox::{self, Deposit, Leg, Marks, Summary, Tally};
use crate::subscriber::Profile;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

/// How a delivery that did not fail ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It is in the subscriber's mailbox now, under this name.
    Delivered(String),
    /// It was there already: an earlier delivery had succeeded without our knowing.
    Again(String),
    /// Its owner removed it before it was delivered.
    Withdrawn,
}

/// Whose fault a failed delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The other side's: a mail server, a full mailbox.
    Peer,
    /// Ours: the message itself cannot be delivered.
    Us,
    /// The operator's: permissions, paths, a full disk.
    Operator,
}

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Yes, later: this message alone.
    Later,
    /// Yes, once the other side is there again: every message to it fares alike.
    WhenBack,
    /// Yes, once there is room in the mailbox.
    WhenEmptier,
    /// No: a dead letter.
    Never,
}

/// A delivery that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Fault {
    /// Whose fault.
    pub blame: Blame,
    /// Whether to try again.
    pub retry: Retry,
    /// What happened, a sentence for the operator.
    pub what: String,
}

impl Fault {
    /// The message itself cannot be delivered.
    pub(super) fn ours(what: String) -> Fault {
        let (blame, retry) = (Blame::Us, Retry::Never);
        Fault { blame, retry, what }
    }

    /// The other side does not take this message now.
    pub(super) fn later(what: String) -> Fault {
        let (blame, retry) = (Blame::Peer, Retry::Later);
        Fault { blame, retry, what }
    }

    /// The other side is not there, or in no state to take anything.
    pub(super) fn down(what: String) -> Fault {
        let (blame, retry) = (Blame::Peer, Retry::WhenBack);
        Fault { blame, retry, what }
    }

    /// The mailbox is full.
    pub(super) fn full(what: String) -> Fault {
        let (blame, retry) = (Blame::Peer, Retry::WhenEmptier);
        Fault { blame, retry, what }
    }

    /// The other side will never take this message.
    pub(super) fn rejected(what: String) -> Fault {
        let (blame, retry) = (Blame::Peer, Retry::Never);
        Fault { blame, retry, what }
    }

    /// The machine is not as it must be, and an operator can mend it.
    pub(super) fn operator(what: String) -> Fault {
        let (blame, retry) = (Blame::Operator, Retry::Later);
        Fault { blame, retry, what }
    }
}

/// One message on one of its ways.
#[derive(Clone, Copy)]
pub struct Errand<'a> {
    /// The message.
    pub deposit: &'a Deposit,
    /// Its octets, in the law of the envelope.
    pub sound: &'a [u8],
    /// Which way it goes.
    pub leg: &'a Leg,
    /// Its owner, as the directory knows them now.
    pub owner: &'a Profile,
    /// What the owner did with it so far; `None` when it was removed. Asked as late as possible:
    /// it may change while the errand is under way, and the errand is then done once more.
    pub marks: &'a dyn Fn() -> Option<Marks>,
}

/// Takes messages where their owners want them. May block for as long as its own time-outs say;
/// several threads may use it at a time.
pub trait Courier: Send + Sync {
    /// Delivers one message so that its owner sees it exactly once, however often it is asked: a
    /// message that is there already is not put there again, but brought in step with its marks.
    /// One whose owner removed it meanwhile is not left there.
    fn deliver(&self, errand: &Errand<'_>) -> Result<Receipt, Fault>;
}

/// A message as a store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What is known of it.
    pub summary: Summary,
    /// Whether it is marked for removal.
    pub deleted: bool,
}

/// What is done with a message in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// It was heard.
    Heard,
    /// It is marked for removal.
    Delete,
    /// That is taken back.
    Undelete,
}

/// A place where messages are kept: a Maildir, an IMAP account. Mail that is no voice message is
/// never seen or touched. Several threads may use it at a time, one for each mailbox.
pub trait Store: Send + Sync {
    /// Every voice message, each once, in no order.
    fn messages(&self, owner: &Profile) -> Result<Vec<Held>, mailbox::Fault>;

    /// Changes one message; [`Gone`](mailbox::Fault::Gone) where it is not there.
    fn change(&self, owner: &Profile, id: MessageId, change: Change) -> Result<(), mailbox::Fault>;

    /// Changes many messages; those that were there. After a fault any of them may be changed.
    fn change_all(
        &self,
        owner: &Profile,
        ids: &[MessageId],
        change: Change,
    ) -> Result<Vec<MessageId>, mailbox::Fault> {
        let mut changed = Vec::new();
        for id in ids {
            match self.change(owner, *id, change) {
                Ok(()) => changed.push(*id),
                Err(mailbox::Fault::Gone) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(changed)
    }

    /// Removes for good what is marked for removal; the messages that were removed.
    fn expunge(&self, owner: &Profile) -> Result<Vec<MessageId>, mailbox::Fault>;

    /// The sound of a message.
    fn audio(&self, owner: &Profile, id: MessageId) -> Result<WireAudio, mailbox::Fault>;

    /// Removes these messages, whether they are marked or not; those that were there. Where only
    /// [`Store::expunge`] can remove, and others are marked too, these are marked and go with
    /// them: the owner may be about to take a mark back.
    fn remove(&self, owner: &Profile, ids: &[MessageId]) -> Result<Vec<MessageId>, mailbox::Fault> {
        let held = self.messages(owner)?;
        let there = held.iter().map(|held| held.summary.id);
        let wanted: Vec<_> = there.filter(|id| ids.contains(id)).collect();
        let removed = self.change_all(owner, &wanted, Change::Delete)?;
        let others = held
            .iter()
            .any(|held| held.deleted && !ids.contains(&held.summary.id));
        if !others && !removed.is_empty() {
            self.expunge(owner)?;
        }
        Ok(removed)
    }

    /// A connection that waits for changes in a mailbox; `None` where the store cannot wait.
    fn watch(&self, _owner: &Profile) -> Result<Option<Box<dyn Watch>>, Fault> {
        Ok(None)
    }

    /// When a mailbox last changed, where that is cheap to ask.
    fn stamp(&self, _owner: &Profile) -> Option<Stamp> {
        None
    }
}

/// Waits for changes in one mailbox, on a connection of its own.
pub trait Watch: Send {
    /// Every voice message, as [`Store::messages`] tells them.
    fn snapshot(&mut self) -> Result<Vec<Held>, Fault>;

    /// Waits until something may have changed since the last snapshot, at most `patience`;
    /// whether it may. Looks at `stop` at least once a second, and returns when it is set.
    fn wait(&mut self, stop: &AtomicBool, patience: Duration) -> Result<bool, Fault>;
}

/// When the parts of a mailbox last changed, by the clock of its file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp(pub [Option<SystemTime>; 2]);

/// A caller's own name for a question; comes back with its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub u64);

/// What a mailbox is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// A flow's command. Answered by [`Answer::Reply`].
    Command(mailbox::Command),
    /// The audio of a message. Answered by [`Answer::Audio`].
    Audio(MessageId),
    /// How many messages there are. Answered by [`Answer::Tally`].
    Tally,
}

/// What a mailbox answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Question::Command`].
    Reply(mailbox::Reply),
    /// To [`Question::Audio`].
    Audio(MessageId, Result<WireAudio, mailbox::Fault>),
    /// To [`Question::Tally`]; a fault means unknown, never zero.
    Tally(Result<Tally, mailbox::Fault>),
}

/// An answer on its way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The token of the question.
    pub token: Token,
    /// The mailbox asked.
    pub mailbox: MailboxId,
    /// The answer.
    pub answer: Answer,
}

/// Too many questions wait; ask again later or say that the mailbox is unavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many questions wait for the mailboxes")]
pub struct Busy;
