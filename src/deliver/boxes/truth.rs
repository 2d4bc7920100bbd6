//! A mailbox as its owner has it: the store it is kept in and what is on its way there.
//!
//! In: a flow's commands, looks by watchers, the retention clock. Out: listings, counts, sound,
//! and the steps of the [`Ledger`].
//!
//! Laws:
//! 1. A message moves one way only, from the outbox to the store. So whoever reads or changes both
//!    begins with the outbox: what is no longer there is in the store by then, or gone.
//! 2. While a message is in the outbox, the marks there decide: its courier makes the store's
//!    copy like them before the outbox lets go.
//! 3. Each message is listed once; what was removed for good stays away.
//! 4. A store that cannot be reached makes a listing partial, and a count what it was last, with
//!    what waits; where it was never counted it is unknown, never zero.
//! 5. No lock is held while a store is asked.

use super::belief::Beliefs;
use super::others::{Deed, Others};
use super::stores::Stores;
use crate::audio::WireAudio;
use crate::base::{MessageId, Timestamp};
use crate::deliver::vocabulary::{self, Change, Held, Stamp, Store, Watch};
use crate::mailbox::{
    By, Command, Deposit, EXPIRY_WARNING_DAYS, Fault, LISTING_MAX, Ledger, Listing, Marks, Outbox,
    OutboxFault, Reply, Sight, State, Step, Summary, Tally, Usage,
};
use crate::subscriber::Profile;
use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most messages that retention removes from one mailbox at a time.
pub(super) const EXPIRED_MAX: usize = 1_000;

/// A day, in seconds.
const DAY: i64 = 86_400;

/// Tells the time of day.
pub type Wall = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// All mailboxes. Several threads may use it at a time.
pub struct Truth {
    stores: Stores,
    outbox: Arc<dyn Outbox>,
    ledger: Arc<dyn Ledger>,
    wall: Wall,
    others: Arc<Others>,
    beliefs: Arc<Beliefs>,
    looks: Arc<AtomicU64>,
}

/// A look at a mailbox.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// The how-manieth look it is, counted when it began.
    pub(super) began: u64,
    /// What it came to.
    pub(super) sight: Sight,
}

impl Truth {
    /// The mailboxes in these stores, with what waits for them in the outbox.
    pub fn new(stores: Stores, outbox: Arc<dyn Outbox>, ledger: Arc<dyn Ledger>) -> Truth {
        Truth::with_clock(stores, outbox, ledger, Arc::new(Timestamp::now))
    }

    /// The same by a clock of one's own.
    pub fn with_clock(
        stores: Stores,
        outbox: Arc<dyn Outbox>,
        ledger: Arc<dyn Ledger>,
        wall: Wall,
    ) -> Truth {
        Truth {
            stores,
            outbox,
            ledger,
            wall,
            others: Arc::default(),
            beliefs: Arc::default(),
            looks: Arc::default(),
        }
    }

    /// The same mailboxes with every server out of reach: nobody waits for one, and of its
    /// mailboxes there is what waits in the outbox.
    pub(in crate::deliver) fn apart(&self) -> Truth {
        Truth {
            stores: self.stores.here(),
            outbox: Arc::clone(&self.outbox),
            ledger: Arc::clone(&self.ledger),
            wall: Arc::clone(&self.wall),
            others: Arc::clone(&self.others),
            beliefs: Arc::clone(&self.beliefs),
            looks: Arc::clone(&self.looks),
        }
    }

    /// Carries a flow's command out.
    pub fn command(&self, owner: &Profile, command: Command) -> Reply {
        let done = match command {
            Command::List => return Reply::Listed(self.list(owner)),
            Command::MarkHeard(id) => self.change(owner, id, Change::Heard),
            Command::Delete(id) => self.change(owner, id, Change::Delete),
            Command::DeleteAll(ref ids) => self.delete_all(owner, ids),
            Command::Undelete(id) => self.change(owner, id, Change::Undelete),
            Command::Expunge => self.expunge(owner),
        };
        match done {
            Ok(()) => Reply::Done(command),
            Err(fault) => Reply::Failed(command, fault),
        }
    }

