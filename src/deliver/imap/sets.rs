//! Many messages in one command: their UIDs as sequence sets (RFC 3501 section 9, `sequence-set`).
//!
//! In: UIDs. Out: texts, neighbours in ranges. Law: a set stays below 8,000 octets (RFC 7162
//! section 4) and names nothing that was not meant.

use std::collections::BTreeSet;

/// Octets of a set of messages in one command, which stays below 8,000 octets (RFC 7162 section 4).
const SET_MAX: usize = 7_900;

/// UIDs as sets for commands, neighbours in ranges, at most `at_once` of them in each.
pub(super) fn sets(uids: &BTreeSet<u32>, at_once: usize) -> Vec<String> {
    let uids: Vec<u32> = uids.iter().copied().collect();
    uids.chunks(at_once).map(set).collect()
}

fn set(uids: &[u32]) -> String {
    runs(uids).collect::<Vec<String>>().join(",")
}

/// Neighbours as ranges.
fn runs(uids: &[u32]) -> impl Iterator<Item = String> {
    let runs = uids.chunk_by(|one, next| one.checked_add(1) == Some(*next));
    runs.filter_map(|run| match run {
        [one] => Some(one.to_string()),
        [first, .., last] => Some(format!("{first}:{last}")),
        [] => None,
    })
}

/// UIDs as sets for commands whose answers do not grow with them: as many in each as a command
/// holds.
pub(super) fn packed(uids: &BTreeSet<u32>) -> Vec<String> {
    let uids: Vec<u32> = uids.iter().copied().collect();
    let mut sets: Vec<String> = Vec::new();
    for run in runs(&uids) {
        match sets.last_mut() {
            Some(set) if set.len() + 1 + run.len() <= SET_MAX => {
                set.push(',');
                set.push_str(&run);
            }
            Some(_) | None => sets.push(run),
        }
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_short_and_name_nothing_that_was_not_meant() {
        let uids: BTreeSet<u32> = [1, 2, 3, 5, 7, 8, u32::MAX].into();
        assert_eq!(sets(&uids, 600), ["1:3,5,7:8,4294967295"]);
        assert_eq!(sets(&uids, 4), ["1:3,5", "7:8,4294967295"]);
        assert_eq!(sets(&BTreeSet::new(), 4), [""; 0]);
        let apart: BTreeSet<u32> = (0..600).map(|n| u32::MAX - 2 * n).collect();
        let longest = sets(&apart, 600).iter().map(String::len).max();
        assert!(longest < Some(8_000), "{longest:?}");
    }

    #[test]
    fn a_thousand_messages_are_changed_by_one_command_and_none_is_too_long() {
        let neighbours: BTreeSet<u32> = (5..1_005).collect();
        assert_eq!(packed(&neighbours), ["5:1004"]);
        let apart: BTreeSet<u32> = (0..1_000).map(|n| 1_000 + 3 * n).collect();
        assert_eq!(packed(&apart).len(), 1);
        let far: BTreeSet<u32> = (0..10_000).map(|n| u32::MAX - 2 * n).collect();
        let far_sets = packed(&far);
        assert!(far_sets.iter().all(|set| set.len() <= SET_MAX));
        let named = far_sets.iter().flat_map(|set| set.split(','));
        assert_eq!(named.count(), far.len());
        assert_eq!(packed(&BTreeSet::new()), [""; 0]);
    }
}
