//! Asking for the number of a recipient: the mailbox or any other number of a subscriber.
//!
//! Law: nobody is a recipient twice; after too many silent or wrong entries it goes on without one
//! more.

use super::review::Review;
use super::{Draft, Recording, Sending, discard};
use crate::flow::typing::{Typed, Typing};
use crate::flow::{Conversation, Cx, Effect, Effects, Event};
use crate::prompt::{Line, Phrase};

/// Asking for the number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recipient {
    pub(super) draft: Draft,
    turn: Turn,
    /// Silent and wrong entries on end.
    failures: u8,
    typing: Typing,
}

/// Whether there is a message yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Turn {
    /// The first recipient; nothing is recorded.
    First,
    /// One more; whether the message has a recording.
    More { recorded: bool },
}

impl Recipient {
    /// Asks for the first one.
    pub(super) fn first(draft: Draft, fx: &mut Effects) -> Conversation {
        Recipient::ask(draft, Turn::First, 0, Vec::new(), fx)
    }

    /// Asks for one more.
    pub(super) fn more(draft: Draft, recorded: bool, fx: &mut Effects) -> Conversation {
        Recipient::ask(draft, Turn::More { recorded }, 0, Vec::new(), fx)
    }

    fn ask(
        draft: Draft,
        turn: Turn,
        failures: u8,
        mut lines: Vec<Line>,
        fx: &mut Effects,
    ) -> Conversation {
        lines.push(Line::EnterMailbox);
        let typing = Typing::ask(lines.into_iter().map(Phrase::Line).collect(), fx);
        Sending::Recipient(Recipient {
            draft,
            turn,
            failures,
            typing,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Recipient {
            draft,
            turn,
            failures,
            typing,
        } = self;
        match typing.on(event, cx.settings.mailbox_length, cx, fx) {
            Typed::Pending(typing) => Sending::Recipient(Recipient {
                draft,
                turn,
                failures,
                typing,
            })
            .into(),
            Typed::Anew => Recipient::ask(draft, turn, failures, Vec::new(), fx),
            Typed::Star => turn.without(draft, Vec::new(), cx, fx),
            Typed::Silence => turn.failed(draft, failures, Line::NothingPressed, cx, fx),
            Typed::Figures(number) => match cx.roster.by_number(number.reveal()) {
                Some(found) => {
                    let mailbox = found.mailbox.clone();
                    let mut draft = draft;
                    if !draft.to.contains(&mailbox) {
                        draft.to.push(mailbox);
                    }
                    turn.go_on(draft, Vec::new(), cx, fx)
                }
                None => turn.failed(draft, failures, Line::NoSuchMailbox, cx, fx),
            },
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.typing.hush(fx);
        match self.turn {
            Turn::First => self.draft.origin.closing(fx),
            Turn::More { recorded } => {
                discard(recorded, fx);
                self.draft.origin.closing_unsent(fx)
            }
        }
    }

    pub(super) fn on_hang_up(&self, fx: &mut Effects) {
        match self.turn {
            Turn::First => {}
            Turn::More { recorded } => discard(recorded, fx),
        }
    }
}

impl Turn {
    /// There is one more recipient.
    fn go_on(self, draft: Draft, lines: Vec<Line>, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match self {
            Turn::First => Recording::enter(draft, fx),
            Turn::More { recorded } => Review::enter(draft, recorded, lines, cx, fx),
        }
    }

    /// There is none.
    fn without(
        self,
        draft: Draft,
        lines: Vec<Line>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        match self {
            Turn::First => draft.given_up(lines, cx, fx),
            Turn::More { recorded } => Review::enter(draft, recorded, lines, cx, fx),
        }
    }

    /// Tells what was wrong and asks again, while there is patience.
    fn failed(
        self,
        draft: Draft,
        failures: u8,
        why: Line,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        fx.push(Effect::FlushKeys);
        let failures = failures.saturating_add(1);
        if failures >= cx.settings.tries {
            return self.without(draft, vec![why], cx, fx);
        }
        Recipient::ask(draft, self, failures, vec![why], fx)
    }
}
