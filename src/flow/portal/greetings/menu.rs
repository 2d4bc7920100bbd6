//! The choice of a recording: the name, or one of the greetings.

use super::one::AtOne;
use super::{Door, Greetings, Guest};
use crate::base::MessageId;
use crate::flow::ask::{Answer, Ask};
use crate::flow::portal::Owner;
use crate::flow::portal::inbox::{Inbox, Rest};
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::main_menu::{MainMenu, rest};
use crate::flow::{Choice, Conversation, Cx, Detail, Effects, Event, GreetingsChoice};
use crate::prompt::Phrase;
use crate::subscriber::RecordingKind;

/// The choice of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GreetingsMenu {
    owner: Owner,
    /// The messages, once they have been listed.
    inbox: Option<Inbox>,
    ask: Ask,
}

impl GreetingsMenu {
    /// Says the words, then the menu.
    pub(super) fn enter(
        mut owner: Owner,
        inbox: Option<Inbox>,
        words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = owner.heard.visit::<GreetingsChoice>();
        let ask = Ask::after_failures(0);
        GreetingsMenu::say((owner, inbox), ask, detail, words, cx, fx)
    }

    fn say(
        (owner, inbox): (Owner, Option<Inbox>),
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let menu = &cx.menus.greetings;
        words.extend(menu.spoken_as(detail, GreetingsChoice::line));
        let ask = ask.again(words, fx);
        Greetings::Menu(GreetingsMenu { owner, inbox, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let GreetingsMenu { owner, inbox, ask } = self;
        match ask.on(event, &cx.menus.greetings, cx, fx) {
            Answer::Pending(ask) => Greetings::Menu(GreetingsMenu { owner, inbox, ask }).into(),
            Answer::Chosen(choice, ask) => chosen((owner, inbox), choice, ask, cx, fx),
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                GreetingsMenu::say((owner, inbox), ask, Detail::Full, words, cx, fx)
            }
            Answer::GivenUp => Leaving::goodbye(rest(inbox.as_ref()), fx),
        }
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

fn chosen(
    (owner, inbox): (Owner, Option<Inbox>),
    choice: GreetingsChoice,
    ask: Ask,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    let kind = match choice {
        GreetingsChoice::Name => RecordingKind::Name,
        GreetingsChoice::Busy => RecordingKind::Busy,
        GreetingsChoice::NoAnswer => RecordingKind::NoAnswer,
        GreetingsChoice::Away => RecordingKind::Away,
        GreetingsChoice::Back => return MainMenu::enter(owner, inbox, Vec::new(), cx, fx),
        GreetingsChoice::Repeat => {
            let words = Vec::new();
            return GreetingsMenu::say((owner, inbox), ask, Detail::Full, words, cx, fx);
        }
    };
    let door = Door::Main(inbox);
    AtOne::enter(Guest { owner, door }, kind, cx, fx)
}
