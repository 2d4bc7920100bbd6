//! The laws of the registrar, by example and against a model.
//!
//! Long because all of them share one world and one telephone.

use super::*;
use crate::base::{
    DeviceId, DialString, DigestAlgorithm, Language, MailboxId, Mono, Now, Timestamp,
};
use crate::sip::{
    Address, Bound, Challenge, Claim, ClaimId, ConnectionId, Contact, Credentials, Event, Reach,
    Register, Transport, Wanted, Way, Wish,
};
use crate::subscriber::{Delivery, Device, Devices, Profile, Roster, Secrets, digest};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const HOME: &str = "192.0.2.1:5070";
const AWAY: &str = "198.51.100.7:5060";
const PASSWORD: &str = "correct horse";
const REALM: &str = "belpost";

fn name(text: &str) -> DeviceId {
    DeviceId::parse(text).unwrap()
}

fn mailbox(text: &str) -> MailboxId {
    MailboxId::parse(text).unwrap()
}

fn profile(number: &str, further: &str) -> Profile {
    Profile {
        mailbox: mailbox(number),
        name: format!("Owner of {number}"),
        numbers: vec![DialString::parse(further).unwrap()],
        language: Language::parse("nl").unwrap(),
        zone: "UTC".to_owned(),
        passcode: None,
        assistant: None,
        tenant: None,
        delivery: Delivery::local(),
        limits: crate::mailbox::Limits::default(),
    }
}

fn device(text: &str, whose: &str) -> Device {
    Device {
        name: name(text),
        mailbox: mailbox(whose),
        realm: REALM.to_owned(),
        secrets: Secrets::of(&name(text), REALM, PASSWORD),
    }
}

fn at(address: &str) -> Way {
    Way {
        source: address.parse().unwrap(),
        transport: Transport::Udp,
        connection: None,
    }
}

fn address(user: &str) -> Address {
    Address {
        user: user.to_owned(),
        host: "voicemail.example".to_owned(),
        ..Address::default()
    }
}

fn contact(uri: &str) -> Contact {
    Contact {
        uri: uri.to_owned(),
        key: uri.to_owned(),
        expires: None,
        q: 1_000,
        instance: None,
        reg_id: None,
        reach: Reach::at_peer("x", HOME.parse().unwrap(), Transport::Udp),
    }
}

/// What a telephone answers a challenge with.
#[derive(Clone, Copy)]
struct Knows<'a> {
    user: &'a str,
    password: &'a str,
    algorithm: DigestAlgorithm,
    count: u32,
}

const DESK: Knows<'_> = Knows {
    user: "desk",
    password: PASSWORD,
    algorithm: DigestAlgorithm::Sha256,
    count: 1,
};

impl Knows<'_> {
    /// By the book, and with none of the code under test but the hash.
    fn answer(self, nonce: &str, method: &str) -> Credentials {
        let Knows {
            user,
            password,
            algorithm,
            count,
        } = self;
        let uri = "sip:voicemail.example".to_owned();
        let (nc, cnonce) = (format!("{count:08x}"), "0a4f113b".to_owned());
        let h = |text: String| digest(algorithm, &text);
        let response = h(format!(
            "{}:{nonce}:{nc}:{cnonce}:auth:{}",
            h(format!("{user}:{REALM}:{password}")),
            h(format!("{method}:{uri}"))
        ));
        Credentials {
            username: user.to_owned(),
            realm: REALM.to_owned(),
            nonce: nonce.to_owned(),
            uri,
            response,
            algorithm,
            cnonce,
            nc,
            count,
        }
    }
}

struct World {
    registrar: Registrar,
    now: Now,
    claims: u64,
    cseq: u32,
    changes: Vec<Change>,
}

impl World {
    fn new() -> World {
        World::with(Rules {
            tries: 3,
            ..Rules::default()
        })
    }