    /// The messages in the order they are to be heard.
    pub fn list(&self, owner: &Profile) -> Listing {
        let began = self.begin();
        match self.held(owner, began) {
            Ok(held) => self.listing(owner, &held, false),
            Err(fault) => {
                tracing::warn!(mailbox = %owner.mailbox, %fault, "only what is on its way is listed");
                let waiting = self.outbox.waiting_for(&owner.mailbox);
                self.listing(owner, &merged(Vec::new(), &waiting), true)
            }
        }
    }

    /// How many messages there are, removed ones left out.
    pub fn tally(&self, owner: &Profile) -> Result<Tally, Fault> {
        match self.look(owner).sight {
            Sight::Counted(tally) => Ok(tally),
            Sight::Believed(_) | Sight::Unknown { .. } => Err(Fault::Unavailable),
        }
    }

    /// The sound of a message.
    pub fn audio(&self, owner: &Profile, id: MessageId) -> Result<WireAudio, Fault> {
        if !owner.delivery.is_heard_by_phone() {
            return Err(Fault::Gone);
        }
        match self.waiting_audio(owner, id) {
            Ok(audio) => Ok(audio),
            Err(OutboxFault::Gone) => self.store(owner)?.audio(owner, id),
            Err(fault) => {
                let copy = self.store(owner).and_then(|store| store.audio(owner, id));
                copy.map_err(|_| of_outbox(fault))
            }
        }
    }

    /// Counts a mailbox; one that cannot be reached is as it is believed to be.
    pub(super) fn look(&self, owner: &Profile) -> Seen {
        let began = self.begin();
        let sight = match unbroken(|| self.held(owner, began)) {
            Ok(held) => Sight::Counted(tally(&held)),
            Err(_) => self.believe(owner, began),
        };
        Seen { began, sight }
    }

    /// What a mailbox is believed to hold, without a look at it.
    pub(super) fn guess(&self, owner: &Profile) -> Seen {
        let began = self.begin();
        let sight = self.believe(owner, began);
        Seen { began, sight }
    }

    fn believe(&self, owner: &Profile, began: u64) -> Sight {
        let waiting = self.outbox.waiting_for(&owner.mailbox);
        self.beliefs.believe(&owner.mailbox, began, &waiting)
    }

    /// Counts a mailbox by another way of looking into its store.
    pub(super) fn look_by<F>(
        &self,
        owner: &Profile,
        look: impl FnOnce() -> Result<Vec<Held>, F>,
    ) -> Result<Seen, F> {
        let began = self.begin();
        let held = self.both(owner, began, look)?;
        let sight = Sight::Counted(tally(&held));
        Ok(Seen { began, sight })
    }

    /// The number of a look that begins now: what it tells is newer than what an earlier one does.
    fn begin(&self) -> u64 {
        self.looks.fetch_add(1, Ordering::Relaxed)
    }

    /// When a mailbox last changed in its store, where that is cheap to ask.
    pub(super) fn stamp(&self, owner: &Profile) -> Option<Stamp> {
        self.stores.of(owner).ok()??.stamp(owner)
    }

    /// A connection that waits for changes in a mailbox; `None` where its store cannot wait.
    pub(super) fn watch(
        &self,
        owner: &Profile,
    ) -> Result<Option<Box<dyn Watch>>, vocabulary::Fault> {
        match self.stores.of(owner) {
            Ok(Some(store)) => store.watch(owner),
            Ok(None) | Err(_) => Ok(None),
        }
    }

    /// What others do in a mailbox is written down from here on, and what it holds remembered.
    pub(super) fn follow(&self, owner: &Profile) {
        self.others.follow(&owner.mailbox);
        self.beliefs.follow(&owner.mailbox);
    }

    /// No more.
    pub(super) fn leave(&self, owner: &Profile) {
        self.others.leave(&owner.mailbox);
        self.beliefs.leave(&owner.mailbox);
    }

