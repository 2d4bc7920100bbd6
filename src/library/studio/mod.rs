//! The studio: how an operator's prompt sets come in, are tried out and put to use.
//!
//! In: folders, archives and single recordings; orders by command line, web page and telephone.
//! Out: versions on disk, reports, sound to hear. Laws: a version is whole or not there; only a
//! version without faults is ever activated; what is in use is never removed, and no set in use
//! ever loses a clip by a change of another; every change is on disk, synced, before it is
//! confirmed; two programs may work on one store at a time, and one that would wait for long says
//! so.

mod hearing;
mod listing;
mod staging;
mod switching;
#[cfg(test)]
mod tests;
mod view;
mod vocabulary;

pub use vocabulary::{
    ClipDetail, Difference, Example, Material, Origin, Progress, SetSummary, Source, StudioConfig,
    StudioFault, Upload, VersionDetail, VersionSummary,
};

use super::LibraryFault;
use super::embedded;
use super::store::{PATIENCE, RealDisk, State, Store, Writer};
use crate::audio::Pcm;
use crate::decoder::Decoder;
use crate::flow::sentences;
use crate::prompt::{ClipId, Grammar, Part, Phrase, Place, Report, SetId, VersionId, needs};
use staging::{Order, Supply};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use view::{BuiltIn, View};

/// The prompt sets of one store. It keeps nothing in memory that is on disk, so that several
/// programs may work on one store.
#[derive(Debug)]
pub struct Studio {
    store: Store,
    built_in: BuiltIn,
    decoder: Decoder,
    places: Vec<Place>,
    needed: Mutex<NeededClips>,
}

/// The clips that callers can need, by grammar, each found once.
type NeededClips = HashMap<Grammar, BTreeSet<ClipId>>;

impl Studio {
    /// Opens the store, made when needed.
    pub fn open(config: StudioConfig) -> Result<Studio, StudioFault> {
        let built_in =
            embedded::catalogues().map_err(|LibraryFault::Catalogue { language, faults }| {
                StudioFault::Damaged {
                    path: format!("(built in) {language}/catalogue.toml").into(),
                    why: format!("it has {} faults", faults.len()),
                }
            })?;
        let store = Store::open(RealDisk, &config.store)?;
        Ok(Studio {
            store,
            built_in,
            decoder: config.decoder,
            places: sentences(&config.menus),
            needed: Mutex::default(),
        })
    }

    /// Every set, those compiled in included, by name.
    pub fn sets(&self) -> Result<Vec<SetSummary>, StudioFault> {
        let view = self.view()?;
        let sets = view.sets()?.into_iter();
        sets.map(|set| self.summary(&view, set)).collect()
    }

    /// One version with all its clips; version 0 is what is below all versions.
    pub fn version(&self, set: &SetId, version: VersionId) -> Result<VersionDetail, StudioFault> {
        self.detail(set, version)
    }

    /// What compiling this version found. There is none for version 0, which is not compiled here.
    pub fn report(&self, set: &SetId, version: VersionId) -> Result<Report, StudioFault> {
        if !self.view()?.knows(set)? {
            return Err(StudioFault::NoSet(set.clone()));
        }
        self.store.report(set, version)
    }

    /// Compiles an upload and stages it as a new version, also one with faults: its report tells.
    /// An upload that cannot be read at all leaves nothing behind.
    pub fn stage(
        &self,
        upload: &Upload,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Report, StudioFault> {
        self.make(&Order::of(upload), progress)
    }

    /// Puts a recording in the place of one clip of the version in use, at once: the new version is
    /// staged and activated in one step. A recording with faults changes nothing: its report has no
    /// version and tells why.
    pub fn replace_clip(
        &self,
        set: &SetId,
        clip: &ClipId,
        file: Vec<u8>,
        note: &str,
    ) -> Result<Report, StudioFault> {
        let material = Material::Clip {
            clip: clip.clone(),
            name: format!("{clip}.wav"),
            file,
        };
        self.change(set, Supply::Upload(&material), note)
    }

    /// Drops an own clip of the version in use, at once, so that its parent's is heard again.
    /// [`StudioFault::NoClip`] where it has none of its own; where nobody else has one either,
    /// nothing changes: the report has no version and tells so.
    pub fn drop_clip(&self, set: &SetId, clip: &ClipId, note: &str) -> Result<Report, StudioFault> {
        self.change(set, Supply::Without(clip), note)
    }

    /// Puts a version to use. Version 0 puts to use what is below all versions.
    pub fn activate(&self, set: &SetId, version: VersionId) -> Result<(), StudioFault> {
        self.put_to_use(&mut self.writer()?, set, version)
    }

    /// Puts the version that was in use before to use; which one.
    pub fn roll_back(&self, set: &SetId) -> Result<VersionId, StudioFault> {
        self.go_back(set)
    }

    /// Removes a version that is not in use.
    pub fn remove(&self, set: &SetId, version: VersionId) -> Result<(), StudioFault> {
        self.take_away(set, version)
    }

    /// What differs between two versions as callers hear them, by clip.
    pub fn differences(
        &self,
        set: &SetId,
        from: VersionId,
        to: VersionId,
    ) -> Result<Vec<Difference>, StudioFault> {
        let view = self.view()?;
        let (from, to) = (view.effective(set, from)?, view.effective(set, to)?);
        Ok(listing::differences(&from, &to))
    }

    /// The sound of one clip of a version, its parent's where it has none itself; 16 kHz.
    pub fn clip(&self, set: &SetId, version: VersionId, clip: &ClipId) -> Result<Pcm, StudioFault> {
        self.clip_of(&self.view()?.effective(set, version)?, clip)
    }

    /// These phrases as a caller would hear them from a version; 16 kHz.
    pub fn say(
        &self,
        set: &SetId,
        version: VersionId,
        phrases: &[Phrase],
    ) -> Result<Pcm, StudioFault> {
        let view = self.view()?;
        self.said(&view.effective(set, version)?, &view, phrases)
    }

    /// Example sentences for every menu and announcement, in the texts of this version.
    pub fn examples(&self, set: &SetId, version: VersionId) -> Result<Vec<Example>, StudioFault> {
        let view = self.view()?;
        hearing::examples(&self.places, &view.effective(set, version)?, &view)
    }

    fn change(&self, set: &SetId, source: Supply<'_>, note: &str) -> Result<Report, StudioFault> {
        let order = Order {
            set,
            source,
            add: true,
            parent: None,
            note,
            at_once: true,
        };
        self.make(&order, &mut |_| ())
    }

    /// The clips that callers can need of a set of this grammar.
    fn needed(&self, grammar: Grammar) -> BTreeSet<ClipId> {
        let sentences = self.places.iter().flat_map(|place| &place.sentences);
        let find = || {
            // The same parts come again and again.
            let parts: HashSet<&Part> = sentences.flatten().collect();
            let needs = parts.into_iter().map(|part| needs(grammar, part));
            needs.flatten().collect()
        };
        let mut needed = self.needed.lock().unwrap_or_else(PoisonError::into_inner);
        needed.entry(grammar).or_insert_with(find).clone()
    }

    /// The store as it is now.
    fn view(&self) -> Result<View<'_>, StudioFault> {
        Ok(self.view_of(self.store.state()?))
    }

    fn view_of(&self, state: State) -> View<'_> {
        View::of(&self.store, &self.built_in, state)
    }

    fn writer(&self) -> Result<Writer<'_, RealDisk>, StudioFault> {
        self.store.writer(PATIENCE)
    }
}
