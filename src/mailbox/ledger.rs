//! What happened to a message, step by step: the answer to "where is my message?".
//!
//! Rank 2: the words, and the trait through which the edge writes them down. The files are kept
//! by [`observe`](crate::observe).

use super::Leg;
use crate::base::{MailboxId, MessageId, Timestamp};
use std::time::Duration;

/// One step of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its caller spoke for this long.
    Recorded(Duration),
    /// It is on disk and survives a power cut: from here on it is promised.
    Synced,
    /// Delivery is being tried.
    Attempt {
        /// Which way.
        leg: Leg,
        /// The how-manieth time, from 1.
        number: u32,
    },
    /// The other side has it.
    Accepted {
        /// Which way.
        leg: Leg,
        /// What the other side said: the place in the mailbox, the reply of the mail server.
        reply: String,
    },
    /// The other side does not have it.
    Failed {
        /// Which way.
        leg: Leg,
        /// What went wrong, with the remote reply.
        what: String,
        /// When it is tried next; `None` for never.
        next: Option<Timestamp>,
    },
    /// It could not be delivered and is kept as a dead letter.
    Dead,
    /// An operator had it tried again.
    Retried,
    /// An operator dropped it.
    Dropped,
    /// The message-waiting lamp was lit for it, at this many telephones.
    LampOn(u32),
    /// Its owner heard or read it.
    Heard(By),
    /// Its owner deleted it.
    Deleted(By),
    /// Its owner took the deletion back.
    Restored(By),
    /// It is gone from the mailbox for good.
    Removed(By),
    /// It was kept as long as its mailbox keeps messages, and is gone.
    Expired,
}

/// By which way an owner did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// By telephone.
    Phone,
    /// In a mail client, or by another program at the mailbox.
    Client,
}

/// Takes steps down. Writing never waits for a disk.
pub trait Ledger: Send + Sync {
    /// This happened to this message now.
    fn note(&self, mailbox: &MailboxId, message: MessageId, step: Step);
}

/// A ledger that keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLedger;

impl Ledger for NoLedger {
    fn note(&self, _: &MailboxId, _: MessageId, _: Step) {}
}
