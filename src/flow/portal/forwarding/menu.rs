//! The choice of a condition.

use super::Forwarding;
use super::condition::ConditionMenu;
use super::rings::RingsMenu;
use crate::flow::ask::{Answer, Ask};
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::visitor::Visitor;
use crate::flow::{Choice, Conversation, Cx, Detail, Effects, Event, ForwardingChoice};
use crate::prompt::Phrase;
use crate::subscriber::Condition;

/// The choice of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ForwardingMenu {
    pub(super) visitor: Visitor,
    ask: Ask,
}

impl ForwardingMenu {
    /// Says the words, then the menu.
    pub(in crate::flow::portal) fn enter(
        mut visitor: Visitor,
        words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = visitor.owner.heard.visit::<ForwardingChoice>();
        ForwardingMenu::say(visitor, Ask::after_failures(0), detail, words, cx, fx)
    }

    fn say(
        visitor: Visitor,
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let menu = &cx.menus.forwarding;
        words.extend(menu.spoken_as(detail, ForwardingChoice::line));
        let ask = ask.again(words, fx);
        Forwarding::Menu(ForwardingMenu { visitor, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let ForwardingMenu { visitor, ask } = self;
        let (choice, ask) = match ask.on(event, &cx.menus.forwarding, cx, fx) {
            Answer::Chosen(choice, ask) => (choice, ask),
            Answer::Pending(ask) => {
                return Forwarding::Menu(ForwardingMenu { visitor, ask }).into();
            }
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                return ForwardingMenu::say(visitor, ask, Detail::Full, words, cx, fx);
            }
            Answer::GivenUp => return visitor.goodbye(fx),
        };
        let condition = match choice {
            ForwardingChoice::Always => Condition::Always,
            ForwardingChoice::Busy => Condition::Busy,
            ForwardingChoice::NoAnswer => Condition::NoAnswer,
            ForwardingChoice::NotReachable => Condition::NotReachable,
            ForwardingChoice::Rings => return RingsMenu::enter(visitor, cx, fx),
            ForwardingChoice::Back => return visitor.back_to_main(Vec::new(), cx, fx),
            ForwardingChoice::Repeat => {
                return ForwardingMenu::say(visitor, ask, Detail::Full, Vec::new(), cx, fx);
            }
        };
        ConditionMenu::enter(visitor, condition, Vec::new(), cx, fx)
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Leaving::closing(self.visitor.rest(), fx)
    }
}
