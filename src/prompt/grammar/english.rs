//! English: "and" before the tens, a.m. and p.m., ordinals in dates, telephone numbers figure by
//! figure.

use super::numerals::Group;
use super::{ClipId, Day, figure_clip, sign_clip};
use crate::base::Digit;
use crate::prompt::Line;
use jiff::civil::{Date, Time};

/// The clips only English needs: ordinals, and the words of the 12-hour clock.
pub(super) fn clips() -> Vec<ClipId> {
    let ordinals = (1..=31).map(|day| ClipId::of("ordinal", day));
    let clock = ["oh", "am", "pm", "noon", "midnight"].map(ClipId::named);
    ordinals.chain(clock).collect()
}

/// 0-999,999: "one hundred and five thousand two hundred and one".
pub(super) fn cardinal(number: u32) -> Vec<ClipId> {
    let (thousands, rest) = (number / 1_000, number % 1_000);
    let mut said = Vec::new();
    if thousands > 0 {
        said.extend(below_thousand(thousands));
        said.push(ClipId::named("thousand"));
    }
    if thousands > 0 && (1..100).contains(&rest) {
        said.push(Line::And.into());
    }
    if rest > 0 || number == 0 {
        said.extend(below_thousand(rest));
    }
    said
}

fn below_thousand(number: u32) -> Vec<ClipId> {
    let (hundreds, rest) = (number / 100, number % 100);
    let mut said = Vec::new();
    if hundreds > 0 {
        said.extend([ClipId::of("number", hundreds), ClipId::named("hundred")]);
    }
    if hundreds > 0 && rest > 0 {
        said.push(Line::And.into());
    }
    if rest > 0 || number == 0 {
        said.push(ClipId::of("number", rest));
    }
    said
}

/// Threes, ending in a four rather than in a lone figure.
pub(super) fn group_sizes(figures: usize) -> Vec<usize> {
    let mut sizes = vec![3; figures / 3];
    match (figures % 3, sizes.last_mut()) {
        (0, _) => {}
        (1, Some(last)) => *last += 1,
        (rest, _) => sizes.push(rest),
    }
    sizes
}

/// Figure by figure.
pub(super) fn group(group: &Group) -> Vec<ClipId> {
    match group {
        Group::Plus => vec![ClipId::named("plus")],
        Group::Sign(digit) => sign_clip(*digit).into_iter().collect(),
        Group::Figures(figures) => {
            let digits = figures.iter().filter_map(|&f| Digit::from_event(f));
            digits.filter_map(figure_clip).collect()
        }
    }
}

/// "Thursday" "December" "twenty-fourth" ("2025").
pub(super) fn calendar_day(date: Date, other_year: bool) -> Vec<ClipId> {
    let mut said = vec![
        ClipId::of("weekday", date.weekday().to_monday_one_offset()),
        ClipId::of("month", date.month()),
        ClipId::of("ordinal", date.day()),
    ];
    if other_year {
        said.extend(year(date));
    }
    said
}

/// "today at" "nine" "thirty" "a.m."; "Monday" "November" "twenty-third" ("2025") "at" "noon".
pub(super) fn moment(day: &Day, time: Time) -> Vec<ClipId> {
    let mut said = match day {
        Day::Today => vec![ClipId::named("today")],
        Day::Yesterday => vec![ClipId::named("yesterday")],
        Day::Date { date, other_year } => {
            let mut said = calendar_day(*date, *other_year);
            said.push(ClipId::named("at"));
            said
        }
    };
    said.extend(clock(time));
    said
}

/// "twenty" "twenty-six"; the years of a century's first decade as plain numbers.
fn year(date: Date) -> Vec<ClipId> {
    let year = u32::from(date.year().unsigned_abs());
    let (century, rest) = (year / 100, year % 100);
    if (10..100).contains(&century) && rest >= 10 {
        return vec![ClipId::of("number", century), ClipId::of("number", rest)];
    }
    cardinal(year)
}

fn clock(time: Time) -> Vec<ClipId> {
    let (hour, minute) = (time.hour(), time.minute());
    match (hour, minute) {
        (0, 0) => return vec![ClipId::named("midnight")],
        (12, 0) => return vec![ClipId::named("noon")],
        _ => {}
    }
    let mut said = vec![ClipId::of("number", (hour + 11) % 12 + 1)];
    if (1..10).contains(&minute) {
        said.push(ClipId::named("oh"));
    }
    if minute > 0 {
        said.push(ClipId::of("number", minute));
    }
    said.push(ClipId::named(if hour < 12 { "am" } else { "pm" }));
    said
}
