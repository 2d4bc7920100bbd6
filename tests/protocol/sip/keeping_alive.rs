//! Session timers.

use super::leaving::reply;
use super::phone::*;
use belpost::sip::{Command, EndReason, Event};

const TIMER: &str = "Supported: timer\r\nAllow: INVITE, UPDATE\r\n";

#[test]
fn the_peer_refreshes_where_it_can() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let (call, ok) = up_with(
        &mut world,
        &mut phone,
        &format!("{TIMER}Session-Expires: 300"),
    );
    assert_eq!(ok.header("Session-Expires"), "300;refresher=uac");
    assert_eq!(ok.header("Require"), "timer");
    for _ in 0..10 {
        world.wait(seconds(150));
        let update = phone.request("UPDATE", &format!("{CONTACT}\r\n{TIMER}x: 300"), "");
        world.receive(&update);
        let ok = world.response(200);
        assert_eq!(ok.header("Session-Expires"), "300;refresher=uac");
    }
    world.wait(seconds(267));
    world.silent();
    world.wait(seconds(1));
    world.request("BYE");
    let reason = EndReason::SessionExpired;
    assert_eq!(world.event(), Event::Ended { call, reason });
    world.is_empty_in_the_end();
}

#[test]
fn a_peer_that_knows_the_timer_is_asked_for_it() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let (_, ok) = up_with(&mut world, &mut phone, "k: timer\r\nMin-SE: 2000");
    assert_eq!(ok.header("Session-Expires"), "2000;refresher=uac");
}

#[test]
fn a_peer_that_knows_no_timer_gets_none() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let (_, ok) = up_with(&mut world, &mut phone, "");
    assert!(ok.all("Session-Expires").is_empty());
    world.wait(seconds(100_000));
    world.silent();
}

#[test]
fn too_small_an_interval_is_refused_with_ours() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite(&format!("{TIMER}Session-Expires: 60"));
    world.receive(&invite);
    assert_eq!(world.response(422).header("Min-SE"), "90");
    world.uneventful();
    assert_eq!(world.machine.calls(), 0);
}

#[test]
fn we_refresh_by_update_where_the_peer_wants_us_to() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let extra = format!("{TIMER}Session-Expires: 200;refresher=uas");
    let (call, ok) = up_with(&mut world, &mut phone, &extra);
    assert_eq!(ok.header("Session-Expires"), "200;refresher=uas");
    assert!(ok.all("Require").is_empty());
    for round in 1..=3 {
        world.wait(seconds(100));
        let update = world.request("UPDATE");
        assert_eq!(update.header("CSeq"), format!("{round} UPDATE"));
        assert_eq!(update.header("Session-Expires"), "200;refresher=uac");
        assert_eq!(update.body(), "");
        world.receive(&reply(
            &update,
            200,
            "Session-Expires: 200;refresher=uac",
            "",
        ));
    }
    world.uneventful();
    world.wait(seconds(100));
    world.request("UPDATE");
    world.wait(seconds(32));
    let reason = EndReason::SessionExpired;
    assert_eq!(world.event(), Event::Ended { call, reason });
    world.sent.retain(|sent| sent.method() != "UPDATE");
    world.request("BYE");
    world.is_empty_in_the_end();
}

#[test]
fn we_refresh_by_re_invite_where_the_peer_takes_no_update() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let (call, _) = up_with(&mut world, &mut phone, "Session-Expires: 200");
    world.wait(seconds(100));
    let invite = world.request("INVITE");
    assert_eq!(invite.body(), ANSWER);
    let ok = reply(&invite, 200, &format!("{CONTACT}\r\n{SDP}"), OFFER);
    let again = phone.invite("");
    world.receive(&again);
    world.response(491);
    world.receive(&phone.again("ACK", "", ""));
    world.receive(&ok);
    let ack = world.request("ACK");
    assert_eq!(ack.header("CSeq"), "1 ACK");
    world.receive(&ok);
    assert_eq!(world.request("ACK").text, ack.text);
    world.wait(seconds(1_000));
    world.silent();
    hang_up(&mut world, &mut phone, call);
    world.is_empty_in_the_end();
}

#[test]
fn an_update_the_peer_does_not_know_after_all_becomes_a_re_invite() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let extra = format!("{TIMER}Session-Expires: 200;refresher=uas");
    up_with(&mut world, &mut phone, &extra);
    world.wait(seconds(100));
    let update = world.request("UPDATE");
    world.receive(&reply(&update, 501, "", ""));
    world.request("INVITE");
}

#[test]
fn a_refresh_that_meets_the_peers_is_tried_again() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let extra = format!("{TIMER}Session-Expires: 200;refresher=uas");
    up_with(&mut world, &mut phone, &extra);
    world.wait(seconds(100));
    let update = world.request("UPDATE");
    world.receive(&reply(&update, 491, "", ""));
    world.wait(millis(2_000));
    let update = world.request("UPDATE");
    world.receive(&reply(&update, 422, "Min-SE: 600", ""));
    let update = world.request("UPDATE");
    assert_eq!(update.header("Session-Expires"), "600;refresher=uac");
    world.receive(&reply(&update, 422, "Min-SE: 600", ""));
    world.silent();
}

#[test]
fn a_peer_that_forgot_the_call_ends_it() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let extra = format!("{TIMER}Session-Expires: 200;refresher=uas");
    let (call, _) = up_with(&mut world, &mut phone, &extra);
    world.wait(seconds(100));
    let update = world.request("UPDATE");
    world.receive(&reply(&update, 481, "", ""));
    world.request("BYE");
    let reason = EndReason::SessionExpired;
    assert_eq!(world.event(), Event::Ended { call, reason });
    world.command(Command::Bye(call));
    world.is_empty_in_the_end();
}
