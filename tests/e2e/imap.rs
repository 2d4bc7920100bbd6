//! IMAP accounts at a real server: Belpost on one side, an independent mail client on the other.

use crate::harness::dovecot::{Dovecot, Features, PASSWORD, certificate};
use crate::harness::eventually;
use belpost::audio::Law;
use belpost::base::{DialString, Language, MailboxId, MessageId, Pii, Timestamp};
use belpost::deliver::Watch as _;
use belpost::deliver::{
    Auth, Change, Courier, Errand, Fault, Held, Imap, ImapServer, Receipt, Retry, Store, Tls,
    Watcher,
};
use belpost::mailbox::{Deposit, Ending, Envelope, Facts, Leg, Limits, Marks, Owner, State};
use belpost::mime::{Caller, MailHost, SoundFormat};
use belpost::subscriber::{Delivery, ImapAccount, Mode, Profile, Secret};
use imap::Session;
use imap::types::Flag;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const HOST: &str = "voicemail.example.nl";
const PATIENCE: Duration = Duration::from_secs(20);

/// A short folder: Dovecot's sockets stand in it.
fn scratch() -> TempDir {
    let mut folder = tempfile::Builder::new();
    folder.prefix("bp").tempdir_in("/tmp").unwrap()
}

fn server(port: u16) -> ImapServer {
    ImapServer {
        name: "imap".into(),
        host: "127.0.0.1".into(),
        port,
        tls: Tls::Off,
        ca_file: None,
        auth: Auth::Password,
        connections: 4,
        watch_connections: 1,
        poll: Duration::from_secs(30),
        timeout: PATIENCE,
    }
}

fn imap_at(server: ImapServer) -> Arc<Imap> {
    Imap::new(server, MailHost::parse(HOST).unwrap())
}

fn account(folder: &str) -> ImapAccount {
    ImapAccount {
        server: "imap".into(),
        user: "2001".into(),
        secret: Secret::Text(Pii::new(PASSWORD.into())),
        folder: folder.into(),
    }
}

fn owner(folder: &str) -> Profile {
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
            mode: Mode::Mailbox(account(folder)),
            copies: Vec::new(),
            notices: Vec::new(),
            sound: SoundFormat::default(),
        },
        limits: Limits::default(),
    }
}

fn id(n: u128) -> MessageId {
    MessageId(uuid::Uuid::from_u128(
        0x0192_f3a4_0000_7000_8000_0000_0000_0000 + n,
    ))
}

fn deposit(n: u128, urgent: bool) -> Deposit {
    Deposit {
        id: id(n),
        envelope: Envelope {
            owner: Owner {
                mailbox: MailboxId::parse("2001").unwrap(),
                name: "Anna Bakker".into(),
            },
            caller: Caller::Known {
                number: DialString::parse("+31612345678").unwrap(),
                name: None,
            },
            call_id: format!("call-{n}"),
            started: Timestamp::from_second(1_700_000_000 + n as i64).unwrap(),
            law: Law::A,
            reason: None,
            language: Language::parse("nl").unwrap(),
            zone: "Europe/Amsterdam".into(),
        },
        facts: Facts {
            length: Duration::from_secs(1),
            voiced: Duration::from_secs(1),
            ending: Ending::Stopped,
            urgent,
            private: false,
        },
        marks: Marks::default(),
    }
}

fn sound(n: u128) -> Vec<u8> {
    (0..8_000_u32).map(|i| (i % 97) as u8 ^ n as u8).collect()
}

const UNTOUCHED: Marks = Marks {
    heard: false,
    deleted: false,
};

fn deliver_to(
    imap: &Arc<Imap>,
    folder: &str,
    deposit: &Deposit,
    marks: Option<Marks>,
) -> Result<Receipt, Fault> {
    let (owner, octets) = (owner(folder), sound(deposit.id.0.as_u128() & 0xff));
    imap.courier().deliver(&Errand {
        deposit,
        sound: &octets,
        leg: &Leg::Store,
        owner: &owner,
        marks: &|| marks,
    })
}

