//! What is refused, and with what.

use super::phone::*;

#[test]
fn options_outside_a_call_says_what_we_can() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let options = phone.request("OPTIONS", "", "");
    world.receive(&options);
    let ok = world.response(200);
    assert_eq!(
        ok.header("Allow"),
        "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, SUBSCRIBE, NOTIFY"
    );
    assert_eq!(ok.header("Allow-Events"), "message-summary");
    assert_eq!(ok.header("Supported"), "timer");
    assert!(ok.header("Accept").starts_with("application/sdp"));
    assert_eq!(world.machine.transactions(), 0);
}

#[test]
fn known_methods_get_405_and_unknown_ones_501() {
    let mut world = World::new();
    let cases = [
        ("MESSAGE", 405),
        ("NOTIFY", 481),
        ("REGISTER", 405),
        ("REFER", 405),
        ("PUBLISH", 405),
        ("PRACK", 405),
        ("NEWMETHOD", 501),
        ("invite", 501),
        ("BYE", 481),
        ("INFO", 481),
        ("UPDATE", 481),
    ];
    for (method, status) in cases {
        let mut phone = Phone::new(method);
        let request = phone.request(method, CONTACT, "");
        world.receive(&request);
        let refused = world.response(status);
        assert_eq!(refused.all("Allow").is_empty(), status == 481);
        let tag = refused.tag("To");
        assert!(!tag.is_empty());
        world.receive(&request);
        assert_eq!(world.response(status).tag("To"), tag);
    }
    assert_eq!(world.machine.transactions(), 0);
}

#[test]
fn requests_for_a_call_we_do_not_have_get_481() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    let right = phone.to_tag.replace("wrong".to_owned());
    for method in ["BYE", "INVITE", "UPDATE", "INFO", "OPTIONS", "NOTIFY"] {
        let request = phone.request(method, CONTACT, "");
        world.receive(&request);
        world.response(481);
    }
    phone.to_tag = right;
    let stranger = phone.request("BYE", "", "").replace("tag=ann-a", "tag=eve");
    world.receive(&stranger);
    world.response(481);
    world.uneventful();
    hang_up(&mut world, &mut phone, call);
}

#[test]
fn invites_are_refused_for_what_is_wrong_with_them() {
    let mut world = World::new();
    let cases: [(&str, &str, &str, u16, &str); 10] = [
        (
            "sip:2001@",
            "http://2001@",
            "",
            416,
            "SIP/2.0 416 Unsupported URI Scheme",
        ),
        (
            "sip:2001@",
            "sips:2001@",
            "",
            416,
            "SIP/2.0 416 Unsupported URI Scheme",
        ),
        (
            "Max-Forwards: 70",
            "Max-Forwards: 0",
            "",
            483,
            "SIP/2.0 483 Too Many Hops",
        ),
        (
            "SIP/2.0\r\nVia",
            "SIP/2.1\r\nVia",
            "",
            505,
            "SIP/2.0 505 Version Not Supported",
        ),
        (
            "",
            "",
            "Require: 100rel, timer",
            420,
            "SIP/2.0 420 Bad Extension",
        ),
        (
            "application/sdp",
            "text/plain",
            "",
            415,
            "SIP/2.0 415 Unsupported Media Type",
        ),
        (
            "",
            "",
            "Content-Encoding: gzip",
            415,
            "SIP/2.0 415 Unsupported Media Type",
        ),
        (
            "1 INVITE",
            "1 BYE",
            "",
            400,
            "SIP/2.0 400 CSeq names another method",
        ),
        (
            "<sip:ann@192.0.2.1:5070>",
            "x",
            "",
            400,
            "SIP/2.0 400 The Contact header is missing or malformed",
        ),
        (
            "",
            "",
            "Session-Expires: soon",
            400,
            "SIP/2.0 400 Session-Expires is no number",
        ),
    ];
    for (at, (from, to, extra, status, start)) in cases.into_iter().enumerate() {
        let mut phone = Phone::new(&format!("a{at}"));
        let mut invite = phone.invite(extra);
        if !from.is_empty() {
            invite = invite.replacen(from, to, 1);
        }
        world.receive(&invite);
        let refused = world.response(status);
        assert_eq!(refused.start(), start);
        if status == 420 {
            assert_eq!(refused.header("Unsupported"), "100rel");
        }
        world.uneventful();
        assert_eq!(world.machine.calls(), 0);
    }
    world.is_empty_in_the_end();
}

