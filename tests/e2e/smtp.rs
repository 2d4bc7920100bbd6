//! Mail to people through a real mail server: what arrives, what is refused, and a storm.

use crate::harness::smtp::SmtpServer;
use belpost::audio::Law;
use belpost::base::{DialString, Language, MailboxId, MessageId, Pii};
use belpost::deliver::{
    Auth, Courier, Errand, Fault, MailCourier, MailWay, Mailing, Receipt, Retry, SmtpRelay, Tls,
};
use belpost::mailbox::{Deposit, Ending, Envelope, Facts, Leg, Limits, Marks, Owner};
use belpost::mime::{Caller, MailAddress, MailHost, Reason, SoundFormat, Templates, read};
use belpost::subscriber::{Delivery, Profile, Secret};
use mail_parser::MessageParser;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The most tries of one mail in the storm; the server refuses at most four.
const TRIES: usize = 8;

fn address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

fn relay(port: u16) -> SmtpRelay {
    SmtpRelay {
        host: "127.0.0.1".into(),
        port,
        tls: Tls::Off,
        ca_file: None,
        auth: Auth::Password,
        user: None,
        secret: Secret::Text(Pii::new("s3cret".into())),
        connections: 8,
        timeout: Duration::from_secs(10),
    }
}

fn courier(relay: SmtpRelay) -> MailCourier {
    let mailing = Mailing {
        way: MailWay::Relay(relay),
        from: address("voicemail@vm.example.nl"),
        postmaster: None,
        templates: None,
    };
    let templates = Arc::new(Templates::parse(&[]).unwrap());
    MailCourier::new(
        &mailing,
        templates,
        MailHost::parse("vm.example.nl").unwrap(),
    )
    .unwrap()
}

fn owner(sound: SoundFormat) -> Profile {
    Profile {
        mailbox: MailboxId::parse("2001").unwrap(),
        name: "Anna Bakker".into(),
        numbers: Vec::new(),
        language: Language::parse("nl").unwrap(),
        zone: "Europe/Amsterdam".into(),
        passcode: None,
        assistant: None,
        tenant: None,
        delivery: Delivery {
            sound,
            ..Delivery::local()
        },
        limits: Limits::default(),
    }
}

fn deposit(n: u128) -> Deposit {
    Deposit {
        id: MessageId(uuid::Uuid::from_u128(
            0x0192_f3a4_0000_7000_8000_0000_0000_0000 + n,
        )),
        envelope: Envelope {
            owner: Owner {
                mailbox: MailboxId::parse("2001").unwrap(),
                name: "Anna Bakker".into(),
            },
            caller: Caller::Known {
                number: DialString::parse("+31612345678").unwrap(),
                name: Some("Jan de Vries".into()),
            },
            call_id: "c".into(),
            started: "2026-11-22T08:30:00Z".parse().unwrap(),
            law: Law::A,
            reason: Some(Reason::NoAnswer),
            language: Language::parse("nl").unwrap(),
            zone: "Europe/Amsterdam".into(),
        },
        facts: Facts {
            length: Duration::from_secs(2),
            voiced: Duration::from_secs(2),
            ending: Ending::Stopped,
            urgent: true,
            private: false,
        },
        marks: Marks::default(),
    }
}

fn sound() -> Vec<u8> {
    (0..16_000_u32).map(|i| (i % 251) as u8).collect()
}

fn deliver(courier: &MailCourier, n: u128, leg: &Leg) -> Result<Receipt, Fault> {
    let (deposit, owner) = (deposit(n), owner(SoundFormat::G711));
    courier.deliver(&Errand {
        deposit: &deposit,
        sound: &sound(),
        leg,
        owner: &owner,
        marks: &|| Some(Marks::default()),
    })
}

#[test]
fn a_message_a_copy_and_a_notice_arrive_as_mail() {
    let server = SmtpServer::start();
    let courier = courier(relay(server.port));
    for leg in [
        Leg::Mail(address("anna@x.nl")),
        Leg::Copy(address("jan@x.nl")),
        Leg::Notice(address("sms@x.nl")),
    ] {
        let receipt = deliver(&courier, 1, &leg).unwrap();
        let Receipt::Delivered(reply) = receipt else {
            panic!("{leg}: {receipt:?}");
        };
        assert!(reply.starts_with("250 2.0.0 Ok: kept as"), "{reply}");
    }
    let mails = server.mails();
    assert_eq!(mails.len(), 3);
    for mail in &mails[..2] {
        let message = read(mail).unwrap();
        assert_eq!(message.head.id, Some(deposit(1).id));
        let read = belpost::audio::wav::read_g711(&message.sound.octets).unwrap();
        assert_eq!((read.law, read.octets), (Law::A, sound()));
    }
    let texts: Vec<String> = mails
        .iter()
        .map(|mail| {
            let message = MessageParser::default().parse(mail).unwrap();
            message.body_text(0).unwrap().into_owned()
        })
        .collect();
    assert!(
        texts
            .iter()
            .all(|t| t.contains("zondag 22 november 2026 om 09:30"))
    );
    assert!(texts[1].contains("een kopie") && texts[2].contains("geluid zit niet bij"));
    assert!(read(&mails[2]).is_err(), "a notice is no voice message");
}