fn deliver(imap: &Arc<Imap>, n: u128) -> Receipt {
    deliver_to(imap, "INBOX", &deposit(n, false), Some(UNTOUCHED)).unwrap()
}

/// Ids, states and marks for removal, in order.
fn listed(imap: &Arc<Imap>) -> Vec<(MessageId, State, bool)> {
    states(imap.store().messages(&owner("INBOX")).unwrap())
}

fn states(mut held: Vec<Held>) -> Vec<(MessageId, State, bool)> {
    held.sort_by_key(|held| held.summary.id);
    let states = held.iter();
    let states = states.map(|held| (held.summary.id, held.summary.state, held.deleted));
    states.collect()
}

/// The flags of a message as the mail client sees them; `None` where it is not there.
fn flags(client: &mut Session<TcpStream>, n: u128) -> Option<Vec<String>> {
    client.noop().unwrap();
    let query = format!("HEADER Message-ID \"<{}@{HOST}>\"", id(n));
    let uids = client.uid_search(query).unwrap();
    assert!(uids.len() <= 1, "a message is there once");
    let uid = uids.into_iter().next()?;
    let fetched = client.uid_fetch(uid.to_string(), "FLAGS").unwrap();
    let message = fetched.iter().next().unwrap();
    let mut flags: Vec<_> = message.flags().iter().map(ToString::to_string).collect();
    flags.retain(|flag| flag != "\\Recent");
    flags.sort();
    Some(flags)
}

#[test]
fn what_the_phone_and_a_mail_client_do_is_the_same_mailbox() {
    let root = scratch();
    let dovecot = Dovecot::start(root.path());
    let imap = imap_at(server(dovecot.port));
    let (store, owner) = (imap.store(), owner("INBOX"));
    assert_eq!(deliver(&imap, 1), Receipt::Delivered("INBOX uid 1".into()));
    let urgent = deliver_to(&imap, "INBOX", &deposit(2, true), Some(UNTOUCHED));
    assert_eq!(urgent, Ok(Receipt::Delivered("INBOX uid 2".into())));
    let heard = Marks {
        heard: true,
        deleted: true,
    };
    deliver_to(&imap, "INBOX", &deposit(3, false), Some(heard)).unwrap();

    let mut client = dovecot.log_in();
    assert_eq!(client.select("INBOX").unwrap().exists, 3);
    assert_eq!(flags(&mut client, 1), Some(vec![]));
    assert_eq!(flags(&mut client, 2), Some(vec!["\\Flagged".into()]));
    assert_eq!(
        flags(&mut client, 3),
        Some(vec!["\\Deleted".into(), "\\Seen".into()])
    );
    let dates = client.uid_fetch("1", "INTERNALDATE").unwrap();
    let date = dates.iter().next().unwrap().internal_date().unwrap();
    assert_eq!(date.timestamp(), 1_700_000_001);

    let held = store.messages(&owner).unwrap();
    let urgent = held.iter().find(|held| held.summary.id == id(2)).unwrap();
    assert!(urgent.summary.urgent && urgent.summary.length == Duration::from_secs(1));
    assert_eq!(
        urgent.summary.caller,
        DialString::parse("+31612345678").ok()
    );
    assert_eq!(
        listed(&imap),
        [
            (id(1), State::New, false),
            (id(2), State::New, false),
            (id(3), State::Saved, true)
        ]
    );
    assert_eq!(store.audio(&owner, id(1)).unwrap().octets(Law::A), sound(1));
    assert_eq!(
        flags(&mut client, 1),
        Some(vec![]),
        "listening alone marks nothing"
    );

    client.uid_store("1", "+FLAGS (\\Seen)").unwrap();
    store.change(&owner, id(2), Change::Heard).unwrap();
    store.change(&owner, id(3), Change::Undelete).unwrap();
    assert_eq!(
        listed(&imap),
        [
            (id(1), State::Saved, false),
            (id(2), State::Saved, false),
            (id(3), State::Saved, false)
        ]
    );
    assert_eq!(flags(&mut client, 3), Some(vec!["\\Seen".into()]));
    store.change(&owner, id(1), Change::Delete).unwrap();
    assert_eq!(store.expunge(&owner), Ok(vec![id(1)]));
    assert_eq!(flags(&mut client, 1), None);
    client.uid_store("2", "+FLAGS (\\Deleted)").unwrap();
    client.expunge().unwrap();
    let gone = Err(belpost::mailbox::Fault::Gone);
    assert_eq!(store.change(&owner, id(2), Change::Heard), gone);
    assert_eq!(
        store.audio(&owner, id(2)).err(),
        Some(belpost::mailbox::Fault::Gone)
    );
    assert_eq!(listed(&imap), [(id(3), State::Saved, false)]);
}

