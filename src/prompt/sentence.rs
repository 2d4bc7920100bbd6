//! The sentences a conversation can say, with what is filled in left open.
//!
//! A flow names its sentences as [`Place`]s; the compiler of prompt sets asks of every one which
//! clips it can need, and the audition plays an example of each.

use super::{ClipId, Line, MessageKind, Phrase, Say};
use crate::base::{DialString, Digit, Timestamp, day_in};
use std::time::Duration;

/// When examples are said: a Thursday at noon.
const NOW: Timestamp = Timestamp::constant(1_795_694_400, 0);
/// What happened in them: the Saturday before, at five past two.
const THEN: Timestamp = Timestamp::constant(1_795_269_900, 0);
/// The zone of both.
const ZONE: &str = "UTC";
/// A minute and some seconds.
const LENGTH: Duration = Duration::from_secs(83);
/// A number as it is dialled.
const NUMBER: &str = "0612345678";

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
    /// A day.
    Day,
    /// A length of time.
    Length,
    /// The tone.
    Beep,
}

impl Part {
    /// A telling example of the part: numbers of two clips, words that change with the count.
    pub fn example(&self) -> Phrase {
        match self {
            Part::Line(line) => Phrase::Line(*line),
            Part::Choice(line, digit) => Phrase::Choice(*line, *digit),
            Part::Brief(line, digit) => Phrase::Brief(*line, *digit),
            Part::Clip(clip) => Phrase::Clip(clip.clone()),
            Part::Cardinal => Phrase::Say(Say::Cardinal(121)),
            Part::Number => a_number(),
            Part::Messages(kind) => Phrase::Say(Say::Messages(*kind, a_count(*kind))),
            Part::When => Phrase::Say(Say::When {
                at: THEN,
                now: NOW,
                zone: ZONE.to_owned(),
            }),
            Part::Day => Phrase::Say(Say::Day {
                date: day_in(ZONE, THEN),
                today: day_in(ZONE, NOW),
            }),
            Part::Length => Phrase::Say(Say::Length(LENGTH)),
            Part::Beep => Phrase::Beep,
        }
    }
}

fn a_count(kind: MessageKind) -> u32 {
    match kind {
        MessageKind::New => 21,
        MessageKind::Saved => 1,
        MessageKind::Expiring => 3,
    }
}

fn a_number() -> Phrase {
    let number = DialString::parse(NUMBER);
    number.map_or(Phrase::Beep, |number| Phrase::Say(Say::Number(number)))
}