#[test]
fn an_address_that_is_refused_harms_no_other() {
    let server = SmtpServer::start();
    let courier = courier(relay(server.port));
    for (to, retry) in [
        ("452@x.nl", Retry::WhenEmptier),
        ("552@x.nl", Retry::WhenEmptier),
        ("451@x.nl", Retry::Later),
        ("421@x.nl", Retry::WhenBack),
        ("550@x.nl", Retry::Never),
        ("drop@x.nl", Retry::Later),
    ] {
        let fault = deliver(&courier, 1, &Leg::Mail(address(to))).unwrap_err();
        assert_eq!(fault.retry, retry, "{to}: {fault}");
        let other = deliver(&courier, 1, &Leg::Copy(address("jan@x.nl")));
        assert!(other.is_ok(), "after {to}: {other:?}");
    }
}

#[test]
fn mail_goes_to_a_server_that_wants_tls_and_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let write = |name: &str, text: String| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let certificate = write("cert.pem", made.cert.pem());
    let key = write("key.pem", made.signing_key.serialize_pem());
    let server = SmtpServer::with(&[
        "--auth",
        "belpost:s3cret",
        "--starttls",
        certificate.to_str().unwrap(),
        key.to_str().unwrap(),
    ]);
    let right = SmtpRelay {
        tls: Tls::StartTls,
        ca_file: Some(certificate),
        user: Some("belpost".into()),
        ..relay(server.port)
    };
    let wrong = SmtpRelay {
        secret: Secret::Text(Pii::new("guess".into())),
        ..right.clone()
    };
    let leg = Leg::Mail(address("anna@x.nl"));
    let fault = deliver(&courier(wrong), 1, &leg).unwrap_err();
    assert_eq!(fault.blame, belpost::deliver::Blame::Operator, "{fault}");
    assert!(server.mails().is_empty());
    assert!(deliver(&courier(right), 1, &leg).is_ok());
    assert_eq!(server.mails().len(), 1);
}

/// What the server does to the mail of this number before it takes it.
fn trouble(n: usize) -> &'static str {
    const TROUBLES: [&str; 10] = [
        "ok",
        "451.ok",
        "421.ok",
        "drop.ok",
        "lost.ok",
        "552.ok",
        "452.451.drop.ok",
        "451.451.421.ok",
        "drop.lost.552.421.ok",
        "ok",
    ];
    // A slow server keeps a connection for a second: enough of them to be in the way.
    if n % 50 == 49 {
        "slow.ok"
    } else {
        TROUBLES[n % TROUBLES.len()]
    }
}

#[test]
fn a_thousand_messages_survive_a_storm_with_the_same_message_id_on_every_try() {
    const MESSAGES: usize = 1_000;
    let server = SmtpServer::start();
    let courier = courier(relay(server.port));
    let (next, tries) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    if n >= MESSAGES {
                        return;
                    }
                    let leg = Leg::Mail(address(&format!("{}.{n}@x.nl", trouble(n))));
                    let delivered = (0..TRIES).find_map(|_| {
                        tries.fetch_add(1, Ordering::SeqCst);
                        match deliver(&courier, n as u128, &leg) {
                            Ok(receipt) => Some(receipt),
                            Err(fault) => {
                                assert_ne!(fault.retry, Retry::Never, "{leg}: {fault}");
                                None
                            }
                        }
                    });
                    assert!(matches!(delivered, Some(Receipt::Delivered(_))), "{leg}");
                }
            });
        }
    });
    let tries = tries.into_inner();
    eprintln!("{MESSAGES} messages, {tries} tries, {:?}", began.elapsed());

    let kept: BTreeSet<MessageId> = server
        .mails()
        .iter()
        .map(|mail| read(mail).unwrap().head.id.unwrap())
        .collect();
    let expected: BTreeSet<MessageId> = (0..MESSAGES).map(|n| deposit(n as u128).id).collect();
    assert!(kept == expected, "{} of {MESSAGES} kept", kept.len());
    let seen = server.seen();
    assert_eq!(seen.len(), MESSAGES);
    for (address, ids) in seen {
        let different: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(different.len(), 1, "{address}: {different:?}");
    }
}
