//! A folder of prompts: sound files beside a catalogue or in `clips/`.
//!
//! Links are not followed; pipes, sockets and devices are not opened; other folders are noted.

use super::gathering::{Gathering, read_bounded};
use super::role::{Role, is_junk};
use super::{CLIPS, StudioFault, shown};
use rustix::fs::OFlags;
use std::fs::{self, DirEntry, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Reads a folder.
pub(super) fn gather(path: &Path) -> Result<Gathering, StudioFault> {
    let mut gathering = Gathering::default();
    let entries = listing(path, &mut gathering)?;
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry
            .file_type()
            .map_err(|error| disk(&entry.path(), error))?;
        if name == CLIPS && kind.is_dir() {
            for entry in listing(&entry.path(), &mut gathering)? {
                let name = entry.file_name().to_string_lossy().into_owned();
                take(&mut gathering, &entry.path(), &[CLIPS, &name])?;
            }
        } else if kind.is_dir() && !is_junk(&name) {
            gathering.note(
                None,
                format!("{}/", shown(&name)),
                "this folder is not looked into",
                "put sound files beside catalogue.toml or into clips/",
            );
        } else if !kind.is_dir() {
            take(&mut gathering, &entry.path(), &[&name])?;
        }
    }
    Ok(gathering)
}

/// What is in a folder, by name.
fn listing(path: &Path, gathering: &mut Gathering) -> Result<Vec<DirEntry>, StudioFault> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| disk(path, error))? {
        gathering.count_entry()?;
        entries.push(entry.map_err(|error| disk(path, error))?);
    }
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

/// Takes what is at a path, if it is a file somebody means.
fn take(gathering: &mut Gathering, path: &Path, below: &[&str]) -> Result<(), StudioFault> {
    let role = Role::of(below);
    let name = shown(&below.join("/"));
    match &role {
        Role::Junk => Ok(()),
        Role::Stray(..) => gathering.take(&role, name, Vec::new()),
        Role::Catalogue | Role::Sound(_) => take_file(gathering, path, &role, name),
    }
}

fn take_file(
    gathering: &mut Gathering,
    path: &Path,
    role: &Role,
    name: String,
) -> Result<(), StudioFault> {
    let refused = match open_plain(path) {
        Ok(file) => match read_bounded(&file, role.limit()) {
            Ok(Some(bytes)) => return gathering.take(role, name, bytes),
            Ok(None) => {
                gathering.count_octets(role.limit())?;
                let what = format!("it has more than {}", super::mebibytes(role.limit()));
                (what, "upload a shorter or smaller file")
            }
            Err(error) => (format!("it cannot be read: {error}"), "see to it"),
        },
        Err(Closed::Link) => (
            "it is a link, and links are not followed".to_owned(),
            "put the file itself there",
        ),
        Err(Closed::NoFile) => (
            "it is neither a file nor a folder".to_owned(),
            "put a sound file there",
        ),
        Err(Closed::Disk(error)) => (
            format!("it cannot be read: {error}"),
            "give this user the right to read it",
        ),
    };
    gathering.refuse(role, name, &refused.0, refused.1);
    Ok(())
}

/// Why a path was not opened.
pub(super) enum Closed {
    /// It is a link.
    Link,
    /// It is a folder, pipe, socket or device.
    NoFile,
    /// The system says why.
    Disk(io::Error),
}

/// Opens a plain file; never through a link, and without waiting for the other end of a pipe.
pub(super) fn open_plain(path: &Path) -> Result<File, Closed> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path);
    let file = match opened {
        Ok(file) => file,
        // A link, or a socket or device without its other end: the entry itself tells.
        Err(error) => return Err(closed(path, error)),
    };
    match file.metadata() {
        Ok(found) if found.is_file() => Ok(file),
        Ok(_) => Err(Closed::NoFile),
        Err(error) => Err(Closed::Disk(error)),
    }
}

fn closed(path: &Path, error: io::Error) -> Closed {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Closed::Link,
        Ok(found) if !found.is_file() => Closed::NoFile,
        Ok(_) | Err(_) => Closed::Disk(error),
    }
}

/// A disk that did not do what was asked.
pub(super) fn disk(path: &Path, error: io::Error) -> StudioFault {
    let path = PathBuf::from(path);
    StudioFault::Disk { path, error }
}

