//! A PBX hands over calls: every way to say a diversion ends in one message, and a caller who
//! hangs up early loses nothing but what was never said. The caller is SIPp.

use crate::harness::events::{TAKE_BEGAN, TAKE_KEPT};
use crate::harness::mailbox::VoiceMessage;
use crate::harness::sipp::{Sipp, pcap_sound, pcaps};
use crate::harness::sound::{self, speech};
use crate::harness::{Server, eventually, seconds};
use crate::steps::CALLER;

/// What the scenario leaves between the start of the recording and the first word, and between
/// the last word and its key, in seconds.
const SLACK: f64 = 2.0;

/// How a call reaches voicemail.
struct Handover {
    uri: &'static str,
    divert: &'static str,
}

const BY_DIVERSION: Handover = Handover {
    uri: "sip:voicemail@pbx.example",
    divert: "Diversion: <sip:2001@pbx.example>;reason=no-answer;counter=1",
};

fn caller(server: &Server, scenario: &str, handover: &Handover) -> Sipp {
    let keys = [
        ("uri", handover.uri),
        ("to", "2001"),
        ("divert", handover.divert),
        ("caller", CALLER),
        ("pcap", "/usr/share/sip-tester/g711a.pcap"),
    ];
    Sipp::new(scenario, server.address(), &keys)
}

fn assert_diverted(handover: &Handover, reason: &str) {
    let server = Server::start();
    let said = speech(4.0, 1);
    caller(&server, "deposit.xml", handover).saying(&said).run();
    let message = server.await_messages("2001", 1).only();
    assert_message(&message, &said);
    assert_eq!(message.header("x-belpost-diversion"), reason);
    assert_eq!(server.mailbox("2002").count(), 0);
    assert_eq!(
        server
            .events()
            .iter()
            .filter(|e| e.what() == TAKE_KEPT)
            .count(),
        1
    );
}

fn assert_message(message: &VoiceMessage, said: &[i16]) {
    let length = message.length();
    let wanted = sound::length(said);
    assert!((wanted..wanted + SLACK).contains(&length), "{length} s");
    let at = sound::find(&message.sound, said).expect("what was said is in the message");
    assert!(at < SLACK, "the words begin at {at} s");
    assert!(
        message.header("from").contains(CALLER),
        "{:?}",
        message.headers
    );
    let said_length: f64 = message.header("content-duration").parse().expect("seconds");
    assert!(
        (said_length - length).abs() <= 1.0,
        "{said_length} for {length} s"
    );
}

#[test]
fn a_call_diverted_by_diversion_leaves_one_message() {
    assert_diverted(&BY_DIVERSION, "no-answer");
}

#[test]
fn a_call_diverted_by_history_info_leaves_one_message() {
    let handover = Handover {
        uri: "sip:voicemail@pbx.example;cause=486",
        divert: "History-Info: <sip:2001@pbx.example>;index=1, \
                 <sip:voicemail@pbx.example;cause=486>;index=1.1",
    };
    assert_diverted(&handover, "user-busy");
}

#[test]
fn a_call_diverted_by_target_and_cause_leaves_one_message() {
    let handover = Handover {
        uri: "sip:voicemail@pbx.example;target=sip:2001%40pbx.example;cause=302",
        divert: "X-Way: RFC 4458",
    };
    assert_diverted(&handover, "unconditional");
}

#[test]
fn keys_as_telephone_events_lead_through_a_deposit() {
    let server = Server::start();
    caller(&server, "keys-by-rtp.xml", &BY_DIVERSION).run();
    let message = server.await_messages("2001", 1).only();
    let played = pcap_sound(&pcaps().join("g711a.pcap"));
    assert!(
        sound::find(&message.sound, &played).is_some(),
        "{} s",
        message.length()
    );
}

#[test]
fn hanging_up_in_the_greeting_leaves_no_message() {
    let server = Server::start();
    caller(&server, "deposit.xml", &BY_DIVERSION)
        .saying(&speech(4.0, 1))
        .set("in_greeting", "1")
        .run();
    assert!(server.is_alive());
    assert!(server.events().iter().all(|e| e.what() != TAKE_BEGAN));
    assert_eq!(server.mailbox("2001").count(), 0);
}

#[test]
fn hanging_up_while_recording_keeps_the_message() {
    assert_kept_once("in_recording");
}

#[test]
fn hanging_up_in_the_review_keeps_the_message() {
    assert_kept_once("in_review");
}

#[test]
fn hanging_up_after_keeping_keeps_the_message_once() {
    assert_kept_once("after_keeping");
}

fn assert_kept_once(phase: &str) {
    let server = Server::start();
    let said = speech(4.0, 1);
    caller(&server, "deposit.xml", &BY_DIVERSION)
        .saying(&said)
        .set(phase, "1")
        .run();
    let mailbox = server.await_messages("2001", 1);
    assert_message(&mailbox.only(), &said);
    eventually("the outbox is empty", seconds(5.0), || {
        server
            .events()
            .iter()
            .any(|e| e.what() == TAKE_KEPT)
            .then_some(())
    });
    assert_eq!(mailbox.count(), 1);
}
