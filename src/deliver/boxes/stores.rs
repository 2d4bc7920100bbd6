//! Which store keeps whose messages.

use crate::deliver::vocabulary::Store;
use crate::mailbox::Fault;
use crate::subscriber::{Mode, Profile};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The stores there are. Clones share them.
#[derive(Clone)]
pub struct Stores {
    local: Arc<dyn Store>,
    imap: BTreeMap<String, Arc<dyn Store>>,
}

/// Where a mailbox is kept: those of one site fare alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Site {
    /// On this machine, and those that are kept nowhere.
    Here,
    /// At the IMAP server of this name.
    Imap(String),
}

impl Stores {
    /// The Maildirs of this machine and nothing else.
    pub fn new(local: Arc<dyn Store>) -> Stores {
        let imap = BTreeMap::new();
        Stores { local, imap }
    }

    /// The same with an IMAP server, under its name in the configuration.
    #[must_use]
    pub fn imap(mut self, server: &str, store: Arc<dyn Store>) -> Stores {
        self.imap.insert(server.to_owned(), store);
        self
    }

    /// The same with every server out of reach.
    pub(super) fn here(&self) -> Stores {
        Stores::new(Arc::clone(&self.local))
    }

    /// The store of a mailbox; `None` where its messages are sent away by mail.
    pub(super) fn of(&self, owner: &Profile) -> Result<Option<&dyn Store>, Fault> {
        match &owner.delivery.mode {
            Mode::Local => Ok(Some(&*self.local)),
            Mode::Email(_) => Ok(None),
            Mode::Mailbox(account) => match self.imap.get(&account.server) {
                Some(store) => Ok(Some(&**store)),
                None => Err(Fault::Unavailable),
            },
        }
    }

    /// The site of a mailbox.
    pub(super) fn site(owner: &Profile) -> Site {
        match &owner.delivery.mode {
            Mode::Local | Mode::Email(_) => Site::Here,
            Mode::Mailbox(account) => Site::Imap(account.server.clone()),
        }
    }
}
