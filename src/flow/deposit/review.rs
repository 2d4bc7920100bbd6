//! After the recording: hear it, erase it, keep it.
//!
//! Laws: only key `1` erases; giving no answer keeps the message; it is called saved when the
//! store has said so, and a failure is told as one. The menu is said in full at first, when it is
//! asked for again and after a wrong key or none; else in brief.

use super::record::Beep;
use super::{Caller, Deposit};
use crate::base::DialString;
use crate::flow::ask::{Answer, Ask};
use crate::flow::{Choice, Conversation, Cx, Detail, Effect, Effects, End, Event, ReviewChoice};
use crate::prompt::{Line, Phrase};

/// The review menu.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Review {
    caller: Caller,
    ask: Ask,
}

impl Review {
    /// Says the words, then the menu.
    pub(super) fn enter(
        mut caller: Caller,
        words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = caller.heard.visit::<ReviewChoice>();
        Review::resume(caller, Ask::after_failures(0), detail, words, cx, fx)
    }

    /// The same with the failures so far.
    fn resume(
        caller: Caller,
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(cx.menus.review.spoken_as(detail, ReviewChoice::line));
        let ask = ask.again(words, fx);
        Deposit::Review(Review { caller, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let answer = self.ask.on(event, &cx.menus.review, cx, fx);
        answered(self.caller, answer, cx, fx)
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Keeping::enter(After::ServiceEnding, fx)
    }
}

/// The caller hears the recording; the keys of the review menu work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Listening {
    caller: Caller,
    ask: Ask,
}

impl Listening {
    fn enter(caller: Caller, ask: &Ask, fx: &mut Effects) -> Conversation {
        fx.push(Effect::PlayTake);
        let ask = Ask::after_failures(ask.failures());
        Deposit::Listening(Listening { caller, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::PlayDone => self.back(Vec::new(), cx, fx),
            Event::PlayFailed(_) => self.back(vec![Phrase::Line(Line::SomethingWrong)], cx, fx),
            Event::Digit(_) => {
                let answer = self.ask.on(event, &cx.menus.review, cx, fx);
                answered(self.caller, answer, cx, fx)
            }
            _ => Deposit::Listening(self).into(),
        }
    }

    fn back(self, words: Vec<Phrase>, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        Review::resume(self.caller, self.ask, Detail::Brief, words, cx, fx)
    }
}

/// What the caller chose, from the menu or while listening.
fn answered(
    caller: Caller,
    answer: Answer<ReviewChoice>,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    match answer {
        Answer::Pending(ask) => Deposit::Review(Review { caller, ask }).into(),
        Answer::Chosen(choice, ask) => chosen(caller, choice, ask, cx, fx),
        Answer::Again(line, ask) => {
            let words = vec![Phrase::Line(line)];
            Review::resume(caller, ask, Detail::Full, words, cx, fx)
        }
        Answer::GivenUp => Keeping::enter(After::Goodbye, fx),
    }
}

fn chosen(
    caller: Caller,
    choice: ReviewChoice,
    ask: Ask,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    match choice {
        ReviewChoice::Again => {
            fx.push(Effect::Discard);
            Beep::enter(caller, Vec::new(), fx)
        }
        ReviewChoice::Listen => Listening::enter(caller, &ask, fx),
        ReviewChoice::Keep => Keeping::enter(After::Goodbye, fx),
        ReviewChoice::Repeat => Review::resume(caller, ask, Detail::Full, Vec::new(), cx, fx),
        ReviewChoice::Assistant => {
            if let Some(assistant) = caller.owner.assistant.clone() {
                return Keeping::enter(After::Transfer(assistant), fx);
            }
            let answer = ask.failed(Line::NotAChoice, &cx.menus.review, cx);
            answered(caller, answer, cx, fx)
        }
    }
}

/// The message is being saved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Keeping {
    after: After,
}

/// What follows once the message is saved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum After {
    /// Goodbye.
    Goodbye,
    /// The assistant.
    Transfer(DialString),
    /// Goodbye, because the server is closing down.
    ServiceEnding,
}

impl Keeping {
    pub(super) fn enter(after: After, fx: &mut Effects) -> Conversation {
        fx.push(Effect::Keep);
        Deposit::Keeping(Keeping { after }).into()
    }

    pub(super) fn on(self, event: &Event, fx: &mut Effects) -> Conversation {
        let Event::Kept(outcome) = event else {
            return Deposit::Keeping(self).into();
        };
        let told = match outcome {
            Ok(()) => Line::MessageKept,
            Err(_) => Line::MessageNotKept,
        };
        let (rest, end): (&[Line], End) = match self.after {
            After::Goodbye => (&[Line::Goodbye], End::HangUp),
            After::Transfer(assistant) => (&[], End::Transfer(assistant)),
            After::ServiceEnding => (&[Line::ServiceEnding, Line::Goodbye], End::HangUp),
        };
        let words = std::iter::once(&told).chain(rest);
        end.after(words.copied().map(Phrase::Line).collect(), fx)
    }
}
