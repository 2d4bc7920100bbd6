//! The choice of a language: each one offered, in its own words, on a figure of its own.
//!
//! Laws: a language is called changed only when the choice is stored; one that could not be stored
//! is told as that, and this call speaks it all the same; a server that closes down waits for that
//! fate. Whoever changes the language has heard no menu in it, so all are said in full again. Which
//! languages have clips is not known here: all that the operator offers are offered.

use super::leaving::Leaving;
use super::order::{Order, Ordered, Then};
use super::visitor::Visitor;
use super::{Owner, Portal};
use crate::base::Digit;
use crate::flow::ask::{Answer, Ask};
use crate::flow::heard::Heard;
use crate::flow::{
    Choice, Conversation, Cx, Detail, Effect, Effects, Event, LanguageChoice, Menu, Wish,
};
use crate::prompt::{Line, Phrase};
use crate::subscriber::{Change, Language};

/// Whether there is anything to choose between.
pub(super) fn is_offered(owner: &Owner, cx: &Cx<'_>) -> bool {
    offered(owner, cx).len() > 1
}

fn offered<'a>(owner: &Owner, cx: &Cx<'a>) -> &'a [Language] {
    cx.languages.offered(owner.profile.tenant.as_ref())
}

/// The keys that languages may have: the figures from 1 to 9 that make no other choice. Languages
/// beyond the last are not offered.
pub(in crate::flow) fn keys(menu: &Menu<LanguageChoice>) -> impl Iterator<Item = Digit> {
    let free = |key: &Digit| menu.choice(*key).is_none();
    let figure = |key: &Digit| key.figure().is_some_and(|figure| figure > 0);
    Digit::ALL.into_iter().filter(figure).filter(free)
}

/// The language menu.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LanguageMenu {
    pub(super) visitor: Visitor,
    ask: Ask,
}

impl LanguageMenu {
    /// Says the menu.
    pub(super) fn enter(mut visitor: Visitor, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let detail = visitor.owner.heard.visit::<LanguageChoice>();
        let ask = Ask::after_failures(0);
        LanguageMenu::say(visitor, ask, detail, Vec::new(), cx, fx)
    }

    fn say(
        visitor: Visitor,
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let menu = &cx.menus.language;
        let languages = offered(&visitor.owner, cx).iter().zip(keys(menu));
        words.extend(languages.map(|(language, key)| {
            let choice = Phrase::Choice(Line::LanguageThis, key);
            Phrase::In(language.clone(), Box::new(choice))
        }));
        words.extend(menu.spoken_as(detail, LanguageChoice::line));
        let ask = ask.again(words, fx);
        Portal::LanguageMenu(LanguageMenu { visitor, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        if let Event::Digit(key) = event
            && let Some(language) = self.language(*key, cx)
        {
            self.ask.hush(fx);
            return Switching::enter(self.visitor, language, fx);
        }
        let LanguageMenu { visitor, ask } = self;
        match ask.on(event, &cx.menus.language, cx, fx) {
            Answer::Pending(ask) => Portal::LanguageMenu(LanguageMenu { visitor, ask }).into(),
            Answer::Chosen(LanguageChoice::Back, _) => visitor.back_to_main(Vec::new(), cx, fx),
            Answer::Chosen(LanguageChoice::Repeat, ask) => {
                LanguageMenu::say(visitor, ask, Detail::Full, Vec::new(), cx, fx)
            }
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                LanguageMenu::say(visitor, ask, Detail::Full, words, cx, fx)
            }
            Answer::GivenUp => visitor.goodbye(fx),
        }
    }

    fn language(&self, key: Digit, cx: &Cx<'_>) -> Option<Language> {
        let place = keys(&cx.menus.language).position(|k| k == key)?;
        offered(&self.visitor.owner, cx).get(place).cloned()
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Leaving::closing(self.visitor.rest(), fx)
    }
}

/// A language was chosen and is being stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Switching {
    pub(super) visitor: Visitor,
    order: Order,
}

impl Switching {
    fn enter(mut visitor: Visitor, language: Language, fx: &mut Effects) -> Conversation {
        let wish = Wish::Set(Change::Language(language.clone()));
        let order = Order::give(wish, fx);
        fx.push(Effect::Speak(language));
        visitor.owner.heard = Heard::default();
        Portal::Switching(Switching { visitor, order }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Switching { mut visitor, order } = self;
        let (outcome, then) = match order.on(event, fx) {
            Ordered::Pending(order) => {
                return Portal::Switching(Switching { visitor, order }).into();
            }
            Ordered::Answered(outcome, then) => (outcome, then),
        };
        let failed = outcome.is_err();
        if let Ok(services) = outcome {
            visitor.owner.services = services;
        }
        match then {
            Then::GoOn if failed => visitor.told(Line::ChangeFailed, cx, fx),
            Then::GoOn => visitor.told(Line::LanguageChanged, cx, fx),
            Then::End => {
                let failed = failed.then_some(Line::ChangeFailed);
                let words = failed.into_iter().chain([Line::ServiceEnding]);
                Leaving::at_once(visitor.rest(), words.map(Phrase::Line).collect(), fx)
            }
        }
    }

    /// The choice is made; its fate is still told.
    pub(super) fn on_service_ending(self) -> Conversation {
        let order = self.order.closing();
        Portal::Switching(Switching { order, ..self }).into()
    }
}
