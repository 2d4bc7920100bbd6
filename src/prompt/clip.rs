//! The name of a clip, and what a rendered phrase is made of.

use super::Line;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The name of one clip: of its entry in the catalogue and of its audio file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClipId(Cow<'static, str>);

impl ClipId {
    /// The name as text: lower-case letters, figures and hyphens.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The longest name, in characters.
    pub const MAX: usize = 40;

    /// Reads a name: 1-40 small ASCII letters, figures and hyphens. Whether there is such a clip
    /// a catalogue knows.
    pub fn parse(name: &str) -> Option<ClipId> {
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=ClipId::MAX).contains(&name.len()) && name.bytes().all(known);
        fits.then(|| ClipId(Cow::Owned(name.to_owned())))
    }

    /// The brief form of a choice, "main-voicemail-brief".
    pub fn brief(line: Line) -> ClipId {
        ClipId::of(line.key(), "brief")
    }

    /// The first word of the name, by which carriers are chosen.
    pub(super) fn family(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }

    /// A clip with a fixed name.
    pub(super) const fn named(name: &'static str) -> ClipId {
        ClipId(Cow::Borrowed(name))
    }

    /// A clip of a numbered or lettered family, `number-21` or `key-hash`.
    pub(super) fn of(family: &str, member: impl fmt::Display) -> ClipId {
        ClipId(Cow::Owned(format!("{family}-{member}")))
    }
}

/// A text that names no clip.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no clip: small letters, figures and hyphens")]
pub struct ClipIdFault(String);

impl TryFrom<String> for ClipId {
    type Error = ClipIdFault;

    fn try_from(name: String) -> Result<ClipId, ClipIdFault> {
        ClipId::parse(&name).ok_or(ClipIdFault(name))
    }
}

impl From<ClipId> for String {
    fn from(clip: ClipId) -> String {
        clip.0.into_owned()
    }
}

impl AsRef<str> for ClipId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl From<Line> for ClipId {
    fn from(line: Line) -> ClipId {
        ClipId::named(line.key())
    }
}

impl fmt::Display for ClipId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One piece of a rendered phrase, to be heard after the one before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// A clip.
    Clip(ClipId),
    /// The tone before a recording.
    Beep,
    /// Silence.
    Pause(Duration),
}

impl From<ClipId> for Piece {
    fn from(clip: ClipId) -> Piece {
        Piece::Clip(clip)
    }
}

impl From<Line> for Piece {
    fn from(line: Line) -> Piece {
        Piece::Clip(line.into())
    }
}
