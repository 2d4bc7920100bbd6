//! What a flow or an operator does with a mailbox: list, mark, remove, play.
//!
//! A mailbox is its Maildir and what still waits for it in the outbox, each message once. Every
//! change is made under the mailbox's gate, so a message that moves from one to the other
//! meanwhile is in exactly one place.

use super::name::{FileName, Flag};
use super::{Entry, FILES_MAX, Maildir, sync_folder};
use crate::audio::WireAudio;
use crate::base::{MailboxId, MessageId, Timestamp};
use crate::mailbox::{
    Command, Deposit, Fault, LISTING_MAX, Listing, Marks, Outbox, OutboxFault, Reply, State,
    Summary, Tally,
};
use crate::deliver::sound;
use crate::mime::{self, Caller, HEAD_MAX, Head, MAIL_MAX};
use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The most file names whose headers are remembered, over all mailboxes; then all are forgotten.
const HEADS_MAX: usize = FILES_MAX;

/// How often a file that another program renames under our hands is looked for.
const TRIES: usize = 3;

/// Mailboxes, as one thread works on them.
pub(in crate::deliver) struct Store {
    maildir: Maildir,
    outbox: Arc<dyn Outbox>,
    /// By mailbox and base name: the headers of a voice message, or `None` for other mail.
    heads: HashMap<(MailboxId, String), Option<Known>>,
}

/// A voice message in a Maildir.
#[derive(Clone, Debug)]
struct Known {
    id: MessageId,
    caller: Caller,
    received: Timestamp,
    length: Duration,
}

impl Store {
    pub(in crate::deliver) fn new(maildir: Maildir, outbox: Arc<dyn Outbox>) -> Store {
        let heads = HashMap::new();
        Store {
            maildir,
            outbox,
            heads,
        }
    }

    /// Carries a flow's command out.
    pub(in crate::deliver) fn command(&mut self, mailbox: &MailboxId, command: Command) -> Reply {
        let done = match command {
            Command::List => return self.listed(mailbox),
            Command::MarkHeard(id) => {
                self.change(mailbox, id, |name| name.with(Flag::Seen, true), heard)
            }
            Command::Delete(id) => {
                self.change(mailbox, id, |name| name.with(Flag::Trashed, true), deleted)
            }
            Command::Undelete(id) => self.change(
                mailbox,
                id,
                |name| name.with(Flag::Trashed, false),
                undeleted,
            ),
            Command::Expunge => self.expunge(mailbox),
        };
        match done {
            Ok(()) => Reply::Done(command),
            Err(fault) => Reply::Failed(command, fault),
        }
    }

    /// How many messages there are, removed ones left out.
    pub(in crate::deliver) fn tally(&mut self, mailbox: &MailboxId) -> Result<Tally, Fault> {
        let mut tally = Tally::default();
        for summary in self.summaries(mailbox)? {
            tally.counts = tally.counts.with(&summary);
            tally.usage = tally.usage.with(summary.length);
        }
        Ok(tally)
    }

    /// The audio of a message, from the Maildir or from the outbox.
    pub(in crate::deliver) fn audio(
        &mut self,
        mailbox: &MailboxId,
        id: MessageId,
    ) -> Result<WireAudio, Fault> {
        match self.mail(mailbox, id) {
            Err(Fault::Gone) => self.waiting_audio(mailbox, id),
            mail => sound::decode(&mail?),
        }
    }

    /// A message in the Maildir as the mail it is.
    pub(in crate::deliver) fn mail(
        &mut self,
        mailbox: &MailboxId,
        id: MessageId,
    ) -> Result<Vec<u8>, Fault> {
        for _ in 0..TRIES {
            let entry = self.find(mailbox, id)?.ok_or(Fault::Gone)?;
            match read_file(&entry.path, MAIL_MAX) {
                Ok(mail) => return Ok(mail),
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
                Err(fault) => return Err(refused(mailbox, &fault)),
            }
        }
        Err(Fault::Gone)
    }

