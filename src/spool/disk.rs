//! The seam between the spool and the disk, and the real disk behind it.
//!
//! Laws the spool relies on, and which a twin for tests breaks as far as real disks do:
//! octets survive a power cut once [`Disk::sync_data`] returned, names once
//! [`Disk::sync_folder`] did; before that either may be lost, or half there. A sync that failed
//! may have lost what it was to write, whatever a later one says.

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;

/// What the spool asks of a file system.
pub trait Disk: Send + Sync + 'static {
    /// An open file, written at its end.
    type File: Send;
    /// Held while the server owns the spool.
    type Lock: Send;

    /// Makes a folder (mode 0700) and those above it; none of its business whether it exists.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;

    /// Locks a folder against a second server; `None` when another holds it.
    fn lock(&self, folder: &Path) -> io::Result<Option<Self::Lock>>;

    /// Makes a new file (mode 0600); fails when the name is taken.
    fn create(&self, path: &Path) -> io::Result<Self::File>;

    /// Opens a file, cut to `length` octets, to go on at its end.
    fn reopen(&self, path: &Path, length: u64) -> io::Result<Self::File>;

    /// Writes octets at the end. After an error any part of them may be there.
    fn append(&self, file: &mut Self::File, octets: &[u8]) -> io::Result<()>;

    /// Brings the octets of a file to the disk (fdatasync).
    fn sync_data(&self, file: &Self::File) -> io::Result<()>;

    /// Brings the names in a folder to the disk (fsync on the folder).
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Gives a file another name on the same file system, replacing what has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The names of the files in a folder, in no order.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// The length of a file in octets.
    fn size(&self, path: &Path) -> io::Result<u64>;

    /// At most `most` octets of a file from the octet `from` on; fewer at its end.
    fn read(&self, path: &Path, from: u64, most: u64) -> io::Result<Vec<u8>>;

    /// The free space of the file system, in octets, as an ordinary user may use it.
    fn free_space(&self, folder: &Path) -> io::Result<u64>;
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    type File = File;
    type Lock = OwnedFd;

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    fn lock(&self, folder: &Path) -> io::Result<Option<OwnedFd>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(folder, flags, Mode::empty())?;
        match rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(folder)),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true).mode(0o600).open(path)
    }

    fn reopen(&self, path: &Path, length: u64) -> io::Result<File> {
        let file = OpenOptions::new().append(true).open(path)?;
        file.set_len(length)?;
        Ok(file)
    }

    fn append(&self, file: &mut File, octets: &[u8]) -> io::Result<()> {
        file.write_all(octets)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let names = fs::read_dir(folder)?.map(|entry| entry.map(|e| e.file_name()));
        let names: io::Result<Vec<_>> = names.collect();
        Ok(names?
            .into_iter()
            .filter_map(|n| n.into_string().ok())
            .collect())
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        Ok(fs::metadata(path)?.len())
    }

    fn read(&self, path: &Path, from: u64, most: u64) -> io::Result<Vec<u8>> {
        let file = File::open(path)?;
        let there = file.metadata()?.len().saturating_sub(from).min(most);
        let mut octets = vec![0; usize::try_from(there).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut octets, from)?;
        Ok(octets)
    }

    fn free_space(&self, folder: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(folder)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_server_may_read_what_it_writes() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        RealDisk.make_folder(&inner).unwrap();
        RealDisk.make_folder(&inner).unwrap();
        let path = inner.join("f");
        RealDisk.create(&path).unwrap();
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&inner), mode(&path)), (0o700, 0o600));
        assert!(RealDisk.create(&path).is_err(), "the name is taken");
    }

    #[test]
    fn a_cut_file_goes_on_at_its_new_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let mut file = RealDisk.create(&path).unwrap();
        RealDisk.append(&mut file, b"whole torn").unwrap();
        let mut file = RealDisk.reopen(&path, 6).unwrap();
        RealDisk.append(&mut file, b"end").unwrap();
        RealDisk.sync_data(&file).unwrap();
        RealDisk.sync_folder(folder.path()).unwrap();
        assert_eq!(RealDisk.read(&path, 0, 100).unwrap(), b"whole end");
        assert_eq!(RealDisk.read(&path, 6, 2).unwrap(), b"en");
        assert_eq!(RealDisk.read(&path, 60, 2).unwrap(), b"");
        assert_eq!(RealDisk.list(folder.path()).unwrap(), ["f"]);
        assert!(RealDisk.free_space(folder.path()).unwrap() > 0);
    }

    #[test]
    fn a_folder_is_locked_once() {
        let folder = tempfile::tempdir().unwrap();
        let lock = RealDisk.lock(folder.path()).unwrap();
        assert!(lock.is_some());
        assert!(RealDisk.lock(folder.path()).unwrap().is_none());
        drop(lock);
        assert!(RealDisk.lock(folder.path()).unwrap().is_some());
    }
}
