//! A subscriber hears messages (user manual, section 6.2).

use super::*;
use crate::flow::PlayFault;
use crate::media::Seek;

#[test]
fn the_keys_of_the_manual_move_within_a_message() {
    let cases = [
        ("1", vec![Effect::Seek(Seek::By(-3_000))]),
        (
            "2",
            vec![Effect::Pause, Effect::AwaitKey(Duration::from_mins(2))],
        ),
        ("3", vec![Effect::Seek(Seek::By(3_000))]),
        ("4", vec![Effect::Seek(Seek::Start)]),
        ("6", vec![Effect::Seek(Seek::End)]),
    ];
    for (key, effects) in cases {
        let mut phone = Phone::hearing(0, 1);
        phone.presses(key);
        assert_eq!(phone.fx, effects, "key {key}");
    }
}

#[test]
fn two_plays_on_after_a_pause() {
    let mut phone = Phone::hearing(0, 1);
    phone.presses("2");
    phone.presses("2");
    assert_eq!(phone.fx, [Effect::Resume]);
    phone.is_in("portal.playing");
}

#[test]
fn a_skip_in_a_pause_plays_on_from_there() {
    let mut phone = Phone::hearing(0, 1);
    phone.presses("2");
    phone.presses("3");
    assert_eq!(phone.fx, [Effect::Resume, Effect::Seek(Seek::By(3_000))]);
}

#[test]
fn a_pause_does_not_last_for_ever_and_survives_a_wrong_key() {
    let mut phone = Phone::hearing(0, 1);
    phone.presses("2");
    phone.presses("5");
    assert_eq!(phone.fx, [Effect::AwaitKey(Duration::from_mins(2))]);
    phone.hears(Event::Timeout);
    phone.said(Line::Goodbye);
}

#[test]
fn a_message_is_marked_heard_when_its_audio_begins_and_once() {
    let mut phone = Phone::subscriber(Entry::Messages);
    phone.presses("1234#");
    phone.accepted();
    phone.listed(1);
    phone.hears(Event::PlayDone);
    assert_eq!(phone.fx, [Effect::PlayMessage(id(0), Duration::ZERO)]);
    phone.hears(Event::PlayBegan);
    assert_eq!(phone.fx, [Effect::Mail(Command::MarkHeard(id(0)))]);
    phone.done(Command::MarkHeard(id(0)));
    phone.hears(Event::PlayDone);
    phone.said(Line::EndOfMessage);
    phone.presses("2");
    phone.hears(Event::PlayBegan);
    assert!(phone.fx.is_empty(), "{:?}", phone.fx);
}

#[test]
fn a_saved_message_is_not_marked_again() {
    let phone = Phone::hearing(2, 3);
    assert!(phone.fx.is_empty(), "{:?}", phone.fx);
}

#[test]
fn the_words_before_a_message_obey_the_same_keys() {
    let cases = [
        ("1", "portal.intro"),
        ("2", "portal.paused"),
        ("3", "portal.fetching"),
        ("4", "portal.intro"),
        ("6", "portal.between"),
        ("7", "portal.changing"),
        ("*", "portal.voicemail"),
        ("9", "portal.intro"),
    ];
    for (key, state) in cases {
        let mut phone = Phone::subscriber(Entry::Messages);
        phone.presses("1234#");
        phone.accepted();
        phone.listed(1);
        phone.presses(key);
        assert_eq!(phone.flow.state_name(), state, "key {key}");
    }
}

#[test]
fn hash_saves_a_message_and_goes_on() {
    let mut phone = Phone::hearing(0, 2);
    phone.done(Command::MarkHeard(id(0)));
    phone.presses("#");
    assert_eq!(phone.fx[0], Effect::StopPlay);
    phone.said(Line::MessageSaved);
    phone.said(Line::NewMessage);
    phone.is_in("portal.intro");
}

#[test]
fn a_message_passed_over_unheard_is_not_called_saved() {
    let mut phone = Phone::subscriber(Entry::Messages);
    phone.presses("1234#");
    phone.accepted();
    phone.listed(2);
    phone.presses("#");
    assert!(!phone.words().contains(&Phrase::Line(Line::MessageSaved)));
    phone.said(Line::NewMessage);
}

#[test]
fn seven_deletes_a_message_and_goes_on_once_the_mailbox_has_answered() {
    let mut phone = Phone::hearing(0, 2);
    phone.presses("7");
    assert_eq!(
        phone.fx[..2],
        [Effect::StopPlay, Effect::Mail(Command::Delete(id(0)))]
    );
    phone.done(Command::Delete(id(0)));
    phone.said(Line::MessageDeleted);
    phone.is_in("portal.intro");
    assert_eq!(phone.hangs_up(), [Effect::Mail(Command::Expunge)]);
}

#[test]
fn a_deletion_that_fails_is_told_and_nothing_is_removed() {
    let mut phone = Phone::hearing(0, 1);
    phone.presses("7");
    phone.failed(Command::Delete(id(0)));
    phone.said(Line::ChangeFailed);
    phone.is_in("portal.between");
    assert_eq!(phone.hangs_up(), []);
}

