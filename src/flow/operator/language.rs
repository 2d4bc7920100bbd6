//! Choosing the language whose prompts are worked on; it is also the one the operator hears.

use super::menu::MainMenu;
use super::{Bench, Operator, closing, goodbye};
use crate::base::Digit;
use crate::flow::ask::Phase;
use crate::flow::{Conversation, Cx, Effect, Effects, Event, Workset};
use crate::prompt::{Line, Phrase};

/// The keys of the languages, in their order.
const KEYS: [Digit; 9] = [
    Digit::D1,
    Digit::D2,
    Digit::D3,
    Digit::D4,
    Digit::D5,
    Digit::D6,
    Digit::D7,
    Digit::D8,
    Digit::D9,
];

/// Asking for a language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Languages {
    bench: Bench,
    failures: u8,
    phase: Phase,
}

impl Languages {
    /// Says each language in its own words, then the ways back.
    pub(super) fn enter(bench: Bench, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        Languages::ask(bench, 0, Vec::new(), cx, fx)
    }

    fn ask(
        bench: Bench,
        failures: u8,
        lines: Vec<Line>,
        _cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let mut words: Vec<Phrase> = lines.into_iter().map(Phrase::Line).collect();
        words.extend(bench.all.iter().zip(KEYS).map(|(workset, key)| {
            let choice = Phrase::Choice(Line::LanguageThis, key);
            Phrase::In(workset.set.language.clone(), Box::new(choice))
        }));
        words.push(Phrase::Choice(Line::GoBack, Digit::Star));
        words.push(Phrase::Choice(Line::RepeatChoices, Digit::Pound));
        fx.push(Effect::Play(words));
        let phase = Phase::Speaking;
        Operator::Languages(Languages {
            bench,
            failures,
            phase,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match (event, self.phase) {
            (Event::Digit(key), phase) => {
                phase.hush(fx);
                self.pressed(*key, cx, fx)
            }
            (Event::PlayDone, Phase::Speaking) => {
                fx.push(Effect::AwaitKey(cx.settings.first_key));
                let phase = Phase::Waiting;
                Operator::Languages(Languages { phase, ..self }).into()
            }
            (Event::Timeout, Phase::Waiting) => self.failed(Line::NothingPressed, cx, fx),
            _ => Operator::Languages(self).into(),
        }
    }

    fn pressed(self, key: Digit, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match (key, self.chosen(key)) {
            (Digit::Star, _) => MainMenu::enter(self.bench, Vec::new(), cx, fx),
            (Digit::Pound, _) => Languages::ask(self.bench, self.failures, Vec::new(), cx, fx),
            (_, Some(workset)) => {
                fx.push(Effect::Speak(workset.set.language.clone()));
                let bench = self.bench.with(workset);
                MainMenu::enter(bench, vec![Line::LanguageChanged], cx, fx)
            }
            (_, None) => self.failed(Line::NotAChoice, cx, fx),
        }
    }

    fn chosen(&self, key: Digit) -> Option<Workset> {
        let place = KEYS.iter().position(|k| *k == key)?;
        self.bench.all.get(place).cloned()
    }

    fn failed(self, why: Line, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let failures = self.failures.saturating_add(1);
        if failures >= cx.settings.tries {
            return goodbye(fx);
        }
        Languages::ask(self.bench, failures, vec![why], cx, fx)
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.phase.hush(fx);
        closing(fx)
    }
}
