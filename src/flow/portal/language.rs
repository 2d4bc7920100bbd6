//! The choice of a language: each one offered, in its own words, on a figure of its own.
//!
//! Laws: a language is called changed only when the choice is stored; one that could not be stored
//! is told as that, and this call speaks it all the same; a server that closes down waits for that
//! fate. Whoever changes the language has heard no menu in it, so all are said in full again. Which languages have clips is not known here: all that
//! the operator offers are offered.

use super::inbox::{Inbox, Rest};
use super::leaving::Leaving;
use super::main_menu::{MainMenu, rest};
use super::moment::Moment;
use super::{Owner, Portal};
use crate::base::{Digit, MessageId};
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
    owner: Owner,
    /// The messages, once they have been listed.
    inbox: Option<Inbox>,
    ask: Ask,
}

impl LanguageMenu {
    /// Says the menu.
    pub(super) fn enter(
        mut owner: Owner,
        inbox: Option<Inbox>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = owner.heard.visit::<LanguageChoice>();
        let ask = Ask::after_failures(0);
        LanguageMenu::say((owner, inbox), ask, detail, Vec::new(), cx, fx)
    }

    fn say(
        (owner, inbox): (Owner, Option<Inbox>),
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let menu = &cx.menus.language;
        let languages = offered(&owner, cx).iter().zip(keys(menu));
        words.extend(languages.map(|(language, key)| {
            let choice = Phrase::Choice(Line::LanguageThis, key);
            Phrase::In(language.clone(), Box::new(choice))
        }));
        words.extend(menu.spoken_as(detail, LanguageChoice::line));
        let ask = ask.again(words, fx);
        Portal::LanguageMenu(LanguageMenu { owner, inbox, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        if let Event::Digit(key) = event
            && let Some(language) = self.language(*key, cx)
        {
            self.ask.hush(fx);
            return Switching::enter(self.owner, self.inbox, language, fx);
        }
        let LanguageMenu { owner, inbox, ask } = self;
        match ask.on(event, &cx.menus.language, cx, fx) {
            Answer::Pending(ask) => Portal::LanguageMenu(LanguageMenu { owner, inbox, ask }).into(),
            Answer::Chosen(LanguageChoice::Back, _) => {
                MainMenu::enter(owner, inbox, Vec::new(), cx, fx)
            }
            Answer::Chosen(LanguageChoice::Repeat, ask) => {
                LanguageMenu::say((owner, inbox), ask, Detail::Full, Vec::new(), cx, fx)
            }
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                LanguageMenu::say((owner, inbox), ask, Detail::Full, words, cx, fx)
            }
            Answer::GivenUp => Leaving::goodbye(rest(inbox.as_ref()), fx),
        }
    }

    fn language(&self, key: Digit, cx: &Cx<'_>) -> Option<Language> {
        let place = keys(&cx.menus.language).position(|k| k == key)?;
        offered(&self.owner, cx).get(place).cloned()
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Leaving::closing(self.rest(), fx)
    }

    /// What is left to do when the call ends now.
    pub(super) fn rest(&self) -> Rest {
        rest(self.inbox.as_ref())
    }

    /// A message is marked heard now, or could not be.
    pub(super) fn noted(&mut self, id: MessageId, done: bool) {
        if let Some(inbox) = &mut self.inbox {
            inbox.noted(id, done);
        }
    }
}

/// A language was chosen and is being stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Switching {
    owner: Owner,
    /// The messages, once they have been listed.
    inbox: Option<Inbox>,
    then: Then,
    moment: Moment,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Then {
    /// The main menu.
    Menu,
    /// The end: the server is closing down.
    End,
}

impl Switching {
    fn enter(
        owner: Owner,
        inbox: Option<Inbox>,
        language: Language,
        fx: &mut Effects,
    ) -> Conversation {
        let wish = Wish::Set(Change::Language(language.clone()));
        fx.push(Effect::Change(wish));
        fx.push(Effect::Speak(language));
        let heard = Heard::default();
        Portal::Switching(Switching {
            owner: Owner { heard, ..owner },
            inbox,
            then: Then::Menu,
            moment: Moment::begin(fx),
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Event::Changed(outcome) = event else {
            let moment = self.moment.on(event, fx);
            return Portal::Switching(Switching { moment, ..self }).into();
        };
        match self.then {
            Then::Menu => {
                let line = match outcome {
                    Ok(_) => Line::LanguageChanged,
                    Err(_) => Line::ChangeFailed,
                };
                MainMenu::enter(self.owner, self.inbox, vec![Phrase::Line(line)], cx, fx)
            }
            Then::End => {
                self.moment.hush(fx);
                let mut rest = self.rest();
                rest.untold |= outcome.is_err();
                Leaving::closing(rest, fx)
            }
        }
    }

    /// The choice is made; its fate is still told.
    pub(super) fn on_service_ending(self) -> Conversation {
        let then = Then::End;
        Portal::Switching(Switching { then, ..self }).into()
    }

    /// What is left to do when the call ends now.
    pub(super) fn rest(&self) -> Rest {
        rest(self.inbox.as_ref())
    }

    /// A message is marked heard now, or could not be.
    pub(super) fn noted(&mut self, id: MessageId, done: bool) {
        if let Some(inbox) = &mut self.inbox {
            inbox.noted(id, done);
        }
    }
}
