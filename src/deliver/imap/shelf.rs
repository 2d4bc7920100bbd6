//! What is known of the voice messages of one account, so that each is asked for its head once.
//!
//! In: a session at the account's folder. Out: every copy of every voice message with its flags as
//! they are now, and the messages they come to.
//!
//! Laws: heads are forgotten when the folder's UIDVALIDITY changes, for its UIDs then mean other
//! messages; copies with one Message-ID are one message, which is marked for removal when all of
//! them are.

use super::fault::Fault;
use super::session::{Flags, Session};
use crate::base::{MessageId, Timestamp};
use crate::deliver::vocabulary::Held;
use crate::mailbox::{State, Summary};
use crate::mime::{Caller, Head};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most voice messages of an account that are looked at: the newest.
pub(super) const MESSAGES_MAX: usize = 10_000;

/// What is known of the messages of one folder.
#[derive(Default)]
pub(super) struct Shelf(Mutex<Heads>);

#[derive(Default)]
struct Heads {
    validity: u32,
    /// By UID; `None` for mail that is no voice message after all.
    known: BTreeMap<u32, Option<Known>>,
}

/// What the head of a voice message says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    id: MessageId,
    caller: Caller,
    received: Timestamp,
    length: Duration,
    private: bool,
}

/// One copy of a message, as it is in the folder now.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    /// Its UID.
    pub(super) uid: u32,
    /// Its flags.
    pub(super) flags: Flags,
    known: Known,
}

impl Copy {
    /// Which message it is a copy of.
    pub(super) fn id(&self) -> MessageId {
        self.known.id
    }
}

impl Shelf {
    /// Every copy in the folder, in the order of their UIDs.
    pub(super) fn list(&self, session: &mut Session, folder: &str) -> Result<Vec<Copy>, Fault> {
        let validity = session.enter(folder)?;
        self.read(session, validity)
    }

    /// The same, of the folder that is open and has this UIDVALIDITY.
    pub(super) fn read(&self, session: &mut Session, validity: u32) -> Result<Vec<Copy>, Fault> {
        let mut uids = session.voice_messages()?;
        while uids.len() > MESSAGES_MAX {
            uids.pop_first();
        }
        let new = self.lock(validity).unknown(&uids);
        let heads = session.heads(&new)?;
        let flags = session.flags(&uids)?;
        let mut shelf = self.lock(validity);
        for (uid, head) in heads {
            let known = head.map(|head| known(&head, validity, uid));
            shelf.known.insert(uid, known);
        }
        let copies = flags.into_iter().filter_map(|(uid, flags)| {
            let known = shelf.known.get(&uid)?.clone()?;
            Some(Copy { uid, flags, known })
        });
        Ok(copies.collect())
    }

    /// The copies of one message with their flags as they are now: none where it is gone.
    pub(super) fn find(
        &self,
        session: &mut Session,
        folder: &str,
        id: MessageId,
    ) -> Result<Vec<(u32, Flags)>, Fault> {
        let validity = session.enter(folder)?;
        let known = self.lock(validity).of_id(id);
        let found = session.flags(&known)?;
        if !found.is_empty() {
            return Ok(found);
        }
        let copies = self.read(session, validity)?.into_iter();
        let copies = copies.filter(|copy| copy.id() == id);
        Ok(copies.map(|copy| (copy.uid, copy.flags)).collect())
    }

    /// The heads, empty where they were of another validity.
    fn lock(&self, validity: u32) -> MutexGuard<'_, Heads> {
        let mut heads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if heads.validity != validity {
            *heads = Heads {
                validity,
                known: BTreeMap::new(),
            };
        }
        heads
    }
}

impl Heads {
    /// Which of the messages have to be asked for; those that are gone are forgotten.
    fn unknown(&mut self, uids: &BTreeSet<u32>) -> BTreeSet<u32> {
        self.known.retain(|uid, _| uids.contains(uid));
        let unknown = uids.iter().filter(|uid| !self.known.contains_key(uid));
        unknown.copied().collect()
    }

    fn of_id(&self, id: MessageId) -> BTreeSet<u32> {
        let ours = |known: &Option<Known>| known.as_ref().is_some_and(|known| known.id == id);
        let found = self.known.iter().filter(|(_, known)| ours(known));
        found.map(|(uid, _)| *uid).collect()
    }
}

