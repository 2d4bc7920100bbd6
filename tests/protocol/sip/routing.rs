//! Where answers and requests go: Via, Record-Route, Contact, NAT and connections.

use super::phone::*;
use belpost::sip::{Command, Transport};

/// INVITE from `source` with its lines changed, answered and acknowledged; then our BYE.
fn bye_after(source: &str, changes: &[(&str, &str)], extra: &str) -> Sent {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let mut invite = phone.invite(extra);
    for (from, to) in changes {
        invite = invite.replacen(from, to, 1);
    }
    world.receive_from(source, &invite);
    world.response(100);
    let call = world.invite().call;
    world.answer(call);
    phone.to_tag = Some(world.response(200).tag("To"));
    let ack = phone.ack();
    world.receive_from(source, &ack);
    world.command(Command::Bye(call));
    world.request("BYE")
}

#[test]
fn answers_follow_rport_and_say_where_they_went() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let options =
        phone
            .request("OPTIONS", "", "")
            .replacen("192.0.2.1:5070;", "10.0.0.1:5070;rport;", 1);
    world.receive_from("203.0.113.9:40000", &options);
    let ok = world.response(200);
    assert_eq!(ok.to, address("203.0.113.9:40000"));
    let via = ok.header("Via");
    assert!(
        via.contains(";rport=40000") && via.contains(";received=203.0.113.9"),
        "{via}"
    );
    let options = phone.request("OPTIONS", "", "");
    world.receive_from("192.0.2.1:40000", &options);
    assert_eq!(world.response(200).to, address("192.0.2.1:5070"));
}

#[test]
fn all_vias_come_back_in_order() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let options = phone.request(
        "OPTIONS",
        "Via: SIP/2.0/TCP second\r\nv: SIP/2.0/UDP third",
        "",
    );
    world.receive(&options);
    let ok = world.response(200);
    let vias = ok.all("Via");
    assert_eq!(vias.len(), 3);
    assert_eq!(vias[1..], ["SIP/2.0/TCP second", "SIP/2.0/UDP third"]);
}

#[test]
fn requests_go_through_loose_routers() {
    let routes = "Record-Route: <sip:192.0.2.50;lr>, <sip:192.0.2.51:5080;lr>\r\n\
                  Record-Route: <sip:192.0.2.52;lr=on>";
    let bye = bye_after("192.0.2.50:5060", &[], routes);
    assert_eq!(bye.to, address("192.0.2.50:5060"));
    assert_eq!(bye.uri(), "sip:ann@192.0.2.1:5070");
    let expected = [
        "<sip:192.0.2.50;lr>",
        "<sip:192.0.2.51:5080;lr>",
        "<sip:192.0.2.52;lr=on>",
    ];
    assert_eq!(bye.all("Route"), expected);
}

#[test]
fn requests_go_through_strict_routers() {
    let routes = "Record-Route: <sip:192.0.2.50>, <sip:192.0.2.51>";
    let bye = bye_after("192.0.2.50:5060", &[], routes);
    assert_eq!(bye.to, address("192.0.2.50:5060"));
    assert_eq!(bye.uri(), "sip:192.0.2.50");
    assert_eq!(
        bye.all("Route"),
        ["<sip:192.0.2.51>", "<sip:ann@192.0.2.1:5070>"]
    );
}

#[test]
fn a_phone_behind_a_nat_is_reached_where_it_was_heard() {
    let private = [
        ("192.0.2.1:5070;", "10.0.0.1:5070;"),
        ("ann@192.0.2.1:5070", "ann@10.0.0.1:5070"),
    ];
    let bye = bye_after("203.0.113.9:40000", &private, "");
    assert_eq!(bye.to, address("203.0.113.9:40000"));
    assert_eq!(bye.uri(), "sip:ann@10.0.0.1:5070");
}

#[test]
fn a_peer_that_goes_by_a_name_is_met_where_it_was_heard() {
    let named = [("ann@192.0.2.1:5070>", "ann@pbx.example;x=%41>")];
    let bye = bye_after("192.0.2.1:5070", &named, "");
    assert_eq!(bye.to, address("192.0.2.1:5070"));
    assert_eq!(bye.uri(), "sip:ann@pbx.example;x=%41");
}

#[test]
fn a_contact_may_name_another_transport() {
    let tcp = [(
        "ann@192.0.2.1:5070>",
        "ann@192.0.2.1:5071;transport=tcp?a=b>",
    )];
    let bye = bye_after("192.0.2.1:5070", &tcp, "");
    assert_eq!(
        (bye.to, bye.transport),
        (address("192.0.2.1:5071"), Transport::Tcp)
    );
    assert!(
        bye.header("Via")
            .starts_with("SIP/2.0/TCP 198.51.100.1:5060;branch=z9hG4bK")
    );
    assert_eq!(bye.uri(), "sip:ann@192.0.2.1:5071;transport=tcp");
}

#[test]
fn a_call_outlives_its_connection() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    phone.transport = "TCP";
    let invite = phone.invite("");
    world.receive_on(1, "192.0.2.1:33000", &invite);
    world.response(100);
    let call = world.invite().call;
    world.answer(call);
    phone.to_tag = Some(world.response(200).tag("To"));
    let ack = phone.ack();
    world.receive_on(1, "192.0.2.1:33000", &ack);
    world.event();
    world.lose(1);
    world.uneventful();
    let info = phone.request("INFO", "", "");
    world.receive_on(2, "192.0.2.1:34000", &info);
    assert_eq!(world.response(200).connection.map(|c| c.0), Some(2));
    world.command(Command::Bye(call));
    let bye = world.request("BYE");
    assert_eq!(bye.connection.map(|c| c.0), Some(2));
    world.lose(2);
    assert!(matches!(world.event(), belpost::sip::Event::Ended { .. }));
    world.is_empty_in_the_end();
}
