//! What listeners hear, in words: both languages against speller and calendar of their own.

use super::*;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

const DUTCH: &str = include_str!("../../prompts/nl/catalogue.toml");
const ENGLISH: &str = include_str!("../../prompts/en/catalogue.toml");

fn dutch() -> Catalogue {
    Catalogue::parse(DUTCH).unwrap()
}

fn english() -> Catalogue {
    Catalogue::parse(ENGLISH).unwrap()
}

fn said(catalogue: &Catalogue, value: Say) -> String {
    spell_out(catalogue, &[Phrase::Say(value)])
}

fn number(catalogue: &Catalogue, keys: &str) -> String {
    said(catalogue, Say::Number(DialString::parse(keys).unwrap()))
}

/// A moment as told in Amsterdam at noon on 23 November 2026, a Monday.
fn when(catalogue: &Catalogue, day: Date, hour: i8, minute: i8) -> String {
    let zone = TimeZone::get("Europe/Amsterdam").unwrap();
    let moment = |d: Date, h, m| d.at(h, m, 0, 0).to_zoned(zone.clone()).unwrap().timestamp();
    let at = moment(day, hour, minute);
    let now = moment(date(2026, 11, 23), 12, 0);
    said(
        catalogue,
        Say::When {
            at,
            now,
            zone: "Europe/Amsterdam".to_owned(),
        },
    )
}

/// Dutch numerals by the rules of the spelling guide, one word up to a thousand.
fn spell_dutch(n: u32) -> String {
    const UNITS: [&str; 20] = [
        "nul",
        "een",
        "twee",
        "drie",
        "vier",
        "vijf",
        "zes",
        "zeven",
        "acht",
        "negen",
        "tien",
        "elf",
        "twaalf",
        "dertien",
        "veertien",
        "vijftien",
        "zestien",
        "zeventien",
        "achttien",
        "negentien",
    ];
    const TENS: [&str; 8] = [
        "twintig", "dertig", "veertig", "vijftig", "zestig", "zeventig", "tachtig", "negentig",
    ];
    match n {
        0..20 => UNITS[n as usize].to_owned(),
        20..100 => {
            let tens = TENS[n as usize / 10 - 2];
            match n % 10 {
                0 => tens.to_owned(),
                unit @ (2 | 3) => format!("{}ën{tens}", UNITS[unit as usize]),
                unit => format!("{}en{tens}", UNITS[unit as usize]),
            }
        }
        100..1_000 => {
            let head = if n < 200 {
                String::new()
            } else {
                spell_dutch(n / 100)
            };
            let tail = if n.is_multiple_of(100) {
                String::new()
            } else {
                spell_dutch(n % 100)
            };
            format!("{head}honderd{tail}")
        }
        _ => {
            let head = if n < 2_000 {
                String::new()
            } else {
                spell_dutch(n / 1_000)
            };
            let tail = if n.is_multiple_of(1_000) {
                String::new()
            } else {
                spell_dutch(n % 1_000)
            };
            format!("{head}duizend{tail}")
        }
    }
}

/// English numerals with "and" before the tens of every group of three that has hundreds, and of
/// the last group after thousands.
fn spell_english(n: u32) -> String {
    const SMALL: &str = "zero one two three four five six seven eight nine ten eleven twelve \
        thirteen fourteen fifteen sixteen seventeen eighteen nineteen";
    const TENS: &str = "twenty thirty forty fifty sixty seventy eighty ninety";
    let small = |n: u32| SMALL.split_whitespace().nth(n as usize).unwrap().to_owned();
    if n < 20 {
        small(n)
    } else if n < 100 {
        let tens = TENS.split_whitespace().nth(n as usize / 10 - 2).unwrap();
        if n.is_multiple_of(10) {
            tens.to_owned()
        } else {
            format!("{tens}-{}", small(n % 10))
        }
    } else {
        let (unit, name) = if n < 1_000 {
            (100, "hundred")
        } else {
            (1_000, "thousand")
        };
        let head = format!("{} {name}", spell_english(n / unit));
        match n % unit {
            0 => head,
            rest @ 1..100 => format!("{head} and {}", spell_english(rest)),
            rest => format!("{head} {}", spell_english(rest)),
        }
    }
}

/// Every number up to 20,000, and beyond that every seventh: each remainder of a thousand follows
/// each other, and each thousand is met 142 times.
fn numbers() -> impl Iterator<Item = u32> {
    (0..20_000)
        .chain((20_000..=999_999).step_by(7))
        .chain([999_999])
}

#[test]
fn dutch_numbers_up_to_999_999_are_said_as_they_are_spelt() {
    let dutch = dutch();
    for n in numbers() {
        let nl = said(&dutch, Say::Cardinal(n))
            .replace(' ', "")
            .replace("één", "een");
        assert_eq!(nl, spell_dutch(n), "{n}");
    }
}

