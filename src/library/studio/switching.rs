//! What is in use: activating, going back, removing, and what other sets need meanwhile.

use super::view::{Effective, View};
use super::{Studio, StudioFault};
use crate::library::store::{RealDisk, State, Writer};
use crate::prompt::{ClipId, Grammar, SetId, VersionId};
use std::collections::BTreeSet;

impl Studio {
    /// Puts a version to use, with the lock held.
    pub(super) fn put_to_use(
        &self,
        writer: &mut Writer<'_, RealDisk>,
        set: &SetId,
        version: VersionId,
    ) -> Result<(), StudioFault> {
        let mut state = writer.state().clone();
        state.activate(set, version);
        self.switch(writer, set, state)
    }

    /// Puts what was in use before to use.
    pub(super) fn go_back(&self, set: &SetId) -> Result<VersionId, StudioFault> {
        let mut writer = self.writer()?;
        let mut state = writer.state().clone();
        let back = state.roll_back(set);
        let back = back.ok_or_else(|| StudioFault::NothingBefore(set.clone()))?;
        self.switch(&mut writer, set, state)?;
        tracing::info!(%set, version = %back, "prompts are rolled back");
        Ok(back)
    }

    pub(super) fn take_away(&self, set: &SetId, version: VersionId) -> Result<(), StudioFault> {
        let mut writer = self.writer()?;
        let versions = self.store.versions(set)?;
        if !versions.contains(&version) {
            return Err(StudioFault::NoVersion(set.clone(), version));
        }
        if writer.state().active(set) == version {
            return Err(StudioFault::InUse(set.clone(), version));
        }
        writer.remove(set, version)?;
        tracing::info!(%set, %version, "prompts are removed");
        Ok(())
    }

    /// Makes `next` what is in use, where the version of `set` and all sets that build on it allow.
    fn switch(
        &self,
        writer: &mut Writer<'_, RealDisk>,
        set: &SetId,
        next: State,
    ) -> Result<(), StudioFault> {
        let before = self.view_of(writer.state().clone());
        let after = self.view_of(next);
        let version = after.state.active(set);
        self.check(&after, set, version)?;
        self.check_dependents(&before, &after, set)?;
        writer.save(after.state)?;
        tracing::info!(%set, %version, "prompts are in use");
        Ok(())
    }

    /// A version in use has no faults and lacks nothing.
    fn check(&self, view: &View<'_>, set: &SetId, version: VersionId) -> Result<(), StudioFault> {
        if !view.knows(set)? {
            return Err(StudioFault::NoSet(set.clone()));
        }
        if version == VersionId(0) {
            return Ok(());
        }
        let manifest = view.manifest(set, version)?;
        if manifest.faults() > 0 {
            return Err(StudioFault::Faulty(set.clone(), version, manifest.faults()));
        }
        view.below(set, manifest.parent.as_ref())?;
        match self.lacking(&view.effective(set, version)?).len() {
            0 => Ok(()),
            lacking => Err(StudioFault::Lacking(set.clone(), version, lacking)),
        }
    }

    /// No set in use lacks after the change what it had before.
    fn check_dependents(
        &self,
        before: &View<'_>,
        after: &View<'_>,
        changed: &SetId,
    ) -> Result<(), StudioFault> {
        for (set, _) in before.state.in_use().filter(|(set, _)| *set != changed) {
            // What is damaged already keeps nobody from mending it.
            let Ok(old) = before.heard(set) else {
                continue;
            };
            if !old.builds_on().contains(changed) {
                continue;
            }
            let before = self.lacking(&old);
            let mut lacking = self.lacking(&after.heard(set)?);
            lacking.retain(|clip| !before.contains(clip));
            if !lacking.is_empty() {
                return Err(StudioFault::Needed(
                    changed.clone(),
                    set.clone(),
                    lacking.len(),
                ));
            }
        }
        Ok(())
    }

    /// The clips that callers can need of a version and nobody has. Where nobody says any more how
    /// values are said, those of some way to say them count.
    fn lacking(&self, version: &Effective<'_>) -> BTreeSet<ClipId> {
        let grammar = version.grammar().unwrap_or(Grammar::English);
        let mut clips = self.needed(grammar);
        clips.retain(|clip| version.grammar().is_none() || version.found(clip).is_none());
        clips
    }
}
