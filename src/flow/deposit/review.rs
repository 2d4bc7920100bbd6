//! After the recording: hear it, erase it, keep it.
//!
//! Laws: only key `1` erases; giving no answer keeps the message; it is called saved when the
//! store has said so, with its length and whose mailbox it is in, and a failure is told as one. The
//! menu is said in full at first, when it is asked for again and after a wrong key or none; else in
//! brief.

use super::record::Beep;
use super::{Deposit, Spoken};
use crate::base::DialString;
use crate::flow::ask::{Answer, Ask};
use crate::flow::greeting::named;
use crate::flow::{Choice, Conversation, Cx, Detail, Effect, Effects, End, Event, ReviewChoice};
use crate::prompt::{Line, Phrase, Say};

/// The review menu.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Review {
    spoken: Spoken,
    ask: Ask,
}

impl Review {
    /// Says the words, then the menu.
    pub(super) fn enter(
        mut spoken: Spoken,
        words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = spoken.caller.heard.visit::<ReviewChoice>();
        Review::resume(spoken, Ask::after_failures(0), detail, words, cx, fx)
    }

    /// The same with the failures so far.
    fn resume(
        spoken: Spoken,
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(cx.menus.review.spoken_as(detail, ReviewChoice::line));
        let ask = ask.again(words, fx);
        Deposit::Review(Review { spoken, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let answer = self.ask.on(event, &cx.menus.review, cx, fx);
        answered(self.spoken, answer, cx, fx)
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Keeping::enter(After::ServiceEnding, fx)
    }
}

/// The caller hears the recording; the keys of the review menu work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Listening {
    spoken: Spoken,
    ask: Ask,
}

impl Listening {
    fn enter(spoken: Spoken, ask: &Ask, fx: &mut Effects) -> Conversation {
        fx.push(Effect::PlayTake);
        let ask = Ask::after_failures(ask.failures());
        Deposit::Listening(Listening { spoken, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::PlayDone => self.back(Vec::new(), cx, fx),
            Event::PlayFailed(_) => self.back(vec![Phrase::Line(Line::SomethingWrong)], cx, fx),
            Event::Digit(_) => {
                let answer = self.ask.on(event, &cx.menus.review, cx, fx);
                answered(self.spoken, answer, cx, fx)
            }
            _ => Deposit::Listening(self).into(),
        }
    }

    fn back(self, words: Vec<Phrase>, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        Review::resume(self.spoken, self.ask, Detail::Brief, words, cx, fx)
    }
}

/// What the caller chose, from the menu or while listening.
fn answered(
    spoken: Spoken,
    answer: Answer<ReviewChoice>,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    match answer {
        Answer::Pending(ask) => Deposit::Review(Review { spoken, ask }).into(),
        Answer::Chosen(choice, ask) => chosen(spoken, choice, ask, cx, fx),
        Answer::Again(line, ask) => {
            let words = vec![Phrase::Line(line)];
            Review::resume(spoken, ask, Detail::Full, words, cx, fx)
        }
        Answer::GivenUp => keep(&spoken, cx, fx),
    }
}

fn chosen(
    spoken: Spoken,
    choice: ReviewChoice,
    ask: Ask,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    match choice {
        ReviewChoice::Again => {
            fx.push(Effect::Discard);
            Beep::enter(spoken.caller, Vec::new(), fx)
        }
        ReviewChoice::Listen => Listening::enter(spoken, &ask, fx),
        ReviewChoice::Keep => keep(&spoken, cx, fx),
        ReviewChoice::Repeat => Review::resume(spoken, ask, Detail::Full, Vec::new(), cx, fx),
        ReviewChoice::Assistant => {
            if let Some(assistant) = spoken.caller.owner.assistant.clone() {
                return Keeping::enter(After::Transfer(assistant), fx);
            }
            let answer = ask.failed(Line::NotAChoice, &cx.menus.review, cx);
            answered(spoken, answer, cx, fx)
        }
    }
}

/// Keeps the message; its receipt is said when it is saved.
fn keep(spoken: &Spoken, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    let owner = &spoken.caller.owner;
    let mut receipt = vec![
        Phrase::Line(Line::ReceiptLength),
        Phrase::Say(Say::Length(spoken.length)),
        Phrase::Line(Line::ReceiptFor),
    ];
    receipt.extend(named(owner, cx.book.of(&owner.mailbox)));
    Keeping::enter(After::Goodbye(receipt), fx)
}

/// The message is being saved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Keeping {
    after: After,
}

/// What follows once the message is saved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum After {
    /// How long it is and for whom, and goodbye.
    Goodbye(Vec<Phrase>),
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
        let line = Phrase::Line;
        let (rest, end) = match self.after {
            After::Goodbye(mut words) => {
                if outcome.is_err() {
                    words.clear();
                }
                words.push(line(Line::Goodbye));
                (words, End::HangUp)
            }
            After::Transfer(assistant) => (Vec::new(), End::Transfer(assistant)),
            After::ServiceEnding => {
                let words = [Line::ServiceEnding, Line::Goodbye].map(line).to_vec();
                (words, End::HangUp)
            }
        };
        end.after(std::iter::once(line(told)).chain(rest).collect(), fx)
    }
}
