//! The stand-in voice: every clip is a tone pair of its own, 400 ms long, so that the samples of a
//! call tell which clip was heard; and speech whose every fifth of a second is told from the
//! others, so that they tell which second of a message was heard.

use crate::prompts::Prompts;
use belpost::audio::tone::{self, Pair};
use belpost::audio::{Law, WIRE_RATE, WireAudio};
use belpost::base::{Language, RecordingId};
use belpost::media::PlayItem;
use belpost::prompt::{self, ClipId, Grammar, Phrase, Piece, render};
use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::Duration;

/// How long each clip is.
const CLIP: Duration = Duration::from_millis(400);
/// The silence behind each clip, so that two of the same kind are told apart.
const GAP: Duration = Duration::from_millis(60);
/// Each tone of a pair, in dBFS.
const LEVEL: f64 = -12.0;

/// The low tones of all pairs, in Hz. A whole number of periods of their distance fits into the
/// ear's 40 ms, so that each is silent to the detector of another. The beep's 440 Hz is in none.
pub const LOW: [f64; 15] = steps(500.0, 50.0);
/// The high tones of clips, so far above the low ones that no beat lasts 2 ms: those below the
/// tones of speech and those above them.
pub const CLIP_HIGH: [f64; 20] = around(steps(1_850.0, 50.0), steps(3_400.0, 50.0));
/// The noise in speech, as a share of full scale: a fifth as strong as its pair of tones, which
/// would be taken for a tone of the line without it.
const BREATH: f64 = 0.15;
/// The high tones of speech.
pub const SPEECH_HIGH: [f64; 20] = steps(2_400.0, 50.0);
/// How many clips can be told apart.
pub const CLIPS: usize = LOW.len() * CLIP_HIGH.len();
/// How many fifths of a second of speech can be told apart: a minute of them.
pub const FIFTHS: usize = LOW.len() * SPEECH_HIGH.len();
/// The samples of a fifth of a second.
pub const FIFTH: usize = WIRE_RATE as usize / 5;

const fn steps<const N: usize>(from: f64, by: f64) -> [f64; N] {
    let mut steps = [from; N];
    let mut n = 1;
    while n < N {
        steps[n] = from + by * n as f64;
        n += 1;
    }
    steps
}

const fn around(below: [f64; 11], above: [f64; 9]) -> [f64; 20] {
    let mut all = [0.0; 20];
    let mut n = 0;
    while n < all.len() {
        all[n] = if n < below.len() {
            below[n]
        } else {
            above[n - below.len()]
        };
        n += 1;
    }
    all
}

/// The pair of the `n`th clip.
pub fn clip_pair(n: usize) -> Pair {
    (
        LOW[n % LOW.len()],
        CLIP_HIGH[n / LOW.len() % CLIP_HIGH.len()],
    )
}

/// The pair of the `n`th fifth of a second of speech.
pub fn speech_pair(n: usize) -> Pair {
    (
        LOW[n % LOW.len()],
        SPEECH_HIGH[n / LOW.len() % SPEECH_HIGH.len()],
    )
}

/// The play list of phrases some of which subscribers recorded; `say` says the others.
pub fn with_recordings(
    phrases: &[Phrase],
    recordings: &[(RecordingId, WireAudio)],
    mut say: impl FnMut(&[Phrase]) -> Vec<PlayItem>,
) -> Vec<PlayItem> {
    let mut items = Vec::new();
    for phrase in phrases {
        match phrase {
            Phrase::Recorded(id, instead) => {
                match recordings.iter().find(|(other, _)| other == id) {
                    Some((_, sound)) => items.push(PlayItem::Audio(sound.clone())),
                    None => items.extend(say(instead)),
                }
            }
            phrase => items.extend(say(std::slice::from_ref(phrase))),
        }
    }
    items
}

/// The voice of one server: clips get their pairs as they are first said. Where there are more of
/// them, they get the pairs given longest ago.
#[derive(Debug, Default)]
pub struct Voice {
    /// The clip of each pair.
    names: Vec<String>,
    /// The pair that is given next.
    next: usize,
    /// The languages that it does not speak.
    pub unspoken: HashSet<Language>,
}

impl Voice {
    /// What the prompt library would hand to a media session.
    pub fn say(
        &mut self,
        phrases: &[Phrase],
        voice: &prompt::Voice,
        prompts: &Prompts,
    ) -> Vec<PlayItem> {
        let spoken = |language: &&Language| !self.unspoken.contains(*language);
        let usual = voice.languages.iter().find(spoken).expect("a language");
        let each = |phrase: &Phrase| match phrase {
            Phrase::In(language, phrase) if spoken(&language) => said(phrase, language),
            phrase => said(phrase, usual),
        };
        let pieces: Vec<_> = phrases.iter().flat_map(each).collect();
        let items = pieces.into_iter();
        items
            .flat_map(|(piece, language)| self.piece(piece, (voice, &language), prompts))
            .collect()
    }

