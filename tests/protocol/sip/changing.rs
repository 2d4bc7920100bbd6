//! Requests inside a call: re-INVITE, UPDATE, INFO, OPTIONS.

use super::phone::*;
use belpost::base::Digit;
use belpost::sip::{Command, Event, Refusal};

fn offer_again(phone: &mut Phone, method: &str) -> String {
    let extra = format!("Contact: <sip:ann@192.0.2.1:5099>\r\n{SDP}");
    phone.request(method, &extra, OFFER)
}

#[test]
fn a_re_invite_is_answered_acknowledged_and_moves_the_target() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    let again = offer_again(&mut phone, "INVITE");
    world.receive(&again);
    world.response(100);
    let offer = Some(OFFER.to_owned());
    assert_eq!(world.event(), Event::OfferedAgain { call, offer });
    let description = ANSWER.to_owned();
    world.command(Command::AnswerAgain { call, description });
    let ok = world.response(200);
    assert_eq!((ok.header("CSeq"), ok.body()), ("2 INVITE", ANSWER));
    world.wait(millis(500));
    world.response(200);
    let ack = phone.ack();
    world.receive(&ack);
    world.wait(seconds(10));
    world.silent();
    world.uneventful();
    world.command(Command::Bye(call));
    let bye = world.request("BYE");
    assert_eq!(bye.uri(), "sip:ann@192.0.2.1:5099");
    assert_eq!(bye.to, address("192.0.2.1:5099"));
}

#[test]
fn a_re_invite_without_offer_gets_ours_and_answers_in_the_ack() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    let again = phone.request("INVITE", CONTACT, "");
    world.receive(&again);
    world.response(100);
    assert_eq!(world.event(), Event::OfferedAgain { call, offer: None });
    let description = ANSWER.to_owned();
    world.command(Command::AnswerAgain { call, description });
    world.response(200);
    let ack = phone.request("ACK", SDP, OFFER);
    world.receive(&ack);
    let answer = Some(OFFER.to_owned());
    assert_eq!(world.event(), Event::Acknowledged { call, answer });
}

#[test]
fn a_refused_change_leaves_the_call_as_it_was() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    for method in ["INVITE", "UPDATE"] {
        let again = offer_again(&mut phone, method);
        world.receive(&again);
        if method == "INVITE" {
            world.response(100);
        }
        assert!(matches!(world.event(), Event::OfferedAgain { .. }));
        let refusal = Refusal {
            status: 488,
            retry_after: None,
            why: "",
        };
        world.command(Command::RefuseAgain { call, refusal });
        world.response(488);
    }
    world.command(Command::Bye(call));
    let sent: Vec<_> = world.sent.iter().map(|s| s.uri().to_owned()).collect();
    assert_eq!(sent, ["sip:ann@192.0.2.1:5070"]);
}

#[test]
fn an_update_with_an_offer_is_answered_by_the_call_layer() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    let update = offer_again(&mut phone, "UPDATE");
    world.receive(&update);
    world.silent();
    let offer = Some(OFFER.to_owned());
    assert_eq!(world.event(), Event::OfferedAgain { call, offer });
    let description = ANSWER.to_owned();
    world.command(Command::AnswerAgain { call, description });
    assert_eq!(world.response(200).body(), ANSWER);
    world.wait(seconds(5));
    world.silent();
}

#[test]
fn an_update_without_an_offer_is_answered_at_once() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    up(&mut world, &mut phone);
    let update = phone.request("UPDATE", CONTACT, "");
    world.receive(&update);
    world.response(200);
    world.receive(&update);
    world.response(200);
    world.uneventful();
}

#[test]
fn a_second_offer_while_one_is_open_is_put_off() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    let first = offer_again(&mut phone, "INVITE");
    world.receive(&first);
    world.response(100);
    world.event();
    for method in ["INVITE", "UPDATE"] {
        let second = offer_again(&mut phone, method);
        world.receive(&second);
        let wait: u32 = world.response(500).header("Retry-After").parse().unwrap();
        assert!(wait <= 10);
    }
    world.uneventful();
    let description = ANSWER.to_owned();
    world.command(Command::AnswerAgain { call, description });
    assert_eq!(world.response(200).header("CSeq"), "2 INVITE");
    let third = offer_again(&mut phone, "INVITE");
    world.receive(&third);
    world.response(491);
}

#[test]
fn an_offer_before_the_first_answer_is_put_off() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("");
    world.receive(&invite);
    world.response(100);
    let call = world.invite().call;
    world.command(Command::Ring(call));
    phone.to_tag = Some(world.response(180).tag("To"));
    let update = offer_again(&mut phone, "UPDATE");
    world.receive(&update);
    world.response(500).header("Retry-After");
}

#[test]
fn a_request_out_of_order_is_refused() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    phone.cseq = 10;
    let info = phone.request("INFO", "", "");
    world.receive(&info);
    world.response(200);
    phone.cseq = 4;
    for method in ["INFO", "UPDATE", "INVITE", "BYE"] {
        let late = phone.request(method, CONTACT, "");
        world.receive(&late);
        world.response(500).header("Retry-After");
    }
    phone.cseq = 11;
    hang_up(&mut world, &mut phone, call);
}

#[test]
fn a_cancelled_re_invite_leaves_the_call_up() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    let again = offer_again(&mut phone, "INVITE");
    world.receive(&again);
    world.response(100);
    world.event();
    world.receive(&phone.again("CANCEL", "", ""));
    world.response(200);
    world.response(487);
    world.receive(&phone.again("ACK", "", ""));
    let description = ANSWER.to_owned();
    world.command(Command::AnswerAgain { call, description });
    world.silent();
    world.uneventful();
    hang_up(&mut world, &mut phone, call);
    world.is_empty_in_the_end();
}

#[test]
fn a_bye_closes_a_pending_re_invite() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    let again = offer_again(&mut phone, "INVITE");
    world.receive(&again);
    world.response(100);
    world.event();
    let bye = phone.request("BYE", "", "");
    world.receive(&bye);
    assert_eq!(world.response(487).header("CSeq"), "2 INVITE");
    assert_eq!(world.event(), Event::Bye { call });
    world.command(Command::ByeDone(call));
    assert_eq!(world.response(200).header("CSeq"), "3 BYE");
    world.is_empty_in_the_end();
}

#[test]
fn keys_come_in_info() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    let cases = [
        (
            "application/dtmf-relay",
            "Signal=5\r\nDuration=160",
            Digit::D5,
        ),
        ("application/dtmf", "#", Digit::Pound),
    ];
    for (kind, body, digit) in cases {
        let info = phone.request("INFO", &format!("Content-Type: {kind}"), body);
        world.receive(&info);
        world.response(200);
        world.receive(&info);
        world.response(200);
        assert_eq!(world.event(), Event::InfoDigit { call, digit });
        world.uneventful();
    }
    let cases = [
        ("", "", 200),
        ("Content-Type: text/plain", "5", 415),
        ("Content-Type: application/dtmf", "x", 400),
        ("Info-Package: foo", "", 469),
    ];
    for (extra, body, status) in cases {
        let info = phone.request("INFO", extra, body);
        world.receive(&info);
        world.response(status);
    }
    world.uneventful();
}

#[test]
fn options_in_a_call_says_what_we_can() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    up(&mut world, &mut phone);
    let options = phone.request("OPTIONS", "", "");
    world.receive(&options);
    let ok = world.response(200);
    assert!(ok.header("Accept").contains("application/sdp"));
}