/// The messages that copies come to, each once, in no order.
pub(super) fn messages(copies: Vec<Copy>) -> Vec<Held> {
    let mut found: HashMap<MessageId, Held> = HashMap::new();
    for copy in copies {
        let held = found.entry(copy.id()).or_insert_with(|| Held {
            summary: summary(&copy.known),
            deleted: true,
        });
        // A copy that is marked for removal says nothing of a message that stays.
        if held.deleted || !copy.flags.deleted {
            held.deleted &= copy.flags.deleted;
            let heard = held.summary.state == State::Saved || copy.flags.seen;
            held.summary.state = if heard { State::Saved } else { State::New };
            held.summary.urgent |= copy.flags.flagged;
        }
    }
    found.into_values().collect()
}

fn summary(known: &Known) -> Summary {
    Summary {
        id: known.id,
        state: State::New,
        urgent: false,
        private: known.private,
        caller: known.caller.number().cloned(),
        received: known.received,
        length: known.length,
    }
}

fn known(head: &Head, validity: u32, uid: u32) -> Known {
    Known {
        id: head.id.unwrap_or_else(|| made_up(validity, uid)),
        caller: head.caller.clone(),
        received: head.received,
        length: head.length,
        private: head.private,
    }
}

/// An id for a voice message of another program: the same as long as its UID names it.
fn made_up(validity: u32, uid: u32) -> MessageId {
    let digest = Sha256::digest(format!("{validity} {uid}"));
    let mut octets = [0; 16];
    octets
        .iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    MessageId(uuid::Uuid::from_bytes(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(uid: u32, n: u128, flags: Flags) -> Copy {
        let known = Known {
            id: MessageId(uuid::Uuid::from_u128(n)),
            caller: Caller::Withheld,
            received: Timestamp::UNIX_EPOCH,
            length: Duration::from_secs(1),
            private: false,
        };
        Copy { uid, flags, known }
    }

    const NEW: Flags = Flags {
        seen: false,
        flagged: false,
        deleted: false,
    };
    const SEEN: Flags = Flags { seen: true, ..NEW };
    const GONE: Flags = Flags {
        deleted: true,
        ..SEEN
    };

    #[test]
    fn copies_of_one_message_are_one_message() {
        let mut held = messages(vec![copy(1, 1, NEW), copy(2, 1, SEEN), copy(3, 2, NEW)]);
        held.sort_by_key(|held| held.summary.id);
        let states: Vec<_> = held.iter().map(|h| (h.summary.state, h.deleted)).collect();
        assert_eq!(states, [(State::Saved, false), (State::New, false)]);
    }

    #[test]
    fn a_message_is_marked_for_removal_when_all_its_copies_are() {
        let one_stays = messages(vec![copy(1, 1, NEW), copy(2, 1, GONE)]);
        assert!(!one_stays[0].deleted && one_stays[0].summary.state == State::New);
        let none_stays = messages(vec![copy(1, 1, GONE), copy(2, 1, GONE)]);
        assert!(none_stays[0].deleted);
        let the_second_stays = messages(vec![copy(1, 1, GONE), copy(2, 1, NEW)]);
        assert!(!the_second_stays[0].deleted);
    }

    #[test]
    fn other_uids_and_other_validities_are_other_messages() {
        let ids: BTreeSet<_> = [(1, 1), (1, 2), (2, 1), (11, 1), (1, 11)]
            .map(|(validity, uid)| made_up(validity, uid))
            .into();
        assert_eq!(ids.len(), 5);
        assert_eq!(made_up(1, 1), made_up(1, 1));
    }

    #[test]
    fn heads_are_forgotten_with_their_validity() {
        let shelf = Shelf::default();
        shelf.lock(7).known.insert(1, None);
        assert_eq!(shelf.lock(7).unknown(&[1, 2].into()), [2].into());
        assert_eq!(shelf.lock(8).unknown(&[1, 2].into()), [1, 2].into());
        shelf.lock(8).known.insert(1, None);
        assert_eq!(shelf.lock(8).unknown(&[2].into()), [2].into());
        assert_eq!(
            shelf.lock(8).unknown(&[1].into()),
            [1].into(),
            "gone and forgotten"
        );
    }
}
