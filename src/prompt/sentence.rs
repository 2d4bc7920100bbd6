//! The sentences a conversation can say, with what is filled in left open.
//!
//! A flow names its sentences as [`Place`]s; the compiler of prompt sets asks of every one which
//! clips it can need, and the audition plays an example of each.

use super::{ClipId, Line, MessageKind};
use crate::base::{Digit, Language};

/// A menu, a question or an announcement: where in a call something is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name, for operators ("main menu").
    pub name: &'static str,
    /// What can be said there.
    pub sentences: Vec<Sentence>,
}

/// One sentence: its parts in the order they are heard.
pub type Sentence = Vec<Part>;

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// A fixed line.
    Line(Line),
    /// A choice with its key.
    Choice(Line, Digit),
    /// A choice in its brief form, with its key.
    Brief(Line, Digit),
    /// A choice in a language of its own: needs that language's clips, not those of the set.
    ChoiceIn(Language, Line, Digit),
    /// Any clip, by its name.
    Clip(ClipId),
    /// A whole number.
    Cardinal,
    /// A telephone number.
    Number,
    /// A count of messages.
    Messages(MessageKind),
    /// A day and a time.
    When,
    /// A length of time.
    Length,
    /// The tone.
    Beep,
}
