//! The cache file: clips as they go on the wire, so that a start need not decode them.
//!
//! Layout: magic (8 octets), key (32, a hash over the files the clips came from), then for each
//! clip the length and name of its language, the length and name of the clip, the number of
//! samples (32 bits, little endian), its A-law and its mu-law octets; at the end a CRC-32C over
//! all before. A file that does not fit in any way is as good as none.

use super::sources::{Clips, Source, Sources};
use crate::audio::{Law, WireAudio};
use crate::prompt::ClipId;
use crate::subscriber::Language;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::Path;

/// The first octets of the file; the last of them counts the layouts and encodings.
const MAGIC: &[u8; 8] = b"BPCLIPS\x01";
/// The most octets of a cache file that is read: some eight hours of clips.
const MAX_CACHE: u64 = 512 << 20;

/// The clips from the cache where it fits, else made and written for the next time.
pub(super) fn load_or_make(path: &Path, sources: &mut Sources) -> Clips {
    let key = sources.key();
    if let Some(clips) = load(path, &key, &sources.sets) {
        return clips;
    }
    let before = sources.unused.len();
    let clips = sources.encode();
    // A faulty clip is to be told at every start, so it must be met at every start.
    if sources.unused.len() == before
        && let Err(error) = store(path, &key, &clips)
    {
        tracing::warn!(path = %path.display(), %error, "the prompt cache was not written");
    }
    clips
}

fn load(path: &Path, key: &[u8; 32], sets: &BTreeMap<Language, Source>) -> Option<Clips> {
    if fs::metadata(path).ok()?.len() > MAX_CACHE {
        return None;
    }
    let file = fs::read(path).ok()?;
    let (content, check) = file.split_last_chunk::<4>()?;
    if crc32c::crc32c(content) != u32::from_le_bytes(*check) {
        return None;
    }
    let mut rest = content.strip_prefix(MAGIC)?.strip_prefix(key)?;
    let names = sets.iter().map(|(language, set)| {
        let ids = set
            .catalogue
            .clips()
            .map(|c| (c.id.as_str(), c.id))
            .collect();
        (language.as_str(), (language, ids))
    });
    let names: HashMap<&str, (&Language, HashMap<&str, &ClipId>)> = names.collect();
    let mut clips = Clips::new();
    while !rest.is_empty() {
        let (language, ids) = names.get(name(&mut rest)?)?;
        let clip = (*ids.get(name(&mut rest)?)?).clone();
        let (len, after) = rest.split_first_chunk::<4>()?;
        let len = u32::from_le_bytes(*len) as usize;
        let (alaw, after) = after.split_at_checked(len)?;
        let (mulaw, after) = after.split_at_checked(len)?;
        rest = after;
        let audio = WireAudio::from_both(alaw, mulaw)?;
        clips
            .entry((*language).clone())
            .or_default()
            .insert(clip, audio);
    }
    Some(clips)
}

/// Takes a name with its length before it.
fn name<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (&len, after) = rest.split_first()?;
    let (name, after) = after.split_at_checked(usize::from(len))?;
    *rest = after;
    std::str::from_utf8(name).ok()
}

/// Writes beside the file and renames, so that no reader meets half a cache.
fn store(path: &Path, key: &[u8; 32], clips: &Clips) -> io::Result<()> {
    let mut file = Vec::new();
    file.extend(MAGIC);
    file.extend(key);
    for (language, set) in clips {
        for (clip, audio) in set {
            put_name(&mut file, language.as_str())?;
            put_name(&mut file, clip.as_str())?;
            let len = u32::try_from(audio.len()).map_err(io::Error::other)?;
            file.extend(len.to_le_bytes());
            file.extend(audio.octets(Law::A));
            file.extend(audio.octets(Law::Mu));
        }
    }
    file.extend(crc32c::crc32c(&file).to_le_bytes());
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    fs::write(&beside, &file)?;
    fs::rename(&beside, path)
}

fn put_name(file: &mut Vec<u8>, name: &str) -> io::Result<()> {
    file.push(u8::try_from(name.len()).map_err(io::Error::other)?);
    file.extend(name.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::Line;

    const KEY: [u8; 32] = [7; 32];

    /// Two clips of Dutch.
    fn some_clips() -> Clips {
        let set = [(Line::Goodbye, 300), (Line::And, 0)].map(|(line, len)| {
            (
                ClipId::from(line),
                WireAudio::from_samples(&vec![1_000; len]),
            )
        });
        let dutch = Language::parse("nl").unwrap();
        Clips::from([(dutch, HashMap::from(set))])
    }

    #[test]
    fn what_is_stored_is_loaded_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clips");
        let sets = Sources::gather(None).unwrap().sets;
        store(&path, &KEY, &some_clips()).unwrap();
        assert_eq!(load(&path, &KEY, &sets), Some(some_clips()));
        assert_eq!(load(&path, &[8; 32], &sets), None);
        assert_eq!(load(&path, &KEY, &BTreeMap::new()), None);
        assert_eq!(load(&folder.path().join("other"), &KEY, &sets), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_cut_or_damaged_cache_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clips");
        let sets = Sources::gather(None).unwrap().sets;
        store(&path, &KEY, &some_clips()).unwrap();
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(load(&path, &KEY, &sets), None, "cut at {at}");
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            fs::write(&path, &damaged).unwrap();
            assert_eq!(load(&path, &KEY, &sets), None, "damaged at {at}");
        }
    }

    #[test]
    fn a_cache_with_a_right_checksum_and_wrong_lengths_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clips");
        let sets = Sources::gather(None).unwrap().sets;
        let head = [MAGIC.as_slice(), &KEY].concat();
        for tail in [
            &b"\xFFnl"[..],
            b"\x02nl\x07goodbye\xFF\xFF\xFF\xFFab",
            b"\x02nl\x03xyz\0\0\0\0",
        ] {
            let mut file = [head.as_slice(), tail].concat();
            file.extend(crc32c::crc32c(&file).to_le_bytes());
            fs::write(&path, &file).unwrap();
            assert_eq!(load(&path, &KEY, &sets), None, "{tail:?}");
        }
    }

    #[test]
    fn a_cache_that_cannot_be_written_stops_nothing() {
        assert!(store(Path::new("/nowhere/at/all/clips"), &KEY, &some_clips()).is_err());
        let mut none = Sources {
            sets: BTreeMap::new(),
            unused: Vec::new(),
        };
        assert_eq!(
            load_or_make(Path::new("/nowhere/at/all/clips"), &mut none),
            Clips::new()
        );
    }
}
