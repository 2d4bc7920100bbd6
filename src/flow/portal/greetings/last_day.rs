//! The last day of an absence, typed as day and month.
//!
//! Laws: the day is the next one with that day and month, today included, so one that is over this
//! year is next year's; a day that does not come within a year, 29 February before a year that is
//! no leap year, is no such day: nobody who types it is away for longer than that. No figures at
//! all mean that there is no last day.

use super::one::{AtOne, set};
use super::{Greetings, Guest};
use crate::base::{Date, day_in};
use crate::flow::portal::leaving::Leaving;
use crate::flow::typing::{Typed, Typing};
use crate::flow::{Conversation, Cx, Effect, Effects, Event};
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Away, RecordingKind};
use jiff::ToSpan;

/// Two figures for the day and two for the month.
const FIGURES: usize = 4;

/// Asking for the last day.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LastDay {
    /// Whose absence it is.
    pub(super) guest: Guest,
    /// Silent and wrong entries so far.
    failures: u8,
    typing: Typing,
}

impl LastDay {
    /// Asks.
    pub(super) fn enter(guest: Guest, fx: &mut Effects) -> Conversation {
        LastDay::ask(guest, 0, None, fx)
    }

    fn ask(guest: Guest, failures: u8, line: Option<Line>, fx: &mut Effects) -> Conversation {
        let lines = line.into_iter().chain([Line::EnterLastDay]);
        let typing = Typing::ask(lines.map(Phrase::Line).collect(), fx);
        Greetings::LastDay(LastDay {
            guest,
            failures,
            typing,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let (guest, failures) = (self.guest, self.failures);
        match self.typing.on(event, FIGURES, cx, fx) {
            Typed::Pending(typing) => Greetings::LastDay(LastDay {
                guest,
                failures,
                typing,
            })
            .into(),
            Typed::Anew => LastDay::ask(guest, failures, None, fx),
            Typed::Star => AtOne::back(guest, RecordingKind::Away, Vec::new(), cx, fx),
            Typed::Silence => failed(guest, failures, Line::NothingPressed, cx, fx),
            Typed::Figures(figures) => {
                let today = day_in(&guest.owner.profile.zone, cx.now.wall);
                let last_day = typed(figures.reveal(), today);
                // No figures are no last day.
                if last_day.is_none() && !figures.reveal().is_empty() {
                    return failed(guest, failures, Line::NoSuchDay, cx, fx);
                }
                let away = guest.owner.services.away;
                set(guest, Away { last_day, ..away }, cx, fx)
            }
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.typing.hush(fx);
        Leaving::closing(self.guest.rest(), fx)
    }
}

/// Tells what was wrong and asks again, while there is patience.
fn failed(guest: Guest, failures: u8, why: Line, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    fx.push(Effect::FlushKeys);
    let failures = failures.saturating_add(1);
    if failures >= cx.settings.tries {
        return Leaving::goodbye(guest.rest(), fx);
    }
    LastDay::ask(guest, failures, Some(why), fx)
}

/// The day that these figures mean, if they mean one.
fn typed(figures: &str, today: Date) -> Option<Date> {
    let (day, month) = figures.split_at_checked(2)?;
    if month.len() != 2 {
        return None;
    }
    next(day.parse().ok()?, month.parse().ok()?, today)
}

/// The next day with this day and month, from today on and within a year.
fn next(day: i8, month: i8, today: Date) -> Option<Date> {
    let end = today.checked_add(1.year()).ok()?;
    let years = [today.year(), today.year().saturating_add(1)];
    let mut days = years
        .into_iter()
        .filter_map(|y| Date::new(y, month, day).ok());
    days.find(|date| (today..end).contains(date))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn date(year: i16, month: i8, day: i8) -> Date {
        Date::constant(year, month, day)
    }

    #[test]
    fn a_day_that_is_over_is_next_years() {
        let today = date(2026, 11, 26);
        let cases = [
            ("2412", Some(date(2026, 12, 24))),
            ("2611", Some(today)),
            ("2511", Some(date(2027, 11, 25))),
            ("0101", Some(date(2027, 1, 1))),
            ("3112", Some(date(2026, 12, 31))),
            ("3111", None),
            ("0012", None),
            ("0113", None),
            ("0100", None),
            ("11", None),
            ("111", None),
            ("01012", None),
        ];
        for (figures, expected) in cases {
            assert_eq!(typed(figures, today), expected, "{figures}");
        }
        assert_eq!(typed("", today), None);
    }

    #[test]
    fn the_29th_of_february_is_a_day_where_it_comes_within_a_year() {
        let cases = [
            (date(2026, 11, 26), None),
            (date(2027, 1, 10), None),
            (date(2027, 2, 28), None),
            (date(2027, 3, 1), Some(date(2028, 2, 29))),
            (date(2028, 2, 29), Some(date(2028, 2, 29))),
            (date(2028, 3, 1), None),
            (date(2099, 12, 1), None),
        ];
        for (today, expected) in cases {
            assert_eq!(typed("2902", today), expected, "{today}");
        }
    }

    proptest! {
        #[test]
        fn a_day_is_the_first_of_its_name_from_today_on(
            day in 0..40_i8,
            month in 0..15_i8,
            after in 0..20_000_i32,
        ) {
            let today = date(1990, 1, 1).saturating_add(after.days());
            let year = (0..365).map(|n| today.saturating_add(n.days()));
            let leap = today.saturating_add(365.days());
            let year = year.chain((leap < today.saturating_add(1.year())).then_some(leap));
            let mut same = year.filter(|d| (d.day(), d.month()) == (day, month));
            prop_assert_eq!(next(day, month, today), same.next());
        }
    }
}
