//! SUBSCRIBE (RFC 6665, RFC 3842): subscriptions with their refreshes, bounds and ends.

use super::leaving::reply;
use super::phone::*;
use belpost::sip::{Command, Event, Refusal, Subscribe, SubscriptionEnd, SubscriptionId};

pub(crate) const OURS: &str = "Event: message-summary";
pub(crate) const ON: &str = "Messages-Waiting: yes\r\nVoice-Message: 1/0 (0/0)\r\n";
pub(crate) const OFF: &str = "Messages-Waiting: no\r\nVoice-Message: 0/1 (0/0)\r\n";

pub(crate) fn subscribe(phone: &mut Phone, extra: &str) -> String {
    phone.request("SUBSCRIBE", &format!("{CONTACT}\r\n{OURS}\r\n{extra}"), "")
}

pub(crate) fn asked(world: &mut World) -> Subscribe {
    match world.event() {
        Event::Subscribed(asked) => *asked,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn accept(world: &mut World, subscription: SubscriptionId, body: Option<&str>) {
    let body = body.map(str::to_owned);
    world.command(Command::AcceptSubscription { subscription, body });
}

pub(crate) fn notify(world: &mut World, subscription: SubscriptionId, body: &str) {
    let body = body.to_owned();
    world.command(Command::Notify { subscription, body });
}

/// The NOTIFY that is due, answered.
pub(crate) fn told(world: &mut World) -> Sent {
    let sent = world.request("NOTIFY");
    world.receive(&reply(&sent, 200, "", ""));
    sent
}

/// A subscription in force whose first NOTIFY is answered.
pub(crate) fn begun_with(
    world: &mut World,
    phone: &mut Phone,
    extra: &str,
) -> (SubscriptionId, Sent, Sent) {
    let request = subscribe(phone, extra);
    world.receive(&request);
    let id = asked(world).subscription;
    accept(world, id, Some(ON));
    let ok = world.response(200);
    phone.to_tag = Some(ok.tag("To"));
    let first = told(world);
    world.silent();
    (id, ok, first)
}

pub(crate) fn begun(world: &mut World, phone: &mut Phone) -> SubscriptionId {
    begun_with(world, phone, "").0
}

pub(crate) fn over(world: &mut World, subscription: SubscriptionId, end: SubscriptionEnd) {
    let expected = Event::Unsubscribed { subscription, end };
    assert_eq!(world.event(), expected);
    world.uneventful();
    assert_eq!(world.machine.subscriptions(), 0);
}

#[test]
fn a_subscriber_is_told_the_state_at_once_and_at_every_change() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let request = subscribe(
        &mut phone,
        "Expires: 600\r\nRecord-Route: <sip:192.0.2.9;lr>",
    );
    world.receive(&request);
    world.silent();
    let event = asked(&mut world);
    assert_eq!(
        (event.to.user.as_str(), event.expires),
        ("2001", seconds(600))
    );
    assert_eq!(event.request_uri.host, "198.51.100.1");
    assert_eq!(event.source, address(PHONE));
    accept(&mut world, event.subscription, Some(ON));
    let ok = world.response(200);
    assert_eq!(ok.header("Expires"), "600");
    assert_eq!(ok.header("Contact"), "<sip:198.51.100.1:5060>");
    assert_eq!(ok.header("Allow-Events"), "message-summary");
    assert_eq!(ok.header("Record-Route"), "<sip:192.0.2.9;lr>");
    assert_eq!(ok.header("Content-Length"), "0");
    let first = told(&mut world);
    assert_eq!(first.header("Event"), "message-summary");
    assert_eq!(first.header("Subscription-State"), "active;expires=600");
    assert_eq!(
        first.header("Content-Type"),
        "application/simple-message-summary"
    );
    assert_eq!(first.body(), ON);
    assert_eq!(
        (first.to, first.uri()),
        (address("192.0.2.9:5060"), "sip:ann@192.0.2.1:5070")
    );
    assert_eq!(first.header("Route"), "<sip:192.0.2.9;lr>");
    assert_eq!(first.tag("From"), ok.tag("To"));
    assert_eq!(
        (first.tag("To").as_str(), first.header("CSeq")),
        ("ann-a", "1 NOTIFY")
    );
    world.wait(seconds(100));
    notify(&mut world, event.subscription, OFF);
    let second = told(&mut world);
    assert_eq!((second.body(), second.header("CSeq")), (OFF, "2 NOTIFY"));
    assert_eq!(second.header("Subscription-State"), "active;expires=500");
    world.wait(seconds(100));
    world.silent();
    world.uneventful();
    assert_eq!(
        (world.machine.subscriptions(), world.machine.transactions()),
        (1, 0)
    );
    assert_eq!(world.machine.deadlines(), 1);
}

#[test]
fn a_refresh_prolongs_and_is_told_the_state_again() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let id = begun(&mut world, &mut phone);
    world.wait(seconds(3_500));
    let again = subscribe(&mut phone, "Expires: 900").replace("192.0.2.1:5070>", "192.0.2.1:5099>");
    world.receive(&again);
    let ok = world.response(200);
    assert_eq!(ok.header("Expires"), "900");
    assert_eq!(ok.tag("To"), phone.to_tag.clone().unwrap_or_default());
    let told_again = told(&mut world);
    assert_eq!(
        told_again.header("Subscription-State"),
        "active;expires=900"
    );
    assert_eq!(
        (told_again.body(), told_again.to),
        (ON, address("192.0.2.1:5099"))
    );
    world.receive(&again);
    assert_eq!(world.response(200).text, ok.text);
    world.wait(seconds(899));
    world.silent();
    world.uneventful();
    world.wait(seconds(2));
    told(&mut world);
    over(&mut world, id, SubscriptionEnd::Expired);
    world.is_empty_in_the_end();
}

