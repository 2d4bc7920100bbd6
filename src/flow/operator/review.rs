//! After the recording of a prompt: hear it, record again, use it, or leave it.
//!
//! Law: only the key of `use` puts it to use; giving no answer drops it.

use super::changing::{Changing, Work};
use super::record::Speak;
use super::reel::Reel;
use super::{AtClip, Bench, Operator, dropped, goodbye};
use crate::flow::ask::{Answer, Ask};
use crate::flow::{Choice, ClipReviewChoice, Conversation, Cx, Detail, Effect, Effects, Event};
use crate::prompt::{Line, Phrase};

/// The menu after a recording.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Review {
    bench: Bench,
    reel: Reel,
    ask: Ask,
}

impl Review {
    /// Says the lines, then the menu.
    pub(super) fn enter(
        mut bench: Bench,
        reel: Reel,
        lines: Vec<Line>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = bench.heard.visit::<ClipReviewChoice>();
        Review::say(
            (bench, reel),
            Ask::after_failures(0),
            (lines, detail),
            cx,
            fx,
        )
    }

    /// Says the lines and the menu in full.
    fn again(
        bench: Bench,
        reel: Reel,
        ask: Ask,
        lines: Vec<Line>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        Review::say((bench, reel), ask, (lines, Detail::Full), cx, fx)
    }

    fn say(
        (bench, reel): (Bench, Reel),
        ask: Ask,
        (lines, detail): (Vec<Line>, Detail),
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let mut words: Vec<Phrase> = lines.into_iter().map(Phrase::Line).collect();
        let menu = &cx.menus.clip_review;
        words.extend(menu.spoken_as(detail, ClipReviewChoice::line));
        let ask = ask.again(words, fx);
        Operator::Review(Review { bench, reel, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let answer = self.ask.on(event, &cx.menus.clip_review, cx, fx);
        answered(self.bench, self.reel, answer, cx, fx)
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        dropped(fx)
    }
}

/// The operator hears the recording; the keys of the menu work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Listening {
    bench: Bench,
    reel: Reel,
    ask: Ask,
}

impl Listening {
    fn enter(bench: Bench, reel: Reel, ask: &Ask, fx: &mut Effects) -> Conversation {
        fx.push(Effect::PlayTake);
        let ask = Ask::after_failures(ask.failures());
        Operator::Listening(Listening { bench, reel, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Listening { bench, reel, ask } = self;
        match event {
            Event::PlayDone => {
                let words = (Vec::new(), Detail::Brief);
                Review::say((bench, reel), ask, words, cx, fx)
            }
            Event::PlayFailed(_) => {
                Review::again(bench, reel, ask, vec![Line::SomethingWrong], cx, fx)
            }
            Event::Digit(_) => {
                let answer = ask.on(event, &cx.menus.clip_review, cx, fx);
                answered(bench, reel, answer, cx, fx)
            }
            _ => Operator::Listening(Listening { bench, reel, ask }).into(),
        }
    }
}

/// What the operator chose, from the menu or while listening.
fn answered(
    bench: Bench,
    reel: Reel,
    answer: Answer<ClipReviewChoice>,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    match answer {
        Answer::Pending(ask) => Operator::Review(Review { bench, reel, ask }).into(),
        Answer::Chosen(choice, ask) => chosen(bench, reel, choice, ask, cx, fx),
        Answer::Again(line, ask) => Review::again(bench, reel, ask, vec![line], cx, fx),
        Answer::GivenUp => {
            fx.push(Effect::Discard);
            goodbye(fx)
        }
    }
}

fn chosen(
    bench: Bench,
    reel: Reel,
    choice: ClipReviewChoice,
    ask: Ask,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    match choice {
        ClipReviewChoice::Again => {
            fx.push(Effect::Discard);
            Speak::enter(bench, reel, Vec::new(), fx)
        }
        ClipReviewChoice::Listen => Listening::enter(bench, reel, &ask, fx),
        ClipReviewChoice::Use => Changing::enter(bench, Work::Replace(reel), fx),
        ClipReviewChoice::Back => {
            fx.push(Effect::Discard);
            AtClip::enter(bench, reel, Vec::new(), cx, fx)
        }
        ClipReviewChoice::Repeat => Review::again(bench, reel, ask, Vec::new(), cx, fx),
    }
}
