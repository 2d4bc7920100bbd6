//! Which version of each set is in use, and which were before: the file `active.json`.

use crate::prompt::{SetId, VersionId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most versions that were in use before, of each set.
pub(in crate::library) const HISTORY: usize = 20;

/// What is in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::library) struct State {
    /// Grows by one with every change.
    pub(in crate::library) serial: u64,
    sets: BTreeMap<SetId, InUse>,
}

/// What is in use of one set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct InUse {
    active: VersionId,
    /// What was in use before, the newest last; never the same twice on end, and never the
    /// active one at the end.
    before: Vec<VersionId>,
    /// The highest number of a version that was removed: no number is given twice.
    last: VersionId,
}

impl State {
    /// The version in use; 0 for a set without any.
    pub(in crate::library) fn active(&self, set: &SetId) -> VersionId {
        self.sets
            .get(set)
            .map_or_else(VersionId::default, |of| of.active)
    }

    /// The version a roll-back leads to.
    pub(in crate::library) fn before(&self, set: &SetId) -> Option<VersionId> {
        self.sets.get(set)?.before.last().copied()
    }

    /// The highest number of a version that was removed.
    pub(in crate::library) fn last(&self, set: &SetId) -> VersionId {
        self.sets
            .get(set)
            .map_or_else(VersionId::default, |of| of.last)
    }

    /// The sets of which a version is in use.
    pub(in crate::library) fn in_use(&self) -> impl Iterator<Item = (&SetId, VersionId)> {
        let all = self.sets.iter().map(|(set, of)| (set, of.active));
        all.filter(|(_, active)| *active != VersionId::default())
    }

    /// Puts a version to use.
    pub(in crate::library) fn activate(&mut self, set: &SetId, version: VersionId) {
        let of = self.sets.entry(set.clone()).or_default();
        if of.active != version {
            of.before.push(of.active);
            of.active = version;
        }
        let over = of.before.len().saturating_sub(HISTORY);
        of.before.drain(..over);
    }

    /// Puts what was in use before to use; `None` where nothing was.
    pub(in crate::library) fn roll_back(&mut self, set: &SetId) -> Option<VersionId> {
        let of = self.sets.get_mut(set)?;
        of.active = of.before.pop()?;
        Some(of.active)
    }

    /// Forgets a version that is to be removed.
    pub(in crate::library) fn forget(&mut self, set: &SetId, version: VersionId) {
        let of = self.sets.entry(set.clone()).or_default();
        of.last = of.last.max(version);
        of.before.retain(|&before| before != version);
        of.before.dedup();
        if of.before.last() == Some(&of.active) {
            of.before.pop();
        }
    }

    /// Forgets a set of which no version is left.
    pub(in crate::library) fn forget_set(&mut self, set: &SetId) {
        self.sets.remove(set);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> SetId {
        "nl".parse().unwrap()
    }

    fn after(versions: &[u32]) -> State {
        let mut state = State::default();
        for &version in versions {
            state.activate(&set(), VersionId(version));
        }
        state
    }

    fn rolled_back(mut state: State) -> Vec<u32> {
        std::iter::from_fn(|| Some(state.roll_back(&set())?.0)).collect()
    }

    #[test]
    fn rolling_back_goes_the_whole_way_back_and_stops() {
        assert_eq!(rolled_back(after(&[1, 2, 1, 1, 4])), [1, 2, 1, 0]);
        assert_eq!(rolled_back(State::default()), [0; 0]);
    }

    #[test]
    fn the_way_back_has_a_bound() {
        let many: Vec<u32> = (1..=50).collect();
        let back: Vec<u32> = (30..50).rev().collect();
        assert_eq!(rolled_back(after(&many)), back);
    }

    #[test]
    fn what_is_removed_is_no_longer_on_the_way_back_and_its_number_is_remembered() {
        let mut state = after(&[1, 2, 1, 3, 1]);
        state.forget(&set(), VersionId(3));
        assert_eq!(state.last(&set()), VersionId(3));
        assert_eq!(state.active(&set()), VersionId(1));
        assert_eq!(rolled_back(state), [2, 1, 0]);
    }

    #[test]
    fn what_is_written_is_read() {
        let mut state = after(&[1, 2]);
        state.serial = 7;
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
        assert_eq!(state.in_use().collect::<Vec<_>>(), [(&set(), VersionId(2))]);
        state.activate(&set(), VersionId(0));
        assert_eq!(state.in_use().count(), 0);
    }
}
