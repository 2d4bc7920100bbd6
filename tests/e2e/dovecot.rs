//! Mailboxes as a real IMAP server and an independent IMAP client see them.
//!
//! Dovecot serves the very folders that Belpost writes. Run as root, it works as `nobody`, which
//! the message files are given to after each delivery.

use crate::harness::dovecot::{Dovecot, give_away};
use belpost::audio::Law;
use belpost::base::{DialString, Language, MailboxId, MessageId, Timestamp};
use belpost::deliver::{
    Answer, Answered, Couriers, Deliverer, Mailboxes, Maildir, Question, Stores, Token, Truth,
};
use belpost::mailbox::{
    Command, Ending, Envelope, Facts, Limits, NoLedger, Owner, Reply, State, Summary,
};
use belpost::media::TakeSink;
use belpost::mime::{Caller, MailHost, Reason};
use belpost::spool::{Report, Rules, Spool, SpoolConfig};
use belpost::subscriber::{Delivery, Profile, Roster};
use imap::Session;
use imap::types::Flag;
use std::io::Cursor;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// Belpost's side: a spool, its delivery and the mailboxes.
struct Belpost {
    root: TempDir,
    spool: Spool,
    reports: Receiver<Report>,
    maildir: Maildir,
    mailboxes: Mailboxes,
    answers: Receiver<Answered>,
}

impl Belpost {
    fn start() -> Belpost {
        // Unix sockets need a short path.
        let root = tempfile::Builder::new()
            .prefix("bp")
            .tempdir_in("/tmp")
            .unwrap();
        let config = SpoolConfig {
            folder: root.path().join("spool"),
            rules: Rules {
                reserve: 0,
                longest: Duration::from_mins(1),
            },
            blocks_max: 100,
        };
        let (report, reports) = channel();
        let spool = Spool::open(&config, move |r| drop(report.send(r))).unwrap();
        let host = MailHost::parse("voicemail.example.nl").unwrap();
        let maildir = Maildir::new(root.path().join("mailboxes"), host);
        let (answer, answers) = channel();
        let told = move |a| drop(answer.send(a));
        let stores = Stores::new(Arc::new(maildir.clone()));
        let truth = Arc::new(Truth::new(stores, spool.outbox(), Arc::new(NoLedger)));
        let mailboxes = Mailboxes::start(truth, roster(), &[], |_| (), told).unwrap();
        Belpost {
            root,
            spool,
            reports,
            maildir,
            mailboxes,
            answers,
        }
    }

    /// A caller leaves a message; it is spooled.
    fn leave(&self, n: u128, urgent: bool) {
        let take = id(n);
        self.spool.begin(take, envelope(n)).unwrap();
        self.spool.intake().append(take, sound(n)).unwrap();
        let facts = Facts {
            length: Duration::from_secs(1),
            voiced: Duration::from_secs(1),
            ending: Ending::Stopped,
            urgent,
            private: false,
        };
        self.spool.commit(take, facts).unwrap();
        loop {
            if let Report::Kept {
                take: kept,
                outcome,
            } = self.reports.recv_timeout(PATIENCE).unwrap()
            {
                assert_eq!((kept, outcome), (take, Ok(())));
                return;
            }
        }
    }

    /// Delivers everything that is spooled.
    fn deliver(&self) {
        let couriers = Couriers::new(Arc::new(self.maildir.clone()));
        let outbox = self.spool.outbox();
        Deliverer::start(couriers, outbox, roster(), Arc::new(NoLedger), |_| ())
            .unwrap()
            .stop();
        assert_eq!(self.spool.outbox().waiting(), []);
        give_away(&self.root.path().join("mailboxes"));
    }

    fn ask(&self, question: Question) -> Answer {
        self.mailboxes.ask(Token(1), mailbox(), question).unwrap();
        self.answers.recv_timeout(PATIENCE).unwrap().answer
    }

    fn does(&self, command: Command) {
        let done = Answer::Reply(Reply::Done(command.clone()));
        assert_eq!(self.ask(Question::Command(command)), done);
    }

