//! Retention in virtual time.

use super::super::keeping::{EVERY, FIRST, Keeper};
use super::super::truth::EXPIRED_MAX;
use super::memory::Memory;
use super::truth::delivered;
use crate::base::{MailboxId, Mono, Now};
use crate::deliver::tests::outbox::Fake;
use crate::deliver::tests::{deposit, id, mailbox, profile};
use crate::deliver::{Stores, Truth};
use crate::mailbox::{Marks, NoLedger};
use crate::subscriber::{Profile, Roster};
use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

fn owner(number: &str) -> Profile {
    let mut owner = profile();
    owner.mailbox = MailboxId::parse(number).unwrap();
    owner.limits.days = Some(30);
    owner
}

/// Two mailboxes that keep messages for 30 days, on the day their messages were left.
struct House {
    store: Memory,
    now: Arc<Mutex<Now>>,
    keeper: Keeper,
    changed: RefCell<Vec<MailboxId>>,
}

impl House {
    fn new() -> House {
        let unlimited = Profile {
            mailbox: MailboxId::parse("2003").unwrap(),
            ..profile()
        };
        House::with([owner("2001"), owner("2002"), unlimited])
    }

    fn with(owners: impl IntoIterator<Item = Profile>) -> House {
        let store = Memory::default();
        let start = Now {
            mono: Mono::ZERO,
            wall: deposit(0).envelope.started,
        };
        let now = Arc::new(Mutex::new(start));
        let wall = Arc::clone(&now);
        let truth = Truth::with_clock(
            Stores::new(Arc::new(store.clone())),
            Fake::with([]),
            Arc::new(NoLedger),
            Arc::new(move || wall.lock().unwrap().wall),
        );
        let roster = Roster::new(owners).unwrap();
        House {
            store,
            now,
            keeper: Keeper::new(Arc::new(truth), &roster, start),
            changed: RefCell::default(),
        }
    }

    fn put(&self, number: &str, n: u128) {
        let mailbox = MailboxId::parse(number).unwrap();
        let held = delivered(&deposit(n), Marks::default());
        self.store.put(&mailbox, held);
    }

    fn pass(&self, time: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = now.after(time);
    }

    fn round(&mut self) {
        let clock = Arc::clone(&self.now);
        let now = move || *clock.lock().unwrap();
        let changed = |mailbox: &MailboxId| self.changed.borrow_mut().push(mailbox.clone());
        self.keeper.round(&now, &changed, &|| false);
    }

    fn has(&self, n: u128) -> bool {
        self.store.held(&mailbox(), id(n)).is_some()
    }
}

#[test]
fn a_message_goes_in_the_first_round_after_its_last_day() {
    let mut house = House::new();
    house.put("2001", 1);
    house.put("2003", 1);
    assert_eq!(house.keeper.due, Mono::ZERO + FIRST);
    for hour in 0..30 * 24 {
        house.round();
        assert!(house.has(1), "hour {hour}");
        house.pass(EVERY);
        assert_eq!(house.keeper.due, house.now.lock().unwrap().mono);
    }
    house.pass(Duration::from_secs(60));
    house.round();
    assert!(!house.has(1));
    assert_eq!(*house.changed.borrow(), [mailbox()], "2003 has no limit");
}

#[test]
fn a_store_that_fails_or_breaks_has_its_turn_again() {
    let mut house = House::new();
    house.put("2001", 1);
    for _ in 0..31 * 24 {
        house.pass(EVERY);
        house.store.down(true);
        house.round();
    }
    house.store.down(false);
    house.store.broken(true);
    house.pass(EVERY);
    house.round();
    house.store.broken(false);
    assert!(house.has(1));
    house.pass(EVERY);
    house.round();
    assert!(!house.has(1));
}

#[test]
fn a_clock_that_was_set_removes_nothing_for_a_day() {
    let mut house = House::new();
    house.put("2001", 1);
    let years = Duration::from_secs(3_650 * 86_400);
    let wall = house.now.lock().unwrap().after(years).wall;
    house.now.lock().unwrap().wall = wall;
    house.round();
    house.pass(DAY.saturating_sub(EVERY));
    house.round();
    assert!(house.has(1));
    house.pass(EVERY);
    house.round();
    assert!(!house.has(1), "the clock is right after all");
}

#[test]
fn a_round_is_bounded_and_the_next_one_goes_on() {
    let mut house = House::new();
    let many = EXPIRED_MAX as u128 + 5;
    (0..many).for_each(|n| house.put("2001", n));
    for _ in 0..30 * 24 {
        house.round();
        house.pass(EVERY);
    }
    house.pass(Duration::from_secs(many as u64));
    house.round();
    let left: Vec<u128> = (0..many).filter(|n| house.has(*n)).collect();
    assert_eq!(
        left,
        (many - 5..many).collect::<Vec<_>>(),
        "the oldest went"
    );
    house.round();
    assert!(!house.has(many - 1));
}

#[test]
fn a_site_that_is_gone_is_not_asked_for_each_mailbox_and_the_rest_comes_first_next_time() {
    let numbers: Vec<String> = (2_001..2_011).map(|n| n.to_string()).collect();
    let mut house = House::with(numbers.iter().map(|number| owner(number)));
    house.store.down(true);
    for (round, first) in [(1, 3), (2, 6), (3, 9), (4, 2)] {
        house.round();
        assert_eq!(house.store.asked(), round * 3);
        assert_eq!(house.keeper.first, first);
    }
}
