//! What both sides agree on and change while the call runs: codecs, hold, late offers, transport
//! and session timers.

use crate::harness::call::USUAL;
use crate::harness::events::{CALL, KEY};
use crate::harness::sip::{Link, Request, sdp};
use crate::harness::sound::{self, speech};
use crate::harness::voice::EVENT_PT;
use crate::harness::{Call, Dial, Server, Setup, seconds};
use crate::steps::{CALLER, recording, skip_greeting};

const A_LAW: [(u8, &str); 2] = [(8, "PCMA/8000"), (EVENT_PT, "telephone-event/8000")];
const MU_LAW: [(u8, &str); 2] = [(0, "PCMU/8000"), (EVENT_PT, "telephone-event/8000")];

#[test]
fn a_change_of_codec_while_recording_keeps_one_message_without_a_break() {
    let server = Server::start();
    let dial = Dial::new(server.address(), "2001", CALLER).formats(&A_LAW);
    let mut call = recording(&server, dial);
    let (first, second) = (speech(2.5, 1), speech(2.5, 2));
    call.say(&first);
    let answer = call.offer_again(&MU_LAW, "sendrecv");
    assert_eq!(answer.status(), Some(200), "{}", answer.start);
    assert!(answer.body.contains("RTP/AVP 0"), "{}", answer.body);
    call.say(&second);
    call.hang_up();
    let message = server.await_messages("2001", 1).only();
    let first_at = sound::find(&message.sound, &first).expect("the A-law part");
    let second_at = sound::find(&message.sound, &second).expect("the mu-law part");
    let gap = second_at - first_at - 2.5;
    assert!((0.0..0.5).contains(&gap), "{gap} s between the parts");
}

#[test]
fn hold_and_resume_while_recording_keep_one_message() {
    let server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let (first, second) = (speech(2.0, 1), speech(2.0, 2));
    call.say(&first);
    let held = call.offer_again(&USUAL, "sendonly");
    assert!(held.body.contains("a=recvonly"), "{}", held.body);
    let inactive = call.offer_again(&USUAL, "inactive");
    assert!(inactive.body.contains("a=inactive"), "{}", inactive.body);
    call.voice().mute(true);
    call.wait(seconds(1.5));
    call.voice().mute(false);
    let resumed = call.offer_again(&USUAL, "sendrecv");
    assert_eq!(resumed.status(), Some(200), "{}", resumed.start);
    call.say(&second);
    call.hang_up();
    let message = server.await_messages("2001", 1).only();
    assert!(sound::find(&message.sound, &first).is_some());
    assert!(sound::find(&message.sound, &second).is_some());
}

#[test]
fn a_bad_offer_in_the_call_is_refused_and_the_call_goes_on() {
    let server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let first = speech(1.5, 1);
    call.say(&first);
    let refused = call.offer_again(&[(9, "G722/8000")], "sendrecv");
    assert_eq!(refused.status(), Some(488), "{}", refused.start);
    let second = speech(1.5, 2);
    call.say(&second);
    call.hang_up();
    let message = server.await_messages("2001", 1).only();
    assert!(sound::find(&message.sound, &second).is_some());
}

#[test]
fn a_call_that_leaves_the_offer_to_us_works_like_any_other() {
    let server = Server::start();
    let dial = Dial::new(server.address(), "2001", CALLER).late_offer();
    let mut call = dial.answered();
    assert!(call.answer.body.contains("m=audio"), "{}", call.answer.body);
    skip_greeting(&server, &mut call, 1);
    let said = speech(2.0, 1);
    call.say(&said);
    call.hang_up();
    let message = server.await_messages("2001", 1).only();
    assert!(sound::find(&message.sound, &said).is_some());
}

#[test]
fn a_call_over_tcp_works_like_one_over_udp() {
    let server = Server::start();
    let link = Link::tcp(server.address());
    let mut call = recording(&server, Dial::over(link, server.address(), "2001", CALLER));
    let said = speech(2.0, 1);
    call.say(&said);
    call.hang_up();
    let message = server.await_messages("2001", 1).only();
    assert!(sound::find(&message.sound, &said).is_some());
}

#[test]
fn a_mu_law_caller_is_heard_as_well() {
    let server = Server::start();
    let dial = Dial::new(server.address(), "2001", CALLER).formats(&MU_LAW);
    let mut call = recording(&server, dial);
    let said = speech(2.0, 1);
    call.say(&said);
    call.hang_up();
    let message = server.await_messages("2001", 1).only();
    assert!(sound::find(&message.sound, &said).is_some());
}

