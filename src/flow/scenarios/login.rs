//! A subscriber comes into the portal (user manual, section 6).

use super::*;
use crate::prompt::{MessageKind, Say};

fn stranger() -> Phone {
    let setup = PortalSetup {
        owner: None,
        entry: Entry::Main,
    };
    Phone::answered(Conversation::portal(setup), Settings::default())
}

fn log_in(phone: &Phone) -> Option<(String, String)> {
    phone.fx.iter().find_map(|effect| match effect {
        Effect::LogIn(log_in) => {
            Some((log_in.mailbox.to_string(), log_in.passcode.reveal().clone()))
        }
        _ => None,
    })
}

#[test]
fn the_owner_is_welcomed_and_asked_for_the_passcode_in_secret() {
    let mut phone = Phone::subscriber(Entry::Main);
    let lines = [Line::PortalWelcome, Line::EnterPasscode, Line::OtherMailbox];
    assert_eq!(phone.words(), lines.map(Phrase::Line));
    phone.did(&Effect::MaskKeys(true));
    phone.presses("1");
    assert_eq!(phone.fx[0], Effect::StopPlay);
    phone.presses("234#");
    assert_eq!(log_in(&phone), Some(("2001".to_owned(), "1234".to_owned())));
    phone.accepted();
    phone.did(&Effect::MaskKeys(false));
    phone.is_in("portal.main");
}

#[test]
fn star_leads_to_another_mailbox() {
    let mut phone = Phone::subscriber(Entry::Main);
    phone.presses("*");
    phone.said(Line::EnterMailbox);
    phone.did(&Effect::MaskKeys(false));
    phone.presses("2002#");
    phone.said(Line::EnterPasscode);
    phone.presses("9876#");
    assert_eq!(log_in(&phone), Some(("2002".to_owned(), "9876".to_owned())));
}

#[test]
fn an_unknown_caller_is_asked_for_the_mailbox_first() {
    let mut phone = stranger();
    phone.said(Line::EnterMailbox);
    phone.presses("2001#1234#");
    assert_eq!(log_in(&phone), Some(("2001".to_owned(), "1234".to_owned())));
}

#[test]
fn star_after_figures_begins_the_entry_anew() {
    let mut phone = Phone::subscriber(Entry::Main);
    phone.presses("99*1234#");
    assert_eq!(log_in(&phone), Some(("2001".to_owned(), "1234".to_owned())));
}

#[test]
fn silence_after_figures_ends_the_entry() {
    let mut phone = Phone::subscriber(Entry::Main);
    phone.presses("1234");
    phone.did(&Effect::AwaitKey(Duration::from_secs(4)));
    phone.hears(Event::Timeout);
    assert!(log_in(&phone).is_some());
}

#[test]
fn the_third_wrong_passcode_ends_the_call() {
    let mut phone = Phone::subscriber(Entry::Main);
    for _ in 0..2 {
        phone.presses("1234#");
        phone.hears(Event::LogIn(LogInVerdict::Wrong));
        phone.said(Line::LoginWrong);
        phone.did(&Effect::FlushKeys);
        phone.is_in("portal.passcode");
    }
    phone.presses("1234#");
    phone.hears(Event::LogIn(LogInVerdict::Wrong));
    phone.said(Line::Goodbye);
    phone.hears(Event::PlayDone);
    assert_eq!(phone.fx, [Effect::HangUp]);
}

#[test]
fn another_mailbox_brings_no_further_tries() {
    let mut phone = Phone::subscriber(Entry::Main);
    phone.presses("1234#");
    phone.hears(Event::LogIn(LogInVerdict::Wrong));
    phone.presses("*2002#1234#");
    phone.hears(Event::LogIn(LogInVerdict::Wrong));
    phone.presses("*2003#1234#");
    phone.hears(Event::LogIn(LogInVerdict::Wrong));
    phone.said(Line::Goodbye);
}

#[test]
fn a_long_string_of_figures_is_one_try_and_never_asked() {
    let mut phone = Phone::subscriber(Entry::Main);
    phone.presses(&"7".repeat(500));
    phone.is_in("portal.passcode");
    phone.presses("#");
    assert_eq!(log_in(&phone), None);
    phone.said(Line::LoginWrong);
    phone.presses("1#");
    phone.said(Line::LoginWrong);
    phone.presses("#");
    phone.said(Line::Goodbye);
}

