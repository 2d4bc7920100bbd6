//! The self-test caller against a server in this process: it passes where all is well, and names
//! the hop at once where something is not.
//!
//! Loopback, ephemeral ports, a folder of its own; the server's clock is the real one, so a
//! passing test takes as long as the calls do.

// These tests stop at the first thing that is not as it should be; helpers are no #[test]s.
#![allow(clippy::unwrap_used)]

use belpost::audio::wav;
use belpost::base::{DialString, MailboxId, Pii};
use belpost::config::{self, Config};
use belpost::selftest::{self, Failure, LineState, Phone, Report, Subject};
use belpost::server::{DRAIN, Server};
use belpost::sip::Transport;
use belpost::subscriber::PasscodeHash;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

const SPEECH: &[u8] = include_bytes!("../media-fixtures/audio/speech-en.wav");
const PASSCODE: &str = "80417";
/// What the test may take; the time the calls themselves take is about 50 s.
const LIMIT: Duration = Duration::from_secs(90);

fn config(folder: &Path) -> Config {
    let passcode = PasscodeHash::make(PASSCODE, &[7; 16]).unwrap();
    let text = format!(
        "[sip]\nlisten = [\"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\"]\n\
         [media]\nbind = \"127.0.0.1\"\nports = \"ephemeral\"\nworkers = 1\n\
         [spool]\nfolder = \"spool\"\n[mailboxes]\nfolder = \"mailboxes\"\n\
         [events]\nfile = \"events.jsonl\"\n\
         [passcodes]\nchange_initial = false\n\
         [[subscriber]]\nmailbox = \"2001\"\npasscode = \"{}\"\n",
        passcode.as_phc()
    );
    config::parse(&text, folder).unwrap()
}

fn subject(server: SocketAddr, via: Transport, passcode: &str) -> Subject {
    Subject {
        server,
        via,
        bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
        portal: DialString::parse("1233").unwrap(),
        mailbox: MailboxId::parse("2001").unwrap(),
        passcode: Pii::new(passcode.to_owned()),
        caller: DialString::parse("0612345678").unwrap(),
        speech: wav::read(SPEECH).unwrap(),
        seed: [42; 32],
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Starts a server, tests it from a thread of its own, and ends it. What the server wrote of its
/// calls comes back too.
fn test(via: Transport, passcode: &str, limit: Duration) -> (Result<Report, Failure>, String) {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let outcome = runtime().block_on(async {
        let server = Server::start(&config).await.unwrap();
        let (_, address) = *server.addresses().iter().find(|(t, _)| *t == via).unwrap();
        let subject = subject(address, via, passcode);
        let phone = move || runtime().block_on(selftest::run(&subject, limit, &mut |_| {}));
        let outcome = tokio::task::spawn_blocking(phone).await.unwrap();
        let stopping = Instant::now();
        server.stop().await;
        assert!(stopping.elapsed() < Duration::from_secs(5));
        outcome
    });
    let events = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
    (outcome, events)
}

fn passes(via: Transport) {
    let (outcome, events) = test(via, PASSCODE, LIMIT);
    let report = outcome.unwrap_or_else(|failure| panic!("{failure}\n{events}"));
    let calls: Vec<_> = report.steps.iter().map(|step| step.call).collect();
    assert!(
        calls.contains(&"deposit") && calls.contains(&"retrieval"),
        "{calls:?}"
    );
    let of = |event: &str| events.lines().filter(|line| line.contains(event)).count();
    assert_eq!(of("\"event\":\"call\""), 2, "{events}");
    assert_eq!(of("\"event\":\"end\""), 2, "{events}");
}

#[test]
fn a_sound_server_passes_over_udp() {
    passes(Transport::Udp);
}

#[test]
fn a_sound_server_passes_over_tcp() {
    passes(Transport::Tcp);
}

#[test]
fn a_wrong_passcode_fails_at_the_log_in() {
    let begin = Instant::now();
    let (outcome, events) = test(Transport::Udp, "99999", LIMIT);
    match outcome {
        Err(Failure::Hop { hop: "log-in", .. }) => {}
        other => panic!("{other:?}\n{events}"),
    }
    assert!(begin.elapsed() < LIMIT);
}

#[test]
fn nobody_at_the_address_fails_at_the_first_hop() {
    let unused = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let subject = subject(unused.local_addr().unwrap(), Transport::Udp, PASSCODE);
    let outcome = runtime().block_on(selftest::run(&subject, LIMIT, &mut |_| {}));
    match outcome {
        Err(Failure::Hop {
            hop: "SIP, INVITE", ..
        }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_test_that_takes_too_long_hangs_up_and_says_so() {
    let limit = Duration::from_secs(4);
    let (outcome, events) = test(Transport::Udp, PASSCODE, limit);
    match outcome {
        Err(Failure::TooLong(told)) => assert_eq!(told, limit),
        other => panic!("{other:?}\n{events}"),
    }
    assert!(events.contains("caller hung up"), "{events}");
}

/// Calls the portal and is gone without a word.
async fn call_and_vanish(server: SocketAddr) {
    let bind = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut phone = Phone::new(bind, server, Transport::Udp, [43; 32])
        .await
        .unwrap();
    phone.dial("1233", "2001", Vec::new()).unwrap();
    let up = |p: &Phone| (p.state() == Some(&LineState::Up)).then_some(());
    phone.wait(Duration::from_secs(10), up).await.unwrap();
    phone.put_away();
}

#[test]
fn a_caller_who_is_gone_does_not_hold_up_the_end_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let took = runtime().block_on(async {
        let server = Server::start(&config).await.unwrap();
        let (_, address) = server.addresses()[0];
        let phone = move || runtime().block_on(call_and_vanish(address));
        tokio::task::spawn_blocking(phone).await.unwrap();
        let begin = Instant::now();
        server.stop().await;
        begin.elapsed()
    });
    let events = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
    assert!(events.contains("service-ending"), "{events}");
    // The goodbye is spoken to its end; the BYE that nobody answers is not waited for.
    assert!(took < DRAIN * 3 / 4, "{took:?}\n{events}");
}