    fn listed(&mut self, mailbox: &MailboxId) -> Reply {
        match self.summaries(mailbox) {
            Ok(mut summaries) => {
                summaries.sort_by_key(|s| {
                    (
                        s.state,
                        !(s.urgent && s.state == State::New),
                        s.received,
                        s.id,
                    )
                });
                summaries.truncate(LISTING_MAX);
                Reply::Listed(Listing {
                    messages: summaries,
                    ..Listing::default()
                })
            }
            Err(fault) => Reply::Failed(Command::List, fault),
        }
    }

    /// Every message that is not marked for removal, in no order.
    fn summaries(&mut self, mailbox: &MailboxId) -> Result<Vec<Summary>, Fault> {
        let maildir = self.maildir.clone();
        let _gate = maildir.gate(mailbox);
        let mut seen = HashSet::new();
        let mut summaries = Vec::new();
        for entry in self.entries(mailbox)? {
            if let Some(known) = self.known(mailbox, &entry)
                && seen.insert(known.id)
                && !entry.name.has(Flag::Trashed)
            {
                summaries.push(summary(&known, &entry.name));
            }
        }
        let waiting = self.outbox.waiting_for(mailbox).into_iter();
        let waiting = waiting.filter(|d| !d.marks.deleted && !seen.contains(&d.id));
        summaries.extend(waiting.map(|deposit| waiting_summary(&deposit)));
        Ok(summaries)
    }

    /// Changes the flags of a message, or its marks where it still waits.
    fn change(
        &mut self,
        mailbox: &MailboxId,
        id: MessageId,
        flags: impl Fn(&FileName) -> FileName,
        marks: impl Fn(Marks) -> Marks,
    ) -> Result<(), Fault> {
        let maildir = self.maildir.clone();
        let _gate = maildir.gate(mailbox);
        for _ in 0..TRIES {
            let Some(entry) = self.find(mailbox, id)? else {
                let deposit = self.waiting(mailbox, id).ok_or(Fault::Gone)?;
                let marked = self.outbox.mark(id, marks(deposit.marks));
                return marked.map_err(outbox_fault);
            };
            match self.rename(mailbox, &entry, &flags(&entry.name)) {
                Ok(()) => return Ok(()),
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
                Err(fault) => return Err(refused(mailbox, &fault)),
            }
        }
        Err(Fault::Gone)
    }

    fn rename(&self, mailbox: &MailboxId, entry: &Entry, name: &FileName) -> io::Result<()> {
        let folder = self.maildir.folder(mailbox);
        let path = folder.join("cur").join(name.print());
        if path == entry.path {
            return Ok(());
        }
        fs::rename(&entry.path, &path)?;
        sync_folder(&folder.join("cur"))?;
        match entry.path.parent() {
            Some(before) if before.ends_with("new") => sync_folder(before),
            Some(_) | None => Ok(()),
        }
    }

    fn expunge(&mut self, mailbox: &MailboxId) -> Result<(), Fault> {
        let maildir = self.maildir.clone();
        let _gate = maildir.gate(mailbox);
        let mut removed = HashSet::new();
        for entry in self.entries(mailbox)? {
            if !entry.name.has(Flag::Trashed) {
                continue;
            }
            let Some(known) = self.known(mailbox, &entry) else {
                continue;
            };
            match fs::remove_file(&entry.path) {
                Err(fault) if fault.kind() != io::ErrorKind::NotFound => {
                    return Err(refused(mailbox, &fault));
                }
                Ok(()) | Err(_) => removed.insert(known.id),
            };
            self.heads.remove(&(mailbox.clone(), entry.name.base));
        }
        if !removed.is_empty() {
            let folder = self.maildir.folder(mailbox);
            sync_folder(&folder.join("cur")).map_err(|f| refused(mailbox, &f))?;
        }
        for deposit in self.outbox.waiting_for(mailbox) {
            if deposit.marks.deleted || removed.contains(&deposit.id) {
                match self.outbox.withdraw(deposit.id) {
                    // Its courier was faster.
                    Ok(()) | Err(OutboxFault::Gone) => {}
                    Err(fault) => return Err(outbox_fault(fault)),
                }
            }
        }
        Ok(())
    }