#[test]
fn a_retry_brings_the_message_in_step_and_never_puts_it_there_twice() {
    let root = scratch();
    let dovecot = Dovecot::start(root.path());
    let imap = imap_at(server(dovecot.port));
    deliver(&imap, 1);
    let heard = Some(Marks {
        heard: true,
        ..UNTOUCHED
    });
    let again = deliver_to(&imap, "INBOX", &deposit(1, false), heard);
    assert_eq!(again, Ok(Receipt::Again("INBOX uid 1".into())));
    let mut client = dovecot.log_in();
    client.select("INBOX").unwrap();
    assert_eq!(flags(&mut client, 1), Some(vec!["\\Seen".into()]));

    // A double, as a lost answer makes one.
    let fetched = client.uid_fetch("1", "BODY.PEEK[]").unwrap();
    let mail = fetched.iter().next().unwrap().body().unwrap().to_vec();
    client.append("INBOX", &mail).finish().unwrap();
    assert_eq!(listed(&imap), [(id(1), State::Saved, false)]);
    let deleted = Some(Marks {
        heard: true,
        deleted: true,
    });
    let again = deliver_to(&imap, "INBOX", &deposit(1, false), deleted);
    assert_eq!(again, Ok(Receipt::Again("INBOX uid 1".into())));
    assert_eq!(client.select("INBOX").unwrap().exists, 1);
    assert_eq!(
        flags(&mut client, 1),
        Some(vec!["\\Deleted".into(), "\\Seen".into()])
    );

    let withdrawn = deliver_to(&imap, "INBOX", &deposit(1, false), None);
    assert_eq!(withdrawn, Ok(Receipt::Withdrawn));
    assert_eq!(client.select("INBOX").unwrap().exists, 0);
    let withdrawn = deliver_to(&imap, "INBOX", &deposit(2, false), None);
    assert_eq!(withdrawn, Ok(Receipt::Withdrawn));
    assert_eq!(client.select("INBOX").unwrap().exists, 0);
}

#[test]
fn ordinary_mail_is_neither_seen_nor_touched() {
    let root = scratch();
    let dovecot = Dovecot::start(root.path());
    let mut client = dovecot.log_in();
    let ordinary = include_bytes!("../../media-fixtures/mail/ordinary.eml");
    for flag in [Flag::Deleted, Flag::Flagged] {
        client
            .append("INBOX", ordinary)
            .flag(flag)
            .finish()
            .unwrap();
    }
    let foreign = include_bytes!("../../media-fixtures/mail/foreign.eml");
    client.append("INBOX", foreign).finish().unwrap();
    let imap = imap_at(server(dovecot.port));
    let (store, owner) = (imap.store(), owner("INBOX"));
    deliver(&imap, 1);
    let ids: Vec<_> = listed(&imap).iter().map(|listed| listed.0).collect();
    assert!(ids.len() == 2 && ids.contains(&id(1)), "{ids:?}");
    for &id in &ids {
        store.change(&owner, id, Change::Delete).unwrap();
    }
    let mut removed = store.expunge(&owner).unwrap();
    removed.sort();
    assert_eq!(removed, ids);
    assert_eq!(listed(&imap), []);
    assert_eq!(client.select("INBOX").unwrap().exists, 2);
    let fetched = client.fetch("1:*", "FLAGS").unwrap();
    let flags: Vec<Vec<Flag<'_>>> = fetched.iter().map(|m| m.flags().to_vec()).collect();
    assert!(
        flags[0].contains(&Flag::Deleted) && flags[1].contains(&Flag::Flagged),
        "{flags:?}"
    );
    assert!(!flags.concat().contains(&Flag::Seen));
}

