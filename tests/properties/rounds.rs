//! The rounds in virtual time, against servers that are down, slow, full and wrong.
//!
//! The laws (reliability rule 5): every message ends once on each of its ways; the order of a
//! mailbox is kept; the bounds hold; a server that is down is probed seldom, and what waited for
//! it is out within a minute of its return.

use crate::twin::Dice;
use belpost::base::{MailboxId, MessageId, Mono};
use belpost::deliver::{
    Blame, Bounds, Fault, PROBE_EVERY, Retry, Rounds, Target, Trip, retry_after,
};
use belpost::mailbox::Leg;
use belpost::mime::MailAddress;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const BOUNDS: Bounds = Bounds {
    workers: 6,
    per_target: 3,
};

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// One way of one message, as the test knows it.
type Way = (MessageId, Leg);

/// What a server says to a message when it is there.
type Says = fn(&mut World, &Trip) -> Result<(), Retry>;

/// Servers and their messages.
struct World {
    rounds: Rounds,
    now: Mono,
    dice: Dice,
    bounds: Bounds,
    says: Says,
    /// When each target is down.
    down: BTreeMap<Target, Vec<(Mono, Mono)>>,
    /// How long an errand takes at the most, in milliseconds.
    slowness: usize,
    flying: Vec<(Mono, Trip)>,
    waiting: BTreeMap<Way, (MailboxId, Target)>,
    ended: BTreeMap<Way, (Mono, End)>,
    forced: BTreeSet<MessageId>,
    probes: BTreeMap<Target, Mono>,
    tries: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    Dead,
}

fn at(seconds: u64) -> Mono {
    Mono::since_start(Duration::from_secs(seconds))
}

fn id(n: u64) -> MessageId {
    MessageId(uuid::Uuid::from_u128(u128::from(n)))
}

fn mailbox(n: u64) -> MailboxId {
    MailboxId::parse(&(2000 + n).to_string()).unwrap()
}

fn copy() -> Leg {
    Leg::Copy(MailAddress::parse("copy@example.nl").unwrap())
}

fn imap() -> Target {
    Target::new("imap office")
}

fn yes(_: &mut World, _: &Trip) -> Result<(), Retry> {
    Ok(())
}

impl World {
    fn new(seed: u64, bounds: Bounds, says: Says) -> World {
        World {
            rounds: Rounds::new(bounds),
            now: Mono::ZERO,
            dice: Dice(seed),
            bounds,
            says,
            down: BTreeMap::new(),
            slowness: 100,
            flying: Vec::new(),
            waiting: BTreeMap::new(),
            ended: BTreeMap::new(),
            forced: BTreeSet::new(),
            probes: BTreeMap::new(),
            tries: 0,
        }
    }

    fn is_down(&self, target: &Target) -> bool {
        let times = self.down.get(target).into_iter().flatten();
        times
            .into_iter()
            .any(|(from, to)| (*from..*to).contains(&self.now))
    }

    /// A message comes in now.
    fn add(&mut self, n: u64, to: u64, leg: &Leg, target: &Target) {
        let way = (id(n), leg.clone());
        self.waiting.insert(way, (mailbox(to), target.clone()));
        let now = self.now;
        self.rounds.add(target, &mailbox(to), id(n), leg, 0, now);
    }

    /// Lets time pass until there is nothing to do before `end`.
    fn pass(&mut self, end: Mono) {
        loop {
            self.act();
            let landing = self.flying.iter().map(|(at, _)| *at).min();
            let next = self.rounds.poll_timeout().into_iter().chain(landing).min();
            match next.filter(|next| *next <= end) {
                Some(next) => {
                    assert!(next > self.now, "it would run in circles at {:?}", self.now);
                    self.now = next;
                }
                None => break,
            }
        }
        self.now = end;
    }

