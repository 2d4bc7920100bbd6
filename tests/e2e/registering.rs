//! Telephones that register here: baresip and linphonec with real digests, and one made by hand for
//! what those do not do. Only 127.0.0.9 is a trusted peer, so who the telephones are is known by digest
//! alone.

use crate::harness::baresip::Baresip;
use crate::harness::events::PROMPT;
use crate::harness::linphone::Linphone;
use crate::harness::setup::PASSCODE;
use crate::harness::sip::{Link, Message, Request};
use crate::harness::sound::{self, speech};
use crate::harness::{Dial, Server, Setup, eventually, seconds};
use crate::steps::{CALLER, playing, skip_greeting};
use belpost::base::{DeviceId, DigestAlgorithm};
use belpost::subscriber::{Ha1, Secrets};
use serde_json::Value;
use std::net::Ipv4Addr;

const PASSWORD: &str = "correct-horse";
/// Where the only trusted peer is.
const PBX: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

/// A device of subscriber 2001 with these digests.
fn device(name: &str, algorithms: &[DigestAlgorithm]) -> String {
    let id = DeviceId::parse(name).expect("a name");
    let secrets = Secrets::of(&id, "belpost", PASSWORD);
    let digests = algorithms.iter().map(|algorithm| {
        let key = match algorithm {
            DigestAlgorithm::Sha256 => "sha256",
            DigestAlgorithm::Md5 => "md5",
        };
        let ha1 = secrets.under(*algorithm).map_or("", Ha1::reveal);
        format!("{key} = \"{ha1}\"\n")
    });
    let digests: String = digests.collect();
    format!("[[device]]\nname = \"{name}\"\nmailbox = \"2001\"\n{digests}")
}

const BOTH: [DigestAlgorithm; 2] = [DigestAlgorithm::Sha256, DigestAlgorithm::Md5];

/// For telephones that know MD5 alone and give up at anything else.
fn old_setup() -> Setup {
    setup().line("registrar", "algorithms = [\"MD5\"]")
}

fn setup() -> Setup {
    Setup::new().line("sip", format!("trusted_peers = [\"{PBX}\"]"))
}

/// What `belpost device list` says of a device's contacts.
fn contacts(server: &Server, name: &str) -> Vec<Value> {
    let (status, said) = server.command(&["device", "list", "--json"]);
    assert_eq!(status, Some(0), "{said}");
    let devices: Value = serde_json::from_str(&said).expect("JSON");
    let devices = devices.as_array().expect("a list").iter();
    let found = devices.filter(|d| d["device"] == name);
    found
        .flat_map(|d| d["contacts"].as_array().cloned().unwrap_or_default())
        .collect()
}

fn await_contacts(server: &Server, name: &str, count: usize) -> Vec<Value> {
    eventually(
        &format!("{count} contacts of {name}"),
        seconds(15.0),
        || {
            let found = contacts(server, name);
            (found.len() == count).then_some(found)
        },
    )
}

/// A message for 2001, by way of the PBX.
fn leave_by_pbx(server: &Server, said: &[i16]) {
    let link = Link::udp_from(PBX, server.address());
    let mut call = Dial::over(link, server.address(), "2001", CALLER).answered();
    skip_greeting(server, &mut call, 1);
    call.say(said);
    call.hang_up();
}

/// A telephone of that name registers, and hears at 1233 what a caller said.
#[test]
#[ignore = "fails now and then beside other tests; the reason is not known yet"]
fn baresip_registers_and_hears_its_messages() {
    let server = Server::start_with(&old_setup().table(device("2001", &BOTH)));
    let said = speech(5.0, 1);
    leave_by_pbx(&server, &said);
    server.await_messages("2001", 1);
    let mut phone = Baresip::register(server.address(), "2001", PASSWORD, &speech(60.0, 9));
    let bound = await_contacts(&server, "2001", 1);
    assert!(
        bound[0]["agent"]
            .as_str()
            .unwrap_or_default()
            .contains("baresip")
    );
    phone.call("1233");
    // The mailbox is known by the telephone: the passcode alone opens it.
    phone.press(&format!("{PASSCODE}#11"));
    eventually("a message plays", seconds(20.0), || {
        playing(&server).then_some(())
    });
    std::thread::sleep(seconds(8.0));
    phone.hang_up();
    let heard = phone.heard();
    assert!(sound::find(&heard, &said).is_some());
    // It takes its leave in order.
    phone.quit();
    await_contacts(&server, "2001", 0);
}

