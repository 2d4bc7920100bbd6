//! The passcode of those who change prompts.
//!
//! Laws: a wrong passcode and a blocked log-in sound the same; silent and wrong entries count
//! together over the whole call; keys typed ahead of a refusal are forgotten, so that they are not
//! taken for another attempt.

use super::menu::MainMenu;
use super::{Bench, Operator, closing, last};
use crate::base::{Pii, TenantId};
use crate::flow::typing::{Typed, Typing};
use crate::flow::{Conversation, Cx, Effect, Effects, Event, OperatorLogIn, OperatorVerdict};
use crate::prompt::{Line, Phrase};

/// Whose prompts are wanted, and how often an entry was silent or wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Visit {
    tenant: Option<TenantId>,
    failures: u8,
}

/// Asking for the passcode.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Passcode {
    visit: Visit,
    typing: Typing,
}

impl Passcode {
    /// Welcomes, then asks.
    pub(super) fn welcome(tenant: Option<TenantId>, fx: &mut Effects) -> Conversation {
        let visit = Visit {
            tenant,
            failures: 0,
        };
        Passcode::enter(visit, vec![Line::OperatorWelcome], fx)
    }

    fn enter(visit: Visit, mut words: Vec<Line>, fx: &mut Effects) -> Conversation {
        words.push(Line::EnterPasscode);
        let typing = Typing::ask(words.into_iter().map(Phrase::Line).collect(), fx);
        Operator::Passcode(Passcode { visit, typing }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let visit = self.visit;
        let lengths = &cx.settings.passcode_length;
        match self.typing.on(event, *lengths.end(), cx, fx) {
            Typed::Pending(typing) => Operator::Passcode(Passcode { visit, typing }).into(),
            Typed::Anew => Passcode::enter(visit, Vec::new(), fx),
            Typed::Star => visit.failed(Line::NotAChoice, cx, fx),
            Typed::Silence => visit.failed(Line::NothingPressed, cx, fx),
            Typed::Figures(passcode) if lengths.contains(&passcode.reveal().len()) => {
                Checking::enter(visit, passcode, fx)
            }
            Typed::Figures(_) => visit.failed(Line::PasscodeWrong, cx, fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.typing.hush(fx);
        closing(fx)
    }
}

impl Visit {
    /// Tells what was wrong and asks again, while there is patience.
    fn failed(self, why: Line, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        fx.push(Effect::FlushKeys);
        let failures = self.failures.saturating_add(1);
        if failures >= cx.settings.tries {
            return last(vec![why, Line::Goodbye], fx);
        }
        Passcode::enter(Visit { failures, ..self }, vec![why], fx)
    }
}

/// The passcode is being checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Checking {
    visit: Visit,
}

impl Checking {
    fn enter(visit: Visit, passcode: Pii<String>, fx: &mut Effects) -> Conversation {
        let tenant = visit.tenant.clone();
        fx.push(Effect::OperatorLogIn(OperatorLogIn { tenant, passcode }));
        Operator::Checking(Checking { visit }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Event::OperatorLogIn(verdict) = event else {
            return Operator::Checking(self).into();
        };
        match verdict {
            OperatorVerdict::Refused => self.visit.failed(Line::PasscodeWrong, cx, fx),
            OperatorVerdict::Accepted(sets) => match Bench::of(sets) {
                Some(bench) => {
                    fx.push(Effect::Speak(bench.language().clone()));
                    MainMenu::enter(bench, Vec::new(), cx, fx)
                }
                None => last(vec![Line::SomethingWrong, Line::Goodbye], fx),
            },
        }
    }
}