#[test]
fn a_subscription_nobody_refreshes_ends_with_a_last_notify() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let id = begun_with(&mut world, &mut phone, "Expires: 60").0;
    world.wait(seconds(60));
    let last = told(&mut world);
    assert_eq!(
        last.header("Subscription-State"),
        "terminated;reason=timeout"
    );
    assert_eq!(last.body(), ON);
    over(&mut world, id, SubscriptionEnd::Expired);
    let late = subscribe(&mut phone, "");
    world.receive(&late);
    world.response(481);
    notify(&mut world, id, OFF);
    world.silent();
    world.is_empty_in_the_end();
}

#[test]
fn a_subscriber_who_wants_no_more_is_told_the_end() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let id = begun(&mut world, &mut phone);
    let none = subscribe(&mut phone, "Expires: 0");
    world.receive(&none);
    assert_eq!(world.response(200).header("Expires"), "0");
    let last = told(&mut world);
    assert_eq!(
        last.header("Subscription-State"),
        "terminated;reason=timeout"
    );
    over(&mut world, id, SubscriptionEnd::Unsubscribed);
    world.is_empty_in_the_end();
}

#[test]
fn who_wants_the_state_once_gets_one_notify_and_leaves_nothing() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let once = subscribe(&mut phone, "Expires: 0");
    world.receive(&once);
    let event = asked(&mut world);
    assert!(event.expires.is_zero());
    accept(&mut world, event.subscription, Some(OFF));
    assert_eq!(world.response(200).header("Expires"), "0");
    let only = told(&mut world);
    assert_eq!(
        only.header("Subscription-State"),
        "terminated;reason=timeout"
    );
    assert_eq!(only.body(), OFF);
    over(
        &mut world,
        event.subscription,
        SubscriptionEnd::Unsubscribed,
    );
    world.is_empty_in_the_end();
}

