//! What a library is made of: the layers of every set in use, shared between snapshots.
//!
//! Laws: the same clip is in memory once, whoever uses it; a version that cannot be read is told
//! and left out; what was read belongs to one state of the store, also while another program
//! changes it.

use super::layers::{self, Layer};
use super::store::{Hash, Manifest, RealDisk, State, Store};
use super::studio::StudioFault;
use super::{LibraryFault, Unused, cache, embedded, sound, tones};
use crate::audio::WireAudio;
use crate::base::Language;
use crate::prompt::{Catalogue, ClipId, Grammar, SetId, VersionId};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

/// How often a store is read again that changes while it is read.
const TRIES: usize = 5;

/// The clips and texts of one layer.
pub(super) struct Shelf {
    grammar: Option<Grammar>,
    texts: BTreeMap<ClipId, String>,
    clips: HashMap<ClipId, Clip>,
}

/// One clip; its hash is that of its file.
struct Clip {
    hash: Option<Hash>,
    audio: WireAudio,
}

/// One set, ready to play: its layers, the topmost first.
pub(super) struct Set {
    grammar: Grammar,
    shelves: Vec<Arc<Shelf>>,
}

impl Set {
    /// How values are said.
    pub(super) fn grammar(&self) -> Grammar {
        self.grammar
    }

    /// The sound of a clip.
    pub(super) fn clip(&self, clip: &ClipId) -> Option<&WireAudio> {
        let found = self.shelves.iter().find_map(|shelf| shelf.clips.get(clip));
        found.map(|clip| &clip.audio)
    }

    /// The text of a clip.
    pub(super) fn text(&self, clip: &ClipId) -> Option<&str> {
        let text = self.shelves.iter().find_map(|shelf| shelf.texts.get(clip));
        text.map(String::as_str)
    }

    /// `None` where no layer says how values are said.
    fn of(shelves: Vec<Arc<Shelf>>) -> Option<Set> {
        let grammar = shelves.iter().find_map(|shelf| shelf.grammar)?;
        Some(Set { grammar, shelves })
    }
}

impl Shelf {
    pub(super) fn of(catalogue: &Catalogue, clips: HashMap<ClipId, WireAudio>) -> Shelf {
        let texts = catalogue.clips();
        let clips = clips.into_iter();
        Shelf {
            grammar: Some(catalogue.grammar()),
            texts: texts.map(|c| (c.id.clone(), c.text.to_owned())).collect(),
            clips: clips
                .map(|(id, audio)| (id, Clip { hash: None, audio }))
                .collect(),
        }
    }
}

/// What is in memory and may be used again.
#[derive(Clone, Default)]
pub(super) struct Stock {
    built_in: BTreeMap<Language, Arc<Shelf>>,
    /// With the manifest each was read by, so that another version is never taken for it.
    versions: BTreeMap<(SetId, VersionId), (Arc<Manifest>, Arc<Shelf>)>,
    /// What is compiled in and cannot be used.
    unused: Vec<Unused>,
}

/// What is in use now.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) sets: BTreeMap<SetId, Set>,
    pub(super) serial: u64,
    pub(super) unused: Vec<Unused>,
}

impl Stock {
    /// What is compiled in.
    pub(super) fn load(cache: Option<&Path>, with_tones: bool) -> Result<Stock, LibraryFault> {
        let catalogues = embedded::catalogues()?;
        let files = catalogues.iter().flat_map(|(language, catalogue)| {
            let clips = catalogue.clips().map(|clip| clip.id.clone());
            clips.filter_map(|clip| {
                let file = embedded::clip(language, clip.as_str())?;
                Some(((language.clone(), clip), file))
            })
        });
        let (mut clips, unused) = cache::load_or_make(cache, files.collect());
        let shelves = catalogues.into_iter().map(|(language, catalogue)| {
            let clips = clips.remove(language.as_str()).unwrap_or_default();
            (language, Arc::new(Shelf::of(&catalogue, clips)))
        });
        let mut stock = if with_tones {
            Stock::tones()
        } else {
            Stock::default()
        };
        stock.built_in.extend(shelves);
        stock.unused = unused;
        Ok(stock)
    }

    /// No language but `tones`.
    pub(super) fn tones() -> Stock {
        let tones = Language::parse(tones::LANGUAGE).into_iter();
        Stock {
            built_in: tones
                .map(|language| (language, Arc::new(tones::shelf())))
                .collect(),
            ..Stock::default()
        }
    }

    /// Reads what is in use, keeping what is the same and forgetting the rest.
    pub(super) fn fill(&mut self, store: Option<&Path>) -> Loaded {
        let store = store.map(|root| Store::at(RealDisk, root));
        let mut tries = 1..=TRIES;
        loop {
            let mut filling = Filling::new(self, store.as_ref());
            let loaded = filling.load();
            let versions = filling.versions;
            // A version that was removed meanwhile may have been missed.
            let now = store.as_ref().map(Store::state);
            let same = !matches!(now, Some(Ok(state)) if state.serial != loaded.serial);
            if same || tries.next().is_none() {
                self.versions = versions;
                return loaded;
            }
        }
    }
}

