//! After something was recorded to be tried out: hear it, record again, use it, or leave it.
//!
//! In: the events of a state after a [`recorder`](super::recorder). Out: [`Tried`]. Laws: only the
//! key of `use` puts it to use; with every other answer, and with none, the recording is dropped.
//! The menu is said in full at first, when it is asked for again and after a wrong key or none;
//! else in brief.

use super::ask::{Answer, Ask};
use super::heard::Heard;
use super::{Choice, ClipReviewChoice, Cx, Detail, Effect, Effects, Event};
use crate::prompt::{Line, Phrase};

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tryout {
    /// The menu is said, or waits.
    Asking(Ask),
    /// The recording plays; the keys of the menu work.
    Listening(Ask),
}

/// What came of it.
pub(super) enum Tried {
    /// Nothing yet.
    Pending(Tryout),
    /// It is to be recorded anew; it is dropped.
    Again,
    /// It is to be used; it is still there.
    Use,
    /// It is not to be used; it is dropped.
    Back,
    /// Too often silent or wrong; it is dropped.
    GivenUp,
}

impl Tryout {
    /// Says the line, then the menu.
    pub(super) fn ask(
        line: Option<Line>,
        heard: &mut Heard,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Tryout {
        let detail = heard.visit::<ClipReviewChoice>();
        say(Ask::after_failures(0), line, detail, cx, fx)
    }

    /// Takes one event.
    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Tried {
        match (self, event) {
            (Tryout::Listening(ask), Event::PlayDone) => {
                Tried::Pending(say(ask, None, Detail::Brief, cx, fx))
            }
            (Tryout::Listening(ask), Event::PlayFailed(_)) => {
                let wrong = Some(Line::SomethingWrong);
                Tried::Pending(say(ask, wrong, Detail::Full, cx, fx))
            }
            (Tryout::Listening(ask), event) if !matches!(event, Event::Digit(_)) => {
                Tried::Pending(Tryout::Listening(ask))
            }
            (Tryout::Asking(ask) | Tryout::Listening(ask), event) => {
                answered(ask.on(event, &cx.menus.clip_review, cx, fx), cx, fx)
            }
        }
    }

    /// The server is closing down: the recording is dropped.
    pub(super) fn close(self, fx: &mut Effects) {
        match self {
            Tryout::Asking(ask) => ask.hush(fx),
            Tryout::Listening(_) => fx.push(Effect::StopPlay),
        }
        fx.push(Effect::Discard);
    }

    /// The name of the state: asking or listening.
    pub(super) fn name(&self, [asking, listening]: [&'static str; 2]) -> &'static str {
        match self {
            Tryout::Asking(_) => asking,
            Tryout::Listening(_) => listening,
        }
    }
}

fn say(ask: Ask, line: Option<Line>, detail: Detail, cx: &Cx<'_>, fx: &mut Effects) -> Tryout {
    let mut words: Vec<Phrase> = line.into_iter().map(Phrase::Line).collect();
    let menu = &cx.menus.clip_review;
    words.extend(menu.spoken_as(detail, ClipReviewChoice::line));
    Tryout::Asking(ask.again(words, fx))
}

fn answered(answer: Answer<ClipReviewChoice>, cx: &Cx<'_>, fx: &mut Effects) -> Tried {
    match answer {
        Answer::Pending(ask) => Tried::Pending(Tryout::Asking(ask)),
        Answer::Again(line, ask) => Tried::Pending(say(ask, Some(line), Detail::Full, cx, fx)),
        Answer::GivenUp => dropped(Tried::GivenUp, fx),
        Answer::Chosen(ClipReviewChoice::Again, _) => dropped(Tried::Again, fx),
        Answer::Chosen(ClipReviewChoice::Back, _) => dropped(Tried::Back, fx),
        Answer::Chosen(ClipReviewChoice::Use, _) => Tried::Use,
        Answer::Chosen(ClipReviewChoice::Repeat, ask) => {
            Tried::Pending(say(ask, None, Detail::Full, cx, fx))
        }
        Answer::Chosen(ClipReviewChoice::Listen, ask) => {
            fx.push(Effect::PlayTake);
            Tried::Pending(Tryout::Listening(Ask::after_failures(ask.failures())))
        }
    }
}

fn dropped(tried: Tried, fx: &mut Effects) -> Tried {
    fx.push(Effect::Discard);
    tried
}
