//! The message-waiting lamp: baresip subscribes and shows it, peers are told unasked, and a
//! telephone made by hand looks at every NOTIFY.

use crate::harness::baresip::Baresip;
use crate::harness::events::ANSWER;
use crate::harness::lamp::{Lamp, says};
use crate::harness::sip::{Link, Message, Request, unique};
use crate::harness::sipp::Sipp;
use crate::harness::sound::speech;
use crate::harness::{Dial, Server, Setup, eventually, seconds};
use crate::steps::{CALLER, await_event, await_line, leave_message, playing_in, type_passcode};
use std::net::UdpSocket;
use std::time::Duration;

/// Dials the clearing code from this number and listens to the end.
fn clear(server: &Server, number: &str) {
    let mut call = Dial::new(server.address(), "*99", number).answered();
    await_event(server, &mut call, ANSWER, 1);
    call.wait_for_end(seconds(20.0));
}

/// Hears the first message at the portal and hangs up in it.
fn hear(server: &Server, number: &str) {
    let mut call = Dial::new(server.address(), "1233", number).answered();
    await_line(server, &mut call, "enter-passcode");
    type_passcode(&mut call);
    call.press("11");
    call.wait_until("a message plays", seconds(20.0), |call| {
        playing_in(server, call.id()).then_some(())
    });
    call.wait(seconds(4.0));
    call.hang_up();
}

#[test]
fn baresip_shows_the_lamp_of_its_number() {
    let server = Server::start();
    let mut phone = Baresip::start_with_lamp(server.address(), "2001", &speech(1.0, 9));
    phone.await_lamp("no", "0/0");
    leave_message(&server, "2001", CALLER, &speech(3.0, 1));
    phone.await_lamp("yes", "1/0");
    hear(&server, "2001");
    phone.await_lamp("no", "0/1");
    leave_message(&server, "2001", CALLER, &speech(3.0, 2));
    phone.await_lamp("yes", "1/1");
    clear(&server, "2001");
    phone.await_lamp("no", "1/1");
    leave_message(&server, "2001", CALLER, &speech(3.0, 3));
    phone.await_lamp("yes", "2/1");
}

#[test]
fn a_lamp_follows_within_a_second_what_other_programs_do() {
    let server = Server::start();
    leave_message(&server, "2001", CALLER, &speech(3.0, 1));
    let mailbox = server.await_messages("2001", 1);
    let mut lamp = Lamp::of(&server, "2001", 600);
    let first = lamp.notify(seconds(1.0)).expect("a NOTIFY at once");
    assert_eq!(
        first.header("subscription-state"),
        Some("active;expires=600")
    );
    assert!(says(&first.body, "yes", "1/0"), "{}", first.body);
    assert!(
        first
            .body
            .contains("Message-Account: sip:2001@127.0.0.1\r\n")
    );
    let mut slowest = Duration::ZERO;
    for round in 0..5 {
        // Not in step with the server's own looks.
        std::thread::sleep(Duration::from_millis(170 * round));
        mailbox.set_seen(true);
        slowest = slowest.max(lamp.await_state("no", "0/1"));
        mailbox.set_seen(false);
        slowest = slowest.max(lamp.await_state("yes", "1/0"));
    }
    println!("from the flag to the NOTIFY: {slowest:?} at most");
    assert!(slowest < seconds(1.5), "{slowest:?}");
}

#[test]
fn a_lamp_is_lit_as_soon_as_the_caller_hangs_up() {
    let server = Server::start();
    let mut lamp = Lamp::of(&server, "2001", 600);
    lamp.await_state("no", "0/0");
    leave_message(&server, "2001", CALLER, &speech(3.0, 1));
    let took = lamp.await_state("yes", "1/0");
    println!("from the 200 to the BYE to the NOTIFY: {took:?}");
    assert!(took < seconds(0.5), "{took:?}");
}

