//! What the compiler finds, in words: how bad it is, what it is, and what to do about it.

use super::CATALOGUE;
use crate::base;
use crate::decoder::DecoderFault;
use crate::library::MAX_CLIP;
use crate::prompt::{ClipId, Fault, FaultKind, Finding, Severity};
use std::collections::BTreeSet;
use std::time::Duration;

/// A name is meant for another that so many changed letters make of it.
const TYPING_ERRORS: usize = 2;

/// The most places named in a finding.
const PLACES: usize = 3;

/// One thing that is wrong with an upload.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// The catalogue.
    #[error("{0}")]
    Catalogue(Fault),
    /// There is no catalogue at all.
    #[error("nothing says which clips this language has")]
    NoCatalogue,
    /// A file that the decoder refuses.
    #[error("{0}")]
    Undecodable(DecoderFault),
    /// The parts of a clip play too long together.
    #[error("the clip plays longer than {MAX_CLIP:?}")]
    TooLong,
    /// All clips play too long together.
    #[error("all clips together play longer than {0:?}, and this one is left out")]
    TooMuch(Duration),
    /// No sound.
    #[error("the recording is silent")]
    Silent,
    /// No sound that a telephone lets through.
    #[error(
        "nothing of the recording lies between 300 and 3,400 Hz, so that a caller hears nothing"
    )]
    OutsideBand,
    /// Many peaks are cut off.
    #[error("the recording is overdriven: {} ms of it are cut off at full scale", .0.as_millis())]
    Clipped(Duration),
    /// Some peaks are cut off.
    #[error("some peaks of the recording are cut off at full scale")]
    SomeClipped,
    /// It had to be made much louder.
    #[error("the recording is very quiet and was made {0:.0} dB louder")]
    Quiet(f64),
    /// Its peaks keep it quiet.
    #[error("single peaks keep the clip {0:.0} dB quieter than the others")]
    Peaky(f64),
    /// It plays longer or shorter than its text suggests.
    #[error("it plays {ms} ms, {} than such a text usually takes", .times.describe())]
    Pace {
        /// How long it plays.
        ms: u64,
        /// How many times as long as usual.
        times: Times,
    },
    /// Sentences need it and nobody has it.
    #[error("nobody has this clip, which is heard in: {}", listing(.places))]
    Missing {
        /// The places whose sentences need it.
        places: Vec<&'static str>,
    },
    /// The file is named for no clip.
    #[error("there is no such clip{}", .meant.as_ref().map_or(String::new(), |m| format!(", only {m}")))]
    NoSuchClip {
        /// The clip that has nearly this name.
        meant: Option<ClipId>,
        /// Whether the upload lacks that clip.
        wanted: bool,
    },
    /// The text is new and the sound is not.
    #[error("the text is new, but the recording below says \u{201c}{recorded}\u{201d}")]
    TextChanged {
        /// What the recording says.
        recorded: String,
    },
    /// The library that encodes it broke.
    #[error("the clip cannot be encoded")]
    Encoder,
}

/// A multiple of the usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Times(pub(super) f64);

impl Times {
    fn describe(self) -> String {
        if self.0 >= 1.0 {
            format!("{:.1} times longer", self.0)
        } else {
            format!("{:.1} times shorter", 1.0 / self.0.max(0.01))
        }
    }
}

impl Problem {
    /// As it stands in a report.
    pub(super) fn finding(
        &self,
        clip: Option<ClipId>,
        text: Option<String>,
        file: Option<String>,
    ) -> Finding {
        Finding {
            severity: self.severity(),
            remedy: self.remedy(clip.as_ref()),
            what: self.to_string(),
            clip,
            text,
            file,
        }
    }

    fn severity(&self) -> Severity {
        match self {
            Problem::Catalogue(_)
            | Problem::NoCatalogue
            | Problem::Undecodable(_)
            | Problem::TooLong
            | Problem::TooMuch(_)
            | Problem::Silent
            | Problem::OutsideBand
            | Problem::Clipped(_)
            | Problem::Missing { .. }
            | Problem::NoSuchClip { wanted: true, .. }
            | Problem::Encoder => Severity::Fault,
            Problem::SomeClipped
            | Problem::Quiet(_)
            | Problem::Peaky(_)
            | Problem::Pace { .. }
            | Problem::NoSuchClip { wanted: false, .. }
            | Problem::TextChanged { .. } => Severity::Note,
        }
    }

