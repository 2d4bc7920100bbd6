//! The message-waiting lamp (RFC 3842): who is told what of which mailbox, and when.
//!
//! [`Lamps`] is a machine: subscriptions, counts and cleared lamps go in with the time,
//! [`Command`]s come out. Laws, held against a model in `laws`:
//! 1. a telephone that subscribes is told the state at once where it is known, and else as soon as
//!    the mailbox was asked, [`FIRST_COUNT`] later at the latest, without a body where it is still
//!    unknown (RFC 6665 section 4.2.1.2);
//! 2. whatever changes what a telephone should be told is told in the same step;
//! 3. what does not change is not told again;
//! 4. counts that cannot be had are not counts: the last known ones stay; where there never were any,
//!    a new message that is on its way lights the lamp without counts;
//! 5. a cleared lamp is dark, its counts true, until there are more new messages than there were
//!    at the fewest since; this survives a restart;
//! 6. a subscriber whose messages go out by mail has a dark lamp and an empty mailbox;
//! 7. a mailbox is watched while somebody is told of it, or its lamp is cleared, and only then.
//!
//! Peers are told unasked of every number of every subscriber, a bounded number at a time; one
//! that does not answer is left alone for [`PEER_PAUSE`]. Telephones that are registered here are told
//! unasked of their own lamp.
//!
//! Rank 3. Not here: SIP (the SIP machine), counting (the mailboxes), the file of cleared lamps
//! (the edge, which writes down what [`Command::Remember`] says).

mod cleared;
mod contacts;
#[cfg(test)]
mod laws;
mod machine;
mod peers;

pub use cleared::{Cleared, ClearedFault};
pub use contacts::{CONTACT_WINDOW, ContactName, ContactTold};
pub use machine::{FIRST_COUNT, Lamps};
pub use peers::{PEER_PAUSE, PEER_WINDOW, Peer};

use crate::base::{DialString, MailboxId};
use crate::mailbox::{Counts, MessageSummary};
use crate::sip;

/// What the lamps want of the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// To the SIP machine.
    Sip(sip::Command),
    /// Count this mailbox now and at every change.
    Watch(MailboxId),
    /// Nobody is told of this mailbox any more.
    Unwatch(MailboxId),
    /// The cleared lamps as they are now, to be found again after a restart
    /// ([`Cleared::parse`]).
    Remember(String),
    /// A new message was told to this many telephones and peers, with the lamp lit.
    Lit {
        /// Whose message.
        mailbox: MailboxId,
        /// How many were told; at least one.
        telephones: u32,
    },
}

/// What a lamp shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shown {
    waiting: bool,
    /// `None` where only that much is certain.
    counts: Option<Counts>,
}

impl Shown {
    /// The body that tells it of this account.
    fn body(self, account: &str) -> String {
        let summary = MessageSummary {
            waiting: self.waiting,
            account: Some(account.to_owned()),
            counts: self.counts,
        };
        summary.to_string()
    }
}

/// The URI of a number at a host; a number without host is a `tel` URI.
fn account(number: &DialString, host: &str) -> String {
    let number = number.as_str().replace('#', "%23");
    match host {
        "" => format!("tel:{number}"),
        host if host.contains(':') => format!("sip:{number}@[{host}]"),
        host => format!("sip:{number}@{host}"),
    }
}
