//! The fates of a message's legs against a disk that dies, refuses or fills at every operation.
//!
//! The law: what was said to be written down is there after a power cut. A leg that is done is
//! never gone again; a message is in the outbox or with the dead letters, in one of them, until it
//! is said to be delivered or dropped, and never after that.

use crate::spool_crash::{SEEDS, envelope, facts, id, open};
use crate::twin::{Plan, Twin};
use belpost::base::{MessageId, Mono};
use belpost::mailbox::{Attempts, Fate, Leg, Marks, Outbox, OutboxFault, Standing};
use belpost::spool::{Disk, Recorder, Request, SpoolState, drop_message, list, retry};
use proptest::prelude::*;
use std::path::Path;
use std::time::Duration;

/// What happens to the message; numbers name its legs.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A delivery failed.
    Note(usize),
    Finish(usize),
    GiveUp(usize),
    Hear,
    Withdraw,
    /// Somebody is told of the dead letter.
    Tell,
    /// An operator's wishes, and the server's look at the folder.
    Retry,
    Drop,
    Look,
    /// The server dies by itself and starts again.
    Restart,
}
use Step::{Drop, Finish, GiveUp, Hear, Look, Note, Restart, Retry, Tell, Withdraw};

/// What is known of something that was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    /// Not asked for.
    #[default]
    No,
    /// Asked for, and the disk refused: it may be so or not.
    Perhaps,
    Yes,
}

/// What the world outside the spool knows.
#[derive(Clone, Debug, Default)]
struct Known {
    done: [Said; 3],
    gone: Said,
    withdrawn: Said,
    heard: Said,
    /// Whether it is known to be with the dead letters.
    dead: Said,
    told: Said,
}

struct World {
    twin: Twin,
    /// `None` where it could not be opened.
    recorder: Option<Recorder<Twin>>,
    known: Known,
    /// The disk refuses something and lives on.
    faulty: bool,
}

const MESSAGE: u8 = 1;

fn message() -> MessageId {
    id(MESSAGE)
}

fn folder() -> &'static Path {
    Path::new("/s")
}

fn legs() -> [Leg; 3] {
    ["store", "mail:jan@example.nl", "copy:piet@example.nl"].map(|leg| Leg::parse(leg).unwrap())
}

fn attempts() -> Attempts {
    Attempts {
        failed: 3,
        next: None,
        last_error: Some("no".into()),
    }
}

fn said<T, E>(answer: &Result<T, E>) -> Said {
    match answer {
        Ok(_) => Said::Yes,
        Err(_) => Said::Perhaps,
    }
}