#[test]
fn english_numbers_up_to_999_999_are_said_as_they_are_spelt() {
    let english = english();
    for n in numbers() {
        assert_eq!(said(&english, Say::Cardinal(n)), spell_english(n), "{n}");
    }
}

#[test]
fn a_number_beyond_the_range_is_read_figure_by_figure() {
    let said = said(&english(), Say::Cardinal(1_000_203));
    assert_eq!(said, "one zero zero zero two zero three");
}

#[test]
fn telephone_numbers_are_read_in_the_groups_of_the_language() {
    let cases = [
        (
            "0612345678",
            "nul zes twaalf vierendertig zesenvijftig achtenzeventig",
            "zero six one two three four five six seven eight",
        ),
        ("2001", "twintig nul één", "two zero zero one"),
        ("101", "één nul één", "one zero one"),
        ("7", "zeven", "seven"),
        (
            "+3120",
            "plus eenendertig twintig",
            "plus three one two zero",
        ),
        ("*62", "sterretje tweeënzestig", "star six two"),
        ("#9A", "hekje negen A", "hash nine A"),
    ];
    for (keys, nl, en) in cases {
        assert_eq!(number(&dutch(), keys), nl, "{keys}");
        assert_eq!(number(&english(), keys), en, "{keys}");
    }
}

#[test]
fn no_key_of_a_telephone_number_goes_unsaid() {
    let english = english();
    for len in 1..=DialString::MAX {
        let keys: String = "0192837465".chars().cycle().take(len).collect();
        assert_eq!(number(&english, &keys).split(' ').count(), len);
    }
}

#[test]
fn a_group_is_followed_by_a_breath() {
    let keys = Say::Number(DialString::parse("061234").unwrap());
    let pieces = Grammar::Dutch.say(&keys);
    let pauses = pieces
        .iter()
        .filter(|p| matches!(p, Piece::Pause(_)))
        .count();
    assert_eq!(pauses, 2);
    assert!(!matches!(pieces.last(), Some(Piece::Pause(_))));
}

#[test]
fn counts_of_messages_take_the_right_form() {
    let cases = [
        (
            MessageKind::New,
            0,
            "geen nieuwe berichten",
            "no new messages",
        ),
        (MessageKind::New, 1, "één nieuw bericht", "one new message"),
        (
            MessageKind::New,
            2,
            "twee nieuwe berichten",
            "two new messages",
        ),
        (
            MessageKind::Saved,
            0,
            "geen bewaarde berichten",
            "no saved messages",
        ),
        (
            MessageKind::Saved,
            1,
            "één bewaard bericht",
            "one saved message",
        ),
        (
            MessageKind::Saved,
            121,
            "honderd eenentwintig bewaarde berichten",
            "one hundred and twenty-one saved messages",
        ),
    ];
    for (kind, count, nl, en) in cases {
        assert_eq!(said(&dutch(), Say::Messages(kind, count)), nl);
        assert_eq!(said(&english(), Say::Messages(kind, count)), en);
    }
}

#[test]
fn moments_are_said_as_the_listener_thinks_of_them() {
    let cases = [
        (
            date(2026, 11, 23),
            9,
            30,
            "vandaag om negen uur dertig",
            "today at nine thirty a.m.",
        ),
        (
            date(2026, 11, 22),
            23,
            59,
            "gisteren om drieëntwintig uur negenenvijftig",
            "yesterday at eleven fifty-nine p.m.",
        ),
        (
            date(2026, 11, 21),
            14,
            5,
            "zaterdag eenentwintig november om veertien uur vijf",
            "Saturday November twenty-first at two oh five p.m.",
        ),
        (
            date(2025, 12, 31),
            0,
            0,
            "woensdag eenendertig december twee duizend vijfentwintig om nul uur",
            "Wednesday December thirty-first twenty twenty-five at midnight",
        ),
        (
            date(2005, 3, 1),
            12,
            0,
            "dinsdag één maart twee duizend vijf om twaalf uur",
            "Tuesday March first two thousand and five at noon",
        ),
        (
            date(2026, 11, 24),
            12,
            30,
            "dinsdag vierentwintig november om twaalf uur dertig",
            "Tuesday November twenty-fourth at twelve thirty p.m.",
        ),
    ];
    for (day, hour, minute, nl, en) in cases {
        assert_eq!(when(&dutch(), day, hour, minute), nl);
        assert_eq!(when(&english(), day, hour, minute), en);
    }
}