#[test]
fn the_time_granted_is_within_bounds() {
    let mut world = World::new();
    for (at, (asked_for, granted)) in [
        ("", "3600"),
        ("Expires: 7200", "3600"),
        ("Expires: 60", "60"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut phone = Phone::new(&format!("phone{at}"));
        let (_, ok, _) = begun_with(&mut world, &mut phone, asked_for);
        assert_eq!(ok.header("Expires"), granted);
    }
    let mut phone = Phone::new("short");
    let short = subscribe(&mut phone, "Expires: 59");
    world.receive(&short);
    assert_eq!(world.response(423).header("Min-Expires"), "60");
    world.uneventful();
}

#[test]
fn what_is_wrong_with_a_subscribe_is_answered_without_state() {
    let mut world = World::new();
    let right = format!("{CONTACT}\r\n{OURS}");
    let cases: [(&str, &str, u16, &str); 9] = [
        (CONTACT, "", 489, "Allow-Events: message-summary"),
        (
            CONTACT,
            "Event: presence",
            489,
            "Allow-Events: message-summary",
        ),
        (
            &right,
            "Accept: application/pidf+xml",
            406,
            "Accept: application/simple-message-summary",
        ),
        (
            &right,
            "Accept:",
            406,
            "Accept: application/simple-message-summary",
        ),
        (&right, "Expires: 5", 423, "Min-Expires: 60"),
        (&right, "Expires: soon", 400, ""),
        (&right, "Require: eventlist", 420, "Unsupported: eventlist"),
        (OURS, "", 400, ""),
        ("Contact: <mailto:a@b>", OURS, 400, ""),
    ];
    for (at, (first, second, status, says)) in cases.into_iter().enumerate() {
        let mut phone = Phone::new(&format!("case{at}"));
        let request = phone.request("SUBSCRIBE", &format!("{first}\r\n{second}"), "");
        world.receive(&request);
        let refused = world.response(status);
        assert!(refused.text.contains(says), "{}", refused.text);
        world.receive(&request);
        assert_eq!(world.response(status).text, refused.text);
    }
    for (from, to, status) in [
        ("Max-Forwards: 70", "Max-Forwards: 0", 483),
        ("SUBSCRIBE sip:", "SUBSCRIBE sips:", 416),
    ] {
        let request = subscribe(&mut Phone::new("z"), "").replacen(from, to, 1);
        world.receive(&request);
        world.response(status);
    }
    world.uneventful();
    let left = (world.machine.subscriptions(), world.machine.transactions());
    assert_eq!((left, world.machine.deadlines()), ((0, 0), 0));
}

#[test]
fn strangers_hear_the_same_whatever_they_ask() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let id = begun(&mut world, &mut phone);
    let stranger = "203.0.113.9:5070";
    let mut heard = Vec::new();
    for (user, event) in [("2001", OURS), ("9999", OURS), ("2001", "Event: presence")] {
        let mut other = Phone::new("eve");
        let extra = format!("{CONTACT}\r\n{event}\r\nExpires: 1");
        let request = other.request("SUBSCRIBE", &extra, "");
        world.receive_from(stranger, &request.replace("2001", user));
        heard.push(world.response(403).text.replace(user, "2001"));
    }
    heard.dedup();
    assert_eq!(heard.len(), 1, "{heard:?}");
    let refresh = subscribe(&mut phone, "Expires: 0");
    world.receive_from(stranger, &refresh);
    world.response(403);
    world.uneventful();
    notify(&mut world, id, OFF);
    told(&mut world);
}

#[test]
fn a_mailbox_that_is_not_there_is_refused_by_the_layer_above() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let request = subscribe(&mut phone, "");
    world.receive(&request);
    let subscription = asked(&mut world).subscription;
    world.receive(&request);
    world.silent();
    let refusal = Refusal {
        status: 404,
        retry_after: None,
        why: "",
    };
    world.command(Command::RefuseSubscription {
        subscription,
        refusal,
    });
    let refused = world.response(404);
    world.receive(&request);
    assert_eq!(world.response(404).text, refused.text);
    accept(&mut world, subscription, None);
    world.silent();
    world.uneventful();
    world.is_empty_in_the_end();
}

#[test]
fn a_subscribe_nobody_decides_on_is_refused_in_the_end() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let request = subscribe(&mut phone, "");
    world.receive(&request);
    let id = asked(&mut world).subscription;
    world.wait(seconds(5));
    world.response(503).header("Retry-After");
    over(&mut world, id, SubscriptionEnd::Undecided);
    world.is_empty_in_the_end();
}

#[test]
fn requests_for_a_subscription_we_do_not_have_get_481() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    begun(&mut world, &mut phone);
    for (from, to) in [
        (";tag=ann-a", ";tag=eve"),
        ("Call-ID: a@", "Call-ID: b@"),
        (OURS, "Event: message-summary;id=other"),
    ] {
        let request = subscribe(&mut phone, "").replacen(from, to, 1);
        world.receive(&request);
        world.response(481);
    }
    for method in ["BYE", "INVITE", "INFO", "NOTIFY"] {
        let request = phone.request(method, CONTACT, "");
        world.receive(&request);
        world.response(481);
    }
    let options = phone.request("OPTIONS", "", "");
    world.receive(&options);
    world.response(200);
    let refused = subscribe(&mut phone, "Require: x");
    world.receive(&refused);
    world.response(420);
    world.silent();
    world.uneventful();
    assert_eq!(world.machine.subscriptions(), 1);
}

#[test]
fn a_refused_refresh_leaves_the_subscription_as_it_was() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let id = begun_with(&mut world, &mut phone, "Expires: 100").0;
    world.wait(seconds(50));
    for (extra, status) in [("Expires: 1", 423), ("Accept: text/plain", 406)] {
        let request = subscribe(&mut phone, extra);
        world.receive(&request);
        world.response(status);
    }
    let other = subscribe(&mut phone, "").replace("message-summary", "presence");
    world.receive(&other);
    world.response(489);
    world.wait(seconds(49));
    world.silent();
    world.wait(seconds(1));
    told(&mut world);
    over(&mut world, id, SubscriptionEnd::Expired);
}

