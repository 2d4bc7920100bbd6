//! How a language says values: which clips, in which order.
//!
//! In: a [`Say`]. Out: pieces. Pure; zones come from the bundled zone data.
//! Law: every clip that can come out is in [`Grammar::clips`], so that a catalogue can be checked
//! once and a call never meets a value it cannot say.

mod dutch;
mod english;
mod numerals;

use super::clip::{ClipId, Piece};
use super::{Line, MessageKind, Say};
use crate::base::{Digit, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The pause between two groups of a telephone number.
const GROUP_PAUSE: Duration = Duration::from_millis(160);

/// The largest number said as a whole.
const MAX_CARDINAL: u32 = 999_999;

/// The grammars there are. A prompt set of another language uses the nearest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Grammar {
    /// Dutch: 24-hour clock, telephone numbers in pairs.
    #[serde(rename = "nl")]
    Dutch,
    /// English: 12-hour clock, ordinals in dates, telephone numbers figure by figure.
    #[serde(rename = "en")]
    English,
}

/// A day as the listener thinks of it.
enum Day {
    Today,
    Yesterday,
    Date {
        date: Date,
        /// The year is another one than now.
        other_year: bool,
    },
}

impl Grammar {
    /// The grammar with this name in a catalogue.
    pub fn parse(name: &str) -> Option<Grammar> {
        match name {
            "nl" => Some(Grammar::Dutch),
            "en" => Some(Grammar::English),
            _ => None,
        }
    }

    /// Every clip a set of this grammar can need: the lines, their brief forms, and what values
    /// and keys are put together from. The place of a clip in this list is its number by telephone.
    pub fn all_clips(self) -> Vec<ClipId> {
        let lines = Line::ALL.iter().map(|&line| ClipId::from(line));
        let brief = Line::BRIEF.iter().map(|&line| ClipId::brief(line));
        lines.chain(brief).chain(self.clips()).collect()
    }

    /// Every clip that values and keys can need, the fixed lines aside.
    pub fn clips(self) -> Vec<ClipId> {
        let shared = ["new", "saved", "expiring"]
            .iter()
            .flat_map(|kind| ["none", "one", "many"].map(|count| ClipId::of(kind, count)));
        let lengths = ["minute-one", "minutes", "second-one", "seconds"].map(ClipId::named);
        let keys = Digit::ALL.map(key_clip).into_iter();
        let keys = keys.chain(Digit::ALL.map(brief_key_clip));
        let signs = Digit::ALL.into_iter().filter_map(sign_clip);
        let dates = (1..=7)
            .map(|day| ClipId::of("weekday", day))
            .chain((1..=12).map(|month| ClipId::of("month", month)))
            .chain(["today", "yesterday", "at"].map(ClipId::named));
        let own = match self {
            Grammar::Dutch => dutch::clips(),
            Grammar::English => english::clips(),
        };
        keys.chain((0..=99).map(|n| ClipId::of("number", n)))
            .chain(["hundred", "thousand", "plus"].map(ClipId::named))
            .chain(signs)
            .chain(shared)
            .chain(dates)
            .chain(own)
            .chain(lengths)
            .collect()
    }

    /// The pieces that say a value.
    pub fn say(self, value: &Say) -> Vec<Piece> {
        match value {
            Say::Cardinal(number) => clips(self.cardinal(*number)),
            Say::Number(number) => self.telephone_number(number.as_str()),
            Say::Messages(kind, count) => clips(self.messages(*kind, *count)),
            Say::When { at, now, zone } => clips(self.moment(*at, *now, zone)),
            Say::Day { date, today } => clips(self.day(*date, *today)),
            Say::Length(span) => clips(self.length(*span)),
        }
    }

    /// The clip that names a key behind a choice ("press hash").
    pub fn key(self, digit: Digit) -> ClipId {
        key_clip(digit)
    }

    /// The clip that names a key behind a choice in its brief form ("hash").
    pub fn brief_key(self, digit: Digit) -> ClipId {
        brief_key_clip(digit)
    }

    fn cardinal(self, number: u32) -> Vec<ClipId> {
        if number > MAX_CARDINAL {
            let figures = number.to_string();
            return figures
                .chars()
                .filter_map(Digit::from_char)
                .filter_map(figure_clip)
                .collect();
        }
        match self {
            Grammar::Dutch => dutch::cardinal(number),
            Grammar::English => english::cardinal(number),
        }
    }

    fn telephone_number(self, number: &str) -> Vec<Piece> {
        let groups = numerals::groups(
            number,
            match self {
                Grammar::Dutch => dutch::group_sizes,
                Grammar::English => english::group_sizes,
            },
        );
        let mut pieces = Vec::new();
        for group in groups {
            if !pieces.is_empty() {
                pieces.push(Piece::Pause(GROUP_PAUSE));
            }
            pieces.extend(clips(match self {
                Grammar::Dutch => dutch::group(&group),
                Grammar::English => english::group(&group),
            }));
        }
        pieces
    }

    fn messages(self, kind: MessageKind, count: u32) -> Vec<ClipId> {
        let kind = match kind {
            MessageKind::New => "new",
            MessageKind::Saved => "saved",
            MessageKind::Expiring => "expiring",
        };
        match count {
            0 => vec![ClipId::of(kind, "none")],
            1 => vec![ClipId::of(kind, "one")],
            _ => {
                let mut said = self.cardinal(count);
                said.push(ClipId::of(kind, "many"));
                said
            }
        }
    }

