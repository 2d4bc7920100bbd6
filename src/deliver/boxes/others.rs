//! What others did in a mailbox: the difference between two looks at it, less what we did.
//!
//! In: looks at mailboxes, and what we are about to do in them. Out: what a mail client did. Only
//! mailboxes that are followed are compared.
//!
//! Laws: what we do is said before it is done, so that it is never taken for a client's; a look
//! that began before another one that was taken in already says nothing.

use crate::base::{MailboxId, MessageId};
use crate::deliver::vocabulary::{Change, Held};
use crate::mailbox::{By, State, Step};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most things of our own in one mailbox that were not seen there yet; then all are forgotten.
const OWN_MAX: usize = 4_000;

/// What may happen to a message in a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Deed {
    /// It was heard or read.
    Heard,
    /// It was marked for removal.
    Deleted,
    /// That was taken back.
    Restored,
    /// It is gone.
    Removed,
}

/// The mailboxes that are followed.
#[derive(Debug, Default)]
pub(super) struct Others(Mutex<HashMap<MailboxId, Followed>>);

#[derive(Debug, Default)]
struct Followed {
    /// The last look; `None` before the first.
    last: Option<Look>,
    /// What we did and did not see in a look yet.
    own: BTreeSet<(MessageId, Deed)>,
}

#[derive(Debug)]
struct Look {
    began: u64,
    held: BTreeMap<MessageId, Standing>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    heard: bool,
    deleted: bool,
}

impl Deed {
    pub(super) fn step(self, by: By) -> Step {
        match self {
            Deed::Heard => Step::Heard(by),
            Deed::Deleted => Step::Deleted(by),
            Deed::Restored => Step::Restored(by),
            Deed::Removed => Step::Removed(by),
        }
    }

    /// Whether a message stands as this deed leaves it.
    fn shows(self, standing: Option<Standing>) -> bool {
        match (self, standing) {
            (Deed::Removed, standing) => standing.is_none(),
            (_, None) => false,
            (Deed::Heard, Some(standing)) => standing.heard,
            (Deed::Deleted, Some(standing)) => standing.deleted,
            (Deed::Restored, Some(standing)) => !standing.deleted,
        }
    }

    /// The deed that takes this one back.
    fn opposite(self) -> Option<Deed> {
        match self {
            Deed::Deleted => Some(Deed::Restored),
            Deed::Restored => Some(Deed::Deleted),
            Deed::Heard | Deed::Removed => None,
        }
    }
}

impl From<Change> for Deed {
    fn from(change: Change) -> Deed {
        match change {
            Change::Heard => Deed::Heard,
            Change::Delete => Deed::Deleted,
            Change::Undelete => Deed::Restored,
        }
    }
}

impl Others {
    /// From here on a mailbox is followed.
    pub(super) fn follow(&self, mailbox: &MailboxId) {
        self.lock().entry(mailbox.clone()).or_default();
    }

    /// No more.
    pub(super) fn leave(&self, mailbox: &MailboxId) {
        self.lock().remove(mailbox);
    }

    /// We are about to do this.
    pub(super) fn own(&self, mailbox: &MailboxId, id: MessageId, deed: Deed) {
        if let Some(followed) = self.lock().get_mut(mailbox) {
            followed.own(id, deed);
        }
    }

    /// It was not done after all.
    pub(super) fn not_done(&self, mailbox: &MailboxId, id: MessageId, deed: Deed) {
        if let Some(followed) = self.lock().get_mut(mailbox) {
            followed.own.remove(&(id, deed));
        }
    }

