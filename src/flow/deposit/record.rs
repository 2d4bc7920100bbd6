//! The tone and the recording.
//!
//! Laws: the tone is heard to its end, whatever is pressed; only the key of `stop` ends the
//! recording, others are part of what is said; a recording with nothing in it is dropped, the
//! caller told, and asked again up to the number of tries; one that the disk broke off is told as
//! that, and what there is of it can be kept.

use super::review::{After, Keeping, Review};
use super::{Caller, Deposit, Spoken, service_ending};
use crate::flow::{
    Conversation, Cx, Effect, Effects, End, Event, GreetingChoice, RecordingChoice, RecordingDone,
    worth_keeping,
};
use crate::media::{RecordEnd, RecordLimits};
use crate::prompt::{Line, Phrase};

/// The tone sounds, perhaps after words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Beep {
    caller: Caller,
    /// Whether words come before the tone; a key skips those.
    words_first: bool,
}

impl Beep {
    /// Says the words, then sounds the tone.
    pub(super) fn enter(caller: Caller, mut words: Vec<Phrase>, fx: &mut Effects) -> Conversation {
        let words_first = !words.is_empty();
        words.push(Phrase::Beep);
        fx.push(Effect::Play(words));
        Deposit::Beep(Beep {
            caller,
            words_first,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::PlayDone => Recording::enter(self.caller, cx, fx),
            Event::Digit(key)
                if self.words_first
                    && cx.menus.greeting.choice(*key) == Some(GreetingChoice::Record) =>
            {
                Beep::enter(self.caller, Vec::new(), fx)
            }
            _ => Deposit::Beep(self).into(),
        }
    }
}

/// The caller speaks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recording {
    caller: Caller,
}

impl Recording {
    fn enter(caller: Caller, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        fx.push(Effect::Record(RecordLimits {
            max: cx.settings.longest_message,
            silence: cx.settings.silence_limit,
        }));
        Deposit::Recording(Recording { caller }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::Digit(key) if cx.menus.recording.choice(*key) == Some(RecordingChoice::Stop) => {
                self.stop(Then::Review, fx)
            }
            Event::Recorded(done) => recorded(self.caller, done, cx, fx),
            Event::RecordFailed => not_recorded(Vec::new(), fx),
            _ => Deposit::Recording(self).into(),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.stop(Then::ServiceEnding, fx)
    }

    fn stop(self, then: Then, fx: &mut Effects) -> Conversation {
        fx.push(Effect::StopRecord);
        let caller = self.caller;
        Deposit::Stopping(Stopping { caller, then }).into()
    }
}

/// The recording is told to end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stopping {
    caller: Caller,
    then: Then,
}

/// What follows once the recording has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Then {
    /// The review menu.
    Review,
    /// The end: the server is closing down.
    ServiceEnding,
}

impl Stopping {
    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let done = match (event, self.then) {
            (Event::Recorded(done), _) => done,
            (Event::RecordFailed, Then::Review) => return not_recorded(Vec::new(), fx),
            (Event::RecordFailed, Then::ServiceEnding) => {
                return not_recorded(vec![Line::ServiceEnding], fx);
            }
            _ => return Deposit::Stopping(self).into(),
        };
        match self.then {
            Then::Review => recorded(self.caller, done, cx, fx),
            Then::ServiceEnding if worth_keeping(done, cx.settings) => {
                Keeping::enter(After::ServiceEnding, fx)
            }
            Then::ServiceEnding => {
                fx.push(Effect::Discard);
                service_ending(fx)
            }
        }
    }

    pub(super) fn on_service_ending(self) -> Conversation {
        let then = Then::ServiceEnding;
        Deposit::Stopping(Stopping { then, ..self }).into()
    }
}

/// The recording has ended: review it, or try again if there is nothing in it.
fn recorded(caller: Caller, done: &RecordingDone, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    let worth = worth_keeping(done, cx.settings);
    let words = match done.end {
        // Asked again, the caller would speak to the same broken disk.
        RecordEnd::CutOff if !worth => {
            fx.push(Effect::Discard);
            return not_recorded(Vec::new(), fx);
        }
        _ if !worth => return nothing_recorded(caller, cx, fx),
        RecordEnd::CutOff => vec![Phrase::Line(Line::RecordingCutOff)],
        RecordEnd::TooLong => vec![Phrase::Line(Line::RecordingTooLong)],
        RecordEnd::Stopped | RecordEnd::Silence => Vec::new(),
    };
    let length = done.length;
    Review::enter(Spoken { caller, length }, words, cx, fx)
}

/// The disk took nothing of what was said: the caller is told, and not asked again.
fn not_recorded(reason: Vec<Line>, fx: &mut Effects) -> Conversation {
    let words = std::iter::once(Line::MessageNotKept)
        .chain(reason)
        .chain([Line::Goodbye]);
    End::HangUp.after(words.map(Phrase::Line).collect(), fx)
}

fn nothing_recorded(caller: Caller, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    fx.push(Effect::Discard);
    let empty = caller.empty.saturating_add(1);
    if empty >= cx.settings.tries {
        let words = [Line::RecordingTooShort, Line::Goodbye];
        return End::HangUp.after(words.map(Phrase::Line).to_vec(), fx);
    }
    let words = [
        Line::RecordingTooShort,
        Line::LeaveMessage,
        Line::FinishRecording,
    ];
    let caller = Caller { empty, ..caller };
    Beep::enter(caller, words.map(Phrase::Line).to_vec(), fx)
}