#[test]
fn a_cleared_lamp_stays_dark_over_a_restart() {
    let mut server = Server::start();
    leave_message(&server, "2001", CALLER, &speech(3.0, 1));
    server.await_messages("2001", 1);
    let mut lamp = Lamp::of(&server, "2001", 600);
    lamp.await_state("yes", "1/0");
    clear(&server, "2001");
    lamp.await_state("no", "1/0");
    server.terminate();
    let last = lamp.notify(seconds(5.0)).expect("a last NOTIFY");
    let state = last.header("subscription-state").unwrap_or_default();
    assert!(state.starts_with("terminated;reason=probation"), "{state}");
    assert!(server.wait_for_end(seconds(10.0)).success());
    server.restart();
    let mut lamp = Lamp::of(&server, "2001", 600);
    lamp.await_state("no", "1/0");
    leave_message(&server, "2001", CALLER, &speech(3.0, 2));
    lamp.await_state("yes", "2/0");
}

#[test]
fn the_clearing_code_of_a_stranger_clears_nothing() {
    let server = Server::start();
    leave_message(&server, "2001", CALLER, &speech(3.0, 1));
    let mut lamp = Lamp::of(&server, "2001", 600);
    lamp.await_state("yes", "1/0");
    clear(&server, CALLER);
    assert!(lamp.notify(seconds(1.5)).is_none());
}

#[test]
fn sipp_subscribes_refreshes_and_lets_the_subscription_expire() {
    let setup = Setup::new().line("lamp", "min_expires_s = 10");
    let server = Server::start_with(&setup);
    Sipp::new("lamp_expires.xml", server.address(), &[]).run();
}

#[test]
fn a_subscription_to_what_is_not_there_is_refused() {
    let server = Server::start();
    let mut lamp = Lamp::of(&server, "2001", 600);
    lamp.to = "<sip:2009@127.0.0.1>".to_owned();
    lamp.call_id = unique("other");
    assert_eq!(lamp.subscribe("2009", 600).status(), Some(404));
    lamp.to = "<sip:2001@127.0.0.1>".to_owned();
    lamp.call_id = unique("short");
    let short = lamp.subscribe("2001", 5);
    assert_eq!(
        (short.status(), short.header("min-expires")),
        (Some(423), Some("60"))
    );
}

#[test]
fn a_peer_is_told_every_lamp_unasked() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let peer = socket.local_addr().expect("an address");
    let setup = Setup::new().line("lamp", format!("peers = [\"udp:{peer}\"]"));
    let server = Server::start_with(&setup);
    socket.connect(server.address()).expect("a server");
    let mut link = Link::Udp(socket);
    let mut told = std::collections::BTreeMap::new();
    let mut hear_until = |number: &str, waiting: &str, counts: &str| {
        eventually("the peer is told", seconds(10.0), || {
            let heard = link.receive(seconds(0.1));
            let is_notify = |m: &Message| m.method() == "NOTIFY" && m.status().is_none();
            if let Some(notify) = heard.filter(is_notify) {
                link.send(&notify.answer("200 OK", ""));
                let user = notify.start.split(['@', ' ']).nth(1).unwrap_or_default();
                told.insert(user.to_owned(), notify);
            }
            let notify = told.get(&format!("sip:{number}"))?;
            says(&notify.body, waiting, counts).then(|| notify.clone())
        })
    };
    let notify = hear_until("2002", "no", "0/0");
    assert_eq!(notify.header("event"), Some("message-summary"));
    assert_eq!(notify.header("subscription-state"), Some("active"));
    assert_eq!(notify.start, format!("NOTIFY sip:2002@{peer} SIP/2.0"));
    hear_until("2001", "no", "0/0");
    leave_message(&server, "2001", CALLER, &speech(3.0, 1));
    hear_until("2001", "yes", "1/0");
}

#[test]
fn strangers_learn_nothing_of_lamps() {
    let setup = Setup::new().line("sip", "trusted_peers = [\"192.0.2.1\"]");
    let server = Server::start_with(&setup);
    for number in ["2001", "2009"] {
        let mut link = Link::udp(server.address());
        let request = Request::new("SUBSCRIBE", number, server.address(), number)
            .header("Event: message-summary");
        let text = request.text(&link);
        link.send(&text);
        let answer = link.final_answer("SUBSCRIBE", seconds(5.0));
        assert_eq!(answer.expect("an answer").status(), Some(403));
    }
}