impl World {
    /// A world in which the message is in the outbox, and the disk is sound until then.
    fn new(plan: Plan) -> World {
        let twin = Twin::default();
        let mut recorder = open(&twin, Mono::ZERO).unwrap();
        let sound = vec![7; 8_000];
        let (take, envelope) = (message(), Box::new(envelope(MESSAGE)));
        let facts = facts(&sound);
        for request in [
            Request::Begin { take, envelope },
            Request::Block {
                take,
                octets: sound,
            },
            Request::Commit { take, facts },
        ] {
            recorder.handle(request, Mono::ZERO);
        }
        recorder.handle_timeout(Mono::ZERO + Duration::from_millis(10));
        assert_eq!(recorder.outbox().waiting(), [message()]);
        twin.plan(plan);
        World {
            twin,
            recorder: Some(recorder),
            known: Known::default(),
            faulty: matches!(plan, Plan::FailAt(_) | Plan::FullFrom(_)),
        }
    }

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
        let Some(outbox) = self.recorder.as_ref().map(Recorder::outbox) else {
            return;
        };
        let (outbox, legs) = (&*outbox, legs());
        match step {
            Note(n) => drop(outbox.note(message(), &legs[n], attempts())),
            Finish(n) => self.finish(outbox, n),
            GiveUp(n) => {
                let ended = outbox.give_up(message(), &legs[n], &legs, attempts());
                self.ended(ended);
            }
            Hear => {
                let heard = Marks {
                    heard: true,
                    deleted: false,
                };
                let marked = outbox.mark(message(), heard);
                if marked != Err(OutboxFault::Gone) {
                    self.known.heard = self.known.heard.max(said(&marked));
                }
            }
            Withdraw => {
                let withdrawn = outbox.withdraw(message());
                if withdrawn != Err(OutboxFault::Gone) {
                    self.known.withdrawn = self.known.withdrawn.max(said(&withdrawn));
                }
            }
            Tell => {
                let told = outbox.told(message());
                if told != Err(OutboxFault::Gone) {
                    self.known.told = self.known.told.max(said(&told));
                }
            }
            Retry => self.retry(),
            Drop => match drop_message(&self.twin, folder(), message()) {
                Ok(true) => self.known.gone = Said::Yes,
                Ok(false) => {}
                Err(_) => self.known.gone = self.known.gone.max(Said::Perhaps),
            },
            Look => drop(outbox.refresh()),
            Restart => {
                self.recorder = None;
                self.recorder = open(&self.twin, Mono::ZERO).ok();
            }
        }
    }

    fn finish(&mut self, outbox: &dyn Outbox, n: usize) {
        let legs = legs();
        let marks = outbox.deposit(message()).map(|deposit| deposit.marks);
        let ended = outbox.finish(message(), &legs[n], &legs, marks);
        if ended != Err(OutboxFault::Gone) {
            self.known.done[n] = self.known.done[n].max(said(&ended));
        }
        self.ended(ended);
    }

    fn ended(&mut self, ended: Result<Standing, OutboxFault>) {
        match ended {
            Ok(Standing::Waiting) | Err(OutboxFault::Gone) => {}
            Ok(Standing::Delivered) => self.known.gone = Said::Yes,
            // A sync that was refused after the move may bring it back.
            Ok(Standing::Dead) if self.faulty || self.twin.is_dead() => {
                self.known.dead = Said::Perhaps;
            }
            Ok(Standing::Dead) => self.known.dead = Said::Yes,
            Err(_) => {
                self.known.gone = self.known.gone.max(Said::Perhaps);
                self.known.dead = self.known.dead.max(Said::Perhaps);
            }
        }
    }

    fn retry(&mut self) {
        let retried = retry(&self.twin, folder(), message());
        if !matches!(retried, Ok(false)) {
            self.known.dead = self.known.dead.min(Said::Perhaps);
            self.known.told = self.known.told.min(Said::Perhaps);
        }
        if matches!(retried, Ok(true)) {
            self.known.dead = Said::No;
        }
    }

    /// Checks a spool that has just been opened.
    fn check(&self, twin: &Twin, outbox: &dyn Outbox) {
        let known = &self.known;
        let listed = list(twin, folder()).unwrap();
        assert!(listed.len() <= 1, "it is there twice: {listed:?} {known:?}");
        let Some(entry) = listed.first() else {
            assert_ne!(known.gone, Said::No, "it is lost: {known:?}");
            assert_eq!(outbox.waiting(), []);
            return;
        };
        assert_ne!(known.gone, Said::Yes, "it is back: {known:?}");
        let dead = entry.state == SpoolState::Dead;
        assert_eq!(outbox.waiting().is_empty(), dead);
        assert!(
            dead || known.dead < Said::Yes,
            "it is a dead letter: {known:?}"
        );
        assert!(!dead || known.dead > Said::No, "it waits: {known:?}");
        for (leg, said) in legs().iter().zip(known.done) {
            let done = entry.legs.get(leg) == Some(&Fate::Done);
            assert!(done || said < Said::Yes, "{leg} would go again: {known:?}");
            assert!(!done || said > Said::No, "{leg} never went: {known:?}");
        }
        let withdrawn = entry.withdrawn;
        assert!(withdrawn || known.withdrawn < Said::Yes, "{known:?}");
        assert!(!withdrawn || known.withdrawn > Said::No, "{known:?}");
        if dead {
            let untold = outbox.untold().unwrap().len() == 1;
            assert!(!untold || known.told < Said::Yes, "{known:?}");
            assert!(untold || known.told > Said::No, "{known:?}");
        } else {
            let deposit = outbox.outgoing(message()).unwrap();
            assert!(deposit.marks.heard || known.heard < Said::Yes, "{known:?}");
            assert_eq!(outbox.octets(message()), Ok(vec![7; 8_000]));
            let store = entry.legs.get(&Leg::Store) == Some(&Fate::Done);
            let listed = outbox.deposit(message()).is_some();
            assert_eq!(listed, !store && !withdrawn);
        }
    }

    fn crash_and_check(&self, seed: Option<u64>) {
        let twin = self.twin.crash(seed);
        let recorder = open(&twin, Mono::ZERO).expect("a sound disk opens");
        self.check(&twin, &*recorder.outbox());
        let mut left = twin.list(Path::new("/s/outbox")).unwrap();
        left.extend(twin.list(Path::new("/s/dead")).unwrap());
        let gone = self.known.gone == Said::Yes;
        assert!(!gone || left.is_empty(), "{left:?} is left over");
    }
}

