//! A call that arrives: rung, answered, acknowledged, cancelled or refused.

use super::phone::*;
use belpost::sip::{Command, EndReason, Event, Refusal};

#[test]
fn a_call_is_tried_rung_answered_and_acknowledged() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("Record-Route: <sip:proxy;lr>");
    world.receive(&invite);
    let trying = world.response(100);
    assert!(!trying.header("To").contains("tag="));
    let event = world.invite();
    assert_eq!(event.offer.as_deref(), Some(OFFER));
    world.command(Command::Ring(event.call));
    let ringing = world.response(180);
    assert_eq!(ringing.to, address(PHONE));
    world.answer(event.call);
    let ok = world.response(200);
    assert_eq!(ok.tag("To"), ringing.tag("To"));
    assert_eq!(ok.header("Contact"), "<sip:198.51.100.1:5060>");
    assert_eq!(ok.header("Record-Route"), "<sip:proxy;lr>");
    assert_eq!(ok.header("Content-Type"), "application/sdp");
    assert!(ok.header("Allow").contains("UPDATE"));
    assert_eq!(ok.body(), ANSWER);
    phone.to_tag = Some(ok.tag("To"));
    let ack = phone.ack();
    world.receive(&ack);
    world.receive(&ack);
    let acknowledged = Event::Acknowledged {
        call: event.call,
        answer: None,
    };
    assert_eq!(world.event(), acknowledged);
    world.wait(seconds(100));
    world.silent();
    world.uneventful();
    assert_eq!(world.machine.calls(), 1);
}

#[test]
fn a_repeated_invite_repeats_the_last_answer_and_no_event() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("");
    world.receive(&invite);
    world.response(100);
    world.receive(&invite);
    world.response(100);
    let call = world.invite().call;
    world.command(Command::Ring(call));
    world.response(180);
    world.receive(&invite);
    world.response(180);
    world.answer(call);
    world.response(200);
    world.receive(&invite);
    world.silent();
    world.uneventful();
}

#[test]
fn a_2xx_is_repeated_until_its_ack() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("");
    world.receive(&invite);
    let call = world.invite().call;
    world.answer(call);
    world.response(100);
    let ok = world.response(200);
    world.wait(millis(7_600));
    let times: Vec<u128> = world.sent.iter().map(|s| s.at.as_millis()).collect();
    assert_eq!(times, [500, 1_500, 3_500, 7_500]);
    phone.to_tag = Some(ok.tag("To"));
    let ack = phone.ack();
    world.receive(&ack);
    world.sent.clear();
    world.wait(seconds(60));
    world.silent();
}

#[test]
fn an_answer_that_is_never_acknowledged_ends_the_call_with_a_bye() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("");
    world.receive(&invite);
    let call = world.invite().call;
    world.answer(call);
    world.wait(millis(31_900));
    world.uneventful();
    world.sent.clear();
    world.wait(millis(100));
    let reason = EndReason::NoAck;
    assert_eq!(world.event(), Event::Ended { call, reason });
    let bye = world.request("BYE");
    assert_eq!(bye.header("CSeq"), "1 BYE");
    assert_eq!(bye.to, address(PHONE));
    world.is_empty_in_the_end();
    world.uneventful();
}

#[test]
fn a_late_offer_is_ours_and_its_answer_comes_with_the_ack() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.request("INVITE", CONTACT, "");
    world.receive(&invite);
    world.response(100);
    let event = world.invite();
    assert_eq!(event.offer, None);
    world.answer(event.call);
    let ok = world.response(200);
    phone.to_tag = Some(ok.tag("To"));
    let ack = phone.request("ACK", SDP, OFFER);
    world.receive(&ack);
    let acknowledged = Event::Acknowledged {
        call: event.call,
        answer: Some(OFFER.to_owned()),
    };
    assert_eq!(world.event(), acknowledged);
}

#[test]
fn a_cancelled_call_gets_487_until_its_ack() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("");
    world.receive(&invite);
    world.response(100);
    let call = world.invite().call;
    world.command(Command::Ring(call));
    let ringing = world.response(180);
    let cancel = phone.again("CANCEL", "", "");
    world.receive(&cancel);
    let ok = world.response(200);
    assert_eq!(ok.header("CSeq"), "1 CANCEL");
    assert_eq!(ok.tag("To"), ringing.tag("To"));
    let refused = world.response(487);
    assert_eq!(refused.header("CSeq"), "1 INVITE");
    let reason = EndReason::Cancelled;
    assert_eq!(world.event(), Event::Ended { call, reason });
    world.wait(millis(1_600));
    world.response(487);
    world.response(487);
    phone.to_tag = Some(refused.tag("To"));
    world.receive(&phone.again("ACK", "", ""));
    world.wait(seconds(3));
    world.silent();
    world.answer(call);
    world.silent();
    world.is_empty_in_the_end();
}

