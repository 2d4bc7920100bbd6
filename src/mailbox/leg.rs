//! The ways one message goes out: into the mailbox, and by mail to each address.
//!
//! Each leg has a fate of its own, written down in the spool: an address that refuses does not
//! keep the message from the others, and a retry never goes again where it has been.

use crate::mime::MailAddress;
use std::fmt;

/// One way a message goes out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Leg {
    /// Into the mailbox, where its owner hears it.
    Store,
    /// By mail to its owner, who has no mailbox to hear it in.
    Mail(MailAddress),
    /// A carbon copy by mail.
    Copy(MailAddress),
    /// A mail that only says that there is a message.
    Notice(MailAddress),
}

impl Leg {
    /// Whether the message has reached its owner only when this leg is done. The others are
    /// extras: one that fails for good is told of, and the message counts as delivered.
    pub fn is_primary(&self) -> bool {
        match self {
            Leg::Store | Leg::Mail(_) => true,
            Leg::Copy(_) | Leg::Notice(_) => false,
        }
    }

    /// The address it goes to, where it goes by mail.
    pub fn address(&self) -> Option<&MailAddress> {
        match self {
            Leg::Store => None,
            Leg::Mail(address) | Leg::Copy(address) | Leg::Notice(address) => Some(address),
        }
    }

    /// Reads what [`Leg`] prints.
    pub fn parse(text: &str) -> Option<Leg> {
        if text == "store" {
            return Some(Leg::Store);
        }
        let (kind, address) = text.split_once(':')?;
        let address = MailAddress::parse(address).ok()?;
        match kind {
            "mail" => Some(Leg::Mail(address)),
            "copy" => Some(Leg::Copy(address)),
            "notice" => Some(Leg::Notice(address)),
            _ => None,
        }
    }
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Leg::Store => f.write_str("store"),
            Leg::Mail(address) => write!(f, "mail:{address}"),
            Leg::Copy(address) => write!(f, "copy:{address}"),
            Leg::Notice(address) => write!(f, "notice:{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leg_reads_as_it_prints() {
        let address = MailAddress::parse("jan@example.nl").unwrap();
        for leg in [
            Leg::Store,
            Leg::Mail(address.clone()),
            Leg::Copy(address.clone()),
            Leg::Notice(address),
        ] {
            assert_eq!(Leg::parse(&leg.to_string()), Some(leg));
        }
        for bad in ["", "mail", "mail:", "fax:jan@example.nl", "copy:jan"] {
            assert_eq!(Leg::parse(bad), None, "{bad}");
        }
    }
}