#[test]
fn guesses_typed_ahead_are_forgotten_with_the_first_wrong_one() {
    let mut phone = Phone::subscriber(Entry::Main);
    phone.presses("1111#2222#3333#4444#");
    phone.hears(Event::LogIn(LogInVerdict::Wrong));
    assert_eq!(log_in(&phone), None);
    assert!(phone.held.is_empty());
}

#[test]
fn a_locked_mailbox_says_so_and_ends_the_call() {
    let mut phone = Phone::subscriber(Entry::Main);
    phone.presses("1234#");
    phone.hears(Event::LogIn(LogInVerdict::Locked));
    phone.said(Line::LoginLocked);
    phone.hears(Event::PlayDone);
    assert_eq!(phone.fx, [Effect::HangUp]);
}

#[test]
fn passcode_and_menus_typed_in_one_go_reach_the_first_message() {
    let mut phone = Phone::subscriber(Entry::Main);
    phone.presses("1234#11");
    phone.accepted();
    phone.did(&Effect::Mail(Command::List));
    phone.listed(2);
    phone.is_in("portal.intro");
    phone.said(Line::UrgentMessage);
}

#[test]
fn the_main_menu_offers_what_there_is() {
    let mut phone = Phone::subscriber(Entry::Main);
    phone.presses("1234#");
    phone.accepted();
    assert_eq!(
        phone.words(),
        [
            Phrase::Choice(Line::MainVoicemail, Digit::D1),
            Phrase::Choice(Line::MainMessages, Digit::D2),
            Phrase::Choice(Line::MainGreetings, Digit::D3),
            Phrase::Choice(Line::MainForwarding, Digit::D4),
            Phrase::Choice(Line::MainServices, Digit::D0),
            Phrase::Choice(Line::MainLanguage, Digit::D6),
            Phrase::Choice(Line::MainStatus, Digit::D7),
            Phrase::Choice(Line::MainPasscode, Digit::D8),
            Phrase::Choice(Line::MainLeave, Digit::D9),
            Phrase::Choice(Line::RepeatChoices, Digit::Pound),
        ]
    );
    phone.presses("5");
    phone.said(Line::NotAChoice);
    phone.presses("9");
    phone.said(Line::Goodbye);
    phone.hears(Event::PlayDone);
    assert_eq!(phone.fx, [Effect::HangUp]);
}

#[test]
fn the_voicemail_menu_says_how_many_messages_there_are() {
    let say = |kind, n| Phrase::Say(Say::Messages(kind, n));
    let have = Phrase::Line(Line::YouHave);
    let cases = [
        (0, vec![Phrase::Line(Line::NoMessages)]),
        (2, vec![have.clone(), say(MessageKind::New, 2)]),
        (
            3,
            vec![
                have,
                say(MessageKind::New, 2),
                Phrase::Line(Line::And),
                say(MessageKind::Saved, 1),
            ],
        ),
    ];
    for (messages, counts) in cases {
        let mut phone = Phone::subscriber(Entry::Main);
        phone.presses("1234#1");
        phone.accepted();
        phone.listed(messages);
        phone.is_in("portal.voicemail");
        assert_eq!(phone.words()[..counts.len()], counts);
        phone.presses("*");
        phone.is_in("portal.main");
    }
}

#[test]
fn straight_to_the_messages_says_the_counts_and_begins() {
    let mut phone = Phone::subscriber(Entry::Messages);
    phone.presses("1234#");
    phone.accepted();
    phone.listed(1);
    phone.is_in("portal.intro");
    phone.said(Line::YouHave);
    phone.said(Line::UrgentMessage);
}

#[test]
fn a_mailbox_out_of_reach_is_told_and_the_rest_stays() {
    let mut phone = Phone::subscriber(Entry::Messages);
    phone.presses("1234#");
    phone.accepted();
    phone.failed(Command::List);
    phone.said(Line::MessagesUnavailable);
    phone.is_in("portal.main");
    phone.presses("1");
    phone.did(&Effect::Mail(Command::List));
}
