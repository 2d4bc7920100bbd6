//! A small file that remembers something between starts, written by a thread of its own so that no
//! call waits for the disk: which lamps were cleared.
//!
//! A new text takes the place of one that was not written yet. The file is replaced whole (write,
//! sync, rename, sync the folder): after a crash it is the old one or the new one.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use tracing::error;

/// The writing end. Dropping it writes what is still to be written.
#[derive(Debug)]
pub(super) struct StateFile {
    what: &'static str,
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

/// What lies between the signalling task and the thread.
#[derive(Debug, Default)]
struct Desk {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Wanted {
    text: Option<String>,
    over: bool,
}

impl StateFile {
    /// Reads the file, and starts the thread that writes it. `what` it holds names the thread and
    /// the file in the log. A file that cannot be used is reported and counts as empty: what it
    /// remembers is convenience, and no call is refused for it.
    pub(super) fn open<T: Default, F: fmt::Display>(
        path: PathBuf,
        what: &'static str,
        parse: impl FnOnce(&str) -> Result<T, F>,
    ) -> io::Result<(StateFile, T)> {
        let state = read(&path, what, parse);
        let desk = Arc::new(Desk::default());
        let shared = Arc::clone(&desk);
        let thread = thread::Builder::new().name(what.to_owned());
        let thread = thread.spawn(move || write_all(&shared, &path, what))?;
        let file = StateFile {
            what,
            desk,
            thread: Some(thread),
        };
        Ok((file, state))
    }

    /// This is what the file is to say.
    pub(super) fn write(&self, text: String) {
        self.desk.lock().text = Some(text);
        self.desk.changed.notify_one();
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        self.desk.lock().over = true;
        self.desk.changed.notify_one();
        if self.thread.take().is_some_and(|t| t.join().is_err()) {
            error!(what = self.what, "the thread of a file ended by a bug");
        }
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Wanted> {
        // What is behind the lock is whole at every moment, whoever panicked.
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next text; `None` once there will be no more.
    fn next(&self) -> Option<String> {
        let mut wanted = self.lock();
        loop {
            if let Some(text) = wanted.text.take() {
                return Some(text);
            }
            if wanted.over {
                return None;
            }
            wanted = self
                .changed
                .wait(wanted)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn read<T: Default, F: fmt::Display>(
    path: &Path,
    what: &'static str,
    parse: impl FnOnce(&str) -> Result<T, F>,
) -> T {
    let shown = path.display();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(fault) if fault.kind() == ErrorKind::NotFound => return T::default(),
        Err(fault) => {
            error!(path = %shown, %fault, what, "a file cannot be read and counts as empty");
            return T::default();
        }
    };
    parse(&text).unwrap_or_else(|fault| {
        error!(path = %shown, %fault, what, "a file counts as empty");
        T::default()
    })
}

fn write_all(desk: &Desk, path: &Path, what: &'static str) {
    while let Some(text) = desk.next() {
        if let Err(fault) = replace(path, &text) {
            error!(path = %path.display(), %fault, what, "a file could not be written");
        }
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lamp::Cleared;

    #[test]
    fn the_last_text_is_on_disk_when_the_server_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/lamps.json");
        let (file, cleared) = StateFile::open(path.clone(), "lamps", Cleared::parse).unwrap();
        assert_eq!(cleared, Cleared::default());
        for new in 0..100 {
            file.write(format!(
                "{{\"cleared\":[{{\"mailbox\":\"2001\",\"new\":{new}}}]}}"
            ));
        }
        drop(file);
        let (_file, cleared) = StateFile::open(path, "lamps", Cleared::parse).unwrap();
        assert!(cleared.print().contains("\"new\":99"));
    }

    #[test]
    fn a_damaged_file_counts_as_empty_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lamps.json");
        fs::write(&path, "{\"cle").unwrap();
        let (file, cleared) = StateFile::open(path.clone(), "lamps", Cleared::parse).unwrap();
        assert_eq!(cleared, Cleared::default());
        file.write(cleared.print());
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"cleared\":[]}");
    }
}
