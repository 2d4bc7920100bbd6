//! The store against a disk that dies or refuses at every single change.
//!
//! The law: after a power cut every version that is listed is whole; what was confirmed is there,
//! and what was removed is not; what is in use is what was in use before or after the change that
//! was cut short, and it is there.

use super::twin::{Plan, Twin};
use super::{Sound, State, Store};
use crate::library::studio::StudioFault;
use crate::library::testing::{draft, id};
use crate::prompt::{ClipId, Line, SetId, VersionId};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// What happens to the store, one after the other. Versions are named by their place among those
/// of their set.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A version of new clips.
    Add(usize),
    /// A version that keeps a clip of the newest one.
    Keep(usize),
    Activate(usize, usize),
    RollBack(usize),
    Remove(usize, usize),
}
use Step::{Activate, Add, Keep, Remove, RollBack};

const SETS: [&str; 2] = ["nl", "acme.nl"];
const ROOT: &str = "/store";

/// What the world outside knows.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Versions that were confirmed.
    there: BTreeSet<(SetId, VersionId)>,
    /// Versions that may be there or not.
    perhaps: BTreeSet<(SetId, VersionId)>,
    /// What was confirmed to be in use, and what was tried since.
    state: State,
    tried: Vec<State>,
}

struct World {
    twin: Twin,
    known: Known,
}

fn clip(n: usize) -> ClipId {
    Line::ALL[n].into()
}

/// The draft of one new clip, made once.
fn one_clip() -> super::Draft {
    static DRAFT: OnceLock<super::Draft> = OnceLock::new();
    let made = || draft(&[(clip(0), 500.0), (clip(1), 600.0)]);
    DRAFT.get_or_init(made).clone()
}

fn open(twin: &Twin) -> Result<Store<Twin>, StudioFault> {
    Store::open(twin.clone(), Path::new(ROOT))
}

impl World {
    fn play(script: &[Step], plan: Plan) -> World {
        let mut world = World {
            twin: Twin::new(),
            known: Known::default(),
        };
        world.twin.plan(plan);
        for step in script {
            if world.twin.is_dead() {
                break;
            }
            // A step that is refused has changed nothing that was confirmed.
            let _ = world.step(*step);
        }
        world
    }

    fn step(&mut self, step: Step) -> Result<(), StudioFault> {
        let store = open(&self.twin)?;
        let mut writer = store.writer(Duration::ZERO)?;
        match step {
            Add(set) | Keep(set) => {
                let set = id(SETS[set]);
                let mut draft = one_clip();
                let newest = store.versions(&set)?.last().copied();
                if let (Keep(_), Some(newest)) = (step, newest) {
                    draft.clips.insert(clip(1), Sound::Kept(newest));
                }
                let next = newest.unwrap_or_default().max(writer.state().last(&set)).0 + 1;
                let at = (set.clone(), VersionId(next));
                self.known.perhaps.insert(at.clone());
                let version = writer.add(&set, draft)?;
                assert_eq!(version, at.1, "numbers go up");
                self.known.perhaps.remove(&at);
                self.known.there.insert(at);
            }
            Activate(set, n) => {
                let set = id(SETS[set]);
                let Some(version) = store.versions(&set)?.get(n).copied() else {
                    return Ok(());
                };
                let mut state = writer.state().clone();
                state.activate(&set, version);
                self.save(&mut writer, state)?;
            }
            RollBack(set) => {
                let mut state = writer.state().clone();
                if state.roll_back(&id(SETS[set])).is_some() {
                    self.save(&mut writer, state)?;
                }
            }
            Remove(set, n) => {
                let set = id(SETS[set]);
                let version = store.versions(&set)?.get(n).copied();
                let in_use = writer.state().active(&set);
                let Some(version) = version.filter(|version| *version != in_use) else {
                    return Ok(());
                };
                let at = (set.clone(), version);
                self.known.there.remove(&at);
                self.known.perhaps.insert(at.clone());
                let mut next = writer.state().clone();
                next.forget(&set, version);
                if store.versions(&set)?.len() == 1 {
                    next.forget_set(&set);
                }
                next.serial += 1;
                self.known.tried.push(next);
                writer.remove(&set, version)?;
                self.known.perhaps.remove(&at);
                self.known.confirm(writer.state());
            }
        }
        Ok(())
    }

    fn save(
        &mut self,
        writer: &mut super::Writer<'_, Twin>,
        mut state: State,
    ) -> Result<(), StudioFault> {
        state.serial = writer.state().serial + 1;
        self.known.tried.push(state.clone());
        writer.save(state)?;
        self.known.confirm(writer.state());
        Ok(())
    }

    fn crash_and_check(&self, seed: Option<u64>) {
        let twin = self.twin.crash(seed);
        self.known.check(&twin);
        // Whoever writes next clears up, and is cut short at every change of that.
        for at in 0.. {
            let again = twin.crash(None);
            again.plan(Plan::CrashAt(at));
            let sweep = open(&again).and_then(|store| {
                let mut writer = store.writer(Duration::ZERO)?;
                writer.add(&id("nl"), one_clip())
            });
            let mut known = self.known.clone();
            let free = VersionId(u32::MAX);
            let next = sweep.as_ref().map_or(free, |version| *version);
            known.after_another(&again, next);
            if sweep.is_ok() && !again.is_dead() {
                return;
            }
        }
    }
}

