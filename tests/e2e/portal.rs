//! The owner at 1233: hears what callers left, skips in it, saves and deletes. The telephone is
//! baresip, and what counts is the sound it heard.

use crate::harness::baresip::Baresip;
use crate::harness::events::PROMPT;
use crate::harness::setup::PASSCODE;
use crate::harness::sound::{self, speech};
use crate::harness::{Dial, Server, eventually, seconds};
use crate::steps::{CALLER, await_line, leave_message, playing, playing_in, type_passcode};

/// A baresip of subscriber 2001, its microphone open.
fn phone(server: &Server) -> Baresip {
    Baresip::start(server.address(), "2001", &speech(60.0, 9))
}

/// Logs in and asks for the messages; the first one plays when this returns.
fn to_messages(server: &Server, phone: &mut Baresip) {
    phone.call("1233");
    phone.press(&format!("{PASSCODE}#11"));
    eventually("a message plays", seconds(20.0), || {
        playing(server).then_some(())
    });
}

#[test]
fn the_owner_hears_at_1233_what_the_caller_said() {
    let server = Server::start();
    let said = speech(5.0, 1);
    leave_message(&server, "2001", CALLER, &said);
    server.await_messages("2001", 1);
    let mut phone = phone(&server);
    to_messages(&server, &mut phone);
    std::thread::sleep(seconds(9.0));
    phone.hang_up();
    let heard = phone.heard();
    assert!(
        sound::find(&heard, &said).is_some(),
        "{} s heard",
        sound::length(&heard)
    );
    let message = server.mailbox("2001").only();
    assert!(
        message.is_saved(),
        "a message heard counts as heard: {}",
        message.file
    );
}

#[test]
fn a_phone_leaves_a_message_that_holds_what_was_said_into_it() {
    let server = Server::start();
    let said = speech(60.0, 5);
    let mut phone = Baresip::start(server.address(), "0201234567", &said);
    phone.call("2001");
    std::thread::sleep(seconds(1.0));
    phone.press("#");
    std::thread::sleep(seconds(5.0));
    phone.hang_up();
    let message = server.await_messages("2001", 1).only();
    assert!(
        (3.0..6.0).contains(&message.length()),
        "{} s",
        message.length()
    );
    let middle = sound::cut(&message.sound, 0.5, 2.0);
    assert!(sound::find(&said, middle).is_some());
    let greeting = sound::cut(&phone.heard(), 0.2, 1.0).to_vec();
    assert!(!sound::is_silent(&greeting), "a greeting is heard");
}

#[test]
fn keys_3_and_1_skip_three_seconds_of_the_message() {
    let server = Server::start();
    let said = speech(16.0, 1);
    leave_message(&server, "2001", CALLER, &said);
    server.await_messages("2001", 1);
    let mut phone = phone(&server);
    to_messages(&server, &mut phone);
    std::thread::sleep(seconds(7.0));
    phone.press("3");
    std::thread::sleep(seconds(3.0));
    phone.press("1");
    std::thread::sleep(seconds(4.0));
    phone.hang_up();
    let jumps = jumps(&phone.heard(), &server.mailbox("2001").only().sound);
    let [forward, back] = jumps.as_slice() else {
        panic!("two jumps wanted: {jumps:?}");
    };
    assert!((forward - 3.0).abs() < 0.06, "{forward} s forward");
    assert!((back + 3.0).abs() < 0.06, "{back} s back");
}

