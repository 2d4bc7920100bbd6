//! A subscriber records greetings with a real telephone; callers whom the PBX diverted, each for a
//! reason of its own, tell by what they hear which greeting is whose.

use crate::harness::baresip::Baresip;
use crate::harness::events::TAKE_BEGAN;
use crate::harness::linphone::Linphone;
use crate::harness::person::Telephone;
use crate::harness::sound::{self, speech};
use crate::harness::{Person, Server, seconds};
use crate::steps::{await_event, await_line, diverted, says, skip_greeting};

/// Reasons of diversion, each with the line of the greeting that everybody has for it.
const BUSY: (&str, &str) = ("user-busy", "greeting-busy");
const NO_ANSWER: (&str, &str) = ("no-answer", "greeting-no-answer");

/// A caller whom this reason brings to voicemail hears this subscriber's own words up to the tone.
fn assert_own(server: &Server, (reason, line): (&str, &str), words: &[i16]) {
    let mut call = diverted(server, reason);
    await_event(server, &mut call, TAKE_BEGAN, 1);
    assert!(!says(server, call.id(), line), "{line} beside the own one");
    let heard = call.hang_up().heard();
    let length = sound::length(&heard);
    assert!(
        sound::shares_a_second(&heard, words),
        "{reason}: {length} s"
    );
}

/// A caller whom this reason brings to voicemail hears what everybody's callers hear.
fn assert_standard(server: &Server, (reason, line): (&str, &str), words: &[i16]) {
    let mut call = diverted(server, reason);
    await_line(server, &mut call, line);
    await_event(server, &mut call, TAKE_BEGAN, 1);
    let heard = call.hang_up().heard();
    assert!(!sound::shares_a_second(&heard, words), "{reason}");
}

/// At one of the greetings: records it and puts it to use.
fn record<T: Telephone>(owner: &mut Person<'_, T>) {
    owner.presses("1");
    owner.hears("greeting-speak");
    owner.speaks(3.0);
    owner.hears("recording-use");
    owner.presses("3");
    owner.hears("greeting-saved");
}

#[test]
fn a_busy_greeting_recorded_with_baresip_is_for_a_busy_line_alone_until_it_is_erased() {
    let server = Server::start();
    let words = speech(60.0, 9);
    let phone = Baresip::start(server.address(), "2001", &words);
    let mut anna = Person::new(&server, phone);
    anna.logs_in();
    anna.presses("32");
    anna.hears("greeting-standard");
    record(&mut anna);
    anna.hangs_up();
    assert_own(&server, BUSY, &words);
    assert_standard(&server, NO_ANSWER, &words);

    anna.logs_in();
    anna.presses("32");
    anna.hears("greeting-own");
    anna.presses("3");
    anna.hears("greeting-standard");
    anna.hangs_up();
    assert_standard(&server, BUSY, &words);
}

#[test]
fn a_no_answer_greeting_recorded_with_linphone_is_for_no_answer_alone_until_it_is_erased() {
    let server = Server::start();
    let words = speech(45.0, 7);
    let phone = Linphone::start(server.address(), "2001", &words);
    let mut anna = Person::new(&server, phone);
    anna.logs_in();
    anna.hears("main-voicemail");
    anna.presses("1");
    anna.hears("no-messages");
    anna.presses("3");
    anna.hears("greeting-standard");
    record(&mut anna);
    anna.hangs_up();
    assert_own(&server, NO_ANSWER, &words);
    assert_standard(&server, BUSY, &words);

    anna.logs_in();
    anna.hears("main-voicemail");
    anna.presses("33");
    anna.hears("greeting-own");
    anna.presses("3");
    anna.hears("greeting-standard");
    anna.hangs_up();
    assert_standard(&server, NO_ANSWER, &words);
}

#[test]
fn who_is_away_without_messages_gets_none_and_is_reminded_until_it_is_switched_off() {
    let server = Server::start();
    let words = speech(60.0, 9);
    let phone = Baresip::start(server.address(), "2001", &words);
    let mut anna = Person::new(&server, phone);
    anna.logs_in();
    anna.presses("34");
    anna.hears("away-is, is-off");
    record(&mut anna);
    anna.presses("4");
    anna.hears("away-is, is-on");
    anna.presses("6");
    anna.hears("away-without-messages");
    anna.hangs_up();

    let mut call = diverted(&server, "no-answer");
    let id = call.id().to_owned();
    await_line(&server, &mut call, "goodbye");
    call.wait_for_end(seconds(15.0));
    assert!(!server.happened_in_all(&id, TAKE_BEGAN), "it was recorded");
    assert!(sound::shares_a_second(&call.voice().heard(), &words));
    assert_eq!(server.mailbox("2001").count(), 0);

    anna.logs_in();
    anna.hears("away-is, is-on, main-voicemail");
    anna.presses("345");
    anna.hears("away-is, is-off");
    anna.hangs_up();
    let mut call = diverted(&server, "no-answer");
    skip_greeting(&server, &mut call, 1);
    call.say(&speech(2.0, 1));
    call.hang_up();
    server.await_messages("2001", 1);
    anna.logs_in();
    anna.hears("main-voicemail");
    assert!(!anna.was_told("away-is"), "reminded of nothing");
    anna.hangs_up();
}
