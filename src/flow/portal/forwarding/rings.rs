//! The number of rings, by one key from 1 to 9.

use super::menu::ForwardingMenu;
use super::storing::Storing;
use super::{Forwarding, standing};
use crate::base::Digit;
use crate::flow::ask::{Answer, Ask};
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::visitor::Visitor;
use crate::flow::{Choice, Conversation, Cx, Detail, Effects, Event, RingsChoice};
use crate::prompt::{Line, Phrase};

/// Asking for the number of rings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RingsMenu {
    pub(super) visitor: Visitor,
    ask: Ask,
}

impl RingsMenu {
    /// Says how many there are and asks.
    pub(super) fn enter(mut visitor: Visitor, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let detail = visitor.owner.heard.visit::<RingsChoice>();
        RingsMenu::say(visitor, Ask::after_failures(0), detail, Vec::new(), cx, fx)
    }

    fn say(
        visitor: Visitor,
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(standing::rings(&visitor.owner));
        words.push(Phrase::Line(Line::EnterRings));
        words.extend(cx.menus.rings.spoken_as(detail, RingsChoice::line));
        let ask = ask.again(words, fx);
        Forwarding::Rings(RingsMenu { visitor, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let RingsMenu { visitor, ask } = self;
        if let Some(rings) = rings_of_key(event, cx) {
            ask.hush(fx);
            return Storing::rings(visitor, rings, fx);
        }
        match ask.on(event, &cx.menus.rings, cx, fx) {
            Answer::Pending(ask) => Forwarding::Rings(RingsMenu { visitor, ask }).into(),
            Answer::Chosen(RingsChoice::Back, _) => {
                ForwardingMenu::enter(visitor, Vec::new(), cx, fx)
            }
            Answer::Chosen(RingsChoice::Repeat, ask) => {
                RingsMenu::say(visitor, ask, Detail::Full, Vec::new(), cx, fx)
            }
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                RingsMenu::say(visitor, ask, Detail::Full, words, cx, fx)
            }
            Answer::GivenUp => visitor.goodbye(fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Leaving::closing(self.visitor.rest(), fx)
    }
}

/// The number of rings that a key stands for, unless it makes another choice.
pub(in crate::flow) fn rings_of_key(event: &Event, cx: &Cx<'_>) -> Option<u8> {
    let Event::Digit(key) = event else {
        return None;
    };
    let free = cx.menus.rings.choice(*key).is_none();
    let figure = Digit::figure(*key).filter(|figure| *figure > 0);
    figure.filter(|_| free)
}
