//! Hearing example sentences: everything callers can hear of a set, one sentence after the other.
//!
//! In: the sentences of all conversations ([`crate::flow::sentences`]), with telling values filled
//! in. Laws: a sentence follows by itself when the one before is done; the keys work at any time;
//! behind the last sentence it goes back to the menu.

use super::menu::MainMenu;
use super::{Bench, Operator};
use crate::flow::{
    Choice, Conversation, Cx, Detail, Effect, Effects, Event, Menus, SentencesChoice, sentences,
};
use crate::prompt::{Line, Part, Phrase};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

/// The silence before each sentence.
const BEFORE: Duration = Duration::from_millis(700);

/// Example sentences are heard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sentences {
    bench: Bench,
    examples: Examples,
    /// Which one is heard, or comes next.
    at: usize,
    hearing: Hearing,
}

/// What there is to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Examples(Arc<[Vec<Phrase>]>);

impl Examples {
    /// One example of every sentence, in the order of a call.
    fn of(menus: &Menus) -> Examples {
        let places = sentences(menus);
        let all = places.iter().flat_map(|place| &place.sentences);
        Examples(all.map(|s| s.iter().map(Part::example).collect()).collect())
    }
}

/// They follow from the menus, so their number tells enough of them apart.
impl Hash for Examples {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.len().hash(state);
    }
}

/// What plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Hearing {
    /// The choices.
    Choices,
    /// The sentence.
    Sentence,
}

impl Sentences {
    /// Says the choices, then the first sentence.
    pub(super) fn enter(mut bench: Bench, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let detail = bench.heard.visit::<SentencesChoice>();
        let examples = Examples::of(cx.menus);
        Sentences::choices(bench, (examples, 0), detail, cx, fx)
    }

    fn choices(
        bench: Bench,
        (examples, at): (Examples, usize),
        detail: Detail,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let menu = &cx.menus.sentences;
        let mut words = menu.spoken_as(detail, SentencesChoice::line);
        // Of a menu without words there is at least this.
        words.push(Phrase::Pause(BEFORE));
        fx.push(Effect::Play(words));
        let hearing = Hearing::Choices;
        Operator::Sentences(Sentences {
            bench,
            examples,
            at,
            hearing,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::PlayDone => {
                let at = self.following();
                self.hear(at, cx, fx)
            }
            Event::Digit(key) => match cx.menus.sentences.choice(*key) {
                Some(choice) => self.chosen(choice, cx, fx),
                None => Operator::Sentences(self).into(),
            },
            _ => Operator::Sentences(self).into(),
        }
    }

    fn chosen(self, choice: SentencesChoice, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        fx.push(Effect::StopPlay);
        match choice {
            SentencesChoice::Next => {
                let at = self.following();
                self.hear(at, cx, fx)
            }
            SentencesChoice::Previous => {
                let at = self.at.saturating_sub(1);
                self.hear(at, cx, fx)
            }
            SentencesChoice::Back => MainMenu::enter(self.bench, Vec::new(), cx, fx),
            SentencesChoice::Repeat => {
                let place = (self.examples, self.at);
                Sentences::choices(self.bench, place, Detail::Full, cx, fx)
            }
        }
    }

    /// Which sentence follows what plays.
    fn following(&self) -> usize {
        match self.hearing {
            Hearing::Choices => self.at,
            Hearing::Sentence => self.at + 1,
        }
    }

    /// One sentence, or the end of them.
    fn hear(self, at: usize, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Some(example) = self.examples.0.get(at) else {
            return MainMenu::enter(self.bench, vec![Line::SentencesEnd], cx, fx);
        };
        let mut words = vec![Phrase::Pause(BEFORE)];
        words.extend(example.iter().cloned());
        fx.push(Effect::Play(words));
        let hearing = Hearing::Sentence;
        Operator::Sentences(Sentences {
            at,
            hearing,
            ..self
        })
        .into()
    }
}