    fn with(rules: Rules) -> World {
        let roster = Roster::new([profile("2001", "+31201"), profile("2002", "+31202")]);
        let devices = [
            device("desk", "2001"),
            device("home", "2001"),
            device("other", "2002"),
            device("orphan", "2009"),
        ];
        World {
            registrar: Registrar::new(
                rules,
                Devices::new(devices).unwrap(),
                Arc::new(roster.unwrap()),
                [9; 32],
            ),
            now: Now {
                mono: Mono::since_start(Duration::from_secs(1_000)),
                wall: Timestamp::from_second(1_800_000_000).unwrap(),
            },
            claims: 0,
            cseq: 0,
            changes: Vec::new(),
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
        self.registrar.handle_timeout(self.now);
        assert_eq!(self.drain(), []);
    }

    /// Takes all commands; those to SIP come back, changes are noted.
    fn drain(&mut self) -> Vec<sip::Command> {
        let mut told = Vec::new();
        while let Some(command) = self.registrar.poll_command() {
            match command {
                Command::Sip(command) => told.push(command),
                Command::Changed(change) | Command::Seen(change) => self.changes.push(change),
            }
        }
        self.registrar.check();
        told
    }

    fn ask(&mut self, event: Event) -> sip::Command {
        self.registrar.handle_sip(self.now, event);
        let mut told = self.drain();
        assert_eq!(told.len(), 1, "one answer to each request");
        told.remove(0)
    }

    fn registering(&mut self, way: &Way, wish: Wish, credentials: Vec<Credentials>) -> Register {
        self.claims += 1;
        self.cseq += 1;
        Register {
            claim: ClaimId(self.claims),
            way: *way,
            trusted: false,
            aor: address("2001"),
            credentials,
            call_id: "run-1".to_owned(),
            cseq: self.cseq,
            wish,
            outbound: false,
            agent: "test".to_owned(),
        }
    }

    fn send(&mut self, register: Register) -> sip::Command {
        self.ask(Event::Registering(Box::new(register)))
    }

    /// A fresh nonce for this address.
    fn nonce(&mut self, way: &Way) -> String {
        let bare = self.registering(way, Wish::Look, Vec::new());
        challenge(self.send(bare)).nonce
    }

    /// A REGISTER with an answer to a fresh nonce.
    fn try_with(&mut self, way: &Way, knows: Knows<'_>, wish: Wish) -> sip::Command {
        let nonce = self.nonce(way);
        let answer = knows.answer(&nonce, "REGISTER");
        let register = self.registering(way, wish, vec![answer]);
        self.send(register)
    }

    fn bind(&mut self, way: &Way, knows: Knows<'_>, contacts: Vec<Contact>) -> Vec<Bound> {
        bound(self.try_with(way, knows, Wish::Bind(contacts)))
    }

    fn claim(&mut self, way: &Way, wants: Wanted, credentials: Vec<Credentials>) -> Claim {
        self.claims += 1;
        Claim {
            claim: ClaimId(self.claims),
            wants,
            way: *way,
            request_uri: address("1233"),
            to: address("2001"),
            from: address("2001"),
            says_ours: true,
            credentials,
        }
    }

    fn put(&mut self, claim: Claim) -> sip::Command {
        self.ask(Event::Claimed(Box::new(claim)))
    }
}

fn challenge(command: sip::Command) -> Challenge {
    match command {
        sip::Command::Challenge { challenge, .. } => challenge,
        other => panic!("{other:?}"),
    }
}

fn bound(command: sip::Command) -> Vec<Bound> {
    match command {
        sip::Command::Bound { bound, .. } => bound,
        other => panic!("{other:?}"),
    }
}

fn refusal(command: sip::Command) -> u16 {
    match command {
        sip::Command::RefuseClaim { refusal, .. } => refusal.status,
        other => panic!("{other:?}"),
    }
}

fn admitted(command: sip::Command) -> Option<(String, String)> {
    match command {
        sip::Command::Admit { who, .. } => {
            who.map(|who| (who.device.to_string(), who.identity.user))
        }
        other => panic!("{other:?}"),
    }
}

fn uris(bound: &[Bound]) -> Vec<&str> {
    bound.iter().map(|b| b.uri.as_str()).collect()
}

#[test]
fn a_device_is_bound_with_the_right_answer_in_either_algorithm() {
    for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Md5] {
        let mut world = World::new();
        let knows = Knows { algorithm, ..DESK };
        let found = world.bind(&at(HOME), knows, vec![contact("sip:a@h")]);
        assert_eq!(uris(&found), ["sip:a@h"]);
        assert_eq!(found[0].left, Duration::from_secs(3_600));
        assert!(matches!(&world.changes[..], [Change::Bound(b)] if b.mailbox == mailbox("2001")));
        assert_eq!(world.registrar.bindings(&mailbox("2001")).count(), 1);
        assert_eq!(world.registrar.bindings(&mailbox("2002")).count(), 0);
        world.wait(3_600);
        assert!(world.registrar.is_empty());
        assert!(matches!(world.changes[1], Change::Gone(_, Gone::Expired)));
    }
}