#[test]
fn a_change_is_seen_within_a_second() {
    let root = scratch();
    let dovecot = Dovecot::start(root.path());
    let imap = imap_at(server(dovecot.port));
    deliver(&imap, 1);
    let mut watcher = Watcher::open(&imap, &account("INBOX")).unwrap();
    assert!(watcher.is_told());
    let seen = states(watcher.snapshot().unwrap());
    assert_eq!(seen, [(id(1), State::New, false)]);
    let stop = AtomicBool::new(false);
    assert_eq!(watcher.wait(&stop, Duration::from_millis(50)), Ok(false));

    let mut client = dovecot.log_in();
    client.select("INBOX").unwrap();
    let mut changes = vec![];
    for change in ["+FLAGS (\\Seen)", "+FLAGS (\\Deleted)", ""] {
        let at = std::thread::scope(|scope| {
            let client = &mut client;
            scope.spawn(move || match change {
                "" => drop(client.expunge().unwrap()),
                change => drop(client.uid_store("1", change).unwrap()),
            });
            let start = Instant::now();
            assert_eq!(watcher.wait(&stop, PATIENCE), Ok(true));
            start.elapsed()
        });
        assert!(at < Duration::from_secs(1), "{change:?} after {at:?}");
        changes.push(states(watcher.snapshot().unwrap()));
    }
    let [seen, marked, gone] = &changes[..] else {
        panic!()
    };
    assert_eq!(seen[..], [(id(1), State::Saved, false)]);
    assert_eq!(marked[..], [(id(1), State::Saved, true)]);
    assert!(gone.is_empty());
    deliver(&imap, 2);
    assert_eq!(watcher.wait(&stop, PATIENCE), Ok(true));
    assert_eq!(
        states(watcher.snapshot().unwrap()),
        [(id(2), State::New, false)]
    );
    stop.store(true, Ordering::Release);
    assert_eq!(watcher.wait(&stop, PATIENCE), Ok(false));
    watcher.close();
}

#[test]
fn a_full_mailbox_says_so_and_takes_messages_again_when_there_is_room() {
    let root = scratch();
    let features = Features {
        quota: Some("50K"),
        ..Features::default()
    };
    let dovecot = Dovecot::with(root.path(), &features);
    let imap = imap_at(server(dovecot.port));
    deliver(&imap, 1);
    deliver(&imap, 2);
    let full = deliver_to(&imap, "INBOX", &deposit(3, false), Some(UNTOUCHED)).unwrap_err();
    assert_eq!(full.retry, Retry::WhenEmptier, "{full}");
    let (store, owner) = (imap.store(), owner("INBOX"));
    store.change(&owner, id(1), Change::Delete).unwrap();
    store.expunge(&owner).unwrap();
    deliver(&imap, 3);
    assert_eq!(
        listed(&imap),
        [(id(2), State::New, false), (id(3), State::New, false)]
    );
}

#[test]
fn a_folder_of_any_name_is_made_with_its_first_message() {
    let root = scratch();
    let dovecot = Dovecot::start(root.path());
    let imap = imap_at(server(dovecot.port));
    let name = "Bo\u{ee}te \"vocale\" & r\u{e9}pondeur \u{1f4de}";
    let put = deliver_to(&imap, name, &deposit(1, false), Some(UNTOUCHED));
    assert_eq!(put, Ok(Receipt::Delivered(format!("{name} uid 1"))));
    let held = imap.store().messages(&owner(name)).unwrap();
    assert_eq!(states(held), [(id(1), State::New, false)]);
    let mut client = dovecot.log_in();
    let wire = "Bo&AO4-te \"vocale\" &- r&AOk-pondeur &2D3c3g-";
    assert_eq!(client.select(wire).unwrap().exists, 1);
    let shown = client.lsub(None, Some("*")).unwrap();
    assert_eq!(shown.len(), 1, "mail clients show it");
}

