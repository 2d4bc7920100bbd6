//! Calls we place.

use super::leaving::{reply, reply_tagged};
use super::phone::*;
use belpost::base::CallId;
use belpost::sip::{Command, EndReason, Event, PLACED_CALLS_FROM, Place, Transport};

const CALL: CallId = CallId(PLACED_CALLS_FROM);
const PEER: &str = "Contact: <sip:bob@192.0.2.1:5070>\r\nAllow: INVITE, UPDATE\r\n\
    Content-Type: application/sdp";

fn place(world: &mut World, transport: Transport) -> Sent {
    world.command(Command::Place(Place {
        call: CALL,
        destination: address(PHONE),
        transport,
        target: "sip:2002@pbx".to_owned(),
        from: "+31 20".to_owned(),
        headers: vec![("Diversion".to_owned(), "<sip:2001@pbx>\r\nX: y".to_owned())],
        offer: OFFER.to_owned(),
    }));
    world.request("INVITE")
}

fn ended(world: &mut World, reason: EndReason) {
    assert_eq!(world.event(), Event::Ended { call: CALL, reason });
    world.is_empty_in_the_end();
    world.uneventful();
}

fn answered(world: &mut World) -> Sent {
    let invite = place(world, Transport::Udp);
    world.receive(&reply(&invite, 200, PEER, ANSWER));
    let answer = ANSWER.to_owned();
    assert_eq!(world.event(), Event::Answered { call: CALL, answer });
    world.request("ACK");
    invite
}

#[test]
fn a_placed_call_rings_is_answered_and_acknowledged() {
    let mut world = World::new();
    let invite = place(&mut world, Transport::Udp);
    assert_eq!((invite.to, invite.uri()), (address(PHONE), "sip:2002@pbx"));
    assert!(
        invite
            .header("From")
            .starts_with("<sip:+31%2020@198.51.100.1>;tag=")
    );
    assert_eq!(invite.header("Diversion"), "<sip:2001@pbx>X: y");
    assert_eq!(invite.header("Session-Expires"), "1800");
    assert_eq!(invite.body(), OFFER);
    world.receive(&reply(&invite, 100, "", ""));
    world.uneventful();
    world.receive(&reply(&invite, 180, "", ""));
    world.receive(&reply(&invite, 183, "", ""));
    assert_eq!(world.event(), Event::Ringing { call: CALL });
    world.uneventful();
    let routes = "Record-Route: <sip:192.0.2.9;lr>, <sip:192.0.2.8;lr>\r\n";
    let ok = reply(&invite, 200, &format!("{routes}{PEER}"), ANSWER);
    world.receive(&ok);
    let answer = ANSWER.to_owned();
    assert_eq!(world.event(), Event::Answered { call: CALL, answer });
    let ack = world.request("ACK");
    assert_eq!(ack.header("CSeq"), "1 ACK");
    assert_eq!(ack.uri(), "sip:bob@192.0.2.1:5070");
    assert_eq!(
        ack.all("Route"),
        ["<sip:192.0.2.8;lr>", "<sip:192.0.2.9;lr>"]
    );
    assert_eq!(ack.to, address("192.0.2.8:5060"));
    assert_ne!(ack.header("Via"), invite.header("Via"));
    world.receive(&ok);
    assert_eq!(world.request("ACK").text, ack.text);
    world.uneventful();
    world.command(Command::Bye(CALL));
    let bye = world.request("BYE");
    assert_eq!(bye.header("CSeq"), "2 BYE");
    world.receive(&reply(&bye, 200, "", ""));
    ended(&mut world, EndReason::HungUp);
}