#[test]
fn an_algorithm_that_is_not_served_is_no_answer() {
    let mut world = World::with(Rules {
        algorithms: vec![DigestAlgorithm::Sha256],
        ..Rules::default()
    });
    let md5 = Knows {
        algorithm: DigestAlgorithm::Md5,
        ..DESK
    };
    let asked = challenge(world.try_with(&at(HOME), md5, Wish::Look));
    assert_eq!(asked.algorithms, [DigestAlgorithm::Sha256]);
    assert!(!asked.stale);
}

#[test]
fn a_wrong_name_and_a_wrong_password_are_answered_alike() {
    let mut world = World::new();
    let mut answers = Vec::new();
    for (user, password) in [
        ("desk", "wrong"),
        ("nobody", "wrong"),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("Desk", PASSWORD),
        ("de:sk", PASSWORD),
    ] {
        let knows = Knows {
            user,
            password,
            ..DESK
        };
        let way = at(&format!("192.0.2.{}:5060", answers.len() + 10));
        let mut answer = challenge(world.try_with(&way, knows, Wish::Look));
        assert_eq!(answer.nonce.len(), 64);
        answer.nonce.clear();
        answers.push(answer);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(!answers[0].stale);
    // So is one who said nothing at all.
    let bare = world.registering(&at(HOME), Wish::Look, Vec::new());
    let mut first = challenge(world.send(bare));
    first.nonce.clear();
    assert_eq!(first, answers[0]);
}

#[test]
fn an_answer_is_good_once_for_its_request_and_its_address() {
    let mut world = World::new();
    let nonce = world.nonce(&at(HOME));
    let answer = DESK.answer(&nonce, "REGISTER");
    let send = |world: &mut World, way: &str, answer: &Credentials| {
        let register = world.registering(&at(way), Wish::Look, vec![answer.clone()]);
        world.send(register)
    };
    let elsewhere = challenge(send(&mut world, AWAY, &answer));
    assert!(elsewhere.stale, "the nonce was given to another address");
    bound(send(&mut world, HOME, &answer));
    let again = challenge(send(&mut world, HOME, &answer));
    assert!(again.stale, "this count was used");
    let next = Knows { count: 2, ..DESK }.answer(&nonce, "REGISTER");
    bound(send(&mut world, HOME, &next));
    let invite = Knows { count: 3, ..DESK }.answer(&nonce, "INVITE");
    assert!(!challenge(send(&mut world, HOME, &invite)).stale);
    world.wait(300);
    let late = Knows { count: 4, ..DESK }.answer(&nonce, "REGISTER");
    assert!(challenge(send(&mut world, HOME, &late)).stale);
    let made_up = Knows { count: 1, ..DESK }.answer("dcd98b7102dd2f0e", "REGISTER");
    assert!(challenge(send(&mut world, HOME, &made_up)).stale);
}

#[test]
fn wrong_answers_ban_the_address_they_come_from_and_no_other() {
    let mut world = World::new();
    let wrong = Knows {
        password: "wrong",
        ..DESK
    };
    for _ in 0..3 {
        challenge(world.try_with(&at(AWAY), wrong, Wish::Look));
    }
    // The right password does not help there, and is answered like a wrong one.
    let mut banned = challenge(world.try_with(&at(AWAY), DESK, Wish::Look));
    let mut usual = challenge(world.try_with(&at("203.0.113.1:5060"), wrong, Wish::Look));
    banned.nonce.clear();
    usual.nonce.clear();
    assert_eq!(banned, usual);
    // The owner is elsewhere and notices nothing.
    bound(world.try_with(&at(HOME), DESK, Wish::Look));
    // Trying during the ban does not prolong it.
    for _ in 0..10 {
        challenge(world.try_with(&at(AWAY), wrong, Wish::Look));
    }
    world.wait(60);
    bound(world.try_with(&at(AWAY), DESK, Wish::Look));
}

#[test]
fn a_device_that_is_bound_there_is_let_through_a_ban_until_it_is_wrong_itself() {
    let mut world = World::new();
    world.bind(&at(HOME), DESK, vec![contact("sip:a@h")]);
    let stranger = Knows {
        user: "nobody",
        ..DESK
    };
    // Another telephone in the same house, with a slip in its settings.
    let neighbour = at("192.0.2.1:5099");
    for _ in 0..3 {
        challenge(world.try_with(&neighbour, stranger, Wish::Look));
    }
    let home = Knows {
        user: "home",
        ..DESK
    };
    challenge(world.try_with(&neighbour, home, Wish::Look));
    bound(world.try_with(&at(HOME), DESK, Wish::Look));
    let wrong = Knows {
        password: "wrong",
        ..DESK
    };
    for _ in 0..3 {
        challenge(world.try_with(&neighbour, wrong, Wish::Look));
    }
    challenge(world.try_with(&at(HOME), DESK, Wish::Look));
    bound(world.try_with(&at(AWAY), DESK, Wish::Look));
}

#[test]
fn nobody_can_have_another_address_banned() {
    let mut world = World::new();
    // Whoever writes a false sender never sees the nonce that was sent there.
    let guessed = world.nonce(&at(AWAY));
    for count in 1..100 {
        let knows = Knows {
            password: "wrong",
            count,
            ..DESK
        };
        let answer = knows.answer(&guessed, "REGISTER");
        let register = world.registering(&at(HOME), Wish::Look, vec![answer]);
        assert!(challenge(world.send(register)).stale);
    }
    bound(world.try_with(&at(HOME), DESK, Wish::Look));
}

#[test]
fn a_trusted_peer_stands_for_many_and_is_never_banned() {
    let mut world = World::with(Rules {
        tries: 1,
        requests_a_second: 1,
        ..Rules::default()
    });
    for attempt in 0..200 {
        let password = if attempt % 2 == 0 { "wrong" } else { PASSWORD };
        let knows = Knows { password, ..DESK };
        let mut bare = world.registering(&at(HOME), Wish::Look, Vec::new());
        bare.trusted = true;
        let nonce = challenge(world.send(bare)).nonce;
        let answer = knows.answer(&nonce, "REGISTER");
        let mut register = world.registering(&at(HOME), Wish::Look, vec![answer]);
        register.trusted = true;
        match world.send(register) {
            sip::Command::Challenge { .. } if password == "wrong" => {}
            sip::Command::Bound { .. } if password == PASSWORD => {}
            other => panic!("{other:?}"),
        }
        world.wait(1);
    }
}

#[test]
fn whoever_asks_too_often_is_told_to_wait() {
    let mut world = World::with(Rules {
        requests_a_second: 2,
        ..Rules::default()
    });
    let mut refused = 0;
    for _ in 0..100 {
        let register = world.registering(&at(AWAY), Wish::Look, Vec::new());
        if let sip::Command::RefuseClaim { refusal, .. } = world.send(register) {
            assert_eq!(refusal.status, 503);
            assert!(refusal.retry_after.is_some());
            refused += 1;
        }
    }
    assert_eq!(refused, 80);
    bound(world.try_with(&at(HOME), DESK, Wish::Look));
}

#[test]
fn a_device_binds_its_own_addresses_only() {
    let mut world = World::new();
    for (aor, fits) in [
        ("2001", true),
        ("+31201", true),
        ("+31-201", true),
        ("desk", true),
        ("home", false),
        ("2002", false),
        ("", false),
    ] {
        let nonce = world.nonce(&at(HOME));
        let answer = DESK.answer(&nonce, "REGISTER");
        let wish = Wish::Bind(vec![contact("sip:a@h")]);
        let mut register = world.registering(&at(HOME), wish, vec![answer]);
        register.aor = address(aor);
        match world.send(register) {
            sip::Command::Bound { .. } if fits => {}
            other => assert_eq!((refusal(other), fits), (403, false), "{aor}"),
        }
    }
    let orphan = Knows {
        user: "orphan",
        ..DESK
    };
    assert_eq!(refusal(world.try_with(&at(HOME), orphan, Wish::Look)), 403);
}

#[test]
fn a_device_sees_and_removes_its_own_and_no_others() {
    let mut world = World::new();
    let home = Knows {
        user: "home",
        ..DESK
    };
    world.bind(
        &at(HOME),
        DESK,
        vec![contact("sip:a@h"), contact("sip:b@h")],
    );
    let theirs = world.bind(&at(AWAY), home, vec![contact("sip:a@h")]);
    assert_eq!(uris(&theirs), ["sip:a@h"]);
    assert_eq!(world.registrar.bindings(&mailbox("2001")).count(), 3);
    let left = bound(world.try_with(&at(AWAY), home, Wish::Clear));
    assert!(left.is_empty());
    let ours = bound(world.try_with(&at(HOME), DESK, Wish::Look));
    assert_eq!(uris(&ours), ["sip:a@h", "sip:b@h"]);
}

#[test]
fn an_older_register_does_nothing_at_all() {
    let mut world = World::new();
    world.bind(&at(HOME), DESK, vec![contact("sip:a@h")]);
    let before = world.changes.clone();
    let again = |world: &mut World, call_id: &str, cseq: u32, wish: Wish| {
        let nonce = world.nonce(&at(HOME));
        let answer = DESK.answer(&nonce, "REGISTER");
        let mut register = world.registering(&at(HOME), wish, vec![answer]);
        register.call_id = call_id.to_owned();
        register.cseq = cseq;
        world.send(register)
    };
    let two = Wish::Bind(vec![contact("sip:new@h"), contact("sip:a@h")]);
    let cseq = world.cseq;
    assert_eq!(refusal(again(&mut world, "run-1", cseq, two.clone())), 500);
    assert_eq!(refusal(again(&mut world, "run-1", 1, Wish::Clear)), 500);
    assert_eq!(world.changes, before, "all or nothing");
    // A telephone that starts anew has another Call-ID and counts from one.
    assert_eq!(bound(again(&mut world, "run-2", 1, two)).len(), 2);
    assert_eq!(refusal(again(&mut world, "run-2", 1, Wish::Clear)), 500);
    assert!(bound(again(&mut world, "run-2", 2, Wish::Clear)).is_empty());
}

#[test]
fn a_time_that_is_too_short_is_told_and_one_that_is_too_long_cut() {
    let mut world = World::new();
    let with = |seconds| Contact {
        expires: Some(Duration::from_secs(seconds)),
        ..contact("sip:a@h")
    };
    let brief = world.try_with(&at(HOME), DESK, Wish::Bind(vec![with(59)]));
    assert!(matches!(
        brief,
        sip::Command::TooBrief { least, .. } if least == Duration::from_secs(60)
    ));
    assert!(world.registrar.is_empty());
    let long = world.bind(&at(HOME), DESK, vec![with(u64::from(u32::MAX))]);
    assert_eq!(long[0].left, Duration::from_secs(86_400));
    let gone = world.bind(&at(HOME), DESK, vec![with(0)]);
    assert!(gone.is_empty());
}

#[test]
fn a_telephone_that_takes_a_new_port_at_every_start_is_never_shut_out() {
    let mut world = World::new();
    for start in 0..30 {
        let uri = format!("sip:a@h:{}", 40_000 + start);
        let found = world.bind(&at(HOME), DESK, vec![contact(&uri)]);
        assert!(uris(&found).contains(&uri.as_str()));
        assert!(found.len() <= 10);
        world.wait(10);
    }
    let displaced = |c: &&Change| matches!(c, Change::Gone(_, Gone::Displaced));
    assert_eq!(world.changes.iter().filter(displaced).count(), 20);
}

#[test]
fn a_flow_that_is_kept_ends_with_its_connection() {
    let mut world = World::new();
    let connection = Some(ConnectionId(7));
    let mut flow = contact("sip:a@h;transport=tcp");
    flow.instance = Some("<urn:uuid:1>".to_owned());
    flow.reg_id = Some(1);
    flow.reach.connection = connection;
    let mut plain = contact("sip:b@h;transport=tcp");
    plain.reach.connection = connection;
    for (outbound, contact) in [(true, flow.clone()), (false, plain)] {
        let nonce = world.nonce(&at(HOME));
        let answer = DESK.answer(&nonce, "REGISTER");
        let mut register = world.registering(&at(HOME), Wish::Bind(vec![contact]), vec![answer]);
        register.outbound = outbound;
        bound(world.send(register));
    }
    // The same instance from another address is the same binding.
    flow.uri = "sip:a@elsewhere".to_owned();
    flow.key = flow.uri.clone();
    let nonce = world.nonce(&at(HOME));
    let answer = DESK.answer(&nonce, "REGISTER");
    let mut register = world.registering(&at(HOME), Wish::Bind(vec![flow]), vec![answer]);
    register.outbound = true;
    let found = bound(world.send(register));
    assert_eq!(uris(&found), ["sip:a@elsewhere", "sip:b@h;transport=tcp"]);
    world.registrar.connection_lost(ConnectionId(7));
    world.drain();
    let left = bound(world.try_with(&at(HOME), DESK, Wish::Look));
    assert_eq!(uris(&left), ["sip:b@h;transport=tcp"]);
    assert!(matches!(world.changes[3], Change::Gone(_, Gone::FlowLost)));
}

#[test]
fn what_was_bound_is_found_again_for_no_longer_than_it_was() {
    let mut world = World::new();
    world.bind(&at(HOME), DESK, vec![contact("sip:a@h")]);
    let other = Knows {
        user: "other",
        ..DESK
    };
    let nonce = world.nonce(&at(HOME));
    let answer = other.answer(&nonce, "REGISTER");
    let wish = Wish::Bind(vec![contact("sip:o@h")]);
    let mut register = world.registering(&at(HOME), wish, vec![answer]);
    register.aor = address("2002");
    bound(world.send(register));
    let stored: Vec<Binding> = world
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Bound(binding) => Some(binding.clone()),
            Change::Refreshed(_) | Change::Gone(..) => None,
        })
        .collect();
    assert_eq!(stored.len(), 2);

    let mut next = World::new();
    // The other device is no longer there.
    let devices = Devices::new([device("desk", "2001")]).unwrap();
    next.registrar.set_devices(devices);
    next.now.wall = world.now.after(Duration::from_secs(600)).wall;
    next.registrar.handle_stored(next.now, stored.clone());
    assert_eq!(next.drain(), []);
    let found = bound(next.try_with(&at(AWAY), DESK, Wish::Look));
    assert_eq!(found[0].left, Duration::from_secs(3_000));
    assert!(matches!(
        &next.changes[..],
        [Change::Bound(_), Change::Gone(_, Gone::NoDevice)]
    ));

    let mut late = World::new();
    late.now.wall = world.now.after(Duration::from_secs(3_600)).wall;
    late.registrar.handle_stored(late.now, stored);
    late.drain();
    assert!(late.registrar.is_empty());
    assert_eq!(late.changes.len(), 2, "what is over is told as gone");
}

