//! What mailboxes held when they were last seen, for the time that they cannot be.
//!
//! In: looks at followed mailboxes, and what waits for them in the outbox. Out: what they hold as
//! far as anybody can know. Laws: what was seen in a mailbox or on its way there stays there until
//! a look says otherwise, since what leaves the outbox has come into the mailbox; while a message
//! is in the outbox the marks there decide; a mailbox that was never seen has no counts, but what
//! came for it since is certain.

use crate::base::{MailboxId, MessageId};
use crate::deliver::vocabulary::Held;
use crate::mailbox::{Deposit, Sight, State, Tally};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The mailboxes that are followed.
#[derive(Debug, Default)]
pub(super) struct Beliefs(Mutex<HashMap<MailboxId, Belief>>);

#[derive(Debug, Default)]
struct Belief {
    /// The look that it is as new as.
    began: u64,
    /// Whether the mailbox was ever seen.
    seen: bool,
    held: BTreeMap<MessageId, Held>,
}

impl Beliefs {
    /// From here on a mailbox is followed.
    pub(super) fn follow(&self, mailbox: &MailboxId) {
        self.lock().entry(mailbox.clone()).or_default();
    }

    /// No more.
    pub(super) fn leave(&self, mailbox: &MailboxId) {
        self.lock().remove(mailbox);
    }

    /// What a look came to that began as the `began`th one, with what waited in the outbox.
    pub(super) fn seen(&self, mailbox: &MailboxId, began: u64, held: &[Held]) {
        if let Some(belief) = self.lock().get_mut(mailbox)
            && belief.began <= began
        {
            *belief = Belief {
                began,
                seen: true,
                held: held.iter().map(|h| (h.summary.id, h.clone())).collect(),
            };
        }
    }

    /// What a mailbox holds that nobody can look at now; `waiting` is what the outbox has for it,
    /// as of the `began`th look.
    pub(super) fn believe(&self, mailbox: &MailboxId, began: u64, waiting: &[Deposit]) -> Sight {
        let mut all = self.lock();
        let mut unknown = Belief::default();
        let belief = all.get_mut(mailbox).unwrap_or(&mut unknown);
        belief.began = belief.began.max(began);
        belief.add(waiting);
        let tally = super::truth::tally(belief.held.values());
        if belief.seen {
            Sight::Believed(tally)
        } else {
            let Tally { counts, .. } = tally;
            Sight::Unknown { coming: counts.new }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MailboxId, Belief>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Belief {
    fn add(&mut self, waiting: &[Deposit]) {
        for deposit in waiting {
            let of_deposit = || super::truth::of_deposit(deposit);
            let held = self.held.entry(deposit.id).or_insert_with(of_deposit);
            held.deleted = deposit.marks.deleted;
            if deposit.marks.heard {
                held.summary.state = State::Saved;
            }
        }
    }
}
