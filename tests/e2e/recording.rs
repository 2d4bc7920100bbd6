//! Leaving a message: what counts as one, and what the keys of the review do. The caller is a
//! telephone made by hand, so that every moment is known.

use crate::harness::events::{TAKE_BEGAN, TAKE_DROPPED, TAKE_KEPT};
use crate::harness::sound::{self, speech};
use crate::harness::{Dial, Server, Setup, seconds};
use crate::steps::{CALLER, await_event, await_line, recording, says, to_review};

#[test]
fn key_1_in_the_review_erases_and_records_again() {
    let server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let (first, second) = (speech(2.0, 1), speech(4.0, 2));
    call.say(&first);
    to_review(&server, &mut call, 1);
    call.press("1");
    await_event(&server, &mut call, TAKE_BEGAN, 2);
    call.say(&second);
    to_review(&server, &mut call, 2);
    call.press("3");
    call.wait_for_end(seconds(15.0));
    let message = server.await_messages("2001", 1).only();
    assert!(
        (4.0..4.8).contains(&message.length()),
        "{} s",
        message.length()
    );
    assert!(sound::find(&message.sound, &second).is_some());
    assert!(sound::find(&message.sound, &first).is_none());
    assert!(server.happened(call.id(), TAKE_DROPPED));
}

#[test]
fn key_2_in_the_review_plays_what_was_said() {
    let server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let said = speech(3.0, 1);
    call.say(&said);
    to_review(&server, &mut call, 1);
    call.press("2");
    call.wait(seconds(4.5));
    let id = call.id().to_owned();
    let heard = call.hang_up().heard();
    assert!(
        sound::find(&heard, &said).is_some(),
        "{} s heard",
        sound::length(&heard)
    );
    assert!(server.happened(&id, TAKE_KEPT));
    server.await_messages("2001", 1);
}

#[test]
fn too_short_a_recording_is_no_message() {
    let server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let id = call.id().to_owned();
    call.say(&speech(0.5, 1));
    call.hang_up();
    assert!(server.happened(&id, TAKE_DROPPED));
    assert!(!server.happened(&id, TAKE_KEPT));
    assert_eq!(server.mailbox("2001").count(), 0);
}

#[test]
fn a_recording_without_a_word_is_no_message() {
    let server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let id = call.id().to_owned();
    call.wait(seconds(3.0));
    call.hang_up();
    assert!(server.happened(&id, TAKE_DROPPED));
    assert_eq!(server.mailbox("2001").count(), 0);
}

#[test]
fn silence_and_the_longest_length_lead_to_the_review_and_keep_the_message() {
    let setup = Setup::new()
        .line("deposit", "silence_s = 2")
        .line("deposit", "max_message_s = 6");
    let server = Server::start_with(&setup);

    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    call.say(&speech(2.0, 1));
    await_line(&server, &mut call, "review-keep");
    call.hang_up();

    let mut call = recording(&server, Dial::new(server.address(), "2002", CALLER));
    call.say(&speech(7.0, 2));
    await_line(&server, &mut call, "recording-too-long");
    call.hang_up();

    let fell_silent = server.await_messages("2001", 1).only();
    assert!(
        (2.0..5.0).contains(&fell_silent.length()),
        "{} s",
        fell_silent.length()
    );
    let too_long = server.await_messages("2002", 1).only();
    assert!(
        (5.9..6.1).contains(&too_long.length()),
        "{} s",
        too_long.length()
    );
}

#[test]
fn the_caller_hears_a_greeting_and_a_beep_before_the_recording() {
    let server = Server::start();
    let mut call = Dial::new(server.address(), "2002", CALLER).answered();
    await_event(&server, &mut call, TAKE_BEGAN, 1);
    let heard = call.voice().heard();
    assert!(sound::length(&heard) > 2.0, "{} s", sound::length(&heard));
    assert!(!sound::is_silent(sound::cut(&heard, 0.5, 1.5)));
    assert!(says(&server, call.id(), "leave-message"));
    call.hang_up();
}

#[test]
fn a_stream_that_breaks_off_keeps_the_message() {
    let server = Server::start_with(&Setup::new().line("media", "rtp_timeout_s = 5"));
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    call.say(&speech(3.0, 1));
    call.voice().mute(true);
    call.wait_for_end(seconds(20.0));
    let message = server.await_messages("2001", 1).only();
    assert!(message.length() >= 2.9, "{} s", message.length());
}
