//! The prompt sets compiled in, put to the compiler like any upload.
//!
//! In: the menus an operator has. Out: a report for each language, over every sentence that can be
//! said. A set that ships is held to what is asked of an operator's.

use super::compile::{Below, Work, compile};
use super::intake::{FilePart, Gathered, SoundFile};
use super::studio::{Origin, Progress};
use super::{LibraryFault, embedded};
use crate::decoder::Decoder;
use crate::flow::{Menus, sentences};
use crate::prompt::{Catalogue, Report, SetId};
use crate::subscriber::Language;
use std::collections::BTreeSet;

/// Compiles every set compiled in, by language; the decoder takes its files as it takes an
/// operator's.
pub fn check_built_in(
    decoder: &Decoder,
    menus: &Menus,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<Report>, LibraryFault> {
    let places = sentences(menus);
    let work = Work {
        decoder,
        places: &places,
    };
    // Below what is compiled in there is nothing.
    let nothing = BTreeSet::new();
    let catalogues = embedded::catalogues()?.into_iter();
    let reports = catalogues.map(|(language, catalogue)| {
        let below = Below {
            catalogue: None,
            clips: &nothing,
            own: &nothing,
        };
        let gathered = gathered(&language, &catalogue);
        compile(&SetId::of(language), gathered, &below, &work, progress).report
    });
    Ok(reports.collect())
}

/// A set as an upload would bring it.
fn gathered(language: &Language, catalogue: &Catalogue) -> Gathered {
    let files = catalogue.clips().filter_map(|clip| {
        let file = embedded::clip(language, clip.id.as_str())?;
        let part = FilePart {
            name: file.path.display().to_string(),
            bytes: file.bytes.into_owned(),
        };
        Some(SoundFile {
            clip: clip.id.clone(),
            parts: vec![part],
        })
    });
    Gathered {
        origin: Origin::Folder(format!("(built in) {language}")),
        catalogue: embedded::catalogue(language).map(std::borrow::Cow::into_owned),
        parent: None,
        files: files.collect(),
        findings: Vec::new(),
    }
}