#[test]
fn what_another_node_binds_is_known_here_and_not_told_as_ours() {
    let (mut here, mut there) = (World::new(), World::new());
    there.bind(&at(HOME), DESK, vec![contact("sip:a@h")]);
    for change in there.changes.clone() {
        here.registrar.handle_elsewhere(here.now, change);
    }
    assert!(matches!(
        here.registrar.poll_command(),
        Some(Command::Seen(Change::Bound(_)))
    ));
    let found = bound(here.try_with(&at(AWAY), DESK, Wish::Look));
    assert_eq!(uris(&found), ["sip:a@h"]);
    bound(there.try_with(&at(HOME), DESK, Wish::Clear));
    let gone = there.changes.last().cloned().unwrap();
    here.registrar.handle_elsewhere(here.now, gone);
    here.drain();
    assert!(here.registrar.is_empty());
}

#[test]
fn a_device_that_is_gone_is_bound_no_longer() {
    let mut world = World::new();
    world.bind(
        &at(HOME),
        DESK,
        vec![contact("sip:a@h"), contact("sip:b@h")],
    );
    world.registrar.set_devices(Devices::default());
    world.drain();
    assert!(world.registrar.is_empty());
    assert_eq!(world.changes.len(), 4);
    challenge(world.try_with(&at(HOME), DESK, Wish::Look));
}

