//! The prompt library: clips of every installed language, decoded and encoded for the wire.
//!
//! In: the prompt sets compiled into the program, an operator's folder laid over them clip by
//! clip, a cache file. Out: play lists for phrases.
//! Laws: a phrase is always heard, in the language asked for, else in another, else with a tone
//! where a clip is missing; a missing clip is logged once; after loading, nothing here waits.
//!
//! The operator's folder has the layout of `prompts/`: `<language>/catalogue.toml` and
//! `<language>/clips/<clip>.flac` or `.wav`, each of them optional, save that a new language
//! needs its catalogue.

mod cache;
#[allow(dead_code)]
mod compile;
mod embedded;
#[allow(dead_code)]
mod intake;
mod sources;
pub mod studio;
#[cfg(test)]
mod tests;
pub mod tones;

use crate::audio::{WIRE_RATE, WireAudio, tone};
use crate::media::PlayItem;
use crate::prompt::{Catalogue, ClipId, Fault, Phrase, Piece, pause_between, render};
use crate::subscriber::Language;
use sources::Sources;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The longest clip, in playing time.
pub const MAX_CLIP: Duration = Duration::from_mins(2);

/// Where prompts come from besides the program itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// An operator's folder of prompt sets; what is in it goes before what is compiled in.
    pub folder: Option<PathBuf>,
    /// A file to keep the encoded clips in, so that the next start need not decode them. It is
    /// written anew whenever it does not fit; losing it costs a slower start.
    pub cache: Option<PathBuf>,
    /// Whether there is the language `tones`, in which every clip is a known pair of tones.
    pub tones: bool,
}

/// Why no library can be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LibraryFault {
    /// The operator's folder, or something in it, cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A catalogue has faults.
    #[error("the catalogue of the prompt set {} has faults: {}", language.as_str(), sentences(faults))]
    Catalogue {
        /// The prompt set.
        language: Language,
        /// All its faults, by line.
        faults: Vec<Fault>,
    },
}

/// A file or folder of the operator's that is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not used: {why}", path.display())]
pub struct Unused {
    /// Where it is.
    pub path: PathBuf,
    /// Why, as a clause.
    pub why: String,
}

/// One language, ready to play.
struct Set {
    catalogue: Catalogue,
    clips: HashMap<ClipId, WireAudio>,
}

/// The clips of every installed language.
pub struct Library {
    sets: BTreeMap<Language, Set>,
    unused: Vec<Unused>,
    beep: WireAudio,
    stand_in: WireAudio,
    /// What has been logged as missing: a clip of a language, or all of a language.
    told: Mutex<HashSet<(Language, Option<ClipId>)>>,
}

impl Library {
    /// Loads every prompt set. A clip of the operator's that cannot be used is listed in
    /// [`Library::unused`], and the one compiled in is played; a catalogue with faults and a
    /// folder that cannot be read are errors.
    pub fn load(config: &Config) -> Result<Library, LibraryFault> {
        let begin = Instant::now();
        let mut sources = Sources::gather(config.folder.as_deref())?;
        let mut clips = match config.cache.as_deref() {
            Some(path) => cache::load_or_make(path, &mut sources),
            None => sources.encode(),
        };
        let sets = sources.sets.into_iter().map(|(language, source)| {
            let clips = clips.remove(&language).unwrap_or_default();
            (
                language,
                Set {
                    catalogue: source.catalogue,
                    clips,
                },
            )
        });
        let mut library = Library::of(sets.collect(), sources.unused);
        if config.tones {
            library.add_tones();
        }
        let clips: usize = library.sets.values().map(|set| set.clips.len()).sum();
        let languages = library.sets.len();
        let ms = begin.elapsed().as_millis() as u64;
        tracing::info!(languages, clips, ms, "prompts are loaded");
        Ok(library)
    }

    /// A library with no language but `tones`; see [`tones`].
    pub fn tones() -> Library {
        let mut library = Library::of(BTreeMap::new(), Vec::new());
        library.add_tones();
        library
    }

    /// The installed languages, by name.
    pub fn languages(&self) -> impl Iterator<Item = &Language> {
        self.sets.keys()
    }

    /// The texts and the grammar of a language.
    pub fn catalogue(&self, language: &Language) -> Option<&Catalogue> {
        self.sets.get(language).map(|set| &set.catalogue)
    }

