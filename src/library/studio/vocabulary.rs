//! The words between the studio and those who use it.

use crate::base::Timestamp;
use crate::decoder::Decoder;
use crate::flow::Menus;
use crate::library::layers::LAYERS_MAX;
use crate::prompt::{ClipId, Phrase, SetId, VersionId};
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// What a studio works with.
#[derive(Clone, Debug)]
pub struct StudioConfig {
    /// The folder of all versions.
    pub store: PathBuf,
    /// What decodes sound files.
    pub decoder: Decoder,
    /// The menus whose sentences a set must be able to say.
    pub menus: Menus,
}

/// Something to be made a version.
#[derive(Clone, Debug)]
pub struct Upload {
    /// For which set.
    pub set: SetId,
    /// What is uploaded.
    pub material: Material,
    /// Whether it is laid over the version in use, which stays for all it does not bring.
    pub add: bool,
    /// Whose clips stand in for missing ones, where the material does not say. `None` is the usual
    /// one: the set compiled in for a language, everybody's set for a tenant's.
    pub parent: Option<SetId>,
    /// A word of the operator's about it, one line.
    pub note: String,
}

/// What an upload is made of.
#[derive(Clone, Debug)]
pub enum Material {
    /// A folder: sound files named for their clips, there or in `clips/`, perhaps a
    /// `catalogue.toml`.
    Folder(PathBuf),
    /// The same as a zip archive.
    Zip(PathBuf),
    /// One recording.
    Clip {
        /// Of which clip.
        clip: ClipId,
        /// What the file was called.
        name: String,
        /// The file.
        file: Vec<u8>,
    },
    /// A sound tree of another system, by a mapping.
    Tree {
        /// Its folder.
        folder: PathBuf,
        /// The mapping: the name of one compiled in ("asterisk", "freeswitch"), or a file.
        mapping: String,
    },
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "step")]
pub enum Progress {
    /// The material is read.
    Reading {
        /// Files so far.
        files: usize,
    },
    /// Clips are decoded and checked.
    Compiling {
        /// Clips done.
        done: usize,
        /// Clips in all.
        total: usize,
    },
    /// The version is written.
    Writing,
}

/// One set in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetSummary {
    /// The set.
    pub set: SetId,
    /// Whether there is one compiled in for it.
    pub built_in: bool,
    /// The version in use; 0 is what is below all versions.
    pub active: VersionId,
    /// The version a roll-back leads to.
    pub before: Option<VersionId>,
    /// Its versions, the newest first.
    pub versions: Vec<VersionSummary>,
}

/// One version in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionSummary {
    /// Its number.
    pub version: VersionId,
    /// When it was staged.
    pub created: Timestamp,
    /// Where it came from.
    pub origin: Origin,
    /// The operator's word about it.
    pub note: String,
    /// Whose clips stand in for missing ones.
    pub parent: Option<SetId>,
    /// Clips of its own.
    pub own: usize,
    /// Clips of its parent.
    pub inherited: usize,
    /// Clips nobody has.
    pub missing: usize,
    /// Findings that keep it from being activated.
    pub faults: usize,
    /// Other findings.
    pub notes: usize,
    /// Whether it is in use.
    pub active: bool,
}

/// How a version came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A folder of this name.
    Folder(String),
    /// An archive of this name.
    Zip(String),
    /// One clip was replaced.
    Clip(ClipId),
    /// One clip was dropped.
    Dropped(ClipId),
    /// A sound tree, by the mapping of this name.
    Tree(String),
}

/// One version with all its clips.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionDetail {
    /// The set.
    pub set: SetId,
    /// Its line in the list; `None` for version 0.
    pub summary: Option<VersionSummary>,
    /// Every clip the set can need, in the order of their numbers by telephone.
    pub clips: Vec<ClipDetail>,
}

/// One clip of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClipDetail {
    /// Its name.
    pub clip: ClipId,
    /// Its number by telephone.
    pub number: u32,
    /// What it says.
    pub text: String,
    /// Where its sound comes from.
    pub source: Source,
    /// How long it plays, in ms; 0 where it is missing.
    #[serde(rename = "ms", serialize_with = "as_ms")]
    pub length: Duration,
}

fn as_ms<S: serde::Serializer>(length: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(length.as_millis() as u64)
}

/// Where the sound of a clip comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The version itself.
    Own,
    /// This other set.
    Parent(SetId),
    /// What is compiled in.
    BuiltIn,
    /// Nobody has it.
    Missing,
}

/// What differs between two versions in one clip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The clip.
    pub clip: ClipId,
    /// Its text before, where that differs or the clip is new.
    pub text_before: Option<String>,
    /// Its text after, likewise.
    pub text_after: Option<String>,
    /// Whether it sounds different.
    pub sound: bool,
    /// Where its sound came from before.
    pub source_before: Source,
    /// Where it comes from after.
    pub source_after: Source,
}

/// A sentence to try a set out with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Where in a call it is heard ("main menu").
    pub place: String,
    /// What is heard, in words.
    pub text: String,
    /// What to say.
    pub phrases: Vec<Phrase>,
}

/// Why the studio did not do something.
#[derive(Debug, thiserror::Error)]
pub enum StudioFault {
    /// No such set.
    #[error("there is no prompt set {0}; belpost prompts list shows those there are")]
    NoSet(SetId),
    /// No such version.
    #[error("the prompt set {0} has no version {1}; belpost prompts list shows those there are")]
    NoVersion(SetId, VersionId),
    /// No such clip.
    #[error("the prompt set {0} has no clip {1}")]
    NoClip(SetId, String),
    /// A version with faults.
    #[error("version {1} of {0} has {2} faults and cannot be activated; its report lists them")]
    Faulty(SetId, VersionId, usize),
    /// Sets that build on this one would lack clips.
    #[error("{0} cannot change so: the active set {1} builds on it and would lack {2} clips")]
    Needed(SetId, SetId, usize),
    /// It was without faults when it was compiled; what it builds on has changed since.
    #[error(
        "version {1} of {0} cannot be activated: it lacks {2} clips, as what it builds on has \
         changed since it was compiled; import it again"
    )]
    Lacking(SetId, VersionId, usize),
    /// A set would build on itself.
    #[error("{0} cannot build on {1}: that would go round in a circle, or more than {max} deep", max = LAYERS_MAX)]
    Circle(SetId, SetId),
    /// A set may not build on this one.
    #[error("{0} cannot build on {1}, which is another tenant's")]
    Foreign(SetId, SetId),
    /// In use.
    #[error("version {1} of {0} is in use; activate another one first")]
    InUse(SetId, VersionId),
    /// Nothing was in use before.
    #[error("the prompt set {0} has no version to go back to")]
    NothingBefore(SetId),
    /// The material cannot be read.
    #[error("the upload cannot be used: {0}")]
    Material(String),
    /// There are too many versions.
    #[error("the prompt set {0} has {1} versions, which is the most; remove some first")]
    TooMany(SetId, usize),
    /// There are too many sets.
    #[error("there are {0} prompt sets, which is the most; remove all versions of some first")]
    TooManySets(usize),
    /// Another program writes.
    #[error("{} is being changed by another program for more than {waited:?}; try again", path.display())]
    Busy {
        /// The store.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// What is on disk does not fit together.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// What.
        path: PathBuf,
        /// Why, as a clause.
        why: String,
    },
    /// The disk.
    #[error("{}: {error}", path.display())]
    Disk {
        /// What could not be read or written.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}