#[test]
fn an_invite_nobody_hears_is_repeated_and_given_up() {
    let mut world = World::new();
    place(&mut world, Transport::Udp);
    world.wait(seconds(32));
    let times: Vec<u128> = world.sent.iter().map(|s| s.at.as_millis()).collect();
    assert_eq!(times, [500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    ended(&mut world, EndReason::NoResponse);
}

#[test]
fn a_refusal_is_acknowledged_each_time_it_comes() {
    let mut world = World::new();
    let invite = place(&mut world, Transport::Udp);
    let busy = reply(&invite, 486, "", "");
    world.receive(&busy);
    world.receive(&busy);
    for _ in 0..2 {
        let ack = world.request("ACK");
        assert_eq!(ack.header("Via"), invite.header("Via"));
        assert!(ack.header("To").ends_with(";tag=peer"));
    }
    world.silent();
    ended(&mut world, EndReason::Refused(486));
}

#[test]
fn a_call_is_cancelled_once_it_was_heard() {
    let mut world = World::new();
    let invite = place(&mut world, Transport::Udp);
    world.command(Command::Cancel(CALL));
    world.command(Command::Cancel(CALL));
    world.silent();
    world.receive(&reply(&invite, 100, "", ""));
    let cancel = world.request("CANCEL");
    assert_eq!(cancel.header("Via"), invite.header("Via"));
    assert_eq!(cancel.header("CSeq"), "1 CANCEL");
    world.receive(&reply(&invite, 180, "", ""));
    world.receive(&reply(&cancel, 200, "", ""));
    world.silent();
    world.uneventful();
    world.receive(&reply(&invite, 487, "", ""));
    world.request("ACK");
    ended(&mut world, EndReason::Refused(487));
}

#[test]
fn an_answer_that_crosses_our_cancel_is_acknowledged_and_hung_up() {
    let mut world = World::new();
    let invite = place(&mut world, Transport::Udp);
    world.receive(&reply(&invite, 180, "", ""));
    world.event();
    world.command(Command::Cancel(CALL));
    world.request("CANCEL");
    world.receive(&reply(&invite, 200, PEER, ANSWER));
    world.request("ACK");
    let bye = world.request("BYE");
    world.receive(&reply(&bye, 200, "", ""));
    ended(&mut world, EndReason::HungUp);
}

#[test]
fn a_cancel_nobody_answers_ends_the_call() {
    let mut world = World::new();
    let invite = place(&mut world, Transport::Udp);
    world.receive(&reply(&invite, 180, "", ""));
    world.event();
    world.command(Command::Cancel(CALL));
    world.wait(seconds(33));
    ended(&mut world, EndReason::NoResponse);
}

#[test]
fn a_call_that_rings_for_ever_is_given_up() {
    let mut world = World::new();
    let invite = place(&mut world, Transport::Udp);
    world.receive(&reply(&invite, 180, "", ""));
    world.event();
    world.wait(seconds(300));
    world.request("CANCEL");
    world.wait(seconds(32));
    ended(&mut world, EndReason::NoResponse);
}

#[test]
fn the_second_answer_of_a_fork_is_turned_away() {
    let mut world = World::new();
    let invite = answered(&mut world);
    world.receive(&reply_tagged(&invite, 200, "other", PEER, ANSWER));
    let ack = world.request("ACK");
    let bye = world.request("BYE");
    assert!(ack.header("To").ends_with(";tag=other"));
    assert!(bye.header("To").ends_with(";tag=other"));
    world.receive(&reply(&bye, 200, "", ""));
    world.uneventful();
    assert_eq!(world.machine.calls(), 1);
}

#[test]
fn an_answer_without_description_is_no_answer() {
    let mut world = World::new();
    let invite = place(&mut world, Transport::Udp);
    world.receive(&reply(
        &invite,
        200,
        "Contact: <sip:bob@192.0.2.1:5070>",
        "",
    ));
    world.request("ACK");
    world.request("BYE");
    ended(&mut world, EndReason::Refused(488));
}

#[test]
fn too_small_an_interval_is_raised_once() {
    let mut world = World::new();
    let invite = place(&mut world, Transport::Udp);
    world.receive(&reply(&invite, 422, "Min-SE: 3600", ""));
    world.request("ACK");
    let again = world.request("INVITE");
    assert_eq!(again.header("Session-Expires"), "3600");
    assert_eq!(again.header("CSeq"), "2 INVITE");
    assert_eq!(again.header("Call-ID"), invite.header("Call-ID"));
    world.uneventful();
    world.receive(&reply(&again, 422, "Min-SE: 3600", ""));
    world.request("ACK");
    ended(&mut world, EndReason::Refused(422));
}

#[test]
fn the_callee_may_hang_up_and_change_the_session() {
    let mut world = World::new();
    let invite = answered(&mut world);
    let mut callee = Phone::new("callee");
    callee.cseq = 0;
    let (ours, theirs) = (invite.tag("From"), "peer");
    let speak = |text: String| {
        text.replacen("tag=ann-callee", &format!("tag={theirs}"), 1)
            .replacen(
                "To: <sip:2001@198.51.100.1>",
                &format!("To: <sip:x@h>;tag={ours}"),
                1,
            )
            .replacen("callee@192.0.2.1", invite.header("Call-ID"), 1)
    };
    let again = speak(callee.invite("")).replacen("CSeq: 1 ", "CSeq: 0 ", 1);
    world.receive(&again);
    world.response(100);
    assert!(matches!(world.event(), Event::OfferedAgain { .. }));
    let description = ANSWER.to_owned();
    world.command(Command::AnswerAgain {
        call: CALL,
        description,
    });
    world.response(200);
    let bye = speak(callee.request("BYE", "", ""));
    world.receive(&bye);
    assert_eq!(world.event(), Event::Bye { call: CALL });
    world.command(Command::ByeDone(CALL));
    world.response(200);
    world.is_empty_in_the_end();
}

#[test]
fn a_session_timer_of_the_callee_is_kept() {
    let mut world = World::new();
    let invite = place(&mut world, Transport::Udp);
    let timer = format!("Session-Expires: 400;refresher=uac\r\n{PEER}");
    world.receive(&reply(&invite, 200, &timer, ANSWER));
    world.event();
    world.request("ACK");
    world.wait(seconds(200));
    world.request("UPDATE");
}

#[test]
fn a_stream_that_breaks_before_anything_was_heard_ends_the_call() {
    let mut world = World::new();
    let invite = place(&mut world, Transport::Tcp);
    assert_eq!(
        (invite.transport, invite.connection),
        (Transport::Tcp, None)
    );
    world.wait(seconds(31));
    world.silent();
    world.wait(seconds(1));
    ended(&mut world, EndReason::NoResponse);
}

#[test]
fn a_place_that_cannot_be_is_reported() {
    let mut world = World::new();
    world.machine.drain(world.now);
    world.command(Command::Place(Place {
        call: CALL,
        destination: address(PHONE),
        transport: Transport::Udp,
        target: "sip:2002@pbx".to_owned(),
        from: "1".to_owned(),
        headers: Vec::new(),
        offer: OFFER.to_owned(),
    }));
    world.silent();
    ended(&mut world, EndReason::Refused(503));
}
