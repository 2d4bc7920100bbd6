//! REGISTER and digest (RFC 3261 sections 10 and 22): the machine together with the registrar, against
//! telephones that write SIP by hand, some of them hostile.

use super::leaving::reply;
use super::phone::*;
use belpost::base::{DeviceId, DialString, DigestAlgorithm, Language, MailboxId};
use belpost::mailbox::Limits;
use belpost::registrar::{self, Change, Gone, Registrar, Rules};
use belpost::sip::{Command, Config, Event};
use belpost::subscriber::{Delivery, Device, Devices, Profile, Roster, Secrets, digest};
use std::sync::Arc;

const HOME: &str = "203.0.113.1:5070";
const PASSWORD: &str = "correct horse";

fn mailbox() -> MailboxId {
    MailboxId::parse("2001").expect("a mailbox")
}

fn profile() -> Profile {
    Profile {
        mailbox: mailbox(),
        name: "Jan".to_owned(),
        numbers: vec![DialString::parse("*5#").expect("a number")],
        language: Language::parse("nl").expect("a language"),
        zone: "UTC".to_owned(),
        passcode: None,
        assistant: None,
        tenant: None,
        delivery: Delivery::local(),
        limits: Limits::default(),
    }
}

fn registering() -> Config {
    Config {
        registers: true,
        ..config()
    }
}

/// The machine and the registrar, joined as in a server.
struct Office {
    world: World,
    registrar: Registrar,
    changes: Vec<Change>,
}

impl Office {
    fn new() -> Office {
        let name = DeviceId::parse("desk").expect("a name");
        let device = Device {
            secrets: Secrets::of(&name, "belpost", PASSWORD),
            name,
            mailbox: mailbox(),
            realm: "belpost".to_owned(),
        };
        let devices = Devices::new([device]).expect("one device");
        let roster = Arc::new(Roster::new([profile()]).expect("one subscriber"));
        Office {
            world: World::with(registering()),
            registrar: Registrar::new(Rules::default(), devices, roster, [5; 32]),
            changes: Vec::new(),
        }
    }

    /// Hands what is the registrar's to it, and its answers back.
    fn settle(&mut self) {
        let mut others = Vec::new();
        while let Some(event) = self.world.events.pop_front() {
            match event {
                Event::Registering(_) | Event::Claimed(_) => {
                    self.registrar.handle_sip(self.world.now, event);
                }
                other => others.push(other),
            }
            while let Some(command) = self.registrar.poll_command() {
                match command {
                    registrar::Command::Sip(command) => self.world.command(command),
                    registrar::Command::Changed(change) | registrar::Command::Seen(change) => {
                        self.changes.push(change);
                    }
                }
            }
        }
        self.world.events.extend(others);
    }

    fn receive(&mut self, source: &str, text: &str) {
        self.world.receive_from(source, text);
        self.settle();
    }

    fn receive_on(&mut self, connection: u64, source: &str, text: &str) {
        self.world.receive_on(connection, source, text);
        self.settle();
    }

    /// Sends a request, answers its challenge, and gives the answer to that.
    fn authorised(&mut self, phone: &mut Phone, method: &str, extra: &str) -> Sent {
        let bare = at_home(&phone.request(method, extra, ""));
        self.receive(HOME, &bare);
        let challenge = self.world.response(401);
        let answer = Answer::to(&challenge).line(method);
        let request = at_home(&phone.request(method, &format!("{answer}\r\n{extra}"), ""));
        self.receive(HOME, &request);
        self.world.next()
    }

    fn register(&mut self, phone: &mut Phone, extra: &str) -> Sent {
        self.authorised(phone, "REGISTER", extra)
    }
}

/// What this telephone writes, sent from an address nobody trusts.
fn at_home(text: &str) -> String {
    text.replace("192.0.2.1", "203.0.113.1")
}

