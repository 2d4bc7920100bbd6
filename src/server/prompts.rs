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
use tracing::{error, info, warn};

/// How often the store is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(500);

/// The prompts of every call.
#[derive(Debug)]
pub(super) struct Prompts {
    loader: Arc<Loader>,
    /// What each open session began with.
    kept: HashMap<SessionId, Arc<Library>>,
}

impl Prompts {
    /// Serves new calls with what the loader has.
    pub(super) fn new(loader: Arc<Loader>) -> Prompts {
        let kept = HashMap::new();
        Prompts { loader, kept }
    }

    /// A session opens.
    pub(super) fn opened(&mut self, session: SessionId) {
        self.kept.insert(session, self.loader.loaded());
    }

    /// A session closes.
    pub(super) fn closed(&mut self, session: SessionId) {
        self.kept.remove(&session);
    }

    /// This session is to hear the newest prompts from now on: its caller has just changed them.
    pub(super) fn catch_up(&mut self, session: SessionId) {
        if let Some(kept) = self.kept.get_mut(&session) {
            *kept = self.loader.loaded();
        }
    }

    /// The prompts of new calls.
    pub(super) fn newest(&self) -> Arc<Library> {
        self.loader.loaded()
    }

    /// The prompts of a session.
    pub(super) fn of(&self, session: SessionId) -> Arc<Library> {
        let kept = self.kept.get(&session).cloned();
        kept.unwrap_or_else(|| self.loader.loaded())
    }
}

/// The prompts as the store has them, loaded once for all who ask.
#[derive(Debug)]
pub(super) struct Loader {
    config: library::Config,
    /// Held while prompts are loaded, so that one thread does it at a time.
    loading: Mutex<()>,
    /// Held for as long as it takes to look.
    newest: Mutex<Arc<Library>>,
}

impl Loader {
    /// Loads the prompts there are.
    pub(super) fn open(config: library::Config) -> Result<Loader, LibraryFault> {
        let library = Library::load(&config)?;
        tell_unused(&library);
        Ok(Loader {
            config,
            loading: Mutex::default(),
            newest: Mutex::new(Arc::new(library)),
        })
    }

    /// The prompts that are loaded. Waits for nothing.
    pub(super) fn loaded(&self) -> Arc<Library> {
        Arc::clone(&self.newest.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Loads the prompts where others are in use now. May take a second: never on the thread of
    /// the calls.
    pub(super) fn look(&self) {
        let _alone = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.loaded();
        // A store that cannot be read changes nothing: what was loaded stays in use.
        let serial = self.config.store.as_deref().and_then(library::serial_of);
        if serial.is_none_or(|serial| serial == old.serial()) {
            return;
        }
        let new = Arc::new(library::reload(&self.config, &old));
        tell_unused(&new);
        info!(serial = new.serial(), "other prompts are in use");
        // What is behind the lock is whole at every moment, whoever panicked.
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = new;
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
    /// Has the loader look at the store from now on.
    pub(super) fn start(loader: Arc<Loader>) -> io::Result<PromptWatch> {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new().name("prompts".into());
        let thread = thread.spawn(move || {
            while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                loader.look();
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
    use crate::decoder::Decoder;
    use crate::flow::Menus;
    use crate::library::studio::{Material, Studio, StudioConfig, Upload};
    use crate::prompt::{Line, SetId, VersionId};
    use std::path::Path;

    fn open(store: &Path) -> (Arc<Loader>, Studio) {
        let loader = Loader::open(library::Config {
            store: Some(store.to_owned()),
            ..library::Config::default()
        });
        let studio = Studio::open(StudioConfig {
            store: store.to_owned(),
            decoder: Decoder::in_this_process(),
            menus: Menus::default(),
        });
        (Arc::new(loader.unwrap()), studio.unwrap())
    }

    /// Puts to use a version with a goodbye of its own.
    fn activate(studio: &Studio) {
        let set: SetId = "nl".parse().unwrap();
        let upload = Upload {
            set: set.clone(),
            material: Material::Clip {
                clip: Line::Goodbye.into(),
                name: "goodbye.flac".to_owned(),
                file: include_bytes!("../../prompts/en/clips/goodbye.flac").to_vec(),
            },
            add: false,
            parent: None,
            note: String::new(),
        };
        let report = studio.stage(&upload, &mut |_| ()).unwrap();
        let version = report.version.unwrap_or(VersionId(0));
        studio.activate(&set, version).unwrap();
    }

    fn is(prompts: &Prompts, session: u64, which: &Arc<Library>) -> bool {
        Arc::ptr_eq(&prompts.of(SessionId(session)), which)
    }

    #[test]
    fn a_session_keeps_the_prompts_it_opened_with_until_it_closes_or_catches_up() {
        let folder = tempfile::tempdir().unwrap();
        let (loader, studio) = open(folder.path());
        let mut prompts = Prompts::new(Arc::clone(&loader));
        let first = loader.loaded();
        prompts.opened(SessionId(1));
        prompts.opened(SessionId(2));
        activate(&studio);
        loader.look();
        let second = loader.loaded();
        assert!(!Arc::ptr_eq(&first, &second));
        loader.look();
        assert!(Arc::ptr_eq(&second, &loader.loaded()), "nothing changed");
        prompts.opened(SessionId(3));
        assert!(is(&prompts, 1, &first) && is(&prompts, 2, &first) && is(&prompts, 3, &second));
        prompts.catch_up(SessionId(1));
        assert!(is(&prompts, 1, &second));
        assert_eq!(
            Arc::strong_count(&first),
            2,
            "the second call and this test"
        );
        prompts.closed(SessionId(2));
        assert_eq!(Arc::strong_count(&first), 1);
    }

    #[test]
    fn a_store_that_begins_anew_is_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("prompts");
        let (loader, studio) = open(&store);
        activate(&studio);
        activate(&studio);
        loader.look();
        let before = loader.loaded().serial();
        std::fs::remove_dir_all(&store).unwrap();
        let (_, studio) = open(&store);
        activate(&studio);
        loader.look();
        assert!(loader.loaded().serial() < before);
    }
}
