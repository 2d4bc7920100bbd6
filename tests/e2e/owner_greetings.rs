//! Greetings and absences that a subscriber sets with a real telephone, by what callers then hear.

use crate::harness::baresip::Baresip;
use crate::harness::events::{TAKE_BEGAN, TAKE_ENDED};
use crate::harness::linphone::Linphone;
use crate::harness::setup::PASSCODE;
use crate::harness::sound::{self, speech};
use crate::harness::{Call, Dial, Server, Setup, seconds};
use crate::steps::{CALLER, await_event, await_happened, await_line, await_said, says};

/// A caller who was diverted for this reason.
fn diverted(server: &Server, reason: &str) -> Call {
    Dial::new(server.address(), "2001", CALLER)
        .header(format!("Diversion: <sip:2001@127.0.0.1>;reason={reason}"))
        .answered()
}

/// What this caller hears until the tone, and whether it holds that line of the system.
fn greeting(server: &Server, reason: &str, line: &str) -> (Vec<i16>, bool) {
    let mut call = diverted(server, reason);
    await_event(server, &mut call, TAKE_BEGAN, 1);
    let systems = says(server, call.id(), line);
    (call.hang_up().heard(), systems)
}

#[test]
fn an_own_busy_greeting_is_for_callers_of_a_busy_line_until_it_is_erased() {
    let server = Server::start();
    let microphone = speech(120.0, 11);
    let mut phone = Baresip::start(server.address(), "2001", &microphone);
    phone.call("1233");
    phone.press(&format!("{PASSCODE}#321"));
    await_happened(&server, TAKE_BEGAN, 1);
    std::thread::sleep(seconds(4.0));
    phone.press("#");
    await_happened(&server, TAKE_ENDED, 1);
    await_said(&server, "recording-use", 1);
    phone.press("3");
    await_said(&server, "greeting-saved", 1);
    phone.hang_up();

    let (heard, _) = greeting(&server, "user-busy", "greeting-busy");
    let piece = sound::cut(&heard, 1.0, 1.5);
    assert!(sound::find(&microphone, piece).is_some(), "it is another");
    let (_, systems) = greeting(&server, "no-answer", "greeting-no-answer");
    assert!(systems, "the greeting of another reason");

    phone.call("1233");
    phone.press(&format!("{PASSCODE}#323"));
    await_said(&server, "greeting-standard", 1);
    phone.hang_up();
    let (_, systems) = greeting(&server, "user-busy", "greeting-busy");
    assert!(systems, "the greeting that was erased");
}

#[test]
fn who_is_away_without_messages_gets_none_and_is_reminded() {
    let server = Server::start();
    let mut phone = Linphone::start(server.address(), "2001", &speech(60.0, 12));
    let mut log_in = |nth: usize| {
        phone.call("1233");
        await_said(&server, "enter-passcode", nth);
        PASSCODE
            .chars()
            .chain(['#'])
            .for_each(|key| phone.press(key));
        await_said(&server, "main-greetings", nth);
        if nth == 1 {
            ['3', '4', '4'].into_iter().for_each(|key| phone.press(key));
            await_said(&server, "away-with-messages", 1);
            phone.press('6');
            await_said(&server, "away-without-messages", 1);
        }
        phone.hang_up();
    };
    log_in(1);
    let mut call = diverted(&server, "no-answer");
    await_line(&server, &mut call, "no-message-now");
    call.wait_for_end(seconds(30.0));
    assert!(says(&server, call.id(), "greeting-away"));
    assert!(
        !server.happened(call.id(), TAKE_BEGAN),
        "a message is taken"
    );
    let before = reminders(&server);
    log_in(2);
    assert_eq!(reminders(&server), before + 1, "the owner is not reminded");
}

/// How often an absence was told.
fn reminders(server: &Server) -> usize {
    let events = server.events();
    events.iter().filter(|e| e.says("away-is")).count()
}

#[test]
fn a_subscriber_whose_passcode_must_change_chooses_one_and_a_name_at_first() {
    let setup = Setup::new().line("passcodes", "change_initial = true");
    let server = Server::start_with(&setup);
    let mut phone = Baresip::start(server.address(), "2001", &speech(120.0, 13));
    phone.call("1233");
    phone.press(&format!("{PASSCODE}#"));
    await_said(&server, "passcode-due", 1);
    phone.press("1234#");
    await_said(&server, "passcode-run", 1);
    phone.press("7294#");
    await_said(&server, "repeat-passcode", 1);
    phone.press("7294#");
    await_said(&server, "passcode-changed", 1);
    await_said(&server, "main-greetings", 1);
    phone.hang_up();
    phone.call("1233");
    phone.press("7294#");
    await_said(&server, "main-greetings", 2);
    phone.hang_up();
}
