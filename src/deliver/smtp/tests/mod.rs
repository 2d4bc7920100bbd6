//! The mail courier against a mail server that does what a test tells it to.

mod fake;

use super::*;
use crate::base::{DialString, Pii};
use crate::deliver::servers::{Auth, SmtpRelay, Tls};
use crate::deliver::tests::{self as common, profile as owner};
use crate::deliver::vocabulary::{Blame, Retry};
use crate::mailbox::{Deposit, Marks};
use crate::mime::Caller;
use crate::subscriber::Secret;
use fake::Act::{self, Bye, Drop, Hush, Say};
use fake::{Fake, Script, certificate};
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// The time-out of the courier in these tests: long for a loaded machine, short for a person.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The time-out where a test waits for it to run out.
const SHORT: Duration = Duration::from_millis(300);

pub(super) fn relay(port: u16) -> SmtpRelay {
    SmtpRelay {
        host: "127.0.0.1".into(),
        port,
        tls: Tls::Off,
        ca_file: None,
        auth: Auth::Password,
        user: None,
        secret: Secret::Text(Pii::new("s3cret".into())),
        connections: 4,
        timeout: TIMEOUT,
    }
}

pub(super) fn courier_of(way: MailWay) -> Result<MailCourier, MailSetupFault> {
    let mailing = Mailing {
        way,
        from: address("voicemail@vm.example.nl"),
        postmaster: None,
        templates: None,
    };
    let templates = Arc::new(Templates::parse(&[]).unwrap());
    let host = MailHost::parse("vm.example.nl").unwrap();
    MailCourier::new(&mailing, templates, host)
}

fn courier(relay: SmtpRelay) -> MailCourier {
    courier_of(MailWay::Relay(relay)).unwrap()
}

fn address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

fn send(courier: &MailCourier) -> Result<String, Fault> {
    courier.send_notice(
        &address("jan@example.nl"),
        "test",
        b"Subject: x\r\n\r\nx\r\n",
    )
}

/// What comes of it when the server does this to one command.
fn blamed(command: &'static str, act: Act) -> (Blame, Retry) {
    let fake = Fake::start(move |_, said| said.starts_with(command).then_some(act));
    let mut relay = relay(fake.port);
    if command.starts_with("AUTH") {
        relay.user = Some("belpost".into());
    }
    if matches!(act, Hush) {
        relay.timeout = SHORT;
    }
    let began = Instant::now();
    let fault = send(&courier(relay)).unwrap_err();
    assert!(
        began.elapsed() < TIMEOUT,
        "{command}: {:?}",
        began.elapsed()
    );
    assert!(!fault.what.contains("s3cret"), "{}", fault.what);
    assert!(
        fault.what.starts_with("mail server 127.0.0.1:"),
        "{}",
        fault.what
    );
    assert!(fake.mails().is_empty(), "{command}");
    (fault.blame, fault.retry)
}

const DOWN: (Blame, Retry) = (Blame::Peer, Retry::WhenBack);
const LATER: (Blame, Retry) = (Blame::Peer, Retry::Later);
const FULL: (Blame, Retry) = (Blame::Peer, Retry::WhenEmptier);
const REJECTED: (Blame, Retry) = (Blame::Peer, Retry::Never);
const OPERATOR: (Blame, Retry) = (Blame::Operator, Retry::Later);

#[test]
fn each_answer_means_what_it_means_for_the_message() {
    let cases = [
        ("HELLO", "421 too busy", DOWN),
        ("HELLO", "554 no mail here", DOWN),
        ("EHLO", "502 what", DOWN),
        ("EHLO", "421 closing", DOWN),
        ("AUTH", "535 5.7.8 wrong password", OPERATOR),
        ("AUTH", "454 4.7.0 not now", DOWN),
        ("MAIL", "451 4.3.0 not now", LATER),
        ("MAIL", "421 4.3.2 closing", DOWN),
        ("MAIL", "530 5.7.0 log in first", OPERATOR),
        ("MAIL", "550 5.7.1 not this sender", OPERATOR),
        ("MAIL", "552 5.3.4 too large", REJECTED),
        ("RCPT", "450 4.7.1 greylisted", LATER),
        ("RCPT", "451 4.3.0 not now", LATER),
        ("RCPT", "421 4.3.2 closing", DOWN),
        ("RCPT", "452 4.2.2 mailbox full", FULL),
        ("RCPT", "452 4.3.1 disk full", LATER),
        ("RCPT", "552 5.2.2 mailbox full", FULL),
        ("RCPT", "552 too much", FULL),
        ("RCPT", "550 5.2.2 over quota", FULL),
        ("RCPT", "550 5.1.1 no such user", REJECTED),
        ("RCPT", "553 what", REJECTED),
        ("DATA", "451 not now", LATER),
        ("DATA", "554 no", REJECTED),
        ("DATA", "250 no mail wanted", DOWN),
        (".", "451 4.3.0 not now", LATER),
        (".", "552 5.2.2 mailbox full", FULL),
        (".", "552 5.3.4 too large", REJECTED),
        (".", "554 5.7.1 spam", REJECTED),
        (".", "354 more", DOWN),
    ];
    for (command, answer, expected) in cases {
        assert_eq!(
            blamed(command, Say(answer)),
            expected,
            "{command}: {answer}"
        );
    }
}

