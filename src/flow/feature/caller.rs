//! Who called last, and calling them back (Call Return, user manual section 7, `*69` then `1`).
//!
//! Law: a caller is called back only where calls may be forwarded to, so that a telephone left alone
//! can call nobody by it that forwarding could not.

use super::{FeatureCall, Owner, last};
use crate::base::DialString;
use crate::flow::ask::{Answer, Ask};
use crate::flow::portal::refusal;
use crate::flow::{CallReturnChoice, Choice, Conversation, Cx, Detail, Effects, End, Event};
use crate::prompt::{Line, Phrase, Say};
use crate::subscriber::LastCaller;

/// The last caller was told, and can be called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LastCall {
    owner: Owner,
    number: DialString,
    ask: Ask,
}

impl LastCall {
    /// Tells who called last; the end where that one cannot be called.
    pub(super) fn enter(mut owner: Owner, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Some(LastCaller { number, .. }) = owner.services.last_caller.clone() else {
            return last(vec![Phrase::Line(Line::NoLastCall)], fx);
        };
        let Some(number) = number else {
            return last(vec![Phrase::Line(Line::LastCallWithheld)], fx);
        };
        if refusal(&owner, &number, cx).is_some() {
            let mut words = told(&owner, &number, cx);
            words.push(Phrase::Line(Line::CannotCall));
            return last(words, fx);
        }
        let detail = owner.heard.visit::<CallReturnChoice>();
        let ask = Ask::after_failures(0);
        LastCall::say((owner, number), ask, (Vec::new(), detail), cx, fx)
    }

    fn say(
        (owner, number): (Owner, DialString),
        ask: Ask,
        (mut words, detail): (Vec<Phrase>, Detail),
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(told(&owner, &number, cx));
        let menu = &cx.menus.call_return;
        words.extend(menu.spoken_as(detail, CallReturnChoice::line));
        let ask = ask.again(words, fx);
        FeatureCall::LastCall(LastCall { owner, number, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let LastCall { owner, number, ask } = self;
        match ask.on(event, &cx.menus.call_return, cx, fx) {
            Answer::Pending(ask) => FeatureCall::LastCall(LastCall { owner, number, ask }).into(),
            Answer::Chosen(CallReturnChoice::Call, _) => End::Transfer(number).now(fx),
            Answer::Chosen(CallReturnChoice::Leave, _) | Answer::GivenUp => last(Vec::new(), fx),
            Answer::Chosen(CallReturnChoice::Repeat, ask) => {
                let words = (Vec::new(), Detail::Full);
                LastCall::say((owner, number), ask, words, cx, fx)
            }
            Answer::Again(line, ask) => {
                let words = (vec![Phrase::Line(line)], Detail::Full);
                LastCall::say((owner, number), ask, words, cx, fx)
            }
        }
    }

    /// Stops the question if it is being said.
    pub(super) fn hush(&self, fx: &mut Effects) {
        self.ask.hush(fx);
    }
}

/// "You were last called by 0612345678, today at nine."
fn told(owner: &Owner, number: &DialString, cx: &Cx<'_>) -> Vec<Phrase> {
    let at = owner.services.last_caller.as_ref().map(|caller| caller.at);
    let mut words = vec![
        Phrase::Line(Line::LastCallFrom),
        Phrase::Say(Say::Number(number.clone())),
    ];
    words.extend(at.map(|at| {
        let (now, zone) = (cx.now.wall, owner.profile.zone.clone());
        Phrase::Say(Say::When { at, now, zone })
    }));
    words
}
