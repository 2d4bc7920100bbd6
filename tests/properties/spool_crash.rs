//! The spool against a disk that dies, refuses or fills at every single operation.
//!
//! The law (reliability goal R2): after recovery a confirmed message is there whole and once; an
//! unconfirmed one is whole, cut off at its end, or absent; none is ever corrupt.

use crate::twin::{Dice, Plan, Twin};
use belpost::audio::{Law, WireAudio};
use belpost::base::{DialString, Language, MailboxId, MessageId, Mono};
use belpost::mailbox::{Ending, Envelope, Facts, Leg, Marks, Outbox, OutboxFault, Owner, Standing};
use belpost::mime::Caller;
use belpost::spool::{Disk, OpenFault, Recorder, Report, Request, Rules, SYNC_EVERY};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What happens to the spool, one after the other.
#[derive(Clone, Copy, Debug)]
enum Step {
    Begin(u8),
    /// A block of this many octets.
    Block(u8, usize),
    Commit(u8),
    /// A message of so many octets that are there already.
    Whole(u8, usize),
    Discard(u8),
    Load(u8),
    /// The courier has it; it leaves the spool.
    Deliver(u8),
    /// Time passes, in milliseconds.
    Pass(u64),
}
use Step::{Begin, Block, Commit, Deliver, Discard, Load, Pass, Whole};

/// What the world outside the spool knows of one take.
// Each is a thing that was said or asked; any may go with any.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug, Default)]
struct Known {
    begun: bool,
    committed: bool,
    /// It was there before it was handed in.
    whole: bool,
    kept: bool,
    refused: bool,
    discard_asked: bool,
    discarded: bool,
    delivery_asked: bool,
    delivered: bool,
    /// All sound handed in, with the moment of each block.
    sound: Vec<u8>,
    blocks: Vec<(Mono, usize)>,
    broken: bool,
}

struct World {
    twin: Twin,
    recorder: Recorder<Twin>,
    now: Mono,
    known: BTreeMap<u8, Known>,
}

pub(crate) fn id(n: u8) -> MessageId {
    MessageId(uuid::Uuid::from_u128(
        0x0192_f3a4_0000_7000_8000_0000_0000_0000 + u128::from(n),
    ))
}

fn number(id: MessageId) -> u8 {
    id.0.as_bytes()[15]
}

pub(crate) fn envelope(n: u8) -> Envelope {
    Envelope {
        owner: Owner {
            mailbox: MailboxId::parse("2001").unwrap(),
            name: format!("Owner {n}"),
        },
        caller: Caller::Known {
            number: DialString::parse("0612345678").unwrap(),
            name: None,
        },
        call_id: format!("call-{n}"),
        started: "2026-11-22T09:30:00Z".parse().unwrap(),
        law: Law::A,
        reason: None,
        language: Language::parse("nl").unwrap(),
        zone: "Europe/Amsterdam".into(),
    }
}

pub(crate) fn facts(sound: &[u8]) -> Facts {
    let length = Duration::from_millis(sound.len() as u64 / 8);
    Facts {
        length,
        voiced: length,
        ending: Ending::Stopped,
        urgent: true,
        private: false,
    }
}

pub(crate) fn open(twin: &Twin, now: Mono) -> Result<Recorder<Twin>, OpenFault> {
    let rules = Rules {
        reserve: 1 << 20,
        longest: Duration::from_mins(1),
    };
    let opened = Recorder::open(Arc::new(twin.clone()), Path::new("/s"), rules, now);
    opened.map(|(recorder, _)| recorder)
}

impl World {
    fn new(plan: Plan) -> World {
        let twin = Twin::default();
        let recorder = open(&twin, Mono::ZERO).unwrap();
        twin.plan(plan);
        World {
            twin,
            recorder,
            now: Mono::ZERO,
            known: BTreeMap::new(),
        }
    }

    /// Plays a script, or as much of it as the disk lives through.
    fn play(mut self, script: &[Step]) -> World {
        for &step in script {
            if self.twin.is_dead() {
                break;
            }
            self.step(step);
        }
        self
    }

