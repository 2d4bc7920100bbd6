//! Which clips a part of a sentence can need, whatever is filled in.
//!
//! In: a grammar and a part. Out: the clips of every way to fill it in. Nothing is listed by hand:
//! the grammar itself is asked for values that stand for all, so what is needed follows the grammar
//! when that changes. Laws, proved by trying everything: no number, moment, length or telephone
//! number there is needs a clip that is not among them.

use super::render::render;
use super::{ClipId, Grammar, MessageKind, Part, Phrase, Piece, Say};
use crate::base::{DialString, Digit, Timestamp};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::time::Duration;

/// The years messages are from: one turn of the calendar, as its weekdays come again after it.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2369;

/// A day of no consequence.
const NOW: Date = date(2024, 6, 15);

/// The clips that a part can need.
pub fn needs(grammar: Grammar, part: &Part) -> BTreeSet<ClipId> {
    let phrases = fillings(part);
    let pieces = phrases.iter().flat_map(|phrase| render(grammar, phrase));
    pieces
        .filter_map(|piece| match piece {
            Piece::Clip(clip) => Some(clip),
            Piece::Beep | Piece::Pause(_) => None,
        })
        .collect()
}

/// In how many ways a part is tried.
pub fn ways(part: &Part) -> usize {
    fillings(part).len()
}

/// Phrases that stand for all a part can say.
fn fillings(part: &Part) -> Vec<Phrase> {
    let say = |values: Vec<Say>| values.into_iter().map(Phrase::Say).collect();
    match part {
        Part::Line(line) => vec![Phrase::Line(*line)],
        Part::Choice(line, key) => vec![Phrase::Choice(*line, *key)],
        Part::Brief(line, key) => vec![Phrase::Brief(*line, *key)],
        Part::Clip(clip) => vec![Phrase::Clip(clip.clone())],
        Part::Beep => vec![Phrase::Beep],
        Part::Cardinal => say(cardinals().map(Say::Cardinal).collect()),
        Part::Number => say(numbers().map(Say::Number).collect()),
        Part::Messages(kind) => say(counts(*kind).collect()),
        Part::When => say(moments().collect()),
        Part::Day => say(days().collect()),
        Part::Length => say(lengths().collect()),
    }
}

/// Every remainder of a thousand, alone and behind a thousand, and every number of thousands.
fn cardinals() -> impl Iterator<Item = u32> {
    let thousands = (2_000..=999_000).step_by(1_000);
    (0..2_000).chain(thousands)
}

fn counts(kind: MessageKind) -> impl Iterator<Item = Say> {
    cardinals().map(move |count| Say::Messages(kind, count))
}

/// Every key, every pair of figures, and an international number.
fn numbers() -> impl Iterator<Item = DialString> {
    let keys = Digit::ALL.map(|key| key.as_char().to_string());
    let pairs = (0..100).map(|pair| format!("{pair:02}"));
    let international = ["+31".to_owned()];
    let texts = keys.into_iter().chain(pairs).chain(international);
    texts.filter_map(|text| DialString::parse(&text).ok())
}

/// Every minute of today, yesterday, every day of a leap year, and every year.
fn moments() -> impl Iterator<Item = Say> {
    let minutes = (0..24).flat_map(|hour| (0..60).map(move |minute| NOW.at(hour, minute, 0, 0)));
    let yesterday = NOW.yesterday().into_iter();
    let days = yesterday.chain(telling_days()).map(noon);
    let all = minutes.chain(days);
    all.filter_map(|at| when(at, noon(NOW)))
}

/// The same without the minutes.
fn days() -> impl Iterator<Item = Say> {
    telling_days().map(|date| Say::Day { date, today: NOW })
}

/// Every day of a leap year, and every year.
fn telling_days() -> impl Iterator<Item = Date> {
    let days = NOW.first_of_year().series(1.day()).take(366);
    days.chain(YEARS.map(|year| date(year, 6, 1)))
}

fn noon(day: Date) -> DateTime {
    day.at(12, 0, 0, 0)
}

