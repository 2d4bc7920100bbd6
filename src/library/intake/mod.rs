//! What an upload brings, sorted: a catalogue, the sound files of each clip, and what was left out.

use super::studio::Origin;
use crate::prompt::{ClipId, Finding, SetId};

/// An upload, sorted.
#[derive(Debug)]
pub(super) struct Gathered {
    /// How it came in.
    pub(super) origin: Origin,
    /// The text of its catalogue.
    pub(super) catalogue: Option<String>,
    /// Whose clips stand in for missing ones, where the catalogue names one.
    pub(super) parent: Option<SetId>,
    /// The sound of each clip, by its name; never two of one clip.
    pub(super) files: Vec<SoundFile>,
    /// What was left out, and why.
    pub(super) findings: Vec<Finding>,
}

/// The sound of one clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SoundFile {
    /// The clip by the name of the file; there may be no such clip.
    pub(super) clip: ClipId,
    /// The files that make it, one after another; never none.
    pub(super) parts: Vec<FilePart>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FilePart {
    /// What the upload calls it.
    pub(super) name: String,
    /// Its octets.
    pub(super) bytes: Vec<u8>,
}
