//! The owner's view of a mailbox, while messages move and other programs change them.

use super::memory::Memory;
use crate::base::{MailboxId, MessageId, Timestamp};
use crate::deliver::tests::outbox::Fake;
use crate::deliver::tests::{deposit, id, mailbox, profile};
use crate::deliver::{Held, Stores, Truth};
use crate::mailbox::{
    By, Command, Deposit, Fault, Ledger, Limits, Marks, Outbox, Reply, Room, State, Step, Summary,
};
use crate::mime::MailAddress;
use crate::subscriber::{Mode, Profile};
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

/// A ledger in memory.
#[derive(Default)]
pub(super) struct Book(Mutex<Vec<(MessageId, Step)>>);

impl Book {
    pub(super) fn take(&self) -> Vec<(MessageId, Step)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Ledger for Book {
    fn note(&self, _: &MailboxId, message: MessageId, step: Step) {
        self.0.lock().unwrap().push((message, step));
    }
}

/// A message as its courier puts it into a store.
pub(super) fn delivered(deposit: &Deposit, marks: Marks) -> Held {
    let summary = Summary {
        id: deposit.id,
        state: if marks.heard {
            State::Saved
        } else {
            State::New
        },
        urgent: deposit.facts.urgent,
        private: deposit.facts.private,
        caller: None,
        received: deposit.envelope.started,
        length: deposit.facts.length,
    };
    let deleted = marks.deleted;
    Held { summary, deleted }
}

fn held(n: u128) -> Held {
    delivered(&deposit(n), Marks::default())
}

/// Days after the messages of [`deposit`] were left.
fn days_later(days: i64) -> Timestamp {
    let left = deposit(0).envelope.started.as_second();
    Timestamp::from_second(left + days * 86_400 + 60).unwrap()
}

struct Case {
    store: Memory,
    outbox: Arc<Fake>,
    book: Arc<Book>,
    truth: Truth,
    owner: Profile,
}

impl Case {
    fn new(stored: &[u128], waiting: &[u128]) -> Case {
        let store = Memory::default();
        for n in stored {
            store.put(&mailbox(), held(*n));
        }
        let outbox = Fake::with(waiting.iter().map(|n| deposit(*n)));
        let book = Arc::new(Book::default());
        let stores = Stores::new(Arc::new(store.clone()));
        let wall = Arc::new(|| days_later(28));
        let (out, ledger) = (Arc::clone(&outbox), Arc::clone(&book));
        let truth = Truth::with_clock(stores, out, ledger, wall);
        Case {
            store,
            outbox,
            book,
            truth,
            owner: profile(),
        }
    }

    fn listed(&self) -> Vec<MessageId> {
        let listing = self.truth.list(&self.owner);
        listing.messages.iter().map(|summary| summary.id).collect()
    }

