//! Speaking the message, or the introduction to one that is forwarded.
//!
//! Laws: a message has sound in it, else it is asked for again while there is patience; an
//! introduction with nothing in it is none.

use super::review::Review;
use super::{Draft, Sending};
use crate::flow::recorder::{Recorder, Taken};
use crate::flow::{Conversation, Cx, Effects, Event, KeyPolicy};
use crate::prompt::{Line, Phrase};

/// The message or its introduction is spoken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recording {
    pub(super) draft: Draft,
    /// Recordings on end with nothing in them.
    empty: u8,
    recorder: Recorder,
}

impl Recording {
    /// Says what is to be spoken, then sounds the tone.
    pub(super) fn enter(draft: Draft, fx: &mut Effects) -> Conversation {
        let words = vec![draft.speak()];
        Recording::begin(draft, 0, words, fx)
    }

    /// Sounds the tone at once, for whoever knows what is to be spoken.
    pub(super) fn again(draft: Draft, fx: &mut Effects) -> Conversation {
        Recording::begin(draft, 0, Vec::new(), fx)
    }

    fn begin(draft: Draft, empty: u8, words: Vec<Phrase>, fx: &mut Effects) -> Conversation {
        let recorder = Recorder::begin(words, fx);
        Sending::Recording(Recording {
            draft,
            empty,
            recorder,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Recording {
            draft,
            empty,
            recorder,
        } = self;
        match recorder.on(event, cx.settings.longest_message, cx, fx) {
            Taken::Pending(recorder) => Sending::Recording(Recording {
                draft,
                empty,
                recorder,
            })
            .into(),
            Taken::Sound(told) => Review::enter(draft, true, told.into_iter().collect(), cx, fx),
            Taken::Nothing if draft.forwards.is_some() => {
                Review::enter(draft, false, Vec::new(), cx, fx)
            }
            Taken::Nothing => nothing(draft, empty, cx, fx),
            Taken::Failed => draft.given_up(Vec::new(), cx, fx),
        }
    }

    pub(super) fn key_policy(&self) -> KeyPolicy {
        if self.recorder.holds_keys() {
            KeyPolicy::Hold
        } else {
            KeyPolicy::Now
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.recorder
            .name(["portal.speak", "portal.recording", "portal.stopping"])
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        if self.recorder.close(fx) {
            self.draft.origin.closing_unsent(fx)
        } else {
            self.draft.origin.closing(fx)
        }
    }

    pub(super) fn on_hang_up(&self, fx: &mut Effects) {
        self.recorder.on_hang_up(fx);
    }
}

impl Draft {
    /// What is to be spoken.
    fn speak(&self) -> Phrase {
        Phrase::Line(match self.forwards {
            None => Line::MessageSpeak,
            Some(_) => Line::IntroductionSpeak,
        })
    }
}

/// There is nothing in the message: it is asked for again, while there is patience.
fn nothing(draft: Draft, empty: u8, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    let empty = empty.saturating_add(1);
    if empty >= cx.settings.tries {
        return draft.given_up(vec![Line::RecordingTooShort], cx, fx);
    }
    let words = vec![Phrase::Line(Line::RecordingTooShort), draft.speak()];
    Recording::begin(draft, empty, words, fx)
}
