//! The connections to the mail server: a bounded number, kept open for a while.

use super::line::{Line, Relay, Sent};
use crate::deliver::vocabulary::Fault;
use crate::mime::MailAddress;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a connection is kept that nobody uses: shorter than servers wait (RFC 5321 section
/// 4.5.3.2.7 says five minutes, many say one).
const IDLE_MAX: Duration = Duration::from_secs(30);

/// The connections to one server.
pub(super) struct Pool {
    relay: Relay,
    most: usize,
    patience: Duration,
    lines: Mutex<Lines>,
    freed: Condvar,
}

#[derive(Default)]
struct Lines {
    idle: Vec<Line>,
    busy: usize,
}

impl Pool {
    /// At most `most` connections; who finds all in use waits for `patience`.
    pub(super) fn new(relay: Relay, most: usize, patience: Duration) -> Pool {
        Pool {
            relay,
            most: most.max(1),
            patience,
            lines: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// Sends one mail to one address; what the server answered.
    pub(super) fn send(
        &self,
        from: &MailAddress,
        to: &MailAddress,
        mail: &[u8],
    ) -> Result<String, Fault> {
        let (place, kept) = self.take()?;
        if let Some(line) = kept {
            let sent = self.relay.send(line, from, to, mail);
            // The server may have closed a connection that lay idle; that says nothing of today.
            if !sent.unheard {
                return place.give_back(sent);
            }
        }
        let line = self.relay.open()?;
        place.give_back(self.relay.send(line, from, to, mail))
    }

    /// A place among the connections, and one that lay idle.
    fn take(&self) -> Result<(Place<'_>, Option<Line>), Fault> {
        let full = |lines: &mut Lines| lines.busy >= self.most;
        let waited = self
            .freed
            .wait_timeout_while(self.lock(), self.patience, full);
        let (mut lines, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if lines.busy >= self.most {
            let most = self.most;
            return Err(Fault::later(format!(
                "all {most} connections to the mail server are in use"
            )));
        }
        lines.busy += 1;
        let stale: Vec<Line> = lines
            .idle
            .extract_if(.., |l| !l.is_fresh(IDLE_MAX))
            .collect();
        let kept = lines.idle.pop();
        drop(lines);
        let place = Place { pool: self };
        stale.into_iter().for_each(Line::close);
        Ok((place, kept))
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let lines = self.lines.get_mut().unwrap_or_else(PoisonError::into_inner);
        lines.idle.drain(..).for_each(Line::close);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool(at most {} to {:?})", self.most, self.relay)
    }
}

/// A place among the connections, free again when it is dropped.
struct Place<'p> {
    pool: &'p Pool,
}

impl Place<'_> {
    fn give_back(self, sent: Sent) -> Result<String, Fault> {
        self.pool.lock().idle.extend(sent.line);
        sent.outcome
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pool.lock().busy -= 1;
        self.pool.freed.notify_one();
    }
}