    /// Removes the oldest messages that were kept as long as their mailbox keeps messages, at
    /// most [`EXPIRED_MAX`]; how many. What still waits in the outbox stays, however old: nobody
    /// had it in a mailbox yet. So does a message that does not say when it was left.
    pub(super) fn expire(&self, owner: &Profile) -> Result<usize, Fault> {
        let Some(days) = owner.limits.days else {
            return Ok(0);
        };
        let Some(store) = self.stores.of(owner)? else {
            return Ok(0);
        };
        let mut old = self.kept_longer(owner, store, days)?;
        old.truncate(EXPIRED_MAX);
        if old.is_empty() {
            return Ok(0);
        }
        for id in &old {
            self.others.own(&owner.mailbox, *id, Deed::Removed);
        }
        let removed = store.remove(owner, &old)?;
        for id in &removed {
            tracing::info!(mailbox = %owner.mailbox, message = %id, days, "a message expired");
            self.ledger.note(&owner.mailbox, *id, Step::Expired);
        }
        Ok(removed.len())
    }

    /// The messages in the store that are at least so many days old, the oldest first.
    fn kept_longer(
        &self,
        owner: &Profile,
        store: &dyn Store,
        days: u32,
    ) -> Result<Vec<MessageId>, Fault> {
        let waiting = self.outbox.waiting_for(&owner.mailbox);
        let waiting: BTreeSet<MessageId> = waiting.iter().map(|deposit| deposit.id).collect();
        let now = (self.wall)();
        let mut old: Vec<_> = store
            .messages(owner)?
            .into_iter()
            .map(|held| (held.summary.received, held.summary.id))
            .filter(|(received, id)| is_old(*received, days, now) && !waiting.contains(id))
            .collect();
        old.sort_unstable();
        Ok(old.into_iter().map(|(_, id)| id).collect())
    }

    fn store(&self, owner: &Profile) -> Result<&dyn Store, Fault> {
        self.stores.of(owner)?.ok_or(Fault::Gone)
    }

    fn held(&self, owner: &Profile, began: u64) -> Result<Vec<Held>, Fault> {
        match self.stores.of(owner)? {
            None => Ok(Vec::new()),
            Some(store) => self.both(owner, began, || store.messages(owner)),
        }
    }

    /// What is in both places, each message once, marked ones too.
    fn both<F>(
        &self,
        owner: &Profile,
        began: u64,
        look: impl FnOnce() -> Result<Vec<Held>, F>,
    ) -> Result<Vec<Held>, F> {
        let waiting = self.outbox.waiting_for(&owner.mailbox);
        let held = look()?;
        for (id, deed) in self.others.look(&owner.mailbox, began, &held) {
            self.ledger.note(&owner.mailbox, id, deed.step(By::Client));
        }
        let all = merged(held, &waiting);
        self.beliefs.seen(&owner.mailbox, began, &all);
        Ok(all)
    }

    fn listing(&self, owner: &Profile, held: &[Held], partial: bool) -> Listing {
        let there = held.iter().filter(|held| !held.deleted);
        let mut messages: Vec<Summary> = there.map(|held| held.summary.clone()).collect();
        let usage = usage(&messages);
        let expiring = owner
            .limits
            .days
            .map_or(0, |days| self.expiring(&messages, days));
        messages.sort_by_key(|s| {
            let urgent_new = s.urgent && s.state == State::New;
            (s.state, !urgent_new, s.received, s.id)
        });
        messages.truncate(LISTING_MAX);
        Listing {
            messages,
            partial,
            room: owner.limits.room(usage),
            expiring,
        }
    }

    fn expiring(&self, messages: &[Summary], days: u32) -> u32 {
        let now = (self.wall)();
        let from = days.saturating_sub(EXPIRY_WARNING_DAYS);
        let old = messages.iter().filter(|s| is_old(s.received, from, now));
        old.count() as u32
    }

    fn change(&self, owner: &Profile, id: MessageId, change: Change) -> Result<(), Fault> {
        if !owner.delivery.is_heard_by_phone() {
            return Err(Fault::Gone);
        }
        let mailbox = &owner.mailbox;
        self.others.own(mailbox, id, change.into());
        let done = match self.mark(owner, id, change) {
            Err(OutboxFault::Gone) => self
                .store(owner)
                .and_then(|store| store.change(owner, id, change)),
            marked => marked.map_err(of_outbox),
        };
        match done {
            Ok(()) => self
                .ledger
                .note(mailbox, id, Deed::from(change).step(By::Phone)),
            Err(_) => self.others.not_done(mailbox, id, change.into()),
        }
        done
    }

