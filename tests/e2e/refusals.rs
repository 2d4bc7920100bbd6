//! What the server does not take gets the answer the standards name, and never harms it.

use crate::harness::call::USUAL;
use crate::harness::sip::{Link, Message, Request, sdp, unique};
use crate::harness::{Dial, Server, seconds};
use crate::steps::CALLER;
use std::net::{IpAddr, Ipv4Addr};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// An INVITE to mailbox 2001 that would be answered.
fn invite(server: &Server) -> Request {
    Request::new("INVITE", "2001", server.address(), CALLER)
        .body("application/sdp", sdp(HERE, 4_000, &USUAL, ""))
}

/// Sends a request and takes its final answer; a refused INVITE is acknowledged.
fn answer(server: &Server, request: &Request) -> Message {
    let mut link = Link::udp(server.address());
    let text = request.text(&link);
    link.send(&text);
    let answer = link
        .final_answer(&request.method, seconds(5.0))
        .unwrap_or_else(|| panic!("no answer to {text}"));
    if request.method == "INVITE" {
        let mut ack = request.clone();
        "ACK".clone_into(&mut ack.method);
        answer
            .header("to")
            .unwrap_or_default()
            .clone_into(&mut ack.to);
        (ack.headers, ack.body) = (Vec::new(), None);
        let text = ack.text(&link);
        link.send(&text);
    }
    answer
}

fn assert_refused(server: &Server, request: &Request, status: u16) -> Message {
    let answer = answer(server, request);
    assert_eq!(
        answer.status(),
        Some(status),
        "{}: {}",
        request.method,
        answer.start
    );
    answer
}

#[test]
fn an_unknown_number_is_404_and_an_unknown_subscriber_no_different() {
    let server = Server::start();
    for number in ["4444", "nobody", "2001x", "%00", "1"] {
        let mut request = invite(&server);
        request.uri = format!("sip:{number}@{}", server.address());
        request.to = format!("<{}>", request.uri);
        assert_refused(&server, &request, 404);
    }
    assert!(server.is_alive());
}

#[test]
fn an_offer_without_usable_audio_is_488_and_leaves_no_call() {
    let server = Server::start();
    let video = "v=0\r\no=t 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                 m=video 4000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n";
    let empty = "v=0\r\no=t 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n";
    let unknown = sdp(HERE, 4_000, &[(96, "opus/48000/2"), (9, "G722/8000")], "");
    let srtp = sdp(HERE, 4_000, &USUAL, "").replace("RTP/AVP", "RTP/SAVP");
    let cases: [(&str, &str); 4] = [
        ("video only", video),
        ("no media at all", empty),
        ("unknown codecs", &unknown),
        ("SRTP only", &srtp),
    ];
    for (what, offer) in cases {
        let request =
            Request::new("INVITE", "2001", server.address(), CALLER).body("application/sdp", offer);
        let answer = answer(&server, &request);
        assert_eq!(answer.status(), Some(488), "{what}: {}", answer.start);
    }
    Dial::new(server.address(), "2001", CALLER)
        .answered()
        .hang_up();
}

#[test]
fn a_description_that_is_no_sdp_is_refused_as_such() {
    let server = Server::start();
    for body in ["", "hello", "v=0\r\nm=audio\r\n", "v=1\r\n\u{0}\u{1}"] {
        let request =
            Request::new("INVITE", "2001", server.address(), CALLER).body("application/sdp", body);
        let status = answer(&server, &request).status();
        let fits = matches!(status, Some(400 | 488)) || (body.is_empty() && status == Some(200));
        assert!(fits, "{body:?}: {status:?}");
    }
    assert!(server.is_alive());
}

