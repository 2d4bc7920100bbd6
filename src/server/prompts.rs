//! The prompts calls are served with, and the watch over the operator's store.
//!
//! Laws: a call keeps the prompts it began with, whatever is activated meanwhile; what is activated
//! is heard by the calls that begin after it, within [`LOOK`] and the time to load it; a store that
//! cannot be read changes nothing.

use crate::base::SessionId;
use crate::library::{self, Library, LibraryFault};
use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tracing::{error, info, warn};

/// How often the store is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(500);

/// The prompts of every call.
#[derive(Debug)]
pub(super) struct Prompts {
    newest: Arc<Library>,
    /// What each open session began with.
    kept: HashMap<SessionId, Arc<Library>>,
}

impl Prompts {
    /// Serves new calls with these.
    pub(super) fn new(newest: Arc<Library>) -> Prompts {
        let kept = HashMap::new();
        Prompts { newest, kept }
    }

    /// A session opens.
    pub(super) fn opened(&mut self, session: SessionId) {
        self.kept.insert(session, Arc::clone(&self.newest));
    }

    /// A session closes.
    pub(super) fn closed(&mut self, session: SessionId) {
        self.kept.remove(&session);
    }

    /// Other prompts are in use from now on. Older ones than these are not: whoever changed prompts
    /// may have been quicker than the watch.
    pub(super) fn renew(&mut self, newest: Arc<Library>) {
        if newest.serial() >= self.newest.serial() {
            self.newest = newest;
        }
    }

    /// This session is to hear the newest prompts from now on: its caller has just changed them.
    pub(super) fn catch_up(&mut self, session: SessionId) {
        if let Some(kept) = self.kept.get_mut(&session) {
            *kept = Arc::clone(&self.newest);
        }
    }

    /// The prompts of new calls.
    pub(super) fn newest(&self) -> &Library {
        &self.newest
    }

    /// The prompts of a session.
    pub(super) fn of(&self, session: SessionId) -> &Library {
        self.kept.get(&session).unwrap_or(&self.newest)
    }
}

/// The prompts as the store has them, loaded once for all who ask.
#[derive(Debug)]
pub(super) struct Loader {
    config: library::Config,
    newest: Mutex<Arc<Library>>,
}

impl Loader {
    /// Loads the prompts there are.
    pub(super) fn open(config: library::Config) -> Result<Loader, LibraryFault> {
        let library = Library::load(&config)?;
        tell_unused(&library);
        let newest = Mutex::new(Arc::new(library));
        Ok(Loader { config, newest })
    }

    /// The prompts in use, loaded first where others are in use now. May take a second: never on
    /// the thread of the calls.
    pub(super) fn newest(&self) -> Arc<Library> {
        // What is behind the lock is whole at every moment, whoever panicked.
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        // A store that cannot be read changes nothing: what was loaded stays in use.
        let serial = self.config.store.as_deref().and_then(library::serial_of);
        if serial.is_some_and(|serial| serial != newest.serial()) {
            *newest = Arc::new(library::reload(&self.config, &newest));
            tell_unused(&newest);
            info!(serial = newest.serial(), "other prompts are in use");
        }
        Arc::clone(&newest)
    }
}

/// The thread that looks at the store. Dropping it ends the thread.
#[derive(Debug)]
pub(super) struct PromptWatch {
    /// Nothing is ever sent: its end is the word.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl PromptWatch {
    /// Looks at the store from now on; prompts that differ from `known` go to `found`.
    pub(super) fn start(
        loader: Arc<Loader>,
        mut known: Arc<Library>,
        found: UnboundedSender<Arc<Library>>,
    ) -> io::Result<PromptWatch> {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new().name("prompts".into());
        let thread = thread.spawn(move || {
            while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                let newest = loader.newest();
                if !Arc::ptr_eq(&newest, &known) {
                    known = newest;
                    // A server that is ending needs no prompts.
                    let _ended = found.send(Arc::clone(&known));
                }
            }
        })?;
        Ok(PromptWatch {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for PromptWatch {
    fn drop(&mut self) {
        self.stop = None;
        if self.thread.take().is_some_and(|t| t.join().is_err()) {
            error!("the thread of the prompts ended by a bug");
        }
    }
}

/// Says what of the prompts is not used or missing.
fn tell_unused(library: &Library) {
    for unused in library.unused() {
        warn!(path = %unused.path.display(), why = unused.why, "a prompt set is not used");
    }
    for (set, clip) in library.missing() {
        warn!(%set, %clip, "a prompt clip is missing");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_keeps_the_prompts_it_opened_with() {
        let library = || Arc::new(Library::load(&library::Config::default()).unwrap());
        let (first, second) = (library(), library());
        let mut prompts = Prompts::new(Arc::clone(&first));
        let is = |prompts: &Prompts, session, which: &Arc<Library>| {
            std::ptr::eq(prompts.of(SessionId(session)), Arc::as_ptr(which))
        };
        prompts.opened(SessionId(1));
        prompts.renew(Arc::clone(&second));
        prompts.opened(SessionId(2));
        assert!(is(&prompts, 1, &first) && is(&prompts, 2, &second));
        prompts.catch_up(SessionId(1));
        assert!(is(&prompts, 1, &second));
    }

    #[test]
    fn old_prompts_are_given_up_with_the_last_call_that_hears_them() {
        let library = || Arc::new(Library::load(&library::Config::default()).unwrap());
        let first = library();
        let mut prompts = Prompts::new(Arc::clone(&first));
        prompts.opened(SessionId(1));
        prompts.renew(library());
        assert_eq!(Arc::strong_count(&first), 2);
        prompts.closed(SessionId(1));
        assert_eq!(Arc::strong_count(&first), 1);
    }
}