    fn act(&mut self) {
        while let Some(at) = self.flying.iter().position(|(at, _)| *at <= self.now) {
            let (_, trip) = self.flying.swap_remove(at);
            self.land(&trip);
        }
        while let Some(lapse) = self.rounds.lapse(self.now) {
            if lapse.setback.wait.is_none() {
                self.rounds.remove(lapse.id, &lapse.leg);
                self.end((lapse.id, lapse.leg), End::Dead);
            }
        }
        while let Some(trip) = self.rounds.next(self.now) {
            self.leave(trip);
        }
        assert_eq!(self.rounds.flying(), self.flying.len());
    }

    fn leave(&mut self, trip: Trip) {
        let lane = |other: &Trip| (other.mailbox.clone(), other.leg.clone());
        let same = |(_, other): &&(Mono, Trip)| lane(other) == lane(&trip);
        assert_eq!(self.flying.iter().filter(same).count(), 0, "one at a time");
        let there = |(_, other): &&(Mono, Trip)| other.target == trip.target;
        assert!(self.flying.iter().filter(there).count() < self.bounds.per_target);
        assert!(self.flying.len() < self.bounds.workers);
        let mut before = self.waiting.range(..(trip.id, Leg::Store));
        let earlier = before.find(|((_, leg), (to, _))| *leg == trip.leg && *to == trip.mailbox);
        assert!(earlier.is_none(), "{earlier:?} was left before {trip:?}");
        assert!(trip.number > 0);
        if self.rounds.is_down(&trip.target) && !self.forced.contains(&trip.id) {
            let before = self.probes.insert(trip.target.clone(), self.now);
            let since = before.map_or(DAY, |before| self.now - before);
            assert!(since >= PROBE_EVERY, "{since:?} after the last probe");
        }
        self.tries += 1;
        let takes = Duration::from_millis(1 + self.dice.roll(self.slowness) as u64);
        self.flying.push((self.now + takes, trip));
    }

    fn land(&mut self, trip: &Trip) {
        let said = if self.is_down(&trip.target) {
            Err(Retry::WhenBack)
        } else {
            (self.says)(self, trip)
        };
        let way = (trip.id, trip.leg.clone());
        let Err(retry) = said else {
            self.rounds.done(trip.id, &trip.leg, self.now);
            return self.end(way, End::Done);
        };
        let fault = Fault {
            blame: Blame::Peer,
            retry,
            what: "no".into(),
        };
        let setback = self.rounds.failed(trip.id, &trip.leg, &fault, self.now);
        if setback.unwrap().wait.is_none() {
            self.rounds.remove(trip.id, &trip.leg);
            self.end(way, End::Dead);
        }
    }

    fn end(&mut self, way: Way, end: End) {
        assert!(self.waiting.remove(&way).is_some(), "{way:?} ended twice");
        self.ended.insert(way, (self.now, end));
    }

    fn all(&self, end: End) -> bool {
        self.waiting.is_empty() && self.ended.values().all(|(_, e)| *e == end)
    }
}

/// A server that is down for ten minutes while a message a second comes in.
fn outage(seconds: u64, slowness: usize, lanes: u64) -> World {
    let mut world = World::new(seconds, Bounds::default(), yes);
    world.down.insert(imap(), vec![(Mono::ZERO, at(seconds))]);
    world.slowness = slowness;
    for n in 0..seconds {
        world.add(n, n % lanes, &Leg::Store, &imap());
        world.pass(at(n + 1));
    }
    world
}

#[test]
fn ten_minutes_of_messages_are_out_within_a_minute_of_the_servers_return() {
    for seconds in 590..660 {
        for (slowness, lanes) in [(100, 600), (20, 1), (3_000, 600)] {
            let mut world = outage(seconds, slowness, lanes);
            assert!(world.tries < 60, "{} tries at a dead server", world.tries);
            // An errand under way may take its time on top.
            let late = Duration::from_millis(slowness as u64);
            let busy = late * 600 / 2 / lanes.min(8) as u32;
            world.pass(at(seconds) + MINUTE.max(PROBE_EVERY + late + busy));
            assert!(
                world.all(End::Done),
                "{seconds} s: {} wait",
                world.waiting.len()
            );
        }
    }
}

