//! The subscriber's line by telephone: call forwarding, what is active; and what is said less to
//! whoever calls often.

use super::*;
use crate::base::DialString;
use crate::flow::{ChangeFault, Wish};
use crate::prompt::Say;
use crate::subscriber::{
    Away, AwayChange, Change, Condition, Feature, ForwardChange, RecordingKind, Services,
};
use std::sync::Arc;

fn number(text: &str) -> DialString {
    DialString::parse(text).unwrap()
}

fn forward(condition: Condition, on: bool, to: &str) -> Change {
    let to = Some(number(to));
    Change::Forward(condition, ForwardChange { on: Some(on), to })
}

pub(super) fn with(changes: &[Change]) -> Arc<Services> {
    let mut services = Services::default();
    changes.iter().for_each(|change| services.apply(change));
    Arc::new(services)
}

/// Subscriber 2001 with these services, on the own telephone, before the passcode.
pub(super) fn calling(changes: &[Change], settings: Settings, entry: Entry) -> Phone {
    let owner = profile(false);
    let mailbox = owner.mailbox.clone();
    let owner = Some(owner);
    let flow = Conversation::portal(PortalSetup { owner, entry });
    let mut book = ServiceBook::default();
    book.set(mailbox, with(changes));
    Phone::answered_where(flow, settings, book)
}

/// The same after the log-in.
pub(super) fn logged_in(changes: &[Change]) -> Phone {
    let mut phone = calling(changes, Settings::default(), Entry::Main);
    phone.presses("1234#");
    phone.accepted();
    phone.is_in("portal.main");
    phone
}

/// What was ordered in the last act.
pub(super) fn ordered(phone: &Phone) -> Option<Wish> {
    let wishes = phone.fx.iter().filter_map(|effect| match effect {
        Effect::Change(wish) => Some(wish.clone()),
        _ => None,
    });
    wishes.reduce(|_, last| last)
}

/// The change ordered, as it is stored.
pub(super) fn granted(phone: &mut Phone, before: &[Change]) {
    let mut changes = before.to_vec();
    changes.extend(match ordered(phone) {
        Some(Wish::Set(change)) => Some(change),
        Some(Wish::Passcode(_)) => Some(Change::Passcode(
            crate::flow::walk::passcode(),
            crate::base::Timestamp::UNIX_EPOCH,
        )),
        Some(Wish::Record(_)) | None => None,
    });
    phone.hears(Event::Changed(Ok(with(&changes))));
}

#[track_caller]
pub(super) fn told(phone: &Phone, words: &[Phrase]) {
    let said = phone.words();
    let found = said.windows(words.len()).any(|part| part == words);
    assert!(found, "{words:?} in {said:?}");
}

fn on_to(what: Line, to: &str) -> [Phrase; 3] {
    let to = Phrase::Say(Say::Number(number(to)));
    [Phrase::Line(what), Phrase::Line(Line::IsOnTo), to]
}

#[test]
fn forwarding_is_on_once_its_number_was_read_back_and_confirmed() {
    let mut phone = logged_in(&[]);
    phone.presses("42");
    told(&phone, &[Line::BusyIs, Line::IsOff].map(Phrase::Line));
    phone.presses("1");
    phone.said(Line::NoDestination);
    phone.said(Line::EnterDestination);
    phone.presses("0612345678#");
    let read = [
        Phrase::Line(Line::DestinationIs),
        Phrase::Say(Say::Number(number("0612345678"))),
    ];
    told(&phone, &read);
    assert_eq!(ordered(&phone), None);
    phone.presses("1");
    let change = forward(Condition::Busy, true, "0612345678");
    assert_eq!(ordered(&phone), Some(Wish::Set(change)));
    granted(&mut phone, &[]);
    told(&phone, &on_to(Line::BusyIs, "0612345678"));
    phone.is_in("portal.forward");
}

#[test]
fn a_number_that_is_not_confirmed_changes_nothing() {
    for (keys, state) in [
        ("2", "portal.forward-number"),
        ("*", "portal.forward"),
        ("#", "portal.destination"),
        ("0", "portal.destination"),
    ] {
        let mut phone = logged_in(&[]);
        phone.presses("4230612345678#");
        phone.presses(keys);
        phone.is_in(state);
        assert_eq!(ordered(&phone), None, "{keys}");
    }
    let mut phone = logged_in(&[]);
    phone.presses("423*");
    phone.is_in("portal.forward");
}

