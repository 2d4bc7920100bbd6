//! Uploads on their way to the disk.
//!
//! In: the body of a request. Out: a file in the store's own folder, so that a full disk elsewhere
//! is nobody's business and nothing is copied. Laws: never more than a piece of it is in memory;
//! only so many at a time, so large, so slow; a file is removed when nobody holds it any more, and
//! what a crash left when the server starts.

use super::limits::{FILE_NAME_MAX, Limits};
use super::problem::Problem;
use axum::body::{Body, Bytes, HttpBody};
use std::fs::{self, DirBuilder, File};
use std::future::poll_fn;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// The folder of uploads in the store.
const FOLDER: &str = "incoming";

/// Octets that are collected before they are written.
const PIECE: usize = 256 * 1_024;

/// When to ask again where too many upload.
const BUSY: Duration = Duration::from_secs(10);

/// The place uploads come to.
#[derive(Debug)]
pub(super) struct Uploads {
    folder: PathBuf,
    slots: Arc<Semaphore>,
    limits: Limits,
}

/// The right to upload.
#[derive(Debug)]
pub(super) struct Slot(#[allow(dead_code)] OwnedSemaphorePermit);

/// An uploaded file, alone in a folder; both are removed with this.
#[derive(Debug)]
pub(super) struct Received {
    folder: PathBuf,
    path: PathBuf,
}

impl Uploads {
    /// Makes the folder in this store, or empties it.
    pub(super) fn open(store: &Path, at_a_time: usize, limits: Limits) -> io::Result<Uploads> {
        let folder = store.join(FOLDER);
        if folder.is_dir() {
            fs::remove_dir_all(&folder)?;
        }
        private_folders().create(&folder)?;
        Ok(Uploads {
            folder,
            slots: Arc::new(Semaphore::new(at_a_time)),
            limits,
        })
    }

    /// The right to upload, unless too many do.
    pub(super) fn slot(&self) -> Result<Slot, Problem> {
        let slot = Arc::clone(&self.slots).try_acquire_owned();
        slot.map(Slot)
            .map_err(|_| Problem::too_many("too many uploads at a time", BUSY))
    }

    /// Takes a body of at most `most` octets in; `told` hears how many came so far.
    pub(super) async fn receive(
        &self,
        name: &str,
        mut body: Body,
        most: u64,
        mut told: impl FnMut(u64),
    ) -> Result<Received, Problem> {
        let received = self.place(name).map_err(|e| Problem::disk(&e))?;
        let mut file = File::create_new(&received.path).map_err(|e| Problem::disk(&e))?;
        let (begin, mut octets, mut piece) = (Instant::now(), 0, Vec::with_capacity(PIECE));
        loop {
            let deadline = self.limits.upload_deadline(begin, octets, Instant::now());
            let next = tokio::time::timeout_at(deadline.into(), next_data(&mut body));
            let Some(data) = next.await.map_err(|_| Problem::too_slow())?? else {
                break;
            };
            octets += data.len() as u64;
            if octets > most {
                return Err(Problem::too_large(most));
            }
            told(octets);
            piece.extend_from_slice(&data);
            if piece.len() >= PIECE {
                (file, piece) = write(file, piece).await?;
            }
        }
        write(file, piece).await?;
        Ok(received)
    }

    /// A folder of its own for one file.
    fn place(&self, name: &str) -> io::Result<Received> {
        let folder = self.folder.join(Uuid::now_v7().to_string());
        private_folders().create(&folder)?;
        let path = folder.join(plain_name(name));
        Ok(Received { folder, path })
    }
}

impl Received {
    /// Where the file is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, "an upload that is done with cannot be removed");
        }
    }
}

fn private_folders() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

/// The next octets of a body; `None` at its end.
async fn next_data(body: &mut Body) -> Result<Option<Bytes>, Problem> {
    loop {
        let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await;
        match frame.transpose() {
            Ok(None) => return Ok(None),
            // A frame that is no data is a trailer, of which there is no use.
            Ok(Some(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Err(_) => return Err(Problem::bad_request("the upload broke off")),
        }
    }
}

/// Writes a piece where waiting for the disk keeps nobody else waiting.
async fn write(mut file: File, mut piece: Vec<u8>) -> Result<(File, Vec<u8>), Problem> {
    let written = tokio::task::spawn_blocking(move || {
        file.write_all(&piece)?;
        piece.clear();
        Ok((file, piece))
    });
    let written: io::Result<_> = written.await.map_err(|_| Problem::bug())?;
    written.map_err(|e| Problem::disk(&e))
}

/// What a stranger calls a file, as it may be called here: the last part of it, plain characters
/// only, its ending kept.
pub(super) fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let plain: Vec<char> = last
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    let from = plain.len().saturating_sub(FILE_NAME_MAX);
    let kept: String = plain[from..].iter().collect();
    let kept = kept.trim_start_matches('.');
    if kept.is_empty() {
        "upload".to_owned()
    } else {
        kept.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_upload_cannot_leave_its_folder() {
        let cases = [
            ("prompts.zip", "prompts.zip"),
            ("../../etc/passwd", "passwd"),
            ("C:\\sounds\\hello world.wav", "hello_world.wav"),
            ("..", "upload"),
            ("a/", "upload"),
            ("", "upload"),
            (".hidden", "hidden"),
            ("g\u{e9}n\u{e9}ral\n.wav", "g_n_ral_.wav"),
        ];
        for (given, kept) in cases {
            assert_eq!(plain_name(given), kept, "{given:?}");
        }
        let long = plain_name(&format!("{}.wav", "x".repeat(300)));
        assert_eq!(long.len(), FILE_NAME_MAX);
        assert_eq!(&long[FILE_NAME_MAX - 4..], ".wav");
    }

    #[test]
    fn what_a_crash_left_is_removed_at_the_start_and_a_file_with_its_owner() {
        let store = tempfile::tempdir().unwrap();
        let left = store.path().join(FOLDER).join("left");
        fs::create_dir_all(&left).unwrap();
        let uploads = Uploads::open(store.path(), 1, Limits::USUAL).unwrap();
        assert!(!left.exists());
        let received = uploads.place("a.zip").unwrap();
        let folder = received.folder.clone();
        assert!(folder.is_dir());
        drop(received);
        assert!(!folder.exists());
    }

    #[test]
    fn there_is_a_most_of_uploads_at_a_time() {
        let store = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(store.path(), 1, Limits::USUAL).unwrap();
        let slot = uploads.slot().unwrap();
        assert_eq!(uploads.slot().unwrap_err().status(), 429);
        drop(slot);
        assert!(uploads.slot().is_ok());
    }
}