#[test]
fn what_waits_for_a_server_that_never_returns_dies_after_five_days() {
    let mut world = World::new(1, BOUNDS, yes);
    world
        .down
        .insert(imap(), vec![(Mono::ZERO, Mono::ZERO + 30 * DAY)]);
    for n in 0..20 {
        world.add(n, n % 3, &Leg::Store, &imap());
    }
    world.pass(Mono::ZERO + DAY * 9 / 2);
    assert_eq!(world.ended.len(), 0, "none before its time");
    world.pass(Mono::ZERO + DAY * 11 / 2);
    assert!(world.all(End::Dead), "{} wait", world.waiting.len());
}

#[test]
fn what_waits_behind_a_full_mailbox_dies_with_it_and_other_mailboxes_do_not() {
    let mut world = World::new(2, BOUNDS, |_, trip| {
        let full = trip.mailbox == mailbox(1);
        if full {
            Err(Retry::WhenEmptier)
        } else {
            Ok(())
        }
    });
    for n in 0..10 {
        world.add(n, n % 2, &Leg::Store, &imap());
    }
    world.pass(at(2));
    assert_eq!(world.ended.len(), 5, "the other mailbox");
    world.pass(Mono::ZERO + DAY * 4);
    assert_eq!(world.ended.len(), 5);
    assert!(world.tries < 5 + 24 * 6, "about one try an hour");
    world.pass(Mono::ZERO + DAY * 13 / 2);
    assert!(world.waiting.is_empty());
}

#[test]
fn an_operators_retry_goes_at_once_past_an_open_breaker_and_the_messages_before_it() {
    let mut world = outage(120, 10, 1);
    world.down.insert(imap(), Vec::new());
    assert!(world.rounds.is_down(&imap()));
    let tries = world.tries;
    world.forced.extend((0..120).map(id));
    world.rounds.retry(id(3), world.now);
    world.act();
    assert_eq!((world.tries, world.flying[0].1.id), (tries + 1, id(0)));
    world.pass(world.now + Duration::from_secs(5));
    assert!(world.all(End::Done));
    assert!(!world.rounds.is_down(&imap()));
}

#[test]
fn a_message_the_server_always_breaks_on_costs_the_others_little() {
    // The first message makes the server hang up; it is the oldest, so the likeliest probe.
    let mut world = World::new(3, BOUNDS, |_, trip| {
        let poison = trip.id == id(0);
        if poison { Err(Retry::WhenBack) } else { Ok(()) }
    });
    world.add(0, 0, &Leg::Store, &imap());
    for n in 1..500 {
        world.add(n, n, &Leg::Store, &imap());
        let late = world.now + 5 * MINUTE;
        world.pass(late);
        assert!(
            world.ended.contains_key(&(id(n), Leg::Store)),
            "message {n}"
        );
    }
    world.pass(world.now + 6 * DAY);
    assert_eq!(world.ended[&(id(0), Leg::Store)].1, End::Dead);
}

#[test]
fn a_server_that_is_down_holds_up_no_other() {
    let mut world = World::new(4, BOUNDS, yes);
    let mail = Target::new("mail");
    world
        .down
        .insert(mail.clone(), vec![(Mono::ZERO, at(3_600))]);
    for n in 0..100 {
        world.add(n, n % 7, &Leg::Store, &imap());
        world.add(n, n % 7, &copy(), &mail);
        world.pass(at(n + 1));
        let stored = world.ended.contains_key(&(id(n), Leg::Store));
        assert!(stored, "message {n} is in its mailbox within a second");
    }
    assert!(!world.ended.contains_key(&(id(0), copy())));
    world.pass(at(3_600) + 2 * MINUTE);
    assert!(world.all(End::Done));
}

