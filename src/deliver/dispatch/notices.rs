//! Who is told what went wrong: of dead letters and of full mailboxes.
//!
//! In: what happened. Out: notices, one at a time, each until somebody was told of it.
//!
//! Laws: of a dead letter somebody is told once, also after a restart, for the spool remembers
//! who was not; of a full mailbox its owner at most once a day, where there is an address that is
//! not full. What cannot be told now is told later.

use crate::base::{MailboxId, MessageId, Mono};
use crate::deliver::vocabulary::Fault;
use crate::mailbox::{Fate, Leg, Letter};
use crate::mime::MailAddress;
use crate::subscriber::{Mode, Profile};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How often dead letters that nobody was told of are looked for.
pub(super) const SWEEP_EVERY: Duration = Duration::from_hours(1);

/// How often the owner of a full mailbox is told.
const FULL_EVERY: Duration = Duration::from_hours(24);

/// How long a dead letter waits that nobody could be told of; less than the time between two
/// looks.
const LATER: Duration = Duration::from_mins(30);

/// The most notices that wait; dead letters beyond are found by a later sweep.
const NOTICES_MAX: usize = 1_000;

/// Something somebody is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A message could not be delivered: for the postmaster, and for its owner.
    DeadLetter(Box<DeadLetter>),
    /// A mailbox takes no more: for its owner.
    MailboxFull(FullMailbox),
}

/// A message that could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// What is known of it, and what went wrong on each way.
    pub letter: Letter,
    /// Its owner; `None` where there is none any more, or the message is damaged.
    pub owner: Option<Arc<Profile>>,
    /// Addresses of the owner that are not at fault, perhaps none.
    pub to_owner: Vec<MailAddress>,
}

/// A mailbox that takes no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullMailbox {
    /// Whose it is.
    pub owner: Arc<Profile>,
    /// Addresses of the owner other than the one that is full, at least one.
    pub to_owner: Vec<MailAddress>,
    /// What the other side said.
    pub what: String,
}

/// Tells people. May block for as long as its own time-outs say.
pub trait Notify: Send + Sync {
    /// Tells this; a fault that is worth another try is tried again within the hour.
    fn notify(&self, notice: &Notice) -> Result<(), Fault>;
}

/// The notices that wait.
#[derive(Debug, Default)]
pub(super) struct Board {
    queue: VecDeque<Notice>,
    /// Dead letters in the queue or under way.
    queued: BTreeSet<MessageId>,
    /// Dead letters that could not be told, and when they are tried again.
    later: BTreeMap<MessageId, Mono>,
    /// Told, but the spool does not know yet.
    pub(super) unwritten: BTreeSet<MessageId>,
    /// When the owner of a full mailbox may be told again.
    full: BTreeMap<MailboxId, Mono>,
    busy: bool,
    sweep_at: Mono,
}

impl Board {
    /// Whether the dead letters are to be looked through now.
    pub(super) fn sweep_due(&mut self, now: Mono) -> bool {
        let due = self.sweep_at <= now;
        if due {
            self.sweep_at = now + SWEEP_EVERY;
        }
        due
    }

    /// There is a new dead letter.
    pub(super) fn sweep_soon(&mut self) {
        self.sweep_at = Mono::ZERO;
    }

    /// Whether a notice is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// A dead letter that nobody was told of.
    pub(super) fn dead(&mut self, letter: Letter, owner: Option<Arc<Profile>>, now: Mono) {
        let id = letter.id;
        let waits = self.later.get(&id).is_some_and(|at| now < *at);
        let known = self.queued.contains(&id) || self.unwritten.contains(&id);
        if waits || known || self.queue.len() >= NOTICES_MAX {
            return;
        }
        let at_fault = |address: &MailAddress| {
            let mut failed = letter.fates.iter().filter(|(_, fate)| gave_up(fate));
            failed.any(|(leg, _)| leg.address() == Some(address))
        };
        let to_owner = owner.iter().flat_map(|owner| addresses(owner));
        let to_owner = to_owner.filter(|address| !at_fault(address)).collect();
        self.queued.insert(id);
        self.queue
            .push_back(Notice::DeadLetter(Box::new(DeadLetter {
                letter,
                owner,
                to_owner,
            })));
    }

    /// A mailbox takes no more on this leg.
    pub(super) fn full(&mut self, owner: &Arc<Profile>, leg: &Leg, what: &str, now: Mono) {
        let early = self.full.get(&owner.mailbox).is_some_and(|at| now < *at);
        let all = addresses(owner).into_iter();
        let to_owner: Vec<_> = all
            .filter(|address| leg.address() != Some(address))
            .collect();
        if early || to_owner.is_empty() || self.queue.len() >= NOTICES_MAX {
            return;
        }
        self.full.insert(owner.mailbox.clone(), now + FULL_EVERY);
        self.queue.push_back(Notice::MailboxFull(FullMailbox {
            owner: Arc::clone(owner),
            to_owner,
            what: what.to_owned(),
        }));
    }

    /// The next notice to give; one at a time.
    pub(super) fn next(&mut self) -> Option<Notice> {
        if self.busy {
            return None;
        }
        let notice = self.queue.pop_front()?;
        self.busy = true;
        Some(notice)
    }

    /// A notice was given.
    pub(super) fn given(&mut self, notice: &Notice) {
        self.busy = false;
        if let Notice::DeadLetter(dead) = notice {
            self.queued.remove(&dead.letter.id);
            self.later.remove(&dead.letter.id);
            self.unwritten.insert(dead.letter.id);
        }
    }

    /// A notice could not be given now.
    pub(super) fn failed(&mut self, notice: &Notice, now: Mono) {
        self.busy = false;
        match notice {
            Notice::DeadLetter(dead) => {
                self.queued.remove(&dead.letter.id);
                self.later.retain(|_, at| now < *at);
                self.later.insert(dead.letter.id, now + LATER);
            }
            // The next try at the mailbox brings the next notice.
            Notice::MailboxFull(full) => {
                self.full.remove(&full.owner.mailbox);
            }
        }
    }

    /// When [`Board::sweep_due`] says yes.
    pub(super) fn poll_timeout(&self) -> Mono {
        self.sweep_at
    }
}

fn gave_up(fate: &Fate) -> bool {
    match fate {
        Fate::GivenUp(_) => true,
        Fate::Waiting(_) | Fate::Done => false,
    }
}

/// Every address a subscriber reads, each once.
fn addresses(owner: &Profile) -> Vec<MailAddress> {
    let own = match &owner.delivery.mode {
        Mode::Email(own) => own.as_slice(),
        Mode::Local | Mode::Mailbox(_) => &[],
    };
    let all = own.iter().chain(&owner.delivery.copies);
    let all: BTreeSet<_> = all.chain(&owner.delivery.notices).cloned().collect();
    all.into_iter().collect()
}
