//! The cache file: the clips compiled in as they go on the wire, so that a start need not decode
//! them. Losing it costs a slower start; one that does not fit is written anew.

use super::Unused;
use super::pack::{self, Clips, Key, MAX_PACK};
use super::sound::{self, ClipFile};
use crate::prompt::ClipId;
use crate::subscriber::Language;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io;
use std::path::Path;

/// One file of each clip compiled in.
pub(super) type Files = Vec<((Language, ClipId), ClipFile)>;

/// The clips from the cache where it fits, else made and written for the next time; and the files
/// that could not be used.
pub(super) fn load_or_make(path: Option<&Path>, files: Files) -> (Clips, Vec<Unused>) {
    let key = key(&files);
    if let Some(clips) = path.and_then(|path| load(path, &key)) {
        return (clips, Vec::new());
    }
    let (clips, unused) = make(files);
    // A faulty clip is to be told at every start, so it must be met at every start.
    if let Some(path) = path.filter(|_| unused.is_empty())
        && let Err(error) = store(path, &key, &clips)
    {
        tracing::warn!(path = %path.display(), %error, "the prompt cache was not written");
    }
    (clips, unused)
}

/// A hash over every file and its place: equal keys mean equal clips.
fn key(files: &Files) -> Key {
    let mut hash = Sha256::new();
    for ((language, clip), file) in files {
        hash.update(format!("{} {clip}\n", language.as_str()));
        hash.update(file.hash);
    }
    hash.finalize().into()
}

fn make(files: Files) -> (Clips, Vec<Unused>) {
    let (encoded, unused) = sound::encode(files);
    let mut clips = Clips::new();
    for ((language, clip), audio) in encoded {
        let set = clips.entry(language.to_string()).or_default();
        set.insert(clip, audio);
    }
    (clips, unused)
}

fn load(path: &Path, key: &Key) -> Option<Clips> {
    if fs::metadata(path).ok()?.len() > MAX_PACK {
        return None;
    }
    pack::parse(&fs::read(path).ok()?, key)
}

/// Writes beside the file and renames, so that no reader meets half a cache.
fn store(path: &Path, key: &Key, clips: &Clips) -> io::Result<()> {
    let each = clips.iter().flat_map(|(language, set)| {
        let set = set.iter();
        set.map(move |(clip, audio)| (language.as_str(), clip, audio))
    });
    let file = pack::print(key, each)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&beside, &file)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::flac;
    use crate::audio::tone;
    use crate::prompt::Line;
    use std::time::Duration;

    fn one_file(hz: f64) -> Files {
        let pcm = tone::sine(hz, -10.0, Duration::from_millis(200), sound::CLIP_RATE);
        let bytes = flac::encode(&pcm).unwrap();
        let file = ClipFile {
            path: "f".into(),
            hash: Sha256::digest(&bytes).into(),
            bytes: bytes.into(),
        };
        vec![((Language::parse("nl").unwrap(), Line::Goodbye.into()), file)]
    }

    #[test]
    fn the_second_start_reads_what_the_first_made_and_other_files_make_it_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clips");
        let (made, _) = load_or_make(Some(&path), one_file(500.0));
        assert_eq!(load(&path, &key(&one_file(500.0))), Some(made.clone()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let (other, _) = load_or_make(Some(&path), one_file(700.0));
        assert_ne!(made, other);
        assert_eq!(load(&path, &key(&one_file(700.0))), Some(other));
    }

    #[test]
    fn a_faulty_file_is_told_at_every_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clips");
        let mut files = one_file(500.0);
        files[0].1.bytes = b"fLaC".to_vec().into();
        for _ in 0..2 {
            let (clips, unused) = load_or_make(Some(&path), files.clone());
            assert_eq!((clips.len(), unused.len()), (0, 1));
        }
    }

    #[test]
    fn a_cache_that_cannot_be_written_stops_nothing() {
        let nowhere = Path::new("/dev/null/at/all/clips");
        let (clips, _) = load_or_make(Some(nowhere), one_file(500.0));
        assert_eq!(clips.len(), 1);
        assert!(store(nowhere, &[0; 32], &clips).is_err());
    }
}
