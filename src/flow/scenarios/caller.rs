//! A caller leaves a message (user manual, section 6.3).

use super::*;
use crate::base::DialString;
use crate::flow::KeepFault;
use crate::prompt::Say;

#[test]
fn the_greeting_says_whose_voicemail_it_is_and_why() {
    let phone = Phone::caller();
    let words = phone.words();
    assert_eq!(words[0], Phrase::Line(Line::GreetingReached));
    assert!(matches!(&words[1], Phrase::Say(Say::Number(n)) if n.as_str() == "2001"));
    assert_eq!(words[2], Phrase::Line(Line::GreetingNoAnswer));
    phone.said(Line::LeaveMessage);
    phone.said(Line::FinishRecording);
}

#[test]
fn after_the_greeting_comes_the_tone_and_then_the_recording() {
    let mut phone = Phone::caller();
    phone.hears(Event::PlayDone);
    assert_eq!(phone.fx, [Effect::Play(vec![Phrase::Beep])]);
    phone.hears(Event::PlayDone);
    assert!(matches!(phone.fx[..], [Effect::Record(limits)]
        if limits.max == Duration::from_mins(3) && limits.silence.is_some()));
}

#[test]
fn hash_during_the_greeting_goes_to_the_tone() {
    let mut phone = Phone::caller();
    phone.presses("#");
    assert_eq!(phone.fx, [Effect::Play(vec![Phrase::Beep])]);
}

#[test]
fn the_tone_is_heard_to_its_end_whatever_is_pressed() {
    let mut phone = Phone::caller();
    phone.presses("#");
    phone.presses("#0*1");
    assert!(phone.fx.is_empty());
    phone.is_in("deposit.beep");
}

#[test]
fn star_during_the_greeting_asks_the_owner_for_the_passcode() {
    let mut phone = Phone::caller();
    phone.presses("*");
    phone.said(Line::EnterPasscode);
    phone.did(&Effect::MaskKeys(true));
    phone.presses("1234#");
    let asked = phone.fx.iter().any(|effect| {
        matches!(effect, Effect::LogIn(log_in) if log_in.mailbox.as_str() == "2001"
            && log_in.passcode.reveal() == "1234")
    });
    assert!(asked, "{:?}", phone.fx);
}

#[test]
fn the_log_in_from_the_greeting_can_be_forbidden() {
    let settings = Settings {
        log_in_from_greeting: false,
        ..Settings::default()
    };
    let mut phone = Phone::diverted(true, Admission::Open, settings);
    phone.presses("*");
    assert!(phone.fx.is_empty());
    phone.is_in("deposit.greeting");
}

#[test]
fn zero_during_the_greeting_goes_to_the_assistant_where_there_is_one() {
    let mut phone = Phone::caller();
    phone.presses("0");
    let assistant = profile(true).assistant.clone().unwrap();
    assert_eq!(phone.fx, [Effect::StopPlay, Effect::Transfer(assistant)]);
    assert_eq!(phone.flow, Conversation::Ended);
    let mut phone = Phone::diverted(false, Admission::Open, Settings::default());
    phone.presses("0");
    assert!(phone.fx.is_empty());
}

#[test]
fn without_room_the_caller_hears_it_before_any_tone() {
    let mut phone = Phone::diverted(false, Admission::NoDisk, Settings::default());
    phone.said(Line::DepositUnavailable);
    assert!(!phone.words().contains(&Phrase::Line(Line::LeaveMessage)));
    phone.hears(Event::PlayDone);
    phone.said(Line::Goodbye);
    phone.hears(Event::PlayDone);
    assert_eq!(phone.fx, [Effect::HangUp]);
}

#[test]
fn hash_ends_the_recording_and_offers_the_review() {
    let mut phone = Phone::caller();
    phone.presses("#");
    phone.hears(Event::PlayDone);
    phone.presses("5");
    assert!(phone.fx.is_empty(), "other keys belong to the message");
    phone.presses("#");
    assert_eq!(phone.fx, [Effect::StopRecord]);
    phone.recorded(RecordEnd::Stopped, 10);
    assert_eq!(
        phone.words(),
        [
            Phrase::Choice(Line::ReviewAgain, Digit::D1),
            Phrase::Choice(Line::ReviewListen, Digit::D2),
            Phrase::Choice(Line::ReviewKeep, Digit::D3),
            Phrase::Choice(Line::RepeatChoices, Digit::Pound),
        ]
    );
}

