//! What a file of an upload is, by its place and name.
//!
//! In: the parts of its path below the upload. Out: a [`Role`]. The ending of a name only says
//! that somebody means it to be sound; what it is the decoder finds in its octets.

use super::{CATALOGUE, CLIPS, MAX_CATALOGUE, MAX_FILE};
use crate::prompt::ClipId;

/// The endings that mean sound, in small letters.
const SOUND: &[&str] = &[
    "aac", "flac", "m4a", "mp3", "mp4", "oga", "ogg", "opus", "wav", "wave",
];

/// What file managers leave behind and nobody means to upload.
const JUNK: &[&str] = &[
    "__MACOSX",
    ".DS_Store",
    ".Spotlight-V100",
    ".Trashes",
    "Thumbs.db",
    "desktop.ini",
];

/// What a file is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The texts.
    Catalogue,
    /// The sound of a clip, there may be none of this name.
    Sound(ClipId),
    /// Left by a file manager; not worth a word.
    Junk,
    /// Nothing a prompt set has; why, and what to do.
    Stray(&'static str, &'static str),
}

impl Role {
    /// The role of the file with this path below the upload; no part of it is empty.
    pub(super) fn of(path: &[&str]) -> Role {
        if path.iter().copied().any(is_junk) {
            return Role::Junk;
        }
        match path {
            [name] if *name == CATALOGUE => Role::Catalogue,
            [name] => sound(name),
            [folder, name] if *folder == CLIPS => sound(name),
            _ => Role::Stray(
                "it is in a folder that is not looked into",
                "put sound files beside catalogue.toml or into clips/",
            ),
        }
    }

    /// The most octets a file in this role may have.
    pub(super) fn limit(&self) -> u64 {
        match self {
            Role::Catalogue => MAX_CATALOGUE,
            Role::Sound(_) => MAX_FILE,
            Role::Junk | Role::Stray(..) => 0,
        }
    }

    /// The clip, where the file is to be the sound of one.
    pub(super) fn clip(&self) -> Option<&ClipId> {
        match self {
            Role::Sound(clip) => Some(clip),
            Role::Catalogue | Role::Junk | Role::Stray(..) => None,
        }
    }
}

/// Whether a file or folder of this name was left by a file manager.
pub(super) fn is_junk(name: &str) -> bool {
    JUNK.contains(&name) || name.starts_with("._")
}

fn sound(name: &str) -> Role {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    if !SOUND.contains(&ending.to_ascii_lowercase().as_str()) {
        return Role::Stray(
            "its name ends like no sound file's",
            "sound files end in .wav, .flac, .mp3, .ogg, .opus, .m4a or .aac; nothing needs to be done \
             about other files",
        );
    }
    ClipId::parse(stem).map_or(
        Role::Stray(
            "its name is no clip's: clips have small letters, figures and hyphens",
            "name it for its clip, as in goodbye.wav; belpost prompts show lists all clips",
        ),
        Role::Sound,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_place_and_name() {
        let clip = |name| Role::Sound(ClipId::parse(name).unwrap());
        for (path, role) in [
            (&["catalogue.toml"][..], Role::Catalogue),
            (&["goodbye.wav"], clip("goodbye")),
            (&["goodbye.MP3"], clip("goodbye")),
            (&["clips", "number-21.flac"], clip("number-21")),
            (&["clips", "._goodbye.wav"], Role::Junk),
            (&["__MACOSX", "clips", "goodbye.wav"], Role::Junk),
            (&[".DS_Store"], Role::Junk),
        ] {
            assert_eq!(Role::of(path), role, "{path:?}");
        }
        for path in [
            &["clips", "catalogue.toml"][..],
            &["other", "goodbye.wav"],
            &["clips", "old", "goodbye.wav"],
            &["Goodbye.wav"],
            &["goodbye"],
            &["goodbye.txt"],
            &[".wav"],
        ] {
            assert!(matches!(Role::of(path), Role::Stray(..)), "{path:?}");
        }
    }
}
