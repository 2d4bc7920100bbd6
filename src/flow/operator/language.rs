//! Choosing the language whose prompts are worked on; it is also the one the operator hears.
//!
//! The keys are those of the language menu of subscribers. Law: what is spoken and what is worked
//! on are the same language.

use super::menu::MainMenu;
use super::{Bench, Operator, closing, goodbye};
use crate::base::Digit;
use crate::flow::ask::{Answer, Ask};
use crate::flow::portal::language_keys;
use crate::flow::{
    Choice, Conversation, Cx, Detail, Effect, Effects, Event, LanguageChoice, Workset,
};
use crate::prompt::{Line, Phrase};

/// Asking for a language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Languages {
    bench: Bench,
    ask: Ask,
}

impl Languages {
    /// Says each language in its own words, then the ways back.
    pub(super) fn enter(mut bench: Bench, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let detail = bench.heard.visit::<LanguageChoice>();
        Languages::say(bench, Ask::after_failures(0), (Vec::new(), detail), cx, fx)
    }

    fn say(
        bench: Bench,
        ask: Ask,
        (mut words, detail): (Vec<Phrase>, Detail),
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let menu = &cx.menus.language;
        let languages = bench.all.iter().zip(language_keys(menu));
        words.extend(languages.map(|(workset, key)| {
            let choice = Phrase::Choice(Line::LanguageThis, key);
            Phrase::In(workset.set.language.clone(), Box::new(choice))
        }));
        words.extend(menu.spoken_as(detail, LanguageChoice::line));
        let ask = ask.again(words, fx);
        Operator::Languages(Languages { bench, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        if let Event::Digit(key) = event
            && let Some(workset) = self.chosen(*key, cx)
        {
            self.ask.hush(fx);
            fx.push(Effect::Speak(workset.set.language.clone()));
            let bench = self.bench.with(workset);
            return MainMenu::enter(bench, vec![Line::LanguageChanged], cx, fx);
        }
        let Languages { bench, ask } = self;
        match ask.on(event, &cx.menus.language, cx, fx) {
            Answer::Pending(ask) => Operator::Languages(Languages { bench, ask }).into(),
            Answer::Chosen(LanguageChoice::Back, _) => MainMenu::enter(bench, Vec::new(), cx, fx),
            Answer::Chosen(LanguageChoice::Repeat, ask) => {
                Languages::say(bench, ask, (Vec::new(), Detail::Full), cx, fx)
            }
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                Languages::say(bench, ask, (words, Detail::Full), cx, fx)
            }
            Answer::GivenUp => goodbye(fx),
        }
    }

    fn chosen(&self, key: Digit, cx: &Cx<'_>) -> Option<Workset> {
        let place = language_keys(&cx.menus.language).position(|k| k == key)?;
        self.bench.all.get(place).cloned()
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        closing(fx)
    }
}