#[test]
fn a_server_that_goes_away_or_talks_nonsense_is_down() {
    for command in ["HELLO", "EHLO", "MAIL", "RCPT", "DATA"] {
        assert_eq!(blamed(command, Drop), DOWN, "{command} dropped");
        assert_eq!(blamed(command, Say("blah")), DOWN, "{command} garbage");
    }
    assert_eq!(blamed("AUTH", Drop), DOWN);
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let fault = send(&courier(relay(port))).unwrap_err();
    assert_eq!((fault.blame, fault.retry), DOWN, "{}", fault.what);
}

#[test]
fn a_server_that_says_nothing_is_given_up_after_the_time_out() {
    thread::scope(|scope| {
        for command in ["HELLO", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"] {
            scope.spawn(move || assert_eq!(blamed(command, Hush), DOWN, "{command}"));
        }
    });
}

#[test]
fn a_mail_that_breaks_the_connection_does_not_hold_up_the_others() {
    assert_eq!(blamed(".", Drop), LATER);
    assert_eq!(blamed(".", Hush), LATER);
    assert_eq!(blamed(".", Bye("421 4.4.2 lost")), DOWN);
}

#[test]
fn what_the_server_answered_is_the_receipt() {
    let fake = Fake::start(|_, _| None);
    let reply = send(&courier(relay(fake.port)));
    assert_eq!(reply.as_deref(), Ok("250 2.0.0 Ok: queued as 4WX"));
    assert_eq!(fake.mails(), ["Subject: x\n\nx\n\n"]);
    assert!(
        fake.said()
            .contains(&"MAIL FROM:<voicemail@vm.example.nl>".to_owned())
    );
    assert!(fake.said().contains(&"RCPT TO:<jan@example.nl>".to_owned()));
}

#[test]
fn a_line_of_one_dot_does_not_end_a_mail() {
    let fake = Fake::start(|_, _| None);
    let mail = b"Subject: x\r\n\r\n.\r\n..\r\nx\r\n";
    let sent = courier(relay(fake.port)).send_notice(&address("a@x.nl"), "t", mail);
    assert!(sent.is_ok());
    assert_eq!(fake.mails(), ["Subject: x\n\n..\n...\nx\n\n"]);
}

#[test]
fn one_connection_serves_many_mails_also_after_a_refused_one() {
    let fake = Fake::start(|_, said| {
        said.starts_with("RCPT TO:<never@")
            .then_some(Say("550 5.1.1 no such user"))
    });
    let courier = courier(relay(fake.port));
    for to in ["a@x.nl", "never@x.nl", "b@x.nl", "never@x.nl", "c@x.nl"] {
        let sent = courier.send_notice(&address(to), "t", b"Subject: x\r\n\r\n");
        assert_eq!(sent.is_ok(), !to.starts_with("never"), "{to}");
    }
    assert_eq!((fake.connections(), fake.mails().len()), (1, 3));
    assert_eq!(fake.said().iter().filter(|s| *s == "RSET").count(), 2);
}

#[test]
fn a_connection_that_died_while_idle_costs_no_message_its_turn() {
    let fake = Fake::start(|connection, said| {
        (connection == 0 && said == ".").then_some(Bye("250 2.0.0 Ok"))
    });
    let courier = courier(relay(fake.port));
    assert!(send(&courier).is_ok());
    assert!(send(&courier).is_ok());
    assert_eq!(fake.connections(), 2);
}

#[test]
fn there_are_never_more_connections_than_allowed() {
    let fake = Fake::start(|_, _| None);
    let relay = SmtpRelay {
        connections: 2,
        ..relay(fake.port)
    };
    let courier = courier(relay);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..10).for_each(|_| assert!(send(&courier).is_ok())));
        }
    });
    assert_eq!(fake.mails().len(), 80);
    let most = fake.seen.most_open.load(Ordering::SeqCst);
    assert!(most <= 2, "{most} open at once");
}

