//! NOTIFY (RFC 6665 section 4.2.2): one at a time, the newest state last, its answers and its way;
//! and states told to peers unasked.

use super::leaving::reply;
use super::phone::*;
use super::subscribing::{
    OFF, ON, OURS, accept, asked, begun, begun_with, notify, over, subscribe, told,
};
use belpost::sip::{
    Command, Event, Notice, NoticeFault, NoticeId, Reach, SubscriptionEnd, Transport,
};

#[test]
fn a_state_nobody_knows_yet_is_told_without_body() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let request = subscribe(&mut phone, "");
    world.receive(&request);
    let id = asked(&mut world).subscription;
    accept(&mut world, id, None);
    world.response(200);
    let first = told(&mut world);
    assert!(first.all("Content-Type").is_empty());
    assert_eq!((first.body(), first.header("Content-Length")), ("", "0"));
    assert_eq!(first.header("Subscription-State"), "active;expires=3600");
}

#[test]
fn one_notify_is_out_at_a_time_and_the_newest_state_follows() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let request = subscribe(&mut phone, "");
    world.receive(&request);
    let id = asked(&mut world).subscription;
    accept(&mut world, id, None);
    world.response(200);
    let first = world.request("NOTIFY");
    notify(&mut world, id, ON);
    notify(&mut world, id, "Messages-Waiting: yes\r\n");
    notify(&mut world, id, OFF);
    world.silent();
    world.wait(millis(500));
    assert_eq!(world.request("NOTIFY").text, first.text);
    world.receive(&reply(&first, 100, "", ""));
    world.silent();
    world.receive(&reply(&first, 200, "", ""));
    let next = told(&mut world);
    assert_eq!((next.body(), next.header("CSeq")), (OFF, "2 NOTIFY"));
    world.receive(&reply(&first, 200, "", ""));
    world.silent();
}

#[test]
fn the_last_notify_waits_for_the_one_before() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let id = begun(&mut world, &mut phone);
    notify(&mut world, id, OFF);
    let out = world.request("NOTIFY");
    let none = subscribe(&mut phone, "Expires: 0");
    world.receive(&none);
    world.response(200);
    world.silent();
    let expected = Event::Unsubscribed {
        subscription: id,
        end: SubscriptionEnd::Unsubscribed,
    };
    assert_eq!(world.event(), expected);
    let again = subscribe(&mut phone, "");
    world.receive(&again);
    world.response(481);
    world.receive(&reply(&out, 200, "", ""));
    let last = told(&mut world);
    assert_eq!(
        last.header("Subscription-State"),
        "terminated;reason=timeout"
    );
    assert_eq!(last.body(), OFF);
    world.uneventful();
    world.is_empty_in_the_end();
}

#[test]
fn a_subscriber_that_refuses_or_is_silent_is_forgotten() {
    for status in [481, 404, 408, 486, 500, 603] {
        let (mut world, mut phone) = (World::new(), Phone::new("a"));
        let id = begun(&mut world, &mut phone);
        notify(&mut world, id, OFF);
        let out = world.request("NOTIFY");
        world.receive(&reply(&out, status, "", ""));
        over(&mut world, id, SubscriptionEnd::Refused(status));
        world.is_empty_in_the_end();
    }
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let id = begun(&mut world, &mut phone);
    notify(&mut world, id, OFF);
    world.wait(seconds(33));
    over(&mut world, id, SubscriptionEnd::NoResponse);
    let sent = world.sent.len();
    assert_eq!(sent, 11, "timer E: 0.5, 1, 2, then every 4 s");
    world.sent.clear();
    world.is_empty_in_the_end();
}

#[test]
fn a_subscriber_that_asks_for_a_pause_is_told_after_it() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let id = begun(&mut world, &mut phone);
    notify(&mut world, id, OFF);
    let out = world.request("NOTIFY");
    world.receive(&reply(
        &out,
        503,
        "Retry-After: 30 (rebooting);duration=5",
        "",
    ));
    notify(&mut world, id, ON);
    let refresh = subscribe(&mut phone, "");
    world.receive(&refresh);
    world.response(200);
    world.wait(seconds(29));
    world.silent();
    world.wait(seconds(1));
    let after = told(&mut world);
    assert_eq!((after.body(), after.header("CSeq")), (ON, "3 NOTIFY"));
    world.uneventful();
    notify(&mut world, id, OFF);
    let out = world.request("NOTIFY");
    world.receive(&reply(&out, 481, "Retry-After: 30", ""));
    over(&mut world, id, SubscriptionEnd::Refused(481));
    world.is_empty_in_the_end();
}

#[test]
fn a_pause_does_not_outlive_the_subscription() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let id = begun_with(&mut world, &mut phone, "Expires: 60").0;
    notify(&mut world, id, OFF);
    let out = world.request("NOTIFY");
    world.receive(&reply(&out, 500, "Retry-After: 999999", ""));
    world.wait(seconds(60));
    let last = told(&mut world);
    assert_eq!(
        last.header("Subscription-State"),
        "terminated;reason=timeout"
    );
    over(&mut world, id, SubscriptionEnd::Expired);
    world.is_empty_in_the_end();
}

