//! A zip archive of prompts.
//!
//! In: a file. Out: what is in it, unpacked in memory; no name of the archive ever becomes a path
//! of this machine. Laws: the directory is read within a budget of octets; an archive with names
//! that lead elsewhere, with entries that share octets or have one name, or with an entry that
//! unpacks like no sound does, is refused whole; links, encrypted and strangely packed entries
//! are told and left out. What headers say about sizes bounds nothing here: octets are counted.
//! Spec: PKWARE APPNOTE 6.3.10 (4.3 layout, 4.4 headers); its Zip64 form is for more than a prompt
//! set may have and not read.

use super::folder::{Closed, disk, open_plain};
use super::gathering::{Gathering, read_bounded};
use super::role::{Role, is_junk};
use super::{CLIPS, MAX_ENTRIES, MAX_TOTAL, StudioFault, mebibytes, name_of, shown};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;
use zip::read::ZipFileEntry;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// The most octets read to find the directory of an archive and to read it; an entry takes some
/// 150.
const MAX_DIRECTORY: u64 = 4 << 20;
/// The longest name of an entry, in octets.
const MAX_NAME: usize = 240;
/// What an entry may unpack to, however small it is packed.
const FREE: u64 = 1 << 20;
/// How many times its packed size an entry beyond [`FREE`] may unpack to. Speech packs to a half;
/// digital silence to a thousandth, and there is no second of it in a megabyte of prompt.
const MAX_RATIO: u64 = 100;
/// Where the record is that makes an archive a Zip64 one: before the end record (22 octets) with
/// its comment (at most 65,535), after which some tools leave a few octets.
const TAIL: u64 = 20 + 22 + 65_535 + 4;
/// What that record begins with.
const ZIP64: &[u8; 4] = b"PK\x06\x07";
/// The file type in a Unix mode, and the types an entry may have.
const TYPE: u32 = 0o170_000;
const PLAIN: &[u32] = &[0, 0o100_000];
const LINK: u32 = 0o120_000;

/// The archive's file, with what may still be read of it.
struct Metered<F> {
    file: F,
    left: Rc<Cell<u64>>,
}

/// One entry that is no folder.
struct Entry {
    index: usize,
    path: Vec<String>,
    /// Why it is not unpacked, and what to do.
    closed: Option<(&'static str, &'static str)>,
    packed: u64,
}

/// Reads an archive.
pub(super) fn gather(path: &Path) -> Result<Gathering, StudioFault> {
    let file = match open_plain(path) {
        Ok(file) => file,
        Err(Closed::Link | Closed::NoFile) => {
            return Err(refused(path, "it is not a plain file"));
        }
        Err(Closed::Disk(error)) => return Err(disk(path, error)),
    };
    // The reader of archives is a library's, and its files come from strangers.
    let read = catch_unwind(AssertUnwindSafe(|| gather_from(path, file)));
    read.unwrap_or_else(|_| Err(refused(path, "it is damaged")))
}

fn gather_from(path: &Path, mut file: File) -> Result<Gathering, StudioFault> {
    let length = file.metadata().map_err(|error| disk(path, error))?.len();
    if length > MAX_TOTAL {
        let what = format!("it has more than {}", mebibytes(MAX_TOTAL));
        return Err(refused(path, &what));
    }
    if is_zip64(&mut file, length).map_err(|error| disk(path, error))? {
        let what = format!(
            "it is a Zip64 archive, for more than 65,535 files or 4 GiB; a prompt set has at most \
             {MAX_ENTRIES} files"
        );
        return Err(refused(path, &what));
    }
    let left = Rc::new(Cell::new(MAX_DIRECTORY));
    let metered = Metered {
        file,
        left: Rc::clone(&left),
    };
    let mut archive = ZipArchive::new(metered).map_err(|error| unreadable(path, &error))?;
    left.set(u64::MAX);
    let mut gathering = Gathering::default();
    let entries = list(path, &mut archive, &mut gathering)?;
    for entry in peeled(entries) {
        take(path, &mut archive, &entry, &mut gathering)?;
    }
    Ok(gathering)
}

/// Whether the end of the file has the record of a Zip64 archive.
fn is_zip64(file: &mut File, length: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    Ok(tail.windows(ZIP64.len()).any(|window| window == ZIP64))
}

