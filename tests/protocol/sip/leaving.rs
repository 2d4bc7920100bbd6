//! How calls end: BYE from either side, and transfers.

use super::phone::*;
use belpost::sip::{Command, EndReason, Event};

#[test]
fn a_bye_is_answered_only_when_the_call_layer_is_done() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    let bye = phone.request("BYE", "", "");
    world.receive(&bye);
    assert_eq!(world.event(), Event::Bye { call });
    for _ in 0..5 {
        world.wait(seconds(2));
        world.receive(&bye);
    }
    world.silent();
    world.uneventful();
    world.command(Command::ByeDone(call));
    world.response(200);
    world.receive(&bye);
    world.response(200);
    assert_eq!(world.machine.calls(), 0);
    world.is_empty_in_the_end();
    world.uneventful();
}

#[test]
fn a_bye_whose_work_failed_ends_the_call_but_confirms_nothing() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    world.receive(&phone.request("BYE", "", ""));
    assert_eq!(world.event(), Event::Bye { call });
    world.command(Command::ByeFailed(call));
    world.response(500);
    assert_eq!(world.machine.calls(), 0);
    world.is_empty_in_the_end();
}

#[test]
fn a_bye_that_waits_too_long_is_answered_but_confirms_nothing() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    let bye = phone.request("BYE", "", "");
    world.receive(&bye);
    assert_eq!(world.event(), Event::Bye { call });
    world.wait(seconds(29));
    world.silent();
    world.wait(seconds(1));
    world.response(500);
    world.command(Command::ByeDone(call));
    world.silent();
    world.is_empty_in_the_end();
}

#[test]
fn a_bye_before_the_ack_ends_the_call_too() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("");
    world.receive(&invite);
    world.response(100);
    let call = world.invite().call;
    world.answer(call);
    phone.to_tag = Some(world.response(200).tag("To"));
    hang_up(&mut world, &mut phone, call);
    world.wait(seconds(10));
    world.silent();
    world.is_empty_in_the_end();
    world.uneventful();
}

#[test]
fn a_bye_before_the_answer_cancels_the_call() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("");
    world.receive(&invite);
    world.response(100);
    let call = world.invite().call;
    world.command(Command::Ring(call));
    phone.to_tag = Some(world.response(180).tag("To"));
    let bye = phone.request("BYE", "", "");
    world.receive(&bye);
    world.response(200);
    world.response(487);
    let reason = EndReason::Cancelled;
    assert_eq!(world.event(), Event::Ended { call, reason });
    world.is_empty_in_the_end();
}

#[test]
fn our_bye_ends_the_call_when_it_is_answered() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    world.command(Command::Bye(call));
    let bye = world.request("BYE");
    assert_eq!(bye.uri(), "sip:ann@192.0.2.1:5070");
    assert_eq!(bye.header("To"), "\"Ann\" <sip:ann@192.0.2.1>;tag=ann-a");
    world.uneventful();
    world.wait(millis(600));
    world.request("BYE");
    world.receive(&reply(&bye, 200, "", ""));
    let reason = EndReason::HungUp;
    assert_eq!(world.event(), Event::Ended { call, reason });
    world.is_empty_in_the_end();
    world.silent();
}

#[test]
fn our_bye_ends_the_call_even_when_nobody_answers() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    world.command(Command::Bye(call));
    world.wait(seconds(32));
    let reason = EndReason::HungUp;
    assert_eq!(world.event(), Event::Ended { call, reason });
    assert_eq!(world.sent.len(), 11);
    world.is_empty_in_the_end();
}

#[test]
fn our_bye_waits_for_the_ack() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("");
    world.receive(&invite);
    world.response(100);
    let call = world.invite().call;
    world.answer(call);
    phone.to_tag = Some(world.response(200).tag("To"));
    world.command(Command::Bye(call));
    world.silent();
    let ack = phone.ack();
    world.receive(&ack);
    assert_eq!(world.event(), Event::Acknowledged { call, answer: None });
    world.request("BYE");
}

