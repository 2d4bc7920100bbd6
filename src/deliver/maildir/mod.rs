//! A store of our own: one Maildir for each mailbox, as any mail program reads it.
//!
//! `FOLDER/NUMBER/Maildir/{tmp,new,cur}`. A message is written and synced in `tmp`, then renamed;
//! its file name holds its id, so it is never there twice. State is in the flags of the file name
//! alone: new = no `S`, saved = `S`, urgent = `F`, marked for removal = `T`. An IMAP server over
//! the same folders sees and changes the same. Files are 0600 and folders 0700: such a server
//! must run as the same user.
//!
//! Specs: the Maildir specification (D. J. Bernstein) and Maildir++ (`,S=`). Mail that is not
//! `Message-Context: voice-message` is never touched.

mod name;
mod store;

use super::letter;
use super::vocabulary::{Courier, Errand, Fault, Receipt};
use crate::base::{MailboxId, MessageId};
use crate::mailbox::{Deposit, Marks};
use crate::mime::MailHost;
use name::{FileName, Flag};
use std::collections::hash_map::DefaultHasher;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::Heads;

/// Locks, shared by the mailboxes that fall on the same one.
const GATES: usize = 64;

/// The most files looked at in one mailbox.
const FILES_MAX: usize = 100_000;

/// The folder of all mailboxes. Clones share their locks, so that one thread at a time changes a
/// mailbox, and what they know of headers.
#[derive(Clone, Debug)]
pub struct Maildir {
    root: PathBuf,
    host: MailHost,
    gates: Arc<[Mutex<()>; GATES]>,
    heads: Arc<Heads>,
}

/// A message file.
#[derive(Clone, Debug)]
struct Entry {
    path: PathBuf,
    name: FileName,
}

impl Maildir {
    /// Mailboxes in `root`; their folders are made with their first message.
    pub fn new(root: PathBuf, host: MailHost) -> Maildir {
        Maildir {
            root,
            host,
            gates: Arc::new(std::array::from_fn(|_| Mutex::new(()))),
            heads: Arc::default(),
        }
    }

    /// The Maildir of one mailbox.
    pub fn folder(&self, mailbox: &MailboxId) -> PathBuf {
        self.root.join(mailbox.as_str()).join("Maildir")
    }

    /// Nobody else in this process changes the mailbox while the guard lives.
    fn gate(&self, mailbox: &MailboxId) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        mailbox.hash(&mut hasher);
        let [first, ..] = &*self.gates;
        let gate = self
            .gates
            .get(hasher.finish() as usize % GATES)
            .unwrap_or(first);
        gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The message files of a mailbox; none where it has no folder yet.
    fn entries(&self, mailbox: &MailboxId) -> io::Result<Vec<Entry>> {
        let folder = self.folder(mailbox);
        let mut entries = Vec::new();
        for part in ["new", "cur"] {
            let files = match fs::read_dir(folder.join(part)) {
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => continue,
                files => files?,
            };
            for file in files.take(FILES_MAX) {
                let file = file?;
                let Ok(name) = file.file_name().into_string() else {
                    continue;
                };
                if !name.starts_with('.') {
                    let (path, name) = (file.path(), FileName::parse(&name));
                    entries.push(Entry { path, name });
                }
            }
        }
        Ok(entries)
    }

