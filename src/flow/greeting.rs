//! What a caller hears of a subscriber: the name and the greeting, in their own voice or in the
//! system's words.
//!
//! In: a subscriber and what they have set. Out: phrases. Laws: whoever recorded a name is called
//! by it wherever the system would say their number; a recording that cannot be had is replaced by
//! what would be heard without it, so a caller always hears whose voicemail it is or that person's
//! own voice.

use crate::base::DialString;
use crate::mime::Reason;
use crate::prompt::{Line, Phrase, Say};
use crate::subscriber::{Profile, RecordingKind, Services};

/// What a greeting is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Occasion {
    /// The owner is away for some time.
    Away,
    /// The owner's line is busy.
    Busy,
    /// The owner does not answer.
    NoAnswer,
    /// The owner cannot be had, for another reason or none that is known.
    Unavailable,
}

impl Occasion {
    /// What a caller who came for this reason hears of an owner who is there.
    pub(super) fn of(reason: Option<Reason>) -> Occasion {
        match reason {
            Some(Reason::Busy | Reason::DoNotDisturb) => Occasion::Busy,
            Some(Reason::NoAnswer) => Occasion::NoAnswer,
            Some(Reason::Unconditional | Reason::NotReachable | Reason::Deflected) | None => {
                Occasion::Unavailable
            }
        }
    }

    /// Which recording is heard. The no-answer greeting is for every reason but a busy line: it
    /// says that its owner cannot take the call now, which is so whatever kept it from them, and
    /// whoever recorded only that one expects no caller to hear a number instead.
    fn recording(self) -> RecordingKind {
        match self {
            Occasion::Away => RecordingKind::Away,
            Occasion::Busy => RecordingKind::Busy,
            Occasion::NoAnswer | Occasion::Unavailable => RecordingKind::NoAnswer,
        }
    }

    /// The system's words for it.
    fn line(self) -> Line {
        match self {
            Occasion::Away => Line::GreetingAway,
            Occasion::Busy => Line::GreetingBusy,
            Occasion::NoAnswer => Line::GreetingNoAnswer,
            Occasion::Unavailable => Line::GreetingUnavailable,
        }
    }
}

/// The greeting. `rest` ends it where the system says it: an own greeting says for itself what a
/// caller may do.
pub(super) fn greeting(
    occasion: Occasion,
    owner: &Profile,
    services: &Services,
    rest: &[Line],
) -> Vec<Phrase> {
    let mut words = vec![Phrase::Line(Line::GreetingReached)];
    words.extend(named(owner, services));
    words.push(Phrase::Line(occasion.line()));
    words.extend(rest.iter().copied().map(Phrase::Line));
    match services.recording(occasion.recording()) {
        Some(own) => vec![Phrase::Recorded(own, words)],
        None => words,
    }
}

/// A subscriber by the recorded name, else by the number; every mailbox number can be dialled, so
/// there always is one.
pub(super) fn named(subscriber: &Profile, services: &Services) -> Option<Phrase> {
    let number = DialString::parse(subscriber.mailbox.as_str()).ok();
    let number = number.map(|number| Phrase::Say(Say::Number(number)));
    match services.name {
        Some(name) => Some(Phrase::Recorded(name, number.into_iter().collect())),
        None => number,
    }
}