    fn step(&mut self, step: Step) {
        let now = self.now;
        match step {
            Begin(n) => {
                self.known.entry(n).or_default();
                let envelope = Box::new(envelope(n));
                self.recorder.handle(
                    Request::Begin {
                        take: id(n),
                        envelope,
                    },
                    now,
                );
            }
            Block(n, size) => {
                let known = self.known.entry(n).or_default();
                if known.committed || known.discard_asked || known.broken {
                    return;
                }
                // Each octet tells its take and place, so that a mix-up shows.
                let from = known.sound.len();
                let octets: Vec<u8> = (from..from + size).map(|i| (i / 40) as u8 ^ n).collect();
                known.sound.extend_from_slice(&octets);
                known.blocks.push((now, known.sound.len()));
                self.recorder.handle(
                    Request::Block {
                        take: id(n),
                        octets,
                    },
                    now,
                );
            }
            Commit(n) => {
                let known = self.known.entry(n).or_default();
                known.committed = true;
                let facts = facts(&known.sound);
                self.recorder
                    .handle(Request::Commit { take: id(n), facts }, now);
            }
            Whole(n, size) => {
                let known = self.known.entry(n).or_default();
                (known.committed, known.whole) = (true, true);
                known.sound = (0..size).map(|i| (i / 40) as u8 ^ n).collect();
                let (first, rest) = known.sound.split_at(size / 3);
                let sounds = [first, rest].map(|octets| WireAudio::from_octets(Law::A, octets));
                let request = Request::Deposit {
                    message: id(n),
                    envelope: Box::new(envelope(n)),
                    sounds: sounds.into(),
                    facts: facts(&known.sound),
                };
                self.recorder.handle(request, now);
            }
            Discard(n) => {
                self.known.entry(n).or_default().discard_asked = true;
                self.recorder.handle(Request::Discard { take: id(n) }, now);
            }
            Load(n) => self.recorder.handle(Request::Load { take: id(n) }, now),
            Deliver(n) => {
                let outbox = self.recorder.outbox();
                if outbox.deposit(id(n)).is_some() {
                    let known = self.known.entry(n).or_default();
                    known.delivery_asked = true;
                    let marks = Some(Marks::default());
                    let finished = outbox.finish(id(n), &Leg::Store, &[Leg::Store], marks);
                    known.delivered |= finished == Ok(Standing::Delivered);
                }
            }
            Pass(ms) => self.pass(Duration::from_millis(ms)),
        }
        self.listen();
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while self.recorder.poll_timeout() <= end && !self.twin.is_dead() {
            self.now = self.now.max(self.recorder.poll_timeout());
            self.recorder.handle_timeout(self.now);
            self.listen();
        }
        if !self.twin.is_dead() {
            self.now = end;
        }
    }

    fn listen(&mut self) {
        while let Some(report) = self.recorder.poll_report() {
            match report {
                Report::Begun { take, outcome } => self.of(take).begun |= outcome.is_ok(),
                Report::Kept {
                    take,
                    outcome: Ok(()),
                } => self.of(take).kept = true,
                Report::Kept {
                    take,
                    outcome: Err(_),
                } => self.of(take).refused = true,
                Report::Discarded { take } => self.of(take).discarded = true,
                Report::Broken { take } => self.of(take).broken = true,
                Report::Loaded { take, outcome } => {
                    if let Ok(audio) = outcome {
                        assert_eq!(
                            audio.octets(Law::A),
                            self.of(take).sound,
                            "what is reviewed"
                        );
                    }
                }
            }
        }
    }

    fn of(&mut self, take: MessageId) -> &mut Known {
        self.known.entry(number(take)).or_default()
    }

    /// Checks an outbox against what the world knows.
    fn check(&self, twin: &Twin, outbox: &dyn Outbox) {
        for waiting in outbox.waiting() {
            assert!(self.known.contains_key(&number(waiting)), "out of nowhere");
        }
        for (&n, known) in &self.known {
            World::check_one(n, known, outbox);
        }
        assert_eq!(
            twin.list(Path::new("/s/dead")).unwrap(),
            [""; 0],
            "nothing is corrupt"
        );
    }

