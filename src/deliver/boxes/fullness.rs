//! Which mailboxes take no more messages: asked for every caller, so it is quick and never waits.
//!
//! In: what mailboxes come to, messages that are kept, and servers that refuse for want of room.
//! Law: a mailbox of which nothing is known is not full.

use crate::base::MailboxId;
use crate::mailbox::{Room, Tally, Usage};
use crate::subscriber::Roster;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How full the mailboxes are. Clones share what is known.
#[derive(Clone)]
pub struct Fullness {
    roster: Arc<Roster>,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    usage: HashMap<MailboxId, Usage>,
    /// Their server has no room for them.
    refused: HashSet<MailboxId>,
}

impl Fullness {
    /// Nothing is known yet.
    pub fn new(roster: Arc<Roster>) -> Fullness {
        let known = Arc::default();
        Fullness { roster, known }
    }

    /// Whether callers can leave no message there.
    pub fn is_full(&self, mailbox: &MailboxId) -> bool {
        let known = self.lock();
        let usage = known.usage.get(mailbox).copied();
        let refused = known.refused.contains(mailbox);
        drop(known);
        refused || self.room(mailbox, usage) == Room::Full
    }

    /// A mailbox was counted. Where it holds less than before, its server may have room again.
    pub fn counted(&self, mailbox: &MailboxId, tally: &Tally) {
        if self.roster.by_mailbox(mailbox).is_some() {
            let mut known = self.lock();
            let before = known.usage.insert(mailbox.clone(), tally.usage);
            if before.is_some_and(|before| tally.usage.messages < before.messages) {
                known.refused.remove(mailbox);
            }
        }
    }

    /// A message of this length is kept for a mailbox; the next count includes it.
    pub fn kept(&self, mailbox: &MailboxId, length: Duration) {
        if let Some(usage) = self.lock().usage.get_mut(mailbox) {
            *usage = usage.with(length);
        }
    }

    /// The server of a mailbox refused a message for want of room.
    pub fn refused(&self, mailbox: &MailboxId) {
        if self.roster.by_mailbox(mailbox).is_some() {
            self.lock().refused.insert(mailbox.clone());
        }
    }

    /// It takes messages again.
    pub fn taken(&self, mailbox: &MailboxId) {
        self.lock().refused.remove(mailbox);
    }

    fn room(&self, mailbox: &MailboxId, usage: Option<Usage>) -> Room {
        match (self.roster.by_mailbox(mailbox), usage) {
            (Some(owner), Some(usage)) => owner.limits.room(usage),
            (None, _) | (_, None) => Room::Plenty,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Language;
    use crate::mailbox::Limits;
    use crate::subscriber::{Delivery, Profile};

    fn mailbox(number: &str) -> MailboxId {
        MailboxId::parse(number).unwrap()
    }

    fn of(messages: u32) -> Tally {
        let usage = (0..messages).fold(Usage::default(), |usage, _| usage.with(Duration::ZERO));
        Tally {
            usage,
            ..Tally::default()
        }
    }

    fn two_at_most() -> Fullness {
        let owner = Profile {
            mailbox: mailbox("2001"),
            name: "Anna".into(),
            numbers: Vec::new(),
            language: Language::parse("nl").unwrap(),
            zone: "UTC".into(),
            passcode: None,
            assistant: None,
            tenant: None,
            delivery: Delivery::local(),
            limits: Limits {
                messages: Some(2),
                ..Limits::default()
            },
        };
        Fullness::new(Arc::new(Roster::new([owner]).unwrap()))
    }

    #[test]
    fn a_mailbox_is_full_by_its_count_and_by_what_was_kept_since() {
        let (fullness, anna) = (two_at_most(), mailbox("2001"));
        fullness.kept(&anna, Duration::ZERO);
        assert!(!fullness.is_full(&anna), "nothing is known");
        fullness.counted(&anna, &of(1));
        assert!(!fullness.is_full(&anna));
        fullness.kept(&anna, Duration::ZERO);
        assert!(fullness.is_full(&anna));
        fullness.counted(&anna, &of(1));
        assert!(!fullness.is_full(&anna));
    }

    #[test]
    fn a_server_without_room_is_believed_until_something_went_or_was_taken() {
        let (fullness, anna) = (two_at_most(), mailbox("2001"));
        fullness.counted(&anna, &of(1));
        fullness.refused(&anna);
        fullness.counted(&anna, &of(1));
        assert!(fullness.is_full(&anna));
        fullness.counted(&anna, &of(0));
        assert!(!fullness.is_full(&anna));
        fullness.refused(&anna);
        fullness.taken(&anna);
        assert!(!fullness.is_full(&anna));
    }

    #[test]
    fn nothing_is_remembered_of_a_mailbox_that_nobody_has() {
        let (fullness, nobody) = (two_at_most(), mailbox("9"));
        fullness.counted(&nobody, &of(7));
        fullness.refused(&nobody);
        assert!(!fullness.is_full(&nobody));
        let known = fullness.lock();
        assert!(known.usage.is_empty() && known.refused.is_empty());
    }
}
