//! Asking for the number of rings, where the code came without one.

use super::storing::{Storing, What};
use super::{FeatureCall, Owner, last};
use crate::base::{DialString, Digit};
use crate::flow::ask::{Answer, Ask};
use crate::flow::portal::{rings_of_key, standing};
use crate::flow::{Choice, Conversation, Cx, Detail, Effects, Event, RingsChoice};
use crate::prompt::{Line, Phrase};
use crate::subscriber::Change;

/// Asking for the number of rings, by one key from 1 to 9.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AskRings {
    owner: Owner,
    ask: Ask,
}

impl AskRings {
    /// The number of rings that this figure behind the code stands for.
    pub(super) fn figure(dialled: &DialString) -> Option<u8> {
        let mut keys = dialled.digits();
        let figure = keys.next().and_then(Digit::figure);
        figure.filter(|figure| *figure > 0 && keys.next().is_none())
    }

    /// Says how many there are and asks; `wrong` is whether one was dialled that cannot be.
    pub(super) fn enter(
        mut owner: Owner,
        wrong: bool,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = owner.heard.visit::<RingsChoice>();
        let words = wrong.then_some(Phrase::Line(Line::NotAChoice));
        let words = words.into_iter().collect();
        AskRings::say((owner, Ask::after_failures(0)), detail, words, cx, fx)
    }

    fn say(
        (owner, ask): (Owner, Ask),
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(standing::rings(&owner));
        words.push(Phrase::Line(Line::EnterRings));
        words.extend(cx.menus.rings.spoken_as(detail, RingsChoice::line));
        let ask = ask.again(words, fx);
        FeatureCall::Rings(AskRings { owner, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let AskRings { owner, ask } = self;
        if let Some(rings) = rings_of_key(event, cx) {
            ask.hush(fx);
            return Storing::enter(owner, What::Rings, Change::Rings(rings), fx);
        }
        match ask.on(event, &cx.menus.rings, cx, fx) {
            Answer::Pending(ask) => FeatureCall::Rings(AskRings { owner, ask }).into(),
            Answer::Chosen(RingsChoice::Back, _) | Answer::GivenUp => last(Vec::new(), fx),
            Answer::Chosen(RingsChoice::Repeat, ask) => {
                AskRings::say((owner, ask), Detail::Full, Vec::new(), cx, fx)
            }
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                AskRings::say((owner, ask), Detail::Full, words, cx, fx)
            }
        }
    }

    /// Stops the question if it is being said.
    pub(super) fn hush(&self, fx: &mut Effects) {
        self.ask.hush(fx);
    }
}
