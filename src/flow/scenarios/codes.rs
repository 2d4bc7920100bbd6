//! Feature access codes (user manual, section 7). Each row has a scenario of the whole core beside
//! these.

use super::*;
use crate::base::DialString;
use crate::feature::{Code, Dialled, LiveCode, Table};
use crate::flow::{ChangeFault, FeatureSetup, Wish};
use crate::subscriber::{Change, Condition, Feature, ForwardChange, LastCaller, Profile, Services};
use std::sync::Arc;

fn number(text: &str) -> DialString {
    DialString::parse(text).unwrap()
}

/// A subscriber who dials this on the own telephone, with these changes made before.
fn dials(keys: &str, before: &[Change]) -> Phone {
    let owner: Arc<Profile> = profile(false);
    let mut services = Services::default();
    before.iter().for_each(|change| services.apply(change));
    let mut book = ServiceBook::default();
    book.set(owner.mailbox.clone(), Arc::new(services));
    let setup = FeatureSetup {
        owner: Some(owner),
        dialled: Table::default().look_up(keys),
    };
    Phone::answered_where(Conversation::feature(setup), Settings::default(), book)
}

fn stored(phone: &mut Phone, changes: &[Change]) {
    let mut services = Services::default();
    changes.iter().for_each(|change| services.apply(change));
    phone.hears(Event::Changed(Ok(Arc::new(services))));
}

#[test]
fn a_code_changes_at_once_and_says_how_it_stands_once_that_is_stored() {
    let change = Change::Feature(Feature::DoNotDisturb, true);
    let mut phone = dials("*78", &[]);
    phone.did(&Effect::Change(Wish::Set(change.clone())));
    assert!(phone.words().is_empty());
    stored(&mut phone, &[change]);
    let words = [Line::DisturbIs, Line::IsOn, Line::WarnQuiet, Line::Goodbye];
    assert_eq!(phone.words(), words.map(Phrase::Line));
    phone.hears(Event::PlayDone);
    phone.did(&Effect::HangUp);
}

#[test]
fn what_could_not_be_stored_is_told_with_how_it_stands() {
    let mut phone = dials("*720201234567", &[]);
    phone.hears(Event::Changed(Err(ChangeFault::Unavailable)));
    let words = [
        Line::ChangeFailed,
        Line::AlwaysIs,
        Line::IsOff,
        Line::Goodbye,
    ];
    assert_eq!(phone.words(), words.map(Phrase::Line));
}

#[test]
fn a_code_alone_takes_the_number_from_before() {
    let to = Some(number("0201234567"));
    let on = Some(false);
    let before = Change::Forward(Condition::Busy, ForwardChange { on, to });
    let phone = dials("*90", &[before]);
    // The number itself is left alone: somebody may be changing it.
    let change = Change::Forward(Condition::Busy, ForwardChange::switch(true));
    phone.did(&Effect::Change(Wish::Set(change)));
}

#[test]
fn hanging_up_while_a_number_is_asked_for_changes_nothing() {
    let mut phone = dials("*90", &[]);
    phone.said(Line::EnterDestination);
    phone.presses("0201234567");
    assert!(phone.hangs_up().is_empty());
}

#[test]
fn keys_pressed_while_a_change_is_stored_are_held() {
    let mut phone = dials("*78", &[]);
    phone.is_in("feature.storing");
    phone.presses("123");
    assert_eq!(phone.held.len(), 3);
}

#[test]
fn the_last_caller_is_called_by_1_alone() {
    let caller = LastCaller {
        number: Some(number("0201234567")),
        at: now().wall,
    };
    let mut phone = dials("*69", &[Change::LastCaller(Some(caller))]);
    phone.said(Line::LastCallFrom);
    phone.presses("2");
    phone.said(Line::NotAChoice);
    phone.presses("1");
    phone.did(&Effect::Transfer(number("0201234567")));
}

#[test]
fn a_code_for_a_live_call_says_that_it_is_not_there() {
    let pull = Some(Dialled {
        code: Code::Live(LiveCode::Pull),
        argument: None,
    });
    assert_eq!(Table::default().look_up("*11"), pull);
    let phone = dials("*11", &[]);
    phone.said(Line::CodeUnavailable);
}

#[test]
fn a_change_under_way_is_told_before_the_server_ends() {
    let change = Change::Feature(Feature::HideNumber, true);
    let mut phone = dials("*31", &[]);
    phone.hears(Event::ServiceEnding);
    phone.is_in("feature.storing");
    stored(&mut phone, &[change]);
    phone.said(Line::HiddenIs);
    phone.said(Line::IsOn);
}