#[test]
fn a_deleted_message_is_found_with_four_and_put_back_with_seven() {
    let mut phone = Phone::hearing(0, 2);
    phone.presses("7");
    phone.done(Command::Delete(id(0)));
    phone.presses("6");
    phone.is_in("portal.between");
    phone.presses("4");
    phone.said(Line::MessageDeleted);
    phone.presses("7");
    phone.did(&Effect::Mail(Command::Undelete(id(0))));
    phone.done(Command::Undelete(id(0)));
    phone.said(Line::MessageRestored);
    phone.is_in("portal.between");
    assert_eq!(phone.hangs_up(), []);
}

#[test]
fn with_every_message_deleted_the_last_can_be_put_back() {
    let mut phone = Phone::hearing(0, 1);
    phone.presses("7");
    phone.done(Command::Delete(id(0)));
    phone.said(Line::NoMoreMessages);
    phone.said(Line::NoMessages);
    phone.presses("1");
    let words = phone.words();
    let undelete = Phrase::Choice(Line::MessageUndelete, Digit::D7);
    assert!(words.contains(&undelete), "{words:?}");
    phone.presses("#");
    phone.done(Command::Undelete(id(0)));
    phone.said(Line::MessageRestored);
    assert_eq!(phone.hangs_up(), []);
}

#[test]
fn star_leads_back_to_the_voicemail_menu() {
    let mut phone = Phone::hearing(0, 1);
    phone.presses("*");
    assert_eq!(phone.fx[0], Effect::StopPlay);
    phone.is_in("portal.voicemail");
}

#[test]
fn the_menu_after_a_message_does_what_it_says() {
    let cases = [
        ("2", "portal.fetching"),
        ("4", "portal.intro"),
        ("5", "portal.between"),
        ("6", "portal.intro"),
        ("7", "portal.changing"),
        ("#", "portal.intro"),
        ("*", "portal.voicemail"),
    ];
    for (key, state) in cases {
        let mut phone = Phone::hearing(1, 3);
        phone.hears(Event::PlayDone);
        phone.said(Line::EndOfMessage);
        phone.presses(key);
        assert_eq!(phone.flow.state_name(), state, "key {key}");
    }
}

#[test]
fn five_tells_sender_time_and_length() {
    let mut phone = Phone::hearing(1, 2);
    phone.hears(Event::PlayDone);
    phone.presses("5");
    phone.said(Line::EnvelopeAnonymous);
    phone.said(Line::EnvelopeReceived);
    phone.said(Line::EnvelopeLength);
}

#[test]
fn there_is_an_end_in_both_directions() {
    let mut phone = Phone::hearing(0, 1);
    phone.hears(Event::PlayDone);
    phone.presses("4");
    phone.said(Line::NoPreviousMessage);
    phone.is_in("portal.between");
    phone.presses("6");
    phone.said(Line::NoMoreMessages);
    phone.is_in("portal.voicemail");
}

#[test]
fn a_message_that_cannot_be_played_is_told_and_can_be_passed_over_or_deleted() {
    for (fault, line) in [
        (PlayFault::Damaged, Line::MessageDamaged),
        (PlayFault::Gone, Line::MessageGone),
    ] {
        let mut phone = Phone::subscriber(Entry::Messages);
        phone.presses("1234#");
        phone.accepted();
        phone.listed(2);
        phone.hears(Event::PlayDone);
        phone.hears(Event::PlayFailed(fault));
        phone.said(line);
        phone.is_in("portal.between");
        phone.presses("6");
        phone.is_in("portal.intro");
        phone.presses("7");
        phone.did(&Effect::Mail(Command::Delete(id(1))));
    }
}

#[test]
fn a_mailbox_lost_on_the_way_leads_to_the_main_menu_and_forgets_no_deletion() {
    let mut phone = Phone::hearing(0, 2);
    phone.presses("7");
    phone.done(Command::Delete(id(0)));
    phone.hears(Event::PlayDone);
    phone.hears(Event::PlayFailed(PlayFault::Unavailable));
    phone.said(Line::MessagesUnavailable);
    phone.is_in("portal.main");
    assert_eq!(phone.hangs_up(), [Effect::Mail(Command::Expunge)]);
}

#[test]
fn leaving_removes_what_is_deleted_and_tells_if_that_failed() {
    let mut phone = Phone::hearing(0, 1);
    phone.presses("7");
    phone.done(Command::Delete(id(0)));
    phone.presses("*");
    phone.presses("9");
    phone.did(&Effect::Mail(Command::Expunge));
    phone.failed(Command::Expunge);
    phone.said(Line::ChangeFailed);
    phone.said(Line::Goodbye);
    assert_eq!(phone.hangs_up(), []);
}

#[test]
fn a_mark_that_fails_is_told_at_the_next_pause_in_the_conversation() {
    let mut phone = Phone::hearing(0, 1);
    phone.failed(Command::MarkHeard(id(0)));
    assert!(phone.fx.is_empty());
    phone.hears(Event::PlayDone);
    phone.said(Line::ChangeFailed);
    phone.presses("2");
    phone.hears(Event::PlayBegan);
    phone.did(&Effect::Mail(Command::MarkHeard(id(0))));
}

#[test]
fn closing_down_removes_what_is_deleted_and_says_goodbye() {
    let mut phone = Phone::hearing(0, 2);
    phone.presses("7");
    phone.done(Command::Delete(id(0)));
    phone.hears(Event::ServiceEnding);
    assert_eq!(
        phone.fx[..2],
        [Effect::StopPlay, Effect::Mail(Command::Expunge)]
    );
    phone.done(Command::Expunge);
    phone.said(Line::ServiceEnding);
    phone.said(Line::Goodbye);
}
