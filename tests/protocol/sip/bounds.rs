//! Nothing grows without bound, and nothing is left behind.

use super::phone::*;
use belpost::sip::{Command, Event, Refusal};

#[test]
fn ten_thousand_calls_come_and_go_and_leave_nothing() {
    let mut world = World::new();
    for round in 0..10_000_u32 {
        let mut phone = Phone::new(&format!("call{round}"));
        let invite = phone.invite("Supported: timer");
        world.receive(&invite);
        world.response(100);
        let call = world.invite().call;
        match round % 4 {
            0 => {
                world.receive(&phone.again("CANCEL", "", ""));
                world.event();
                world.sent.clear();
                world.receive(&phone.again("ACK", "", ""));
            }
            1 => {
                let refusal = Refusal {
                    status: 486,
                    retry_after: None,
                    why: "",
                };
                world.command(Command::Refuse { call, refusal });
                world.sent.clear();
                world.receive(&phone.again("ACK", "", ""));
            }
            _ => {
                world.answer(call);
                phone.to_tag = Some(world.response(200).tag("To"));
                let ack = phone.ack();
                world.receive(&ack);
                assert!(matches!(world.event(), Event::Acknowledged { .. }));
                hang_up(&mut world, &mut phone, call);
            }
        }
        world.silent();
        world.uneventful();
        world.wait(millis(3));
    }
    world.is_empty_in_the_end();
    world.uneventful();
}

#[test]
fn calls_beyond_the_bound_get_503_and_leave_no_trace() {
    let mut config = config();
    config.max_calls = 3;
    let mut world = World::with(config);
    for round in 0..10 {
        let mut phone = Phone::new(&format!("call{round}"));
        let invite = phone.invite("");
        world.receive(&invite);
        if round < 3 {
            world.response(100);
        } else {
            world.response(503).header("Retry-After");
            assert_eq!(world.machine.transactions(), 3);
            world.receive(&phone.again("ACK", "", ""));
            world.silent();
        }
    }
    assert_eq!((world.machine.calls(), world.events.len()), (3, 3));
}

#[test]
fn one_source_cannot_take_all_the_room() {
    let mut world = World::new();
    for round in 0..3_000 {
        let mut phone = Phone::new(&format!("flood{round}"));
        let invite = phone.invite("");
        world.receive_from("203.0.113.66:5070", &invite);
    }
    assert_eq!(world.machine.calls(), 100);
    let calls: Vec<_> = world.events.drain(..).collect();
    world.sent.clear();
    let mut phone = Phone::new("good");
    let call = up(&mut world, &mut phone);
    hang_up(&mut world, &mut phone, call);
    for event in calls {
        let Event::Invite(invite) = event else {
            panic!("{event:?}");
        };
        world.answer(invite.call);
    }
    world.wait(seconds(70));
    world.is_empty_in_the_end();
}

#[test]
fn refusals_with_state_are_bounded_too() {
    let mut world = World::new();
    for round in 0..20_000 {
        let mut phone = Phone::new(&format!("bad{round}"));
        let invite = phone.invite("Require: x");
        world.receive_from("203.0.113.66:5070", &invite);
    }
    assert_eq!(world.sent.len(), 20_000);
    assert!(world.machine.transactions() <= 16_000);
    world.sent.clear();
    world.is_empty_in_the_end();
}

#[test]
fn a_peer_that_asks_without_end_is_put_off() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let call = up(&mut world, &mut phone);
    for _ in 0..5_000 {
        let info = phone.request("INFO", "", "");
        world.receive(&info);
    }
    assert!(world.machine.transactions() < 700);
    assert_eq!(world.sent.back().map(Sent::status), Some(503));
    world.sent.clear();
    hang_up(&mut world, &mut phone, call);
    world.is_empty_in_the_end();
}

#[test]
fn the_same_seed_and_the_same_inputs_give_the_same_words() {
    let talk = || {
        let (mut world, mut phone) = (World::new(), Phone::new("a"));
        let call = up(&mut world, &mut phone);
        world.command(Command::Bye(call));
        world.request("BYE").text
    };
    assert_eq!(talk(), talk());
}