/// Stored, its mail given up, the copy sent: a dead letter, told of, retried and delivered.
const DIES_AND_LIVES: &[Step] = &[
    Note(1),
    Finish(0),
    Note(1),
    Finish(2),
    GiveUp(1),
    Tell,
    Retry,
    Look,
    Note(1),
    Finish(1),
];
const HEARD_AND_WITHDRAWN: &[Step] = &[Hear, Finish(2), Withdraw, GiveUp(0), Restart, Finish(1)];
const COPY_REFUSED: &[Step] = &[Finish(1), GiveUp(2), Hear, Restart, Finish(0)];
const RETRIED_TWICE: &[Step] = &[
    Finish(2),
    GiveUp(0),
    GiveUp(1),
    Retry,
    Look,
    Finish(0),
    GiveUp(1),
    Tell,
    Restart,
    Retry,
    Restart,
    Finish(1),
];
const DROPPED_DEAD: &[Step] = &[Finish(0), GiveUp(1), GiveUp(2), Drop, Look];
const DROPPED_WAITING: &[Step] = &[Finish(1), Retry, Drop, Look];
/// A drop that is cut short, and a start that clears up after it.
const DROPPED_IN_HASTE: &[Step] = &[Hear, Finish(2), Drop, Restart];
const SCENARIOS: [&[Step]; 7] = [
    DIES_AND_LIVES,
    HEARD_AND_WITHDRAWN,
    COPY_REFUSED,
    RETRIED_TWICE,
    DROPPED_DEAD,
    DROPPED_WAITING,
    DROPPED_IN_HASTE,
];

fn operations(script: &[Step]) -> usize {
    World::new(Plan::Sound).play(script).twin.operations()
}

#[test]
fn a_sound_disk_brings_every_script_to_its_end() {
    for script in SCENARIOS {
        let world = World::new(Plan::Sound).play(script);
        assert_eq!(world.known.gone, Said::Yes, "{script:?}");
        world.crash_and_check(None);
    }
}

#[test]
fn a_power_cut_at_any_operation_sends_nothing_again_and_loses_nothing() {
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
fn a_power_cut_while_a_dead_server_is_recovered_changes_nothing_of_that() {
    for script in SCENARIOS {
        for at in 0..=operations(script) {
            let world = World::new(Plan::CrashAt(at)).play(script);
            for seed in [None, Some(3), Some(8)] {
                for again in 0.. {
                    let twin = world.twin.crash(seed);
                    twin.plan(Plan::CrashAt(again));
                    let opened = open(&twin, Mono::ZERO);
                    let after = twin.crash(seed.map(|s| s + again as u64));
                    let recorder = open(&after, Mono::ZERO).expect("a sound disk opens");
                    world.check(&after, &*recorder.outbox());
                    if opened.is_ok() && !twin.is_dead() {
                        break;
                    }
                }
            }
        }
    }
}

#[test]
fn an_operation_that_fails_once_makes_no_false_promise() {
    for script in SCENARIOS {
        for at in 0..operations(script) {
            let world = World::new(Plan::FailAt(at)).play(script);
            world.twin.plan(Plan::Sound);
            for seed in SEEDS {
                world.crash_and_check(seed);
            }
        }
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..3usize).prop_map(Note),
        4 => (0..3usize).prop_map(Finish),
        3 => (0..3usize).prop_map(GiveUp),
        2 => Just(Hear),
        1 => Just(Withdraw),
        1 => Just(Tell),
        2 => Just(Retry),
        1 => Just(Drop),
        3 => Just(Look),
        1 => Just(Restart),
    ]
}

/// The start after a drop that was refused half-way removed the note of a message whose removal was
/// not on disk: a power cut brought the message back without what was noted.
#[test]
fn a_note_outlives_its_message_until_that_is_surely_gone() {
    let script = DROPPED_IN_HASTE;
    for at in 0..operations(script) {
        let world = World::new(Plan::FailAt(at)).play(script);
        world.twin.plan(Plan::Sound);
        for seed in 0..64 {
            world.crash_and_check(Some(seed));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_order_of_things_and_no_crash_breaks_the_law(
        script in proptest::collection::vec(any_step(), 1..16),
        kind in 0..3usize,
        when in 0..200usize,
        seed in any::<u64>(),
    ) {
        let at = when % (operations(&script) + 1);
        let plan = [Plan::CrashAt(at), Plan::FailAt(at), Plan::FullFrom(at)][kind];
        let world = World::new(plan).play(&script);
        world.twin.plan(Plan::Sound);
        world.crash_and_check(Some(seed));
        world.crash_and_check(None);
    }
}
