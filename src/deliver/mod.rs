//! Couriers: from the spool to the subscriber's mailbox, and the mailbox stores.
//!
//! In: deposits that wait in an [`Outbox`](crate::mailbox::Outbox), questions about mailboxes.
//! Out: mail in the subscribers' mailboxes, each message exactly once, and answers.
//!
//! Laws: a message leaves the outbox only when its courier says that it is in the mailbox, or
//! that its owner removed it; each mailbox gets its messages in the order they were left; a
//! message that cannot be delivered is kept as a dead letter; what waits in the outbox is listed
//! and playable like what was delivered, and never both.
//!
//! Not here: the files of the spool ([`spool`](crate::spool)), what the mail looks like
//! ([`mime`](crate::mime)). Couriers are [`Maildir`] and [`ImapCourier`].

mod deliverer;
mod imap;
mod letter;
mod mailboxes;
mod maildir;
mod retry;
mod servers;
mod sound;
#[cfg(test)]
mod tests;
mod vocabulary;

pub use deliverer::{Deliverer, Statistics};
pub use imap::{Imap, ImapCourier, ImapStore, Watcher};
pub use mailboxes::{Mailboxes, QUESTIONS_MAX};
pub use maildir::Maildir;
pub use retry::{Rounds, retry_after};
pub use servers::{Auth, ImapServer, MailWay, Mailing, SmtpRelay, Tls};
pub use vocabulary::{
    Answer, Answered, Blame, Busy, Change, Courier, Errand, Fault, Held, Question, Receipt, Retry,
    Store, Token,
};

/// The system gave no thread.
#[derive(Debug, thiserror::Error)]
#[error("cannot start a thread: {0}")]
pub struct StartFault(std::io::Error);
