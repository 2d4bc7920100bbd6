//! The studio: how an operator's prompt sets come in, are tried out and put to use.
//!
//! In: folders, archives and single recordings; orders by command line, web page and telephone.
//! Out: versions on disk, reports, sound to hear. Laws: a version is whole or not there; only a
//! version without faults is ever activated; what is in use is never removed; every change is on
//! disk, synced, before it is confirmed; two programs may work on one store at a time.

mod vocabulary;

pub use vocabulary::{
    ClipDetail, Difference, Example, Material, Origin, Progress, SetSummary, Source, StudioConfig,
    StudioFault, Upload, VersionDetail, VersionSummary,
};

use crate::audio::Pcm;
use crate::prompt::{ClipId, Phrase, Report, SetId, VersionId};

/// The prompt sets of one store.
#[derive(Debug)]
pub struct Studio {
    config: StudioConfig,
}

impl Studio {
    /// Opens the store, made when needed.
    pub fn open(config: StudioConfig) -> Result<Studio, StudioFault> {
        Ok(Studio { config })
    }

    /// Every set, those compiled in included, by name.
    pub fn sets(&self) -> Result<Vec<SetSummary>, StudioFault> {
        unimplemented!("{:?}", self.config)
    }

    /// One version with all its clips; version 0 is what is below all versions.
    pub fn version(&self, _set: &SetId, _version: VersionId) -> Result<VersionDetail, StudioFault> {
        unimplemented!()
    }

    /// What compiling this version found.
    pub fn report(&self, _set: &SetId, _version: VersionId) -> Result<Report, StudioFault> {
        unimplemented!()
    }

    /// Compiles an upload and stages it as a new version, also one with faults: its report tells.
    /// An upload that cannot be read at all leaves nothing behind.
    pub fn stage(
        &self,
        _upload: &Upload,
        _progress: &mut dyn FnMut(Progress),
    ) -> Result<Report, StudioFault> {
        unimplemented!()
    }

    /// Puts a version to use. Version 0 puts to use what is below all versions.
    pub fn activate(&self, _set: &SetId, _version: VersionId) -> Result<(), StudioFault> {
        unimplemented!()
    }

    /// Puts the version that was in use before to use; which one.
    pub fn roll_back(&self, _set: &SetId) -> Result<VersionId, StudioFault> {
        unimplemented!()
    }

    /// A new version without this clip of its own, staged and put to use.
    pub fn drop_clip(&self, _set: &SetId, _clip: &ClipId) -> Result<Report, StudioFault> {
        unimplemented!()
    }

    /// Removes a version that is not in use.
    pub fn remove(&self, _set: &SetId, _version: VersionId) -> Result<(), StudioFault> {
        unimplemented!()
    }

    /// What differs between two versions as callers hear them, by clip.
    pub fn differences(
        &self,
        _set: &SetId,
        _from: VersionId,
        _to: VersionId,
    ) -> Result<Vec<Difference>, StudioFault> {
        unimplemented!()
    }

    /// The sound of one clip of a version, its parent's where it has none itself; 16 kHz.
    pub fn clip(
        &self,
        _set: &SetId,
        _version: VersionId,
        _clip: &ClipId,
    ) -> Result<Pcm, StudioFault> {
        unimplemented!()
    }

    /// These phrases as a caller would hear them from a version; 16 kHz.
    pub fn say(
        &self,
        _set: &SetId,
        _version: VersionId,
        _phrases: &[Phrase],
    ) -> Result<Pcm, StudioFault> {
        unimplemented!()
    }

    /// Example sentences for every menu and announcement, in the texts of this version.
    pub fn examples(&self, _set: &SetId, _version: VersionId) -> Result<Vec<Example>, StudioFault> {
        unimplemented!()
    }
}
