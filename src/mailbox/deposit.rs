//! A deposit: a message on its way from the caller's mouth to the mailbox.
//!
//! Rank 2: the words between the spool that holds deposits and the couriers that take them out.

use super::Owner;
use crate::audio::Law;
use crate::base::{Language, MailboxId, MessageId, Timestamp};
use crate::mime::{Caller, Reason};
use std::time::Duration;

/// What is known before the first sample; on disk before the tone is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Whose mailbox.
    pub owner: Owner,
    /// Who calls.
    pub caller: Caller,
    /// The Call-ID of the call (RFC 3261 section 8.1.1.4), for tracing.
    pub call_id: String,
    /// When the recording began.
    pub started: Timestamp,
    /// The law its octets are in.
    pub law: Law,
    /// Why the call was diverted here; `None` when voicemail was dialled.
    pub reason: Option<Reason>,
    /// The owner's language.
    pub language: Language,
    /// The owner's time zone, an IANA name.
    pub zone: String,
}

/// What is known when the recording is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its length.
    pub length: Duration,
    /// How much of it was louder than silence; the whole length where nobody measured.
    pub voiced: Duration,
    /// How it ended.
    pub ending: Ending,
    /// The caller marked it urgent.
    pub urgent: bool,
    /// The caller marked it private.
    pub private: bool,
}

/// How a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ending {
    /// The caller ended it, by a key or by hanging up.
    Stopped,
    /// It reached the longest length.
    TooLong,
    /// The caller fell silent.
    Silence,
    /// The server or the disk failed while it ran; what was on disk is kept.
    CutOff,
}

impl Ending {
    /// Every ending.
    pub const ALL: [Ending; 4] = [
        Ending::Stopped,
        Ending::TooLong,
        Ending::Silence,
        Ending::CutOff,
    ];
}

/// A message that is safe on disk and not yet in its mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// Its identity, for ever.
    pub id: MessageId,
    /// Where it goes and where it came from.
    pub envelope: Envelope,
    /// How it went.
    pub facts: Facts,
    /// What its owner did with it before it was delivered.
    pub marks: Marks,
}

impl Deposit {
    /// The mailbox it goes to.
    pub fn mailbox(&self) -> &MailboxId {
        &self.envelope.owner.mailbox
    }
}

/// What an owner does with a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks {
    /// Heard: saved instead of new.
    pub heard: bool,
    /// Marked for removal.
    pub deleted: bool,
}

/// How the delivery of a deposit stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Deliveries that failed so far.
    pub failed: u32,
    /// Not before this moment again; `None` means at once.
    pub next: Option<Timestamp>,
    /// What went wrong the last time.
    pub last_error: Option<String>,
}

/// The deposits that wait for delivery, oldest first. Shared between threads.
pub trait Outbox: Send + Sync {
    /// All that wait, by id.
    fn waiting(&self) -> Vec<MessageId>;

    /// Those that wait for one mailbox, by id.
    fn waiting_for(&self, mailbox: &MailboxId) -> Vec<Deposit>;

    /// One of them; `None` when it is gone.
    fn deposit(&self, id: MessageId) -> Option<Deposit>;

    /// The octets of one, in the law of its envelope.
    fn octets(&self, id: MessageId) -> Result<Vec<u8>, OutboxFault>;

    /// How its delivery stands.
    fn attempts(&self, id: MessageId) -> Attempts;

    /// Writes down how its delivery stands; for operators, and kept over restarts.
    fn note(&self, id: MessageId, attempts: Attempts) -> Result<(), OutboxFault>;

    /// Writes down what the owner did with it.
    fn mark(&self, id: MessageId, marks: Marks) -> Result<(), OutboxFault>;

    /// Takes it out for good: it is delivered, or its owner removed it.
    fn remove(&self, id: MessageId) -> Result<(), OutboxFault>;

    /// Puts it with the dead letters, where it stays until an operator acts.
    fn bury(&self, id: MessageId, attempts: Attempts) -> Result<(), OutboxFault>;

    /// Looks at the disk for what others changed (an operator's retry).
    fn refresh(&self) -> Result<(), OutboxFault>;

    /// Waits until something came in since the count `seen`, at most `patience`; the new count.
    fn wait(&self, seen: u64, patience: Duration) -> u64;

    /// Ends the present [`Outbox::wait`]s, as if something had come in.
    fn wake(&self);
}

/// Why the outbox could not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum OutboxFault {
    /// No such deposit, perhaps delivered or removed meanwhile.
    #[error("there is no such message in the outbox any more")]
    Gone,
    /// It is there, but its blocks do not check.
    #[error("the message in the outbox is damaged")]
    Damaged,
    /// The disk refused.
    #[error("the disk refused")]
    Disk,
}