#[test]
fn both_sides_may_hang_up_at_once() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    world.command(Command::Bye(call));
    let ours = world.request("BYE");
    let theirs = phone.request("BYE", "", "");
    world.receive(&theirs);
    world.response(200);
    world.uneventful();
    world.receive(&reply(&ours, 481, "", ""));
    let reason = EndReason::HungUp;
    assert_eq!(world.event(), Event::Ended { call, reason });
    world.is_empty_in_the_end();
}

#[test]
fn hanging_up_before_the_answer_refuses_the_call() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite("");
    world.receive(&invite);
    world.response(100);
    let call = world.invite().call;
    world.command(Command::Bye(call));
    world.response(480);
    let reason = EndReason::HungUp;
    assert_eq!(world.event(), Event::Ended { call, reason });
}

fn transferring(world: &mut World, phone: &mut Phone) -> (belpost::base::CallId, Sent) {
    let call = up(world, phone);
    let target = "sip:2002@pbx".to_owned();
    world.command(Command::Transfer { call, target });
    let refer = world.request("REFER");
    assert_eq!(refer.header("Refer-To"), "<sip:2002@pbx>");
    (call, refer)
}

#[test]
fn a_transfer_ends_with_a_bye_after_its_last_report() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let (call, refer) = transferring(&mut world, &mut phone);
    world.receive(&reply(&refer, 202, "", ""));
    for (state, body) in [
        ("active", "SIP/2.0 100 Trying"),
        ("active", "SIP/2.0 180 Ringing"),
    ] {
        let extra = format!("Event: refer\r\nSubscription-State: {state}");
        let notify = phone.request("NOTIFY", &extra, body);
        world.receive(&notify);
        world.response(200);
        world.silent();
    }
    let extra = "Event: refer\r\nSubscription-State: terminated;reason=noresource";
    let notify = phone.request("NOTIFY", extra, "SIP/2.0 200 OK");
    world.receive(&notify);
    world.response(200);
    let bye = world.request("BYE");
    world.receive(&reply(&bye, 200, "", ""));
    let reason = EndReason::HungUp;
    assert_eq!(world.event(), Event::Ended { call, reason });
    world.is_empty_in_the_end();
}

#[test]
fn a_transfer_without_reports_ends_after_30_seconds() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let (_, refer) = transferring(&mut world, &mut phone);
    world.receive(&reply(&refer, 202, "", ""));
    world.wait(seconds(29));
    world.silent();
    world.wait(seconds(1));
    world.request("BYE");
}

#[test]
fn a_refused_transfer_ends_the_call() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let (_, refer) = transferring(&mut world, &mut phone);
    world.receive(&reply(&refer, 405, "", ""));
    world.request("BYE");
}

#[test]
fn a_report_nobody_asked_for_gets_481() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    up(&mut world, &mut phone);
    let notify = phone.request("NOTIFY", "Event: refer", "");
    world.receive(&notify);
    world.response(481);
}

/// The peer's answer to a request of ours.
pub(crate) fn reply(request: &Sent, status: u16, extra: &str, body: &str) -> String {
    reply_tagged(request, status, "peer", extra, body)
}

/// The same with a To tag, where the request has none.
pub(crate) fn reply_tagged(
    request: &Sent,
    status: u16,
    tag: &str,
    extra: &str,
    body: &str,
) -> String {
    let to = request.header("To");
    let to = if to.contains(";tag=") || status == 100 {
        to.to_owned()
    } else {
        format!("{to};tag={tag}")
    };
    let extra = if extra.is_empty() {
        String::new()
    } else {
        format!("{extra}\r\n")
    };
    format!(
        "SIP/2.0 {status} Whatever they say\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\n\
         CSeq: {}\r\n{extra}Content-Length: {}\r\n\r\n{body}",
        request.header("Via"),
        request.header("From"),
        request.header("Call-ID"),
        request.header("CSeq"),
        body.len()
    )
}
