//! The server's entry, its accounts and the messages of these tests.

use super::LONG;
use super::fake::Fake;
use crate::base::{Pii, Timestamp};
use crate::deliver::imap::Imap;
pub(super) use crate::deliver::tests::id;
use crate::deliver::tests::{self as common, profile};
use crate::deliver::{Auth, ImapServer, Tls};
use crate::mailbox::Deposit;
use crate::mime::MailHost;
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
        delivery: Delivery {
            mode: Mode::Mailbox(account(user)),
            ..Delivery::local()
        },
        ..profile()
    }
}

/// A message of just now: what is older than the courier counts as one it may have put in before.
pub(super) fn deposit(n: u128) -> Deposit {
    let mut deposit = common::deposit(n);
    deposit.envelope.started = Timestamp::now() + Duration::from_mins(1);
    deposit.facts.length = Duration::from_secs(1);
    deposit
}
