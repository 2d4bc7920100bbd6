//! The words around delivery: what a courier reports, what a mailbox is asked and answers.

use crate::audio::WireAudio;
use crate::base::{MailboxId, MessageId};
use crate::mailbox::{self, Counts};

/// Proof that a message is in the subscriber's mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Where it is now: a file name, a UID or a queue id, for the log.
    pub place: String,
    /// It was there already: an earlier delivery had succeeded without our knowing.
    pub again: bool,
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
