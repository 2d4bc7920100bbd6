//! A Maildir as a [`Store`]: listing, flags, removal, sound.
//!
//! Every change is made under the mailbox's gate. A file that another program renames under our
//! hands is looked for again. Headers are read once for each file name.

use super::name::{FileName, Flag};
use super::{Entry, FILES_MAX, Maildir, sync_folder};
use crate::audio::WireAudio;
use crate::base::{MailboxId, MessageId, Timestamp};
use crate::deliver::sound;
use crate::deliver::vocabulary::{Change, Held, Stamp, Store};
use crate::mailbox::{Fault, State, Summary};
use crate::mime::{self, Caller, HEAD_MAX, Head, MAIL_MAX};
use crate::subscriber::Profile;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most file names whose headers are remembered, over all mailboxes; then all are forgotten.
const HEADS_MAX: usize = FILES_MAX;

/// How often a file that another program renames under our hands is looked for.
const TRIES: usize = 3;

/// By mailbox and base name: the headers of a voice message, or `None` for other mail.
#[derive(Debug, Default)]
pub(super) struct Heads(Mutex<HashMap<(MailboxId, String), Option<Known>>>);

/// A voice message in a Maildir.
#[derive(Clone, Debug)]
struct Known {
    id: MessageId,
    caller: Caller,
    received: Timestamp,
    length: Duration,
    private: bool,
}

impl Heads {
    fn lock(&self) -> MutexGuard<'_, HashMap<(MailboxId, String), Option<Known>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Maildir {
    fn messages(&self, owner: &Profile) -> Result<Vec<Held>, Fault> {
        let mailbox = &owner.mailbox;
        let _gate = self.gate(mailbox);
        let mut all: HashMap<MessageId, Held> = HashMap::new();
        for entry in self.look(mailbox)? {
            let Some(known) = self.known(mailbox, &entry) else {
                continue;
            };
            let copy = held(&known, &entry.name);
            all.entry(known.id)
                .and_modify(|one| add_copy(one, &copy))
                .or_insert(copy);
        }
        Ok(all.into_values().collect())
    }

    fn change(&self, owner: &Profile, id: MessageId, change: Change) -> Result<(), Fault> {
        if self.change_all(owner, &[id], change)?.is_empty() {
            return Err(Fault::Gone);
        }
        Ok(())
    }

    fn change_all(
        &self,
        owner: &Profile,
        ids: &[MessageId],
        change: Change,
    ) -> Result<Vec<MessageId>, Fault> {
        let mailbox = &owner.mailbox;
        let wanted: HashSet<MessageId> = ids.iter().copied().collect();
        let changed = self.each_of(
            mailbox,
            |_, id| wanted.contains(&id),
            |entry| self.rename(mailbox, entry, &changed(&entry.name, change)),
        )?;
        self.sync(mailbox)?;
        Ok(changed)
    }

    fn expunge(&self, owner: &Profile) -> Result<Vec<MessageId>, Fault> {
        self.remove_all(&owner.mailbox, |name, _| name.has(Flag::Trashed))
    }

    fn audio(&self, owner: &Profile, id: MessageId) -> Result<WireAudio, Fault> {
        sound::decode(&self.mail_of(&owner.mailbox, id)?)
    }

    fn remove(&self, owner: &Profile, ids: &[MessageId]) -> Result<Vec<MessageId>, Fault> {
        self.remove_all(&owner.mailbox, |_, id| ids.contains(&id))
    }

    fn stamp(&self, owner: &Profile) -> Option<Stamp> {
        let folder = self.folder(&owner.mailbox);
        let changed = |part| fs::metadata(folder.join(part)).and_then(|meta| meta.modified());
        Some(Stamp(["new", "cur"].map(|part| changed(part).ok())))
    }
}

impl Maildir {
    /// A delivered message as the mail it is, for an operator who takes it out; from another
    /// process as well. [`mime::read`] gives its sound.
    pub fn export(&self, mailbox: &MailboxId, id: MessageId) -> Result<Vec<u8>, Fault> {
        self.mail_of(mailbox, id)
    }

    fn mail_of(&self, mailbox: &MailboxId, id: MessageId) -> Result<Vec<u8>, Fault> {
        for _ in 0..TRIES {
            let copies = self.find(mailbox, id)?;
            let copy = copies.first().ok_or(Fault::Gone)?;
            match read_file(&copy.path, MAIL_MAX) {
                Ok(mail) => return Ok(mail),
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
                Err(fault) => return Err(refused(mailbox, &fault)),
            }
        }
        Err(Fault::Gone)
    }

    /// Removes the voice messages that are meant.
    fn remove_all(
        &self,
        mailbox: &MailboxId,
        meant: impl Fn(&FileName, MessageId) -> bool,
    ) -> Result<Vec<MessageId>, Fault> {
        let removed = self.each_of(mailbox, meant, |entry| self.unlink(mailbox, entry))?;
        self.sync(mailbox)?;
        Ok(removed)
    }

