//! Recording something to be tried out: words, the tone, the recording.
//!
//! In: the events of a state in which a prompt, a name or a greeting is spoken. Out: [`Taken`].
//! Laws: the tone is heard to its end, whatever is pressed; only the key of `stop` ends the
//! recording; one with nothing in it is dropped; whoever closes or hangs up drops what is recorded.
//! What becomes of a recording is not here: see `tryout`.

use super::{Cx, Effect, Effects, Event, RecordingChoice, RecordingDone};
use crate::media::{RecordEnd, RecordLimits};
use crate::prompt::{Line, Phrase};
use std::time::Duration;

/// Less sound than this is nothing: the shortest prompts, figures, have some 250 ms.
const LEAST_VOICE: Duration = Duration::from_millis(100);

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Recorder {
    /// The tone sounds; before it come words, which a key skips.
    Speaking {
        /// Whether there are words.
        words_first: bool,
    },
    /// What is said is recorded.
    Recording,
    /// The recording is told to end.
    Stopping,
}

/// What came of it.
pub(super) enum Taken {
    /// Not ended yet.
    Pending(Recorder),
    /// It is recorded; why it ended, where the speaker did not end it.
    Sound(Option<Line>),
    /// There is nothing in it, and it is dropped.
    Nothing,
    /// It could not be begun; there is nothing to drop.
    Failed,
}

impl Recorder {
    /// Says the words, then sounds the tone.
    pub(super) fn begin(mut words: Vec<Phrase>, fx: &mut Effects) -> Recorder {
        let words_first = !words.is_empty();
        words.push(Phrase::Beep);
        fx.push(Effect::Play(words));
        Recorder::Speaking { words_first }
    }

    /// Takes one event. `longest` is where a recording ends by itself.
    pub(super) fn on(
        self,
        event: &Event,
        longest: Duration,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Taken {
        match (self, event) {
            (Recorder::Speaking { .. }, Event::PlayDone) => {
                fx.push(Effect::RecordScratch(RecordLimits {
                    max: longest,
                    silence: cx.settings.silence_limit,
                }));
                Taken::Pending(Recorder::Recording)
            }
            (Recorder::Speaking { words_first: true }, event) if is_stop(event, cx) => {
                Taken::Pending(Recorder::begin(Vec::new(), fx))
            }
            (Recorder::Recording, event) if is_stop(event, cx) => {
                fx.push(Effect::StopRecord);
                Taken::Pending(Recorder::Stopping)
            }
            (Recorder::Recording | Recorder::Stopping, Event::Recorded(done)) => taken(done, fx),
            (Recorder::Recording | Recorder::Stopping, Event::RecordFailed) => Taken::Failed,
            (recorder, _) => Taken::Pending(recorder),
        }
    }

    /// The server is closing down; whether a recording is dropped by it.
    pub(super) fn close(self, fx: &mut Effects) -> bool {
        match self {
            Recorder::Speaking { .. } => fx.push(Effect::StopPlay),
            Recorder::Recording | Recorder::Stopping => fx.push(Effect::Discard),
        }
        self.has_begun()
    }

    /// The caller hung up: what is recorded goes.
    pub(super) fn on_hang_up(self, fx: &mut Effects) {
        if self.has_begun() {
            fx.push(Effect::Discard);
        }
    }

    /// Whether keys wait for an answer.
    pub(super) fn holds_keys(self) -> bool {
        self == Recorder::Stopping
    }

    /// The name of the state: speaking, recording or stopping.
    pub(super) fn name(self, [speaking, recording, stopping]: [&'static str; 3]) -> &'static str {
        match self {
            Recorder::Speaking { .. } => speaking,
            Recorder::Recording => recording,
            Recorder::Stopping => stopping,
        }
    }

    fn has_begun(self) -> bool {
        match self {
            Recorder::Speaking { .. } => false,
            Recorder::Recording | Recorder::Stopping => true,
        }
    }
}

fn is_stop(event: &Event, cx: &Cx<'_>) -> bool {
    let Event::Digit(key) = event else {
        return false;
    };
    cx.menus.recording.choice(*key) == Some(RecordingChoice::Stop)
}

fn taken(done: &RecordingDone, fx: &mut Effects) -> Taken {
    if done.voiced < LEAST_VOICE {
        fx.push(Effect::Discard);
        return Taken::Nothing;
    }
    Taken::Sound(match done.end {
        RecordEnd::CutOff => Some(Line::RecordingCutOff),
        RecordEnd::TooLong => Some(Line::RecordingTooLong),
        RecordEnd::Stopped | RecordEnd::Silence => None,
    })
}
