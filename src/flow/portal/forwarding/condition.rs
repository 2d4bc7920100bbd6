//! Forwarding under one condition: on, off, another number, how it stands.
//!
//! A number set before is used again when forwarding is switched on, unless the operator allows it
//! no longer: then another is asked for.

use super::menu::ForwardingMenu;
use super::number::{DestinationNumber, refusal};
use super::storing::Storing;
use super::{Forwarding, standing};
use crate::base::DialString;
use crate::flow::ask::{Answer, Ask};
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::visitor::Visitor;
use crate::flow::{Choice, ConditionChoice, Conversation, Cx, Detail, Effects, Event};
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Condition, ForwardChange};

/// Forwarding under one condition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConditionMenu {
    pub(super) visitor: Visitor,
    condition: Condition,
    ask: Ask,
}

impl ConditionMenu {
    /// Says the words, how it stands, then the menu.
    pub(super) fn enter(
        mut visitor: Visitor,
        condition: Condition,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = visitor.owner.heard.visit::<ConditionChoice>();
        words.extend(standing::of(&visitor.owner, condition, cx));
        let ask = Ask::after_failures(0);
        ConditionMenu::say((visitor, condition), ask, detail, words, cx, fx)
    }

    fn say(
        (visitor, condition): (Visitor, Condition),
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let menu = &cx.menus.forward;
        words.extend(menu.spoken_as(detail, ConditionChoice::line));
        let ask = ask.again(words, fx);
        Forwarding::Condition(ConditionMenu {
            visitor,
            condition,
            ask,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let ConditionMenu {
            visitor,
            condition,
            ask,
        } = self;
        let place = (visitor, condition);
        match ask.on(event, &cx.menus.forward, cx, fx) {
            Answer::Pending(ask) => {
                let (visitor, condition) = place;
                Forwarding::Condition(ConditionMenu {
                    visitor,
                    condition,
                    ask,
                })
                .into()
            }
            Answer::Chosen(ConditionChoice::Repeat, ask) => {
                ConditionMenu::say(place, ask, Detail::Full, Vec::new(), cx, fx)
            }
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                ConditionMenu::say(place, ask, Detail::Full, words, cx, fx)
            }
            Answer::Chosen(choice, _) => chosen(place, choice, cx, fx),
            Answer::GivenUp => place.0.goodbye(fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Leaving::closing(self.visitor.rest(), fx)
    }
}

fn chosen(
    (visitor, condition): (Visitor, Condition),
    choice: ConditionChoice,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    let forward = visitor.owner.services.forwarding.under(condition).clone();
    match choice {
        ConditionChoice::On => switch_on((visitor, condition), forward.to.as_ref(), cx, fx),
        ConditionChoice::Off => {
            Storing::forward(visitor, condition, ForwardChange::switch(false), fx)
        }
        ConditionChoice::Number => {
            DestinationNumber::enter((visitor, condition), false, Vec::new(), fx)
        }
        ConditionChoice::Back => ForwardingMenu::enter(visitor, Vec::new(), cx, fx),
        ConditionChoice::Status | ConditionChoice::Repeat => {
            ConditionMenu::enter(visitor, condition, Vec::new(), cx, fx)
        }
    }
}

fn switch_on(
    (visitor, condition): (Visitor, Condition),
    to: Option<&DialString>,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    let why_not = match to {
        None => Some(Line::NoDestination),
        Some(to) => refusal(&visitor.owner, to, cx),
    };
    match why_not {
        None => Storing::forward(visitor, condition, ForwardChange::switch(true), fx),
        Some(line) => {
            let words = vec![Phrase::Line(line)];
            DestinationNumber::enter((visitor, condition), true, words, fx)
        }
    }
}