#[test]
fn each_condition_is_switched_with_the_number_it_has_and_tells_how_it_stands() {
    let cases = [
        ("1", Condition::Always, Line::AlwaysIs),
        ("2", Condition::Busy, Line::BusyIs),
        ("3", Condition::NoAnswer, Line::NoAnswerIs),
        ("4", Condition::NotReachable, Line::NotReachableIs),
    ];
    for (key, condition, what) in cases {
        let before = [forward(condition, false, "0612345678")];
        let mut phone = logged_in(&before);
        phone.presses(&format!("4{key}"));
        let number = Phrase::Say(Say::Number(number("0612345678")));
        told(
            &phone,
            &[Phrase::Line(what), Phrase::Line(Line::IsOffTo), number],
        );
        phone.presses("1");
        let switched = |on| Change::Forward(condition, ForwardChange::switch(on));
        assert_eq!(ordered(&phone), Some(Wish::Set(switched(true))));
        granted(&mut phone, &before);
        told(&phone, &on_to(what, "0612345678"));
        phone.presses("4");
        told(&phone, &on_to(what, "0612345678"));
        phone.presses("2");
        assert_eq!(ordered(&phone), Some(Wish::Set(switched(false))));
        phone.hears(Event::Changed(Err(ChangeFault::Unavailable)));
        phone.said(Line::ChangeFailed);
        told(&phone, &on_to(what, "0612345678"));
    }
}

#[test]
fn another_number_leaves_forwarding_on_or_off_as_it_was() {
    for on in [true, false] {
        let before = [forward(Condition::Busy, on, "0612345678")];
        let mut phone = logged_in(&before);
        phone.presses("4230201234567#1");
        let (on, to) = (None, Some(number("0201234567")));
        let change = Change::Forward(Condition::Busy, ForwardChange { on, to });
        assert_eq!(ordered(&phone), Some(Wish::Set(change)));
    }
}

#[test]
fn no_call_is_forwarded_to_the_own_line_or_to_where_it_is_not_allowed() {
    let cases = [
        ("2001", Line::DestinationOwn),
        ("0044123456", Line::DestinationRefused),
        ("09001234", Line::DestinationRefused),
        ("112", Line::DestinationRefused),
        ("123456789012345678901", Line::DestinationRefused),
        ("", Line::NothingPressed),
    ];
    for (typed, why) in cases {
        let mut phone = logged_in(&[]);
        phone.presses("423");
        phone.presses(&format!("{typed}#"));
        phone.said(why);
        phone.is_in("portal.forward-number");
    }
    let mut phone = logged_in(&[]);
    phone.presses("42322#");
    phone.is_in("portal.destination");
    let mut phone = logged_in(&[]);
    phone.presses("423");
    for _ in 0..3 {
        phone.presses("112#");
    }
    phone.said(Line::DestinationRefused);
    phone.is_in("portal.forward");
}

#[test]
fn a_number_that_is_allowed_no_longer_is_not_used_again() {
    let mut phone = logged_in(&[forward(Condition::Always, false, "09001234")]);
    phone.presses("411");
    phone.said(Line::DestinationRefused);
    phone.is_in("portal.forward-number");
    assert_eq!(ordered(&phone), None);
}

#[test]
fn the_rings_are_set_by_one_key() {
    let mut phone = logged_in(&[]);
    phone.presses("45");
    let rings = |n| [Phrase::Line(Line::RingsAre), Phrase::Say(Say::Cardinal(n))];
    told(&phone, &rings(4));
    phone.said(Line::EnterRings);
    phone.presses("0");
    phone.said(Line::NotAChoice);
    phone.presses("7");
    assert_eq!(ordered(&phone), Some(Wish::Set(Change::Rings(7))));
    granted(&mut phone, &[]);
    told(&phone, &rings(7));
    phone.is_in("portal.forwarding");
    phone.presses("5*");
    phone.is_in("portal.forwarding");
    phone.presses("*");
    phone.is_in("portal.main");
}

#[test]
fn a_circle_is_warned_of_when_it_closes_and_when_one_asks() {
    let mut phone = logged_in(&[]);
    let back = with(&[forward(Condition::NoAnswer, true, "2001")]);
    phone
        .book
        .set(crate::base::MailboxId::parse("22").unwrap(), back);
    phone.presses("42322#1");
    granted(&mut phone, &[]);
    assert!(!phone.words().contains(&Phrase::Line(Line::WarnCircle)));
    phone.presses("1");
    granted(&mut phone, &[forward(Condition::Busy, false, "22")]);
    phone.said(Line::WarnCircle);
    phone.presses("**7");
    told(&phone, &on_to(Line::BusyIs, "22"));
    phone.said(Line::WarnCircle);
}

