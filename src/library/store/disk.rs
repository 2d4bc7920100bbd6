//! The seam between the store and the disk, and the real disk behind it.
//!
//! Laws the store relies on, and which the twin of the tests breaks as far as real disks do: what
//! [`Disk::write`] wrote survives a power cut under a name once the folder of that name was synced;
//! before that the name may be lost, and of several changes of names any may have happened.

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;

/// What the store asks of a file system.
pub(in crate::library) trait Disk {
    /// Held while somebody writes.
    type Lock;

    /// Takes the lock of the store, a file made when needed; `None` when another holds it.
    fn lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;

    /// Makes a folder; whether there was none before.
    fn make_folder(&self, folder: &Path) -> io::Result<bool>;

    /// Makes a file of these octets and brings them to the disk; fails when the name is taken.
    fn write(&self, path: &Path, octets: &[u8]) -> io::Result<()>;

    /// Gives a file a second name.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file or folder another name, replacing a file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Brings the names in a folder to the disk.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Removes a file, or a folder with all that is in it; none of its business whether it exists.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The names in a folder, in no order; none for one that is not there.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// A whole file of at most `most` octets.
    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>>;
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::library) struct RealDisk;

impl Disk for RealDisk {
    type Lock = File;

    fn lock(&self, path: &Path) -> io::Result<Option<File>> {
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }

    fn make_folder(&self, folder: &Path) -> io::Result<bool> {
        match fs::create_dir(folder) {
            Ok(()) => Ok(true),
            Err(fault) if fault.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    fn write(&self, path: &Path, octets: &[u8]) -> io::Result<()> {
        let mut file = File::create_new(path)?;
        file.write_all(octets)?;
        file.sync_all()
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let removed = match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(path),
            Ok(_) => fs::remove_file(path),
            Err(fault) => Err(fault),
        };
        match removed {
            Err(fault) if fault.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(folder) {
            Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names: io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.file_name())).collect();
        let names = names?.into_iter();
        Ok(names.filter_map(|name| name.into_string().ok()).collect())
    }

    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let mut octets = Vec::new();
        File::open(path)?.take(most + 1).read_to_end(&mut octets)?;
        if octets.len() as u64 > most {
            return Err(io::Error::new(
                ErrorKind::FileTooLarge,
                "the file is too large",
            ));
        }
        Ok(octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_is_locked_once_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = RealDisk.lock(&path).unwrap();
        assert!(lock.is_some());
        assert!(RealDisk.lock(&path).unwrap().is_none());
        drop(lock);
        assert!(RealDisk.lock(&path).unwrap().is_some());
    }

    #[test]
    fn a_file_is_written_once_read_within_its_bound_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, second) = (folder.path().join("f"), folder.path().join("g"));
        RealDisk.write(&path, b"hello").unwrap();
        assert!(RealDisk.write(&path, b"again").is_err());
        RealDisk.link(&path, &second).unwrap();
        assert_eq!(RealDisk.read(&second, 5).unwrap(), b"hello");
        assert!(RealDisk.read(&path, 4).is_err());
        for gone in [&path, &second, &second] {
            RealDisk.remove(gone).unwrap();
        }
        assert_eq!(RealDisk.list(folder.path()).unwrap(), [""; 0]);
        assert_eq!(
            RealDisk.list(&path).unwrap(),
            [""; 0],
            "none of a folder that is not there"
        );
        assert!(RealDisk.make_folder(&path).unwrap());
        assert!(!RealDisk.make_folder(&path).unwrap());
        RealDisk.write(&path.join("in"), b"x").unwrap();
        RealDisk.sync_folder(&path).unwrap();
        RealDisk.remove(&path).unwrap();
        assert!(!path.exists());
    }
}