    fn does(&self, command: Command) {
        assert_eq!(
            self.truth.command(&self.owner, command.clone()),
            Reply::Done(command)
        );
    }
}

#[test]
fn a_store_out_of_reach_makes_a_listing_partial_and_a_count_unknown() {
    let case = Case::new(&[1], &[2]);
    case.store.down(true);
    let listing = case.truth.list(&case.owner);
    assert!(listing.partial);
    assert_eq!(listing.messages.len(), 1);
    assert_eq!(case.truth.tally(&case.owner), Err(Fault::Unavailable));
    for command in [Command::MarkHeard(id(2)), Command::Delete(id(2))] {
        case.does(command);
    }
    let delete = Command::Delete(id(1));
    let failed = Reply::Failed(delete.clone(), Fault::Unavailable);
    assert_eq!(case.truth.command(&case.owner, delete.clone()), failed);
    let failed = Reply::Failed(Command::Expunge, Fault::Unavailable);
    assert_eq!(case.truth.command(&case.owner, Command::Expunge), failed);
    case.store.down(false);
    assert!(!case.truth.list(&case.owner).partial);
    assert_eq!(case.listed(), [id(1)], "its mark is kept");
}

#[test]
fn a_message_that_moves_while_both_places_are_looked_at_is_listed() {
    for moment in [1, 2] {
        let case = Case::new(&[], &[1]);
        let (store, outbox) = (case.store.clone(), Arc::clone(&case.outbox));
        let mut moments = 0;
        // Its courier does all its work just before the store is read, or just after.
        case.store.while_asked(move || {
            moments += 1;
            if moments == moment {
                store.put(&mailbox(), held(1));
                outbox.arrived(id(1));
            }
        });
        assert_eq!(case.listed(), [id(1)], "moment {moment}");
    }
}

#[test]
fn a_deleted_message_whose_courier_is_on_its_way_does_not_come_back() {
    let case = Case::new(&[], &[1]);
    case.does(Command::Delete(id(1)));
    let (store, outbox) = (case.store.clone(), Arc::clone(&case.outbox));
    let mut on_its_way = true;
    // The courier had read the marks before.
    case.store.while_asked(move || {
        if on_its_way && outbox.deposit(id(1)).is_none() {
            store.put(&mailbox(), held(1));
            on_its_way = false;
        }
    });
    case.does(Command::Expunge);
    assert_eq!(case.listed(), []);
    assert_eq!(case.store.held(&mailbox(), id(1)), None);
}

#[test]
fn all_are_marked_in_both_places_and_each_can_be_taken_back() {
    let case = Case::new(&[1, 2], &[3, 4]);
    case.store.put(&mailbox(), held(5));
    let all = [1, 2, 3, 4, 9].map(id);
    case.does(Command::DeleteAll(all.into()));
    assert_eq!(case.listed(), [id(5)], "what was not meant stays");
    case.does(Command::Undelete(id(2)));
    case.does(Command::Undelete(id(3)));
    case.does(Command::Expunge);
    let mut left = case.listed();
    left.sort_unstable();
    assert_eq!(left, [2, 3, 5].map(id));
}

#[test]
fn where_all_cannot_be_marked_none_is() {
    let case = Case::new(&[1, 2], &[3, 4]);
    case.store.down(true);
    let all = Command::DeleteAll([1, 2, 3, 4].map(id).into());
    let failed = Reply::Failed(all.clone(), Fault::Unavailable);
    assert_eq!(case.truth.command(&case.owner, all), failed);
    case.store.down(false);
    assert_eq!(case.listed().len(), 4);
    case.does(Command::Expunge);
    assert_eq!(case.listed().len(), 4, "no mark is left behind");
    // Those on their way alone need no store.
    case.store.down(true);
    case.does(Command::DeleteAll([3, 4].map(id).into()));
    assert_eq!(case.listed(), []);
}

#[test]
fn what_the_owner_took_back_before_delivery_is_not_removed_by_an_older_mark() {
    let case = Case::new(&[], &[1]);
    let deleted = Marks {
        heard: false,
        deleted: true,
    };
    case.store.put(&mailbox(), delivered(&deposit(1), deleted));
    case.does(Command::Expunge);
    assert_eq!(case.listed(), [id(1)]);
    // Its courier makes the copy like the marks in the outbox before it lets go.
    assert!(case.store.held(&mailbox(), id(1)).is_some());
}

#[test]
fn messages_sent_away_by_mail_are_in_no_mailbox() {
    let mut case = Case::new(&[1], &[2]);
    let address = MailAddress::parse("anna@example.nl").unwrap();
    case.owner.delivery.mode = Mode::Email(vec![address]);
    assert_eq!(case.listed(), []);
    let tally = case.truth.tally(&case.owner).unwrap();
    assert_eq!(tally.usage.messages, 0);
    let heard = Command::MarkHeard(id(2));
    let gone = Reply::Failed(heard.clone(), Fault::Gone);
    assert_eq!(case.truth.command(&case.owner, heard.clone()), gone);
    assert_eq!(case.truth.audio(&case.owner, id(2)), Err(Fault::Gone));
    case.does(Command::Expunge);
    assert_eq!(case.store.asked(), 0);
}

#[test]
fn a_listing_says_how_full_the_mailbox_is_and_what_goes_soon() {
    let mut case = Case::new(&[1, 2, 3], &[4]);
    case.owner.limits = Limits {
        messages: Some(5),
        sound: None,
        days: Some(30),
    };
    let mut young = deposit(9);
    young.envelope.started = days_later(27);
    case.store
        .put(&mailbox(), delivered(&young, Marks::default()));
    let listing = case.truth.list(&case.owner);
    assert_eq!((listing.room, listing.expiring), (Room::Full, 4));
    case.owner.limits.days = Some(31);
    assert_eq!(case.truth.list(&case.owner).expiring, 0);
}

#[test]
fn retention_removes_what_is_old_and_stored_and_nothing_else() {
    let mut case = Case::new(&[1, 2, 3], &[3, 4]);
    let mut undated = deposit(5);
    undated.envelope.started = Timestamp::UNIX_EPOCH;
    let mut young = deposit(6);
    young.envelope.started = days_later(20);
    for one in [&undated, &young] {
        case.store.put(&mailbox(), delivered(one, Marks::default()));
    }
    assert_eq!(case.truth.expire(&case.owner), Ok(0), "no limit");
    case.owner.limits.days = Some(28);
    case.store.down(true);
    assert_eq!(case.truth.expire(&case.owner), Err(Fault::Unavailable));
    case.store.down(false);
    assert_eq!(case.truth.expire(&case.owner), Ok(2));
    let expired = [1, 2].map(|n| (id(n), Step::Expired));
    assert_eq!(case.book.take(), expired);
    let mut left = case.listed();
    left.sort_unstable();
    assert_eq!(left, [3, 4, 5, 6].map(id));
}

#[test]
fn retention_leaves_a_mark_that_its_owner_may_take_back() {
    let mut case = Case::new(&[1], &[]);
    let mut young = deposit(6);
    young.envelope.started = days_later(20);
    case.store
        .put(&mailbox(), delivered(&young, Marks::default()));
    case.does(Command::Delete(id(6)));
    case.owner.limits.days = Some(28);
    assert_eq!(case.truth.expire(&case.owner), Ok(1));
    case.does(Command::Undelete(id(6)));
    assert_eq!(case.listed(), [id(6)]);
}

#[test]
fn the_ledger_says_who_did_what() {
    let case = Case::new(&[1, 2], &[3]);
    case.truth.follow(&case.owner);
    case.truth.tally(&case.owner).unwrap();
    for n in [1, 3] {
        case.does(Command::MarkHeard(id(n)));
        case.does(Command::Delete(id(n)));
    }
    case.does(Command::Undelete(id(3)));
    case.does(Command::Expunge);
    case.truth.tally(&case.owner).unwrap();
    let phone = By::Phone;
    let expected = [
        (id(1), Step::Heard(phone)),
        (id(1), Step::Deleted(phone)),
        (id(3), Step::Heard(phone)),
        (id(3), Step::Deleted(phone)),
        (id(3), Step::Restored(phone)),
        (id(1), Step::Removed(phone)),
    ];
    assert_eq!(case.book.take(), expected);
    case.store.take(&mailbox(), id(2));
    case.truth.tally(&case.owner).unwrap();
    let removed = Step::Removed(By::Client);
    assert_eq!(case.book.take(), [(id(2), removed)]);
}

// ---- a model of the mailbox against random histories ----

/// How many messages a history has.
const MESSAGES: u128 = 5;

#[derive(Clone, Debug)]
enum Act {
    Deposit(u128),
    Owner(Command),
    /// One step of the courier of a message.
    Courier(u128),
    /// The same, in the middle of the owner's next act.
    CourierWithin(u128),
    ClientReads(u128),
    ClientDeletes(u128, bool),
    ClientRemoves(u128),
    StoreDown(bool),
}

fn act() -> impl Strategy<Value = Act> {
    let n = 0..MESSAGES;
    let command = prop_oneof![
        2 => Just(Command::List),
        2 => n.clone().prop_map(|n| Command::MarkHeard(id(n))),
        3 => n.clone().prop_map(|n| Command::Delete(id(n))),
        2 => n.clone().prop_map(|n| Command::Undelete(id(n))),
        1 => (n.clone(), n.clone()).prop_map(|(from, to)| {
            Command::DeleteAll((from..=to).map(id).collect())
        }),
        3 => Just(Command::Expunge),
    ];
    prop_oneof![
        3 => n.clone().prop_map(Act::Deposit),
        8 => command.prop_map(Act::Owner),
        5 => n.clone().prop_map(Act::Courier),
        5 => n.clone().prop_map(Act::CourierWithin),
        1 => n.clone().prop_map(Act::ClientReads),
        1 => (n.clone(), any::<bool>()).prop_map(|(n, d)| Act::ClientDeletes(n, d)),
        1 => n.prop_map(Act::ClientRemoves),
        1 => any::<bool>().prop_map(Act::StoreDown),
    ]
}

/// Where the courier of each message is.
#[derive(Clone, Copy, Debug)]
enum Errand {
    /// It read the marks and is about to put the message into the store.
    Marked(Marks),
    /// The message is in the store, like these marks; the outbox has not let go.
    Placed(Marks),
}

/// Couriers that keep the contract of [`Courier`](crate::deliver::Courier), in steps.
#[derive(Clone)]
struct Couriers {
    store: Memory,
    outbox: Arc<Fake>,
    errands: Arc<Mutex<BTreeMap<u128, Errand>>>,
}

impl Couriers {
    fn step(&self, n: u128) {
        let marks = self.outbox.deposit(id(n)).map(|deposit| deposit.marks);
        let mut errands = self.errands.lock().unwrap();
        let next = match (errands.remove(&n), marks) {
            (None, marks) => marks.map(Errand::Marked),
            (Some(Errand::Marked(before)), _) => self.place(n, before).map(Errand::Placed),
            (Some(Errand::Placed(seen)), Some(marks)) if seen == marks => {
                self.outbox.arrived(id(n));
                None
            }
            (Some(Errand::Placed(_)), _) => self.bring_in_step(n).map(Errand::Placed),
        };
        if let Some(next) = next {
            errands.insert(n, next);
        }
    }

