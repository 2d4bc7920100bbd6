//! A subscriber who never read a manual, at 1233 with two real telephones: name, forwarding,
//! passcode and what is active, told by what callers then hear and what the server then has.

use crate::harness::baresip::Baresip;
use crate::harness::events::TAKE_BEGAN;
use crate::harness::linphone::Linphone;
use crate::harness::sound::{self, speech};
use crate::harness::{Dial, Person, Server};
use crate::steps::{CALLER, await_event, subscriber};

/// Calls and hears the greeting; what was heard until the tone.
fn greeting(server: &Server) -> Vec<i16> {
    let mut call = Dial::new(server.address(), "2001", CALLER).answered();
    await_event(server, &mut call, TAKE_BEGAN, 1);
    call.hang_up().heard()
}

/// Subscriber 2001 with a baresip.
fn anna(server: &Server) -> Person<'_, Baresip> {
    let phone = Baresip::start(server.address(), "2001", &speech(60.0, 9));
    Person::new(server, phone)
}

#[test]
fn a_name_recorded_with_linphone_is_in_the_greeting() {
    let server = Server::start();
    let microphone = speech(45.0, 7);
    let phone = Linphone::start(server.address(), "2001", &microphone);
    let mut anna = Person::new(&server, phone);
    anna.logs_in();
    anna.hears("main-greetings");
    anna.presses("3");
    anna.hears("greetings-name");
    anna.presses("1");
    anna.hears("name-none");
    anna.presses("1");
    anna.speaks(3.0);
    anna.hears("recording-use");
    anna.presses("3");
    anna.hears("name-saved");
    anna.hangs_up();
    let heard = greeting(&server);
    assert!(
        sound::shares_a_second(&heard, &microphone),
        "the caller hears the name as it was said, in {} s",
        sound::length(&heard)
    );
}

#[test]
fn forwarding_set_with_baresip_is_read_back_and_stored() {
    let server = Server::start();
    let mut anna = anna(&server);
    anna.logs_in();
    anna.presses("42");
    anna.hears("busy-is");
    anna.presses("1");
    anna.hears("enter-destination");
    anna.presses("0612345678#");
    anna.hears("confirm-yes");
    anna.presses("1");
    anna.hears("is-on-to");
    anna.hangs_up();
    let shown = subscriber(&server, &["show", "2001"]);
    assert!(shown.contains("0612345678"), "{shown}");
}

#[test]
fn key_7_reads_back_in_another_call_all_that_was_set() {
    let server = Server::start();
    let mut anna = anna(&server);
    anna.logs_in();
    anna.presses("7");
    anna.hears("nothing-active, main-voicemail");
    anna.presses("43");
    anna.hears("no-answer-is, is-off");
    anna.presses("1");
    anna.hears("enter-destination");
    anna.presses("0612345678#");
    anna.hears("confirm-yes");
    anna.presses("1");
    anna.hears("no-answer-is, is-on-to");
    anna.presses("*5");
    anna.hears("rings-are, enter-rings");
    anna.presses("7");
    anna.hears("rings-are");
    anna.presses("*344");
    anna.hears("away-is, is-on");
    anna.hangs_up();

    anna.logs_in();
    anna.hears("away-is, is-on, main-voicemail");
    anna.presses("7");
    anna.hears("no-answer-is, is-on-to, rings-are, away-is, is-on, away-with-messages");
    anna.hangs_up();
}

#[test]
fn a_passcode_changed_with_baresip_opens_the_mailbox_and_the_old_one_does_not() {
    let server = Server::start();
    let mut anna = anna(&server);
    anna.logs_in();
    anna.presses("8");
    anna.hears("enter-new-passcode");
    anna.presses("1111#");
    anna.hears("passcode-repeats");
    anna.presses("7294#");
    anna.hears("repeat-passcode");
    anna.presses("7294#");
    anna.hears("passcode-changed");
    anna.hangs_up();
    anna.logs_in();
    anna.hears("login-wrong");
    anna.presses("7294#");
    anna.hears("main-greetings");
    anna.hangs_up();
    let logged = server.printed();
    assert!(!logged.contains("7294"), "a passcode is in the log");
    assert!(
        !server.events().iter().any(|e| e.says("7294")),
        "a passcode is in the event log"
    );
}