    /// The name of a clip by the number of its pair.
    pub fn name(&self, number: usize) -> &str {
        let name = self.names.get(number).map(String::as_str);
        name.unwrap_or("a clip never said")
    }

    fn piece(
        &mut self,
        piece: Piece,
        (voice, language): (&prompt::Voice, &Language),
        prompts: &Prompts,
    ) -> Vec<PlayItem> {
        let tenant = voice.tenant.as_ref();
        match piece {
            Piece::Clip(clip) if prompts.own(tenant, language, &clip).is_some() => {
                let own = prompts.own(tenant, language, &clip).cloned();
                own.map(PlayItem::Audio).into_iter().collect()
            }
            Piece::Clip(clip) => vec![self.clip(&clip, language), PlayItem::Silence(GAP)],
            Piece::Beep => vec![PlayItem::Audio(beep().clone())],
            Piece::Pause(span) => vec![PlayItem::Silence(span)],
        }
    }

    fn clip(&mut self, clip: &ClipId, language: &Language) -> PlayItem {
        let name = match language.as_str() {
            "en" => clip.to_string(),
            other => format!("{other}/{clip}"),
        };
        let known = self.names.iter().position(|known| *known == name);
        PlayItem::Audio(clips()[known.unwrap_or_else(|| self.give(name))].clone())
    }

    /// Gives a clip the next pair.
    fn give(&mut self, name: String) -> usize {
        let number = self.next;
        self.next = (number + 1) % CLIPS;
        if number < self.names.len() {
            self.names[number] = name;
        } else {
            self.names.push(name);
        }
        number
    }
}

/// The pieces of a phrase, each with its language.
fn said(phrase: &Phrase, language: &Language) -> Vec<(Piece, Language)> {
    let grammar = Grammar::parse(language.as_str()).unwrap_or(Grammar::English);
    let pieces = render(grammar, phrase).into_iter();
    pieces.map(|piece| (piece, language.clone())).collect()
}

/// Speech of this length that begins with the `base`th fifth of a second.
pub fn speech(base: usize, span: Duration) -> Vec<u8> {
    let wanted = (span.as_millis() as usize) * (WIRE_RATE as usize / 1_000);
    let fifths = (base..).flat_map(|n| fifths()[n % FIFTHS].octets(Law::A));
    fifths.take(wanted).copied().collect()
}

/// The busy tone of a Dutch line, for so long.
pub fn busy(span: Duration) -> Vec<u8> {
    let half = Duration::from_millis(500);
    let tone = tone::sine(425.0, LEVEL, half, WIRE_RATE).samples;
    let pause = vec![0; tone.len()];
    let wanted = (span.as_millis() as usize) * (WIRE_RATE as usize / 1_000);
    let round = [tone, pause].concat();
    let octets = round.into_iter().map(|sample| Law::A.encode(sample));
    octets
        .collect::<Vec<u8>>()
        .into_iter()
        .cycle()
        .take(wanted)
        .collect()
}

fn beep() -> &'static WireAudio {
    static BEEP: OnceLock<WireAudio> = OnceLock::new();
    BEEP.get_or_init(|| WireAudio::from_samples(&tone::beep(WIRE_RATE).samples))
}

fn clips() -> &'static [WireAudio] {
    static CLIP_TONES: OnceLock<Vec<WireAudio>> = OnceLock::new();
    CLIP_TONES.get_or_init(|| (0..CLIPS).map(|n| tones(clip_pair(n), CLIP)).collect())
}

fn fifths() -> &'static [WireAudio] {
    static SPEECH_TONES: OnceLock<Vec<WireAudio>> = OnceLock::new();
    let span = Duration::from_millis(200);
    SPEECH_TONES.get_or_init(|| (0..FIFTHS).map(|n| spoken(speech_pair(n), span)).collect())
}

fn tones(pair: Pair, span: Duration) -> WireAudio {
    WireAudio::from_samples(&tone::pair(pair, LEVEL, span, WIRE_RATE).samples)
}

/// A pair of tones with breath in it.
fn spoken(pair: Pair, span: Duration) -> WireAudio {
    let mut state = 1_u32;
    let mut breath = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f64::from(state >> 8) / f64::from(1_u32 << 23) - 1.0) * BREATH * 32_768.0
    };
    let tones = tone::pair(pair, LEVEL, span, WIRE_RATE).samples;
    let ramp = tone::RAMP.as_millis() as usize * (WIRE_RATE as usize / 1_000);
    let last = tones.len() - 1;
    let samples = tones.into_iter().enumerate().map(|(at, sample)| {
        let share = (at.min(last - at) as f64 / ramp as f64).min(1.0);
        sample + (breath() * share) as i16
    });
    WireAudio::from_samples(&samples.collect::<Vec<_>>())
}
