//! The prompt library: the clips of every set in use, decoded and encoded for the wire.
//!
//! In: the prompt sets compiled into the program, the versions in use of a store laid over them,
//! a cache file. Out: play lists for phrases.
//! Laws: a phrase is always heard, in the language asked for, else in another, else with a tone
//! where a clip is missing; a missing clip is logged once; a damaged version is told and what is
//! below it is heard; after loading, nothing here waits.
//!
//! A library is a snapshot: it never changes. [`reload`] makes the next one, which shares all clips
//! that are the same, and calls keep the one they began with. [`studio`] is how sets come in.

mod cache;
mod check;
mod compile;
mod embedded;
pub mod intake;
mod layers;
mod pack;
mod snapshot;
mod sound;
mod store;
pub mod studio;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod tones;

pub use check::check_built_in;

use crate::audio::{WIRE_RATE, WireAudio, tone};
use crate::base::RecordingId;
use crate::media::PlayItem;
use crate::prompt::{ClipId, Fault, Grammar, Phrase, Piece, SetId, Voice, pause_between, render};
use crate::subscriber::Language;
use snapshot::{Set, Stock};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::{RealDisk, Store};

/// The longest clip, in playing time.
pub const MAX_CLIP: Duration = Duration::from_mins(2);

/// Where prompts come from besides the program itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The store of the versions an operator imported. One that is not there is an empty one.
    pub store: Option<PathBuf>,
    /// A file to keep the clips compiled in as they go on the wire, so that the next start need
    /// not decode them. It is written anew whenever it does not fit; losing it costs a slower
    /// start.
    pub cache: Option<PathBuf>,
    /// Whether there is the language `tones`, in which every clip is a known pair of tones.
    pub tones: bool,
}

/// Why no library can be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LibraryFault {
    /// A catalogue that is compiled in has faults.
    #[error(
        "the catalogue of the prompt set {language} has faults: {}",
        sentences(faults)
    )]
    Catalogue {
        /// The prompt set.
        language: Language,
        /// All its faults, by line.
        faults: Vec<Fault>,
    },
}

/// A file that should be used and is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not used: {why}", path.display())]
pub struct Unused {
    /// Where it is.
    pub path: PathBuf,
    /// Why, as a clause.
    pub why: String,
}

/// The clips of every set in use.
pub struct Library {
    sets: BTreeMap<SetId, Set>,
    stock: Stock,
    serial: u64,
    unused: Vec<Unused>,
    beep: WireAudio,
    stand_in: WireAudio,
    /// What has been logged as missing: a clip of a set, or all of it.
    told: Mutex<HashSet<(SetId, Option<ClipId>)>>,
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Library({} sets, serial {})",
            self.sets.len(),
            self.serial
        )
    }
}

/// How often what is in use of a store has changed; 0 for a store that is not there. `None` where
/// it cannot be read. Cheap enough to ask twice a second.
pub fn serial_of(store: &Path) -> Option<u64> {
    let state = Store::at(RealDisk, store).state();
    state.map(|state| state.serial).ok()
}

/// The library as it is now, sharing with the old one what is the same.
pub fn reload(config: &Config, old: &Library) -> Library {
    Library::over(config, old.stock.clone())
}

impl Library {
    /// Loads what is compiled in and what is in use. A version or clip that cannot be used is
    /// listed in [`Library::unused`], and what is below it is played.
    pub fn load(config: &Config) -> Result<Library, LibraryFault> {
        let stock = Stock::load(config.cache.as_deref(), config.tones)?;
        Ok(Library::over(config, stock))
    }

    /// A library with no language but `tones`; see [`tones`].
    pub fn tones() -> Library {
        Library::over(&Config::default(), Stock::tones())
    }

    /// How values are said in a set; a tenant without a set of its own has everybody's.
    pub fn grammar(&self, set: &SetId) -> Option<Grammar> {
        let everybodys = || self.sets.get(&SetId::of(set.language.clone()));
        self.sets.get(set).or_else(everybodys).map(Set::grammar)
    }

    /// The installed languages, by name.
    pub fn languages(&self) -> impl Iterator<Item = &Language> {
        let everybodys = self.sets.keys().filter(|set| set.tenant.is_none());
        everybodys.map(|set| &set.language)
    }