#[test]
fn what_is_forgotten_under_way_does_not_come_back() {
    let mut rounds = Rounds::new(BOUNDS);
    for n in 0..2 {
        rounds.add(&imap(), &mailbox(0), id(n), &Leg::Store, 0, at(0));
    }
    let trip = rounds.next(at(0)).unwrap();
    assert_eq!(rounds.forget(trip.id), Some(mailbox(0)));
    assert!(rounds.knows(trip.id), "until it is back");
    let fault = Fault {
        blame: Blame::Peer,
        retry: Retry::Later,
        what: "no".into(),
    };
    assert_eq!(rounds.failed(trip.id, &trip.leg, &fault, at(1)), None);
    assert!(!rounds.knows(trip.id));
    let next = rounds.next(at(1)).unwrap();
    assert_eq!(next.id, id(1));
    rounds.done(next.id, &next.leg, at(1));
    assert_eq!((rounds.all(), rounds.poll_timeout()), (vec![], None));
}

#[test]
fn after_a_restart_a_message_goes_on_where_it_was() {
    let mut rounds = Rounds::new(BOUNDS);
    rounds.add(&imap(), &mailbox(0), id(1), &Leg::Store, 7, at(4_000));
    assert_eq!(rounds.next(at(3_999)), None);
    assert_eq!(rounds.poll_timeout(), Some(at(4_000)));
    assert_eq!(rounds.next(at(4_000)).unwrap().number, 8);
    let fault = Fault {
        blame: Blame::Operator,
        retry: Retry::Later,
        what: "no".into(),
    };
    let setback = rounds
        .failed(id(1), &Leg::Store, &fault, at(4_000))
        .unwrap();
    assert_eq!((setback.failed, setback.wait), (8, retry_after(8, id(1))));
}

/// A server of many moods.
fn moody(world: &mut World, _: &Trip) -> Result<(), Retry> {
    match world.dice.roll(20) {
        0 => Err(Retry::Never),
        1 | 2 => Err(Retry::WhenEmptier),
        3..=6 => Err(Retry::Later),
        7 | 8 => Err(Retry::WhenBack),
        _ => Ok(()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_message_ends_once_on_each_way_whatever_the_servers_do(
        seed in any::<u64>(),
        messages in 1..60u64,
        boxes in 1..8u64,
        slowness in 1..40_000usize,
        outages in proptest::collection::vec((0..2usize, 0..7_200u64, 1..20_000u64), 0..6),
        retries in proptest::collection::vec((0..60u64, 0..7_200u64), 0..4),
    ) {
        let targets = [imap(), Target::new("mail")];
        let mut world = World::new(seed, BOUNDS, moody);
        world.slowness = slowness;
        for (target, from, span) in outages {
            let times = world.down.entry(targets[target].clone()).or_default();
            times.push((at(from), at(from + span)));
        }
        let mut moments: Vec<u64> = (0..messages).map(|_| world.dice.roll(7_200) as u64).collect();
        moments.sort_unstable();
        for (n, moment) in (0..).zip(moments) {
            world.pass(world.now.max(at(moment)));
            for (retried, _) in retries.iter().filter(|(_, when)| when / 120 == moment / 120) {
                // Those before it are tried too, and may be so any time later.
                world.forced.extend((0..=*retried).map(id));
                world.rounds.retry(id(*retried), world.now);
            }
            let to = world.dice.roll(boxes as usize) as u64;
            world.add(n, to, &Leg::Store, &targets[0]);
            if n % 2 == 0 {
                world.add(n, to, &copy(), &targets[1]);
            }
        }
        world.pass(world.now + 40 * DAY);
        prop_assert!(world.waiting.is_empty(), "{:?} never end", world.waiting);
        prop_assert_eq!(world.rounds.all(), vec![]);
        prop_assert_eq!(world.rounds.flying(), 0);
    }
}