#[test]
fn the_limits_of_a_recording_lead_to_the_review() {
    for (end, line) in [
        (RecordEnd::TooLong, Some(Line::RecordingTooLong)),
        (RecordEnd::Silence, None),
    ] {
        let mut phone = Phone::caller();
        phone.presses("#");
        phone.hears(Event::PlayDone);
        phone.recorded(end, 180);
        phone.is_in("deposit.review");
        let first = phone.words().remove(0);
        let expected = match line {
            Some(line) => Phrase::Line(line),
            None => Phrase::Choice(Line::ReviewAgain, Digit::D1),
        };
        assert_eq!(first, expected);
    }
}

#[test]
fn hanging_up_while_recording_keeps_the_message() {
    let mut phone = Phone::caller();
    phone.presses("#");
    phone.hears(Event::PlayDone);
    assert_eq!(phone.hangs_up(), [Effect::Keep]);
}

#[test]
fn hanging_up_before_the_recording_keeps_nothing() {
    assert_eq!(Phone::caller().hangs_up(), []);
    let mut phone = Phone::caller();
    phone.presses("#");
    assert_eq!(phone.hangs_up(), []);
}

#[test]
fn one_in_the_review_erases_and_records_again() {
    let mut phone = Phone::caller();
    phone.reviews();
    phone.presses("1");
    assert_eq!(
        phone.fx,
        [
            Effect::StopPlay,
            Effect::Discard,
            Effect::Play(vec![Phrase::Beep])
        ]
    );
    phone.hears(Event::PlayDone);
    phone.is_in("deposit.recording");
}

#[test]
fn two_in_the_review_plays_the_message_and_the_keys_still_work() {
    let mut phone = Phone::caller();
    phone.reviews();
    phone.presses("2");
    phone.did(&Effect::PlayTake);
    phone.hears(Event::PlayBegan);
    phone.presses("2");
    assert_eq!(phone.fx, [Effect::StopPlay, Effect::PlayTake]);
    phone.presses("3");
    assert_eq!(phone.fx, [Effect::StopPlay, Effect::Keep]);
}

#[test]
fn three_in_the_review_keeps_and_says_so_only_when_it_is_true() {
    let receipt = vec![
        Phrase::Line(Line::ReceiptLength),
        Phrase::Say(Say::Length(Duration::from_secs(10))),
        Phrase::Line(Line::ReceiptFor),
        Phrase::Say(Say::Number(DialString::parse("2001").unwrap())),
    ];
    for (outcome, line, receipt) in [
        (Ok(()), Line::MessageKept, receipt),
        (Err(KeepFault::Disk), Line::MessageNotKept, Vec::new()),
    ] {
        let mut phone = Phone::caller();
        phone.reviews();
        phone.presses("3");
        assert_eq!(phone.fx, [Effect::StopPlay, Effect::Keep]);
        phone.hears(Event::Kept(outcome));
        let told = [vec![Phrase::Line(line)], receipt].concat();
        let told = [told, vec![Phrase::Line(Line::Goodbye)]].concat();
        assert_eq!(phone.words(), told);
        phone.hears(Event::PlayDone);
        assert_eq!(phone.fx, [Effect::HangUp]);
    }
}

#[test]
fn hanging_up_in_the_review_keeps_the_message_once() {
    let mut phone = Phone::caller();
    phone.reviews();
    assert_eq!(phone.hangs_up(), [Effect::Keep]);
    let mut phone = Phone::caller();
    phone.reviews();
    phone.presses("2");
    assert_eq!(phone.hangs_up(), [Effect::Keep]);
    let mut phone = Phone::caller();
    phone.reviews();
    phone.presses("3");
    assert_eq!(phone.hangs_up(), []);
}

#[test]
fn hash_in_the_review_repeats_the_menu() {
    let mut phone = Phone::caller();
    phone.reviews();
    let menu = phone.words();
    phone.presses("#");
    assert_eq!(phone.words(), menu);
    assert_eq!(phone.fx[0], Effect::StopPlay);
}

#[test]
fn zero_in_the_review_keeps_the_message_before_the_transfer() {
    let mut phone = Phone::caller();
    phone.reviews();
    phone.presses("0");
    assert_eq!(phone.fx, [Effect::StopPlay, Effect::Keep]);
    phone.hears(Event::Kept(Ok(())));
    phone.said(Line::MessageKept);
    phone.hears(Event::PlayDone);
    let assistant = profile(true).assistant.clone().unwrap();
    assert_eq!(phone.fx, [Effect::Transfer(assistant)]);
}

