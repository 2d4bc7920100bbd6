//! What wrong passcodes are counted for, and what is remembered of them between starts.
//!
//! In and out: values, and their text form where they are stored. When a lock begins and how long
//! it is, the calls say (`call::lockout`).

use crate::base::{DialString, MailboxId, TenantId, Timestamp};
use std::fmt;
use std::net::IpAddr;

/// What wrong passcodes are counted for: a door that was tried, or whoever tries doors.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Guarded {
    /// A mailbox; also one that nobody has, so that trying tells nothing.
    Mailbox(MailboxId),
    /// The prompts of a tenant, or everybody's.
    Prompts(Option<TenantId>),
    /// Whoever calls from this number, by the word of a trusted peer.
    Number(DialString),
    /// Whoever calls by this peer, which says no number or whose word does not count.
    Peer(IpAddr),
}

/// A text that names nothing that is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither a mailbox, prompts, a number nor a peer")]
pub struct GuardedFault;

/// What is remembered of wrong passcodes, on the wall clock, which goes on while nothing runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lock {
    /// Wrong ones since the last lock.
    pub wrong: u32,
    /// Locks one after the other; each is longer than the one before.
    pub series: u32,
    /// When the lock ends; in the past where there is none.
    pub until: Timestamp,
    /// When the last wrong one came.
    pub last: Timestamp,
}

impl Lock {
    /// Nothing is locked and nothing was wrong, from this moment on.
    pub fn none(now: Timestamp) -> Lock {
        Lock {
            wrong: 0,
            series: 0,
            until: now,
            last: now,
        }
    }
}

impl Guarded {
    /// Reads what is printed.
    pub fn parse(text: &str) -> Result<Guarded, GuardedFault> {
        let (kind, name) = text.split_once(':').ok_or(GuardedFault)?;
        let guarded = match (kind, name) {
            ("mailbox", name) => MailboxId::parse(name).ok().map(Guarded::Mailbox),
            ("prompts", "") => Some(Guarded::Prompts(None)),
            ("prompts", name) => TenantId::parse(name)
                .ok()
                .map(|t| Guarded::Prompts(Some(t))),
            ("number", name) => DialString::parse(name).ok().map(Guarded::Number),
            ("peer", name) => name.parse().ok().map(Guarded::Peer),
            _ => None,
        };
        guarded.ok_or(GuardedFault)
    }
}

impl fmt::Display for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Guarded::Mailbox(mailbox) => write!(f, "mailbox:{mailbox}"),
            Guarded::Prompts(None) => f.write_str("prompts:"),
            Guarded::Prompts(Some(tenant)) => write!(f, "prompts:{tenant}"),
            Guarded::Number(number) => write!(f, "number:{number}"),
            Guarded::Peer(address) => write!(f, "peer:{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guarded_survives_printing() {
        for text in [
            "mailbox:2001",
            "prompts:",
            "prompts:acme",
            "number:+31201",
            "number:*62",
            "peer:192.0.2.1",
            "peer:2001:db8::1",
        ] {
            assert_eq!(Guarded::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "2001",
            "mailbox:x",
            "prompts:../x",
            "peer:here",
            "cat:1",
        ] {
            assert_eq!(Guarded::parse(text), Err(GuardedFault), "{text}");
        }
    }
}