    fn find(&mut self, mailbox: &MailboxId, id: MessageId) -> Result<Option<Entry>, Fault> {
        let entries = self.entries(mailbox)?;
        if let Some(entry) = entries.iter().find(|entry| entry.name.id() == Some(id)) {
            return Ok(Some(entry.clone()));
        }
        Ok(entries.into_iter().find(|entry| {
            self.known(mailbox, entry)
                .is_some_and(|known| known.id == id)
        }))
    }

    fn entries(&self, mailbox: &MailboxId) -> Result<Vec<Entry>, Fault> {
        self.maildir
            .entries(mailbox)
            .map_err(|fault| refused(mailbox, &fault))
    }

    /// What the headers of a file say, read once; `None` for mail that is no voice message.
    fn known(&mut self, mailbox: &MailboxId, entry: &Entry) -> Option<Known> {
        let key = (mailbox.clone(), entry.name.base.clone());
        if let Some(known) = self.heads.get(&key) {
            return known.clone();
        }
        // A file that moved meanwhile is read at the next look.
        let start = read_start(&entry.path).ok()?;
        let known = match (mime::read_head(&start), entry.name.id()) {
            (Ok(head), _) => Some(of_head(&head, &entry.name)),
            (Err(_), Some(id)) => Some(of_name(id, &entry.name)),
            (Err(_), None) => None,
        };
        if self.heads.len() >= HEADS_MAX {
            self.heads.clear();
        }
        self.heads.insert(key, known.clone());
        known
    }

    fn waiting(&self, mailbox: &MailboxId, id: MessageId) -> Option<Deposit> {
        self.outbox
            .deposit(id)
            .filter(|deposit| deposit.mailbox() == mailbox)
    }

    fn waiting_audio(&self, mailbox: &MailboxId, id: MessageId) -> Result<WireAudio, Fault> {
        let deposit = self.waiting(mailbox, id).ok_or(Fault::Gone)?;
        let octets = self.outbox.octets(id).map_err(outbox_fault)?;
        Ok(WireAudio::from_octets(deposit.envelope.law, &octets))
    }
}

impl Maildir {
    /// A delivered message as the mail it is, for an operator who takes it out; from another
    /// process as well. [`mime::read`] gives its sound.
    pub fn export(&self, mailbox: &MailboxId, id: MessageId) -> Result<Vec<u8>, Fault> {
        let ours = |entry: &Entry| {
            entry.name.id() == Some(id)
                || read_start(&entry.path)
                    .is_ok_and(|start| mime::read_head(&start).is_ok_and(|h| h.id == Some(id)))
        };
        let entries = self
            .entries(mailbox)
            .map_err(|fault| refused(mailbox, &fault))?;
        let entry = entries
            .iter()
            .find(|entry| ours(entry))
            .ok_or(Fault::Gone)?;
        read_file(&entry.path, MAIL_MAX).map_err(|fault| refused(mailbox, &fault))
    }
}

fn heard(marks: Marks) -> Marks {
    let heard = true;
    Marks { heard, ..marks }
}

fn deleted(marks: Marks) -> Marks {
    let deleted = true;
    Marks { deleted, ..marks }
}

fn undeleted(marks: Marks) -> Marks {
    let deleted = false;
    Marks { deleted, ..marks }
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
        caller: known.caller.number().cloned(),
        received: known.received,
        length: known.length,
    }
}

fn waiting_summary(deposit: &Deposit) -> Summary {
    Summary {
        id: deposit.id,
        state: if deposit.marks.heard {
            State::Saved
        } else {
            State::New
        },
        urgent: deposit.facts.urgent,
        caller: deposit.envelope.caller.number().cloned(),
        received: deposit.envelope.started,
        length: deposit.facts.length,
    }
}

fn of_head(head: &Head, name: &FileName) -> Known {
    Known {
        id: name.id().or(head.id).unwrap_or_else(|| made_up(&name.base)),
        caller: head.caller.clone(),
        received: head.received,
        length: head.length,
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

fn outbox_fault(fault: OutboxFault) -> Fault {
    match fault {
        OutboxFault::Gone => Fault::Gone,
        OutboxFault::Damaged => Fault::Damaged,
        OutboxFault::Disk | OutboxFault::Changed => Fault::Unavailable,
    }
}