// ---- calls and subscriptions ----

#[test]
fn whoever_says_to_be_one_of_ours_proves_it() {
    let mut world = World::new();
    for user in ["2001", "2009", "nobody"] {
        let mut claim = world.claim(&at(AWAY), Wanted::Call, Vec::new());
        claim.from = address(user);
        let asked = challenge(world.put(claim));
        assert!(!asked.stale, "{user}");
    }
    let nonce = world.nonce(&at(AWAY));
    let answer = DESK.answer(&nonce, "INVITE");
    let claim = world.claim(&at(AWAY), Wanted::Call, vec![answer]);
    let who = admitted(world.put(claim));
    assert_eq!(who, Some(("desk".to_owned(), "2001".to_owned())));
}

#[test]
fn a_stranger_who_claims_nothing_calls_as_ever() {
    let mut world = World::new();
    let mut claim = world.claim(&at(AWAY), Wanted::Call, Vec::new());
    claim.says_ours = false;
    assert_eq!(admitted(world.put(claim)), None);
    // What was made for another realm is no claim here.
    let mut foreign = DESK.answer("x", "INVITE");
    foreign.realm = "elsewhere".to_owned();
    let mut claim = world.claim(&at(AWAY), Wanted::Call, vec![foreign]);
    claim.says_ours = false;
    assert_eq!(admitted(world.put(claim)), None);
}