#[test]
fn three_wrong_or_silent_answers_keep_the_message() {
    let mut phone = Phone::caller();
    phone.reviews();
    phone.presses("9");
    phone.said(Line::NotAChoice);
    phone.hears(Event::PlayDone);
    assert_eq!(phone.fx, [Effect::AwaitKey(Duration::from_secs(6))]);
    phone.hears(Event::Timeout);
    phone.said(Line::NothingPressed);
    phone.hears(Event::PlayDone);
    phone.hears(Event::Timeout);
    assert_eq!(phone.fx, [Effect::Keep]);
}

#[test]
fn a_menu_may_have_its_own_patience() {
    let mut phone = Phone::caller();
    phone.menus = Menus::parse("[review]\ntries = 1\nwait = 9\n").unwrap();
    phone.reviews();
    phone.hears(Event::PlayDone);
    assert_eq!(phone.fx, [Effect::AwaitKey(Duration::from_secs(9))]);
    phone.hears(Event::Timeout);
    assert_eq!(phone.fx, [Effect::Keep]);
}

#[test]
fn an_empty_recording_is_told_and_may_be_tried_again() {
    let mut phone = Phone::caller();
    phone.presses("#");
    for _ in 0..2 {
        phone.hears(Event::PlayDone);
        phone.presses("#");
        phone.recorded(RecordEnd::Stopped, 0);
        assert_eq!(phone.fx[0], Effect::Discard);
        phone.said(Line::RecordingTooShort);
        phone.is_in("deposit.beep");
    }
    phone.presses("#");
    assert_eq!(
        phone.fx,
        [Effect::Play(vec![Phrase::Beep])],
        "words skipped"
    );
    phone.hears(Event::PlayDone);
    phone.presses("#");
    phone.recorded(RecordEnd::Stopped, 0);
    phone.said(Line::Goodbye);
    phone.hears(Event::PlayDone);
    assert_eq!(phone.fx, [Effect::HangUp]);
}

#[test]
fn closing_down_keeps_what_is_recorded_and_says_goodbye() {
    let mut phone = Phone::caller();
    phone.presses("#");
    phone.hears(Event::PlayDone);
    phone.hears(Event::ServiceEnding);
    assert_eq!(phone.fx, [Effect::StopRecord]);
    phone.recorded(RecordEnd::Stopped, 10);
    assert_eq!(phone.fx, [Effect::Keep]);
    phone.hears(Event::Kept(Ok(())));
    let lines = [Line::MessageKept, Line::ServiceEnding, Line::Goodbye];
    assert_eq!(phone.words(), lines.map(Phrase::Line));
    phone.hears(Event::PlayDone);
    assert_eq!(phone.fx, [Effect::HangUp]);
}

#[test]
fn an_announcement_is_said_and_then_the_call_ends() {
    let words = vec![Phrase::Line(Line::NoSuchMailbox)];
    let flow = Conversation::announcement(words.clone());
    let mut phone = Phone::answered(flow, Settings::default());
    assert_eq!(phone.words(), words);
    phone.hears(Event::PlayDone);
    assert_eq!(phone.fx, [Effect::HangUp]);
}

#[test]
fn a_full_mailbox_is_told_in_its_own_words_and_no_tone_sounds() {
    let mut phone = Phone::diverted(true, Admission::MailboxFull, Settings::default());
    phone.said(Line::MailboxFull);
    assert!(!phone.words().contains(&Phrase::Line(Line::LeaveMessage)));
    phone.presses("#");
    assert_eq!(
        phone.words(),
        [Line::MailboxFull, Line::Goodbye].map(Phrase::Line)
    );
    let mut phone = Phone::diverted(true, Admission::MailboxFull, Settings::default());
    phone.presses("0");
    assert!(matches!(
        phone.fx[..],
        [Effect::StopPlay, Effect::Transfer(_)]
    ));
}

#[test]
fn a_recording_broken_off_by_the_disk_is_told_before_the_review() {
    let mut phone = Phone::caller();
    phone.presses("#");
    phone.hears(Event::PlayDone);
    phone.recorded(RecordEnd::CutOff, 4);
    assert_eq!(phone.words()[0], Phrase::Line(Line::RecordingCutOff));
    phone.is_in("deposit.review");
    phone.presses("3");
    phone.did(&Effect::Keep);
}

#[test]
fn a_recording_broken_off_at_once_is_not_kept_and_not_asked_for_again() {
    let mut phone = Phone::caller();
    phone.presses("#");
    phone.hears(Event::PlayDone);
    phone.recorded(RecordEnd::CutOff, 0);
    phone.did(&Effect::Discard);
    assert_eq!(
        phone.words(),
        [Line::MessageNotKept, Line::Goodbye].map(Phrase::Line)
    );
}