    /// Puts it there as it was marked before, then makes up for what happened since: in one
    /// piece, as under the gate of a Maildir.
    fn place(&self, n: u128, before: Marks) -> Option<Marks> {
        if self.store.held(&mailbox(), id(n)).is_none() {
            self.store.put(&mailbox(), delivered(&deposit(n), before));
        }
        self.bring_in_step(n)
    }

    fn bring_in_step(&self, n: u128) -> Option<Marks> {
        let copy = self.store.take(&mailbox(), id(n));
        let marks = self.outbox.deposit(id(n))?.marks;
        let mut copy = copy.unwrap_or_else(|| delivered(&deposit(n), marks));
        copy.deleted = marks.deleted;
        if marks.heard {
            copy.summary.state = State::Saved;
        }
        self.store.put(&mailbox(), copy);
        Some(marks)
    }
}

/// What the owner of the mailbox must see: by message, its marks.
type Model = BTreeMap<u128, Marks>;

struct History {
    case: Case,
    couriers: Couriers,
    within: Arc<Mutex<VecDeque<u128>>>,
    model: Model,
    left: Vec<u128>,
    down: bool,
}

impl History {
    fn new() -> History {
        let case = Case::new(&[], &[]);
        let couriers = Couriers {
            store: case.store.clone(),
            outbox: Arc::clone(&case.outbox),
            errands: Arc::default(),
        };
        let within: Arc<Mutex<VecDeque<u128>>> = Arc::default();
        let (steps, walkers) = (Arc::clone(&within), couriers.clone());
        case.store.while_asked(move || {
            let next = steps.lock().unwrap().pop_front();
            if let Some(n) = next {
                walkers.step(n);
            }
        });
        History {
            case,
            couriers,
            within,
            model: Model::new(),
            left: Vec::new(),
            down: false,
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Deposit(n) if !self.left.contains(&n) => {
                self.left.push(n);
                self.case.outbox.add(&deposit(n));
                self.model.insert(n, Marks::default());
            }
            Act::Owner(command) => self.owner(&command),
            Act::Courier(n) if !self.down => self.couriers.step(n),
            Act::CourierWithin(n) if !self.down => self.within.lock().unwrap().push_back(n),
            Act::Deposit(_) | Act::Courier(_) | Act::CourierWithin(_) => {}
            Act::ClientReads(n) => self.client(n, |held, marks| {
                held.summary.state = State::Saved;
                marks.heard = true;
            }),
            Act::ClientDeletes(n, deleted) => self.client(n, |held, marks| {
                held.deleted = deleted;
                marks.deleted = deleted;
            }),
            Act::ClientRemoves(n) => {
                if self.is_delivered(n) {
                    self.case.store.take(&mailbox(), id(n));
                    self.model.remove(&n);
                }
            }
            Act::StoreDown(down) => {
                self.within.lock().unwrap().clear();
                self.down = down;
                self.case.store.down(down);
            }
        }
    }

