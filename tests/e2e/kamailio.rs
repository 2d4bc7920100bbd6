//! A real Kamailio as the PBX in front, with the very script of `docs/ops/pbx/kamailio.md`: calls
//! that its phone does not take end in the mailbox, and its subscriber reaches the portal.
//!
//! Of the script only what every site changes is changed: addresses, ports and the time to ring.

use crate::harness::baresip::Baresip;
use crate::harness::events::{ANSWER, CALL, TAKE_BEGAN};
use crate::harness::ports::free_port;
use crate::harness::process::{self, Process};
use crate::harness::server::answers;
use crate::harness::sip::{Link, Message, Request};
use crate::harness::sound::{self, speech};
use crate::harness::{Server, eventually, seconds};
use crate::steps::CALLER;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tempfile::TempDir;

/// The page that holds the script.
const PAGE: &str = include_str!("../../docs/ops/pbx/kamailio.md");

/// A running Kamailio that diverts to a server.
struct Kamailio {
    folder: TempDir,
    port: u16,
    process: Process,
}

impl Kamailio {
    fn start(server: &Server) -> Kamailio {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let file = folder.path().join("kamailio.cfg");
        std::fs::write(&file, script(port, server.address())).expect("a script");
        let mut command = Command::new(program());
        command.args(["-DD", "-E", "-n", "1", "-m", "32", "-M", "8", "-f"]);
        command.arg(&file).arg("-Y").arg(folder.path());
        let process = Process::start(command, &folder.path().join("log"));
        let mut kamailio = Kamailio {
            folder,
            port,
            process,
        };
        kamailio.await_answer();
        kamailio
    }

    /// The script refuses OPTIONS, which is an answer too.
    fn await_answer(&mut self) {
        let address = self.address();
        eventually("Kamailio answers", Duration::from_secs(20), || {
            let ended = self.process.ended();
            assert!(ended.is_none(), "Kamailio ended at once: {ended:?}");
            answers(address, Duration::from_millis(200)).then_some(())
        });
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // Its children end when it is told to end, but not when it is killed.
        self.process.terminate();
        let _ended = self.process.wait(Duration::from_secs(10));
        if thread::panicking() {
            process::show("kamailio", &self.folder.path().join("log"));
        }
    }
}

/// Debian keeps it where the PATH of a user may not lead.
fn program() -> PathBuf {
    let usual = Path::new("/usr/sbin/kamailio");
    if usual.exists() {
        usual.to_owned()
    } else {
        PathBuf::from("kamailio")
    }
}

fn script(port: u16, server: SocketAddr) -> String {
    let block = PAGE.split("```").nth(1).expect("a script on the page");
    let there = |what: &str| assert!(block.contains(what), "the script has no {what}");
    there("192.0.2.10:5060");
    there("\"fr_inv_timer\", 20000");
    let block = block
        .replace("192.0.2.10:5060", &server.to_string())
        .replace("\"fr_inv_timer\", 20000", "\"fr_inv_timer\", 1500");
    format!("listen=udp:127.0.0.1:{port}\ndisable_tcp=yes\n{block}")
}

/// A registered phone that takes no call: it answers every INVITE with one status.
struct Callee {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Callee {
    fn register(kamailio: &Kamailio, number: &str, status: &'static str) -> Callee {
        let address = kamailio.address();
        let mut link = Link::udp(address);
        let text = Request::new("REGISTER", number, address, number).text(&link);
        link.send(&text);
        let answer = link.final_answer("REGISTER", Duration::from_secs(5));
        let answer = answer.expect("an answer to the REGISTER");
        assert_eq!(answer.status(), Some(200), "{}", answer.start);
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let mut ringing = None;
            while !ended.load(Ordering::Relaxed) {
                if let Some(message) = link.receive(Duration::from_millis(50)) {
                    serve(&mut link, &mut ringing, message, status);
                }
            }
        });
        Callee {
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Callee {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || ended.is_some_and(|e| e.is_ok()));
    }
}

fn serve(link: &mut Link, ringing: &mut Option<Message>, message: Message, status: &str) {
    match message.method() {
        "INVITE" => {
            link.send(&message.answer(status, ""));
            *ringing = Some(message);
        }
        "CANCEL" => {
            link.send(&message.answer("200 OK", ""));
            if let Some(invite) = ringing.take() {
                link.send(&invite.answer("487 Request Terminated", ""));
            }
        }
        _ => {}
    }
}

/// Calls 2001 through Kamailio and leaves a message; it must name this reason.
fn assert_left(server: &Server, kamailio: &Kamailio, reason: &str) {
    let said = speech(60.0, 9);
    let mut phone = Baresip::start(kamailio.address(), CALLER, &said);
    phone.call("2001");
    await_event(server, ANSWER);
    phone.press("#");
    await_event(server, TAKE_BEGAN);
    thread::sleep(seconds(4.0));
    phone.hang_up();
    let message = server.await_messages("2001", 1).only();
    assert!(message.length() > 2.0, "{} s", message.length());
    let middle = sound::cut(&message.sound, 0.5, 1.5);
    assert!(sound::find(&said, middle).is_some(), "what was said");
    assert!(message.header("from").contains(CALLER), "{message:?}");
    assert_eq!(message.header("x-belpost-diversion"), reason);
}

fn await_event(server: &Server, what: &str) {
    eventually(what, seconds(30.0), || {
        server
            .events()
            .iter()
            .any(|e| e.what() == what)
            .then_some(())
    });
}

#[test]
fn a_call_to_a_busy_phone_ends_in_the_mailbox() {
    let server = Server::start();
    let kamailio = Kamailio::start(&server);
    let _callee = Callee::register(&kamailio, "2001", "486 Busy Here");
    assert_left(&server, &kamailio, "user-busy");
}

#[test]
fn a_call_that_nobody_answers_ends_in_the_mailbox() {
    let server = Server::start();
    let kamailio = Kamailio::start(&server);
    let _callee = Callee::register(&kamailio, "2001", "180 Ringing");
    assert_left(&server, &kamailio, "no-answer");
}

#[test]
fn a_call_to_a_phone_that_is_off_ends_in_the_mailbox() {
    let server = Server::start();
    let kamailio = Kamailio::start(&server);
    assert_left(&server, &kamailio, "unavailable");
}

#[test]
fn the_portal_is_reached_and_knows_who_calls() {
    let server = Server::start();
    let kamailio = Kamailio::start(&server);
    let mut phone = Baresip::start(kamailio.address(), "2001", &speech(10.0, 3));
    phone.call("1233");
    await_event(&server, ANSWER);
    phone.hang_up();
    let events = server.events();
    let call = events.iter().find(|e| e.what() == CALL).expect("a call");
    assert_eq!(
        (call.text("route"), call.text("mailbox")),
        ("portal", "2001")
    );
}