    fn remedy(&self, clip: Option<&ClipId>) -> String {
        match self {
            Problem::Catalogue(fault) => catalogue_remedy(&fault.what),
            Problem::NoCatalogue => {
                format!("add a {CATALOGUE}, or name a parent whose texts this set takes")
            }
            Problem::Undecodable(fault) => decoder_remedy(fault).to_owned(),
            Problem::TooLong => "say it in fewer words, or cut the recording".to_owned(),
            Problem::TooMuch(_) => "cut the recordings to what the texts say".to_owned(),
            Problem::Silent => "record it again, and listen to the file before".to_owned(),
            Problem::OutsideBand => "record it again with a voice, not a tone or hum".to_owned(),
            Problem::Clipped(_) => "record it again at a lower level".to_owned(),
            Problem::SomeClipped => "listen to it, and record it again if it rattles".to_owned(),
            Problem::Quiet(_) => "listen to its noise, and record it again if it hisses".to_owned(),
            Problem::Peaky(_) => "take the clicks out, or record it again".to_owned(),
            Problem::Pace { .. } => {
                "listen whether it says its text, all of it and no more".to_owned()
            }
            Problem::Missing { .. } => match clip {
                Some(clip) => format!("record its text and add it as {clip}.wav"),
                None => "record it".to_owned(),
            },
            Problem::NoSuchClip {
                meant: Some(meant),
                wanted: true,
            } => {
                format!("call it {meant} if that is meant, else leave it out")
            }
            Problem::NoSuchClip { .. } => "leave it out; it is not used".to_owned(),
            Problem::TextChanged { .. } => "record the new text too".to_owned(),
            Problem::Encoder => "save it as a plain WAV file and try again".to_owned(),
        }
    }
}

fn catalogue_remedy(fault: &FaultKind) -> String {
    match fault {
        FaultKind::Syntax(_) => "correct the line; texts stand in quotes".to_owned(),
        FaultKind::Missing(what) => {
            format!("add {what} to {CATALOGUE}, or name a parent that has it")
        }
        FaultKind::Unknown(what) => format!("correct the name {what}, or remove the line"),
        FaultKind::Empty(_) => "write the words that the clip says".to_owned(),
        FaultKind::WrongType(what, wanted) => format!("make {what} {wanted}"),
        FaultKind::NoGrammar(_) => "choose the grammar that is nearest to the language".to_owned(),
        FaultKind::Parent(_) => "name a set that there is, or remove the line".to_owned(),
        FaultKind::Carrier(_) => "write {} once, where the text is to stand".to_owned(),
    }
}

fn decoder_remedy(fault: &DecoderFault) -> &'static str {
    match fault {
        DecoderFault::Format | DecoderFault::Unsupported => {
            "save it as WAV, FLAC, MP3, Ogg Vorbis or AAC-LC"
        }
        DecoderFault::Damaged | DecoderFault::Refused => "save or send the file again",
        DecoderFault::TooLong(_) => "say it in fewer words, or cut the recording",
        DecoderFault::Empty => "record it again, and listen to the file before",
        DecoderFault::TooSlow => "save it as a plain WAV file",
        DecoderFault::Busy | DecoderFault::Machine(_) => "try again in a minute",
    }
}

fn listing(places: &[&'static str]) -> String {
    let named = places.iter().take(PLACES).copied().collect::<Vec<_>>();
    let more = places.len().saturating_sub(PLACES);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{rest}", named.join(", "))
}

/// The clip that a name is most likely meant for: few slips make the one of the other.
pub(super) fn nearest(name: &ClipId, known: &BTreeSet<ClipId>) -> Option<ClipId> {
    // Fewer than a third of its letters.
    let most = name.as_str().len().div_ceil(3).saturating_sub(1);
    base::nearest(name.as_str(), known, most.min(TYPING_ERRORS)).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> ClipId {
        ClipId::parse(name).unwrap()
    }

    #[test]
    fn a_misspelt_name_is_meant_for_the_nearest_clip() {
        let known = ["goodbye", "number-1", "number-11", "and"].map(id).into();
        let cases = [
            ("godbye", Some("goodbye")),
            ("goodbey", Some("goodbye")),
            ("number_1", None),
            ("nubmer-1", Some("number-1")),
            ("adn", None),
            ("music-on-hold", None),
        ];
        for (name, expected) in cases {
            let Some(name) = ClipId::parse(name) else {
                continue;
            };
            assert_eq!(nearest(&name, &known), expected.map(id), "{name}");
        }
    }

    #[test]
    fn a_finding_says_what_it_is_and_what_to_do() {
        let missing = Problem::Missing {
            places: vec!["main menu", "log-in", "greeting", "everywhere", "mailbox"],
        };
        let finding = missing.finding(Some(id("goodbye")), Some("Dag!".into()), None);
        assert_eq!(
            finding.to_string(),
            "fault: goodbye: \u{201c}Dag!\u{201d}: nobody has this clip, which is heard in: main menu, \
             log-in, greeting and 2 more; record its text and add it as goodbye.wav"
        );
        let pace = Problem::Pace {
            ms: 200,
            times: Times(0.25),
        };
        assert_eq!(
            pace.to_string(),
            "it plays 200 ms, 4.0 times shorter than such a text usually takes"
        );
    }
}
