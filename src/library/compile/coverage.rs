//! Whether everything can be said: every place, every sentence, whatever is filled in.

use super::{Below, CompiledClip};
use crate::prompt::{ClipId, Coverage, Grammar, Part, Place, needs, ways};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Who has which clip.
pub(super) struct Owners<'a> {
    /// The set's own clips, kept and new.
    pub(super) own: BTreeSet<&'a ClipId>,
    below: &'a BTreeSet<ClipId>,
}

impl<'a> Owners<'a> {
    pub(super) fn of(
        clips: &'a BTreeMap<ClipId, CompiledClip>,
        below: &'a Below<'_>,
    ) -> Owners<'a> {
        Owners {
            own: below.own.iter().chain(clips.keys()).collect(),
            below: below.clips,
        }
    }

    /// Whether only what is below has it.
    pub(super) fn inherits(&self, clip: &ClipId) -> bool {
        !self.own.contains(clip) && self.below.contains(clip)
    }

    fn lack(&self, clip: &ClipId) -> bool {
        !self.own.contains(clip) && !self.below.contains(clip)
    }
}

/// What checking all places found.
#[derive(Debug, Default)]
pub(super) struct Covered {
    /// Sentences that were tried.
    pub(super) sentences: usize,
    /// Each place.
    pub(super) places: Vec<Coverage>,
    /// The clips nobody has, with the places that need them.
    pub(super) missing: BTreeMap<ClipId, Vec<&'static str>>,
}

/// Asks of every sentence of every place which clips it can need.
pub(super) fn check(grammar: Grammar, places: &[Place], owners: &Owners<'_>) -> Covered {
    let mut parts = Parts {
        grammar,
        known: HashMap::new(),
    };
    let mut covered = Covered::default();
    for place in places {
        let mut needed = BTreeSet::new();
        for sentence in &place.sentences {
            let mut tried = 0;
            for part in sentence {
                let (clips, ways) = parts.needs(part);
                needed.extend(clips.iter().cloned());
                tried = usize::max(tried, 1) + ways.saturating_sub(1);
            }
            covered.sentences += tried;
        }
        let missing: Vec<ClipId> = needed
            .iter()
            .filter(|clip| owners.lack(clip))
            .cloned()
            .collect();
        for clip in &missing {
            covered
                .missing
                .entry(clip.clone())
                .or_default()
                .push(place.name);
        }
        covered.places.push(Coverage {
            place: place.name.to_owned(),
            needed: needed.len(),
            own: needed
                .iter()
                .filter(|clip| owners.own.contains(clip))
                .count(),
            inherited: needed.iter().filter(|clip| owners.inherits(clip)).count(),
            missing,
        });
    }
    covered
}

/// What parts need, each asked once.
struct Parts {
    grammar: Grammar,
    known: HashMap<Part, (BTreeSet<ClipId>, usize)>,
}

impl Parts {
    /// The clips a part can need, and in how many ways it was tried.
    fn needs(&mut self, part: &Part) -> &(BTreeSet<ClipId>, usize) {
        let found = || (needs(self.grammar, part), ways(part));
        self.known.entry(part.clone()).or_insert_with(found)
    }
}
