//! What an upload brings, sorted: a catalogue, the sound files of each clip, and what was left out.
//!
//! In: a folder, a zip archive, one recording, or the sound tree of another system with a mapping.
//! Out: [`Gathered`], octets as they are; decoding them is the compiler's. Laws: every count and
//! size is bounded while it is read and no header is believed; no link is followed out of what was
//! given; nothing is ever written by a name from an upload; what cannot be used is told, and an
//! upload that means harm is refused whole.
//!
//! Whether there is a clip of a name the compiler decides, which knows the grammar.

mod archive;
mod folder;
mod gathering;
mod mapping;
mod pattern;
mod role;
mod tree;

pub use mapping::{builtin_mapping, builtin_mappings};

use super::studio::{Material, Origin, StudioFault};
use crate::prompt::{ClipId, Finding, SetId};
use std::path::Path;

/// The most entries of an upload: files, folders and all else.
const MAX_ENTRIES: usize = 5_000;
/// The most octets of one sound file.
pub const MAX_FILE: u64 = 32 << 20;
/// The most octets of a catalogue.
const MAX_CATALOGUE: u64 = 1 << 20;
/// The most octets of an upload, unpacked.
const MAX_TOTAL: u64 = 400 << 20;

/// The name of the catalogue in an upload.
const CATALOGUE: &str = "catalogue.toml";
/// The folder of the sound files, where they are not beside the catalogue.
const CLIPS: &str = "clips";

/// An upload, sorted.
#[derive(Debug)]
pub(super) struct Gathered {
    /// How it came in.
    pub(super) origin: Origin,
    /// The text of its catalogue.
    pub(super) catalogue: Option<String>,
    /// Whose clips stand in for missing ones, where the catalogue names one.
    pub(super) parent: Option<SetId>,
    /// The sound of each clip, by its name; never two of one clip.
    pub(super) files: Vec<SoundFile>,
    /// What was left out, and why.
    pub(super) findings: Vec<Finding>,
}

/// The sound of one clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SoundFile {
    /// The clip by the name of the file; there may be no such clip.
    pub(super) clip: ClipId,
    /// The files that make it, one after another; never none.
    pub(super) parts: Vec<FilePart>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FilePart {
    /// What the upload calls it.
    pub(super) name: String,
    /// Its octets.
    pub(super) bytes: Vec<u8>,
}

/// Reads what is uploaded for a set.
pub(super) fn gather(material: &Material, set: &SetId) -> Result<Gathered, StudioFault> {
    match material {
        Material::Folder(path) => {
            let gathering = folder::gather(path)?;
            gathering.finish(Origin::Folder(name_of(path)), path)
        }
        Material::Zip(path) => {
            let gathering = archive::gather(path)?;
            gathering.finish(Origin::Zip(name_of(path)), path)
        }
        Material::Clip { clip, name, file } => single(clip, name, file),
        Material::Tree { folder, mapping } => tree::gather(folder, mapping, set),
    }
}

/// One recording of one clip.
fn single(clip: &ClipId, name: &str, file: &[u8]) -> Result<Gathered, StudioFault> {
    if file.len() as u64 > MAX_FILE {
        let what = format!("{} has more than {}", shown(name), mebibytes(MAX_FILE));
        return Err(StudioFault::Material(what));
    }
    let part = FilePart {
        name: shown(name),
        bytes: file.to_vec(),
    };
    Ok(Gathered {
        origin: Origin::Clip(clip.clone()),
        catalogue: None,
        parent: None,
        files: vec![SoundFile {
            clip: clip.clone(),
            parts: vec![part],
        }],
        findings: Vec::new(),
    })
}

/// The last part of a path, as it is shown.
fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    shown(&name.to_string_lossy())
}

/// A name from an upload, safe to be shown: what steers a terminal becomes `?`.
fn shown(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// A bound for people.
fn mebibytes(octets: u64) -> String {
    format!("{} MiB", octets >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dutch() -> SetId {
        "nl".parse().unwrap()
    }

    #[test]
    fn one_recording_is_the_file_of_its_clip() {
        let clip = ClipId::parse("goodbye").unwrap();
        let material = Material::Clip {
            clip: clip.clone(),
            name: "me\u{1b}.wav".into(),
            file: b"RIFF".to_vec(),
        };
        let gathered = gather(&material, &dutch()).unwrap();
        assert_eq!(gathered.origin, Origin::Clip(clip.clone()));
        assert_eq!(gathered.files[0].clip, clip);
        let part = &gathered.files[0].parts[0];
        assert_eq!(
            (part.name.as_str(), part.bytes.as_slice()),
            ("me?.wav", b"RIFF".as_slice())
        );
    }

    #[test]
    fn a_recording_beyond_the_bound_is_refused() {
        let material = Material::Clip {
            clip: ClipId::parse("goodbye").unwrap(),
            name: "me.wav".into(),
            file: vec![0; MAX_FILE as usize + 1],
        };
        let fault = gather(&material, &dutch()).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "the upload cannot be used: me.wav has more than 32 MiB"
        );
    }
}
