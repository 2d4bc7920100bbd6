//! Hearing a version before callers do: clips, phrases and example sentences.

use super::view::{Effective, Found, View};
use super::{Example, Studio, StudioFault};
use crate::audio::{Pcm, tone};
use crate::library::sound::CLIP_RATE;
use crate::prompt::{ClipId, Part, Phrase, Piece, Place, SetId, pause_between, render};
use std::time::Duration;

/// What stands for a clip that nobody has.
const STAND_IN: Duration = Duration::from_millis(250);

impl Studio {
    pub(super) fn clip_of(
        &self,
        version: &Effective<'_>,
        clip: &ClipId,
    ) -> Result<Pcm, StudioFault> {
        let found = version.found(clip);
        let none = || StudioFault::NoClip(version.set().clone(), clip.to_string());
        let file = match found.ok_or_else(none)? {
            Found::Version(set, manifest, found) => {
                self.store.clip(set, manifest.version, (clip, found))?
            }
            Found::BuiltIn(file) => file,
        };
        let path = file.path.clone();
        file.decode()
            .map_err(|why| StudioFault::Damaged { path, why })
    }

    /// Phrases as a caller would hear them, a tone where a clip is missing.
    pub(super) fn said(
        &self,
        version: &Effective<'_>,
        view: &View<'_>,
        phrases: &[Phrase],
    ) -> Result<Pcm, StudioFault> {
        let mut samples = Vec::new();
        let mut before: Option<String> = None;
        for phrase in phrases {
            let (other, phrase) = speaker(version, view, phrase)?;
            let speaker = other.as_ref().unwrap_or(version);
            let pieces = pieces(speaker, phrase);
            let first = pieces.first().and_then(|piece| text(speaker, piece));
            if let (Some(before), Some(after)) = (&before, &first)
                && let Some(pause) = pause_between(before, after)
            {
                samples.extend(Pcm::silence(CLIP_RATE, pause).samples);
            }
            before = pieces.last().and_then(|piece| text(speaker, piece));
            for piece in &pieces {
                samples.extend(self.sound(speaker, piece)?.samples);
            }
        }
        let rate = CLIP_RATE;
        Ok(Pcm { rate, samples })
    }

    fn sound(&self, speaker: &Effective<'_>, piece: &Piece) -> Result<Pcm, StudioFault> {
        match piece {
            Piece::Clip(clip) => match self.clip_of(speaker, clip) {
                Err(StudioFault::NoClip(..)) => Ok(tone::sine(620.0, -15.0, STAND_IN, CLIP_RATE)),
                sound => sound,
            },
            Piece::Beep => Ok(tone::beep(CLIP_RATE)),
            Piece::Pause(span) => Ok(Pcm::silence(CLIP_RATE, *span)),
        }
    }
}

/// Who says a phrase, where that is not the version itself, and what is said.
fn speaker<'v, 'p>(
    version: &Effective<'_>,
    view: &View<'v>,
    phrase: &'p Phrase,
) -> Result<(Option<Effective<'v>>, &'p Phrase), StudioFault> {
    let Phrase::In(language, phrase) = phrase else {
        return Ok((None, phrase));
    };
    let language = language.clone();
    let own = version.set();
    let tenant = own.tenant.clone();
    let set = SetId { tenant, language };
    if set == *own || !view.knows(&set)? {
        return Ok((None, phrase));
    }
    Ok((Some(view.heard(&set)?), phrase))
}

/// The pieces of a phrase; none where nobody says how values are said.
fn pieces(speaker: &Effective<'_>, phrase: &Phrase) -> Vec<Piece> {
    let grammar = speaker.grammar();
    grammar.map_or_else(Vec::new, |grammar| render(grammar, phrase))
}

fn text(speaker: &Effective<'_>, piece: &Piece) -> Option<String> {
    match piece {
        Piece::Clip(clip) => speaker.text(clip).map(str::to_owned),
        Piece::Beep | Piece::Pause(_) => None,
    }
}

/// One example of each sentence, in the texts of a version.
pub(super) fn examples(
    places: &[Place],
    version: &Effective<'_>,
    view: &View<'_>,
) -> Result<Vec<Example>, StudioFault> {
    let mut examples = Vec::new();
    for place in places {
        for sentence in &place.sentences {
            let phrases: Vec<Phrase> = sentence.iter().map(Part::example).collect();
            examples.push(Example {
                place: place.name.to_owned(),
                text: spelt(version, view, &phrases)?,
                phrases,
            });
        }
    }
    Ok(examples)
}

/// What is heard, in words; a clip without a text is written `[clip]`, a tone `[beep]`.
fn spelt(
    version: &Effective<'_>,
    view: &View<'_>,
    phrases: &[Phrase],
) -> Result<String, StudioFault> {
    let mut words = Vec::new();
    for phrase in phrases {
        let (other, phrase) = speaker(version, view, phrase)?;
        let speaker = other.as_ref().unwrap_or(version);
        let spelt = pieces(speaker, phrase).into_iter().filter_map(|piece| {
            let named = match &piece {
                Piece::Clip(clip) => format!("[{clip}]"),
                Piece::Beep => "[beep]".to_owned(),
                Piece::Pause(_) => return None,
            };
            Some(text(speaker, &piece).unwrap_or(named))
        });
        words.extend(spelt);
    }
    Ok(words.join(" "))
}
