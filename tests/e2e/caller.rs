//! Callers with real telephones: the receipt at the end of a message, and lines that stay open with
//! nothing on them, or nothing but a busy tone.

use crate::harness::baresip::Baresip;
use crate::harness::events::{TAKE_BEGAN, TAKE_DROPPED, TAKE_KEPT};
use crate::harness::linphone::Linphone;
use crate::harness::person::Telephone;
use crate::harness::sound::{RATE, speech};
use crate::harness::{Person, Server};
use belpost::audio::tone;
use std::time::Duration;

/// The number of the callers, who are no subscribers.
const NUMBER: &str = "0201234567";

/// Calls subscriber 2001, skips the greeting, and is at the recording.
fn at_the_recording<T: Telephone>(caller: &mut Person<'_, T>) {
    caller.calls("2001");
    caller.hears("greeting-reached");
    caller.presses("#");
    caller.hears(TAKE_BEGAN);
}

#[test]
fn who_keeps_a_message_hears_how_long_it_is_and_for_whom() {
    let server = Server::start();
    let phone = Baresip::start(server.address(), NUMBER, &speech(60.0, 5));
    let mut caller = Person::new(&server, phone);
    at_the_recording(&mut caller);
    caller.stays(5.0);
    caller.presses("#");
    caller.hears("review-keep");
    caller.presses("3");
    caller.hears("message-kept, receipt-length");
    let said = caller.hears_number();
    caller.hears("receipt-for, number 2001, goodbye");
    caller.is_hung_up_on();
    let length = server.await_messages("2001", 1).only().length();
    assert!((said - length).abs() <= 1.0, "{said} s said of {length} s");
    assert!((4.0..7.0).contains(&length), "{length} s");
}

/// A line that stays open for four seconds of a recording, then hangs up: no message.
fn assert_no_message<T: Telephone>(server: &Server, phone: T) {
    let mut caller = Person::new(server, phone);
    at_the_recording(&mut caller);
    caller.stays(4.0);
    caller.hangs_up();
    assert!(caller.was_told(TAKE_DROPPED), "not dropped");
    assert!(!caller.was_told(TAKE_KEPT), "kept");
    assert_eq!(server.mailbox("2001").count(), 0);
}

#[test]
fn a_silent_line_of_baresip_is_no_message() {
    let server = Server::start();
    let phone = Baresip::start(server.address(), NUMBER, &vec![0; 60 * RATE]);
    assert_no_message(&server, phone);
}

#[test]
fn the_busy_tone_of_a_line_of_linphone_is_no_message() {
    let server = Server::start();
    let half = Duration::from_millis(500);
    let sounding = tone::sine(425.0, -12.0, half, 8_000).samples;
    let busy = [&sounding[..], &[0; 4_000]].concat().repeat(60);
    let phone = Linphone::start(server.address(), NUMBER, &busy);
    assert_no_message(&server, phone);
}
