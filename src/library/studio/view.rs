//! One look at the store: what is in use, and what a version sounds like over what is below it.

use super::{Source, StudioFault};
use crate::base::Language;
use crate::library::embedded;
use crate::library::layers::{self, Layer, Layers};
use crate::library::sound::ClipFile;
use crate::library::store::{Clip, Manifest, State, Store};
use crate::prompt::{Catalogue, ClipId, Grammar, SetId, VersionId};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// The catalogues compiled in.
pub(super) type BuiltIn = BTreeMap<Language, Catalogue>;

/// A state of the store and what was read of it.
pub(super) struct View<'a> {
    store: &'a Store,
    built_in: &'a BuiltIn,
    pub(super) state: State,
    manifests: RefCell<BTreeMap<(SetId, VersionId), Arc<Manifest>>>,
}

impl<'a> View<'a> {
    pub(super) fn of(store: &'a Store, built_in: &'a BuiltIn, state: State) -> View<'a> {
        View {
            store,
            built_in,
            state,
            manifests: RefCell::default(),
        }
    }

    /// What a version is; it is read once.
    pub(super) fn manifest(
        &self,
        set: &SetId,
        version: VersionId,
    ) -> Result<Arc<Manifest>, StudioFault> {
        let at = (set.clone(), version);
        if let Some(manifest) = self.manifests.borrow().get(&at) {
            return Ok(Arc::clone(manifest));
        }
        let manifest = Arc::new(self.store.manifest(set, version)?);
        let read = Arc::clone(&manifest);
        self.manifests.borrow_mut().insert(at, read);
        Ok(manifest)
    }

    /// Every set there is: those compiled in and those with versions.
    pub(super) fn sets(&self) -> Result<BTreeSet<SetId>, StudioFault> {
        let built_in = self.built_in.keys().cloned().map(SetId::of);
        Ok(built_in.chain(self.store.sets()?).collect())
    }

    /// Whether there is a set: something of its own or something below it.
    pub(super) fn knows(&self, set: &SetId) -> Result<bool, StudioFault> {
        Ok(!self.below(set, None)?.layers.is_empty() || !self.store.versions(set)?.is_empty())
    }

    /// A version over what is below it.
    pub(super) fn effective(
        &self,
        set: &SetId,
        version: VersionId,
    ) -> Result<Effective<'a>, StudioFault> {
        if !self.knows(set)? {
            return Err(StudioFault::NoSet(set.clone()));
        }
        let found = self.layers((set, version))?;
        Ok(self.made_of(found, (set, version)))
    }

    /// A set as callers hear it.
    pub(super) fn heard(&self, set: &SetId) -> Result<Effective<'a>, StudioFault> {
        self.effective(set, self.state.active(set))
    }

    /// What lies below a version with this parent. A set that would build on itself is refused.
    pub(super) fn below(
        &self,
        set: &SetId,
        parent: Option<&SetId>,
    ) -> Result<Effective<'a>, StudioFault> {
        let usual = layers::usual_parent(set);
        let Some(parent) = parent.or(usual.as_ref()) else {
            let built_in = Some(set.language.clone()).filter(|l| self.built_in.contains_key(l));
            let found = Layers {
                found: built_in.map(Layer::BuiltIn).into_iter().collect(),
                ..Layers::default()
            };
            return Ok(self.made_of(found, (set, VersionId(0))));
        };
        let found = self.layers((parent, self.state.active(parent)))?;
        if found.circle.is_some() || found.asked.contains(set) {
            return Err(StudioFault::Circle(set.clone(), parent.clone()));
        }
        Ok(self.made_of(found, (set, VersionId(0))))
    }

    fn layers(&self, top: (&SetId, VersionId)) -> Result<Layers, StudioFault> {
        let built_in = |language: &Language| self.built_in.contains_key(language);
        let mut read = |set: &SetId, version| self.manifest(set, version).map(Some);
        layers::layers(top, &self.state, &built_in, &mut read)
    }

    fn made_of(&self, found: Layers, (set, version): (&SetId, VersionId)) -> Effective<'a> {
        Effective {
            set: set.clone(),
            version,
            layers: found.found,
            asked: found.asked,
            built_in: self.built_in,
        }
    }
}

