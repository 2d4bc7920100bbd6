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
use std::collections::{BTreeMap, BTreeSet, HashSet};
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
        let uids = turned(&copies, change).into_iter().collect();
        self.session.turn(&uids, turn(change))?;
        Ok(!copies.is_empty())
    }

    /// Those of the messages that were there: one look and one command for all, not one each.
    fn change_all(&mut self, ids: &[MessageId], change: Change) -> Result<Vec<MessageId>, Fault> {
        let wanted: HashSet<MessageId> = ids.iter().copied().collect();
        let copies = self.shelf.list(&mut self.session, &self.folder)?;
        let mut found: BTreeMap<MessageId, Vec<(u32, Flags)>> = BTreeMap::new();
        for copy in copies.iter().filter(|copy| wanted.contains(&copy.id())) {
            let of_message = found.entry(copy.id()).or_default();
            of_message.push((copy.uid, copy.flags));
        }
        let uids = found.values().flat_map(|copies| turned(copies, change));
        self.session.turn(&uids.collect(), turn(change))?;
        Ok(found.into_keys().collect())
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

/// The copies of one message whose flag a change turns.
fn turned(copies: &[(u32, Flags)], change: Change) -> Vec<u32> {
    let wanting = |lacks: fn(Flags) -> bool| {
        let lacking = copies.iter().filter(|(_, flags)| lacks(*flags));
        lacking.map(|(uid, _)| *uid).collect()
    };
    match change {
        Change::Heard => wanting(|flags| !flags.seen),
        Change::Delete => wanting(|flags| !flags.deleted),
        // Doubles that were removed stay so.
        Change::Undelete if copies.iter().any(|(_, flags)| !flags.deleted) => Vec::new(),
        Change::Undelete => copies.iter().map(|(uid, _)| *uid).take(1).collect(),
    }
}

fn turn(change: Change) -> Turn {
    match change {
        Change::Heard => Turn::Seen,
        Change::Delete => Turn::Deleted,
        Change::Undelete => Turn::Undeleted,
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

    fn change_all(
        &self,
        owner: &Profile,
        ids: &[MessageId],
        change: Change,
    ) -> Result<Vec<MessageId>, mailbox::Fault> {
        self.visit(owner, |visit| visit.change_all(ids, change))
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