impl Known {
    fn confirm(&mut self, state: &State) {
        self.state = state.clone();
        self.tried.clear();
    }

    /// Another writer was at work, and perhaps added a version.
    fn after_another(&mut self, twin: &Twin, added: VersionId) {
        let there = open(&twin.crash(None)).unwrap();
        let newest = there.versions(&id("nl")).unwrap().last().copied();
        self.perhaps
            .extend(newest.map(|version| (id("nl"), version)));
        if added != VersionId(u32::MAX) {
            self.there.insert((id("nl"), added));
        }
        self.check(&twin.crash(None));
    }

    fn check(&self, twin: &Twin) {
        let store = open(twin).expect("a sound disk opens");
        let state = store.state().expect("what is in use is known");
        assert!(
            state == self.state || self.tried.contains(&state),
            "{state:?} is neither {self:?}"
        );
        let mut found = BTreeSet::new();
        for set in store.sets().unwrap() {
            for version in store.versions(&set).unwrap() {
                whole(&store, &set, version);
                found.insert((set.clone(), version));
            }
        }
        let lost: Vec<_> = self.there.difference(&found).collect();
        assert!(lost.is_empty(), "{lost:?} were confirmed and are lost");
        for at in found.difference(&self.there) {
            assert!(
                self.perhaps.contains(at),
                "{at:?} is back, or out of nowhere"
            );
        }
        for (set, version) in state.in_use() {
            assert!(
                found.contains(&(set.clone(), version)),
                "{set} {version} is in use"
            );
        }
    }
}

/// Everything of a listed version can be read and is as it was written.
fn whole(store: &Store<Twin>, set: &SetId, version: VersionId) {
    let manifest = store.manifest(set, version).expect("its manifest");
    assert_eq!(manifest.version, version);
    let report = store.report(set, version).expect("its report");
    assert_eq!(report.version, Some(version));
    for (id, entry) in &manifest.clips {
        store.clip(set, version, (id, entry)).expect("its clips");
    }
    let wire: BTreeMap<_, _> = store
        .wire(set, &manifest)
        .expect("its wire")
        .into_iter()
        .collect();
    assert!(wire.keys().eq(manifest.clips.keys()));
}

const LIFE: &[Step] = &[
    Add(0),
    Activate(0, 0),
    Keep(0),
    Add(1),
    Activate(1, 0),
    Activate(0, 1),
    RollBack(0),
    Remove(0, 1),
    Add(0),
    Activate(0, 1),
];
const TO_THE_END: &[Step] = &[
    Add(1),
    Add(1),
    Remove(1, 1),
    Remove(1, 0),
    Add(1),
    Activate(1, 0),
    RollBack(1),
    Remove(1, 0),
];

const SEEDS: [Option<u64>; 6] = [None, Some(1), Some(2), Some(3), Some(4), Some(5)];

fn operations(script: &[Step]) -> usize {
    World::play(script, Plan::Sound).twin.operations()
}

#[test]
fn a_power_cut_at_any_change_leaves_the_old_or_the_new_whole() {
    for script in [LIFE, TO_THE_END] {
        for at in 0..=operations(script) {
            let world = World::play(script, Plan::CrashAt(at));
            for seed in SEEDS {
                world.known.check(&world.twin.crash(seed));
            }
            for seed in [None, Some(3)] {
                world.crash_and_check(seed);
            }
        }
    }
}

#[test]
fn a_change_that_fails_once_breaks_nothing() {
    for script in [LIFE, TO_THE_END] {
        for at in 0..operations(script) {
            let world = World::play(script, Plan::FailAt(at));
            world.twin.plan(Plan::Sound);
            world.crash_and_check(None);
            world.crash_and_check(Some(at as u64));
        }
    }
}

#[test]
fn nothing_half_done_is_left_when_all_goes_well() {
    let world = World::play(LIFE, Plan::Sound);
    let store = open(&world.twin).unwrap();
    let list = |path: &str| store.list(&Path::new(ROOT).join(path)).unwrap();
    assert_eq!(list(""), ["active.json", "sets"]);
    assert_eq!(list("sets/nl"), ["000001", "000003"]);
    assert_eq!(list("sets/acme.nl"), ["000001"]);
    let world = World::play(TO_THE_END, Plan::Sound);
    let store = open(&world.twin).unwrap();
    assert_eq!(store.list(&Path::new(ROOT).join("sets")).unwrap(), [""; 0]);
}

fn any_step() -> impl Strategy<Value = Step> {
    let set = 0..SETS.len();
    prop_oneof![
        2 => set.clone().prop_map(Add),
        2 => set.clone().prop_map(Keep),
        3 => (set.clone(), 0..4usize).prop_map(|(set, n)| Activate(set, n)),
        1 => set.clone().prop_map(RollBack),
        2 => (set, 0..4usize).prop_map(|(set, n)| Remove(set, n)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_order_of_changes_and_no_cut_breaks_the_law(
        script in proptest::collection::vec(any_step(), 1..14),
        fails in any::<bool>(),
        when in 0..400usize,
        seed in any::<u64>(),
    ) {
        let at = when % (operations(&script) + 1);
        let plan = if fails { Plan::FailAt(at) } else { Plan::CrashAt(at) };
        let world = World::play(&script, plan);
        world.twin.plan(Plan::Sound);
        world.crash_and_check(Some(seed));
        world.crash_and_check(None);
    }
}
