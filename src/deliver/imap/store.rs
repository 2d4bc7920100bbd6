//! The messages of an IMAP account, as the telephone sees and changes them.

use super::fault::Fault;
use super::pool::{Loan, Purpose};
use super::session::{Flags, Turn};
use super::shelf::{self, Shelf};
use super::watch::Watcher;
use super::{Imap, account};
use crate::audio::WireAudio;
use crate::base::MessageId;
use crate::deliver::sound;
use crate::deliver::vocabulary::{self, Change, Held, Store, Watch};
use crate::mailbox;
use crate::subscriber::Profile;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// The messages in the accounts of one server. What a mail client has read counts as heard.
pub struct ImapStore {
    imap: Arc<Imap>,
}

/// An account, with a connection to it.
struct Visit {
    session: Loan,
    shelf: Arc<Shelf>,
    folder: String,
}

impl ImapStore {
    pub(super) fn new(imap: Arc<Imap>) -> ImapStore {
        ImapStore { imap }
    }

    /// Runs `work` with a connection to the owner's account.
    fn visit<T>(
        &self,
        owner: &Profile,
        work: impl FnOnce(&mut Visit) -> Result<T, Fault>,
    ) -> Result<T, mailbox::Fault> {
        let done = account(owner).and_then(|account| {
            let session = self.imap.pool.lend(account, Purpose::Telephone)?;
            let (shelf, folder) = (self.imap.shelf(account), account.folder.clone());
            work(&mut Visit {
                session,
                shelf,
                folder,
            })
        });
        done.map_err(|fault| fault.at_the_mailbox(owner.mailbox.as_str()))
    }
}

impl Visit {
    fn find(&mut self, id: MessageId) -> Result<Vec<(u32, Flags)>, Fault> {
        self.shelf.find(&mut self.session, &self.folder, id)
    }

    /// Whether the message was there.
    fn change(&mut self, id: MessageId, change: Change) -> Result<bool, Fault> {
        let copies = self.find(id)?;
        let wanting = |lacks: fn(Flags) -> bool| -> BTreeSet<u32> {
            let lacking = copies.iter().filter(|(_, flags)| lacks(*flags));
            lacking.map(|(uid, _)| *uid).collect()
        };
        let (uids, turn) = match change {
            Change::Heard => (wanting(|flags| !flags.seen), Turn::Seen),
            Change::Delete => (wanting(|flags| !flags.deleted), Turn::Deleted),
            // Doubles that were removed stay so.
            Change::Undelete if copies.iter().any(|(_, flags)| !flags.deleted) => {
                (BTreeSet::new(), Turn::Undeleted)
            }
            Change::Undelete => {
                let first = copies.iter().map(|(uid, _)| *uid).take(1);
                (first.collect(), Turn::Undeleted)
            }
        };
        self.session.turn(&uids, turn)?;
        Ok(!copies.is_empty())
    }

    fn expunge(&mut self) -> Result<Vec<MessageId>, Fault> {
        let copies = self.shelf.list(&mut self.session, &self.folder)?;
        let (marked, staying): (Vec<_>, Vec<_>) =
            copies.into_iter().partition(|copy| copy.flags.deleted);
        let uids: BTreeSet<u32> = marked.iter().map(|copy| copy.uid).collect();
        self.session.expunge(&uids)?;
        let staying: HashSet<MessageId> = staying.iter().map(shelf::Copy::id).collect();
        let gone: BTreeSet<MessageId> = marked.iter().map(shelf::Copy::id).collect();
        Ok(gone
            .into_iter()
            .filter(|id| !staying.contains(id))
            .collect())
    }

    /// Those of the messages that were there.
    fn remove(&mut self, ids: &[MessageId]) -> Result<Vec<MessageId>, Fault> {
        let mut copies = self.shelf.list(&mut self.session, &self.folder)?;
        copies.retain(|copy| ids.contains(&copy.id()));
        let uids: BTreeSet<u32> = copies.iter().map(|copy| copy.uid).collect();
        self.session.turn(&uids, Turn::Deleted)?;
        self.session.expunge(&uids)?;
        let removed: BTreeSet<MessageId> = copies.iter().map(shelf::Copy::id).collect();
        Ok(removed.into_iter().collect())
    }

    /// `None` where it is gone.
    fn mail(&mut self, id: MessageId) -> Result<Option<Vec<u8>>, Fault> {
        for (uid, _) in self.find(id)? {
            if let Some(mail) = self.session.body(uid)? {
                return Ok(Some(mail));
            }
        }
        Ok(None)
    }
}

impl Store for ImapStore {
    fn messages(&self, owner: &Profile) -> Result<Vec<Held>, mailbox::Fault> {
        let copies = self.visit(owner, |visit| {
            visit.shelf.list(&mut visit.session, &visit.folder)
        })?;
        Ok(shelf::messages(copies))
    }

    fn change(&self, owner: &Profile, id: MessageId, change: Change) -> Result<(), mailbox::Fault> {
        if self.visit(owner, |visit| visit.change(id, change))? {
            Ok(())
        } else {
            Err(mailbox::Fault::Gone)
        }
    }

    fn expunge(&self, owner: &Profile) -> Result<Vec<MessageId>, mailbox::Fault> {
        self.visit(owner, Visit::expunge)
    }

    fn remove(&self, owner: &Profile, ids: &[MessageId]) -> Result<Vec<MessageId>, mailbox::Fault> {
        self.visit(owner, |visit| visit.remove(ids))
    }

    fn audio(&self, owner: &Profile, id: MessageId) -> Result<WireAudio, mailbox::Fault> {
        let mail = self.visit(owner, |visit| visit.mail(id))?;
        sound::decode(&mail.ok_or(mailbox::Fault::Gone)?)
    }

    /// `None` where the server does not tell of changes by itself.
    fn watch(&self, owner: &Profile) -> Result<Option<Box<dyn Watch>>, vocabulary::Fault> {
        let watcher = Watcher::open(&self.imap, account(owner)?)?;
        Ok(watcher
            .is_told()
            .then(|| Box::new(watcher) as Box<dyn Watch>))
    }
}