#[test]
fn the_server_chooses_how_the_password_is_sent() {
    let fake = Fake::start(|_, said| match said {
        "AUTH LOGIN" => Some(Say("334 VXNlcm5hbWU6")),
        "YmVscG9zdA==" => Some(Say("334 UGFzc3dvcmQ6")),
        "czNjcmV0" => Some(Say("235 in")),
        s if s.starts_with("EHLO") => Some(Say("250-fake\r\n250 AUTH LOGIN")),
        _ => None,
    });
    let user = Some("belpost".to_owned());
    let login = SmtpRelay {
        user,
        ..relay(fake.port)
    };
    assert!(send(&courier(login.clone())).is_ok());
    let plain = Fake::start(|_, _| None);
    let port = plain.port;
    assert!(send(&courier(SmtpRelay { port, ..login })).is_ok());
    assert!(
        plain
            .said()
            .contains(&"AUTH PLAIN AGJlbHBvc3QAczNjcmV0".to_owned())
    );
}

#[test]
fn a_token_is_read_anew_at_each_log_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let fake = Fake::start(|_, said| (said == ".").then_some(Bye("250 Ok")));
    let courier = courier(SmtpRelay {
        user: Some("belpost".into()),
        auth: Auth::XOAuth2,
        secret: Secret::File(file.clone()),
        ..relay(fake.port)
    });
    let fault = send(&courier).unwrap_err();
    assert_eq!((fault.blame, fault.retry), OPERATOR, "{}", fault.what);
    for token in ["first", "second"] {
        std::fs::write(&file, format!("{token}\n")).unwrap();
        assert!(send(&courier).is_ok());
    }
    let said = fake.said();
    let logged_in = said.iter().filter(|s| s.starts_with("AUTH XOAUTH2 "));
    let mut answers: Vec<&String> = logged_in.collect();
    answers.dedup();
    assert_eq!(answers.len(), 2, "{said:?}");
}

#[test]
fn a_token_that_is_refused_is_the_operators_to_mend() {
    let fake = Fake::start(|_, said| {
        said.starts_with("AUTH XOAUTH2")
            .then_some(Say("334 eyJzdGF0dXMiOiI0MDEifQ=="))
    });
    let fault = send(&courier(SmtpRelay {
        user: Some("belpost".into()),
        auth: Auth::XOAuth2,
        ..relay(fake.port)
    }));
    let fault = fault.unwrap_err();
    assert_eq!((fault.blame, fault.retry), OPERATOR, "{}", fault.what);
}

#[test]
fn a_server_without_starttls_learns_nothing() {
    let fake = Fake::start(|_, _| None);
    let fault = send(&courier(SmtpRelay {
        tls: Tls::StartTls,
        user: Some("belpost".into()),
        ..relay(fake.port)
    }));
    let fault = fault.unwrap_err();
    assert_eq!((fault.blame, fault.retry), DOWN, "{}", fault.what);
    assert!(fault.what.contains("STARTTLS"), "{}", fault.what);
    let said = fake.said();
    assert!(
        said.iter().all(|s| s.starts_with("EHLO") || s == "QUIT"),
        "{said:?}"
    );
}

#[test]
fn mail_goes_over_tls_to_a_server_that_is_trusted_and_to_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (config, pem) = certificate();
    let trusted = folder.path().join("ca.pem");
    std::fs::write(&trusted, pem).unwrap();
    let stranger = folder.path().join("other.pem");
    std::fs::write(&stranger, certificate().1).unwrap();
    for tls in [Tls::Implicit, Tls::StartTls] {
        let script: Script = Box::new(|_, said| match said {
            "STARTTLS" => Some(Act::StartTls),
            s if s.starts_with("EHLO") => Some(Say("250-fake\r\n250 STARTTLS")),
            _ => None,
        });
        let implicit = tls == Tls::Implicit;
        let fake = Fake::with_tls(script, Some(Arc::clone(&config)), implicit);
        let relay = |ca: &PathBuf| SmtpRelay {
            tls,
            ca_file: Some(ca.clone()),
            ..relay(fake.port)
        };
        assert!(send(&courier(relay(&trusted))).is_ok(), "{tls:?}");
        let fault = send(&courier(relay(&stranger))).unwrap_err();
        assert_eq!((fault.blame, fault.retry), DOWN, "{tls:?}: {}", fault.what);
        assert_eq!(fake.mails().len(), 1);
    }
}