    fn check_one(n: u8, known: &Known, outbox: &dyn Outbox) {
        let confirmed = known.kept && !known.delivery_asked;
        let Some(deposit) = outbox.deposit(id(n)) else {
            assert!(!confirmed, "take {n} was confirmed and is lost: {known:?}");
            return;
        };
        assert!(!known.delivered, "take {n} is back after its delivery");
        assert!(
            !known.discarded || known.committed,
            "take {n} is back after its end"
        );
        let sound = match outbox.octets(id(n)) {
            // Its removal was half done when the disk failed.
            Err(OutboxFault::Gone) if known.delivery_asked => return,
            sound => sound.expect("what is there is sound"),
        };
        assert_eq!(deposit.envelope, envelope(n));
        if deposit.facts.ending == Ending::CutOff {
            assert!(!confirmed, "take {n} was confirmed whole");
            assert!(!known.whole, "take {n} was whole and is cut off");
            assert!(
                sound.len() >= 8_000 && known.sound.starts_with(&sound),
                "take {n}"
            );
        } else {
            assert_eq!(deposit.facts, facts(&known.sound), "take {n}");
            assert_eq!(sound, known.sound, "take {n}");
        }
    }

    /// Whether a second of an open take is old enough that a sync must have brought it to disk.
    fn was_on_disk(&self, known: &Known) -> bool {
        let old =
            |&&(at, _): &&(Mono, usize)| at + SYNC_EVERY + Duration::from_millis(1) < self.now;
        let synced = known
            .blocks
            .iter()
            .rfind(old)
            .map_or(0, |&(_, octets)| octets);
        let let_go = known.discard_asked || known.delivery_asked;
        known.begun && !known.broken && !known.refused && !let_go && synced >= 8_000
    }

    /// The power goes; the next server recovers and the law is checked.
    fn crash_and_check(&self, seed: Option<u64>) {
        let twin = self.twin.crash(seed);
        let recorder = open(&twin, self.now).expect("a sound disk opens");
        let outbox = recorder.outbox();
        self.check(&twin, &*outbox);
        for (&n, known) in &self.known {
            let there = outbox.deposit(id(n)).is_some();
            assert!(
                there || !self.was_on_disk(known),
                "take {n} was synced and is lost: {known:?} {:?}",
                self.now
            );
        }
        assert_eq!(
            twin.list(Path::new("/s/taking")).unwrap(),
            [""; 0],
            "all is settled"
        );
    }
}

const KEPT_BY_KEY: &[Step] = &[
    Begin(1),
    Pass(10),
    Block(1, 8_000),
    Pass(1_000),
    Block(1, 8_000),
    Pass(1_000),
    Block(1, 8_000),
    Pass(1_000),
    Load(1),
    Commit(1),
    Pass(10),
    Deliver(1),
];
const KEPT_BY_HANG_UP: &[Step] = &[
    Begin(1),
    Pass(10),
    Block(1, 8_000),
    Pass(2_500),
    Block(1, 3_200),
    Commit(1),
    Pass(10),
];
const TWO_AT_ONCE: &[Step] = &[
    Begin(1),
    Begin(2),
    Pass(10),
    Block(1, 8_000),
    Block(2, 8_000),
    Pass(1_000),
    Block(2, 8_000),
    Block(1, 100),
    Commit(1),
    Pass(2),
    Commit(2),
    Pass(10),
    Deliver(1),
];
const DISCARDED: &[Step] = &[
    Begin(1),
    Pass(10),
    Block(1, 8_000),
    Pass(2_500),
    Discard(1),
    Pass(10),
    Begin(2),
    Pass(10),
];
const LEFT_OPEN: &[Step] = &[
    Begin(1),
    Pass(10),
    Block(1, 8_000),
    Block(1, 8_000),
    Pass(2_500),
    Block(1, 8_000),
    Pass(500),
];
const SENT: &[Step] = &[
    Whole(1, 12_000),
    Pass(2),
    Whole(2, 20_000),
    Pass(10),
    Deliver(1),
];
const SCENARIOS: [&[Step]; 6] = [
    KEPT_BY_KEY,
    KEPT_BY_HANG_UP,
    TWO_AT_ONCE,
    DISCARDED,
    LEFT_OPEN,
    SENT,
];

