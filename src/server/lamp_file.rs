//! The file that remembers which lamps were cleared, written by a thread of its own so that no
//! call waits for the disk.
//!
//! A new text takes the place of one that was not written yet. The file is replaced whole
//! (write, sync, rename, sync the folder): after a crash it is the old one or the new one.

use crate::lamp::Cleared;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use tracing::error;

/// The writing end. Dropping it writes what is still to be written.
#[derive(Debug)]
pub(super) struct LampFile {
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

impl LampFile {
    /// Reads which lamps were cleared, and starts the thread that writes. A file that cannot be
    /// used is reported and counts as empty: a lamp too many is lit, and no call is refused.
    pub(super) fn open(path: PathBuf) -> io::Result<(LampFile, Cleared)> {
        let cleared = read(&path);
        let desk = Arc::new(Desk::default());
        let shared = Arc::clone(&desk);
        let thread = thread::Builder::new().name("lamps".into());
        let thread = thread.spawn(move || write_all(&shared, &path))?;
        let file = LampFile {
            desk,
            thread: Some(thread),
        };
        Ok((file, cleared))
    }

    /// This is what the file is to say.
    pub(super) fn write(&self, text: String) {
        self.desk.lock().text = Some(text);
        self.desk.changed.notify_one();
    }
}

impl Drop for LampFile {
    fn drop(&mut self) {
        self.desk.lock().over = true;
        self.desk.changed.notify_one();
        if self.thread.take().is_some_and(|t| t.join().is_err()) {
            error!("the thread of the lamps ended by a bug");
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

fn read(path: &Path) -> Cleared {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(fault) if fault.kind() == ErrorKind::NotFound => return Cleared::default(),
        Err(fault) => {
            error!(path = %path.display(), %fault, "which lamps were cleared cannot be read");
            return Cleared::default();
        }
    };
    Cleared::parse(&text).unwrap_or_else(|fault| {
        error!(path = %path.display(), %fault, "all lamps count as not cleared");
        Cleared::default()
    })
}

fn write_all(desk: &Desk, path: &Path) {
    while let Some(text) = desk.next() {
        if let Err(fault) = replace(path, &text) {
            error!(path = %path.display(), %fault, "which lamps were cleared is not on disk");
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

    #[test]
    fn the_last_text_is_on_disk_when_the_server_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/lamps.json");
        let (file, cleared) = LampFile::open(path.clone()).unwrap();
        assert_eq!(cleared, Cleared::default());
        for new in 0..100 {
            file.write(format!(
                "{{\"cleared\":[{{\"mailbox\":\"2001\",\"new\":{new}}}]}}"
            ));
        }
        drop(file);
        let (_file, cleared) = LampFile::open(path).unwrap();
        assert!(cleared.print().contains("\"new\":99"));
    }

    #[test]
    fn a_damaged_file_counts_as_empty_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lamps.json");
        fs::write(&path, "{\"cle").unwrap();
        let (file, cleared) = LampFile::open(path.clone()).unwrap();
        assert_eq!(cleared, Cleared::default());
        file.write(cleared.print());
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"cleared\":[]}");
    }
}