#[test]
fn certificates_that_cannot_be_read_are_a_fault_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let with = |file: &PathBuf| {
        courier_of(MailWay::Relay(SmtpRelay {
            tls: Tls::Implicit,
            ca_file: Some(file.clone()),
            ..relay(1)
        }))
    };
    assert!(matches!(with(&file), Err(MailSetupFault::Certificates(..))));
    std::fs::write(&file, "not a certificate").unwrap();
    assert!(matches!(with(&file), Err(MailSetupFault::Certificates(..))));
}

pub(super) fn deposit() -> Deposit {
    let mut deposit = common::deposit(1);
    deposit.envelope.caller = Caller::Known {
        number: DialString::parse("+31612345678").unwrap(),
        name: Some("Jan\r\nBcc: x@y.nl".into()),
    };
    deposit.envelope.started = "2026-11-22T08:30:00Z".parse().unwrap();
    deposit
}

fn deliver(courier: &MailCourier, leg: &Leg, marks: Option<Marks>) -> Result<Receipt, Fault> {
    let deposit = deposit();
    let owner = owner();
    courier.deliver(&Errand {
        deposit: &deposit,
        sound: &[0xD5; 1_600],
        leg,
        owner: &owner,
        marks: &|| marks,
    })
}

#[test]
fn a_message_sent_again_is_the_same_mail() {
    let fake = Fake::start(|connection, said| (connection == 0 && said == ".").then_some(Drop));
    let courier = courier(relay(fake.port));
    let leg = Leg::Mail(address("anna@example.nl"));
    let marks = Some(Marks::default());
    assert!(deliver(&courier, &leg, marks).is_err());
    for _ in 0..2 {
        let expected = Receipt::Delivered("250 2.0.0 Ok: queued as 4WX".into());
        assert_eq!(deliver(&courier, &leg, marks), Ok(expected));
    }
    let mails = fake.mails();
    assert_eq!(mails[0], mails[1]);
    let id = "Message-ID: <0192f3a4-0000-7000-8000-000000000001@vm.example.nl>\n";
    assert!(mails[0].contains(id), "{}", mails[0]);
    assert!(!mails[0].contains("\nBcc"));
}

#[test]
fn a_message_its_owner_removed_is_not_sent() {
    let fake = Fake::start(|_, _| None);
    let leg = Leg::Copy(address("jan@example.nl"));
    let withdrawn = deliver(&courier(relay(fake.port)), &leg, None);
    assert_eq!((withdrawn, fake.connections()), (Ok(Receipt::Withdrawn), 0));
}

#[test]
fn a_leg_without_an_address_is_our_own_mistake() {
    let fault = deliver(&courier(relay(1)), &Leg::Store, Some(Marks::default())).unwrap_err();
    assert_eq!((fault.blame, fault.retry), (Blame::Us, Retry::Never));
}

#[test]
fn without_a_mail_server_each_way_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let courier = courier_of(MailWay::Folder(folder.path().join("mail"))).unwrap();
    let to = address("jan@example.nl");
    for leg in [
        Leg::Mail(to.clone()),
        Leg::Copy(to.clone()),
        Leg::Notice(to),
    ] {
        let marks = Some(Marks::default());
        let first = deliver(&courier, &leg, marks).unwrap();
        assert!(matches!(first, Receipt::Delivered(_)), "{leg}");
        let again = deliver(&courier, &leg, marks).unwrap();
        assert!(matches!(again, Receipt::Again(_)), "{leg}");
    }
    let files = std::fs::read_dir(folder.path().join("mail")).unwrap();
    assert_eq!(files.count(), 3);
}

#[test]
fn a_report_goes_out_under_our_own_name() {
    let fake = Fake::start(|_, _| None);
    let mailbox = common::mailbox();
    let matter = Matter::MailboxFull {
        mailbox: &mailbox,
        owner: "Anna",
        error: "552 full",
    };
    let (to, at) = (address("anna@example.nl"), "2026-11-22T08:30:00Z");
    let language = Language::parse("nl").unwrap();
    let sent = courier(relay(fake.port)).report(matter, &language, &to, at.parse().unwrap());
    assert!(sent.is_ok());
    let mail = &fake.mails()[0];
    assert!(mail.contains("From: voicemail@vm.example.nl\n"), "{mail}");
    assert!(
        mail.contains("Message-ID: <full-2001-1795336200@vm.example.nl>\n"),
        "{mail}"
    );
}