#[test]
fn a_session_timer_is_agreed_on_and_its_refresh_answered() {
    let server = Server::start();
    let mut call = Dial::new(server.address(), "2001", CALLER)
        .header("Supported: timer")
        .header("Session-Expires: 90;refresher=uac")
        .answered();
    let agreed = call
        .answer
        .header("session-expires")
        .unwrap_or_default()
        .to_owned();
    assert!(agreed.starts_with("90"), "{agreed:?}");
    assert!(agreed.contains("refresher=uac"), "{agreed:?}");
    let timer = ["Supported: timer", "Session-Expires: 90;refresher=uac"];
    let refreshed = call.request("UPDATE", &timer, None);
    assert_eq!(refreshed.status(), Some(200), "{}", refreshed.start);
    assert!(
        refreshed
            .header("session-expires")
            .is_some_and(|s| s.starts_with("90"))
    );
    call.hang_up();
}

#[test]
fn requests_within_a_call_are_answered() {
    let server = Server::start();
    let mut call = Dial::new(server.address(), "2001", CALLER).answered();
    assert_eq!(call.request("OPTIONS", &[], None).status(), Some(200));
    let odd = call.request("INFO", &[], Some(("application/x-odd", "?".to_owned())));
    assert_eq!(odd.status(), Some(415), "{}", odd.start);
    let unknown = call.request("MESSAGE", &[], Some(("text/plain", "hi".to_owned())));
    assert!(
        matches!(unknown.status(), Some(405 | 501)),
        "{}",
        unknown.start
    );
    // A CANCEL that comes after the answer changes nothing (RFC 3261 section 9.2).
    assert!(!call.is_over());
    call.hang_up();
}

#[test]
fn a_cancel_after_the_answer_changes_nothing() {
    let server = Server::start();
    let mut call = Dial::new(server.address(), "2001", CALLER).answered();
    let answer = call.cancel();
    assert!(
        matches!(answer.status(), Some(200 | 481)),
        "{}",
        answer.start
    );
    call.wait(seconds(0.5));
    assert!(!call.is_over());
    skip_greeting(&server, &mut call, 1);
    call.hang_up();
}

#[test]
fn a_key_sent_as_info_and_as_event_counts_once() {
    let server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let keys = |server: &Server, id: &str| -> String {
        let events = server.events_of(id);
        events
            .iter()
            .filter(|e| e.what() == KEY)
            .map(|e| e.text("key").to_owned())
            .collect()
    };
    let info = |call: &mut Call, kind: &'static str, body: &str| {
        let answer = call.request("INFO", &[], Some((kind, body.to_owned())));
        assert_eq!(answer.status(), Some(200), "{}", answer.start);
    };
    call.press("4");
    call.wait(seconds(1.0));
    info(
        &mut call,
        "application/dtmf-relay",
        "Signal=5\r\nDuration=160\r\n",
    );
    call.wait(seconds(1.0));
    info(&mut call, "application/dtmf", "6");
    call.wait(seconds(1.0));
    assert_eq!(keys(&server, call.id()), "#456", "each way alone counts");
    call.voice().press("7");
    info(
        &mut call,
        "application/dtmf-relay",
        "Signal=7\r\nDuration=160\r\n",
    );
    call.wait(seconds(1.0));
    assert_eq!(
        keys(&server, call.id()),
        "#4567",
        "one press by both ways is one"
    );
    call.hang_up();
}

#[test]
fn an_answer_that_is_never_acknowledged_is_repeated_and_then_given_up() {
    let server = Server::start_with(&Setup::new().line("sip", "t1_ms = 50"));
    let mut link = Link::udp(server.address());
    let offer = sdp(link.local().ip(), 4_000, &USUAL, "");
    let invite =
        Request::new("INVITE", "2001", server.address(), CALLER).body("application/sdp", offer);
    let text = invite.text(&link);
    link.send(&text);
    let (mut answers, mut given_up) = (0, false);
    while let Some(message) = link.receive(seconds(4.0)) {
        answers += usize::from(message.status() == Some(200));
        if message.status().is_none() && message.method() == "BYE" {
            given_up = true;
            link.send(&message.answer("200 OK", ""));
            break;
        }
    }
    assert!(answers >= 4, "{answers} answers");
    assert!(given_up, "a BYE ends the call (RFC 3261 section 13.3.1.4)");
    assert!(server.is_alive());
}

#[test]
fn a_repeated_request_gets_its_answer_again_and_does_nothing_twice() {
    let server = Server::start();
    let mut link = Link::udp(server.address());
    let offer = sdp(link.local().ip(), 4_000, &USUAL, "");
    let invite =
        Request::new("INVITE", "2001", server.address(), CALLER).body("application/sdp", offer);
    let text = invite.text(&link);
    let mut tags = Vec::new();
    for _ in 0..3 {
        link.send(&text);
        let answer = link
            .final_answer("INVITE", seconds(3.0))
            .expect("an answer");
        assert_eq!(answer.status(), Some(200), "{}", answer.start);
        tags.push(answer.header("to").map(str::to_owned));
    }
    tags.dedup();
    assert_eq!(tags.len(), 1, "one call: {tags:?}");
    let calls = server.events().iter().filter(|e| e.what() == CALL).count();
    assert_eq!(calls, 1);
}
