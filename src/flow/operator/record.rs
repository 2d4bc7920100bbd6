//! The tone and the recording of a prompt.
//!
//! Laws: the tone is heard to its end, whatever is pressed; only the key of `stop` ends the
//! recording; one with nothing in it is dropped and that is told.

use super::reel::Reel;
use super::review::Review;
use super::{AtClip, Bench, Operator};
use crate::flow::{Conversation, Cx, Effect, Effects, Event, RecordingChoice, RecordingDone};
use crate::media::{RecordEnd, RecordLimits};
use crate::prompt::{Line, Phrase};
use std::time::Duration;

/// Less sound than this is nothing: the shortest prompts, figures, have some 250 ms.
const LEAST_VOICE: Duration = Duration::from_millis(100);

/// The words and the tone before a recording.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Speak {
    bench: Bench,
    reel: Reel,
    /// Whether words come before the tone; a key skips those.
    words_first: bool,
}

impl Speak {
    /// Says the lines, then sounds the tone.
    pub(super) fn enter(
        bench: Bench,
        reel: Reel,
        lines: Vec<Line>,
        fx: &mut Effects,
    ) -> Conversation {
        let words_first = !lines.is_empty();
        let lines = lines.into_iter().map(Phrase::Line);
        fx.push(Effect::Play(lines.chain([Phrase::Beep]).collect()));
        Operator::Speak(Speak {
            bench,
            reel,
            words_first,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::PlayDone => Recording::enter(self.bench, self.reel, cx, fx),
            Event::Digit(key)
                if self.words_first
                    && cx.menus.recording.choice(*key) == Some(RecordingChoice::Stop) =>
            {
                Speak::enter(self.bench, self.reel, Vec::new(), fx)
            }
            _ => Operator::Speak(self).into(),
        }
    }
}

/// The operator speaks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recording {
    bench: Bench,
    reel: Reel,
}

impl Recording {
    fn enter(bench: Bench, reel: Reel, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        fx.push(Effect::RecordScratch(RecordLimits {
            max: cx.settings.longest_prompt,
            silence: cx.settings.silence_limit,
        }));
        Operator::Recording(Recording { bench, reel }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Recording { bench, reel } = self;
        match event {
            Event::Digit(key) if cx.menus.recording.choice(*key) == Some(RecordingChoice::Stop) => {
                fx.push(Effect::StopRecord);
                Operator::Stopping(Stopping { bench, reel }).into()
            }
            Event::Recorded(done) => recorded(bench, reel, done, cx, fx),
            Event::RecordFailed => failed(bench, reel, cx, fx),
            _ => Operator::Recording(Recording { bench, reel }).into(),
        }
    }
}

/// The recording is told to end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stopping {
    bench: Bench,
    reel: Reel,
}

impl Stopping {
    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::Recorded(done) => recorded(self.bench, self.reel, done, cx, fx),
            Event::RecordFailed => failed(self.bench, self.reel, cx, fx),
            _ => Operator::Stopping(self).into(),
        }
    }
}

/// The recording has ended: review it, or tell that there is nothing in it.
fn recorded(
    bench: Bench,
    reel: Reel,
    done: &RecordingDone,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    if done.voiced < LEAST_VOICE {
        fx.push(Effect::Discard);
        return AtClip::enter(bench, reel, vec![Line::RecordingTooQuiet], cx, fx);
    }
    let lines = match done.end {
        RecordEnd::CutOff => vec![Line::RecordingCutOff],
        RecordEnd::TooLong => vec![Line::RecordingTooLong],
        RecordEnd::Stopped | RecordEnd::Silence => Vec::new(),
    };
    Review::enter(bench, reel, lines, cx, fx)
}

/// Nothing could be recorded.
fn failed(bench: Bench, reel: Reel, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    AtClip::enter(bench, reel, vec![Line::ClipNotReplaced], cx, fx)
}
