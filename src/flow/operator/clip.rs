//! At one prompt: its number, the prompt itself as callers hear it, and what can be done with it.

use super::changing::{Changing, Work};
use super::menu::MainMenu;
use super::record::Recording;
use super::reel::Reel;
use super::{Bench, Operator, closing, goodbye};
use crate::flow::ask::{Answer, Ask};
use crate::flow::{Choice, ClipChoice, Conversation, Cx, Detail, Effects, Event};
use crate::prompt::{Line, Phrase, Say};
use std::time::Duration;

/// The silence before and behind a prompt, which parts it from the words around it.
const AROUND: Duration = Duration::from_millis(600);

/// At one prompt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AtClip {
    bench: Bench,
    reel: Reel,
    ask: Ask,
}

impl AtClip {
    /// Says the lines, the number of the prompt, the prompt itself, then the menu.
    pub(super) fn enter(
        mut bench: Bench,
        reel: Reel,
        lines: Vec<Line>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let mut words: Vec<Phrase> = lines.into_iter().map(Phrase::Line).collect();
        let (number, _) = reel.clip(bench.grammar());
        words.push(Phrase::Line(Line::ClipNumber));
        words.push(Phrase::Say(Say::Cardinal(number)));
        words.push(Phrase::Pause(AROUND));
        words.extend(sounded(&bench, reel));
        let detail = bench.heard.visit::<ClipChoice>();
        AtClip::say(
            (bench, reel),
            Ask::after_failures(0),
            (words, detail),
            cx,
            fx,
        )
    }

    /// Says the words and the menu in full.
    fn again(
        bench: Bench,
        reel: Reel,
        ask: Ask,
        words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        AtClip::say((bench, reel), ask, (words, Detail::Full), cx, fx)
    }

    fn say(
        (bench, reel): (Bench, Reel),
        ask: Ask,
        (mut words, detail): (Vec<Phrase>, Detail),
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(cx.menus.clip.spoken_as(detail, ClipChoice::line));
        let ask = ask.again(words, fx);
        Operator::AtClip(AtClip { bench, reel, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let AtClip { bench, reel, ask } = self;
        match ask.on(event, &cx.menus.clip, cx, fx) {
            Answer::Pending(ask) => Operator::AtClip(AtClip { bench, reel, ask }).into(),
            Answer::Chosen(choice, ask) => chosen(bench, reel, choice, ask, cx, fx),
            Answer::Again(line, ask) => {
                AtClip::again(bench, reel, ask, vec![Phrase::Line(line)], cx, fx)
            }
            Answer::GivenUp => goodbye(fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        closing(fx)
    }

    /// The place in the row of all prompts; `None` where the row is another.
    #[cfg(test)]
    pub(super) fn place_in_row(&self) -> Option<usize> {
        match self.reel {
            Reel::All(place) => Some(place),
            Reel::Greetings(_) => None,
        }
    }
}

fn chosen(
    bench: Bench,
    reel: Reel,
    choice: ClipChoice,
    ask: Ask,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    match choice {
        ClipChoice::Record => Recording::enter(bench, reel, Some(Line::ClipSpeak), fx),
        ClipChoice::Listen => {
            let words = sounded(&bench, reel);
            AtClip::say((bench, reel), ask, (words, Detail::Brief), cx, fx)
        }
        ClipChoice::Revert => Changing::enter(bench, Work::Revert(reel), fx),
        ClipChoice::Previous => {
            let reel = reel.previous(bench.grammar());
            AtClip::enter(bench, reel, Vec::new(), cx, fx)
        }
        ClipChoice::Next => {
            let reel = reel.next(bench.grammar());
            AtClip::enter(bench, reel, Vec::new(), cx, fx)
        }
        ClipChoice::Back => MainMenu::enter(bench, Vec::new(), cx, fx),
        ClipChoice::Repeat => AtClip::again(bench, reel, ask, Vec::new(), cx, fx),
    }
}

/// The prompt itself.
fn sounded(bench: &Bench, reel: Reel) -> Vec<Phrase> {
    let (_, clip) = reel.clip(bench.grammar());
    vec![Phrase::Clip(clip), Phrase::Pause(AROUND)]
}