    /// Every clip that a set in use can need and has no sound of.
    pub fn missing(&self) -> Vec<(SetId, ClipId)> {
        let missing_of = |(id, set): (&SetId, &Set)| {
            let clips = set.grammar().all_clips().into_iter();
            let missing = clips.filter(|clip| set.clip(clip).is_none());
            missing.map(|clip| (id.clone(), clip)).collect::<Vec<_>>()
        };
        self.sets.iter().flat_map(missing_of).collect()
    }

    /// What should be used and cannot.
    pub fn unused(&self) -> &[Unused] {
        &self.unused
    }

    /// How often what is in use had changed when this was loaded; see [`serial_of`].
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// The play list for these phrases, each in the first language of the voice that can say it,
    /// the tenant's clips before everybody's; after them every other installed language is tried.
    /// Phrases are parted by pauses where a sentence ends.
    pub fn say(&self, phrases: &[Phrase], voice: &Voice) -> Vec<PlayItem> {
        self.say_with(phrases, voice, &[])
    }

    /// The same, with what subscribers recorded as far as it is at hand.
    pub fn say_with(
        &self,
        phrases: &[Phrase],
        voice: &Voice,
        recordings: &[(RecordingId, WireAudio)],
    ) -> Vec<PlayItem> {
        let chain = self.chain(voice);
        let mut items = Vec::new();
        let mut before: Option<&str> = None;
        for phrase in with_instead(phrases, recordings) {
            if let Phrase::Recorded(id, _) = phrase {
                before = None;
                let recorded = recordings.iter().filter(|(other, _)| other == id);
                items.extend(recorded.map(|(_, sound)| PlayItem::Audio(sound.clone())));
                continue;
            }
            let (set, pieces) = self.rendered(phrase, voice, &chain);
            let (first, last) = set.map_or((None, None), |set| ends(set, &pieces));
            if let (Some(before), Some(after)) = (before, first)
                && let Some(pause) = pause_between(before, after)
            {
                items.push(PlayItem::Silence(pause));
            }
            before = last;
            items.extend(pieces.into_iter().map(|piece| self.item(set, piece)));
        }
        items
    }

    /// The versions in use of the store over this stock.
    fn over(config: &Config, mut stock: Stock) -> Library {
        let begin = Instant::now();
        let loaded = stock.fill(config.store.as_deref());
        let stand_in = tone::sine(620.0, -15.0, Duration::from_millis(250), WIRE_RATE);
        let library = Library {
            sets: loaded.sets,
            serial: loaded.serial,
            unused: loaded.unused,
            stock,
            beep: WireAudio::from_samples(&tone::beep(WIRE_RATE).samples),
            stand_in: WireAudio::from_samples(&stand_in.samples),
            told: Mutex::default(),
        };
        let (sets, serial) = (library.sets.len(), library.serial);
        let ms = begin.elapsed().as_millis() as u64;
        tracing::info!(sets, serial, ms, "prompts are loaded");
        library
    }

