//! The words around delivery: what a courier reports, what a mailbox is asked and answers.

use crate::audio::WireAudio;
use crate::base::{MailboxId, MessageId};
use crate::mailbox::{self, Counts, Deposit, Marks};

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
    /// Yes, later.
    Later,
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

    /// The machine is not as it must be, and an operator can mend it.
    pub(super) fn operator(what: String) -> Fault {
        let (blame, retry) = (Blame::Operator, Retry::Later);
        Fault { blame, retry, what }
    }
}

/// Takes messages to subscribers' mailboxes. One message at a time; may block for as long as its
/// own time-outs say.
pub trait Courier: Send {
    /// Delivers one message so that its owner sees it exactly once, however often it is asked:
    /// a message of that id that is there already is not put there again.
    ///
    /// `sound` is in the law of the envelope. `marks` is asked at the last moment, when nobody
    /// else can change the mailbox: `None` when the owner removed the message meanwhile.
    fn deliver(
        &self,
        deposit: &Deposit,
        sound: &[u8],
        marks: &dyn Fn() -> Option<Marks>,
    ) -> Result<Receipt, Fault>;
}

/// A caller's own name for a question; comes back with its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub u64);

/// What a mailbox is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// A flow's command. Answered by [`Answer::Reply`].
    Command(mailbox::Command),
    /// The audio of a message. Answered by [`Answer::Audio`].
    Audio(MessageId),
    /// How many messages there are. Answered by [`Answer::Counts`].
    Counts,
}

/// What a mailbox answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Question::Command`].
    Reply(mailbox::Reply),
    /// To [`Question::Audio`].
    Audio(MessageId, Result<WireAudio, mailbox::Fault>),
    /// To [`Question::Counts`]; a fault means unknown, never zero.
    Counts(Result<Counts, mailbox::Fault>),
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
