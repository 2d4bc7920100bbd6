//! What a subscriber does beyond hearing messages: going on where one was stopped, speeds, sending,
//! and deleting all of them.

use super::{Phone, id};
use crate::base::{DialString, MailboxId};
use crate::flow::{Effect, Entry, Event, Sending};
use crate::mailbox::{Command, Fault, Listing, Reply, Summary};
use crate::media::{RecordEnd, Speed};
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Change, Services};
use std::sync::Arc;
use std::time::Duration;

const STOPPED: Duration = Duration::from_secs(9);

/// A subscriber who stopped message 0 there the last time, before the words of the first message.
fn stopped() -> Phone {
    let mut phone = Phone::subscriber(Entry::Messages);
    let mut services = Services::default();
    services.apply(&Change::Position(id(0), Some(STOPPED)));
    let owner = MailboxId::parse("2001").unwrap();
    phone.book.set(owner, Arc::new(services));
    phone.presses("1234#");
    phone.accepted();
    phone.listed(2);
    phone
}

/// A subscriber at the menu after one message from this number.
fn after_a_message(change: impl FnOnce(&mut Summary)) -> Phone {
    let mut phone = Phone::subscriber(Entry::Messages);
    phone.presses("1234#");
    phone.accepted();
    let mut message = super::message(0);
    change(&mut message);
    phone.stands(Listing {
        messages: vec![message],
        ..Listing::default()
    });
    phone.presses("6");
    phone.is_in("portal.between");
    phone
}

fn from_22(message: &mut Summary) {
    message.caller = DialString::parse("22").ok();
}

fn to_22() -> Sending {
    Sending {
        to: vec![MailboxId::parse("22").unwrap()],
        recorded: true,
        forwarded: None,
        urgent: false,
        private: false,
    }
}

fn says_resumed(phone: &Phone) -> bool {
    phone.words().contains(&Phrase::Line(Line::ResumedMessage))
}

/// Speaks after the tone and ends it with `#`.
fn speaks(phone: &mut Phone) {
    phone.hears(Event::PlayDone);
    phone.presses("#");
    phone.recorded(RecordEnd::Stopped, 5);
    phone.is_in("portal.sending");
}

#[test]
fn a_message_that_was_stopped_goes_on_there_and_that_is_said() {
    let mut phone = stopped();
    phone.said(Line::ResumedMessage);
    phone.hears(Event::PlayDone);
    phone.did(&Effect::PlayMessage(id(0), STOPPED));
}

#[test]
fn key_4_in_the_words_before_it_has_it_begin_anew() {
    let mut phone = stopped();
    phone.presses("1");
    phone.said(Line::ResumedMessage);
    phone.presses("4");
    assert!(!says_resumed(&phone));
    phone.presses("3");
    phone.did(&Effect::PlayMessage(id(0), Duration::ZERO));
}

#[test]
fn hearing_it_again_and_every_other_message_begin_at_the_beginning() {
    let mut phone = stopped();
    phone.presses("62");
    phone.did(&Effect::PlayMessage(id(0), Duration::ZERO));
    phone.hears(Event::PlayBegan);
    phone.presses("0");
    assert!(!says_resumed(&phone));
    phone.hears(Event::PlayDone);
    phone.did(&Effect::PlayMessage(id(1), Duration::ZERO));
}

#[test]
fn keys_8_and_9_change_the_speed_for_the_rest_of_the_call() {
    let mut phone = Phone::hearing(0, 2);
    for (key, speed) in [
        ("9", Speed::Brisk),
        ("9", Speed::Fast),
        ("9", Speed::Double),
        ("8", Speed::Fast),
        ("8", Speed::Brisk),
        ("8", Speed::Normal),
        ("8", Speed::Slow),
    ] {
        phone.presses(key);
        assert_eq!(phone.fx, [Effect::Speed(speed)]);
    }
    phone.presses("8");
    assert_eq!(phone.fx, [], "there is no slower");
    phone.presses("0");
    phone.is_in("portal.intro");
    phone.presses("9");
    phone.did(&Effect::Speed(Speed::Normal));
    phone.is_in("portal.intro");
}

#[test]
fn a_reply_goes_to_whoever_left_the_message() {
    let mut phone = after_a_message(from_22);
    phone.presses("91");
    phone.said(Line::MessageSpeak);
    speaks(&mut phone);
    phone.presses("1");
    phone.did(&Effect::Send(to_22()));
    phone.hears(Event::Sent(Ok(())));
    phone.did(&Effect::Discard);
    phone.said(Line::MessageSent);
    phone.is_in("portal.between");
}

#[test]
fn nobody_can_be_answered_who_is_no_subscriber_or_withheld_the_number() {
    for caller in [DialString::parse("0612345678").ok(), None] {
        let mut phone = after_a_message(|message| message.caller = caller);
        phone.presses("91");
        phone.said(Line::CannotReply);
        phone.is_in("portal.between");
    }
}

#[test]
fn a_message_is_forwarded_with_what_was_recorded_before_it() {
    let mut phone = after_a_message(from_22);
    phone.presses("9222#");
    phone.said(Line::IntroductionSpeak);
    speaks(&mut phone);
    phone.presses("561");
    phone.did(&Effect::Send(Sending {
        forwarded: Some(id(0)),
        urgent: true,
        private: true,
        ..to_22()
    }));
}

#[test]
fn a_private_message_is_told_as_such_and_not_forwarded() {
    let mut phone = after_a_message(|message| message.private = true);
    phone.presses("92");
    phone.said(Line::CannotForward);
    phone.is_in("portal.between");
    phone.presses("*1");
    phone.said(Line::PrivateMessage);
}

#[test]
fn hanging_up_before_a_message_is_sent_drops_it_and_after_that_sends_it() {
    let mut phone = after_a_message(from_22);
    phone.presses("91");
    speaks(&mut phone);
    assert_eq!(phone.hangs_up(), [Effect::Discard]);

    let mut phone = after_a_message(from_22);
    phone.presses("91");
    speaks(&mut phone);
    phone.presses("1");
    phone.is_in("portal.posting");
    // The order is given; the call only drops its own copy of the recording.
    assert_eq!(phone.hangs_up(), [Effect::Discard]);
}

#[test]
fn all_messages_are_deleted_by_one_command_and_removed_at_the_end() {
    let mut phone = Phone::subscriber(Entry::Main);
    phone.presses("1234#");
    phone.accepted();
    phone.presses("1");
    phone.listed(3);
    phone.presses("7");
    phone.said(Line::DeleteAllAsk);
    phone.presses("1");
    let all = Command::DeleteAll([0, 1, 2].map(id).into());
    phone.did(&Effect::Mail(all.clone()));
    phone.hears(Event::Mail(Reply::Failed(all.clone(), Fault::Unavailable)));
    phone.said(Line::ChangeFailed);
    phone.presses("71");
    phone.done(all);
    phone.said(Line::AllDeleted);
    phone.said(Line::NoMessages);
    assert_eq!(phone.hangs_up(), [Effect::Mail(Command::Expunge)]);
}