#[test]
fn requests_out_of_order_get_the_answers_of_rfc_3261() {
    let server = Server::start();
    let to_us = |method: &str| Request::new(method, "2001", server.address(), CALLER);

    let options = assert_refused(&server, &to_us("OPTIONS"), 200);
    let allowed = options.header("allow").expect("Allow").to_owned();
    for method in ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO"] {
        assert!(allowed.contains(method), "{method} in {allowed}");
    }

    let unknown = answer(&server, &to_us("PUBLISH"));
    assert!(
        matches!(unknown.status(), Some(405 | 501)),
        "{}",
        unknown.start
    );
    assert!(unknown.header("allow").is_some());
    let strange = answer(&server, &to_us("FROBNICATE"));
    assert!(
        matches!(strange.status(), Some(405 | 501)),
        "{}",
        strange.start
    );

    let text = invite(&server).body("text/plain", "hello");
    let refused = assert_refused(&server, &text, 415);
    assert!(
        refused
            .header("accept")
            .is_some_and(|a| a.contains("application/sdp"))
    );

    let mut foreign = invite(&server);
    foreign.uri = "http://example.nl/".to_owned();
    assert_refused(&server, &foreign, 416);

    let demanding = invite(&server).header("Require: telepathy");
    let refused = assert_refused(&server, &demanding, 420);
    assert_eq!(refused.header("unsupported"), Some("telepathy"));

    let mut stray = to_us("BYE");
    stray.to += ";tag=nobody";
    assert_refused(&server, &stray, 481);
    assert_refused(&server, &to_us("CANCEL"), 481);

    let mut tired = invite(&server);
    tired.max_forwards = 0;
    assert_refused(&server, &tired, 483);

    let short = invite(&server)
        .header("Supported: timer")
        .header("Session-Expires: 30");
    let refused = assert_refused(&server, &short, 422);
    assert!(refused.header("min-se").is_some());
}

#[test]
fn a_request_that_arrives_twice_on_different_ways_is_482() {
    let server = Server::start();
    let call = Dial::new(server.address(), "2001", CALLER);
    let id = call.call_id().to_owned();
    let call = call.answered();
    // The same request once more, through another proxy: only the branch differs.
    let mut merged = invite(&server);
    merged.call_id = id;
    merged.from = call.from().to_owned();
    assert_refused(&server, &merged, 482);
    call.hang_up();
}

#[test]
fn a_call_diverted_in_a_loop_is_482() {
    let server = Server::start();
    let looped = invite(&server).header("Diversion: <sip:2001@pbx>;reason=no-answer;counter=12");
    assert_refused(&server, &looped, 482);
}

#[test]
fn malformed_messages_harm_nobody() {
    let server = Server::start();
    let mut link = Link::udp(server.address());
    let good = invite(&server).text(&link);
    let fresh = |text: &str| text.replace("Call-ID: ", &format!("Call-ID: {}", unique("m")));
    let long = "a".repeat(60_000);
    let malformed: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"\r\n\r\n".to_vec(),
        b"\0\0\0\0".to_vec(),
        vec![0xFF; 1_400],
        b"INVITE".to_vec(),
        b"INVITE sip:2001@here SIP/2.0\r\n\r\n".to_vec(),
        fresh(&good)
            .replace("SIP/2.0\r\nVia", "SIP/3.0\r\nVia")
            .into_bytes(),
        fresh(&good)
            .replace("CSeq: 1 INVITE", "CSeq: 1 BYE")
            .into_bytes(),
        fresh(&good)
            .replace("CSeq: 1 INVITE", "CSeq: 99999999999 INVITE")
            .into_bytes(),
        fresh(&good).replace("CSeq: 1 INVITE\r\n", "").into_bytes(),
        fresh(&good)
            .replace("Content-Length: ", "Content-Length: 9")
            .into_bytes(),
        fresh(&good)
            .replace("Content-Length: ", "Content-Length: -")
            .into_bytes(),
        fresh(&good)
            .replace("Max-Forwards: 70", "Max-Forwards: many")
            .into_bytes(),
        fresh(&good).replace("From: ", "From: <").into_bytes(),
        fresh(&good).replace("To: <", "To: <<<>>").into_bytes(),
        fresh(&good)
            .replace("Contact: <sip:", "Contact: <:::")
            .into_bytes(),
        fresh(&good)
            .replace("Via: SIP/2.0/UDP", "Via: \"")
            .into_bytes(),
        fresh(&good)
            .replace("From: ", "From: \"\u{fffd}\u{0}")
            .into_bytes(),
        fresh(&good)
            .replace("Max-Forwards", &format!("X-Long: {long}\r\nMax-Forwards"))
            .into(),
        fresh(&good).replace("\r\n", "\n").into_bytes(),
        format!("{}{}", "Via: x\r\n".repeat(3_000), good).into_bytes(),
    ];
    let mut answered = 0;
    for bytes in &malformed {
        link.send_bytes(bytes);
        let mut worst = None;
        while let Some(message) = link.receive(seconds(0.03)) {
            worst = message.status().max(worst);
        }
        answered += usize::from(worst.is_some_and(|s| (400..500).contains(&s)));
        assert!(
            worst.is_none_or(|s| s < 500 || s == 505),
            "{worst:?} to {}",
            shown(bytes)
        );
    }
    assert!(
        answered >= 3,
        "the plainly wrong ones are told so; {answered} were"
    );
    assert!(server.is_alive());
    Dial::new(server.address(), "2001", CALLER)
        .answered()
        .hang_up();
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(300).collect()
}

