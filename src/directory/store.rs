//! The database of subscribers: what each has set, what each recorded, and which doors are locked.
//!
//! In: changes, one after the other. Out: services as they are from then on, and what other
//! processes changed. Laws: a change that was answered survives a power cut; one that was cut off
//! is whole or absent; changes by several processes end in what [`Services::apply`] says of them in
//! some order; a recording nobody uses is gone with the change that made it so; a database of a
//! newer version is refused and left as it is.
//!
//! Each call waits for the disk, and none may be made from a task: the owner has a thread for it.

use super::document::{self, DocumentFault};
use super::sql::{self, Database, LockRow};
use super::{bindings, bindings_sql};
use crate::base::{MailboxId, RecordingId, Timestamp};
use crate::registrar::{Binding, BindingId};
use crate::subscriber::{Change, Guarded, Lock, Services};
use sqlx::Connection;
use sqlx::error::DatabaseError;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How long a lock is remembered after its last wrong passcode: twice the longest lock.
const LOCKS_KEPT: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// The database, open.
pub struct Store {
    runtime: Runtime,
    database: Database,
    file: PathBuf,
    /// What tells our locks from those of other processes.
    writer: String,
    /// The last change that was seen.
    seen: i64,
}

/// What others changed, in the order they did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// What subscribers have set now.
    pub services: Vec<(MailboxId, Arc<Services>)>,
    /// What is remembered of wrong passcodes now.
    pub locks: Vec<(Guarded, Lock)>,
}

/// Why the database of subscribers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// The file or its folder.
    #[error("the database of subscribers {file} cannot be opened: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A newer program wrote it.
    #[error(
        "the database of subscribers {file} was written by a newer version (step {found}, this one \
         knows {known}): start that version again; nothing was changed"
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its step.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// It is no database, or not whole.
    #[error(
        "the database of subscribers {file} is damaged ({why}): stop the server and put a backup \
         in its place, or move it away to go on with what the configuration says"
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What was found.
        why: String,
    },
    /// What one subscriber has set cannot be read.
    #[error("what mailbox {mailbox} has set in {file} cannot be read: {source}")]
    Document {
        /// The file.
        file: PathBuf,
        /// Whose.
        mailbox: String,
        /// Why.
        source: DocumentFault,
    },
    /// A name of the database that there cannot be.
    #[error("the database of subscribers {file} names {what} {name:?}, which there cannot be")]
    Name {
        /// The file.
        file: PathBuf,
        /// What kind of name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The database refused: a full disk, a lock that another process does not give up.
    #[error("the database of subscribers {file}: {source}")]
    Refused {
        /// The file.
        file: PathBuf,
        /// What it said.
        source: sqlx::Error,
    },
}

impl Store {
    /// Opens the database, and makes it where there is none, for its owner alone. `writer` tells
    /// this process from others: let it be random. What [`Store::news`] tells first is everything.
    pub fn open(file: &Path, writer: u64) -> Result<Store, StoreFault> {
        let failed = |source| StoreFault::File {
            file: file.to_owned(),
            source,
        };
        create(file).map_err(failed)?;
        let runtime = Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(failed)?;
        let database = runtime
            .block_on(open(file))
            .map_err(|fault| judged(file, fault))??;
        Ok(Store {
            runtime,
            database,
            file: file.to_owned(),
            writer: format!("{writer:016x}"),
            seen: -1,
        })
    }

    /// What others changed since this was asked last; at first everything there is.
    pub fn news(&mut self) -> Result<News, StoreFault> {
        let (seen, writer) = (self.seen, self.writer.as_str());
        let read = read_news(&mut self.database, seen, writer);
        let found = self.runtime.block_on(read);
        let Some(rows) = found.map_err(|fault| judged(&self.file, fault))? else {
            return Ok(News::default());
        };
        let services = rows.documents.iter();
        let news = News {
            services: services
                .map(|(mailbox, text)| self.services_of(mailbox, text))
                .collect::<Result<_, _>>()?,
            locks: rows
                .locks
                .iter()
                .map(|row| self.lock_of(row))
                .collect::<Result<_, _>>()?,
        };
        self.seen = rows.revision;
        Ok(news)
    }

    /// What a subscriber has set.
    pub fn services(&mut self, mailbox: &MailboxId) -> Result<Services, StoreFault> {
        let read = sql::document(&mut self.database, mailbox.as_str());
        let text = self.runtime.block_on(read);
        let text = text.map_err(|fault| judged(&self.file, fault))?;
        parsed(&self.file, mailbox.as_str(), text.as_deref())
    }

    /// Makes a change for good, with the recording (octets of G.711 A-law) that it puts to use;
    /// what is set from then on.
    pub fn change(
        &mut self,
        mailbox: &MailboxId,
        change: &Change,
        recording: Option<(RecordingId, &[u8])>,
    ) -> Result<Arc<Services>, StoreFault> {
        let file = &self.file;
        let work = make_change(&mut self.database, file, mailbox, change, recording);
        self.runtime.block_on(work).map(Arc::new)
    }

