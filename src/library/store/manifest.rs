//! What a version is: its file `version.json`.

use crate::base::Timestamp;
use crate::library::pack::Key;
use crate::library::studio::{Origin, VersionSummary};
use crate::prompt::{ClipId, Grammar, SetId, VersionId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// What a version says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::library) struct Manifest {
    pub(in crate::library) version: VersionId,
    pub(in crate::library) created: Timestamp,
    pub(in crate::library) origin: Origin,
    pub(in crate::library) note: String,
    /// Whose clips stand in for missing ones; `None` is the set compiled in, if there is one.
    pub(in crate::library) parent: Option<SetId>,
    /// How values are said, where that is not its parent's way.
    pub(in crate::library) grammar: Option<Grammar>,
    /// The language's own name for itself, where that is not its parent's.
    pub(in crate::library) name: Option<String>,
    /// The texts that are not its parent's.
    pub(in crate::library) texts: BTreeMap<ClipId, String>,
    /// The clips of its own.
    pub(in crate::library) clips: BTreeMap<ClipId, Clip>,
    /// What its report counts.
    pub(in crate::library) counts: Counts,
}

/// One clip of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::library) struct Clip {
    /// How long it plays.
    pub(in crate::library) ms: u64,
    /// SHA-256 of its file.
    pub(in crate::library) hash: Hash,
}

impl Clip {
    pub(in crate::library) fn length(&self) -> Duration {
        Duration::from_millis(self.ms)
    }
}

/// What the report of a version counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::library) struct Counts {
    pub(in crate::library) inherited: usize,
    pub(in crate::library) missing: usize,
    pub(in crate::library) faults: usize,
    pub(in crate::library) notes: usize,
}

impl Manifest {
    /// What the clips on the wire are made from.
    pub(in crate::library) fn key(&self) -> Key {
        let mut hash = Sha256::new();
        for (id, clip) in &self.clips {
            hash.update(format!("{id}\n"));
            hash.update(clip.hash.0);
        }
        hash.finalize().into()
    }

    /// How many faults keep it from being activated.
    pub(in crate::library) fn faults(&self) -> usize {
        self.counts.faults.max(self.counts.missing)
    }

    /// Its line in a list.
    pub(in crate::library) fn summary(&self, active: VersionId) -> VersionSummary {
        VersionSummary {
            version: self.version,
            created: self.created,
            origin: self.origin.clone(),
            note: self.note.clone(),
            parent: self.parent.clone(),
            own: self.clips.len(),
            inherited: self.counts.inherited,
            missing: self.counts.missing,
            faults: self.counts.faults,
            notes: self.counts.notes,
            active: self.version == active,
        }
    }
}

/// The SHA-256 of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(in crate::library) struct Hash(pub(in crate::library) [u8; 32]);

impl Hash {
    pub(in crate::library) fn of(octets: &[u8]) -> Hash {
        Hash(Sha256::digest(octets).into())
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> String {
        let mut text = String::new();
        for octet in hash.0 {
            // Writing to a text does not fail.
            let _ = write!(text, "{octet:02x}");
        }
        text
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Hash, &'static str> {
        let wrong = "no hash of 64 hexadecimal figures";
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return Err(wrong);
        };
        let octets: Option<Vec<u8>> = pairs.iter().map(|pair| octet(*pair)).collect();
        let octets = octets.and_then(|octets| octets.try_into().ok());
        octets.map(Hash).ok_or(wrong)
    }
}

fn octet(pair: [u8; 2]) -> Option<u8> {
    let [high, low] = pair.map(|figure| char::from(figure).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::Line;

    #[test]
    fn what_is_written_is_read() {
        let clip = Clip {
            ms: 1_234,
            hash: Hash::of(b"hello"),
        };
        for grammar in [None, Some(Grammar::English), Some(Grammar::Dutch)] {
            let manifest = Manifest {
                version: VersionId(3),
                created: "2026-11-26T01:00:00Z".parse().unwrap(),
                origin: Origin::Clip(Line::Goodbye.into()),
                note: "by telephone".into(),
                parent: Some("nl".parse().unwrap()),
                grammar,
                name: Some("Nederlands".into()),
                texts: BTreeMap::from([(Line::And.into(), "en".into())]),
                clips: BTreeMap::from([(Line::Goodbye.into(), clip.clone())]),
                counts: Counts::default(),
            };
            let text = serde_json::to_string(&manifest).unwrap();
            assert_eq!(serde_json::from_str::<Manifest>(&text).unwrap(), manifest);
        }
    }

    #[test]
    fn a_hash_that_is_none_is_refused() {
        for bad in [
            "",
            "ab",
            &"g".repeat(64),
            &"a".repeat(63),
            &"a".repeat(66),
            &"é".repeat(32),
        ] {
            assert!(Hash::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