    /// Marks all of these for removal, or none of them. What is gone is as good as deleted.
    fn delete_all(&self, owner: &Profile, ids: &[MessageId]) -> Result<(), Fault> {
        if !owner.delivery.is_heard_by_phone() {
            return Err(Fault::Gone);
        }
        let mailbox = &owner.mailbox;
        for id in ids {
            self.others.own(mailbox, *id, Deed::Deleted);
        }
        let marked = self.mark_all(owner, ids);
        let done = marked.as_ref().map_or(&[][..], |marked| marked);
        for id in ids {
            if done.contains(id) {
                let step = Deed::Deleted.step(By::Phone);
                self.ledger.note(mailbox, *id, step);
            } else {
                self.others.not_done(mailbox, *id, Deed::Deleted);
            }
        }
        marked.map(drop)
    }

    /// Those of the messages that were there. The outbox comes first, by the first law.
    fn mark_all(&self, owner: &Profile, ids: &[MessageId]) -> Result<Vec<MessageId>, Fault> {
        let waiting = ids.iter().filter_map(|id| self.waiting(owner, *id).ok());
        let before: Vec<_> = waiting.map(|deposit| (deposit.id, deposit.marks)).collect();
        let after = before.iter().map(|(id, marks)| {
            let marks = marked(*marks, Change::Delete);
            (*id, marks)
        });
        let outbox = self.outbox.mark_all(&after.collect::<Vec<_>>());
        let in_outbox = outbox.map_err(|fault| {
            self.unmark_all(owner, &before, &[]);
            of_outbox(fault)
        })?;
        let rest = ids.iter().filter(|id| !in_outbox.contains(id));
        let rest: Vec<MessageId> = rest.copied().collect();
        if rest.is_empty() {
            return Ok(in_outbox);
        }
        let stored = self
            .store(owner)
            .and_then(|store| store.change_all(owner, &rest, Change::Delete));
        match stored {
            Ok(stored) => Ok([in_outbox, stored].concat()),
            Err(fault) => {
                self.unmark_all(owner, &before, &rest);
                Err(fault)
            }
        }
    }

    /// Takes back, as far as that can be done, what failed in the middle: a mark that nobody knows
    /// of would have its message removed with the next ones.
    fn unmark_all(&self, owner: &Profile, outbox: &[(MessageId, Marks)], stored: &[MessageId]) {
        let back = self.outbox.mark_all(outbox).is_ok();
        let store = self.stores.of(owner).ok().flatten();
        let unmarked = match store {
            Some(store) if !stored.is_empty() => {
                store.change_all(owner, stored, Change::Undelete).is_ok()
            }
            Some(_) | None => true,
        };
        if !back || !unmarked {
            tracing::warn!(mailbox = %owner.mailbox, "messages may stay marked for removal");
        }
    }

    /// Removes what its owner marked. Where the store cannot be reached nothing is removed: what
    /// waits goes into the store with its mark. A copy in the store of what still waits is its
    /// courier's, and is left alone: what the courier saw of it must stay true until it lets go.
    fn expunge(&self, owner: &Profile) -> Result<(), Fault> {
        let Some(store) = self.stores.of(owner)? else {
            return Ok(());
        };
        let mailbox = &owner.mailbox;
        let waiting = self.outbox.waiting_for(mailbox);
        let held = store.messages(owner)?;
        let theirs: BTreeSet<MessageId> = waiting.iter().map(|deposit| deposit.id).collect();
        let marked = held.iter().filter(|held| held.deleted);
        let marked = marked.map(|held| held.summary.id);
        let mut wanted: Vec<MessageId> = marked.filter(|id| !theirs.contains(id)).collect();
        let mut removed: BTreeSet<MessageId> = BTreeSet::new();
        for deposit in waiting.iter().filter(|deposit| deposit.marks.deleted) {
            // One that its courier took out just now is in the store, marked.
            match self.outbox.withdraw(deposit.id) {
                Ok(()) => removed.extend([deposit.id]),
                Err(OutboxFault::Gone) => {}
                Err(fault) => return Err(of_outbox(fault)),
            }
            wanted.push(deposit.id);
        }
        for id in &wanted {
            self.others.own(mailbox, *id, Deed::Removed);
        }
        if !wanted.is_empty() {
            removed.extend(store.remove(owner, &wanted)?);
        }
        for id in removed {
            self.ledger.note(mailbox, id, Step::Removed(By::Phone));
        }
        Ok(())
    }