    /// A client changes what is delivered for good.
    fn client(&mut self, n: u128, change: impl Fn(&mut Held, &mut Marks)) {
        let held = self.case.store.held(&mailbox(), id(n));
        if let (true, Some(mut held)) = (self.is_delivered(n), held) {
            let marks = self.model.get_mut(&n).unwrap();
            change(&mut held, marks);
            self.case.store.put(&mailbox(), held);
        }
    }

    fn is_delivered(&self, n: u128) -> bool {
        let there = self.case.store.held(&mailbox(), id(n)).is_some();
        there && self.case.outbox.deposit(id(n)).is_none() && self.model.contains_key(&n)
    }

    fn owner(&mut self, command: &Command) {
        if number(command).is_some_and(|n| self.lingers(n)) {
            return;
        }
        match self.case.truth.command(&self.case.owner, command.clone()) {
            Reply::Listed(listing) => self.check(&listing.messages, listing.partial),
            Reply::Done(command) => self.done(&command),
            Reply::Failed(_, Fault::Unavailable) => assert!(self.down, "{command:?}"),
            Reply::Failed(command, fault) => {
                assert_eq!(fault, Fault::Gone, "{command:?}");
                let marks = number(&command).and_then(|n| self.model.get(&n));
                assert_eq!(marks, None, "{command:?} found nothing");
            }
        }
    }

