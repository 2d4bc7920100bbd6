//! A number that was typed, read back: it is in use once it is confirmed.

use super::Forwarding;
use super::condition::ConditionMenu;
use super::number::DestinationNumber;
use super::storing::Storing;
use crate::base::DialString;
use crate::flow::ask::{Answer, Ask};
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::visitor::Visitor;
use crate::flow::{Choice, Conversation, Cx, DestinationChoice, Detail, Effects, Event};
use crate::prompt::{Line, Phrase, Say};
use crate::subscriber::{Condition, ForwardChange};

/// A number was read back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Confirm {
    pub(super) visitor: Visitor,
    what: What,
    ask: Ask,
}

/// What is to be confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct What {
    condition: Condition,
    /// Whether forwarding is switched on with it.
    on: bool,
    to: DialString,
}

impl Confirm {
    /// Reads the number back, then says the menu.
    pub(super) fn enter(
        (mut visitor, condition): (Visitor, Condition),
        on: bool,
        to: DialString,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = visitor.owner.heard.visit::<DestinationChoice>();
        let what = What { condition, on, to };
        let ask = Ask::after_failures(0);
        Confirm::say((visitor, what), ask, detail, Vec::new(), cx, fx)
    }

    fn say(
        (visitor, what): (Visitor, What),
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let number = Phrase::Say(Say::Number(what.to.clone()));
        words.extend([Phrase::Line(Line::DestinationIs), number]);
        let menu = &cx.menus.destination;
        words.extend(menu.spoken_as(detail, DestinationChoice::line));
        let ask = ask.again(words, fx);
        Forwarding::Confirm(Confirm { visitor, what, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Confirm { visitor, what, ask } = self;
        match ask.on(event, &cx.menus.destination, cx, fx) {
            Answer::Pending(ask) => Forwarding::Confirm(Confirm { visitor, what, ask }).into(),
            Answer::Chosen(DestinationChoice::Yes, _) => {
                let What { condition, on, to } = what;
                let (on, to) = (on.then_some(true), Some(to));
                Storing::forward(visitor, condition, ForwardChange { on, to }, fx)
            }
            Answer::Chosen(DestinationChoice::Again, _) => {
                DestinationNumber::enter((visitor, what.condition), what.on, Vec::new(), fx)
            }
            Answer::Chosen(DestinationChoice::Back, _) => {
                ConditionMenu::enter(visitor, what.condition, Vec::new(), cx, fx)
            }
            Answer::Chosen(DestinationChoice::Repeat, ask) => {
                Confirm::say((visitor, what), ask, Detail::Full, Vec::new(), cx, fx)
            }
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                Confirm::say((visitor, what), ask, Detail::Full, words, cx, fx)
            }
            Answer::GivenUp => visitor.goodbye(fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Leaving::closing(self.visitor.rest(), fx)
    }
}