#[test]
fn requests_out_of_order_change_nothing() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    begun(&mut world, &mut phone);
    let refresh = subscribe(&mut phone, "");
    let gone = subscribe(&mut phone, "Expires: 0");
    phone.cseq += 5;
    let newer = subscribe(&mut phone, "Expires: 120");
    world.receive(&newer);
    world.response(200);
    told(&mut world);
    for late in [refresh, gone] {
        world.receive(&late);
        world.response(500).header("Retry-After");
    }
    world.silent();
    world.uneventful();
    assert_eq!(world.machine.subscriptions(), 1);
}

#[test]
fn the_same_subscribe_on_two_ways_begins_one_subscription() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let request = subscribe(&mut phone, "");
    world.receive(&request);
    let copy = request.replace("z9hG4bKa-1", "z9hG4bKother");
    world.receive(&copy);
    world.response(482);
    let id = asked(&mut world).subscription;
    world.uneventful();
    accept(&mut world, id, Some(ON));
    world.response(200);
    told(&mut world);
    world.wait(seconds(60));
    world.receive(&copy);
    world.response(482);
    world.receive_on(1, "192.0.2.1:40001", &copy.replace("/UDP", "/TCP"));
    world.response(482);
    assert_eq!(world.machine.subscriptions(), 1);
}

#[test]
fn subscriptions_are_bounded_in_all_for_a_source_and_for_a_number() {
    let mut config = config();
    config.max_subscriptions = 100;
    let mut world = World::with(config);
    let mut try_one = |source: &str, user: &str, round: usize| {
        let mut phone = Phone::new(&format!("{round}x{user}"));
        let request = subscribe(&mut phone, "").replace("sip:2001@", &format!("sip:{user}@"));
        world.receive_from(source, &request);
        let Some(Event::Subscribed(event)) = world.events.pop_front() else {
            world.response(503).header("Retry-After");
            return false;
        };
        accept(&mut world, event.subscription, Some(OFF));
        world.response(200);
        world.request("NOTIFY");
        true
    };
    let of_number = (0..50)
        .filter(|round| try_one(PHONE, "2001", *round))
        .count();
    assert_eq!(of_number, 32);
    let of_source = (0..200)
        .filter(|n| try_one(PHONE, &format!("3{n}"), 0))
        .count();
    assert_eq!(of_source + of_number, 90);
    let of_others = (0..200)
        .filter(|n| try_one("192.0.2.99:5060", &format!("4{n}"), 0))
        .count();
    assert_eq!(of_source + of_number + of_others, 100);
    world.sent.clear();
    world.wait(seconds(70));
    world.is_empty_in_the_end();
}

#[test]
fn a_flood_of_subscribes_for_nobody_keeps_little() {
    let mut config = config();
    config.max_calls = 1;
    let mut world = World::with(config);
    for round in 0..5_000_u32 {
        let mut phone = Phone::new(&format!("flood{round}"));
        let request = subscribe(&mut phone, "");
        world.receive(&request);
        let Some(Event::Subscribed(event)) = world.events.pop_front() else {
            world.response(503);
            continue;
        };
        let refusal = Refusal {
            status: 404,
            retry_after: None,
            why: "",
        };
        world.command(Command::RefuseSubscription {
            subscription: event.subscription,
            refusal,
        });
        world.response(404);
    }
    assert!(world.machine.transactions() <= 1_000);
    world.is_empty_in_the_end();
}

#[test]
fn a_subscriber_that_asks_without_end_is_put_off() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    begun(&mut world, &mut phone);
    for _ in 0..5_000 {
        let request = subscribe(&mut phone, "");
        world.receive(&request);
    }
    assert!(world.machine.transactions() < 700);
    assert_eq!(world.sent.back().map(Sent::status), Some(503));
}

#[test]
fn a_thousand_subscriptions_come_and_go_and_leave_nothing() {
    let mut world = World::new();
    for round in 0..1_000_u32 {
        let mut phone = Phone::new(&format!("sub{round}"));
        let id = begun(&mut world, &mut phone);
        match round % 3 {
            0 => {
                let none = subscribe(&mut phone, "Expires: 0");
                world.receive(&none);
                world.response(200);
                told(&mut world);
            }
            1 => {
                notify(&mut world, id, OFF);
                let out = world.request("NOTIFY");
                world.receive(&reply(&out, 481, "", ""));
            }
            _ => {
                notify(&mut world, id, OFF);
                world.wait(seconds(33));
                world.sent.clear();
            }
        }
        assert!(matches!(world.event(), Event::Unsubscribed { .. }));
        world.silent();
    }
    world.is_empty_in_the_end();
    world.uneventful();
}
