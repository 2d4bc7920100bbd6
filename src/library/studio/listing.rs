//! What there is: sets, versions, clips, and what differs between two versions.

use super::view::{Effective, Found, View};
use super::{
    ClipDetail, Difference, SetSummary, Source, Studio, StudioFault, VersionDetail, VersionSummary,
};
use crate::prompt::{ClipId, SetId, VersionId};
use std::collections::BTreeSet;
use std::time::Duration;

impl Studio {
    pub(super) fn summary(&self, view: &View<'_>, set: SetId) -> Result<SetSummary, StudioFault> {
        let active = view.state.active(&set);
        let mut versions: Vec<VersionSummary> = Vec::new();
        for version in self.store.versions(&set)?.into_iter().rev() {
            match view.manifest(&set, version) {
                Ok(manifest) => versions.push(manifest.summary(active)),
                // One damaged version hides no other; it can still be removed.
                Err(fault) => tracing::error!(%set, %version, %fault, "a version is not listed"),
            }
        }
        Ok(SetSummary {
            built_in: set.tenant.is_none() && self.built_in.contains_key(&set.language),
            active,
            before: view.state.before(&set),
            versions,
            set,
        })
    }

    pub(super) fn detail(
        &self,
        set: &SetId,
        version: VersionId,
    ) -> Result<VersionDetail, StudioFault> {
        let view = self.view()?;
        let effective = view.effective(set, version)?;
        let summary = match version {
            VersionId(0) => None,
            version => {
                let manifest = view.manifest(set, version)?;
                Some(manifest.summary(view.state.active(set)))
            }
        };
        Ok(VersionDetail {
            set: set.clone(),
            summary,
            clips: clips(&effective),
        })
    }
}

/// Every clip with its number.
fn clips(version: &Effective<'_>) -> Vec<ClipDetail> {
    let numbered = (1..).zip(version.all_clips());
    let detail = |(number, clip): (u32, ClipId)| {
        let found = version.found(&clip);
        ClipDetail {
            number,
            text: version.text(&clip).unwrap_or_default().to_owned(),
            source: version.source(found.as_ref()),
            length: found.map_or(Duration::ZERO, |found| found.length()),
            clip,
        }
    };
    numbered.map(detail).collect()
}

/// What a caller hears differently, by clip.
pub(super) fn differences(from: &Effective<'_>, to: &Effective<'_>) -> Vec<Difference> {
    let clips: BTreeSet<ClipId> = from.all_clips().into_iter().chain(to.all_clips()).collect();
    let difference = |clip: ClipId| difference(from, to, clip);
    clips.into_iter().filter_map(difference).collect()
}

fn difference(from: &Effective<'_>, to: &Effective<'_>, clip: ClipId) -> Option<Difference> {
    let (before, after) = (from.found(&clip), to.found(&clip));
    let sound = before.as_ref().map(Found::hash) != after.as_ref().map(Found::hash);
    let texts = (from.text(&clip), to.text(&clip));
    if !sound && texts.0 == texts.1 {
        return None;
    }
    let told = |text: Option<&str>| text.filter(|_| texts.0 != texts.1).map(str::to_owned);
    let source_before: Source = from.source(before.as_ref());
    Some(Difference {
        text_before: told(texts.0),
        text_after: told(texts.1),
        sound,
        source_before,
        source_after: to.source(after.as_ref()),
        clip,
    })
}