    /// A recording: octets of G.711 A-law; `None` where there is none.
    pub fn recording(&mut self, id: RecordingId) -> Result<Option<Vec<u8>>, StoreFault> {
        let id = id.to_string();
        let read = sql::recording(&mut self.database, &id);
        let sound = self.runtime.block_on(read);
        sound.map_err(|fault| judged(&self.file, fault))
    }

    /// Remembers what there is of wrong passcodes, for the next start and other processes.
    pub fn put_lock(&mut self, guarded: &Guarded, lock: &Lock) -> Result<(), StoreFault> {
        let row = LockRow {
            guarded: guarded.to_string(),
            wrong: i64::from(lock.wrong),
            series: i64::from(lock.series),
            until_ms: lock.until.as_millisecond(),
            last_ms: lock.last.as_millisecond(),
        };
        let work = write_lock(&mut self.database, &self.writer, &row);
        let done = self.runtime.block_on(work);
        done.map_err(|fault| judged(&self.file, fault))
    }

    /// What is remembered of wrong passcodes at this door or by this source.
    pub fn lock(&mut self, guarded: &Guarded) -> Result<Option<Lock>, StoreFault> {
        let name = guarded.to_string();
        let read = sql::lock(&mut self.database, &name);
        let row = self.runtime.block_on(read);
        let row = row.map_err(|fault| judged(&self.file, fault))?;
        let lock = row.map(|row| self.lock_of(&row)).transpose()?;
        Ok(lock.map(|(_, lock)| lock))
    }

    /// What is bound, as it was stored.
    pub fn bindings(&mut self) -> Result<Vec<Binding>, StoreFault> {
        let read = bindings_sql::bindings(&mut self.database);
        let rows = self.runtime.block_on(read);
        let rows = rows.map_err(|fault| judged(&self.file, fault))?;
        let read = rows.iter().filter_map(|row| {
            let binding = bindings::binding(row);
            if binding.is_none() {
                tracing::warn!(
                    device = row.device,
                    "what is stored of a contact cannot be read"
                );
            }
            binding
        });
        Ok(read.collect())
    }

    /// Stores that a contact is bound.
    pub fn put_binding(&mut self, binding: &Binding) -> Result<(), StoreFault> {
        let row = bindings::row(binding).map_err(|_| StoreFault::Name {
            file: self.file.clone(),
            what: "a contact",
            name: binding.contact.clone(),
        })?;
        let write = bindings_sql::put_binding(&mut self.database, &row);
        let done = self.runtime.block_on(write);
        done.map_err(|fault| judged(&self.file, fault))
    }

    /// Stores that a contact is bound no longer.
    pub fn remove_binding(&mut self, id: &BindingId) -> Result<(), StoreFault> {
        let names = (id.device.as_str(), id.contact.as_str());
        let write = bindings_sql::remove_binding(&mut self.database, names);
        let done = self.runtime.block_on(write);
        done.map_err(|fault| judged(&self.file, fault))
    }

    /// Closes the database, so that all of it is in its one file where nobody else has it open.
    pub fn close(self) -> Result<(), StoreFault> {
        let closed = self.runtime.block_on(self.database.close());
        closed.map_err(|fault| judged(&self.file, fault))
    }

    fn services_of(
        &self,
        mailbox: &str,
        text: &str,
    ) -> Result<(MailboxId, Arc<Services>), StoreFault> {
        let services = parsed(&self.file, mailbox, Some(text))?;
        let mailbox = MailboxId::parse(mailbox).map_err(|_| self.bad_name("a mailbox", mailbox))?;
        Ok((mailbox, Arc::new(services)))
    }

    fn lock_of(&self, row: &LockRow) -> Result<(Guarded, Lock), StoreFault> {
        let name = || self.bad_name("something locked", &row.guarded);
        let guarded = Guarded::parse(&row.guarded).map_err(|_| name())?;
        let moment = |ms| Timestamp::from_millisecond(ms).map_err(|_| name());
        let count = |number| u32::try_from(number).map_err(|_| name());
        let lock = Lock {
            wrong: count(row.wrong)?,
            series: count(row.series)?,
            until: moment(row.until_ms)?,
            last: moment(row.last_ms)?,
        };
        Ok((guarded, lock))
    }

    fn bad_name(&self, what: &'static str, name: &str) -> StoreFault {
        StoreFault::Name {
            file: self.file.clone(),
            what,
            name: name.to_owned(),
        }
    }
}

#[cfg(test)]
impl Store {
    /// Keeps every other writer out while this runs.
    pub(crate) fn hold(&mut self, meanwhile: impl FnOnce()) {
        self.runtime.block_on(async {
            let transaction = self.database.begin_with(sql::BEGIN).await.unwrap();
            meanwhile();
            transaction.rollback().await.unwrap();
        });
    }
}