/// A version over what is below it.
#[derive(Debug)]
pub(super) struct Effective<'a> {
    set: SetId,
    version: VersionId,
    layers: Vec<Layer>,
    asked: Vec<SetId>,
    built_in: &'a BuiltIn,
}

/// Where the sound of a clip is.
pub(super) enum Found<'e> {
    /// In a version.
    Version(&'e SetId, &'e Manifest, &'e Clip),
    /// In the program.
    BuiltIn(ClipFile),
}

impl Effective<'_> {
    /// Which set it is.
    pub(super) fn set(&self) -> &SetId {
        &self.set
    }

    /// The sets it builds on, whether a version of them is in use or not.
    pub(super) fn builds_on(&self) -> &[SetId] {
        &self.asked
    }

    /// How values are said; `None` where nobody says so.
    pub(super) fn grammar(&self) -> Option<Grammar> {
        self.layers.iter().find_map(|layer| match layer {
            Layer::Version(_, manifest) => manifest.grammar,
            Layer::BuiltIn(language) => self.built_in.get(language).map(Catalogue::grammar),
        })
    }

    /// The language's own name for itself.
    pub(super) fn name(&self) -> Option<&str> {
        self.layers.iter().find_map(|layer| match layer {
            Layer::Version(_, manifest) => manifest.name.as_deref(),
            Layer::BuiltIn(language) => self.built_in.get(language).map(Catalogue::name),
        })
    }

    /// What a clip says.
    pub(super) fn text(&self, clip: &ClipId) -> Option<&str> {
        self.layers.iter().find_map(|layer| match layer {
            Layer::Version(_, manifest) => manifest.texts.get(clip).map(String::as_str),
            Layer::BuiltIn(language) => self.built_in.get(language)?.text(clip),
        })
    }

    /// Every clip it can need, in the order of their numbers; none without a grammar.
    pub(super) fn all_clips(&self) -> Vec<ClipId> {
        self.grammar().map(Grammar::all_clips).unwrap_or_default()
    }

    /// The clips it can need and has the sound of.
    pub(super) fn sounding(&self) -> BTreeSet<ClipId> {
        let mut clips = self.all_clips();
        clips.retain(|clip| self.found(clip).is_some());
        clips.into_iter().collect()
    }

    /// Where the sound of a clip is.
    pub(super) fn found(&self, clip: &ClipId) -> Option<Found<'_>> {
        self.layers.iter().find_map(|layer| match layer {
            Layer::Version(set, manifest) => {
                let clip = manifest.clips.get(clip)?;
                Some(Found::Version(set, manifest, clip))
            }
            Layer::BuiltIn(language) => embedded::clip(language, clip.as_str()).map(Found::BuiltIn),
        })
    }

    /// Whose sound it is.
    pub(super) fn source(&self, found: Option<&Found<'_>>) -> Source {
        match found {
            Some(Found::Version(set, manifest, _))
                if **set == self.set && manifest.version == self.version =>
            {
                Source::Own
            }
            Some(Found::Version(set, ..)) => Source::Parent((*set).clone()),
            Some(Found::BuiltIn(_)) => Source::BuiltIn,
            None => Source::Missing,
        }
    }
}

impl Found<'_> {
    /// The SHA-256 of its file.
    pub(super) fn hash(&self) -> [u8; 32] {
        match self {
            Found::Version(_, _, clip) => clip.hash.0,
            Found::BuiltIn(file) => file.hash,
        }
    }

    /// How long it plays.
    pub(super) fn length(&self) -> Duration {
        match self {
            Found::Version(_, _, clip) => clip.length(),
            Found::BuiltIn(file) => file.length(),
        }
    }
}