#[test]
fn a_day_is_said_without_a_time_and_with_the_year_where_that_is_another() {
    let today = date(2026, 11, 26);
    let cases = [
        (
            date(2026, 12, 24),
            "donderdag vierentwintig december",
            "Thursday December twenty-fourth",
        ),
        (
            today,
            "donderdag zesentwintig november",
            "Thursday November twenty-sixth",
        ),
        (
            date(2027, 1, 1),
            "vrijdag één januari twee duizend zevenentwintig",
            "Friday January first twenty twenty-seven",
        ),
        (
            date(2028, 2, 29),
            "dinsdag negenentwintig februari twee duizend achtentwintig",
            "Tuesday February twenty-ninth twenty twenty-eight",
        ),
    ];
    for (date, nl, en) in cases {
        assert_eq!(said(&dutch(), Say::Day { date, today }), nl);
        assert_eq!(said(&english(), Say::Day { date, today }), en);
    }
}

#[test]
fn every_day_of_a_leap_year_is_named_by_the_calendar() {
    const DAYS: [&str; 7] = [
        "maandag",
        "dinsdag",
        "woensdag",
        "donderdag",
        "vrijdag",
        "zaterdag",
        "zondag",
    ];
    const MONTHS: [(&str, i8); 12] = [
        ("januari", 31),
        ("februari", 29),
        ("maart", 31),
        ("april", 30),
        ("mei", 31),
        ("juni", 30),
        ("juli", 31),
        ("augustus", 31),
        ("september", 30),
        ("oktober", 31),
        ("november", 30),
        ("december", 31),
    ];
    let (dutch, english) = (dutch(), english());
    // 1 January 2024 was a Monday.
    let mut weekday = 0;
    for (month, (name, days)) in (1..).zip(MONTHS) {
        for day in 1..=days {
            let nl = when(&dutch, date(2024, month, day), 8, 0).replace("één", "een");
            let expected = format!(
                "{} {} {name} twee duizend vierentwintig om acht uur",
                DAYS[weekday % 7],
                spell_dutch(day.unsigned_abs().into()),
            );
            assert_eq!(nl, expected);
            let en = when(&english, date(2024, month, day), 8, 0);
            assert!(en.ends_with(" twenty twenty-four at eight a.m."), "{en}");
            weekday += 1;
        }
    }
    assert_eq!(weekday, 366);
}

#[test]
fn the_zone_decides_on_the_day_and_an_unknown_zone_is_utc() {
    let at: Timestamp = "2026-11-22T23:30:00Z".parse().unwrap();
    let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
    let told = |zone: &str| {
        said(
            &dutch(),
            Say::When {
                at,
                now,
                zone: zone.to_owned(),
            },
        )
    };
    assert_eq!(told("Europe/Amsterdam"), "vandaag om nul uur dertig");
    assert_eq!(
        told("Atlantis/Capital"),
        "gisteren om drieëntwintig uur dertig"
    );
}

#[test]
fn lengths_are_minutes_and_seconds_with_the_right_form() {
    let cases = [
        (0, "nul seconden", "zero seconds"),
        (100, "één seconde", "one second"),
        (23_400, "drieëntwintig seconden", "twenty-three seconds"),
        (59_600, "één minuut", "one minute"),
        (
            61_000,
            "één minuut en één seconde",
            "one minute and one second",
        ),
        (
            150_000,
            "twee minuten en dertig seconden",
            "two minutes and thirty seconds",
        ),
    ];
    for (ms, nl, en) in cases {
        assert_eq!(said(&dutch(), Say::Length(Duration::from_millis(ms))), nl);
        assert_eq!(said(&english(), Say::Length(Duration::from_millis(ms))), en);
    }
}

#[test]
fn a_choice_says_what_it_does_before_it_names_its_key() {
    let choice = [Phrase::Choice(Line::MessageSave, Digit::Pound)];
    assert_eq!(
        spell_out(&dutch(), &choice),
        "Om het bericht te bewaren, toets hekje."
    );
    assert_eq!(
        spell_out(&english(), &choice),
        "To save the message, press hash."
    );
}

#[test]
fn a_greeting_reads_as_one_sentence_and_ends_in_the_beep() {
    let phrases = [
        Phrase::Line(Line::GreetingReached),
        Phrase::Say(Say::Number(DialString::parse("2001").unwrap())),
        Phrase::Pause(Duration::from_millis(300)),
        Phrase::Line(Line::LeaveMessage),
        Phrase::Beep,
    ];
    assert_eq!(
        spell_out(&dutch(), &phrases),
        "U bent verbonden met de voicemail van twintig nul één Spreek uw bericht in na de toon. [beep]"
    );
}

#[test]
fn sentences_are_parted_and_half_sentences_are_not() {
    assert!(pause_between("twintig nul één", "Spreek uw bericht in na de toon.").is_some());
    assert!(pause_between("Het bericht is gewist.", "twee").is_some());
    assert_eq!(pause_between("U heeft", "twee"), None);
}

#[test]
fn every_key_can_follow_a_choice_in_every_language() {
    for catalogue in [dutch(), english()] {
        for digit in Digit::ALL {
            let spelt = spell_out(&catalogue, &[Phrase::Choice(Line::GoBack, digit)]);
            assert!(!spelt.contains('['), "{spelt}");
        }
    }
}