#[test]
fn a_refused_invite_is_repeated_until_its_ack() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("Require: 100rel");
    world.receive(&invite);
    let refused = world.response(420);
    world.wait(millis(500));
    assert_eq!(world.response(420).text, refused.text);
    world.receive(&invite);
    assert_eq!(world.response(420).text, refused.text);
    phone.to_tag = Some(refused.tag("To"));
    world.receive(&phone.again("ACK", "", ""));
    world.wait(seconds(2));
    world.silent();
    world.is_empty_in_the_end();
}

#[test]
fn a_number_may_be_called_by_tel() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("").replacen(
        "sip:2001@198.51.100.1 SIP",
        "tel:+31201234567;phone-context=x SIP",
        1,
    );
    world.receive(&invite);
    world.response(100);
    assert_eq!(world.invite().request_uri.user, "+31201234567");
}

#[test]
fn a_call_that_arrives_on_two_ways_is_taken_once() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let first = phone.invite("");
    let second = first.replacen("branch=z9hG4bKa-1", "branch=z9hG4bKother", 1);
    world.receive(&first);
    world.response(100);
    let call = world.invite().call;
    world.receive(&second);
    let merged = world.response(482);
    world.uneventful();
    let ack = second.replace("INVITE", "ACK").replacen(
        "To: <sip:2001@198.51.100.1>",
        &format!("To: {}", merged.header("To")),
        1,
    );
    world.receive(&ack);
    world.answer(call);
    world.response(200);
    let third = first.replacen("branch=z9hG4bKa-1", "branch=z9hG4bKthird", 1);
    world.receive(&third);
    world.response(482);
}

#[test]
fn a_multipart_invite_is_taken() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let body = format!("--b\r\nContent-Type: application/sdp\r\n\r\n{OFFER}\r\n--b--\r\n");
    let extra = format!("{CONTACT}\r\nContent-Type: multipart/mixed; boundary=b");
    let invite = phone.request("INVITE", &extra, &body);
    world.receive(&invite);
    world.response(100);
    assert_eq!(world.invite().offer.as_deref(), Some(OFFER));
}

#[test]
fn a_draining_machine_finishes_its_calls_and_takes_no_more() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    world.machine.drain(world.now);
    assert!(world.machine.draining());
    let mut late = Phone::new("b");
    for method in ["INVITE", "OPTIONS"] {
        let request = late.request(method, CONTACT, "");
        world.receive(&request);
        assert_eq!(world.response(503).header("Retry-After"), "5");
    }
    world.uneventful();
    hang_up(&mut world, &mut phone, call);
    world.is_empty_in_the_end();
}

#[test]
fn malformed_messages_are_refused_or_ignored() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let good = phone.invite("");
    let no_end = good.split("\r\n\r\n").next().unwrap().to_owned();
    world.receive(&no_end);
    assert_eq!(
        world.next().start(),
        "SIP/2.0 400 The header section has no end"
    );
    let cut = &good[..good.len() - 3];
    world.receive(cut);
    let refused = world.next();
    assert_eq!(
        refused.start(),
        "SIP/2.0 400 Content-Length is beyond the end of the message"
    );
    for ignored in ["", "\r\n\r\n", "\0", "x", "SIP/2.0 200 OK\r\n\r\n"] {
        world.receive(ignored);
        world.silent();
    }
    world.receive(
        &good
            .replace("INVITE", "ACK")
            .replacen("CSeq: 1 ACK", "CSeq: x", 1),
    );
    world.silent();
    world.uneventful();
}