    fn moment(self, at: Timestamp, now: Timestamp, zone: &str) -> Vec<ClipId> {
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let at = at.to_zoned(zone.clone()).datetime();
        let day = day_as_of(at.date(), now.to_zoned(zone).date());
        match self {
            Grammar::Dutch => dutch::moment(&day, at.time()),
            Grammar::English => english::moment(&day, at.time()),
        }
    }

    fn day(self, date: Date, today: Date) -> Vec<ClipId> {
        let other_year = is_other_year(date, today);
        match self {
            Grammar::Dutch => dutch::calendar_day(date, other_year),
            Grammar::English => english::calendar_day(date, other_year),
        }
    }

    /// Minutes and seconds, to the nearest second; no length that is not zero is called zero.
    fn length(self, span: Duration) -> Vec<ClipId> {
        let rounded = span.saturating_add(Duration::from_millis(500)).as_secs();
        let seconds = if span.is_zero() { 0 } else { rounded.max(1) };
        let minutes = u32::try_from(seconds / 60).unwrap_or(u32::MAX);
        let seconds = (seconds % 60) as u32;
        let mut said = Vec::new();
        if minutes > 0 {
            said.extend(self.counted(minutes, "minute-one", "minutes"));
        }
        if minutes > 0 && seconds > 0 {
            said.push(Line::And.into());
        }
        if minutes == 0 || seconds > 0 {
            said.extend(self.counted(seconds, "second-one", "seconds"));
        }
        said
    }

    fn counted(self, count: u32, one: &'static str, many: &'static str) -> Vec<ClipId> {
        if count == 1 {
            return vec![ClipId::named(one)];
        }
        let mut said = self.cardinal(count);
        said.push(ClipId::named(many));
        said
    }
}

fn clips(ids: Vec<ClipId>) -> Vec<Piece> {
    ids.into_iter().map(Piece::Clip).collect()
}

fn day_as_of(date: Date, today: Date) -> Day {
    if date == today {
        Day::Today
    } else if date.tomorrow().is_ok_and(|next| next == today) {
        Day::Yesterday
    } else {
        let other_year = is_other_year(date, today);
        Day::Date { date, other_year }
    }
}

fn is_other_year(date: Date, today: Date) -> bool {
    date.year() != today.year()
}

fn key_clip(digit: Digit) -> ClipId {
    match digit {
        Digit::Star => ClipId::named("key-star"),
        Digit::Pound => ClipId::named("key-hash"),
        _ => ClipId::of("key", digit.as_char().to_ascii_lowercase()),
    }
}

fn brief_key_clip(digit: Digit) -> ClipId {
    ClipId::of("brief", key_clip(digit))
}

/// The clip of a figure on its own; `None` for the other keys.
fn figure_clip(digit: Digit) -> Option<ClipId> {
    digit.figure().map(|figure| ClipId::of("number", figure))
}

/// The clip of a key that is not a figure, within a telephone number; `None` for figures.
fn sign_clip(digit: Digit) -> Option<ClipId> {
    match digit {
        Digit::Star => Some(ClipId::named("star")),
        Digit::Pound => Some(ClipId::named("hash")),
        Digit::A | Digit::B | Digit::C | Digit::D => {
            Some(ClipId::of("letter", digit.as_char().to_ascii_lowercase()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::DialString;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn any_say() -> impl Strategy<Value = Say> {
        let moment = || (0_i64..4_000_000_000).prop_map(|s| Timestamp::from_second(s).unwrap());
        let zone = prop::sample::select(vec!["Europe/Amsterdam", "Asia/Kolkata", "nowhere"]);
        let kind = prop::sample::select(vec![
            MessageKind::New,
            MessageKind::Saved,
            MessageKind::Expiring,
        ]);
        prop_oneof![
            any::<u32>().prop_map(Say::Cardinal),
            "\\+?[0-9*#A-D]{1,20}".prop_map(|n| Say::Number(DialString::parse(&n).unwrap())),
            (kind, any::<u32>()).prop_map(|(k, n)| Say::Messages(k, n)),
            (moment(), moment(), zone).prop_map(|(at, now, z)| Say::When {
                at,
                now,
                zone: z.to_owned()
            }),
            any::<u64>().prop_map(|ms| Say::Length(Duration::from_millis(ms))),
        ]
    }

    proptest! {
        #[test]
        fn every_value_is_said_with_clips_that_are_asked_for(value in any_say()) {
            for grammar in [Grammar::Dutch, Grammar::English] {
                let known: BTreeSet<_> = grammar.clips().into_iter().chain([Line::And.into()]).collect();
                let pieces = grammar.say(&value);
                prop_assert!(!pieces.is_empty());
                for piece in pieces {
                    if let Piece::Clip(clip) = piece {
                        prop_assert!(known.contains(&clip), "{clip} for {value:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_clip_is_asked_for_twice_or_named_like_a_line() {
        for grammar in [Grammar::Dutch, Grammar::English] {
            let mut seen: BTreeSet<ClipId> = Line::ALL.iter().map(|&l| l.into()).collect();
            for clip in grammar.clips() {
                assert!(seen.insert(clip.clone()), "{clip}");
            }
        }
    }
}