#[test]
fn a_phone_behind_a_nat_is_told_where_it_was_heard() {
    let mut config = config();
    config.trusted = vec![belpost::sip::Network::parse("0.0.0.0/0").expect("a network")];
    let (mut world, mut phone) = (World::with(config), Phone::new("a"));
    let behind = |text: String| {
        text.replace("192.0.2.1:5070", "10.0.0.1:5070")
            .replacen(";branch", ";rport;branch", 1)
    };
    world.receive_from("203.0.113.9:40000", &behind(subscribe(&mut phone, "")));
    let id = asked(&mut world).subscription;
    accept(&mut world, id, Some(ON));
    let ok = world.response(200);
    assert_eq!(ok.to, address("203.0.113.9:40000"));
    phone.to_tag = Some(ok.tag("To"));
    let first = world.request("NOTIFY");
    assert_eq!(
        (first.to, first.uri()),
        (address("203.0.113.9:40000"), "sip:ann@10.0.0.1:5070")
    );
    world.receive(&reply(&first, 200, "", ""));
    world.receive_from("203.0.113.9:41111", &behind(subscribe(&mut phone, "")));
    world.response(200);
    assert_eq!(world.request("NOTIFY").to, address("203.0.113.9:41111"));
}

#[test]
fn a_subscription_over_tcp_uses_the_connection_and_outlives_it() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    phone.transport = "TCP";
    let contact = "Contact: <sip:ann@192.0.2.1:5070;transport=tcp>";
    let request = phone.request("SUBSCRIBE", &format!("{contact}\r\n{OURS}"), "");
    world.receive_on(7, "192.0.2.1:40001", &request);
    let id = asked(&mut world).subscription;
    accept(&mut world, id, Some(ON));
    let ok = world.response(200);
    assert_eq!(
        ok.header("Contact"),
        "<sip:198.51.100.1:5060;transport=tcp>"
    );
    let first = world.request("NOTIFY");
    assert_eq!(
        (first.transport, first.connection),
        (Transport::Tcp, ok.connection)
    );
    assert!(first.header("Via").starts_with("SIP/2.0/TCP"));
    world.receive_on(7, "192.0.2.1:40001", &reply(&first, 200, "", ""));
    world.lose(7);
    world.uneventful();
    notify(&mut world, id, OFF);
    let second = world.request("NOTIFY");
    assert_eq!((second.to, second.connection), (address(PHONE), None));
    world.lose(8);
    world.receive_on(9, PHONE, &reply(&second, 200, "", ""));
    world.uneventful();
    assert_eq!(world.machine.subscriptions(), 1);
}

#[test]
fn subscribers_are_told_when_the_server_closes_down() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let id = begun(&mut world, &mut phone);
    let mut undecided = Phone::new("b");
    let request = subscribe(&mut undecided, "");
    world.receive(&request);
    let other = asked(&mut world).subscription;
    world.machine.drain(world.now);
    world.command(Command::Notify {
        subscription: id,
        body: ON.to_owned(),
    });
    let last = told(&mut world);
    assert_eq!(
        last.header("Subscription-State"),
        "terminated;reason=probation;retry-after=10"
    );
    world.response(503);
    let mut ended: Vec<_> = world.events.drain(..).collect();
    ended.sort_by_key(|event| format!("{event:?}"));
    let expected = [id, other].map(|subscription| Event::Unsubscribed {
        subscription,
        end: SubscriptionEnd::ClosingDown,
    });
    assert_eq!(ended, expected);
    let late = subscribe(&mut Phone::new("c"), "");
    world.receive(&late);
    world.response(503);
    world.is_empty_in_the_end();
}

const NOTICE: NoticeId = NoticeId(42);

fn notice(transport: Transport) -> Command {
    Command::NotifyPeer(Notice {
        notice: NOTICE,
        reach: Reach::at_peer("20#01", address("192.0.2.7:5080"), transport),
        user: "20#01".to_owned(),
        body: ON.to_owned(),
    })
}

#[test]
fn a_peer_is_told_a_state_it_never_asked_for() {
    let mut world = World::new();
    world.command(notice(Transport::Udp));
    let sent = world.request("NOTIFY");
    assert_eq!(
        (sent.to, sent.uri()),
        (address("192.0.2.7:5080"), "sip:20%2301@192.0.2.7:5080")
    );
    assert_eq!(sent.header("To"), "<sip:20%2301@192.0.2.7:5080>");
    assert!(
        sent.header("From")
            .starts_with("<sip:20%2301@198.51.100.1>;tag=")
    );
    assert_eq!(sent.header("Event"), "message-summary");
    assert_eq!(sent.header("Subscription-State"), "active");
    assert_eq!(
        sent.header("Content-Type"),
        "application/simple-message-summary"
    );
    assert_eq!(sent.body(), ON);
    world.receive(&reply(&sent, 100, "", ""));
    world.uneventful();
    world.receive(&reply(&sent, 200, "", ""));
    world.receive(&reply(&sent, 200, "", ""));
    let outcome = Ok(());
    assert_eq!(
        world.event(),
        Event::PeerNotified {
            notice: NOTICE,
            outcome
        }
    );
    world.is_empty_in_the_end();
    world.uneventful();
}

#[test]
fn what_became_of_an_unasked_notify_is_reported() {
    let mut world = World::new();
    world.command(notice(Transport::Udp));
    let sent = world.request("NOTIFY");
    world.receive(&reply(&sent, 489, "", ""));
    let outcome = Err(NoticeFault::Refused(489));
    assert_eq!(
        world.event(),
        Event::PeerNotified {
            notice: NOTICE,
            outcome
        }
    );
    world.command(notice(Transport::Udp));
    world.wait(seconds(33));
    let outcome = Err(NoticeFault::NoResponse);
    assert_eq!(
        world.event(),
        Event::PeerNotified {
            notice: NOTICE,
            outcome
        }
    );
    world.sent.clear();
    world.command(notice(Transport::Tcp));
    assert!(
        world
            .request("NOTIFY")
            .header("Via")
            .starts_with("SIP/2.0/TCP")
    );
    world.wait(seconds(33));
    assert_eq!(
        world.event(),
        Event::PeerNotified {
            notice: NOTICE,
            outcome
        }
    );
    world.is_empty_in_the_end();
    world.uneventful();
}