/// How far playing moved against the clock each time it did, in seconds, from a look at every
/// half second of what was heard.
fn jumps(heard: &[i16], message: &[i16]) -> Vec<f64> {
    let mut shifts: Vec<f64> = Vec::new();
    let mut at = 0.0;
    while at + 0.5 < sound::length(heard) {
        let piece = sound::cut(heard, at, 0.5);
        if let Some(place) = sound::find(message, piece).filter(|_| !sound::is_silent(piece)) {
            let shift = place - at;
            if shifts
                .last()
                .is_none_or(|last: &f64| (last - shift).abs() > 0.2)
            {
                shifts.push(shift);
            }
        }
        at += 0.25;
    }
    shifts.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn key_7_deletes_the_message_when_the_owner_hangs_up() {
    let server = Server::start();
    leave_message(&server, "2001", CALLER, &speech(3.0, 1));
    let mailbox = server.await_messages("2001", 1);
    let mut phone = phone(&server);
    to_messages(&server, &mut phone);
    std::thread::sleep(seconds(3.0));
    phone.press("7");
    eventually("the deletion is said", seconds(5.0), || {
        said_in_any_call(&server, "message-deleted").then_some(())
    });
    phone.hang_up();
    eventually("the file is gone", seconds(5.0), || {
        (mailbox.count() == 0).then_some(())
    });
}

#[test]
fn hash_saves_the_message() {
    let server = Server::start();
    leave_message(&server, "2001", CALLER, &speech(3.0, 1));
    let mailbox = server.await_messages("2001", 1);
    assert!(mailbox.only().fresh, "a message nobody heard is new");
    let mut phone = phone(&server);
    to_messages(&server, &mut phone);
    std::thread::sleep(seconds(3.0));
    phone.press("#");
    eventually("the message is saved", seconds(5.0), || {
        mailbox
            .messages()
            .iter()
            .any(|m| m.is_saved() && !m.fresh)
            .then_some(())
    });
    phone.hang_up();
    let message = mailbox.only();
    assert_eq!(message.flags, "S", "{}", message.file);
}

#[test]
fn an_empty_mailbox_says_so_and_leaving_says_goodbye() {
    let server = Server::start();
    let mut phone = phone(&server);
    phone.call("1233");
    phone.press(&format!("{PASSCODE}#1"));
    eventually("no messages", seconds(10.0), || {
        said_in_any_call(&server, "no-messages").then_some(())
    });
    phone.press("*9");
    phone.await_hang_up(seconds(15.0));
    assert!(said_in_any_call(&server, "goodbye"));
}

fn said_in_any_call(server: &Server, line: &str) -> bool {
    server
        .events()
        .iter()
        .any(|e| e.what() == PROMPT && e.says(line))
}

#[test]
fn a_skip_is_exact_to_the_packet() {
    let server = Server::start();
    let said = speech(13.0, 1);
    leave_message(&server, "2001", CALLER, &said);
    server.await_messages("2001", 1);
    let mut call = Dial::new(server.address(), "*86", "2001").answered();
    await_line(&server, &mut call, "enter-passcode");
    type_passcode(&mut call);
    call.wait_until("a message plays", seconds(20.0), |call| {
        playing_in(&server, call.id()).then_some(())
    });
    call.wait(seconds(6.0));
    call.press("3");
    call.wait(seconds(2.0));
    call.press("1");
    call.wait(seconds(2.0));
    call.press("4");
    call.wait(seconds(2.0));
    let heard = call.hang_up().heard();
    let jumps = jumps(&heard, &server.mailbox("2001").only().sound);
    let [forward, back, start] = jumps.as_slice() else {
        panic!("three jumps wanted: {jumps:?}");
    };
    assert!((forward - 3.0).abs() <= 0.02, "{forward} s forward");
    assert!((back + 3.0).abs() <= 0.02, "{back} s back");
    assert!(*start < -4.0, "to the beginning: {start} s");
}

#[test]
fn key_2_holds_the_message_and_plays_on_where_it_was() {
    let server = Server::start();
    let said = speech(9.0, 1);
    leave_message(&server, "2001", CALLER, &said);
    server.await_messages("2001", 1);
    let mut call = Dial::new(server.address(), "*86", "2001").answered();
    await_line(&server, &mut call, "enter-passcode");
    type_passcode(&mut call);
    call.wait_until("a message plays", seconds(20.0), |call| {
        playing_in(&server, call.id()).then_some(())
    });
    call.wait(seconds(3.0));
    call.press("2");
    call.wait(seconds(2.0));
    call.press("2");
    call.wait(seconds(3.0));
    let heard = call.hang_up().heard();
    let jumps = jumps(&heard, &server.mailbox("2001").only().sound);
    let [held] = jumps.as_slice() else {
        panic!("one hold wanted: {jumps:?}");
    };
    assert!((-2.5..-1.9).contains(held), "{held} s against the clock");
}
