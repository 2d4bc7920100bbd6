//! Couriers: from the spool to the subscriber's mailbox, and the mailbox stores.
//!
//! In: deposits that wait in an [`Outbox`](crate::mailbox::Outbox), questions about mailboxes.
//! Out: mail in the subscribers' mailboxes, each message exactly once, and answers.
//!
//! Laws: a message leaves the outbox only when its couriers say that it is where it was to go, or
//! that its owner removed it; each mailbox gets its messages in the order they were left; a
//! server that is down holds up nobody else; a message that cannot be delivered is kept as a dead
//! letter, and people are told; what waits in the outbox is listed and playable like what was
//! delivered, and never both.
//!
//! `dispatch` says which message goes where next and what came of it; the couriers are `maildir`,
//! `imap` and `smtp`, the first two also stores; `boxes` is a mailbox as the telephone has it, kept
//! and on its way as one. `letter` makes a deposit the mail that couriers carry, `sound` reads
//! what other programs recorded; `servers` says how servers are reached,
//! `vocabulary` is what all of them speak.
//!
//! Not here: the files of the spool ([`spool`](crate::spool)), what the mail looks like
//! ([`mime`](crate::mime)).

mod boxes;
mod dispatch;
mod imap;
mod letter;
mod maildir;
mod servers;
mod smtp;
mod sound;
#[cfg(test)]
mod tests;
mod vocabulary;

pub use boxes::{
    Fullness, Keeping, Mailboxes, QUESTIONS_MAX, Stores, Truth, WAIT_MAX, Wall, Watches,
};
pub use dispatch::{
    Bounds, Couriers, DeadLetter, Deliverer, Event, FAILURES_TO_OPEN, FullMailbox, Lapse, Notice,
    Notify, PROBE_EVERY, Rounds, Setback, Statistics, Target, Trip, retry_after, slow_retry_after,
};
pub use imap::{Imap, ImapCourier, ImapGreetings, ImapStore, OwnRecording, Watcher};
pub use letter::particulars;
pub use maildir::Maildir;
pub use servers::{Auth, ImapServer, MailWay, Mailing, SmtpRelay, Tls};
pub use smtp::{MailCourier, MailSetupFault, MailTeller, TextsFault, read_templates};
pub use vocabulary::{
    Answer, Answered, Blame, Busy, Change, Courier, Errand, Fault, Held, Question, Receipt, Retry,
    Stamp, Store, Token, Watch,
};

/// The system gave no thread.
#[derive(Debug, thiserror::Error)]
#[error("cannot start a thread: {0}")]
pub struct StartFault(std::io::Error);