#[test]
fn tls_from_the_start_and_after_starttls_checks_who_the_server_is() {
    let root = scratch();
    let (cert, key) = certificate(root.path());
    let features = Features {
        tls: Some((&cert, &key)),
        ..Features::default()
    };
    let dovecot = Dovecot::with(root.path(), &features);
    let secured = |tls: Tls, host: &str, ca_file: Option<PathBuf>| {
        let port = if tls == Tls::Implicit {
            dovecot.tls_port
        } else {
            dovecot.port
        };
        imap_at(ImapServer {
            host: host.into(),
            tls,
            ca_file,
            ..server(port)
        })
    };
    let own = scratch();
    let trusted = own.path().join("ca.pem");
    std::fs::copy(&cert, &trusted).unwrap();
    for (n, tls) in [(1, Tls::Implicit), (2, Tls::StartTls)] {
        let imap = secured(tls, "localhost", Some(trusted.clone()));
        let receipt = Receipt::Delivered(format!("INBOX uid {n}"));
        assert_eq!(deliver(&imap, n), receipt);
        assert_eq!(listed(&imap).len(), n as usize);
        let mut watcher = Watcher::open(&imap, &account("INBOX")).unwrap();
        let stop = AtomicBool::new(false);
        assert_eq!(watcher.wait(&stop, Duration::from_millis(600)), Ok(false));
        let change = Change::Heard;
        imap.store().change(&owner("INBOX"), id(n), change).unwrap();
        assert_eq!(watcher.wait(&stop, PATIENCE), Ok(true));
        for imap in [
            secured(tls, "127.0.0.1", Some(trusted.clone())),
            secured(tls, "localhost", None),
        ] {
            let put = deliver_to(&imap, "INBOX", &deposit(9, false), Some(UNTOUCHED));
            let fault = put.unwrap_err();
            assert_eq!(fault.retry, Retry::WhenBack, "{fault}");
            assert!(fault.what.contains("no TLS with"), "{fault}");
        }
    }
    let imap = secured(
        Tls::Implicit,
        "localhost",
        Some(own.path().join("none.pem")),
    );
    let fault = deliver_to(&imap, "INBOX", &deposit(9, false), Some(UNTOUCHED)).unwrap_err();
    assert!(fault.what.contains("none.pem"), "{fault}");
}

#[test]
fn messages_left_while_the_server_goes_and_comes_are_there_once_each() {
    const MESSAGES: u128 = 24;
    let root = scratch();
    let dovecot = Dovecot::start(root.path());
    let (port, tls_port) = (dovecot.port, dovecot.tls_port);
    let imap = imap_at(server(port));
    let courier = imap.courier();
    let delivered = AtomicU32::new(0);
    let bring = |n: u128| {
        let (owner, octets) = (owner("INBOX"), sound(n));
        let deposit = deposit(n, false);
        eventually("delivered", PATIENCE, || {
            let receipt = courier.deliver(&Errand {
                deposit: &deposit,
                sound: &octets,
                leg: &Leg::Store,
                owner: &owner,
                marks: &|| Some(UNTOUCHED),
            });
            if let Err(fault) = &receipt {
                assert_ne!(fault.retry, Retry::Never, "{fault}");
            }
            receipt.ok()
        });
        delivered.fetch_add(1, Ordering::Relaxed);
    };
    let all = |parity: u128| (1..=MESSAGES).filter(|n| n % 2 == parity).for_each(bring);
    let dovecot = std::thread::scope(|scope| {
        scope.spawn(|| all(0));
        scope.spawn(|| all(1));
        let mut dovecot = dovecot;
        for stops in 1..=2 {
            eventually("some are delivered", PATIENCE, || {
                (delivered.load(Ordering::Relaxed) >= stops * 8).then_some(())
            });
            drop(dovecot);
            dovecot = Dovecot::on(root.path(), &Features::default(), port, tls_port);
        }
        dovecot
    });
    let ids: Vec<MessageId> = listed(&imap).iter().map(|listed| listed.0).collect();
    assert_eq!(ids, (1..=MESSAGES).map(id).collect::<Vec<_>>());
    let mut client = dovecot.log_in();
    assert_eq!(client.select("INBOX").unwrap().exists, MESSAGES as u32);
}
