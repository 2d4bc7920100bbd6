//! Asking where calls are to be forwarded, where the code came without a number, or with one that
//! calls may not go to.

use super::storing::Storing;
use super::{FeatureCall, Owner, last};
use crate::flow::portal::{destination, refusal};
use crate::flow::typing::{Typed, Typing};
use crate::flow::{Conversation, Cx, Effect, Effects, Event};
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Condition, ForwardChange};

/// Asking for a number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ForwardTo {
    owner: Owner,
    condition: Condition,
    /// Silent and refused entries so far.
    failures: u8,
    typing: Typing,
}

impl ForwardTo {
    /// Says the words, then asks.
    pub(super) fn enter(
        place: (Owner, Condition),
        words: Vec<Phrase>,
        fx: &mut Effects,
    ) -> Conversation {
        ForwardTo::ask(place, 0, words, fx)
    }

    fn ask(
        (owner, condition): (Owner, Condition),
        failures: u8,
        mut words: Vec<Phrase>,
        fx: &mut Effects,
    ) -> Conversation {
        words.push(Phrase::Line(Line::EnterDestination));
        let typing = Typing::ask(words, fx);
        FeatureCall::Number(ForwardTo {
            owner,
            condition,
            failures,
            typing,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let ForwardTo {
            owner,
            condition,
            failures,
            typing,
        } = self;
        let longest = cx.settings.number_length;
        let why_not = match typing.on(event, longest, cx, fx) {
            Typed::Pending(typing) => {
                return FeatureCall::Number(ForwardTo {
                    owner,
                    condition,
                    failures,
                    typing,
                })
                .into();
            }
            Typed::Anew => return ForwardTo::ask((owner, condition), failures, Vec::new(), fx),
            Typed::Star => return last(Vec::new(), fx),
            Typed::Silence => Line::NothingPressed,
            Typed::Figures(figures) => match destination(figures.reveal(), longest) {
                Err(line) => line,
                Ok(to) => {
                    let Some(line) = refusal(&owner, &to, cx) else {
                        let forward = ForwardChange::on_to(to);
                        return Storing::forward(owner, condition, forward, fx);
                    };
                    line
                }
            },
        };
        fx.push(Effect::FlushKeys);
        let (words, failures) = (vec![Phrase::Line(why_not)], failures.saturating_add(1));
        if failures >= cx.settings.tries {
            return last(words, fx);
        }
        ForwardTo::ask((owner, condition), failures, words, fx)
    }

    /// Stops the question if it is being said.
    pub(super) fn hush(&self, fx: &mut Effects) {
        self.typing.hush(fx);
    }
}