    fn list(&self) -> Vec<Summary> {
        match self.ask(Question::Command(Command::List)) {
            Answer::Reply(Reply::Listed(listing)) => listing.messages,
            other => panic!("{other:?}"),
        }
    }
}

fn mailbox() -> MailboxId {
    MailboxId::parse("2001").unwrap()
}

/// The subscribers: the one with the mailbox.
fn roster() -> Arc<Roster> {
    let profile = Profile {
        mailbox: mailbox(),
        name: "Anna Bakker".into(),
        numbers: Vec::new(),
        language: Language::parse("nl").unwrap(),
        zone: "Europe/Amsterdam".into(),
        passcode: None,
        assistant: None,
        tenant: None,
        delivery: Delivery::local(),
        limits: Limits::default(),
    };
    Arc::new(Roster::new([profile]).unwrap())
}

fn id(n: u128) -> MessageId {
    MessageId(uuid::Uuid::from_u128(
        0x0192_f3a4_0000_7000_8000_0000_0000_0000 + n,
    ))
}

fn sound(n: u128) -> Vec<u8> {
    (0..8_000_u32).map(|i| (i % 97) as u8 ^ n as u8).collect()
}

fn envelope(n: u128) -> Envelope {
    Envelope {
        owner: Owner {
            mailbox: mailbox(),
            name: "Anna Bakker".into(),
        },
        caller: Caller::Known {
            number: DialString::parse("+31612345678").unwrap(),
            name: Some("Zo\u{eb} \"Z\" de Vries".into()),
        },
        call_id: format!("call-{n}"),
        started: Timestamp::from_second(1_700_000_000 + n as i64).unwrap(),
        law: Law::A,
        reason: Some(Reason::NoAnswer),
        language: Language::parse("nl").unwrap(),
        zone: "Europe/Amsterdam".into(),
    }
}

/// The flags of a message, found by its Message-ID.
fn flags(session: &mut Session<TcpStream>, n: u128) -> Vec<String> {
    session.noop().unwrap();
    let uid = find(session, n).expect("the message is there");
    let fetched = session.uid_fetch(uid.to_string(), "FLAGS").unwrap();
    let message = fetched.iter().next().unwrap();
    let mut flags: Vec<_> = message.flags().iter().map(ToString::to_string).collect();
    flags.retain(|flag| flag != "\\Recent");
    flags.sort();
    flags
}

fn find(session: &mut Session<TcpStream>, n: u128) -> Option<u32> {
    let query = format!("HEADER Message-ID \"<{}@voicemail.example.nl>\"", id(n));
    let uids = session.uid_search(query).unwrap();
    assert!(uids.len() <= 1, "a message is there once");
    uids.into_iter().next()
}

#[test]
fn a_delivered_message_reads_over_imap_as_it_was_left() {
    let belpost = Belpost::start();
    belpost.leave(1, false);
    belpost.leave(2, true);
    belpost.deliver();
    let dovecot = Dovecot::start(belpost.root.path());
    let mut session = dovecot.log_in();
    assert_eq!(session.select("INBOX").unwrap().exists, 2);
    let voice = session
        .uid_search("HEADER Message-Context voice-message UNSEEN")
        .unwrap();
    assert_eq!(voice.len(), 2);
    assert_eq!(flags(&mut session, 1), [""; 0]);
    assert_eq!(flags(&mut session, 2), ["\\Flagged"]);

    let uid = find(&mut session, 1).unwrap();
    let fetched = session
        .uid_fetch(uid.to_string(), "(RFC822.SIZE ENVELOPE BODY.PEEK[])")
        .unwrap();
    let message = fetched.iter().next().unwrap();
    let from = &message.envelope().unwrap().from.as_ref().unwrap()[0];
    assert_eq!(from.mailbox.as_deref(), Some(&b"+31612345678"[..]));
    let body = message.body().unwrap();
    assert_eq!(message.size, Some(body.len() as u32));
    let mail = mail_parser::MessageParser::default().parse(body).unwrap();
    let subject = "Voicemail van Zo\u{eb} \"Z\" de Vries (06 12345678), 0:01";
    assert_eq!(mail.subject(), Some(subject));
    let wav = mail.attachment(0).unwrap().contents();
    let mut reader = hound::WavReader::new(Cursor::new(wav)).unwrap();
    let samples: Result<Vec<i16>, _> = reader.samples().collect();
    let recorded: Vec<i16> = sound(1).into_iter().map(|o| Law::A.decode(o)).collect();
    assert_eq!(samples.unwrap(), recorded);
    session.logout().unwrap();
}