    /// Takes in a look at a mailbox that began as the `began`th one; what others did since the
    /// one before.
    pub(super) fn look(
        &self,
        mailbox: &MailboxId,
        began: u64,
        held: &[Held],
    ) -> Vec<(MessageId, Deed)> {
        let mut all = self.lock();
        let Some(followed) = all.get_mut(mailbox) else {
            return Vec::new();
        };
        if followed
            .last
            .as_ref()
            .is_some_and(|last| last.began > began)
        {
            return Vec::new();
        }
        let held = held.iter().map(standing).collect();
        followed.take_in(Look { began, held })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MailboxId, Followed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Followed {
    fn own(&mut self, id: MessageId, deed: Deed) {
        if self.own.len() >= OWN_MAX {
            self.own.clear();
        }
        if let Some(opposite) = deed.opposite() {
            self.own.remove(&(id, opposite));
        }
        self.own.insert((id, deed));
    }

    fn take_in(&mut self, look: Look) -> Vec<(MessageId, Deed)> {
        let before = self.last.as_ref().map(|last| &last.held);
        let changes: Vec<_> = before
            .into_iter()
            .flatten()
            .flat_map(|(id, before)| {
                let now = look.held.get(id).copied();
                deeds(*before, now).into_iter().map(|deed| (*id, deed))
            })
            .filter(|change| !self.own.contains(change))
            .collect();
        self.own
            .retain(|(id, deed)| !deed.shows(look.held.get(id).copied()));
        self.last = Some(look);
        changes
    }
}

fn standing(held: &Held) -> (MessageId, Standing) {
    let standing = Standing {
        heard: held.summary.state == State::Saved,
        deleted: held.deleted,
    };
    (held.summary.id, standing)
}

fn deeds(before: Standing, now: Option<Standing>) -> Vec<Deed> {
    let Some(now) = now else {
        return vec![Deed::Removed];
    };
    let mut found = Vec::new();
    if now.heard && !before.heard {
        found.push(Deed::Heard);
    }
    match (before.deleted, now.deleted) {
        (false, true) => found.push(Deed::Deleted),
        (true, false) => found.push(Deed::Restored),
        (false, false) | (true, true) => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::mailbox::Summary;
    use std::time::Duration;

    fn id(n: u128) -> MessageId {
        MessageId(uuid::Uuid::from_u128(n))
    }

    fn held(n: u128, state: State, deleted: bool) -> Held {
        let summary = Summary {
            id: id(n),
            state,
            urgent: false,
            private: false,
            caller: None,
            received: Timestamp::UNIX_EPOCH,
            length: Duration::ZERO,
        };
        Held { summary, deleted }
    }

    fn mailbox() -> MailboxId {
        MailboxId::parse("2001").unwrap()
    }

    /// Two new messages, followed and seen.
    fn followed() -> Others {
        let others = Others::default();
        others.follow(&mailbox());
        let new = [held(1, State::New, false), held(2, State::New, false)];
        assert_eq!(others.look(&mailbox(), 1, &new), []);
        others
    }

    #[test]
    fn what_a_client_did_is_told_once() {
        let others = followed();
        let now = [held(1, State::Saved, true)];
        let did = others.look(&mailbox(), 2, &now);
        assert_eq!(
            did,
            [
                (id(1), Deed::Heard),
                (id(1), Deed::Deleted),
                (id(2), Deed::Removed)
            ]
        );
        assert_eq!(others.look(&mailbox(), 3, &now), []);
        let back = [held(1, State::Saved, false), held(2, State::New, false)];
        assert_eq!(others.look(&mailbox(), 4, &back), [(id(1), Deed::Restored)]);
    }

    #[test]
    fn what_we_did_is_not_taken_for_a_clients_whenever_it_is_seen() {
        let others = followed();
        others.own(&mailbox(), id(1), Deed::Heard);
        others.own(&mailbox(), id(1), Deed::Deleted);
        let early = [held(1, State::New, false), held(2, State::New, false)];
        assert_eq!(others.look(&mailbox(), 2, &early), [], "not done yet");
        let heard = [held(1, State::Saved, true), held(2, State::Saved, false)];
        assert_eq!(others.look(&mailbox(), 3, &heard), [(id(2), Deed::Heard)]);
        others.own(&mailbox(), id(1), Deed::Removed);
        assert_eq!(others.look(&mailbox(), 4, &heard[1..]), []);
    }

    #[test]
    fn what_we_did_not_do_after_all_hides_nothing() {
        let others = followed();
        others.own(&mailbox(), id(1), Deed::Deleted);
        others.own(&mailbox(), id(1), Deed::Restored);
        others.own(&mailbox(), id(2), Deed::Heard);
        others.not_done(&mailbox(), id(2), Deed::Heard);
        let now = [held(1, State::New, true), held(2, State::Saved, false)];
        let did = others.look(&mailbox(), 2, &now);
        assert_eq!(did, [(id(1), Deed::Deleted), (id(2), Deed::Heard)]);
    }

    #[test]
    fn a_look_that_comes_late_says_nothing() {
        let others = followed();
        let now = [held(1, State::Saved, false), held(2, State::New, false)];
        assert_eq!(others.look(&mailbox(), 5, &now).len(), 1);
        let old = [held(1, State::New, false), held(2, State::New, false)];
        assert_eq!(others.look(&mailbox(), 3, &old), []);
        assert_eq!(others.look(&mailbox(), 6, &now), []);
        others.leave(&mailbox());
        assert_eq!(others.look(&mailbox(), 7, &[]), []);
    }
}
