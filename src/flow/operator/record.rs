//! The recording of a prompt, and what is done with it.
//!
//! Laws: those of [`recorder`](crate::flow::recorder) and [`tryout`](crate::flow::tryout); a
//! recording with nothing in it, or none at all, is told at the prompt.

use super::changing::{Changing, Work};
use super::reel::Reel;
use super::{AtClip, Bench, Operator, closing, dropped, goodbye};
use crate::flow::recorder::{Recorder, Taken};
use crate::flow::tryout::{Tried, Tryout};
use crate::flow::{Conversation, Cx, Effects, Event};
use crate::prompt::{Line, Phrase};

/// The operator speaks after the tone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recording {
    bench: Bench,
    reel: Reel,
    /// How far it is.
    pub(super) recorder: Recorder,
}

impl Recording {
    /// Says the line, then sounds the tone.
    pub(super) fn enter(
        bench: Bench,
        reel: Reel,
        line: Option<Line>,
        fx: &mut Effects,
    ) -> Conversation {
        let words = line.into_iter().map(Phrase::Line).collect();
        let recorder = Recorder::begin(words, fx);
        Operator::Recording(Recording {
            bench,
            reel,
            recorder,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Recording {
            bench,
            reel,
            recorder,
        } = self;
        match recorder.on(event, cx.settings.longest_prompt, cx, fx) {
            Taken::Pending(recorder) => Operator::Recording(Recording {
                bench,
                reel,
                recorder,
            })
            .into(),
            Taken::Sound(why) => Review::enter(bench, reel, why, cx, fx),
            Taken::Nothing => AtClip::enter(bench, reel, vec![Line::RecordingTooQuiet], cx, fx),
            Taken::Failed => AtClip::enter(bench, reel, vec![Line::ClipNotReplaced], cx, fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        if self.recorder.close(fx) {
            dropped(fx)
        } else {
            closing(fx)
        }
    }
}

/// After the recording.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Review {
    bench: Bench,
    reel: Reel,
    /// How far it is.
    pub(super) tryout: Tryout,
}

impl Review {
    fn enter(
        mut bench: Bench,
        reel: Reel,
        why: Option<Line>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let tryout = Tryout::ask(why, &mut bench.heard, cx, fx);
        Operator::Review(Review {
            bench,
            reel,
            tryout,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Review {
            bench,
            reel,
            tryout,
        } = self;
        match tryout.on(event, cx, fx) {
            Tried::Pending(tryout) => Operator::Review(Review {
                bench,
                reel,
                tryout,
            })
            .into(),
            Tried::Again => Recording::enter(bench, reel, None, fx),
            Tried::Use => Changing::enter(bench, Work::Replace(reel), fx),
            Tried::Back => AtClip::enter(bench, reel, Vec::new(), cx, fx),
            Tried::GivenUp => goodbye(fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.tryout.close(fx);
        dropped(fx)
    }
}
