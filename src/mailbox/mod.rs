//! A mailbox as its owner hears it: messages, their state and the words to ask for changes.
//!
//! Rank 2: values only. A store (a Maildir today) answers [`Command`]s with [`Reply`]s.

mod deposit;
mod ledger;
mod leg;
mod limits;
mod message_summary;

pub use deposit::{
    Attempts, Deposit, Ending, Envelope, Facts, Fate, Letter, Marks, Outbox, OutboxFault, Standing,
};
pub use ledger::{By, Ledger, NoLedger, Step};
pub use leg::Leg;
pub use limits::{Limits, Room, Usage};
pub use message_summary::{MessageSummary, SummaryFault};

use crate::base::{DialString, MailboxId, MessageId, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// Where a message stands for its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Not heard or read yet (no `\Seen`).
    New,
    /// Heard and kept (`\Seen`).
    Saved,
}

/// What is known of a message without opening its audio.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Summary {
    /// Its identity, fixed for ever.
    pub id: MessageId,
    /// New or saved.
    pub state: State,
    /// Marked urgent (`\Flagged`).
    pub urgent: bool,
    /// Its sender meant it for nobody else (`Sensitivity: private`, RFC 2156).
    pub private: bool,
    /// The caller's number; `None` when withheld or unknown.
    pub caller: Option<DialString>,
    /// When the recording began.
    pub received: Timestamp,
    /// How long it is.
    pub length: Duration,
}

/// What a flow asks of the mailbox it has open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// The messages, in the order they are to be heard: urgent new, new, saved; oldest first.
    List,
    /// Mark as heard (`\Seen`).
    MarkHeard(MessageId),
    /// Mark for removal (`\Deleted`); undone by `Undelete` until `Expunge`.
    Delete(MessageId),
    /// Mark all of these for removal, at most [`LISTING_MAX`]. Those that are gone meanwhile are
    /// passed over; where it fails none of them is marked that was not before.
    DeleteAll(Arc<[MessageId]>),
    /// Take the mark of `Delete` or `DeleteAll` back.
    Undelete(MessageId),
    /// Remove every message that `Delete` or `DeleteAll` marked in this mailbox for good.
    Expunge,
}

/// The answer to a [`Command`]; one each, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Answer to `List`.
    Listed(Listing),
    /// The change is on disk.
    Done(Command),
    /// The command had no effect.
    Failed(Command, Fault),
}

/// The messages of a mailbox, and how it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Listing {
    /// The messages in the order they are to be heard, at most [`LISTING_MAX`].
    pub messages: Vec<Summary>,
    /// Whether the mailbox could not be reached: these are only the messages on their way to it.
    pub partial: bool,
    /// Whether there is room for more.
    pub room: Room,
    /// How many of the messages will have been kept as long as the mailbox keeps them within
    /// [`EXPIRY_WARNING_DAYS`].
    pub expiring: u32,
}

/// How many days before a message is removed its owner is told.
pub const EXPIRY_WARNING_DAYS: u32 = 2;

/// The most messages one listing returns.
pub const LISTING_MAX: usize = 1_000;

/// Why a mailbox could not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// The store cannot be reached or read now.
    #[error("the mailbox is not available at the moment")]
    Unavailable,
    /// No such message, perhaps removed by another client.
    #[error("there is no such message any more")]
    Gone,
    /// The message is there but its audio cannot be read.
    #[error("the message is damaged")]
    Damaged,
}

/// How many messages a mailbox holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counts {
    /// Not heard yet.
    pub new: u32,
    /// Heard and kept.
    pub saved: u32,
    /// Of the new ones: urgent.
    pub urgent_new: u32,
    /// Of the saved ones: urgent.
    pub urgent_saved: u32,
}

impl Counts {
    /// The same with this message counted.
    #[must_use]
    pub fn with(mut self, summary: &Summary) -> Counts {
        let (count, urgent) = match summary.state {
            State::New => (&mut self.new, &mut self.urgent_new),
            State::Saved => (&mut self.saved, &mut self.urgent_saved),
        };
        *count += 1;
        *urgent += u32::from(summary.urgent);
        self
    }
}

/// What a mailbox and the messages on their way to it come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tally {
    /// How many, by state.
    pub counts: Counts,
    /// How much of the limits they use.
    pub usage: Usage,
}

/// What is known of how many messages a mailbox holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sight {
    /// It was counted.
    Counted(Tally),
    /// It cannot be reached: as it was when it was last seen, with what is on its way to it.
    Believed(Tally),
    /// It cannot be reached and was never seen. Of what came for it since, so many are new.
    Unknown {
        /// How many; none is no sign that it is empty.
        coming: u32,
    },
}

/// A mailbox a call may use, as the directory knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// The owner's name, for mail.
    pub name: String,
}