    /// Whether a message is gone for its owner and waits in the store to go with others, as
    /// [`Store::remove`] allows. No listing shows it, so no command names it.
    fn lingers(&self, n: u128) -> bool {
        let held = self.case.store.held(&mailbox(), id(n));
        !self.model.contains_key(&n) && held.is_some_and(|held| held.deleted)
    }

    fn done(&mut self, command: &Command) {
        if *command == Command::Expunge {
            self.model.retain(|_, marks| !marks.deleted);
            return;
        }
        if let Command::DeleteAll(ids) = command {
            let meant = self
                .model
                .iter_mut()
                .filter(|(n, _)| ids.contains(&id(**n)));
            meant.for_each(|(_, marks)| marks.deleted = true);
            return;
        }
        let marks = number(command).and_then(|n| self.model.get_mut(&n));
        let marks = marks.unwrap_or_else(|| panic!("{command:?} on what is gone"));
        match command {
            Command::MarkHeard(_) => marks.heard = true,
            Command::Delete(_) => marks.deleted = true,
            Command::Undelete(_) => marks.deleted = false,
            Command::List | Command::DeleteAll(_) | Command::Expunge => unreachable!(),
        }
    }

    fn check(&self, messages: &[Summary], partial: bool) {
        assert_eq!(partial, self.down);
        let listed = messages.iter().map(|s| (s.id, s.state == State::Saved));
        let mut listed: Vec<_> = listed.collect();
        listed.sort_unstable();
        let there = self.model.iter().filter(|(n, marks)| {
            let reachable = !partial || self.case.outbox.deposit(id(**n)).is_some();
            reachable && !marks.deleted
        });
        let expected: Vec<_> = there.map(|(n, marks)| (id(*n), marks.heard)).collect();
        assert_eq!(listed, expected);
    }

    /// Everything is delivered in the end, and the store alone holds what the owner expects.
    fn settle(&mut self) {
        self.act(Act::StoreDown(false));
        for _ in 0..8 {
            (0..MESSAGES).for_each(|n| self.couriers.step(n));
        }
        assert_eq!(self.case.outbox.waiting_for(&mailbox()), []);
        self.owner(&Command::List);
        self.owner(&Command::Expunge);
        let all = (0..MESSAGES).filter(|n| self.case.store.held(&mailbox(), id(*n)).is_some());
        assert_eq!(
            all.collect::<Vec<_>>(),
            self.model.keys().copied().collect::<Vec<_>>()
        );
    }
}

fn number(command: &Command) -> Option<u128> {
    match command {
        Command::MarkHeard(one) | Command::Delete(one) | Command::Undelete(one) => {
            (0..MESSAGES).find(|n| id(*n) == *one)
        }
        Command::List | Command::DeleteAll(_) | Command::Expunge => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_moves_when_each_message_is_listed_once_as_it_was_marked(
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let mut history = History::new();
        for act in acts {
            history.act(act);
        }
        history.settle();
    }
}