#[test]
#[ignore = "baresip now and then subscribes without end, and is not told; the reason is not known yet"]
fn a_registered_telephone_shows_its_lamp() {
    let server = Server::start_with(&old_setup().table(device("2001", &BOTH)));
    let mut phone =
        Baresip::register_with_lamp(server.address(), "2001", PASSWORD, &speech(1.0, 9));
    // Both may be there before anybody could be told of it.
    eventually("the lamp is told for the first time", seconds(15.0), || {
        phone.has_printed("Voice-Message: 0/0").then_some(())
    });
    leave_by_pbx(&server, &speech(3.0, 1));
    phone.await_lamp("yes", "1/0");
}

#[test]
fn a_binding_outlives_the_server() {
    let mut server = Server::start_with(&setup().table(device("2001", &BOTH)));
    let mut phone = Phone::new(&server, "2001");
    assert_eq!(phone.register("Expires: 600").status(), Some(200));
    await_contacts(&server, "2001", 1);
    server.kill();
    server.restart();
    // Its lamp is told to it by the new server, though it has not registered there.
    leave_by_pbx(&server, &speech(3.0, 1));
    phone.await_lamp("yes", "1/0");
    // What it sent last is known, too: an older REGISTER does nothing.
    let cseq = std::mem::replace(&mut phone.cseq, 0);
    assert_eq!(phone.register("Expires: 0").status(), Some(500));
    phone.cseq = cseq;
    let gone = phone.register("Expires: 0");
    assert_eq!((gone.status(), gone.header("contact")), (Some(200), None));
    await_contacts(&server, "2001", 0);
}

#[test]
#[ignore = "fails now and then beside other tests; the reason is not known yet"]
fn linphone_registers_by_sha256_alone_and_goes() {
    let server = Server::start_with(&setup().table(device("2001", &[DigestAlgorithm::Sha256])));
    let mut phone = Linphone::register(server.address(), "2001", PASSWORD, &speech(60.0, 9));
    let bound = await_contacts(&server, "2001", 1);
    assert!(
        bound[0]["agent"]
            .as_str()
            .unwrap_or_default()
            .contains("inphone")
    );
    phone.unregister();
    await_contacts(&server, "2001", 0);
}

#[test]
#[ignore = "fails now and then beside other tests; the reason is not known yet"]
fn a_telephone_with_a_wrong_password_stays_outside() {
    let server = Server::start_with(&old_setup().table(device("2001", &BOTH)));
    let phone = Baresip::register(server.address(), "2001", "battery-staple", &speech(1.0, 9));
    eventually("it is refused", seconds(15.0), || {
        phone.has_printed("401 Unauthorized").then_some(())
    });
    assert_eq!(contacts(&server, "2001").len(), 0);
    // Nor does anybody call from our own address without proof.
    let dial = Dial::new(server.address(), "1233", "2001");
    let refusal = dial.refused(401);
    assert!(refusal.header("www-authenticate").is_some());
    let said = server.printed();
    for secret in ["battery-staple", PASSWORD] {
        assert!(!said.contains(secret));
    }
}

