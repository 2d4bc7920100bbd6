//! After a message: save, delete, hear again, move on.
//!
//! The menu that comes after every message is the one heard most: in full after the first, then in
//! brief. Law: a sender is called back only where calls may be forwarded to, so that whoever gets
//! at a passcode can call nobody by it that forwarding could not.

use super::forwarding::refusal;
use super::intro::{Intro, sender_and_time};
use super::leaving::Leaving;
use super::more::More;
use super::playing::Fetching;
use super::{Listener, Portal};
use crate::base::DialString;
use crate::flow::ask::{Answer, Ask};
use crate::flow::{BetweenChoice, Choice, Conversation, Cx, Detail, Effects, Event};
use crate::prompt::{Line, Phrase, Say};
use std::time::Duration;

/// After a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Between {
    /// Whose call it is, at which message.
    pub(super) listener: Listener,
    ask: Ask,
}

impl Between {
    /// Says the words, then the menu.
    pub(super) fn enter(
        mut listener: Listener,
        words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = listener.owner.heard.visit::<BetweenChoice>();
        Between::say(listener, Ask::after_failures(0), detail, words, cx, fx)
    }

    fn say(
        mut listener: Listener,
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(listener.reel.news());
        let deleted = listener.reel.current().is_deleted();
        let callable = listener.callable(cx).is_some();
        words.extend(cx.menus.between.spoken_as(detail, |choice| match choice {
            BetweenChoice::Delete if deleted => Some(Line::MessageUndelete),
            BetweenChoice::CallBack if !callable => None,
            _ => choice.line(),
        }));
        let ask = ask.again(words, fx);
        Portal::Between(Between { listener, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Between { listener, ask } = self;
        let callable = listener.callable(cx).is_some();
        let answer = match ask.on(event, &cx.menus.between, cx, fx) {
            Answer::Chosen(BetweenChoice::CallBack, ask) if !callable => {
                ask.failed(Line::NotAChoice, &cx.menus.between, cx)
            }
            answer => answer,
        };
        match answer {
            Answer::Pending(ask) => Portal::Between(Between { listener, ask }).into(),
            Answer::Chosen(choice, ask) => listener.chosen(choice, ask, cx, fx),
            Answer::Again(line, ask) => Between::say(
                listener,
                ask,
                Detail::Full,
                vec![Phrase::Line(line)],
                cx,
                fx,
            ),
            Answer::GivenUp => Leaving::goodbye(listener.reel.rest(), fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        self.listener.closing(fx)
    }
}

impl Listener {
    fn chosen(
        self,
        choice: BetweenChoice,
        ask: Ask,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        match choice {
            BetweenChoice::Save => self.save(cx, fx),
            BetweenChoice::Delete => self.delete(fx),
            BetweenChoice::Replay => Fetching::enter(self, Duration::ZERO, fx),
            BetweenChoice::Previous => self.previous(ask, cx, fx),
            BetweenChoice::Envelope => {
                let words = self.envelope(cx);
                Between::say(self, ask, Detail::Brief, words, cx, fx)
            }
            BetweenChoice::Next => self.go_on(Vec::new(), cx, fx),
            BetweenChoice::CallBack => self.call_back(cx, fx),
            BetweenChoice::More => More::enter(self, cx, fx),
            BetweenChoice::Back => self.go_back(cx, fx),
        }
    }

    fn previous(mut self, ask: Ask, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        if self.reel.step_back() {
            return Intro::enter(self, Vec::new(), cx, fx);
        }
        let words = vec![Phrase::Line(Line::NoPreviousMessage)];
        Between::say(self, ask, Detail::Brief, words, cx, fx)
    }

    /// The sender's number, where calls may go there: where they may be forwarded to.
    fn callable(&self, cx: &Cx<'_>) -> Option<&DialString> {
        let number = self.reel.current().summary.caller.as_ref()?;
        refusal(&self.owner, number, cx).is_none().then_some(number)
    }

    /// Hands the caller on to the sender.
    fn call_back(self, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let number = self.callable(cx).cloned();
        let rest = self.reel.rest();
        match number {
            Some(number) => Leaving::calling(number, rest, fx),
            None => Leaving::goodbye(rest, fx),
        }
    }

    fn envelope(&self, cx: &Cx<'_>) -> Vec<Phrase> {
        let summary = &self.reel.current().summary;
        let mut words = sender_and_time(summary, &self.owner.profile.zone, cx);
        words.push(Phrase::Line(Line::EnvelopeLength));
        words.push(Phrase::Say(Say::Length(summary.length)));
        words
    }
}