    /// Every clip that has a text and no sound.
    pub fn missing(&self) -> Vec<(Language, ClipId)> {
        let missing_of = |(language, set): (&Language, &Set)| {
            let clips = set.catalogue.clips().map(|clip| clip.id.clone());
            let missing = clips.filter(|id| !set.clips.contains_key(id));
            missing.map(|id| (language.clone(), id)).collect::<Vec<_>>()
        };
        self.sets.iter().flat_map(missing_of).collect()
    }

    /// What the operator's folder holds in vain.
    pub fn unused(&self) -> &[Unused] {
        &self.unused
    }

    /// The play list for these phrases, in the first of these languages that can say them; after
    /// them every other installed language is tried. Phrases are parted by pauses where a
    /// sentence ends.
    pub fn say(&self, phrases: &[Phrase], languages: &[Language]) -> Vec<PlayItem> {
        let chain = self.chain(languages);
        let mut items = Vec::new();
        let mut before: Option<&str> = None;
        for phrase in phrases {
            let (set, pieces) = self.rendered(phrase, &chain);
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

    fn of(sets: BTreeMap<Language, Set>, unused: Vec<Unused>) -> Library {
        let stand_in = tone::sine(620.0, -15.0, Duration::from_millis(250), WIRE_RATE);
        Library {
            sets,
            unused,
            beep: WireAudio::from_samples(&tone::beep(WIRE_RATE).samples),
            stand_in: WireAudio::from_samples(&stand_in.samples),
            told: Mutex::default(),
        }
    }

    fn add_tones(&mut self) {
        let language = Language::parse(tones::LANGUAGE);
        self.sets
            .extend(language.map(|language| (language, tones::set())));
    }

    /// The sets to try, in order.
    fn chain<'a>(&'a self, languages: &'a [Language]) -> Vec<(&'a Language, &'a Set)> {
        for language in languages.iter().filter(|l| !self.sets.contains_key(l)) {
            self.tell(language, None);
        }
        let asked = languages.iter().filter_map(|l| self.sets.get_key_value(l));
        let others = self.sets.iter().filter(|(l, _)| !languages.contains(l));
        asked.chain(others).collect()
    }

    /// The pieces of a phrase in the first language that has all its clips; where none has, in
    /// the first language of all.
    fn rendered<'a>(
        &self,
        phrase: &Phrase,
        chain: &[(&Language, &'a Set)],
    ) -> (Option<&'a Set>, Vec<Piece>) {
        for (language, set) in chain {
            let pieces = render(set.catalogue.grammar(), phrase);
            let missing = pieces.iter().filter_map(|piece| match piece {
                Piece::Clip(id) if !set.clips.contains_key(id) => Some(id),
                Piece::Clip(_) | Piece::Beep | Piece::Pause(_) => None,
            });
            if missing.map(|id| self.tell(language, Some(id))).count() == 0 {
                return (Some(set), pieces);
            }
        }
        let first = chain.first().map(|(_, set)| *set);
        let grammar = first.map_or(crate::prompt::Grammar::English, |set| {
            set.catalogue.grammar()
        });
        (first, render(grammar, phrase))
    }

    fn item(&self, set: Option<&Set>, piece: Piece) -> PlayItem {
        match piece {
            Piece::Clip(id) => {
                let clip = set.and_then(|set| set.clips.get(&id));
                PlayItem::Audio(clip.unwrap_or(&self.stand_in).clone())
            }
            Piece::Beep => PlayItem::Audio(self.beep.clone()),
            Piece::Pause(span) => PlayItem::Silence(span),
        }
    }

    /// Logs, once, that a clip or a whole language is missing.
    fn tell(&self, language: &Language, clip: Option<&ClipId>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert((language.clone(), clip.cloned())) {
            let language = language.as_str();
            if let Some(clip) = clip {
                tracing::error!(language, %clip, "a prompt is missing");
            } else {
                tracing::error!(language, "a language is not installed");
            }
        }
    }
}

/// The texts of the first and the last piece, where those are clips.
fn ends<'a>(set: &'a Set, pieces: &[Piece]) -> (Option<&'a str>, Option<&'a str>) {
    let text = |piece: Option<&Piece>| match piece {
        Some(Piece::Clip(id)) => set.catalogue.text(id),
        Some(Piece::Beep | Piece::Pause(_)) | None => None,
    };
    (text(pieces.first()), text(pieces.last()))
}

fn sentences(faults: &[Fault]) -> String {
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    faults.join("; ")
}