#[test]
#[ignore = "fails now and then beside other tests; the reason is not known yet"]
fn a_device_chooses_its_first_passcode_on_the_own_telephone() {
    let setup = old_setup()
        .without_passcode("2001")
        .table(device("2001", &BOTH));
    let server = Server::start_with(&setup);
    let mut phone = Baresip::register(server.address(), "2001", PASSWORD, &speech(60.0, 9));
    await_contacts(&server, "2001", 1);
    phone.call("*86");
    eventually("the first passcode is asked for", seconds(20.0), || {
        let mut events = server.events().into_iter();
        events
            .any(|e| e.what() == PROMPT && e.says("first-welcome"))
            .then_some(())
    });
}

#[test]
fn the_digests_of_the_command_let_a_telephone_in() {
    let server = Server::start();
    let (status, said) =
        server.command(&["device", "digest", "2001", "--mailbox", "2001", "--random"]);
    assert_eq!(status, Some(0), "{said}");
    let (table, password) = said.split_once("The password of").expect("both");
    let password = password.split(": ").nth(1).expect("a password").trim();
    drop(server);
    let server = Server::start_with(&setup().table(table));
    let mut phone = Phone::new(&server, "2001");
    phone.password = password.to_owned();
    assert_eq!(phone.register("Expires: 600").status(), Some(200));
}

/// A telephone made by hand.
struct Phone {
    link: Link,
    server: std::net::SocketAddr,
    name: String,
    password: String,
    call_id: String,
    cseq: u32,
}

impl Phone {
    fn new(server: &Server, name: &str) -> Phone {
        Phone {
            link: Link::udp(server.address()),
            server: server.address(),
            name: name.to_owned(),
            password: PASSWORD.to_owned(),
            call_id: crate::harness::sip::unique("reg"),
            cseq: 0,
        }
    }

    fn register(&mut self, extra: &str) -> Message {
        self.register_with(extra, None)
    }

    /// Registers with these lines, answering a challenge.
    fn register_with(&mut self, extra: &str, answer: Option<String>) -> Message {
        self.cseq += 1;
        let mut request = Request::new("REGISTER", &self.name, self.server, &self.name);
        request.call_id.clone_from(&self.call_id);
        request.cseq = self.cseq;
        for line in extra.split("\r\n").filter(|line| !line.is_empty()) {
            request = request.header(line);
        }
        let first = answer.is_none();
        if let Some(answer) = answer {
            request = request.header(answer);
        }
        let text = request.text(&self.link);
        self.link.send(&text);
        let heard = self.link.final_answer("REGISTER", seconds(5.0));
        let heard = heard.expect("an answer to the REGISTER");
        match heard.header("www-authenticate") {
            Some(challenge) if first && heard.status() == Some(401) => {
                let answer = self.answer(challenge);
                self.register_with(extra, Some(answer))
            }
            _ => heard,
        }
    }

    fn answer(&self, challenge: &str) -> String {
        let nonce = challenge.split("nonce=\"").nth(1).expect("a nonce");
        let nonce = nonce.split('"').next().unwrap_or_default();
        let h = |text: String| belpost::subscriber::digest(DigestAlgorithm::Sha256, &text);
        let uri = format!("sip:{}@{}", self.name, self.server);
        let a1 = h(format!("{}:belpost:{}", self.name, self.password));
        let a2 = h(format!("REGISTER:{uri}"));
        let response = h(format!("{a1}:{nonce}:00000001:abc:auth:{a2}"));
        format!(
            "Authorization: Digest username=\"{}\", realm=\"belpost\", nonce=\"{nonce}\", \
             uri=\"{uri}\", response=\"{response}\", algorithm=SHA-256, cnonce=\"abc\", qop=auth, \
             nc=00000001",
            self.name
        )
    }

    /// Takes NOTIFYs until one tells this.
    fn await_lamp(&mut self, waiting: &str, counts: &str) {
        eventually("the lamp is told", seconds(15.0), || {
            let message = self.link.receive(seconds(0.2))?;
            if message.method() != "NOTIFY" || message.status().is_some() {
                return None;
            }
            self.link.send(&message.answer("200 OK", ""));
            crate::harness::lamp::says(&message.body, waiting, counts).then_some(())
        });
    }
}