#[test]
fn a_call_by_the_way_a_telephone_registered_is_asked_who_it_is() {
    let mut world = World::new();
    world.bind(&at(HOME), DESK, vec![contact("sip:a@h")]);
    for (way, asked) in [(HOME, true), ("192.0.2.1:5099", false)] {
        let mut claim = world.claim(&at(way), Wanted::Call, Vec::new());
        claim.says_ours = false;
        let answer = world.put(claim);
        let is_challenge = matches!(answer, sip::Command::Challenge { .. });
        assert_eq!(is_challenge, asked, "{answer:?}");
    }
}

#[test]
fn a_device_speaks_for_its_own_subscriber() {
    let mut world = World::new();
    let cases = [
        ("2001", Ok("2001")),
        ("+31201", Ok("+31201")),
        ("desk", Ok("2001")),
        ("home", Err(403)),
        ("2002", Err(403)),
        ("0612345678", Err(403)),
    ];
    for (from, expected) in cases {
        let nonce = world.nonce(&at(HOME));
        let answer = DESK.answer(&nonce, "INVITE");
        let mut claim = world.claim(&at(HOME), Wanted::Call, vec![answer]);
        claim.from = address(from);
        match (world.put(claim), expected) {
            (command @ sip::Command::Admit { .. }, Ok(shown)) => {
                assert_eq!(admitted(command).unwrap().1, shown, "{from}");
            }
            (command, Err(status)) => assert_eq!(refusal(command), status, "{from}"),
            (command, Ok(_)) => panic!("{from}: {command:?}"),
        }
    }
}

