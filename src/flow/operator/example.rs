//! Sentences of the conversations with telling values filled in.

use crate::base::DialString;
use crate::flow::{Cx, sentences};
use crate::prompt::{Part, Phrase, Say};
use std::time::Duration;

/// A number with two figures that are said as one word.
const CARDINAL: u32 = 21;
/// A count with a plural.
const COUNT: u32 = 2;
/// A minute and some seconds.
const LENGTH: Duration = Duration::from_secs(83);
/// A number as it is dialled.
const NUMBER: &str = "0201234567";
/// Where the moments are.
const ZONE: &str = "Europe/Amsterdam";

/// Every sentence, in the order of a call.
pub(super) fn examples(cx: &Cx<'_>) -> Vec<Vec<Phrase>> {
    let places = sentences(cx.menus);
    let sentences = places.iter().flat_map(|place| &place.sentences);
    let said = sentences.map(|sentence| sentence.iter().filter_map(|p| phrase(p, cx)).collect());
    said.filter(|said: &Vec<Phrase>| !said.is_empty()).collect()
}

/// A part with a value in it.
fn phrase(part: &Part, cx: &Cx<'_>) -> Option<Phrase> {
    Some(match part {
        Part::Line(line) => Phrase::Line(*line),
        Part::Choice(line, key) => Phrase::Choice(*line, *key),
        Part::Brief(line, key) => Phrase::Brief(*line, *key),
        Part::ChoiceIn(language, line, key) => {
            Phrase::In(language.clone(), Box::new(Phrase::Choice(*line, *key)))
        }
        Part::Clip(clip) => Phrase::Clip(clip.clone()),
        Part::Cardinal => Phrase::Say(Say::Cardinal(CARDINAL)),
        Part::Number => Phrase::Say(Say::Number(DialString::parse(NUMBER).ok()?)),
        Part::Messages(kind) => Phrase::Say(Say::Messages(*kind, COUNT)),
        Part::When => Phrase::Say(Say::When {
            at: cx.now.wall,
            now: cx.now.wall,
            zone: ZONE.to_owned(),
        }),
        Part::Length => Phrase::Say(Say::Length(LENGTH)),
        Part::Beep => Phrase::Beep,
    })
}