#[test]
fn what_is_active_is_told_and_nothing_else() {
    let mut phone = logged_in(&[]);
    phone.presses("7");
    phone.said(Line::NothingActive);
    phone.is_in("portal.main");
    let changes = [
        forward(Condition::Always, true, "0612345678"),
        forward(Condition::Busy, false, "0201234567"),
        forward(Condition::NoAnswer, true, "0201234567"),
        Change::Rings(6),
        Change::Feature(Feature::DoNotDisturb, true),
        Change::Feature(Feature::BusyToVoicemail, false),
        Change::Away(AwayChange::from(Away {
            on: true,
            refuses_messages: true,
            last_day: None,
        })),
        Change::Recording(RecordingKind::Name, None),
    ];
    let mut phone = logged_in(&changes);
    phone.presses("7");
    told(&phone, &on_to(Line::AlwaysIs, "0612345678"));
    told(&phone, &on_to(Line::NoAnswerIs, "0201234567"));
    told(
        &phone,
        &[Phrase::Line(Line::RingsAre), Phrase::Say(Say::Cardinal(6))],
    );
    told(&phone, &[Line::DisturbIs, Line::IsOn].map(Phrase::Line));
    told(
        &phone,
        &[Line::BusyVoicemailIs, Line::IsOff].map(Phrase::Line),
    );
    told(
        &phone,
        &[Line::AwayIs, Line::IsOn, Line::AwayWithoutMessages].map(Phrase::Line),
    );
    told(
        &phone,
        &[Line::WarnShadowed, Line::WarnQuiet].map(Phrase::Line),
    );
    for silent in [
        Line::BusyIs,
        Line::HiddenIs,
        Line::NothingActive,
        Line::WarnCircle,
    ] {
        assert!(!phone.words().contains(&Phrase::Line(silent)), "{silent:?}");
    }
}

#[test]
fn an_absence_that_is_over_is_not_active() {
    let away = |day| {
        Change::Away(AwayChange::from(Away {
            on: true,
            refuses_messages: false,
            last_day: Some(day),
        }))
    };
    let today = now().wall.in_tz("Europe/Amsterdam").unwrap().date();
    for (day, active) in [(today, true), (today.yesterday().unwrap(), false)] {
        let mut phone = logged_in(&[away(day)]);
        phone.presses("7");
        let told = phone
            .words()
            .contains(&Phrase::Line(Line::AwayWithMessages));
        assert_eq!(told, active);
    }
}

#[test]
fn the_number_for_what_is_active_tells_it_after_the_log_in() {
    let mut phone = calling(&[], Settings::default(), Entry::Status);
    phone.presses("1234#");
    phone.accepted();
    phone.said(Line::NothingActive);
    phone.is_in("portal.main");
}

/// From the passcode's `#` one key leads to the first new message, and few words come before it.
#[test]
fn a_frequent_caller_is_at_the_first_new_message_by_one_key() {
    let often = vec![Change::LoggedIn; 5];
    let mut phone = calling(&often, Settings::default(), Entry::Main);
    assert_eq!(phone.words(), [Phrase::Line(Line::YourPasscode)]);
    phone.presses("1234#2");
    phone.accepted();
    phone.listed(1);
    phone.is_in("portal.intro");
    assert_eq!(
        phone.words().last(),
        Some(&Phrase::Line(Line::UrgentMessage))
    );
    assert!(!phone.words().contains(&Phrase::Line(Line::YouHave)));
    phone.hears(Event::PlayDone);
    phone.hears(Event::PlayBegan);
    phone.is_in("portal.playing");
    phone.presses("6");
    phone.hears(Event::PlayDone);
    phone.presses("5");
    phone.said(Line::EnvelopeReceived);
}

#[test]
fn a_frequent_caller_hears_the_number_of_a_colleague_and_no_longer_one() {
    for (caller, heard) in [("22", true), ("2002", true), ("0201234567", false)] {
        let often = vec![Change::LoggedIn; 5];
        let mut phone = calling(&often, Settings::default(), Entry::Messages);
        phone.presses("1234#");
        phone.accepted();
        let mut one = message(0);
        one.caller = Some(number(caller));
        phone.stands(Listing {
            messages: vec![one],
            ..Listing::default()
        });
        let said = Phrase::Say(Say::Number(number(caller)));
        assert_eq!(phone.words().contains(&said), heard, "{caller}");
    }
}

#[test]
fn whoever_calls_often_hears_menus_in_brief_from_the_start() {
    let brief = Phrase::Brief(Line::MainVoicemail, Digit::D1);
    for (log_ins, brief_after, expected) in
        [(5, Some(5), true), (4, Some(5), false), (99, None, false)]
    {
        let settings = Settings {
            brief_after,
            ..Settings::default()
        };
        let mut phone = calling(&vec![Change::LoggedIn; log_ins], settings, Entry::Main);
        phone.presses("1234#");
        phone.accepted();
        assert_eq!(phone.words().contains(&brief), expected, "{log_ins}");
        phone.presses("#");
        assert!(!phone.words().contains(&brief));
    }
}
