//! Watches one account for changes, on a connection of its own.

use super::Imap;
use super::fault::Fault;
use super::line::Heard;
use super::session::Session;
use super::shelf::{self, Shelf};
use crate::deliver::vocabulary::{self, Held, Watch};
use crate::subscriber::ImapAccount;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long one IDLE lasts before it is begun anew: within the 29 minutes of RFC 2177, and often
/// enough that a connection that is dead without saying so is found.
const IDLE_FOR: Duration = Duration::from_mins(5);

/// How often a wait looks whether it is to stop.
const SLICE: Duration = Duration::from_millis(250);

/// A connection that waits for changes of one account. After a fault it is of no more use.
pub struct Watcher {
    session: Session,
    shelf: Arc<Shelf>,
    folder: String,
    /// The count of changes that the last snapshot knows of.
    seen: u64,
    /// How long one IDLE lasts.
    pub(super) idle_for: Duration,
}

impl Watcher {
    /// Connects and logs in, outside the server's count of connections.
    pub fn open(imap: &Imap, account: &ImapAccount) -> Result<Watcher, vocabulary::Fault> {
        let mut session = imap.pool.open(account)?;
        session.enter(&account.folder)?;
        Ok(Watcher {
            seen: session.changes(),
            session,
            shelf: imap.shelf(account),
            folder: account.folder.clone(),
            idle_for: IDLE_FOR,
        })
    }

    /// Whether the server tells of changes by itself; where it does not, [`Watch::wait`] only
    /// waits, and the caller looks anew after it.
    pub fn is_told(&self) -> bool {
        self.session.can().idle
    }

    /// One IDLE.
    fn idle(&mut self, stop: &AtomicBool, end: Instant) -> Result<Heard, Fault> {
        let end = end.min(Instant::now() + self.idle_for);
        let mut heard = self.session.start_idle()?;
        while heard == Heard::Silence && Instant::now() < end && !stop.load(Ordering::Acquire) {
            heard = self.session.idle(end.min(Instant::now() + SLICE))?;
        }
        match self.session.done()? {
            Heard::Change => Ok(Heard::Change),
            Heard::Silence => Ok(heard),
        }
    }

    /// Says goodbye.
    pub fn close(self) {
        self.session.close();
    }
}

impl Watch for Watcher {
    fn snapshot(&mut self) -> Result<Vec<Held>, vocabulary::Fault> {
        // What is told while the messages are asked for may be missing among them.
        let validity = self.session.enter(&self.folder)?;
        self.seen = self.session.changes();
        let copies = self.shelf.read(&mut self.session, validity)?;
        Ok(shelf::messages(copies))
    }

    /// Without IDLE the answer is always no.
    fn wait(&mut self, stop: &AtomicBool, patience: Duration) -> Result<bool, vocabulary::Fault> {
        let end = Instant::now() + patience;
        while Instant::now() < end && !stop.load(Ordering::Acquire) {
            if !self.is_told() {
                let left = end.saturating_duration_since(Instant::now());
                std::thread::sleep(left.min(SLICE));
            } else if self.session.changes() > self.seen || self.idle(stop, end)? == Heard::Change {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