    /// The sets of the voice's languages, in order.
    fn chain<'a>(&'a self, voice: &Voice) -> Vec<(&'a SetId, &'a Set)> {
        let mut chain: Vec<(&SetId, &Set)> = Vec::new();
        for language in &voice.languages {
            let before = chain.len();
            chain.extend(self.of_language(voice, language));
            if chain.len() == before {
                self.tell(&SetId::of(language.clone()), None);
            }
        }
        chain
    }

    /// The sets of all other languages. There may be thousands of tenants' sets to pass over, so
    /// this is for what the voice's own languages cannot say.
    fn others<'a>(&'a self, voice: &Voice) -> impl Iterator<Item = (&'a SetId, &'a Set)> {
        let fits = |set: &SetId| {
            (set.tenant.is_none() || set.tenant == voice.tenant)
                && !voice.languages.contains(&set.language)
        };
        let mut others: Vec<_> = self.sets.iter().filter(|(set, _)| fits(set)).collect();
        others.sort_by_key(|(set, _)| (&set.language, set.tenant.is_none()));
        others.into_iter()
    }

    /// The tenant's set of a language, then everybody's.
    fn of_language<'a>(
        &'a self,
        voice: &Voice,
        language: &Language,
    ) -> impl Iterator<Item = (&'a SetId, &'a Set)> {
        let everybodys = SetId::of(language.clone());
        let tenants = voice.tenant.clone().map(|tenant| SetId {
            tenant: Some(tenant),
            ..everybodys.clone()
        });
        let tried = tenants.into_iter().chain([everybodys]);
        tried.filter_map(|set| self.sets.get_key_value(&set))
    }

    /// The pieces of a phrase in the first set that has all its clips; where none has, in the
    /// first set of all.
    fn rendered<'a>(
        &'a self,
        phrase: &Phrase,
        voice: &Voice,
        chain: &[(&'a SetId, &'a Set)],
    ) -> (Option<&'a Set>, Vec<Piece>) {
        if let Phrase::In(language, phrase) = phrase {
            let own = self.of_language(voice, language);
            let chain: Vec<_> = own.chain(chain.iter().copied()).collect();
            return self.rendered(phrase, voice, &chain);
        }
        let able = |(id, set): (&SetId, &'a Set)| {
            let mut ways = forms(phrase).map(|form| render(set.grammar(), &form));
            let found = ways.find(|pieces| self.has_all(id, set, pieces))?;
            Some((Some(set), found))
        };
        let said = chain.iter().copied().find_map(able);
        if let Some(said) = said.or_else(|| self.others(voice).find_map(able)) {
            return said;
        }
        let first = chain.first().copied().or_else(|| self.others(voice).next());
        let first = first.map(|(_, set)| set);
        let grammar = first.map_or(Grammar::English, Set::grammar);
        (first, render(grammar, phrase))
    }

    /// Whether a set has all these clips; what it lacks is told.
    fn has_all(&self, id: &SetId, set: &Set, pieces: &[Piece]) -> bool {
        let missing = pieces.iter().filter_map(|piece| match piece {
            Piece::Clip(clip) if set.clip(clip).is_none() => Some(clip),
            Piece::Clip(_) | Piece::Beep | Piece::Pause(_) => None,
        });
        missing.map(|clip| self.tell(id, Some(clip))).count() == 0
    }

    fn item(&self, set: Option<&Set>, piece: Piece) -> PlayItem {
        match piece {
            Piece::Clip(id) => {
                let clip = set.and_then(|set| set.clip(&id));
                PlayItem::Audio(clip.unwrap_or(&self.stand_in).clone())
            }
            Piece::Beep => PlayItem::Audio(self.beep.clone()),
            Piece::Pause(span) => PlayItem::Silence(span),
        }
    }

    /// Logs, once, that a clip or a whole set is missing.
    fn tell(&self, set: &SetId, clip: Option<&ClipId>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert((set.clone(), clip.cloned())) {
            if let Some(clip) = clip {
                tracing::error!(%set, %clip, "a prompt is missing");
            } else {
                tracing::error!(%set, "a language is not installed");
            }
        }
    }
}

/// The phrases, with the words that stand in for what was recorded and is not at hand.
fn with_instead<'a>(
    phrases: &'a [Phrase],
    recordings: &[(RecordingId, WireAudio)],
) -> Vec<&'a Phrase> {
    let there = |id| recordings.iter().any(|(other, _)| *other == id);
    let mut said = Vec::new();
    for phrase in phrases {
        match phrase {
            Phrase::Recorded(id, instead) if !there(*id) => {
                said.extend(with_instead(instead, recordings));
            }
            phrase => said.push(phrase),
        }
    }
    said
}

/// The ways to say a phrase in one language: a set without the brief form of a choice says it in
/// full.
fn forms(phrase: &Phrase) -> impl Iterator<Item = Phrase> {
    let in_full = match phrase {
        Phrase::Brief(line, digit) => Some(Phrase::Choice(*line, *digit)),
        Phrase::Line(_)
        | Phrase::Choice(..)
        | Phrase::In(..)
        | Phrase::Clip(_)
        | Phrase::Recorded(..)
        | Phrase::Say(_)
        | Phrase::Beep
        | Phrase::Pause(_) => None,
    };
    iter::once(phrase.clone()).chain(in_full)
}

/// The texts of the first and the last piece, where those are clips.
fn ends<'a>(set: &'a Set, pieces: &[Piece]) -> (Option<&'a str>, Option<&'a str>) {
    let text = |piece: Option<&Piece>| match piece {
        Some(Piece::Clip(id)) => set.text(id),
        Some(Piece::Beep | Piece::Pause(_)) | None => None,
    };
    (text(pieces.first()), text(pieces.last()))
}

fn sentences(faults: &[Fault]) -> String {
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    faults.join("; ")
}
