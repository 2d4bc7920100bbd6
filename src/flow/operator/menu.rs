//! The operators' menu.

use super::audition::Sentences;
use super::changing::{Changing, Work};
use super::language::Languages;
use super::number::Number;
use super::reel::Reel;
use super::{AtClip, Bench, Operator, closing, goodbye};
use crate::flow::ask::{Answer, Ask};
use crate::flow::{Choice, Conversation, Cx, Detail, Effects, Event, OperatorChoice};
use crate::prompt::{Line, Phrase};

/// The operators' menu.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MainMenu {
    bench: Bench,
    ask: Ask,
}

impl MainMenu {
    /// Says the lines, then the menu.
    pub(super) fn enter(
        mut bench: Bench,
        lines: Vec<Line>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = bench.heard.visit::<OperatorChoice>();
        MainMenu::say(bench, Ask::after_failures(0), (lines, detail), cx, fx)
    }

    /// Says the lines and the menu in full.
    fn again(
        bench: Bench,
        ask: Ask,
        lines: Vec<Line>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        MainMenu::say(bench, ask, (lines, Detail::Full), cx, fx)
    }

    fn say(
        bench: Bench,
        ask: Ask,
        (lines, detail): (Vec<Line>, Detail),
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let mut words: Vec<Phrase> = lines.into_iter().map(Phrase::Line).collect();
        words.extend(cx.menus.operator.spoken_as(detail, |choice| match choice {
            OperatorChoice::Language if !bench.has_others() => None,
            choice => choice.line(),
        }));
        let ask = ask.again(words, fx);
        Operator::MainMenu(MainMenu { bench, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let answer = self.ask.on(event, &cx.menus.operator, cx, fx);
        answered(self.bench, answer, cx, fx)
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        closing(fx)
    }
}

fn answered(
    bench: Bench,
    answer: Answer<OperatorChoice>,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    match answer {
        Answer::Pending(ask) => Operator::MainMenu(MainMenu { bench, ask }).into(),
        Answer::Chosen(choice, ask) => chosen(bench, choice, ask, cx, fx),
        Answer::Again(line, ask) => MainMenu::again(bench, ask, vec![line], cx, fx),
        Answer::GivenUp => goodbye(fx),
    }
}

fn chosen(
    bench: Bench,
    choice: OperatorChoice,
    ask: Ask,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    match choice {
        OperatorChoice::Clip => Number::enter(bench, fx),
        OperatorChoice::Greetings => AtClip::enter(bench, Reel::greetings(), Vec::new(), cx, fx),
        OperatorChoice::Audition => Sentences::enter(bench, cx, fx),
        OperatorChoice::Language if bench.has_others() => Languages::enter(bench, cx, fx),
        OperatorChoice::Language => {
            let answer = ask.failed(Line::NotAChoice, &cx.menus.operator, cx);
            answered(bench, answer, cx, fx)
        }
        OperatorChoice::RollBack => Changing::enter(bench, Work::RollBack, fx),
        OperatorChoice::Leave | OperatorChoice::Back => goodbye(fx),
        OperatorChoice::Repeat => MainMenu::again(bench, ask, Vec::new(), cx, fx),
    }
}
