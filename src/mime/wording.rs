//! The words of a mail that are no text of a template: callers, reasons, days, lengths.

use super::headers::caller_name;
use super::vocabulary::{Caller, Reason};
use crate::base::{DialString, Language};
use jiff::Zoned;

/// The words of one language.
#[derive(Debug)]
pub(super) struct Wording {
    tag: &'static str,
    /// "Voicemail from".
    pub(super) voicemail_from: &'static str,
    /// A caller who withholds the number.
    withheld: &'static str,
    /// A caller of whom nothing is known.
    unknown: &'static str,
    /// Numbers that begin so are shown without it and with a `0` in its place.
    home: Option<&'static str>,
    /// Monday first.
    days: [&'static str; 7],
    months: [&'static str; 12],
    /// One and many.
    minutes: [&'static str; 2],
    seconds: [&'static str; 2],
    and: &'static str,
    /// In the order of [`Reason::ALL`].
    reasons: [&'static str; 6],
}

const ENGLISH: Wording = Wording {
    tag: "en",
    voicemail_from: "Voicemail from",
    withheld: "a withheld number",
    unknown: "an unknown caller",
    home: None,
    days: [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ],
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    minutes: ["minute", "minutes"],
    seconds: ["second", "seconds"],
    and: "and",
    reasons: [
        "all your calls are diverted",
        "you were busy",
        "you did not answer",
        "your telephone could not be reached",
        "you did not want to be disturbed",
        "you sent the call on",
    ],
};

const DUTCH: Wording = Wording {
    tag: "nl",
    voicemail_from: "Voicemail van",
    withheld: "een afgeschermd nummer",
    unknown: "een onbekende beller",
    home: Some("+31"),
    days: [
        "maandag",
        "dinsdag",
        "woensdag",
        "donderdag",
        "vrijdag",
        "zaterdag",
        "zondag",
    ],
    months: [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    minutes: ["minuut", "minuten"],
    seconds: ["seconde", "seconden"],
    and: "en",
    reasons: [
        "al uw gesprekken worden doorgeschakeld",
        "u was in gesprek",
        "u nam niet op",
        "uw telefoon was niet bereikbaar",
        "u wilde niet gestoord worden",
        "u stuurde het gesprek door",
    ],
};

/// The words of a language; English for those that have none.
pub(super) fn wording(language: &Language) -> &'static Wording {
    if language.as_str() == DUTCH.tag {
        &DUTCH
    } else {
        &ENGLISH
    }
}

impl Wording {
    /// A number as people of this language write it: `06 12345678`, not `+31612345678`.
    pub(super) fn number(&self, number: &DialString) -> String {
        let text = number.as_str();
        let national = self.home.and_then(|home| text.strip_prefix(home));
        let national = national.map_or_else(|| text.to_owned(), |rest| format!("0{rest}"));
        match national.split_at_checked(2) {
            Some(("06", rest)) if self.home.is_some() && rest.len() == 8 => format!("06 {rest}"),
            _ => national,
        }
    }

    /// The caller as people are shown them: name, number, both, or that there is neither.
    pub(super) fn caller(&self, caller: &Caller) -> String {
        let number = caller.number().map(|n| self.number(n));
        match (caller_name(caller), number) {
            (Some(name), Some(number)) => format!("{name} ({number})"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) if *caller == Caller::Withheld => self.withheld.into(),
            (None, None) => self.unknown.into(),
        }
    }

    /// Why the call was diverted, as the end of a sentence.
    pub(super) fn reason(&self, reason: Reason) -> &'static str {
        let [all, busy, no_answer, not_reachable, disturb, deflected] = self.reasons;
        match reason {
            Reason::Unconditional => all,
            Reason::Busy => busy,
            Reason::NoAnswer => no_answer,
            Reason::NotReachable => not_reachable,
            Reason::DoNotDisturb => disturb,
            Reason::Deflected => deflected,
        }
    }

    /// `zondag 22 november 2026`.
    pub(super) fn date(&self, at: &Zoned) -> String {
        let named = |names: &[&'static str], at: i8| {
            let place = usize::try_from(at - 1).ok();
            place.and_then(|p| names.get(p)).copied().unwrap_or("")
        };
        let day = named(&self.days, at.weekday().to_monday_one_offset());
        let month = named(&self.months, at.month());
        format!("{day} {} {month} {}", at.day(), at.year())
    }

    /// `1 minuut en 5 seconden`.
    pub(super) fn length(&self, seconds: u64) -> String {
        let count =
            |n: u64, [one, many]: [&str; 2]| format!("{n} {}", if n == 1 { one } else { many });
        let (minutes, rest) = (seconds / 60, seconds % 60);
        match (minutes, rest) {
            (0, _) => count(rest, self.seconds),
            (_, 0) => count(minutes, self.minutes),
            (_, _) => format!(
                "{} {} {}",
                count(minutes, self.minutes),
                self.and,
                count(rest, self.seconds)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_they_are_written_at_home() {
        let number = |tag: &str, n: &str| {
            let language = Language::parse(tag).unwrap();
            wording(&language).number(&DialString::parse(n).unwrap())
        };
        assert_eq!(number("nl", "+31612345678"), "06 12345678");
        assert_eq!(number("nl", "+31201234567"), "0201234567");
        assert_eq!(number("nl", "+4930123"), "+4930123");
        assert_eq!(number("nl", "1"), "1");
        assert_eq!(number("en", "+31612345678"), "+31612345678");
        assert_eq!(number("fr", "0612345678"), "0612345678");
    }

    #[test]
    fn days_and_lengths_are_said_as_people_say_them() {
        let at: jiff::Timestamp = "2026-11-22T08:30:00Z".parse().unwrap();
        let at = at.to_zoned(jiff::tz::TimeZone::get("Europe/Amsterdam").unwrap());
        assert_eq!(DUTCH.date(&at), "zondag 22 november 2026");
        assert_eq!(ENGLISH.date(&at), "Sunday 22 November 2026");
        assert_eq!(DUTCH.length(1), "1 seconde");
        assert_eq!(DUTCH.length(125), "2 minuten en 5 seconden");
        assert_eq!(ENGLISH.length(60), "1 minute");
        assert_eq!(ENGLISH.length(61), "1 minute and 1 second");
    }
}