/// None, and some that leave unsynced things half there.
pub(crate) const SEEDS: [Option<u64>; 9] = [
    None,
    Some(1),
    Some(2),
    Some(3),
    Some(4),
    Some(5),
    Some(6),
    Some(7),
    Some(8),
];

/// How many operations a script needs on a sound disk.
fn operations(script: &[Step]) -> usize {
    World::new(Plan::Sound).play(script).twin.operations()
}

#[test]
fn a_power_cut_at_any_operation_loses_no_confirmed_message() {
    for script in SCENARIOS {
        for at in 0..=operations(script) {
            let world = World::new(Plan::CrashAt(at)).play(script);
            for seed in SEEDS {
                world.crash_and_check(seed);
            }
        }
    }
}

#[test]
fn a_power_cut_at_any_operation_of_the_recovery_changes_nothing_of_that() {
    for script in SCENARIOS {
        let all = operations(script);
        for at in (0..=all).chain([usize::MAX]) {
            let world = World::new(Plan::CrashAt(at)).play(script);
            for seed in [None, Some(3), Some(8)] {
                crash_in_recovery(&world, seed);
            }
        }
    }
}

fn crash_in_recovery(world: &World, seed: Option<u64>) {
    for at in 0.. {
        let twin = world.twin.crash(seed);
        twin.plan(Plan::CrashAt(at));
        let opened = open(&twin, world.now);
        let again = twin.crash(seed.map(|s| s + at as u64));
        let recorder = open(&again, world.now).expect("a sound disk opens");
        world.check(&again, &*recorder.outbox());
        if opened.is_ok() && !twin.is_dead() {
            return;
        }
    }
}

#[test]
fn an_operation_that_fails_once_never_makes_a_false_promise() {
    for script in SCENARIOS {
        for at in 0..operations(script) {
            let world = World::new(Plan::FailAt(at)).play(script);
            world.twin.plan(Plan::Sound);
            world.check(&world.twin, &*world.recorder.outbox());
            for seed in SEEDS {
                world.crash_and_check(seed);
            }
        }
    }
}

#[test]
fn a_single_failed_write_or_sync_of_sound_costs_nothing() {
    let mut refused = 0;
    for at in 0..operations(KEPT_BY_HANG_UP) {
        let world = World::new(Plan::FailAt(at)).play(KEPT_BY_HANG_UP);
        refused += usize::from(world.known[&1].begun && !world.known[&1].kept);
    }
    // Only the two folder syncs and the renames of the commit itself, which say "not kept".
    assert!(refused <= 4, "{refused} of the failures lost the recording");
}

#[test]
fn a_disk_that_fills_at_any_operation_recovers_by_itself() {
    for script in SCENARIOS {
        for at in 0..operations(script) {
            let mut world = World::new(Plan::FullFrom(at)).play(script);
            world.pass(Duration::from_secs(2));
            assert!(!world.recorder.admits(), "full at {at}");
            world.twin.plan(Plan::Sound);
            world.check(&world.twin, &*world.recorder.outbox());
            world.twin.plan(Plan::Sound);
            world.pass(Duration::from_secs(3));
            assert!(world.recorder.admits(), "room again after {at}");
            world.check(&world.twin, &*world.recorder.outbox());
            world.crash_and_check(None);
        }
    }
}

#[test]
fn what_a_full_disk_could_not_keep_is_delivered_cut_off_when_there_is_room() {
    let script = [Begin(1), Pass(10), Block(1, 8_000), Pass(2_500)];
    let mut world = World::new(Plan::Sound).play(&script);
    world.twin.plan(Plan::FullFrom(0));
    for step in [Block(1, 8_000), Commit(1), Pass(10)] {
        world.step(step);
    }
    assert!(world.known[&1].broken && world.known[&1].refused);
    world.twin.plan(Plan::Sound);
    world.pass(Duration::from_secs(3));
    let deposit = world.recorder.outbox().deposit(id(1)).unwrap();
    assert_eq!(deposit.facts.ending, Ending::CutOff);
    assert_eq!(
        world.recorder.outbox().octets(id(1)).unwrap(),
        world.known[&1].sound[..8_000]
    );
}