    /// Does something with the voice messages that are meant; which ones those were. One that is
    /// not there under the name it was seen with was renamed, so that all are looked at again.
    fn each_of(
        &self,
        mailbox: &MailboxId,
        meant: impl Fn(&FileName, MessageId) -> bool,
        work: impl Fn(&Entry) -> io::Result<()>,
    ) -> Result<Vec<MessageId>, Fault> {
        let _gate = self.gate(mailbox);
        let mut done = BTreeSet::new();
        for _ in 0..TRIES {
            let mut renamed = false;
            for entry in self.look(mailbox)? {
                let known = self.known(mailbox, &entry).map(|known| known.id);
                let Some(id) = known.filter(|id| meant(&entry.name, *id)) else {
                    continue;
                };
                match work(&entry) {
                    Ok(()) => drop(done.insert(id)),
                    Err(fault) if fault.kind() == io::ErrorKind::NotFound => renamed = true,
                    Err(fault) => return Err(refused(mailbox, &fault)),
                }
            }
            if !renamed {
                break;
            }
        }
        Ok(done.into_iter().collect())
    }

    fn unlink(&self, mailbox: &MailboxId, entry: &Entry) -> io::Result<()> {
        fs::remove_file(&entry.path)?;
        let key = (mailbox.clone(), entry.name.base.clone());
        self.heads.lock().remove(&key);
        Ok(())
    }

    /// Brings what changed in the folders to disk, once for all that did. A mailbox without a
    /// folder has nothing to bring.
    fn sync(&self, mailbox: &MailboxId) -> Result<(), Fault> {
        let folder = self.folder(mailbox);
        for part in ["cur", "new"] {
            match sync_folder(&folder.join(part)) {
                Err(fault) if fault.kind() != io::ErrorKind::NotFound => {
                    return Err(refused(mailbox, &fault));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// The files of a message: more than one where a mail program copied it.
    fn find(&self, mailbox: &MailboxId, id: MessageId) -> Result<Vec<Entry>, Fault> {
        let mut entries = self.look(mailbox)?;
        entries.retain(|entry| {
            self.known(mailbox, entry)
                .is_some_and(|known| known.id == id)
        });
        Ok(entries)
    }

    fn look(&self, mailbox: &MailboxId) -> Result<Vec<Entry>, Fault> {
        self.entries(mailbox)
            .map_err(|fault| refused(mailbox, &fault))
    }

    /// What the headers of a file say, read once; `None` for mail that is no voice message.
    fn known(&self, mailbox: &MailboxId, entry: &Entry) -> Option<Known> {
        let key = (mailbox.clone(), entry.name.base.clone());
        if let Some(known) = self.heads.lock().get(&key) {
            return known.clone();
        }
        // A file that moved meanwhile is read at the next look.
        let start = read_start(&entry.path).ok()?;
        let known = match (mime::read_head(&start), entry.name.id()) {
            (Ok(head), _) => Some(of_head(&head, &entry.name)),
            (Err(_), Some(id)) => Some(of_name(id, &entry.name)),
            (Err(_), None) => None,
        };
        let mut heads = self.heads.lock();
        if heads.len() >= HEADS_MAX {
            heads.clear();
        }
        heads.insert(key, known.clone());
        known
    }
}

fn changed(name: &FileName, change: Change) -> FileName {
    match change {
        Change::Heard => name.with(Flag::Seen, true),
        Change::Delete => name.with(Flag::Trashed, true),
        Change::Undelete => name.with(Flag::Trashed, false),
    }
}

/// A message in two files was heard when one of them was, and is there while one of them is.
fn add_copy(one: &mut Held, copy: &Held) {
    one.deleted &= copy.deleted;
    one.summary.urgent |= copy.summary.urgent;
    one.summary.state = one.summary.state.max(copy.summary.state);
}

fn held(known: &Known, name: &FileName) -> Held {
    Held {
        summary: summary(known, name),
        deleted: name.has(Flag::Trashed),
    }
}

fn summary(known: &Known, name: &FileName) -> Summary {
    Summary {
        id: known.id,
        state: if name.has(Flag::Seen) {
            State::Saved
        } else {
            State::New
        },
        urgent: name.has(Flag::Flagged),
        private: known.private,
        caller: known.caller.number().cloned(),
        received: known.received,
        length: known.length,
    }
}

fn of_head(head: &Head, name: &FileName) -> Known {
    Known {
        id: name.id().or(head.id).unwrap_or_else(|| made_up(&name.base)),
        caller: head.caller.clone(),
        received: head.received,
        length: head.length,
        private: head.private,
    }
}

/// One of ours whose headers are damaged: its owner can still hear of it and remove it.
fn of_name(id: MessageId, name: &FileName) -> Known {
    let second = name.second().and_then(|s| Timestamp::from_second(s).ok());
    Known {
        id,
        caller: Caller::Unknown { name: None },
        received: second.unwrap_or(Timestamp::UNIX_EPOCH),
        length: Duration::ZERO,
        private: false,
    }
}

/// An id for a voice message of another program; the same as long as the server runs.
fn made_up(base: &str) -> MessageId {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, base).hash(&mut hasher);
        hasher.finish()
    };
    MessageId(uuid::Uuid::from_u64_pair(half(1), half(2)))
}

fn read_start(path: &Path) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path)?
        .take(HEAD_MAX as u64)
        .read_to_end(&mut start)?;
    Ok(start)
}

/// A whole file; one octet more than `most` at the most, so that a reader sees it is too large.
fn read_file(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    File::open(path)?
        .take(most as u64 + 1)
        .read_to_end(&mut octets)?;
    Ok(octets)
}

fn refused(mailbox: &MailboxId, fault: &io::Error) -> Fault {
    tracing::error!(%mailbox, %fault, "a mailbox cannot be read or changed");
    Fault::Unavailable
}
