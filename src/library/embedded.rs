//! The prompt sets compiled into the program, from `prompts/`.

use super::LibraryFault;
use super::sound::ClipFile;
use crate::prompt::Catalogue;
use crate::subscriber::Language;
use rust_embed::RustEmbed;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

#[derive(RustEmbed)]
#[folder = "prompts/"]
struct Prompts;

/// The languages compiled in.
pub(super) fn languages() -> BTreeSet<Language> {
    Prompts::iter()
        .filter_map(|path| {
            path.strip_suffix("/catalogue.toml")
                .and_then(Language::parse)
        })
        .collect()
}

/// The catalogues compiled in.
pub(super) fn catalogues() -> Result<BTreeMap<Language, Catalogue>, LibraryFault> {
    let parsed = languages().into_iter().map(|language| {
        let text = catalogue(&language).unwrap_or_default();
        match Catalogue::parse(&text) {
            Ok(catalogue) => Ok((language, catalogue)),
            Err(faults) => Err(LibraryFault::Catalogue { language, faults }),
        }
    });
    parsed.collect()
}

/// The text of a catalogue.
pub(super) fn catalogue(language: &Language) -> Option<Cow<'static, str>> {
    let file = Prompts::get(&format!("{}/catalogue.toml", language.as_str()))?;
    match file.data {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// The file of one clip.
pub(super) fn clip(language: &Language, clip: &str) -> Option<ClipFile> {
    let path = format!("{}/clips/{clip}.flac", language.as_str());
    let file = Prompts::get(&path)?;
    Some(ClipFile {
        path: PathBuf::from(format!("(built in) {path}")),
        hash: file.metadata.sha256_hash(),
        bytes: file.data,
    })
}
