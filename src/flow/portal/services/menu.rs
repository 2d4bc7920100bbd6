//! The choice of a service.

use super::Services;
use super::one::ServiceMenu;
use crate::flow::ask::{Answer, Ask};
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::visitor::Visitor;
use crate::flow::{Choice, Conversation, Cx, Detail, Effects, Event, ServicesChoice};
use crate::prompt::Phrase;
use crate::subscriber::Feature;

/// The choice of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServicesMenu {
    pub(super) visitor: Visitor,
    ask: Ask,
}

impl ServicesMenu {
    /// Says the words, then the menu.
    pub(in crate::flow::portal) fn enter(
        mut visitor: Visitor,
        words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = visitor.owner.heard.visit::<ServicesChoice>();
        ServicesMenu::say(visitor, Ask::after_failures(0), detail, words, cx, fx)
    }

    fn say(
        visitor: Visitor,
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let menu = &cx.menus.services;
        words.extend(menu.spoken_as(detail, ServicesChoice::line));
        let ask = ask.again(words, fx);
        Services::Menu(ServicesMenu { visitor, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let ServicesMenu { visitor, ask } = self;
        let (choice, ask) = match ask.on(event, &cx.menus.services, cx, fx) {
            Answer::Chosen(choice, ask) => (choice, ask),
            Answer::Pending(ask) => return Services::Menu(ServicesMenu { visitor, ask }).into(),
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                return ServicesMenu::say(visitor, ask, Detail::Full, words, cx, fx);
            }
            Answer::GivenUp => return visitor.goodbye(fx),
        };
        let feature = match choice {
            ServicesChoice::DoNotDisturb => Feature::DoNotDisturb,
            ServicesChoice::HideNumber => Feature::HideNumber,
            ServicesChoice::RejectAnonymous => Feature::RejectAnonymous,
            ServicesChoice::CallWaiting => Feature::CallWaiting,
            ServicesChoice::AlwaysToVoicemail => Feature::AlwaysToVoicemail,
            ServicesChoice::BusyToVoicemail => Feature::BusyToVoicemail,
            ServicesChoice::NoAnswerToVoicemail => Feature::NoAnswerToVoicemail,
            ServicesChoice::Back => return visitor.back_to_main(Vec::new(), cx, fx),
            ServicesChoice::Repeat => {
                return ServicesMenu::say(visitor, ask, Detail::Full, Vec::new(), cx, fx);
            }
        };
        ServiceMenu::enter(visitor, feature, cx, fx)
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Leaving::closing(self.visitor.rest(), fx)
    }
}