    fn mark(&self, owner: &Profile, id: MessageId, change: Change) -> Result<(), OutboxFault> {
        let deposit = self.waiting(owner, id)?;
        self.outbox.mark(id, marked(deposit.marks, change))
    }

    fn waiting(&self, owner: &Profile, id: MessageId) -> Result<Deposit, OutboxFault> {
        let deposit = self.outbox.deposit(id).ok_or(OutboxFault::Gone)?;
        let own = *deposit.mailbox() == owner.mailbox;
        own.then_some(deposit).ok_or(OutboxFault::Gone)
    }

    fn waiting_audio(&self, owner: &Profile, id: MessageId) -> Result<WireAudio, OutboxFault> {
        let deposit = self.waiting(owner, id)?;
        let octets = self.outbox.octets(id)?;
        Ok(WireAudio::from_octets(deposit.envelope.law, &octets))
    }
}

/// Asks a store; one that breaks by a bug is out of reach for this question only.
pub(super) fn unbroken<T>(ask: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_| {
        tracing::error!("a mailbox store broke by a bug");
        Err(Fault::Unavailable)
    })
}

/// Each message once, by the second law.
fn merged(held: Vec<Held>, waiting: &[Deposit]) -> Vec<Held> {
    let mut all: HashMap<MessageId, Held> = held
        .into_iter()
        .map(|held| (held.summary.id, held))
        .collect();
    for deposit in waiting {
        let one = all.entry(deposit.id).or_insert_with(|| of_deposit(deposit));
        one.deleted = deposit.marks.deleted;
        if deposit.marks.heard {
            one.summary.state = State::Saved;
        }
    }
    all.into_values().collect()
}

pub(super) fn of_deposit(deposit: &Deposit) -> Held {
    let summary = Summary {
        id: deposit.id,
        state: State::New,
        urgent: deposit.facts.urgent,
        private: deposit.facts.private,
        caller: deposit.envelope.caller.number().cloned(),
        received: deposit.envelope.started,
        length: deposit.facts.length,
    };
    let deleted = deposit.marks.deleted;
    Held { summary, deleted }
}

pub(super) fn tally<'a>(held: impl IntoIterator<Item = &'a Held>) -> Tally {
    let there = held.into_iter().filter(|held| !held.deleted);
    there.fold(Tally::default(), |tally, held| Tally {
        counts: tally.counts.with(&held.summary),
        usage: tally.usage.with(held.summary.length),
    })
}

fn usage(messages: &[Summary]) -> Usage {
    let lengths = messages.iter().map(|summary| summary.length);
    lengths.fold(Usage::default(), Usage::with)
}

/// Whether a message was kept for so many days. The epoch stands for mail that does not say when
/// it was left.
fn is_old(received: Timestamp, days: u32, now: Timestamp) -> bool {
    let age = now.as_second().saturating_sub(received.as_second());
    received != Timestamp::UNIX_EPOCH && age >= i64::from(days) * DAY
}

fn marked(marks: Marks, change: Change) -> Marks {
    match change {
        Change::Heard => Marks {
            heard: true,
            ..marks
        },
        Change::Delete => Marks {
            deleted: true,
            ..marks
        },
        Change::Undelete => Marks {
            deleted: false,
            ..marks
        },
    }
}

fn of_outbox(fault: OutboxFault) -> Fault {
    match fault {
        OutboxFault::Gone => Fault::Gone,
        OutboxFault::Damaged => Fault::Damaged,
        OutboxFault::Disk | OutboxFault::Changed => Fault::Unavailable,
    }
}
