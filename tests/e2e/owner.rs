//! A subscriber who never read a manual, at 1233 with two real telephones: the main paths of the
//! portal, told by what callers then hear and what the server then has.

use crate::harness::baresip::Baresip;
use crate::harness::events::{TAKE_BEGAN, TAKE_ENDED};
use crate::harness::linphone::Linphone;
use crate::harness::setup::PASSCODE;
use crate::harness::sound::{self, speech};
use crate::harness::{Dial, Server, seconds};
use crate::steps::{CALLER, await_happened, await_said};

/// Calls and hears the greeting; what was heard until the tone.
fn greeting(server: &Server) -> Vec<i16> {
    let mut call = Dial::new(server.address(), "2001", CALLER).answered();
    crate::steps::await_event(server, &mut call, TAKE_BEGAN, 1);
    call.hang_up().heard()
}

#[test]
fn a_name_recorded_with_linphone_is_in_the_greeting() {
    let server = Server::start();
    let microphone = speech(120.0, 7);
    let mut phone = Linphone::start(server.address(), "2001", &microphone);
    phone.call("1233");
    await_said(&server, "enter-passcode", 1);
    for key in PASSCODE.chars().chain(['#']) {
        phone.press(key);
    }
    await_said(&server, "main-greetings", 1);
    phone.press('3');
    await_said(&server, "greetings-name", 1);
    phone.press('1');
    await_said(&server, "name-none", 1);
    phone.press('1');
    await_happened(&server, TAKE_BEGAN, 1);
    std::thread::sleep(seconds(3.0));
    phone.press('#');
    await_happened(&server, TAKE_ENDED, 1);
    await_said(&server, "recording-use", 1);
    phone.press('3');
    await_said(&server, "name-saved", 1);
    phone.hang_up();
    let heard = greeting(&server);
    assert!(
        shares_a_second(&heard, &microphone),
        "the caller hears the name as it was said, in {} s",
        sound::length(&heard)
    );
}

/// Whether some second of what was heard is a second of what was said. The level of a greeting is
/// brought to that of the prompts, which correlation does not mind.
fn shares_a_second(heard: &[i16], said: &[i16]) -> bool {
    let mut at = 0.0;
    while at + 1.0 < sound::length(heard) {
        let piece = sound::cut(heard, at, 1.0);
        if !sound::is_silent(piece) && sound::find(said, piece).is_some() {
            return true;
        }
        at += 0.2;
    }
    false
}

#[test]
fn forwarding_set_with_baresip_is_read_back_and_stored() {
    let server = Server::start();
    let mut phone = Baresip::start(server.address(), "2001", &speech(60.0, 9));
    phone.call("1233");
    phone.press(&format!("{PASSCODE}#42"));
    await_said(&server, "busy-is", 1);
    phone.press("1");
    await_said(&server, "enter-destination", 1);
    phone.press("0612345678#");
    await_said(&server, "confirm-yes", 1);
    phone.press("1");
    await_said(&server, "is-on-to", 1);
    phone.hang_up();
    let (code, shown) = server.command(&["subscriber", "show", "2001"]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("0612345678"), "{shown}");

    // It is heard among what is active, in another call.
    phone.call("1233");
    phone.press(&format!("{PASSCODE}#7"));
    await_said(&server, "is-on-to", 2);
    phone.hang_up();
}

#[test]
fn a_passcode_changed_with_baresip_opens_the_mailbox_and_the_old_one_does_not() {
    let server = Server::start();
    let mut phone = Baresip::start(server.address(), "2001", &speech(60.0, 9));
    phone.call("1233");
    phone.press(&format!("{PASSCODE}#8"));
    await_said(&server, "enter-new-passcode", 1);
    phone.press("1111#");
    await_said(&server, "passcode-repeats", 1);
    phone.press("7294#");
    await_said(&server, "repeat-passcode", 1);
    phone.press("7294#");
    await_said(&server, "passcode-changed", 1);
    phone.hang_up();
    phone.call("1233");
    phone.press(&format!("{PASSCODE}#"));
    await_said(&server, "login-wrong", 1);
    phone.press("7294#");
    await_said(&server, "main-greetings", 3);
    phone.hang_up();
    let logged = server.printed();
    assert!(!logged.contains("7294"), "a passcode is in the log");
    assert!(
        !server.events().iter().any(|e| e.says("7294")),
        "a passcode is in the event log"
    );
}
