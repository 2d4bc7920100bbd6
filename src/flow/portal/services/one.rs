//! One service: how it stands, on, off.

use super::storing::Storing;
use super::{Services, ServicesMenu, stands};
use crate::flow::ask::{Answer, Ask};
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::visitor::Visitor;
use crate::flow::{Choice, Conversation, Cx, Detail, Effects, Event, ServiceChoice};
use crate::prompt::{Line, Phrase};
use crate::subscriber::Feature;

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceMenu {
    pub(super) visitor: Visitor,
    feature: Feature,
    ask: Ask,
}

impl ServiceMenu {
    /// Says how it stands, then the menu.
    pub(super) fn enter(
        mut visitor: Visitor,
        feature: Feature,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = visitor.owner.heard.visit::<ServiceChoice>();
        let ask = Ask::after_failures(0);
        ServiceMenu::say((visitor, feature), ask, (None, detail), cx, fx)
    }

    fn say(
        (visitor, feature): (Visitor, Feature),
        ask: Ask,
        (line, detail): (Option<Line>, Detail),
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let mut words: Vec<Phrase> = line.map(Phrase::Line).into_iter().collect();
        words.extend(stands(&visitor.owner, feature));
        words.extend(cx.menus.service.spoken_as(detail, ServiceChoice::line));
        let ask = ask.again(words, fx);
        Services::One(ServiceMenu {
            visitor,
            feature,
            ask,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let ServiceMenu {
            visitor,
            feature,
            ask,
        } = self;
        match ask.on(event, &cx.menus.service, cx, fx) {
            Answer::Pending(ask) => Services::One(ServiceMenu {
                visitor,
                feature,
                ask,
            })
            .into(),
            Answer::Chosen(ServiceChoice::On, _) => Storing::enter(visitor, (feature, true), fx),
            Answer::Chosen(ServiceChoice::Off, _) => Storing::enter(visitor, (feature, false), fx),
            Answer::Chosen(ServiceChoice::Back, _) => {
                ServicesMenu::enter(visitor, Vec::new(), cx, fx)
            }
            Answer::Chosen(ServiceChoice::Repeat, ask) => {
                ServiceMenu::say((visitor, feature), ask, (None, Detail::Full), cx, fx)
            }
            Answer::Again(line, ask) => {
                let words = (Some(line), Detail::Full);
                ServiceMenu::say((visitor, feature), ask, words, cx, fx)
            }
            Answer::GivenUp => visitor.goodbye(fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Leaving::closing(self.visitor.rest(), fx)
    }
}