    fn put(
        &self,
        deposit: &Deposit,
        mail: &[u8],
        marks: &dyn Fn() -> Option<Marks>,
    ) -> io::Result<Receipt> {
        let mailbox = deposit.mailbox();
        let _gate = self.gate(mailbox);
        let folder = self.folder(mailbox);
        make_folders(&self.root, &folder)?;
        if let Some(entry) = self.find_delivered(mailbox, deposit.id)? {
            // Its name may not have been on disk when the power went.
            sync_folder(&folder.join("new"))?;
            sync_folder(&folder.join("cur"))?;
            let place = entry.name.base.clone();
            let stays = self.bring_in_step(mailbox, &entry, marks)?;
            return Ok(if stays {
                Receipt::Again(place)
            } else {
                Receipt::Withdrawn
            });
        }
        let Some(before) = marks() else {
            return Ok(Receipt::Withdrawn);
        };
        let name = FileName::new(deposit.id, deposit.envelope.started, &self.host, mail.len())
            .with(Flag::Seen, before.heard)
            .with(Flag::Trashed, before.deleted)
            .with(Flag::Flagged, deposit.facts.urgent);
        let scratch = folder.join("tmp").join(&name.base);
        write_synced(&scratch, mail)?;
        // Files in `new` have no flags.
        let (part, file) = if name.has_any() {
            ("cur", name.print())
        } else {
            ("new", name.base.clone())
        };
        let path = folder.join(part).join(&file);
        fs::rename(&scratch, &path)?;
        sync_folder(&folder.join(part))?;
        // From here on its owner's changes find it; those that came before are made up for.
        let stays = self.bring_in_step(mailbox, &Entry { path, name }, marks)?;
        Ok(if stays {
            Receipt::Delivered(file)
        } else {
            Receipt::Withdrawn
        })
    }

    /// Makes the flags of a delivered message what its marks say; whether it stays.
    fn bring_in_step(
        &self,
        mailbox: &MailboxId,
        entry: &Entry,
        marks: &dyn Fn() -> Option<Marks>,
    ) -> io::Result<bool> {
        let Some(marks) = marks() else {
            fs::remove_file(&entry.path)?;
            entry.path.parent().map_or(Ok(()), sync_folder)?;
            return Ok(false);
        };
        let seen = marks.heard || entry.name.has(Flag::Seen);
        let name = entry
            .name
            .with(Flag::Trashed, marks.deleted)
            .with(Flag::Seen, seen);
        if name != entry.name {
            self.rename(mailbox, entry, &name)?;
            sync_folder(&self.folder(mailbox).join("cur"))?;
            entry.path.parent().map_or(Ok(()), sync_folder)?;
        }
        Ok(true)
    }

    fn find_delivered(&self, mailbox: &MailboxId, id: MessageId) -> io::Result<Option<Entry>> {
        let mut entries = self.entries(mailbox)?.into_iter();
        Ok(entries.find(|entry| entry.name.id() == Some(id)))
    }

    /// Gives a message another name; that is on disk once `cur`, and the folder it was in, are
    /// synced.
    fn rename(&self, mailbox: &MailboxId, entry: &Entry, name: &FileName) -> io::Result<()> {
        let path = self.folder(mailbox).join("cur").join(name.print());
        if path == entry.path {
            return Ok(());
        }
        fs::rename(&entry.path, &path)
    }
}

impl Courier for Maildir {
    fn deliver(&self, errand: &Errand<'_>) -> Result<Receipt, Fault> {
        let (deposit, sound) = (errand.deposit, errand.sound);
        let mail = letter::for_mailbox(deposit, sound, errand.owner, &self.host);
        let put = self.put(errand.deposit, &mail, errand.marks);
        put.map_err(|fault| {
            let folder = self.folder(errand.deposit.mailbox());
            Fault::operator(format!("cannot write to {}: {fault}", folder.display()))
        })
    }
}

/// Makes the folders of a mailbox and brings their names to disk.
fn make_folders(root: &Path, folder: &Path) -> io::Result<()> {
    // A backup that leaves out empty folders brings back some of them.
    let parts = ["tmp", "new", "cur"];
    if parts.iter().all(|part| folder.join(part).is_dir()) {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    for part in parts {
        builder.create(folder.join(part))?;
    }
    sync_folder(folder)?;
    folder.parent().map_or(Ok(()), sync_folder)?;
    sync_folder(root)
}

fn write_synced(path: &Path, octets: &[u8]) -> io::Result<()> {
    // What an earlier try left under this name is not whole.
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path)?;
    file.write_all(octets)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
