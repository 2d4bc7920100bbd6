//! Who gets into a mailbox: passcodes, the log-in from the greeting, and whose word about a
//! caller's identity counts.

use crate::harness::events::{CALL, KEY, PROMPT};
use crate::harness::sip::Link;
use crate::harness::sound::{self, speech};
use crate::harness::{Call, Dial, Server, Setup, seconds};
use crate::steps::{
    CALLER, await_event, await_line, leave_message, playing_in, says, type_passcode,
};
use std::net::Ipv4Addr;

/// A source that is no trusted peer.
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

#[test]
fn three_wrong_passcodes_end_in_goodbye_and_no_log_shows_them() {
    let server = Server::start_with(&Setup::new().line("log", "level = \"trace\""));
    let mut call = Dial::new(server.address(), "1233", "2001").answered();
    for nth in 1..=3 {
        call.wait_until("the passcode is asked for", seconds(15.0), |call| {
            let events = server.events_of(call.id());
            let asked = events.iter().filter(|e| e.says("enter-passcode")).count();
            (asked >= nth).then_some(())
        });
        call.press("8642#");
        call.wait(seconds(0.3));
    }
    call.wait_for_end(seconds(15.0));
    assert!(says(&server, call.id(), "goodbye"));
    assert!(!says(&server, call.id(), "main-voicemail"), "nobody got in");
    let keys: Vec<_> = server.events_of(call.id());
    let keys: Vec<_> = keys.iter().filter(|e| e.what() == KEY).collect();
    assert_eq!(keys.len(), 15, "{keys:?}");
    assert!(keys.iter().all(|e| e.text("key") == "x"), "{keys:?}");
    assert!(!server.printed().contains("8642"), "a passcode in the log");
}

#[test]
fn star_in_the_greeting_leads_the_owner_to_the_messages() {
    let server = Server::start();
    let said = speech(3.0, 1);
    leave_message(&server, "2001", CALLER, &said);
    server.await_messages("2001", 1);
    let mut call = Dial::new(server.address(), "2001", "0209999999").answered();
    await_event(&server, &mut call, PROMPT, 1);
    call.press("*");
    await_line(&server, &mut call, "enter-passcode");
    type_passcode(&mut call);
    await_line(&server, &mut call, "main-voicemail");
    call.press("11");
    call.wait_until("a message plays", seconds(15.0), |call| {
        playing_in(&server, call.id()).then_some(())
    });
    call.wait(seconds(7.0));
    let heard = call.hang_up().heard();
    assert!(sound::find(&heard, &said).is_some());
}

#[test]
fn a_strangers_word_about_diversions_does_not_count() {
    let server = Server::start();
    let link = Link::udp_from(STRANGER, server.address());
    let mut call = Dial::over(link, server.address(), "1233", "0201111111")
        .header("Diversion: <sip:2002@pbx.example>;reason=no-answer")
        .answered();
    await_event(&server, &mut call, PROMPT, 1);
    let events = server.events_of(call.id());
    let arrived = events.iter().find(|e| e.what() == CALL).expect("a call");
    assert_eq!(arrived.text("route"), "portal", "{arrived:?}");
    call.hang_up();
}

#[test]
fn a_stranger_is_no_subscriber_whatever_the_headers_say() {
    let server = Server::start();
    let link = Link::udp_from(STRANGER, server.address());
    let mut call = Dial::over(link, server.address(), "1233", "2001")
        .header("P-Asserted-Identity: <sip:2001@pbx.example>")
        .answered();
    await_line(&server, &mut call, "enter-mailbox");
    assert!(
        !says(&server, call.id(), "enter-passcode"),
        "the mailbox is not known"
    );
    call.press("2001#");
    await_line(&server, &mut call, "enter-passcode");
    type_passcode(&mut call);
    await_line(&server, &mut call, "main-voicemail");
    call.hang_up();
}

#[test]
fn a_trusted_peer_that_asserts_a_subscriber_opens_that_mailbox() {
    let server = Server::start();
    let mut call = Dial::new(server.address(), "*62", "0201111111")
        .header("P-Asserted-Identity: <sip:2002@pbx.example>")
        .answered();
    await_line(&server, &mut call, "enter-passcode");
    assert!(!says(&server, call.id(), "enter-mailbox"));
    call.hang_up();
}

#[test]
fn a_withheld_caller_leaves_a_message_without_a_number() {
    let server = Server::start();
    let dial = Dial::new(server.address(), "2001", "0612345678").header("Privacy: id");
    let mut call = crate::steps::recording(&server, dial);
    call.say(&speech(2.0, 1));
    call.hang_up();
    let message = server.await_messages("2001", 1).only();
    assert!(!message.mentions("0612345678"), "{:?}", message.headers);
}

#[test]
fn too_many_wrong_passcodes_lock_the_mailbox_across_calls() {
    let server = Server::start();
    for _ in 0..2 {
        let mut call = Dial::new(server.address(), "1233", "2001").answered();
        for nth in 1..=3 {
            if await_passcode_prompt(&server, &mut call, nth) {
                call.press("8642#");
            }
        }
        call.wait_for_end(seconds(15.0));
    }
    let mut call = Dial::new(server.address(), "1233", "2001").answered();
    await_line(&server, &mut call, "enter-passcode");
    type_passcode(&mut call);
    call.wait(seconds(2.0));
    assert!(
        !says(&server, call.id(), "main-voicemail"),
        "the right passcode during a lock"
    );
    call.hang_up();
    let mut other = Dial::new(server.address(), "1233", "2002").answered();
    await_line(&server, &mut other, "enter-passcode");
    type_passcode(&mut other);
    await_line(&server, &mut other, "main-voicemail");
    other.hang_up();
}

/// Waits until the passcode is asked for the nth time; `false` when the call ends instead.
fn await_passcode_prompt(server: &Server, call: &mut Call, nth: usize) -> bool {
    call.wait_until(
        "the passcode is asked for, or the call ends",
        seconds(15.0),
        |call| {
            let events = server.events_of(call.id());
            let asked = events.iter().filter(|e| e.says("enter-passcode")).count();
            (asked >= nth || call.is_over()).then_some(asked >= nth)
        },
    )
}

#[test]
fn an_unknown_mailbox_sounds_like_a_wrong_passcode() {
    let server = Server::start();
    let lines = ["2001", "7777"].map(|mailbox| {
        let link = Link::udp_from(STRANGER, server.address());
        let mut call = Dial::over(link, server.address(), "1233", "0201111111").answered();
        await_line(&server, &mut call, "enter-mailbox");
        call.press(&format!("{mailbox}#"));
        await_line(&server, &mut call, "enter-passcode");
        call.press("8642#");
        await_line(&server, &mut call, "login-wrong");
        let id = call.id().to_owned();
        call.hang_up();
        let events = server.events_of(&id);
        let prompts = events.iter().filter(|e| e.what() == PROMPT);
        prompts
            .map(|e| e.0["lines"].to_string())
            .collect::<Vec<_>>()
    });
    assert_eq!(lines[0], lines[1]);
}