/// What a telephone answers a challenge with, by the book.
#[derive(Clone)]
struct Answer {
    user: String,
    password: String,
    nonce: String,
    algorithm: DigestAlgorithm,
    count: u32,
    uri: String,
}

impl Answer {
    fn to(challenge: &Sent) -> Answer {
        let value = challenge.all("WWW-Authenticate")[0].to_owned();
        let nonce = value.split("nonce=\"").nth(1).expect("a nonce");
        Answer {
            user: "desk".to_owned(),
            password: PASSWORD.to_owned(),
            nonce: nonce.split('"').next().unwrap_or_default().to_owned(),
            algorithm: DigestAlgorithm::Sha256,
            count: 1,
            uri: "sip:2001@198.51.100.1".to_owned(),
        }
    }

    fn line(&self, method: &str) -> String {
        let Answer {
            user,
            password,
            nonce,
            algorithm,
            count,
            uri,
        } = self;
        let h = |text: String| digest(*algorithm, &text);
        let response = h(format!(
            "{}:{nonce}:{count:08x}:abc:auth:{}",
            h(format!("{user}:belpost:{password}")),
            h(format!("{method}:{uri}"))
        ));
        format!(
            "Authorization: Digest username=\"{user}\", realm=\"belpost\", nonce=\"{nonce}\", \
             uri=\"{uri}\", response=\"{response}\", algorithm={}, cnonce=\"abc\", qop=auth, \
             nc={count:08x}",
            algorithm.as_str()
        )
    }
}

const BIND: &str = "Contact: <sip:2001@203.0.113.1:5070>";

#[test]
fn a_telephone_registers_refreshes_and_goes() {
    let (mut office, mut phone) = (Office::new(), Phone::new("a"));
    let bare = at_home(&phone.request("REGISTER", BIND, ""));
    office.receive(HOME, &bare);
    let challenge = office.world.response(401);
    let asked = challenge.all("WWW-Authenticate");
    assert_eq!(asked.len(), 2);
    assert!(asked[0].contains("algorithm=SHA-256") && asked[1].contains("algorithm=MD5"));
    assert!(asked.iter().all(|value| value.contains("qop=\"auth\"")));
    assert!(!challenge.text.contains("stale"));
    assert_eq!(
        office.world.machine.transactions(),
        0,
        "a challenge is forgotten"
    );
    let answer = Answer::to(&challenge);
    let sha256 = answer.line("REGISTER");
    let register = at_home(&phone.request("REGISTER", &format!("{sha256}\r\n{BIND}"), ""));
    office.receive(HOME, &register);
    let ok = office.world.response(200);
    let contact = "<sip:2001@203.0.113.1:5070>;expires=3600";
    assert_eq!(ok.header("Contact"), contact);
    assert_eq!(ok.header("Supported"), "outbound, path");
    assert_eq!(ok.header("Date"), "Thu, 01 Jan 1970 00:00:00 GMT");
    // Its repeat is answered from the transaction: the count is used only once.
    office.receive(HOME, &register);
    assert_eq!(office.world.response(200).text, ok.text);
    office.world.wait(seconds(40));
    assert_eq!(office.world.machine.transactions(), 0);
    // Later the same answer is a replay.
    let replay = register.replace("a-2", "a-9").replace("CSeq: 2", "CSeq: 9");
    office.receive(HOME, &replay);
    let stale = office.world.response(401);
    assert!(
        stale
            .all("WWW-Authenticate")
            .iter()
            .all(|v| v.contains("stale=true"))
    );
    // The next count of the same nonce, and MD5, do as well.
    let next = Answer {
        count: 2,
        algorithm: DigestAlgorithm::Md5,
        ..answer
    };
    let extra = format!("{}\r\n{BIND};expires=600", next.line("REGISTER"));
    let refresh = at_home(&phone.request("REGISTER", &extra, ""));
    office.receive(HOME, &refresh);
    let ok = office.world.response(200);
    assert!(ok.header("Contact").ends_with(";expires=600"));
    let gone = office.register(&mut phone, "Contact: *\r\nExpires: 0");
    assert_eq!((gone.status(), gone.all("Contact").len()), (200, 0));
    assert!(office.registrar.is_empty());
    assert!(matches!(
        office.changes[..],
        [
            Change::Bound(_),
            Change::Refreshed(_),
            Change::Gone(_, Gone::Wished)
        ]
    ));
    office.world.is_empty_in_the_end();
}

