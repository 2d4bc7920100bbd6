//! Mailboxes at an IMAP server: putting messages in, listing and changing them, seeing changes.
//!
//! In: errands and questions of the owner's account. Out: each message there exactly once, and what
//! the account holds. Blocking, on threads of those who ask.
//!
//! Laws: a message is looked for by its Message-ID before it is put in, so a lost answer makes no
//! double, and one that was made nevertheless is removed; only voice messages are seen or touched;
//! no command lasts longer than the server's entry says; a password is in no text.
//!
//! `fault` says what goes wrong, `stream` is TCP and TLS with deadlines, `line` what the server
//! says line by line, `name` folder names, `session` the commands, `sets` many messages in one of
//! them, `shelf` what is known of an account's messages, `pool` the connections; `courier`,
//! `store`, `watch` and `greetings` are what others use.
//!
//! Specs: RFC 3501 and RFC 9051 (IMAP), RFC 4315 (UIDPLUS), RFC 2177 (IDLE), RFC 5530 (response
//! codes).

mod courier;
mod fault;
mod greetings;
mod line;
mod name;
mod pool;
mod session;
mod sets;
mod shelf;
mod store;
mod stream;
#[cfg(test)]
mod tests;
mod watch;

pub use courier::ImapCourier;
pub use greetings::{ImapGreetings, OwnRecording};
pub use store::ImapStore;
pub use watch::Watcher;

use super::servers::ImapServer;
use crate::mime::MailHost;
use crate::subscriber::{ImapAccount, Mode, Profile};
use fault::Fault;
use pool::Pool;
use shelf::Shelf;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The most accounts whose messages are remembered; then all are forgotten and asked for anew.
const ACCOUNTS_MAX: usize = 20_000;

/// One IMAP server and what is known of its accounts. Couriers, stores and watchers of it share
/// its connections.
pub struct Imap {
    pool: Arc<Pool>,
    host: MailHost,
    shelves: Mutex<HashMap<ImapAccount, Arc<Shelf>>>,
}

impl Imap {
    /// The server of this entry; `host` is the right side of the Message-IDs. Nothing is connected
    /// before something is asked.
    pub fn new(server: ImapServer, host: MailHost) -> Arc<Imap> {
        Arc::new(Imap {
            pool: Arc::new(Pool::new(server)),
            host,
            shelves: Mutex::new(HashMap::new()),
        })
    }

    /// Its entry in the configuration.
    pub fn server(&self) -> &ImapServer {
        self.pool.server()
    }

    /// What delivers into its accounts.
    pub fn courier(self: &Arc<Imap>) -> ImapCourier {
        ImapCourier::new(Arc::clone(self))
    }

    /// What lists and changes the messages of its accounts.
    pub fn store(self: &Arc<Imap>) -> ImapStore {
        ImapStore::new(Arc::clone(self))
    }

    /// What mirrors greetings into its accounts.
    pub fn greetings(self: &Arc<Imap>) -> ImapGreetings {
        ImapGreetings::new(Arc::clone(self))
    }

    /// Closes the connections that nobody uses now.
    pub fn close(&self) {
        self.pool.close_unused();
    }

    fn shelf(&self, account: &ImapAccount) -> Arc<Shelf> {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        if shelves.len() >= ACCOUNTS_MAX && !shelves.contains_key(account) {
            shelves.clear();
        }
        Arc::clone(shelves.entry(account.clone()).or_default())
    }
}

impl Drop for Imap {
    fn drop(&mut self) {
        self.close();
    }
}

/// The account an owner's messages are in.
fn account(owner: &Profile) -> Result<&ImapAccount, Fault> {
    match &owner.delivery.mode {
        Mode::Mailbox(account) => Ok(account),
        Mode::Local | Mode::Email(_) => Err(Fault::Operator(format!(
            "the messages of mailbox {} are kept in no IMAP account any more",
            owner.mailbox
        ))),
    }
}