/// One reading of the store.
struct Filling<'a> {
    old: &'a Stock,
    store: Option<&'a Store>,
    /// Every clip of the old versions, by the hash of its file.
    known: HashMap<Hash, &'a WireAudio>,
    versions: BTreeMap<(SetId, VersionId), (Arc<Manifest>, Arc<Shelf>)>,
    unused: Vec<Unused>,
}

impl<'a> Filling<'a> {
    fn new(old: &'a Stock, store: Option<&'a Store>) -> Filling<'a> {
        let shelves = old.versions.values().map(|(_, shelf)| shelf);
        let clips = shelves.flat_map(|shelf| shelf.clips.values());
        let known = clips.filter_map(|clip| Some((clip.hash?, &clip.audio)));
        Filling {
            old,
            store,
            known: known.collect(),
            versions: BTreeMap::new(),
            unused: old.unused.clone(),
        }
    }

    fn load(&mut self) -> Loaded {
        let state = self.state();
        for (set, version) in state.in_use() {
            if let Some(store) = self.store
                && let Err(fault) = self.read(store, set, version)
            {
                self.leave_out(&store.folder(set, version), &fault);
            }
        }
        let built_in = self.old.built_in.keys().cloned().map(SetId::of);
        let all = built_in.chain(state.in_use().map(|(set, _)| set.clone()));
        let sets = all.filter_map(|set| Some((set.clone(), self.set(&state, &set)?)));
        let sets = sets.collect();
        Loaded {
            sets,
            serial: state.serial,
            unused: std::mem::take(&mut self.unused),
        }
    }

    fn state(&mut self) -> State {
        let Some(store) = self.store else {
            return State::default();
        };
        store.state().unwrap_or_else(|fault| {
            self.leave_out(store.root(), &fault);
            State::default()
        })
    }

    /// Puts the layers of a set on top of each other.
    fn set(&self, state: &State, set: &SetId) -> Option<Set> {
        let mut read = |set: &SetId, version| {
            let found = self.versions.get(&(set.clone(), version));
            Ok::<_, std::convert::Infallible>(found.map(|(manifest, _)| Arc::clone(manifest)))
        };
        let built_in = |language: &Language| self.old.built_in.contains_key(language);
        let top = (set, state.active(set));
        let Ok(found) = layers::layers(top, state, &built_in, &mut read);
        if let Some(at) = found.circle {
            tracing::error!(%set, %at, "a prompt set builds on itself");
        }
        let shelves = found.found.iter().filter_map(|layer| match layer {
            Layer::Version(set, manifest) => {
                let (_, shelf) = self.versions.get(&(set.clone(), manifest.version))?;
                Some(Arc::clone(shelf))
            }
            Layer::BuiltIn(language) => self.old.built_in.get(language).cloned(),
        });
        Set::of(shelves.collect())
    }

    /// Reads one version, or takes it from what is in memory.
    fn read(&mut self, store: &Store, set: &SetId, version: VersionId) -> Result<(), StudioFault> {
        let manifest = Arc::new(store.manifest(set, version)?);
        let at = (set.clone(), version);
        let old = self.old.versions.get(&at);
        // One that lacks clips is read again, so that this is told again.
        let whole = |shelf: &Shelf| shelf.clips.len() == manifest.clips.len();
        let old = old.filter(|(old, shelf)| *old == manifest && whole(shelf));
        let shelf = match old {
            Some((_, shelf)) => Arc::clone(shelf),
            None => Arc::new(self.shelf(store, set, &manifest)),
        };
        self.versions.insert(at, (manifest, shelf));
        Ok(())
    }

    fn shelf(&mut self, store: &Store, set: &SetId, manifest: &Manifest) -> Shelf {
        let known = manifest.clips.iter().filter_map(|(id, clip)| {
            let audio = *self.known.get(&clip.hash)?;
            Some((id.clone(), audio.clone()))
        });
        let mut audio: HashMap<ClipId, WireAudio> = known.collect();
        if audio.len() < manifest.clips.len() {
            let mut read = store.wire(set, manifest).unwrap_or_else(|| {
                tracing::warn!(%set, version = %manifest.version, "prompts are decoded anew");
                self.decode(store, set, manifest)
            });
            read.extend(audio);
            audio = read;
        }
        let clips = manifest.clips.iter().filter_map(|(id, clip)| {
            let (hash, audio) = (Some(clip.hash), audio.remove(id)?);
            Some((id.clone(), Clip { hash, audio }))
        });
        Shelf {
            grammar: manifest.grammar,
            texts: manifest.texts.clone(),
            clips: clips.collect(),
        }
    }

    /// The clips of a version from their files.
    fn decode(
        &mut self,
        store: &Store,
        set: &SetId,
        manifest: &Manifest,
    ) -> HashMap<ClipId, WireAudio> {
        let mut files = Vec::new();
        for (id, clip) in &manifest.clips {
            match store.clip(set, manifest.version, (id, clip)) {
                Ok(file) => files.push((id.clone(), file)),
                Err(fault) => self.leave_out(&store.folder(set, manifest.version), &fault),
            }
        }
        let (encoded, unused) = sound::encode(files);
        self.unused.extend(unused);
        encoded.into_iter().collect()
    }

    fn leave_out(&mut self, path: &Path, fault: &StudioFault) {
        tracing::error!(path = %path.display(), %fault, "prompts of an operator are not used");
        let (path, why) = (path.to_owned(), fault.to_string());
        self.unused.push(Unused { path, why });
    }
}
