//! What callers hear, in words: lines, values to be spoken, and how a language says them.
//!
//! A flow says [`Phrase`]s; a language's grammar turns them into clips; the prompt library
//! holds the audio of each clip. Rank 2: no file is read here.

mod catalogue;
mod clip;
mod grammar;
mod line;
mod needs;
mod render;
mod report;
mod sentence;
mod set;
#[cfg(test)]
mod tests;

pub use catalogue::{Catalogue, ClipText, Fault, FaultKind, Overlaid};
pub use clip::{ClipId, ClipIdFault, Piece};
pub use grammar::Grammar;
pub use line::Line;
pub use needs::{needs, ways};
pub use render::{pause_between, render, spell_out};
pub use report::{Coverage, Finding, Remedy, Report, Severity};
pub use sentence::{Part, Place, Sentence};
pub use set::{SetId, SetIdFault, VersionId, Voice};

use crate::base::{Date, DialString, Digit, Language, RecordingId, Timestamp};
use std::time::Duration;

/// One thing to say or sound.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Phrase {
    /// A fixed line of the catalogue.
    Line(Line),
    /// A menu choice: what it does, then its key ("to save the message, press hash").
    Choice(Line, Digit),
    /// A menu choice in the fewest words ("save: hash"), for whoever has heard the menu before. A
    /// line without a brief form is said as a [`Phrase::Choice`].
    Brief(Line, Digit),
    /// A phrase in a language of its own, whatever the listener's is.
    In(Language, Box<Phrase>),
    /// One clip by its name, as an operator hears it.
    Clip(ClipId),
    /// What a subscriber recorded; where that cannot be had, these words instead.
    Recorded(RecordingId, Vec<Phrase>),
    /// A value, said by the language's grammar.
    Say(Say),
    /// The tone before a recording.
    Beep,
    /// A pause.
    Pause(Duration),
}

/// A value to be said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Say {
    /// A whole number, 0-999,999.
    Cardinal(u32),
    /// A telephone number, in groups as the language reads them.
    Number(DialString),
    /// A count of messages with the right form of the noun ("one new message").
    Messages(MessageKind, u32),
    /// A moment in the listener's zone: today, yesterday or the date, then the time.
    When {
        /// The moment to say.
        at: Timestamp,
        /// The moment it is said, which decides on "today".
        now: Timestamp,
        /// The listener's zone, an IANA name; unknown names count as UTC.
        zone: String,
    },
    /// A day: weekday, day and month, and the year where that is another than this one.
    Day {
        /// The day to say.
        date: Date,
        /// The day it is said, both in the listener's zone.
        today: Date,
    },
    /// A length of time, in minutes and seconds.
    Length(Duration),
}

/// Which messages are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Not heard yet.
    New,
    /// Heard and kept.
    Saved,
    /// About to be removed: a whole sentence ("two messages will soon be removed").
    Expiring,
}