#[test]
fn a_cancel_that_crosses_the_answer_changes_nothing() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("");
    world.receive(&invite);
    world.response(100);
    let call = world.invite().call;
    world.answer(call);
    world.response(200);
    world.receive(&phone.again("CANCEL", "", ""));
    let ok = world.response(200);
    assert_eq!(ok.header("CSeq"), "1 CANCEL");
    world.silent();
    world.uneventful();
    assert_eq!(world.machine.calls(), 1);
}

#[test]
fn a_cancel_for_nothing_gets_481() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let cancel = phone.request("CANCEL", "", "");
    world.receive(&cancel);
    world.response(481);
}

#[test]
fn a_refusal_is_repeated_until_its_ack_or_64_t1() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("");
    world.receive(&invite);
    world.response(100);
    let call = world.invite().call;
    let refusal = Refusal {
        status: 488,
        retry_after: None,
        why: "no common codec",
    };
    world.command(Command::Refuse { call, refusal });
    let refused = world.response(488);
    assert_eq!(refused.header("Warning"), "399 belpost \"no common codec\"");
    assert_eq!(world.machine.calls(), 0);
    world.wait(seconds(33));
    let times: Vec<u128> = world.sent.iter().map(|s| s.at.as_millis()).collect();
    let expected = [
        500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ];
    assert_eq!(times, expected);
    world.is_empty_in_the_end();
}

#[test]
fn a_refusal_may_say_when_to_try_again() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("");
    world.receive(&invite);
    world.response(100);
    let call = world.invite().call;
    let refusal = Refusal {
        status: 503,
        retry_after: Some(seconds(7)),
        why: "",
    };
    world.command(Command::Refuse { call, refusal });
    let refused = world.response(503);
    assert_eq!(refused.header("Retry-After"), "7");
    assert!(refused.all("Warning").is_empty());
}

#[test]
fn a_redirected_caller_hears_where_to_go() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("");
    world.receive(&invite);
    world.response(100);
    let call = world.invite().call;
    let target = "sip:2002@pbx>\r\nX: y".to_owned();
    world.command(Command::Redirect { call, target });
    let moved = world.response(302);
    assert_eq!(moved.header("Contact"), "<sip:2002@pbxX:y>");
}

#[test]
fn a_ringing_call_says_so_every_minute_and_not_for_ever() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("");
    world.receive(&invite);
    world.response(100);
    let call = world.invite().call;
    world.command(Command::Ring(call));
    world.wait(seconds(299));
    let statuses: Vec<u16> = world.sent.iter().map(Sent::status).collect();
    assert_eq!(statuses, [180; 5]);
    world.wait(seconds(1));
    assert_eq!(world.sent.back().map(Sent::status), Some(487));
    let reason = EndReason::Cancelled;
    assert_eq!(world.event(), Event::Ended { call, reason });
    world.is_empty_in_the_end();
}

#[test]
fn an_invite_that_expires_is_refused_then() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("Expires: 20");
    world.receive(&invite);
    world.response(100);
    world.wait(seconds(19));
    world.silent();
    world.wait(seconds(1));
    world.response(487);
}

#[test]
fn on_a_stream_nothing_is_repeated_but_the_2xx() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    phone.transport = "TCP";
    let invite = phone.invite("");
    world.receive_on(7, "192.0.2.1:33000", &invite);
    let trying = world.response(100);
    assert_eq!(trying.connection.map(|c| c.0), Some(7));
    let call = world.invite().call;
    let refusal = Refusal {
        status: 404,
        retry_after: None,
        why: "",
    };
    world.command(Command::Refuse { call, refusal });
    world.response(404);
    world.wait(seconds(31));
    world.silent();
    world.is_empty_in_the_end();

    let mut phone = Phone::new("b");
    phone.transport = "TCP";
    let invite = phone.invite("");
    world.receive_on(7, "192.0.2.1:33000", &invite);
    world.response(100);
    let call = world.invite().call;
    world.answer(call);
    let ok = world.response(200);
    assert_eq!(
        ok.header("Contact"),
        "<sip:198.51.100.1:5060;transport=tcp>"
    );
    world.wait(millis(500));
    assert_eq!(world.response(200).connection.map(|c| c.0), Some(7));
    world.lose(7);
    world.wait(millis(1_000));
    let again = world.response(200);
    assert_eq!((again.connection, again.to), (None, address(PHONE)));
}
