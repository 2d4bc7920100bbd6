//! Menus in full and in brief, and another language by telephone.

use super::*;
use crate::flow::{ChangeFault, Wish};
use crate::subscriber::{Change, Services};
use std::sync::Arc;

/// A subscriber at the main menu.
fn at_the_main_menu() -> Phone {
    let mut phone = Phone::subscriber(Entry::Main);
    phone.presses("1234#");
    phone.accepted();
    phone.is_in("portal.main");
    phone
}

fn chooses(tag: &str) -> Effect {
    Effect::Change(Wish::Set(Change::Language(language(tag))))
}

fn full(line: Line, key: Digit) -> Phrase {
    Phrase::Choice(line, key)
}

fn brief(line: Line, key: Digit) -> Phrase {
    Phrase::Brief(line, key)
}

#[test]
fn the_menu_after_a_message_is_said_in_full_once_and_then_in_brief() {
    let mut phone = Phone::hearing(0, 3);
    let (save, saved) = (Line::MessageSave, Digit::Pound);
    phone.hears(Event::PlayDone);
    assert!(phone.words().contains(&full(save, saved)));
    for _ in 0..2 {
        phone.presses("6");
        phone.hears(Event::PlayDone);
        phone.hears(Event::PlayBegan);
        phone.hears(Event::PlayDone);
        phone.said(Line::EndOfMessage);
        assert!(phone.words().contains(&brief(save, saved)));
        assert!(!phone.words().contains(&full(save, saved)));
    }
}

#[test]
fn sender_and_time_are_followed_by_the_menu_in_brief() {
    let mut phone = Phone::hearing(0, 1);
    phone.hears(Event::PlayDone);
    phone.presses("5");
    phone.said(Line::EnvelopeLength);
    assert!(
        phone
            .words()
            .contains(&brief(Line::MessageSave, Digit::Pound))
    );
}

#[test]
fn whoever_asks_again_or_answers_wrongly_or_not_at_all_hears_a_menu_in_full() {
    let mut phone = at_the_main_menu();
    let in_full = full(Line::MainVoicemail, Digit::D1);
    let in_brief = brief(Line::MainVoicemail, Digit::D1);
    phone.presses("6");
    phone.presses("*");
    assert!(phone.words().contains(&in_brief));
    phone.presses("#");
    assert!(phone.words().contains(&in_full));
    phone.presses("5");
    assert_eq!(
        phone.words()[..2],
        [Phrase::Line(Line::NotAChoice), in_full.clone()]
    );
    phone.hears(Event::PlayDone);
    phone.hears(Event::Timeout);
    let told = [Phrase::Line(Line::NothingPressed), in_full];
    assert_eq!(phone.words()[..2], told);
}

#[test]
fn the_review_is_said_in_brief_after_hearing_the_recording_and_after_another_one() {
    let again = brief(Line::ReviewAgain, Digit::D1);
    let mut phone = Phone::caller();
    phone.reviews();
    phone.presses("2");
    phone.hears(Event::PlayBegan);
    phone.hears(Event::PlayDone);
    assert_eq!(phone.words()[0], again);
    phone.presses("1");
    phone.hears(Event::PlayDone);
    phone.presses("#");
    phone.recorded(RecordEnd::Stopped, 10);
    assert_eq!(phone.words()[0], again);
}

#[test]
fn each_language_is_offered_in_its_own_words_on_a_key_of_its_own() {
    let mut phone = at_the_main_menu();
    phone.presses("6");
    phone.is_in("portal.language");
    let this = |tag, key| {
        let choice = full(Line::LanguageThis, key);
        Phrase::In(language(tag), Box::new(choice))
    };
    assert_eq!(
        phone.words(),
        [
            this("nl", Digit::D1),
            this("en", Digit::D2),
            full(Line::GoBack, Digit::Star),
            full(Line::RepeatChoices, Digit::Pound),
        ]
    );
    phone.presses("3");
    phone.said(Line::NotAChoice);
    phone.presses("*");
    phone.is_in("portal.main");
}

#[test]
fn a_chosen_language_is_called_changed_once_it_is_stored_and_its_menus_are_new() {
    let mut phone = at_the_main_menu();
    phone.presses("62");
    phone.is_in("portal.switching");
    phone.did(&chooses("en"));
    phone.did(&Effect::Speak(language("en")));
    assert!(!phone.words().contains(&Phrase::Line(Line::LanguageChanged)));
    phone.hears(Event::Changed(Ok(Arc::new(Services::default()))));
    phone.is_in("portal.main");
    let told = [
        Phrase::Line(Line::LanguageChanged),
        full(Line::MainVoicemail, Digit::D1),
    ];
    assert_eq!(phone.words()[..2], told);
}

#[test]
fn a_choice_that_could_not_be_stored_is_told_as_that() {
    let mut phone = at_the_main_menu();
    phone.presses("62");
    phone.hears(Event::Timeout);
    phone.said(Line::OneMoment);
    phone.hears(Event::Changed(Err(ChangeFault::Unavailable)));
    phone.said(Line::ChangeFailed);
    assert!(!phone.words().contains(&Phrase::Line(Line::LanguageChanged)));
    phone.is_in("portal.main");
}

#[test]
fn a_server_that_closes_down_waits_for_the_choice_to_be_stored() {
    let mut phone = at_the_main_menu();
    phone.presses("62");
    phone.hears(Event::ServiceEnding);
    phone.is_in("portal.switching");
    phone.hears(Event::Changed(Err(ChangeFault::Unavailable)));
    let lines = [Line::ChangeFailed, Line::ServiceEnding, Line::Goodbye];
    assert_eq!(phone.words(), lines.map(Phrase::Line));
}

#[test]
fn one_language_is_no_choice() {
    let mut phone = Phone::subscriber(Entry::Main);
    phone.languages = Languages::only(language("nl"));
    phone.presses("1234#");
    phone.accepted();
    assert!(!phone.words().contains(&full(Line::MainLanguage, Digit::D6)));
    for _ in 0..2 {
        phone.presses("6");
        phone.said(Line::NotAChoice);
        phone.is_in("portal.main");
    }
    phone.presses("6");
    phone.said(Line::Goodbye);
}

#[test]
fn languages_pass_over_the_keys_of_other_choices() {
    let mut phone = at_the_main_menu();
    let text = "[language]\nkeys = { \"1\" = \"back\" }\nsay = [\"back\"]\n";
    phone.menus = Menus::parse(text).unwrap();
    phone.presses("63");
    phone.did(&chooses("en"));
}