#[test]
fn a_device_may_withhold_who_it_is() {
    let mut world = World::new();
    let nonce = world.nonce(&at(HOME));
    let answer = DESK.answer(&nonce, "INVITE");
    let mut claim = world.claim(&at(HOME), Wanted::Call, vec![answer]);
    claim.from = Address {
        user: "anonymous".to_owned(),
        host: "anonymous.invalid".to_owned(),
        ..Address::default()
    };
    match world.put(claim) {
        sip::Command::Admit { who: Some(who), .. } => {
            assert!(who.private);
            assert_eq!(who.mailbox, mailbox("2001"));
            assert_eq!(who.identity.display, "Owner of 2001");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_device_subscribes_to_its_own_lamp_alone() {
    let mut world = World::new();
    for (to, fits) in [("2001", true), ("desk", true), ("2002", false)] {
        let bare = world.claim(&at(HOME), Wanted::Subscription, Vec::new());
        let nonce = challenge(world.put(bare)).nonce;
        let answer = DESK.answer(&nonce, "SUBSCRIBE");
        let mut claim = world.claim(&at(HOME), Wanted::Subscription, vec![answer]);
        claim.to = address(to);
        claim.request_uri = address(to);
        match world.put(claim) {
            sip::Command::Admit { who: Some(_), .. } if fits => {}
            other => assert_eq!((refusal(other), fits), (403, false), "{to}"),
        }
    }
}

// ---- against a model ----

#[derive(Clone, Debug)]
enum Act {
    Bind {
        device: usize,
        contact: usize,
        seconds: u64,
        newer: bool,
    },
    Clear {
        device: usize,
        newer: bool,
    },
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let seconds = prop_oneof![Just(0_u64), 60_u64..4_000];
    prop_oneof![
        6 => (0..2_usize, 0..14_usize, seconds, any::<bool>()).prop_map(
            |(device, contact, seconds, newer)| Act::Bind { device, contact, seconds, newer }
        ),
        1 => (0..2_usize, any::<bool>()).prop_map(|(device, newer)| Act::Clear { device, newer }),
        3 => (1_u64..2_000).prop_map(Act::Wait),
    ]
}

/// A model of what is bound: by device and contact, when it ends and the CSeq that bound it.
type Model = BTreeMap<(usize, usize), (u64, u32)>;

const NAMES: [&str; 2] = ["desk", "home"];

fn model_bind(
    model: &mut Model,
    now: u64,
    (device, contact): (usize, usize),
    seconds: u64,
    cseq: u32,
) {
    if seconds == 0 {
        model.remove(&(device, contact));
        return;
    }
    model.insert((device, contact), (now + seconds, cseq));
    let own = model.iter().filter(|((d, _), _)| *d == device);
    if own.clone().count() > 10 {
        let others = own.filter(|((_, c), _)| *c != contact);
        let first = others
            .min_by_key(|((_, c), (end, _))| (*end, *c))
            .map(|(key, _)| *key);
        model.remove(&first.unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bindings_are_what_a_simple_table_says(acts in proptest::collection::vec(act(), 1..80)) {
        let mut world = World::new();
        let (mut model, mut now) = (Model::new(), 0_u64);
        // By telephone: what the edge was told is what is bound.
        let mut told: BTreeMap<BindingId, Binding> = BTreeMap::new();
        for act in acts {
            let (device, wish, newer) = match act {
                Act::Wait(seconds) => {
                    world.wait(seconds);
                    now += seconds;
                    model.retain(|_, (end, _)| *end > now);
                    (0, None, true)
                }
                Act::Clear { device, newer } => (device, Some((Wish::Clear, None)), newer),
                Act::Bind { device, contact: which, seconds, newer } => {
                    // Two digits, so that the order of names is that of numbers.
                    let uri = format!("sip:{which:02}@h");
                    let wished = Contact { expires: Some(Duration::from_secs(seconds)), ..contact(&uri) };
                    (device, Some((Wish::Bind(vec![wished]), Some((which, seconds)))), newer)
                }
            };
            if let Some((wish, bind)) = wish {
                world.wait(1);
                now += 1;
                model.retain(|_, (end, _)| *end > now);
                let knows = Knows { user: NAMES[device], ..DESK };
                let nonce = world.nonce(&at(HOME));
                let answer = knows.answer(&nonce, "REGISTER");
                let mut register = world.registering(&at(HOME), wish, vec![answer]);
                if !newer {
                    register.cseq = 1;
                }
                let cseq = register.cseq;
                let older = |key: &(usize, usize)| model.get(key).is_some_and(|(_, c)| *c >= cseq);
                let refused = match bind {
                    Some((which, _)) => older(&(device, which)),
                    None => model.keys().filter(|(d, _)| *d == device).any(older),
                };
                let answer = world.send(register);
                if refused {
                    prop_assert_eq!(refusal(answer), 500);
                } else {
                    match bind {
                        Some((which, seconds)) => {
                            model_bind(&mut model, now, (device, which), seconds, cseq);
                        }
                        None => model.retain(|(d, _), _| *d != device),
                    }
                    let found = bound(answer);
                    let expected: Vec<(String, u64)> = model
                        .iter()
                        .filter(|((d, _), _)| *d == device)
                        .map(|((_, which), (end, _))| (format!("sip:{which:02}@h"), end - now))
                        .collect();
                    let found: Vec<(String, u64)> =
                        found.iter().map(|b| (b.uri.clone(), b.left.as_secs())).collect();
                    prop_assert_eq!(found, expected);
                }
            }
            prop_assert_eq!(world.registrar.len(), model.len());
            for change in world.changes.drain(..) {
                match change {
                    Change::Bound(binding) => {
                        prop_assert!(told.insert(binding.id.clone(), binding).is_none());
                    }
                    Change::Refreshed(binding) => {
                        prop_assert!(told.insert(binding.id.clone(), binding).is_some());
                    }
                    Change::Gone(id, _) => prop_assert!(told.remove(&id).is_some()),
                }
            }
            prop_assert_eq!(told.len(), model.len());
        }
    }
}

#[test]
fn a_way_that_is_bound_is_known_by_address_and_transport() {
    let mut world = World::new();
    let found = world.bind(&at(HOME), DESK, vec![contact("sip:a@h")]);
    assert_eq!(found.len(), 1);
    let heard: SocketAddr = HOME.parse().unwrap();
    let all: Vec<SocketAddr> = world
        .registrar
        .bindings(&mailbox("2001"))
        .map(|b| b.heard)
        .collect();
    assert_eq!(all, [heard]);
}
