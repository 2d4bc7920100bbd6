//! The server's entry, its accounts and the messages of these tests.

use super::fake::Fake;
use super::{LONG, UNTOUCHED};
use crate::audio::Law;
use crate::base::{DialString, Language, MailboxId, MessageId, Pii, Timestamp};
use crate::deliver::imap::Imap;
use crate::deliver::{Auth, ImapServer, Tls};
use crate::mailbox::{Deposit, Ending, Envelope, Facts, Limits, Owner};
use crate::mime::{Caller, MailHost, SoundFormat};
use crate::subscriber::{Delivery, ImapAccount, Mode, Profile, Secret};
use std::sync::Arc;
use std::time::Duration;

pub(super) fn server(fake: &Fake, timeout: Duration) -> ImapServer {
    ImapServer {
        name: "imap".into(),
        host: "127.0.0.1".into(),
        port: fake.port,
        tls: Tls::Off,
        ca_file: None,
        auth: Auth::Password,
        connections: 4,
        watch_connections: 1,
        poll: LONG,
        timeout,
    }
}

pub(super) fn at(server: ImapServer) -> Arc<Imap> {
    Imap::new(server, MailHost::parse("vm.example.nl").unwrap())
}

pub(super) fn imap(fake: &Fake) -> Arc<Imap> {
    at(server(fake, LONG))
}

pub(super) fn account(user: &str) -> ImapAccount {
    ImapAccount {
        server: "imap".into(),
        user: user.into(),
        secret: Secret::Text(Pii::new("pa$$word".into())),
        folder: "INBOX".into(),
    }
}

pub(super) fn owner(user: &str) -> Profile {
    Profile {
        mailbox: MailboxId::parse("2001").unwrap(),
        name: "Anna".into(),
        numbers: Vec::new(),
        language: Language::parse("nl").unwrap(),
        zone: "Europe/Amsterdam".into(),
        passcode: None,
        assistant: None,
        delivery: Delivery {
            mode: Mode::Mailbox(account(user)),
            copies: Vec::new(),
            notices: Vec::new(),
            sound: SoundFormat::default(),
        },
        limits: Limits::default(),
    }
}

pub(super) fn id(n: u128) -> MessageId {
    MessageId(uuid::Uuid::from_u128(
        0x0192_f3a4_0000_7000_8000_0000_0000_0000 + n,
    ))
}

/// A message of just now: what is older than the courier counts as one it may have put in before.
pub(super) fn deposit(n: u128) -> Deposit {
    Deposit {
        id: id(n),
        envelope: Envelope {
            owner: Owner {
                mailbox: MailboxId::parse("2001").unwrap(),
                name: "Anna".into(),
            },
            caller: Caller::Known {
                number: DialString::parse("0612345678").unwrap(),
                name: None,
            },
            call_id: "c".into(),
            started: Timestamp::now() + Duration::from_mins(1),
            law: Law::A,
            reason: None,
            language: Language::parse("nl").unwrap(),
            zone: "Europe/Amsterdam".into(),
        },
        facts: Facts {
            length: Duration::from_secs(1),
            voiced: Duration::from_secs(1),
            ending: Ending::Stopped,
            urgent: false,
            private: false,
        },
        marks: UNTOUCHED,
    }
}