#[test]
fn what_a_mail_client_does_is_heard_at_the_telephone_and_the_other_way_round() {
    let belpost = Belpost::start();
    for n in 1..=3 {
        belpost.leave(n, false);
    }
    belpost.deliver();
    let dovecot = Dovecot::start(belpost.root.path());
    let mut session = dovecot.log_in();
    session.select("INBOX").unwrap();

    let uid = find(&mut session, 1).unwrap();
    session
        .uid_store(uid.to_string(), "+FLAGS (\\Seen)")
        .unwrap();
    let uid = find(&mut session, 2).unwrap();
    session
        .uid_store(uid.to_string(), "+FLAGS (\\Deleted)")
        .unwrap();
    let listed = belpost.list();
    let states: Vec<_> = listed.iter().map(|s| (s.id, s.state)).collect();
    assert_eq!(states, [(id(3), State::New), (id(1), State::Saved)]);
    let Answer::Tally(Ok(tally)) = belpost.ask(Question::Tally) else {
        panic!()
    };
    assert_eq!((tally.counts.new, tally.counts.saved), (1, 1));

    belpost.does(Command::Undelete(id(2)));
    assert_eq!(flags(&mut session, 2), [""; 0]);
    belpost.does(Command::MarkHeard(id(3)));
    assert_eq!(flags(&mut session, 3), ["\\Seen"]);
    belpost.does(Command::Delete(id(3)));
    assert_eq!(flags(&mut session, 3), ["\\Deleted", "\\Seen"]);
    belpost.does(Command::Expunge);
    session.noop().unwrap();
    assert_eq!(find(&mut session, 3), None);
    assert_eq!(session.select("INBOX").unwrap().exists, 2);

    let uid = find(&mut session, 2).unwrap();
    session
        .uid_store(uid.to_string(), "+FLAGS (\\Deleted \\Flagged)")
        .unwrap();
    session.expunge().unwrap();
    let Answer::Audio(_, audio) = belpost.ask(Question::Audio(id(2))) else {
        panic!()
    };
    assert_eq!(audio, Err(belpost::mailbox::Fault::Gone));
    let Answer::Audio(_, audio) = belpost.ask(Question::Audio(id(1))) else {
        panic!()
    };
    assert_eq!(audio.unwrap().octets(Law::A), sound(1));
    session.logout().unwrap();
}

#[test]
fn a_message_that_arrives_while_a_client_looks_is_seen_and_other_mail_is_left_alone() {
    let belpost = Belpost::start();
    belpost.leave(1, false);
    belpost.deliver();
    let dovecot = Dovecot::start(belpost.root.path());
    let mut session = dovecot.log_in();
    session.select("INBOX").unwrap();
    let ordinary = include_bytes!("../../media-fixtures/mail/ordinary.eml");
    session
        .append("INBOX", ordinary)
        .flag(Flag::Deleted)
        .finish()
        .unwrap();
    let resaved = include_bytes!("../../media-fixtures/mail/resaved.eml");
    session
        .append("INBOX", resaved)
        .flag(Flag::Flagged)
        .finish()
        .unwrap();

    belpost.leave(2, false);
    let waiting = belpost.list();
    assert_eq!(waiting.len(), 3, "one of them still in the spool");
    belpost.deliver();
    assert_eq!(belpost.list(), waiting, "now delivered");
    assert_eq!(flags(&mut session, 2), [""; 0]);
    assert!(waiting[0].urgent && waiting[0].length == Duration::from_secs(23));

    for message in &waiting {
        belpost.does(Command::Delete(message.id));
    }
    belpost.does(Command::Expunge);
    assert_eq!(
        session.select("INBOX").unwrap().exists,
        1,
        "the ordinary mail stays"
    );
    session.logout().unwrap();
}
