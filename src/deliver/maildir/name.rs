//! File names in a Maildir: `SECONDS.ID.HOST,S=SIZE:2,FLAGS`.
//!
//! What is before `:2,` names the message for ever and is never changed here; the letters behind
//! it are its flags. Letters we do not know (keywords of Dovecot, `P`, `R`, `D`) stay as they are.

use crate::base::{MessageId, Timestamp};
use crate::mime::MailHost;

/// What parts a name from its flags (the Maildir specification, "info").
const INFO: &str = ":2,";

/// A file name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileName {
    /// What is before the flags.
    pub(super) base: String,
    /// The letters of the flags, sorted, each once.
    flags: String,
}

/// A flag of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    /// `\Seen`.
    Seen,
    /// `\Flagged`: urgent.
    Flagged,
    /// `\Deleted`.
    Trashed,
}

impl Flag {
    fn letter(self) -> char {
        match self {
            Flag::Seen => 'S',
            Flag::Flagged => 'F',
            Flag::Trashed => 'T',
        }
    }
}

impl FileName {
    /// The name of a new message.
    pub(super) fn new(id: MessageId, at: Timestamp, host: &MailHost, size: usize) -> FileName {
        FileName {
            base: format!("{}.{id}.{},S={size}", at.as_second(), host.as_str()),
            flags: String::new(),
        }
    }

    /// Takes any file name apart; none is refused.
    pub(super) fn parse(name: &str) -> FileName {
        let (base, flags) = name.split_once(INFO).unwrap_or((name, ""));
        let mut letters: Vec<char> = flags.chars().collect();
        letters.sort_unstable();
        letters.dedup();
        FileName {
            base: base.to_owned(),
            flags: letters.into_iter().collect(),
        }
    }

    /// The name as it is in `cur`.
    pub(super) fn print(&self) -> String {
        format!("{}{INFO}{}", self.base, self.flags)
    }

    pub(super) fn has(&self, flag: Flag) -> bool {
        self.flags.contains(flag.letter())
    }

    pub(super) fn has_any(&self) -> bool {
        !self.flags.is_empty()
    }

    /// The same name with a flag set or taken away.
    #[must_use]
    pub(super) fn with(&self, flag: Flag, set: bool) -> FileName {
        let mut letters: Vec<char> = self.flags.chars().filter(|&c| c != flag.letter()).collect();
        if set {
            letters.push(flag.letter());
        }
        letters.sort_unstable();
        FileName {
            base: self.base.clone(),
            flags: letters.into_iter().collect(),
        }
    }

    /// Our id, in the names that we gave.
    pub(super) fn id(&self) -> Option<MessageId> {
        self.base.split('.').nth(1)?.parse().ok()
    }

    /// The second the name begins with, as most programs write it.
    pub(super) fn second(&self) -> Option<i64> {
        self.base.split('.').next()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_names_hold_the_id_and_the_size() {
        let id = MessageId("019cf3a4-0000-7000-8000-000000000001".parse().unwrap());
        let host = MailHost::parse("vm.example.nl").unwrap();
        let name = FileName::new(
            id,
            Timestamp::from_second(1_700_000_000).unwrap(),
            &host,
            42,
        );
        assert_eq!(
            name.print(),
            "1700000000.019cf3a4-0000-7000-8000-000000000001.vm.example.nl,S=42:2,"
        );
        assert_eq!((name.id(), name.second()), (Some(id), Some(1_700_000_000)));
    }

    #[test]
    fn flags_change_one_at_a_time_and_keep_their_order() {
        let name = FileName::parse("1.M2P3.host,S=1,W=2:2,aRP");
        assert_eq!(name.print(), "1.M2P3.host,S=1,W=2:2,PRa");
        let seen = name.with(Flag::Seen, true).with(Flag::Seen, true);
        assert_eq!(seen.print(), "1.M2P3.host,S=1,W=2:2,PRSa");
        assert!(seen.has(Flag::Seen) && !seen.has(Flag::Trashed));
        assert_eq!(seen.with(Flag::Seen, false), name);
        assert_eq!(FileName::parse("x").print(), "x:2,");
        assert_eq!(FileName::parse("x").id(), None);
    }
}