/// Every entry that is no folder and not left by a file manager, by name.
fn list<F: Read + Seek>(
    path: &Path,
    archive: &mut ZipArchive<F>,
    gathering: &mut Gathering,
) -> Result<Vec<Entry>, StudioFault> {
    if archive.has_duplicate_names() {
        return Err(refused(path, "two of its entries have the same name"));
    }
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        gathering.count_entry()?;
        let found = archive
            .by_index_data(index)
            .map_err(|error| unreadable(path, &error))?;
        let name = found.name().map_err(|error| unreadable(path, &error))?;
        let below = below(&name)
            .map_err(|why| refused(path, &format!("the name of {} {why}", quoted(&name))))?;
        if found.is_dir() || below.iter().any(|part| is_junk(part)) {
            continue;
        }
        entries.push(Entry {
            index,
            path: below,
            closed: closed(&found),
            packed: found.compressed_size(),
        });
    }
    match archive.has_overlapping_entries() {
        Ok(false) => {}
        Ok(true) => return Err(refused(path, "its entries share octets, as bombs do")),
        Err(error) => return Err(unreadable(path, &error)),
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

/// The parts of an entry's name, or why it is no name of something in a folder.
fn below(name: &str) -> Result<Vec<String>, &'static str> {
    if name.len() > MAX_NAME {
        return Err("is too long");
    }
    if name.contains(char::is_control) {
        return Err("has control characters");
    }
    if name.contains('\\') {
        return Err("has a backslash: pack it with a program that separates folders by /");
    }
    if name.starts_with('/') {
        return Err("begins at the root of a disk");
    }
    if name.contains(':') {
        return Err("has a colon, as the name of a drive");
    }
    let parts: Vec<String> = name
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .map(str::to_owned)
        .collect();
    if parts.iter().any(|part| part == "..") {
        return Err("leads out of its folder");
    }
    if parts.is_empty() && !name.ends_with('/') {
        return Err("is empty");
    }
    Ok(parts)
}

/// Why an entry is not unpacked.
fn closed(found: &ZipFileEntry<'_>) -> Option<(&'static str, &'static str)> {
    let kind = found.unix_mode().unwrap_or(0) & TYPE;
    if kind == LINK {
        return Some((
            "it is a link, and links are not followed",
            "pack the file itself",
        ));
    }
    if !PLAIN.contains(&kind) {
        return Some(("it is no plain file", "pack a sound file"));
    }
    if found.encrypted() {
        return Some(("it is encrypted", "pack it without a password"));
    }
    let method = found.compression();
    if ![CompressionMethod::Stored, CompressionMethod::Deflated].contains(&method) {
        return Some((
            "it is packed in a way that is not read",
            "pack it with the usual method, deflate",
        ));
    }
    None
}

/// The entries without the one folder that all of them are in.
fn peeled(mut entries: Vec<Entry>) -> Vec<Entry> {
    let tops: BTreeSet<&String> = entries.iter().filter_map(|e| e.path.first()).collect();
    let one = tops.len() == 1 && !tops.iter().any(|top| *top == CLIPS);
    if one && entries.iter().all(|entry| entry.path.len() > 1) {
        for entry in &mut entries {
            entry.path.remove(0);
        }
    }
    entries
}

fn take<F: Read + Seek>(
    path: &Path,
    archive: &mut ZipArchive<F>,
    entry: &Entry,
    gathering: &mut Gathering,
) -> Result<(), StudioFault> {
    let parts: Vec<&str> = entry.path.iter().map(String::as_str).collect();
    let (role, name) = (Role::of(&parts), parts.join("/"));
    if let Role::Junk | Role::Stray(..) = role {
        return gathering.take(&role, name, Vec::new());
    }
    if let Some((what, remedy)) = entry.closed {
        gathering.refuse(&role, name, what, remedy);
        return Ok(());
    }
    let ratio = FREE.max(entry.packed.saturating_mul(MAX_RATIO));
    let bound = role.limit().min(ratio);
    let unpacked = match archive.by_index(entry.index) {
        Ok(file) => read_bounded(file, bound),
        Err(error) => Err(io::Error::other(error)),
    };
    match unpacked {
        Ok(Some(bytes)) => gathering.take(&role, name, bytes)?,
        Ok(None) if ratio < role.limit() => {
            let what = format!(
                "{} unpacks to more than {MAX_RATIO} times its size, as no sound does",
                quoted(&name)
            );
            return Err(refused(path, &what));
        }
        Ok(None) => {
            gathering.count_octets(bound)?;
            let what = format!("it has more than {}", mebibytes(role.limit()));
            gathering.refuse(&role, name, &what, "upload a shorter or smaller file");
        }
        Err(error) => {
            let what = format!("it is damaged in the archive: {error}");
            gathering.refuse(&role, name, &what, "pack it anew");
        }
    }
    Ok(())
}

impl<F: Read> Read for Metered<F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        let left = self.left.get().checked_sub(read as u64);
        let left = left.ok_or_else(|| io::Error::other("its directory is too large"))?;
        self.left.set(left);
        Ok(read)
    }
}

impl<F: Seek> Seek for Metered<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

fn quoted(name: &str) -> String {
    let short: String = name.chars().take(MAX_NAME).collect();
    format!("\u{201c}{}\u{201d}", shown(&short))
}

fn refused(path: &Path, what: &str) -> StudioFault {
    StudioFault::Material(format!("{}: {what}", name_of(path)))
}

fn unreadable(path: &Path, error: &ZipError) -> StudioFault {
    refused(
        path,
        &format!("it is no zip archive that can be read: {error}"),
    )
}

#[cfg(test)]
mod tests;
