//! Dutch: "honderd" and "duizend" without "één", the 24-hour clock, telephone numbers in pairs.

use super::numerals::Group;
use super::{ClipId, Day, figure_clip, sign_clip};
use crate::base::Digit;
use jiff::civil::{Date, Time};

/// The clips only Dutch needs: the hours ("negen uur").
pub(super) fn clips() -> Vec<ClipId> {
    (0..24).map(|hour| ClipId::of("hour", hour)).collect()
}

/// 0-999,999: "tweehonderd" "drieëntwintig" "duizend" "honderd" "vijf".
pub(super) fn cardinal(number: u32) -> Vec<ClipId> {
    let (thousands, rest) = (number / 1_000, number % 1_000);
    let mut said = Vec::new();
    if thousands > 1 {
        said.extend(below_thousand(thousands));
    }
    if thousands > 0 {
        said.push(ClipId::named("thousand"));
    }
    if rest > 0 || number == 0 {
        said.extend(below_thousand(rest));
    }
    said
}

fn below_thousand(number: u32) -> Vec<ClipId> {
    let (hundreds, rest) = (number / 100, number % 100);
    let mut said = Vec::new();
    if hundreds > 1 {
        said.push(ClipId::of("number", hundreds));
    }
    if hundreds > 0 {
        said.push(ClipId::named("hundred"));
    }
    if rest > 0 || number == 0 {
        said.push(ClipId::of("number", rest));
    }
    said
}

/// Pairs; an odd run begins with three single figures, as area codes and extensions are read.
pub(super) fn group_sizes(figures: usize) -> Vec<usize> {
    let singles = if figures % 2 == 1 { figures.min(3) } else { 0 };
    let pairs = (figures - singles) / 2;
    [vec![1; singles], vec![2; pairs]].concat()
}

/// A pair is one number, unless it begins with a zero: then its figures are read.
pub(super) fn group(group: &Group) -> Vec<ClipId> {
    match group {
        Group::Plus => vec![ClipId::named("plus")],
        Group::Sign(digit) => sign_clip(*digit).into_iter().collect(),
        Group::Figures(figures) => match figures.as_slice() {
            [tens @ 1..=9, units] => vec![ClipId::of("number", tens * 10 + units)],
            singles => {
                let digits = singles.iter().filter_map(|&f| Digit::from_event(f));
                digits.filter_map(figure_clip).collect()
            }
        },
    }
}

/// "donderdag" "24" "december" ("2025").
pub(super) fn calendar_day(date: Date, other_year: bool) -> Vec<ClipId> {
    let mut said = vec![
        ClipId::of("weekday", date.weekday().to_monday_one_offset()),
        ClipId::of("number", date.day()),
        ClipId::of("month", date.month()),
    ];
    if other_year {
        said.extend(cardinal(u32::from(date.year().unsigned_abs())));
    }
    said
}

/// "vandaag om" "negen uur" "dertig"; "maandag" "23" "november" ("2025") "om" "negen uur".
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
    said.push(ClipId::of("hour", time.hour()));
    if time.minute() > 0 {
        said.push(ClipId::of("number", time.minute()));
    }
    said
}
