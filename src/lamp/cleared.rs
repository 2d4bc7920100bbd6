//! Which lamps were cleared, and how it is written down: JSON,
//! `{"cleared":[{"mailbox":"2001","new":3}]}`.

use crate::base::MailboxId;
use crate::mailbox::Counts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The lamps that were cleared, each with the fewest new messages there were since; `None` until
/// they were counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleared(BTreeMap<MailboxId, Option<u32>>);

/// Why a text does not say which lamps were cleared.
#[derive(Debug, thiserror::Error)]
pub enum ClearedFault {
    /// It is not the JSON it should be.
    #[error("the file of cleared lamps is damaged: {0}")]
    Json(#[from] serde_json::Error),
    /// It names a mailbox there cannot be.
    #[error("the file of cleared lamps names a mailbox {0:?}: a mailbox is 1 to 32 figures")]
    Mailbox(String),
}

#[derive(Serialize, Deserialize)]
struct File {
    cleared: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    mailbox: String,
    new: Option<u32>,
}

impl Cleared {
    /// Reads what [`Cleared::print`] wrote.
    pub fn parse(text: &str) -> Result<Cleared, ClearedFault> {
        let file: File = serde_json::from_str(text)?;
        let mut cleared = BTreeMap::new();
        for Entry { mailbox, new } in file.cleared {
            match MailboxId::parse(&mailbox) {
                Ok(id) => cleared.insert(id, new),
                Err(_) => return Err(ClearedFault::Mailbox(mailbox)),
            };
        }
        Ok(Cleared(cleared))
    }

    /// The text to write down.
    pub fn print(&self) -> String {
        let entry = |(mailbox, new): (&MailboxId, &Option<u32>)| Entry {
            mailbox: mailbox.to_string(),
            new: *new,
        };
        let cleared = self.0.iter().map(entry).collect();
        // invariant: text and numbers always print.
        serde_json::to_string(&File { cleared }).unwrap_or_default()
    }

    /// Whether this lamp was cleared.
    pub fn has(&self, mailbox: &MailboxId) -> bool {
        self.0.contains_key(mailbox)
    }

    /// Clears a lamp; `known` are the counts at this moment, where they are known. Says whether
    /// that changed anything: where nothing is new the lamp is dark anyway.
    pub(super) fn clear(&mut self, mailbox: &MailboxId, known: Option<Counts>) -> bool {
        let new = known.map(|counts| counts.new);
        if new == Some(0) {
            return self.0.remove(mailbox).is_some();
        }
        self.0.insert(mailbox.clone(), new) != Some(new)
    }

    /// A mailbox was counted. Says whether that changed anything.
    pub(super) fn counted(&mut self, mailbox: &MailboxId, new: u32) -> bool {
        let Some(fewest) = self.0.get_mut(mailbox) else {
            return false;
        };
        match *fewest {
            Some(fewest) if new > fewest => self.0.remove(mailbox).is_some(),
            _ if new == 0 => self.0.remove(mailbox).is_some(),
            before => {
                *fewest = Some(new);
                before != Some(new)
            }
        }
    }

    /// There is a new message: the lamp is lit again.
    pub(super) fn lift(&mut self, mailbox: &MailboxId) -> bool {
        self.0.remove(mailbox).is_some()
    }

    /// Forgets a lamp that is no subscriber's.
    pub(super) fn retain(&mut self, keep: impl Fn(&MailboxId) -> bool) {
        self.0.retain(|mailbox, _| keep(mailbox));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_damaged_file_is_told_from_an_empty_one() {
        assert_eq!(
            Cleared::parse("{\"cleared\":[]}").unwrap(),
            Cleared::default()
        );
        for damaged in [
            "",
            "{}",
            "[]",
            "{\"cleared\":[{\"mailbox\":\"2001\",\"new\":-1}]}",
        ] {
            assert!(
                matches!(Cleared::parse(damaged), Err(ClearedFault::Json(_))),
                "{damaged}"
            );
        }
        let strange = "{\"cleared\":[{\"mailbox\":\"../x\",\"new\":1}]}";
        assert!(matches!(
            Cleared::parse(strange),
            Err(ClearedFault::Mailbox(name)) if name == "../x"
        ));
    }

    proptest! {
        #[test]
        fn cleared_lamps_survive_printing(
            all in proptest::collection::btree_map("[0-9]{1,32}", any::<Option<u32>>(), 0..20)
        ) {
            let all = all.into_iter().map(|(m, new)| (MailboxId::parse(&m).unwrap(), new));
            let cleared = Cleared(all.collect());
            prop_assert_eq!(Cleared::parse(&cleared.print()).unwrap(), cleared);
        }
    }
}