/// A moment as told at another.
fn when(at: DateTime, now: DateTime) -> Option<Say> {
    let instant = |moment: DateTime| -> Option<Timestamp> {
        Some(moment.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    Some(Say::When {
        at: instant(at)?,
        now: instant(now)?,
        zone: "UTC".to_owned(),
    })
}

/// Every number of seconds alone, and every number of minutes with and without seconds.
fn lengths() -> impl Iterator<Item = Say> {
    let seconds = (0..60).chain(61..120);
    let minutes = cardinals().map(|minutes| u64::from(minutes) * 60);
    let all = seconds.chain(minutes);
    all.map(|seconds| Say::Length(Duration::from_secs(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::thread;

    const BOTH: [Grammar; 2] = [Grammar::Dutch, Grammar::English];

    /// Every one of these values needs nothing but what the part needs, and together they need all
    /// of it.
    fn proves<V: Iterator<Item = Say>>(part: &Part, values: impl Fn() -> V + Sync) {
        let prove = |grammar| {
            let needed = needs(grammar, part);
            let mut seen = HashSet::new();
            for value in values() {
                for piece in grammar.say(&value) {
                    let Piece::Clip(clip) = piece else { continue };
                    if seen.contains(&clip) {
                        continue;
                    }
                    assert!(
                        needed.contains(&clip),
                        "{clip} for {value:?} in {grammar:?}"
                    );
                    seen.insert(clip);
                }
            }
            let unused: Vec<_> = needed.iter().filter(|clip| !seen.contains(clip)).collect();
            assert!(unused.is_empty(), "{unused:?} in {grammar:?}");
        };
        thread::scope(|scope| {
            for grammar in BOTH {
                scope.spawn(move || prove(grammar));
            }
        });
    }

    #[test]
    fn all_numbers_up_to_999_999_need_these_clips_and_no_others() {
        proves(&Part::Cardinal, || (0..=999_999).map(Say::Cardinal));
    }

    #[test]
    fn all_counts_of_messages_need_these_clips_and_no_others() {
        for kind in [MessageKind::New, MessageKind::Saved, MessageKind::Expiring] {
            proves(&Part::Messages(kind), || {
                (0..=10_000).map(move |count| Say::Messages(kind, count))
            });
        }
    }

    /// A day and a time are said apart: every day of the 400 years after which the calendar comes
    /// again, told in the same and in another year, each at another minute; and every minute of
    /// the day, told that day, the day after and a week after.
    #[test]
    fn all_moments_of_400_years_need_these_clips_and_no_others() {
        let days = || {
            let first = date(*YEARS.start(), 1, 1);
            let days = first
                .series(1.day())
                .take_while(|day| YEARS.contains(&day.year()));
            days.enumerate().filter_map(|(number, day)| {
                let minute = number % 1_440;
                let at = day.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
                let year = day.year() + i16::from(number % 2 == 1);
                let now = date(year, if day.month() < 7 { 12 } else { 1 }, 1);
                when(at, now.at(9, 0, 0, 0))
            })
        };
        let minutes = || {
            (0..3 * 1_440).filter_map(|number| {
                let minute = number % 1_440;
                let at = NOW.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
                let later = [0, 1, 7][number / 1_440];
                when(at, NOW.saturating_add(later.days()).at(12, 0, 0, 0))
            })
        };
        assert_eq!(days().count(), 146_097);
        proves(&Part::When, || days().chain(minutes()));
    }

    #[test]
    fn all_days_of_400_years_need_these_clips_and_no_others() {
        proves(&Part::Day, || {
            let first = date(*YEARS.start(), 1, 1);
            let days = first.series(1.day());
            let days = days.take_while(|day| YEARS.contains(&day.year()));
            days.flat_map(|date| {
                let another = date.saturating_add(1.year());
                [date, another].map(|today| Say::Day { date, today })
            })
        });
    }

    #[test]
    fn all_lengths_to_beyond_an_hour_need_these_clips_and_no_others() {
        let seconds = 0..2 * 3_600;
        let minutes = (120..10_000).map(|minutes| minutes * 60);
        proves(&Part::Length, || {
            let all = seconds.clone().chain(minutes.clone());
            all.map(|seconds| Say::Length(Duration::from_secs(seconds)))
        });
    }

    /// A number is cut into groups by how many figures are in a row, and a group is said by its
    /// figures alone: every length, every pair of figures at every place of it, and every sign at
    /// every place of it.
    #[test]
    fn telephone_numbers_of_every_shape_need_these_clips_and_no_others() {
        let number = |text: &str| DialString::parse(text).ok().map(Say::Number);
        let pairs = (1..=15_usize).chain([39, 40]).flat_map(|length| {
            (0..length).flat_map(move |place| {
                (0..100).map(move |pair| {
                    let mut text = "5".repeat(length);
                    let figures = &format!("{pair:02}")[..2.min(length - place)];
                    text.replace_range(place..place + figures.len(), figures);
                    text
                })
            })
        });
        let signs = (0..15).flat_map(|place| {
            Digit::ALL.map(|key| {
                let mut text = "5".repeat(15);
                text.insert(place, key.as_char());
                text
            })
        });
        let international = (1..=15).map(|length| format!("+{}", "5".repeat(length)));
        let all: Vec<String> = pairs.chain(signs).chain(international).collect();
        proves(&Part::Number, || all.iter().filter_map(|text| number(text)));
    }
}