/// Makes an empty file, readable by its owner alone, where there is none; its name is on disk for
/// good before anything is in it.
fn create(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let fresh = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file);
    match fresh {
        Ok(_) => File::open(folder)?.sync_all(),
        Err(fault) if fault.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(fault) => Err(fault),
    }
}

async fn open(file: &Path) -> sqlx::Result<Result<Database, StoreFault>> {
    let mut database = sql::connect(file).await?;
    let found = sql::version(&mut database).await?;
    if found > sql::VERSION {
        return Ok(Err(StoreFault::Newer {
            file: file.to_owned(),
            found,
            known: sql::VERSION,
        }));
    }
    sql::migrate(&mut database).await?;
    Ok(Ok(database))
}

/// What others wrote after a change.
struct Rows {
    revision: i64,
    documents: Vec<(String, String)>,
    locks: Vec<LockRow>,
}

/// `None` where nothing was changed.
async fn read_news(database: &mut Database, seen: i64, writer: &str) -> sqlx::Result<Option<Rows>> {
    if sql::revision(database).await? == seen {
        return Ok(None);
    }
    // All of it at one moment.
    let mut transaction = database.begin().await?;
    let rows = Rows {
        revision: sql::revision(&mut transaction).await?,
        documents: sql::documents_since(&mut transaction, seen).await?,
        locks: sql::locks_since(&mut transaction, seen, writer).await?,
    };
    transaction.commit().await?;
    Ok(Some(rows))
}

async fn make_change(
    database: &mut Database,
    file: &Path,
    mailbox: &MailboxId,
    change: &Change,
    recording: Option<(RecordingId, &[u8])>,
) -> Result<Services, StoreFault> {
    let fault = |fault| judged(file, fault);
    let mut transaction = database.begin_with(sql::BEGIN).await.map_err(fault)?;
    let revision = sql::next_revision(&mut transaction).await.map_err(fault)?;
    let before = sql::document(&mut transaction, mailbox.as_str())
        .await
        .map_err(fault)?;
    let before = parsed(file, mailbox.as_str(), before.as_deref())?;
    let mut services = before.clone();
    services.apply(change);
    let text = document::print(&services).map_err(|source| StoreFault::Document {
        file: file.to_owned(),
        mailbox: mailbox.to_string(),
        source,
    })?;
    if let Some((id, sound)) = recording {
        let names = (mailbox.as_str(), id.to_string());
        sql::put_recording(&mut transaction, (names.0, &names.1), sound)
            .await
            .map_err(fault)?;
    }
    let used: Vec<RecordingId> = services.recordings().collect();
    for id in before.recordings().filter(|id| !used.contains(id)) {
        sql::remove_recording(&mut transaction, &id.to_string())
            .await
            .map_err(fault)?;
    }
    sql::put_document(&mut transaction, mailbox.as_str(), revision, &text)
        .await
        .map_err(fault)?;
    transaction.commit().await.map_err(fault)?;
    Ok(services)
}

async fn write_lock(database: &mut Database, writer: &str, row: &LockRow) -> sqlx::Result<()> {
    let mut transaction = database.begin_with(sql::BEGIN).await?;
    let revision = sql::next_revision(&mut transaction).await?;
    sql::put_lock(&mut transaction, (revision, writer), row).await?;
    let kept = LOCKS_KEPT.as_millis() as i64;
    sql::forget_locks(&mut transaction, row.last_ms.saturating_sub(kept)).await?;
    transaction.commit().await
}

/// What a document says; where there is none, nothing is set.
fn parsed(file: &Path, mailbox: &str, text: Option<&str>) -> Result<Services, StoreFault> {
    let Some(text) = text else {
        return Ok(Services::default());
    };
    document::parse(text).map_err(|source| StoreFault::Document {
        file: file.to_owned(),
        mailbox: mailbox.to_owned(),
        source,
    })
}

/// What the database said, by whose fault it is.
fn judged(file: &Path, source: sqlx::Error) -> StoreFault {
    let file = file.to_owned();
    let code = source.as_database_error().and_then(DatabaseError::code);
    // Primary result codes of SQLite: the low octet of what it says.
    let primary = code
        .and_then(|code| code.parse::<u32>().ok())
        .map(|code| code & 0xFF);
    match primary {
        Some(CORRUPT | NOT_A_DATABASE) => StoreFault::Damaged {
            file,
            why: source.to_string(),
        },
        Some(_) | None => StoreFault::Refused { file, source },
    }
}

/// SQLITE_CORRUPT: pages that do not fit together.
const CORRUPT: u32 = 11;
/// SQLITE_NOTADB: something else, or encrypted.
const NOT_A_DATABASE: u32 = 26;