#[test]
fn a_wrong_name_and_a_wrong_password_are_answered_byte_for_byte_alike() {
    let mut answers = Vec::new();
    for (user, password) in [("desk", "wrong"), ("ghost", "wrong"), ("ghost", PASSWORD)] {
        let (mut office, mut phone) = (Office::new(), Phone::new("a"));
        office.receive(HOME, &at_home(&phone.request("REGISTER", BIND, "")));
        let challenge = office.world.response(401);
        let answer = Answer {
            user: user.to_owned(),
            password: password.to_owned(),
            ..Answer::to(&challenge)
        };
        let extra = format!("{}\r\n{BIND}", answer.line("REGISTER"));
        office.receive(HOME, &at_home(&phone.request("REGISTER", &extra, "")));
        let refused = office.world.response(401);
        let fresh = Answer::to(&refused).nonce;
        assert_ne!(fresh, answer.nonce);
        answers.push(refused.text.replace(&fresh, "NONCE"));
        // An address nobody has is asked the same as one somebody has.
        let mut other = Phone::new("b");
        let nobody = other
            .request("REGISTER", BIND, "")
            .replace("2001@198", "2009@198");
        office.receive(HOME, &at_home(&nobody));
        office.world.response(401);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[test]
fn a_register_that_cannot_be_understood_is_refused_before_it_is_asked_who_sent_it() {
    let eleven = ["<sip:a@h>"; 11].join(", ");
    let cases = [
        ("Contact: *".to_owned(), 400),
        ("Contact: *\r\nExpires: 60".to_owned(), 400),
        ("Contact: *, <sip:a@h>\r\nExpires: 0".to_owned(), 400),
        (
            "Contact: <sip:a@h>\r\nContact: *\r\nExpires: 0".to_owned(),
            400,
        ),
        (format!("Contact: {eleven}"), 403),
        ("Contact: <sips:a@h>".to_owned(), 400),
        ("Contact: <tel:+31201>".to_owned(), 400),
        ("Contact: <sip:a@h?Route=x>".to_owned(), 400),
        ("Contact: <sip:a@h".to_owned(), 400),
        (format!("Contact: <sip:{}@h>", "a".repeat(600)), 400),
        ("Contact: <sip:a@h>;q=2".to_owned(), 400),
        ("Contact: <sip:a@h>;reg-id=0".to_owned(), 400),
        (
            "Contact: <sip:a@h>;reg-id=1;+sip.instance=\"<u>\", <sip:b@h>".to_owned(),
            400,
        ),
        ("Contact: <sip:a@h>\r\nExpires: soon".to_owned(), 400),
        ("Contact: <sip:a@h>\r\nExpires: -1".to_owned(), 400),
        ("Path: <tel:1>".to_owned(), 400),
        (format!("Path: {}", ["<sip:p;lr>"; 9].join(", ")), 400),
        ("Require: gruu".to_owned(), 420),
        (
            Answer {
                uri: "sip:2002@198.51.100.1".to_owned(),
                user: "desk".to_owned(),
                password: PASSWORD.to_owned(),
                nonce: "x".to_owned(),
                algorithm: DigestAlgorithm::Md5,
                count: 1,
            }
            .line("REGISTER"),
            400,
        ),
    ];
    let mut office = Office::new();
    for (extra, status) in cases {
        let mut phone = Phone::new("a");
        office.receive(HOME, &at_home(&phone.request("REGISTER", &extra, "")));
        assert_eq!(office.world.next().status(), status, "{extra}");
    }
    let mut phone = Phone::new("a");
    let sips = phone
        .request("REGISTER", BIND, "")
        .replacen("sip:2001", "sips:2001", 1);
    office.receive(HOME, &at_home(&sips));
    office.world.response(416);
    assert!(office.registrar.is_empty());
    assert_eq!(office.world.machine.transactions(), 0);
}

#[test]
fn answers_that_are_no_answers_are_met_like_none() {
    let mut office = Office::new();
    for line in [
        "Authorization: Basic ZGVzazpzZWNyZXQ=",
        "Authorization: Digest",
        "Authorization: Digest username=\"desk\"",
        "Authorization: Digest username=\"desk\", username=\"desk\", realm=\"belpost\"",
        "Authorization: ,,,,",
        &format!("Authorization: Digest {}", "x=\"y\",".repeat(5_000)),
        &vec!["Authorization: Digest a=b"; 90].join("\r\n"),
    ] {
        let mut phone = Phone::new("a");
        let extra = format!("{line}\r\n{BIND}");
        office.receive(HOME, &at_home(&phone.request("REGISTER", &extra, "")));
        let challenge = office.world.response(401);
        assert!(!challenge.text.contains("stale"));
    }
    assert!(office.registrar.is_empty());
}

#[test]
fn contacts_come_back_as_they_were_written() {
    let (mut office, mut phone) = (Office::new(), Phone::new("a"));
    let extra = "Contact: \"Desk, upstairs\" <sip:%32001%3Bx@203.0.113.1:5070;transport=udp;ob>;q=0.7\r\n\
                 m: <sip:*5%23@[2001:db8::1]:5062>;expires=120, <sip:plain@phone.example>;expires=junk";
    let ok = office.register(&mut phone, extra);
    assert_eq!(ok.status(), 200, "{}", ok.text);
    let mut contacts = ok.all("Contact");
    contacts.sort_unstable();
    assert_eq!(
        contacts,
        [
            "<sip:%32001%3Bx@203.0.113.1:5070;transport=udp;ob>;expires=3600;q=0.700",
            "<sip:*5%23@[2001:db8::1]:5062>;expires=120",
            "<sip:plain@phone.example>;expires=3600",
        ]
    );
    // The same one in other words is not another one.
    let again = "Contact: <sip:2001%3bx@203.0.113.1:5070>;expires=0";
    let ok = office.register(&mut phone, again);
    assert_eq!(ok.all("Contact").len(), 2);
    let look = office.register(&mut phone, "");
    assert_eq!(look.all("Contact").len(), 2);
}

#[test]
fn an_own_number_with_escapes_is_an_own_address_and_anothers_is_not() {
    for (user, status) in [
        ("*5%23", 200),
        ("%2A5%23", 200),
        ("desk", 200),
        ("2002", 403),
    ] {
        let (mut office, mut phone) = (Office::new(), Phone::new("a"));
        let to = format!("To: <sip:{user}@198.51.100.1>");
        let own = |text: String| at_home(&text.replace("To: <sip:2001@198.51.100.1>", &to));
        let bare = own(phone.request("REGISTER", BIND, ""));
        office.receive(HOME, &bare);
        let answer = Answer::to(&office.world.response(401)).line("REGISTER");
        let extra = format!("{answer}\r\n{BIND}");
        let register = own(phone.request("REGISTER", &extra, ""));
        office.receive(HOME, &register);
        assert_eq!(office.world.next().status(), status, "{user}");
    }
}

#[test]
fn a_register_that_was_overtaken_does_nothing() {
    let (mut office, mut phone) = (Office::new(), Phone::new("a"));
    phone.cseq = 10;
    assert_eq!(office.register(&mut phone, BIND).status(), 200);
    phone.cseq = 3;
    let late = office.register(&mut phone, "Contact: *\r\nExpires: 0");
    assert_eq!(late.status(), 500);
    phone.cseq = 5;
    let both = format!("{BIND};expires=0\r\nContact: <sip:other@h>");
    assert_eq!(office.register(&mut phone, &both).status(), 500);
    assert_eq!(office.registrar.len(), 1);
    let mut restarted = Phone::new("b");
    assert_eq!(office.register(&mut restarted, BIND).status(), 200);
    assert_eq!(office.registrar.len(), 1);
}

#[test]
fn too_brief_a_time_is_told_with_the_least() {
    let (mut office, mut phone) = (Office::new(), Phone::new("a"));
    let brief = office.register(&mut phone, &format!("{BIND};expires=59"));
    assert_eq!((brief.status(), brief.header("Min-Expires")), (423, "60"));
    let brief = office.register(&mut phone, &format!("{BIND}\r\nExpires: 1"));
    assert_eq!(brief.status(), 423);
    let long = office.register(&mut phone, &format!("{BIND}\r\nExpires: 4294967295"));
    assert!(long.header("Contact").ends_with(";expires=86400"));
}

#[test]
fn a_flow_over_a_stream_is_kept_and_one_by_datagrams_is_not() {
    let flow = "Supported: path, outbound\r\nContact: <sip:2001@10.0.0.7:5060;transport=tcp>\
                ;reg-id=1;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>\"";
    let (mut office, mut phone) = (Office::new(), Phone::new("a"));
    let by_udp = office.register(&mut phone, flow);
    assert_eq!((by_udp.status(), by_udp.all("Require").len()), (200, 0));
    let mut office = Office::new();
    phone.transport = "TCP";
    for _ in 0..2 {
        let bare = at_home(&phone.request("REGISTER", flow, ""));
        office.receive_on(7, HOME, &bare);
        let answer = Answer::to(&office.world.response(401)).line("REGISTER");
        let text = phone.request("REGISTER", &format!("{answer}\r\n{flow}"), "");
        office.receive_on(7, HOME, &at_home(&text));
        let ok = office.world.response(200);
        assert_eq!(ok.header("Require"), "outbound");
        assert!(
            ok.header("Contact")
                .contains(";+sip.instance=\"<urn:uuid:00000000-")
        );
        assert!(ok.header("Contact").ends_with(";reg-id=1"));
    }
    let reach = office
        .registrar
        .bindings(&mailbox())
        .next()
        .map(|b| b.reach.clone());
    let reach = reach.expect("a binding");
    assert_eq!(reach.connection.map(|c| c.0), Some(7));
    office.world.lose(7);
    office
        .registrar
        .connection_lost(belpost::sip::ConnectionId(7));
    assert!(office.registrar.is_empty());
}

#[test]
fn a_path_is_kept_and_said_back() {
    let (mut office, mut phone) = (Office::new(), Phone::new("a"));
    let extra = format!(
        "Supported: path\r\nPath: <sip:203.0.113.9;lr>\r\nPath: <sip:edge@203.0.113.8;lr;ob>\r\n{BIND}"
    );
    let ok = office.register(&mut phone, &extra);
    assert_eq!(
        ok.all("Path"),
        ["<sip:203.0.113.9;lr>", "<sip:edge@203.0.113.8;lr;ob>"]
    );
    let reach = office
        .registrar
        .bindings(&mailbox())
        .next()
        .map(|b| b.reach.clone());
    let reach = reach.expect("a binding");
    assert_eq!(reach.destination, address("203.0.113.9:5060"));
    assert_eq!(
        reach.routes,
        ["sip:203.0.113.9;lr", "sip:edge@203.0.113.8;lr;ob"]
    );
    assert_eq!(reach.uri, "sip:2001@203.0.113.1:5070");
}

#[test]
fn an_edge_that_keeps_no_flows_is_told_apart() {
    let (mut office, mut phone) = (Office::new(), Phone::new("a"));
    let contact =
        "Supported: outbound\r\nContact: <sip:2001@10.0.0.7>;reg-id=1;+sip.instance=\"<u>\"";
    let behind = "Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKphone";
    office.receive(
        HOME,
        &at_home(&phone.request("REGISTER", &format!("{behind}\r\n{contact}"), "")),
    );
    office.world.response(439);
    let edge = format!("{behind}\r\nPath: <sip:203.0.113.8;lr;ob>\r\n{contact}");
    let ok = office.register(&mut phone, &edge);
    assert_eq!((ok.status(), ok.header("Require")), (200, "outbound"));
}

#[test]
fn a_telephone_behind_nat_is_reached_where_it_was_heard() {
    let (mut office, mut phone) = (Office::new(), Phone::new("a"));
    let behind = |text: String| text.replace("192.0.2.1", "10.0.0.7");
    let contact = "Contact: <sip:2001@10.0.0.7:5070>";
    let bare = behind(phone.request("REGISTER", contact, ""));
    office.receive(HOME, &bare);
    let answer = Answer::to(&office.world.response(401)).line("REGISTER");
    let text = phone.request("REGISTER", &format!("{answer}\r\n{contact}"), "");
    office.receive(HOME, &behind(text));
    office.world.response(200);
    let found = office
        .registrar
        .bindings(&mailbox())
        .next()
        .map(|b| b.reach.destination);
    assert_eq!(found, Some(address(HOME)));
}

#[test]
fn a_flood_of_registers_leaves_nothing_behind() {
    let mut office = Office::new();
    for n in 0..3_000_u32 {
        let source = format!("198.18.{}.{}:5060", n / 250, n % 250 + 1);
        let mut phone = Phone::new(&format!("f{n}"));
        let made_up = "Authorization: Digest username=\"desk\", realm=\"belpost\", nonce=\"00\", \
                       uri=\"sip:2001@198.51.100.1\", response=\"00\", algorithm=MD5, \
                       cnonce=\"a\", qop=auth, nc=00000001";
        office.receive(
            &source,
            &phone.request("REGISTER", &format!("{made_up}\r\n{BIND}"), ""),
        );
        assert_eq!(office.world.next().status(), 401);
    }
    assert_eq!(office.world.machine.transactions(), 0);
    assert_eq!(office.world.machine.deadlines(), 0);
    assert!(office.registrar.is_empty());
}

#[test]
fn a_server_without_devices_serves_no_register() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let request = phone.request("REGISTER", BIND, "");
    world.receive(&request);
    let refused = world.response(405);
    assert!(!refused.header("Allow").contains("REGISTER"));
    world.uneventful();
}

#[test]
fn a_layer_above_that_answers_nothing_is_waited_for_by_a_few() {
    let mut world = World::with(registering());
    for n in 0..500 {
        let request = Phone::new(&format!("h{n}")).request("REGISTER", BIND, "");
        world.receive(&request);
    }
    world.silent();
    assert_eq!(world.events.len(), 500);
    // The first are forgotten, the last are not.
    for (at, answered) in [(0, false), (499, true)] {
        let Event::Registering(register) = world.events[at].clone() else {
            panic!("{:?}", world.events[at]);
        };
        let claim = register.claim;
        world.command(Command::TooBrief {
            claim,
            least: seconds(60),
        });
        assert_eq!(world.sent.pop_front().is_some(), answered);
    }
}

// ---- calls and subscriptions ----

#[test]
fn a_device_calls_as_its_own_subscriber() {
    let (mut office, mut phone) = (Office::new(), Phone::new("a"));
    let own = |text: String| {
        at_home(&text).replace(
            "\"Ann\" <sip:ann@203.0.113.1>",
            "\"Boss\" <sip:2001@198.51.100.1>",
        )
    };
    let lies = "P-Asserted-Identity: <sip:2002@pbx>\r\nDiversion: <sip:2002@pbx>;reason=no-answer";
    let bare = own(phone.invite(lies));
    office.receive(HOME, &bare);
    let challenge = office.world.response(401);
    assert_eq!(office.world.machine.calls(), 0);
    let ack = own(phone.ack());
    office.receive(HOME, &ack);
    office.world.silent();
    let answer = Answer::to(&challenge).line("INVITE");
    let invite = own(phone.invite(&format!("{answer}\r\n{lies}")));
    office.receive(HOME, &invite);
    office.world.response(100);
    let event = office.world.invite();
    let of = event.authenticated.expect("a device");
    assert_eq!((of.device.as_str(), of.mailbox), ("desk", mailbox()));
    assert!(!event.trusted && event.diversion.is_empty());
    assert_eq!(event.asserted.len(), 1);
    assert_eq!(event.asserted[0].user, "2001");
    assert_eq!(event.asserted[0].display, "Jan");
    office.world.answer(event.call);
    let ok = office.world.response(200);
    phone.to_tag = Some(ok.tag("To"));
    let ack = own(phone.ack());
    office.receive(HOME, &ack);
    // Inside the call nobody is asked again.
    let bye = own(phone.request("BYE", "", ""));
    office.receive(HOME, &bye);
    office.world.silent();
    office.world.command(Command::ByeDone(event.call));
    office.world.response(200);
    office.world.events.clear();
    office.world.is_empty_in_the_end();
}

#[test]
fn a_device_that_says_to_be_another_is_refused() {
    let (mut office, mut phone) = (Office::new(), Phone::new("a"));
    let own =
        |text: String| at_home(&text).replace("<sip:ann@203.0.113.1>", "<sip:2002@198.51.100.1>");
    office.receive(HOME, &own(phone.invite("")));
    let challenge = office.world.response(401);
    let answer = Answer::to(&challenge).line("INVITE");
    office.receive(HOME, &own(phone.invite(&answer)));
    office.world.response(403);
    office.world.uneventful();
    assert_eq!(office.world.machine.calls(), 0);
}

#[test]
fn a_stranger_and_a_trusted_peer_call_as_ever() {
    let mut office = Office::new();
    for (source, trusted) in [(HOME, false), (PHONE, true)] {
        let mut phone = Phone::new(source);
        office.receive(source, &phone.invite(""));
        office.world.response(100);
        let event = office.world.invite();
        assert_eq!((event.trusted, event.authenticated), (trusted, None));
        assert!(event.asserted.is_empty());
    }
}

#[test]
fn a_device_hears_of_its_own_lamp() {
    let (mut office, mut phone) = (Office::new(), Phone::new("a"));
    let extra = "Contact: <sip:2001@203.0.113.1:5070>\r\nEvent: message-summary\r\nExpires: 600";
    let bare = at_home(&phone.request("SUBSCRIBE", extra, ""));
    office.receive(HOME, &bare);
    let challenge = office.world.response(401);
    assert_eq!(office.world.machine.subscriptions(), 0);
    let answer = Answer::to(&challenge).line("SUBSCRIBE");
    let request = at_home(&phone.request("SUBSCRIBE", &format!("{answer}\r\n{extra}"), ""));
    office.receive(HOME, &request);
    let Event::Subscribed(asked) = office.world.event() else {
        panic!("no subscription");
    };
    assert_eq!(asked.authenticated.map(|of| of.mailbox), Some(mailbox()));
    office.world.command(Command::AcceptSubscription {
        subscription: asked.subscription,
        body: None,
    });
    let ok = office.world.response(200);
    let notify = office.world.request("NOTIFY");
    office.receive(HOME, &reply(&notify, 200, "", ""));
    // Its refresh is inside what it began.
    phone.to_tag = Some(ok.tag("To"));
    let refresh = at_home(&phone.request("SUBSCRIBE", extra, ""));
    office.receive(HOME, &refresh);
    office.world.response(200);
}