#[cfg(test)]
mod tests {
    use super::super::{Gathered, MAX_FILE, Origin};
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use tempfile::{TempDir, tempdir};

    fn put(folder: &TempDir, name: &str, bytes: &[u8]) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn gathered(folder: &TempDir) -> Gathered {
        let gathering = gather(folder.path()).unwrap();
        gathering
            .finish(Origin::Folder("f".into()), folder.path())
            .unwrap()
    }

    fn told(gathered: &Gathered) -> Vec<String> {
        gathered.findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn sound_files_and_the_catalogue_are_taken_and_the_rest_is_noted() {
        let folder = tempdir().unwrap();
        put(&folder, "catalogue.toml", b"parent = \"nl\"\n");
        put(&folder, "goodbye.wav", b"one");
        put(&folder, "clips/you-have.mp3", b"two");
        put(&folder, "README.txt", b"");
        put(&folder, "old/goodbye.wav", b"three");
        put(&folder, ".DS_Store", b"");
        put(&folder, "__MACOSX/x", b"");
        let gathered = gathered(&folder);
        let files: Vec<(&str, &[u8])> = gathered
            .files
            .iter()
            .map(|file| (file.clip.as_str(), file.parts[0].bytes.as_slice()))
            .collect();
        assert_eq!(files, [("goodbye", &b"one"[..]), ("you-have", b"two")]);
        assert_eq!(gathered.parent.unwrap().to_string(), "nl");
        assert_eq!(gathered.findings.len(), 2, "{:?}", gathered.findings);
        assert!(gathered.findings[0].what.contains("ends like no sound"));
        assert_eq!(gathered.findings[1].file.as_deref(), Some("old/"));
    }

    #[test]
    fn links_pipes_and_sockets_are_not_read() {
        let folder = tempdir().unwrap();
        let secret = tempdir().unwrap();
        put(&secret, "secret", b"a secret");
        let at = |name: &str| folder.path().join(name);
        symlink(secret.path().join("secret"), at("goodbye.wav")).unwrap();
        symlink(secret.path(), at("clips")).unwrap();
        symlink("/nowhere/at/all", at("and.wav")).unwrap();
        let _listener = UnixListener::bind(at("you-have.wav")).unwrap();
        let pipe = std::process::Command::new("mkfifo")
            .arg(at("no-messages.wav"))
            .status();
        assert!(pipe.unwrap().success());
        fs::create_dir(at("new-message.wav")).unwrap();
        let gathered = gathered(&folder);
        assert!(gathered.files.is_empty());
        let told = told(&gathered);
        for expected in [
            "fault: and: and.wav: it is a link, and links are not followed; put the file itself there",
            "fault: goodbye: goodbye.wav: it is a link, and links are not followed; put the file itself there",
            "fault: no-messages: no-messages.wav: it is neither a file nor a folder; put a sound file there",
            "fault: you-have: you-have.wav: it is neither a file nor a folder; put a sound file there",
        ] {
            assert!(
                told.iter().any(|line| line == expected),
                "{expected}\n{told:?}"
            );
        }
        assert!(told.iter().any(|line| line.contains("new-message.wav/")));
    }

    #[test]
    fn a_file_beyond_the_bound_is_a_fault_and_not_kept() {
        let folder = tempdir().unwrap();
        let file = File::create(folder.path().join("goodbye.wav")).unwrap();
        file.set_len(MAX_FILE + 1).unwrap();
        let gathered = gathered(&folder);
        assert!(gathered.files.is_empty());
        assert!(told(&gathered)[0].contains("it has more than 32 MiB"));
    }

    #[test]
    fn a_folder_with_too_much_in_all_is_refused() {
        let folder = tempdir().unwrap();
        for n in 0..13 {
            let file = File::create(folder.path().join(format!("number-{n}.wav"))).unwrap();
            file.set_len(MAX_FILE).unwrap();
        }
        let fault = gather(folder.path()).unwrap_err().to_string();
        assert!(fault.contains("more than 400 MiB in all"), "{fault}");
    }

    #[test]
    fn a_folder_that_is_none_is_told_with_its_path() {
        let fault = gather(Path::new("/nowhere/at/all")).unwrap_err();
        assert!(fault.to_string().starts_with("/nowhere/at/all: "));
    }
}
