//! Asking for the number of a prompt: its place among all clips of the grammar, from 1.

use super::menu::MainMenu;
use super::reel::Reel;
use super::{AtClip, Bench, Operator, closing, last};
use crate::flow::typing::{Typed, Typing};
use crate::flow::{Conversation, Cx, Effect, Effects, Event};
use crate::prompt::{Line, Phrase};

/// The most figures of a number; no grammar has ten thousand clips.
const LONGEST: usize = 4;

/// Asking for the number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    bench: Bench,
    /// Silent and wrong entries on end.
    failures: u8,
    typing: Typing,
}

impl Number {
    /// Asks.
    pub(super) fn enter(bench: Bench, fx: &mut Effects) -> Conversation {
        Number::ask(bench, 0, Vec::new(), fx)
    }

    fn ask(bench: Bench, failures: u8, mut lines: Vec<Line>, fx: &mut Effects) -> Conversation {
        lines.push(Line::EnterClip);
        let typing = Typing::ask(lines.into_iter().map(Phrase::Line).collect(), fx);
        Operator::Number(Number {
            bench,
            failures,
            typing,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Number {
            bench,
            failures,
            typing,
        } = self;
        match typing.on(event, LONGEST, cx, fx) {
            Typed::Pending(typing) => Operator::Number(Number {
                bench,
                failures,
                typing,
            })
            .into(),
            Typed::Anew => Number::ask(bench, failures, Vec::new(), fx),
            Typed::Star => MainMenu::enter(bench, Vec::new(), cx, fx),
            Typed::Silence => Number::failed(bench, failures, Line::NothingPressed, cx, fx),
            Typed::Figures(number) => {
                let number = number.reveal().parse().ok();
                match number.and_then(|number| Reel::at(number, bench.grammar())) {
                    Some(reel) => AtClip::enter(bench, reel, Vec::new(), cx, fx),
                    None => Number::failed(bench, failures, Line::NoSuchClip, cx, fx),
                }
            }
        }
    }

    /// Tells what was wrong and asks again, while there is patience.
    fn failed(
        bench: Bench,
        failures: u8,
        why: Line,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        fx.push(Effect::FlushKeys);
        let failures = failures.saturating_add(1);
        if failures >= cx.settings.tries {
            return last(vec![why, Line::Goodbye], fx);
        }
        Number::ask(bench, failures, vec![why], fx)
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.typing.hush(fx);
        closing(fx)
    }
}