#[test]
fn a_sync_that_was_due_when_the_disk_filled_up_forgets_no_sound() {
    let begin = [Begin(1), Pass(10), Block(1, 8_000), Pass(1_000)];
    let mut world = World::new(Plan::Sound).play(&begin);
    world.twin.plan(Plan::FullFrom(0));
    world.step(Block(1, 8_000));
    world.twin.plan(Plan::Sound);
    world.pass(SYNC_EVERY);
    for step in [Commit(1), Pass(10)] {
        world.step(step);
    }
    assert!(world.known[&1].kept);
    assert_eq!(
        world.recorder.outbox().octets(id(1)).unwrap(),
        world.known[&1].sound
    );
}

#[test]
fn two_commits_within_five_milliseconds_share_their_folder_syncs() {
    let begin = [Begin(1), Begin(2), Pass(10)];
    let count = |end: &[Step]| operations(&[&begin, end].concat());
    let together = count(&[Commit(1), Pass(2), Commit(2), Pass(10)]);
    let one_by_one = count(&[Commit(1), Pass(10), Commit(2), Pass(10)]);
    assert_eq!(one_by_one - together, 2, "one sync of each folder is saved");
}

#[test]
fn a_damaged_message_is_never_handed_to_a_courier() {
    let world = World::new(Plan::Sound).play(KEPT_BY_HANG_UP);
    let (twin, path) = (&world.twin, format!("/s/outbox/{}", id(1)));
    let whole = twin.read(Path::new(&path), 0, u64::MAX).unwrap();
    let mut bad = whole.clone();
    bad[whole.len() / 2] ^= 1;
    let mut file = twin.reopen(Path::new(&path), 0).unwrap();
    twin.append(&mut file, &bad).unwrap();
    assert_eq!(
        world.recorder.outbox().octets(id(1)),
        Err(OutboxFault::Damaged)
    );
}

fn any_step() -> impl Strategy<Value = Step> {
    let take = 1..5u8;
    prop_oneof![
        2 => take.clone().prop_map(Begin),
        6 => (take.clone(), 1..9_000usize).prop_map(|(n, size)| Block(n, size)),
        2 => take.clone().prop_map(Commit),
        1 => (take.clone(), 1..20_000usize).prop_map(|(n, size)| Whole(n, size)),
        1 => take.clone().prop_map(Discard),
        1 => take.clone().prop_map(Load),
        1 => take.prop_map(Deliver),
        4 => (0..3_000u64).prop_map(Pass),
    ]
}

/// A script in which each take begins once and first.
fn in_order(steps: Vec<Step>) -> Vec<Step> {
    let mut begun = BTreeSet::new();
    let allowed = |step: &Step| match step {
        Begin(n) | Whole(n, _) => begun.insert(*n),
        Block(n, _) | Commit(n) | Discard(n) | Load(n) | Deliver(n) => begun.contains(n),
        Pass(_) => true,
    };
    steps.into_iter().filter(allowed).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_interleaving_and_no_crash_breaks_the_law(
        steps in proptest::collection::vec(any_step(), 1..40),
        kind in 0..3usize,
        when in 0..200usize,
        seed in any::<u64>(),
    ) {
        let script = in_order(steps);
        let at = when % (operations(&script) + 1);
        let plan = [Plan::CrashAt(at), Plan::FailAt(at), Plan::FullFrom(at)][kind];
        let mut world = World::new(plan).play(&script);
        if kind > 0 {
            world.twin.plan(Plan::Sound);
            world.check(&world.twin, &*world.recorder.outbox());
            world.pass(Duration::from_millis(Dice(seed).roll(3_000) as u64));
        }
        world.crash_and_check(Some(seed));
        world.crash_and_check(None);
    }
}
