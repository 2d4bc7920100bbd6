//! The message ledger on disk: what happened to each message, one JSON object a line, one file a
//! day.
//!
//! In: [`Step`]s of messages. Out: lines in `FOLDER/2026-11-25.jsonl` (days of UTC), written by a
//! thread of its own; [`read_message`] and [`read_ledger`] bring them back. Laws: noting a step
//! never waits for the disk; what does not fit the queue or cannot be written is counted, and the
//! count is written as soon as there is room; a file older than the ledger is kept is removed, at
//! the start and then daily, and nothing else in the folder ever is; a line torn by a crash spoils
//! no other.
//!
//! The files hold telephone numbers of mailboxes and mail addresses, on purpose: they are the
//! operator's answer to "where is my message?". They hold no audio, no caller and no password, and
//! are the server's own to read (folder 0700, files 0600). A line:
//! `{"at":"2026-11-25T09:30:12.120Z","mailbox":"2001","message":"0192…","step":"recorded","length_ms":23400}`

mod entry;
mod read;

pub use entry::Entry;
pub use read::{read_ledger, read_message};

use crate::base::{MailboxId, MessageId, Timestamp};
use crate::mailbox::{Ledger, Step};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// The most steps that wait for the disk.
pub const LEDGER_QUEUE_MAX: usize = 4_096;

/// How long [`LedgerFiles::flush`] waits at most.
const FLUSH_MAX: Duration = Duration::from_secs(2);

/// How often a ledger with nothing to write looks whether a day has passed.
const TIDY_EVERY: Duration = Duration::from_secs(3_600);

/// What the name of a file of the ledger ends in, behind its day.
const SUFFIX: &str = ".jsonl";

/// The ledger in files; clones write to the same ones.
#[derive(Clone, Debug)]
pub struct LedgerFiles {
    queue: SyncSender<Item>,
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Item {
    Note(Box<Entry>),
    Flush(SyncSender<()>),
}

impl LedgerFiles {
    /// Opens the ledger in this folder, made where there is none, and removes what is older than
    /// `keep_days`. Fails where the folder cannot be made or read, or the thread not started.
    pub fn open(folder: &Path, keep_days: u32) -> io::Result<LedgerFiles> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let mut pages = Folder {
            path: folder.to_owned(),
            keep_days,
        };
        pages.tidy(day(Timestamp::now()))?;
        LedgerFiles::over(pages)
    }

