//! Subscribers at the door of their mailbox, each with a real telephone: wrong passcodes in several
//! calls, what the operator does about them, and the first use.

use crate::harness::baresip::Baresip;
use crate::harness::linphone::Linphone;
use crate::harness::setup::PASSCODE;
use crate::harness::sound::{self, speech};
use crate::harness::{Dial, Person, Server, Setup, seconds};
use crate::steps::{CALLER, SEEN, await_line, reset, subscriber};

/// A passcode that is nobody's.
const WRONG: &str = "8642";
/// One that subscribers choose here, and one more.
const CHOSEN: &str = "7294";
const SECOND: &str = "3816";

/// Subscriber 2001 with a baresip.
fn anna(server: &Server) -> Person<'_, Baresip> {
    let phone = Baresip::start(server.address(), "2001", &speech(60.0, 9));
    Person::new(server, phone)
}

/// Enters so many wrong passcodes in a call.
fn mistypes(anna: &mut Person<'_, Baresip>, times: usize) {
    anna.logs_in_with(WRONG);
    for _ in 1..times {
        anna.hears("login-wrong, enter-passcode");
        anna.presses(&format!("{WRONG}#"));
    }
    anna.hears("login-wrong");
}

/// Five wrong passcodes, three in one call and two in the next: nobody gets in after that.
fn lock(anna: &mut Person<'_, Baresip>) {
    mistypes(anna, 3);
    anna.hears("goodbye");
    anna.is_hung_up_on();
    mistypes(anna, 2);
    anna.hangs_up();
    anna.logs_in();
    anna.hears("login-locked, goodbye");
    anna.is_hung_up_on();
}

/// Chooses a passcode where one is asked for.
fn chooses(anna: &mut Person<'_, Baresip>, passcode: &str) {
    anna.hears("enter-new-passcode");
    anna.presses(&format!("{passcode}#"));
    anna.hears("repeat-passcode");
    anna.presses(&format!("{passcode}#"));
    anna.hears("passcode-changed");
}

#[test]
fn wrong_passcodes_of_several_calls_lock_until_the_operator_unlocks() {
    let server = Server::start();
    let mut anna = anna(&server);
    lock(&mut anna);
    let told = subscriber(&server, &["unlock", "2001"]);
    assert_eq!(told.trim(), "2001: unlocked");
    std::thread::sleep(seconds(SEEN));
    anna.logs_in();
    anna.hears("main-voicemail");
    anna.hangs_up();
}

#[test]
fn a_reset_passcode_lifts_the_lock_and_must_be_changed_at_the_first_log_in() {
    let server = Server::start();
    let mut anna = anna(&server);
    lock(&mut anna);
    let passcode = reset(&server, "2001");
    std::thread::sleep(seconds(SEEN));
    anna.logs_in_with(&passcode);
    anna.hears("passcode-due, enter-new-passcode");
    assert!(!anna.was_told("main-voicemail"), "not before it is changed");
    anna.hangs_up();
    anna.logs_in_with(&passcode);
    anna.hears("passcode-due");
    chooses(&mut anna, CHOSEN);
    anna.hears("main-voicemail");
    anna.hangs_up();
    anna.logs_in_with(CHOSEN);
    anna.hears("main-voicemail");
    assert!(!anna.was_told("passcode-due"), "it was chosen");
    anna.hangs_up();
}

#[test]
fn a_passcode_of_the_configuration_must_be_changed_at_the_first_log_in() {
    let server = Server::start_with(&Setup::new().line("passcodes", "change_initial = true"));
    let mut anna = anna(&server);
    anna.logs_in();
    anna.hears("passcode-due, enter-new-passcode");
    anna.presses(&format!("{PASSCODE}#"));
    anna.hears("repeat-passcode");
    anna.presses(&format!("{PASSCODE}#"));
    anna.hears("passcode-used");
    assert!(!anna.was_told("main-voicemail"), "not with the old one");
    chooses(&mut anna, CHOSEN);
    anna.hears("name-speak");
    anna.presses("*");
    anna.hears("main-voicemail");
    anna.hangs_up();
    anna.logs_in();
    anna.hears("login-wrong, enter-passcode");
    anna.presses(&format!("{CHOSEN}#"));
    anna.hears("main-voicemail");
    assert!(!anna.was_told("passcode-due"), "it was chosen");
    anna.hangs_up();
}

#[test]
fn the_first_use_with_linphone_leads_through_passcode_and_name() {
    let server = Server::start_with(&Setup::new().without_passcode("2002"));
    let microphone = speech(60.0, 7);
    let phone = Linphone::start(server.address(), "2002", &microphone);
    let mut ben = Person::new(&server, phone);
    ben.calls("1233");
    ben.hears("first-welcome, enter-new-passcode");
    ben.presses(&format!("{SECOND}#"));
    ben.hears("repeat-passcode");
    ben.presses(&format!("{SECOND}#"));
    ben.hears("passcode-changed, skip-step, name-speak");
    ben.speaks(3.0);
    ben.hears("recording-use");
    ben.presses("3");
    ben.hears("name-saved, set-up-done, main-voicemail");
    ben.hangs_up();
    ben.logs_in_with(SECOND);
    ben.hears("main-voicemail");
    assert!(!ben.was_told("first-welcome"), "the second time");
    ben.hangs_up();

    let mut call = Dial::new(server.address(), "2002", CALLER).answered();
    await_line(&server, &mut call, "leave-message");
    call.wait(seconds(8.0));
    let heard = call.hang_up().heard();
    assert!(sound::shares_a_second(&heard, &microphone), "the name");
}
