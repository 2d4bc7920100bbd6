//! Taking the figures of a new passcode, twice.

use super::storing::Storing;
use super::{Chooser, Choosing, Why};
use crate::base::Pii;
use crate::flow::portal::leaving::Leaving;
use crate::flow::typing::{Typed, Typing};
use crate::flow::{Conversation, Cx, Effects, Event};
use crate::prompt::{Line, Phrase, Say};
use crate::subscriber::PasscodeFlaw;

/// Asking for the new passcode.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct New {
    pub(super) chooser: Chooser,
    typing: Typing,
}

impl New {
    /// Says the words, then asks.
    pub(super) fn enter(
        chooser: Chooser,
        mut words: Vec<Phrase>,
        fx: &mut Effects,
    ) -> Conversation {
        words.push(Phrase::Line(Line::EnterNewPasscode));
        let typing = Typing::ask(words, fx);
        Choosing::New(New { chooser, typing }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let New { chooser, typing } = self;
        let rules = &cx.settings.passcode_rules;
        match typing.on(event, *rules.length.end(), cx, fx) {
            Typed::Pending(typing) => Choosing::New(New { chooser, typing }).into(),
            Typed::Anew => chooser.ask(Vec::new(), fx),
            Typed::Star => chooser.star(cx, fx),
            Typed::Silence => chooser.again(vec![Phrase::Line(Line::NothingPressed)], cx, fx),
            Typed::Figures(chosen) => {
                match rules.check(chosen.reveal(), &chooser.owner().profile) {
                    Ok(()) => Repeat::enter(chooser, chosen, Vec::new(), fx),
                    Err(flaw) => chooser.again(reason(flaw), cx, fx),
                }
            }
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.typing.hush(fx);
        Leaving::closing(self.chooser.rest(), fx)
    }
}

/// Why a passcode is none.
fn reason(flaw: PasscodeFlaw) -> Vec<Phrase> {
    let figures = |line, count: usize| {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        vec![Phrase::Line(line), Phrase::Say(Say::Cardinal(count))]
    };
    match flaw {
        PasscodeFlaw::TooShort(least) => figures(Line::PasscodeTooShort, least),
        PasscodeFlaw::TooLong(most) => figures(Line::PasscodeTooLong, most),
        PasscodeFlaw::Repeats => vec![Phrase::Line(Line::PasscodeRepeats)],
        PasscodeFlaw::Run => vec![Phrase::Line(Line::PasscodeRun)],
        PasscodeFlaw::OwnNumber => vec![Phrase::Line(Line::PasscodeOwnNumber)],
    }
}

/// Asking for the new passcode again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Repeat {
    pub(super) chooser: Chooser,
    chosen: Pii<String>,
    typing: Typing,
}

impl Repeat {
    /// Says the words, then asks.
    fn enter(
        chooser: Chooser,
        chosen: Pii<String>,
        mut words: Vec<Phrase>,
        fx: &mut Effects,
    ) -> Conversation {
        words.push(Phrase::Line(Line::RepeatPasscode));
        let typing = Typing::ask(words, fx);
        Choosing::Repeat(Repeat {
            chooser,
            chosen,
            typing,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Repeat {
            chooser,
            chosen,
            typing,
        } = self;
        let longest = *cx.settings.passcode_rules.length.end();
        match typing.on(event, longest, cx, fx) {
            Typed::Pending(typing) => Choosing::Repeat(Repeat {
                chooser,
                chosen,
                typing,
            })
            .into(),
            Typed::Anew => Repeat::enter(chooser, chosen, Vec::new(), fx),
            Typed::Star => Repeat::star(chooser, cx, fx),
            Typed::Silence => Repeat::silent(chooser, chosen, cx, fx),
            Typed::Figures(again) if again == chosen => Storing::enter(chooser, chosen, fx),
            Typed::Figures(_) => chooser.again(vec![Phrase::Line(Line::PasscodesDiffer)], cx, fx),
        }
    }

    /// Who must choose begins anew.
    fn star(chooser: Chooser, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match chooser.why {
            Why::Wanted(_) => chooser.star(cx, fx),
            Why::Due(..) | Why::Initial(..) | Why::First(..) => chooser.ask(Vec::new(), fx),
        }
    }

    fn silent(
        chooser: Chooser,
        chosen: Pii<String>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let words = vec![Phrase::Line(Line::NothingPressed)];
        match chooser.failed(cx, fx) {
            Ok(chooser) => Repeat::enter(chooser, chosen, words, fx),
            Err(chooser) => chooser.give_up(words, cx, fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.typing.hush(fx);
        Leaving::closing(self.chooser.rest(), fx)
    }
}