    fn over(pages: impl Pages + Send + 'static) -> io::Result<LedgerFiles> {
        let (queue, items) = sync_channel(LEDGER_QUEUE_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            lost: Arc::clone(&lost),
            pages,
            today: day(Timestamp::now()),
            failing: false,
        };
        std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || writer.run(&items))?;
        Ok(LedgerFiles { queue, lost })
    }

    /// Waits until all that was noted is written, two seconds at most; `false` where it is not.
    /// For the end of the server, never for a call.
    pub fn flush(&self) -> bool {
        let (done, written) = sync_channel(1);
        self.queue.try_send(Item::Flush(done)).is_ok() && written.recv_timeout(FLUSH_MAX).is_ok()
    }

    fn put(&self, entry: Entry) {
        if self.queue.try_send(Item::Note(Box::new(entry))).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Ledger for LedgerFiles {
    fn note(&self, mailbox: &MailboxId, message: MessageId, step: Step) {
        self.put(Entry {
            at: Timestamp::now(),
            mailbox: mailbox.clone(),
            message,
            step,
        });
    }
}

/// Where lines go: one page a day.
trait Pages {
    /// Appends whole lines to the page of a day.
    fn append(&mut self, day: Date, lines: &[u8]) -> io::Result<()>;
    /// Removes the pages that are too old on this day.
    fn tidy(&mut self, today: Date) -> io::Result<()>;
}

/// The writer thread.
struct Writer<P> {
    lost: Arc<AtomicU64>,
    pages: P,
    /// The day of the last tidying.
    today: Date,
    /// Whether the last writing failed; the log says so once until it works again.
    failing: bool,
}

impl<P: Pages> Writer<P> {
    /// Until every ledger handle is gone.
    fn run(mut self, items: &Receiver<Item>) {
        loop {
            match items.recv_timeout(TIDY_EVERY) {
                Ok(first) => self.write(first, items),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.tidy(day(Timestamp::now()));
        }
    }

    /// Writes what is in the queue now, as few times as days allow.
    fn write(&mut self, first: Item, items: &Receiver<Item>) {
        let mut page: Option<(Date, Vec<Entry>)> = None;
        let mut asked = Vec::new();
        let more = std::iter::from_fn(|| items.try_recv().ok());
        for item in std::iter::once(first).chain(more.take(LEDGER_QUEUE_MAX)) {
            match item {
                Item::Flush(done) => asked.push(done),
                Item::Note(entry) => {
                    let day = day(entry.at);
                    if let Some((other, entries)) = page.take_if(|(open, _)| *open != day) {
                        self.append(other, &entries);
                    }
                    page.get_or_insert((day, Vec::new())).1.push(*entry);
                }
            }
        }
        let (day, entries) = page.unwrap_or((day(Timestamp::now()), Vec::new()));
        let written = self.append(day, &entries);
        // Whoever asked may have stopped waiting; whoever asked in vain is not answered.
        for done in asked.into_iter().filter(|_| written) {
            let _ = done.try_send(());
        }
    }

    /// Writes these entries, and how many are missing before them, where any are.
    fn append(&mut self, day: Date, entries: &[Entry]) -> bool {
        let missing = self.lost.swap(0, Ordering::Relaxed);
        let mut lines = Vec::new();
        if missing > 0 {
            let at = entries.first().map_or_else(Timestamp::now, |e| e.at);
            lines.extend(entry::lost(at, missing));
        }
        lines.extend(entries.iter().flat_map(Entry::to_line));
        if lines.is_empty() {
            return true;
        }
        let written = self.pages.append(day, &lines);
        if let Err(error) = &written {
            self.lost
                .fetch_add(missing + entries.len() as u64, Ordering::Relaxed);
            if !self.failing {
                tracing::warn!(%error, "the message ledger cannot be written");
            }
        }
        self.failing = written.is_err();
        written.is_ok()
    }

    fn tidy(&mut self, today: Date) {
        if today == self.today {
            return;
        }
        self.today = today;
        if let Err(error) = self.pages.tidy(today) {
            tracing::warn!(%error, "old files of the message ledger cannot be removed");
        }
    }
}

/// The files of the ledger. Each is opened anew for each writing, so that an operator may move it
/// away at any time.
struct Folder {
    path: PathBuf,
    keep_days: u32,
}

impl Pages for Folder {
    fn append(&mut self, day: Date, lines: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(self.path.join(file_name(day)))?;
        if is_torn(&mut file)? {
            file.write_all(b"\n")?;
        }
        file.write_all(lines)
    }

    fn tidy(&mut self, today: Date) -> io::Result<()> {
        let first = today.saturating_sub(i64::from(self.keep_days).days());
        for (day, file) in days(&self.path)? {
            if day < first {
                fs::remove_file(file)?;
            }
        }
        Ok(())
    }
}

/// Whether the last line of a file has no end.
fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// The files of a ledger with their days, oldest first; what else is in the folder is left out.
fn days(folder: &Path) -> io::Result<Vec<(Date, PathBuf)>> {
    let mut days = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?.path();
        let name = file.file_name().and_then(|name| name.to_str());
        let day = name.and_then(|name| name.strip_suffix(SUFFIX)?.parse::<Date>().ok());
        if let Some(day) = day.filter(|day| name == Some(file_name(*day).as_str())) {
            days.push((day, file));
        }
    }
    days.sort();
    Ok(days)
}

fn file_name(day: Date) -> String {
    format!("{day}{SUFFIX}")
}

/// The day of a moment, in UTC as in the names of the files.
fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests;