#[test]
fn rubbish_on_a_tcp_connection_ends_that_connection_only() {
    let server = Server::start();
    for rubbish in ["\u{0}\u{1}\u{2}rubbish\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"] {
        let mut link = Link::tcp(server.address());
        link.send(rubbish);
        let _ = link.receive(seconds(0.1));
    }
    let endless = "a".repeat(1_000_000);
    Link::tcp(server.address()).send(&endless);
    assert!(server.is_alive());
    let dial = Dial::over(
        Link::tcp(server.address()),
        server.address(),
        "2001",
        CALLER,
    );
    dial.answered().hang_up();
}

#[test]
fn rtp_rubbish_and_foreign_packets_change_nothing() {
    let server = Server::start();
    let mut call = crate::steps::recording(&server, Dial::new(server.address(), "2001", CALLER));
    let port = call.media_address();
    let stranger = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    // A foreign key "#" would end the recording; foreign sound would be in it.
    let key = [0x80, 0xE5, 0, 1, 0, 0, 0, 0, 9, 9, 9, 9, 11, 0x8A, 3, 0x20];
    for nth in 0..200_usize {
        let rubbish: Vec<u8> = (0..nth).map(|at| (at * 37 % 256) as u8).collect();
        let _ = stranger.send_to(&rubbish, port);
        let _ = stranger.send_to(&key, port);
    }
    let said = crate::harness::sound::speech(3.0, 1);
    call.say(&said);
    call.hang_up();
    let message = server.await_messages("2001", 1).only();
    assert!(
        (3.0..3.8).contains(&message.length()),
        "{} s",
        message.length()
    );
    assert!(crate::harness::sound::find(&message.sound, &said).is_some());
}

#[test]
fn thousands_of_damaged_invites_harm_nobody() {
    let server = Server::start();
    let mut link = Link::udp(server.address());
    let mut dice = 7_u64;
    let mut roll = move |sides: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (dice >> 33) as usize % sides
    };
    for nth in 0..3_000 {
        let mut bytes = invite(&server).text(&link).into_bytes();
        for _ in 0..=roll(4) {
            let at = roll(bytes.len());
            match roll(3) {
                0 => bytes[at] = roll(256) as u8,
                1 => drop(bytes.drain(at..(at + roll(40)).min(bytes.len()))),
                _ => bytes.insert(at, b"\r\n:;<>\"% "[roll(9)]),
            }
        }
        link.send_bytes(&bytes);
        if nth % 500 == 0 {
            assert!(server.is_alive(), "after {nth}");
            while link.receive(seconds(0.001)).is_some() {}
        }
    }
    assert!(server.is_alive());
}
