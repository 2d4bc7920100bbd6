//! Before a message is sent: hear it, record it again, mark it, add recipients, send it or not.
//!
//! Laws: only the key of `send` sends it; giving no answer drops it; of a mark the menu offers the
//! other of what is set. What is heard is what is sent: the recording, then the message that is
//! forwarded.

use super::{Draft, Posting, Recipient, Recording, Sending, discard};
use crate::flow::ask::{Answer, Ask};
use crate::flow::{
    Choice, Conversation, Cx, Detail, Effect, Effects, Event, PlayFault, SendingChoice,
};
use crate::prompt::{Line, Phrase};
use std::time::Duration;

/// The menu before a message is sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Review {
    pub(super) draft: Draft,
    /// Whether something is recorded.
    recorded: bool,
    ask: Ask,
    playing: Playing,
}

/// What plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Playing {
    /// The menu, or nothing.
    Menu,
    /// The recording.
    Take,
    /// The message that is forwarded.
    Forwarded,
}

impl Review {
    /// Says the lines and for whom the message is, then the menu.
    pub(super) fn enter(
        mut draft: Draft,
        recorded: bool,
        lines: Vec<Line>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = draft.origin.owner().heard.visit::<SendingChoice>();
        let mut words: Vec<Phrase> = lines.into_iter().map(Phrase::Line).collect();
        words.extend(draft.recipients(cx));
        let ask = Ask::after_failures(0);
        Review::say((draft, recorded), ask, detail, words, cx, fx)
    }

    fn say(
        (draft, recorded): (Draft, bool),
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(cx.menus.sending.spoken_as(detail, |choice| match choice {
            SendingChoice::Urgent if draft.urgent => Some(Line::SendNotUrgent),
            SendingChoice::Private if draft.private => Some(Line::SendNotPrivate),
            _ => choice.line(),
        }));
        let ask = ask.again(words, fx);
        Sending::Review(Review {
            draft,
            recorded,
            ask,
            playing: Playing::Menu,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match (self.playing, event) {
            (Playing::Menu, _) | (Playing::Take | Playing::Forwarded, Event::Digit(_)) => {
                self.asked(event, cx, fx)
            }
            (Playing::Take, Event::PlayDone) => self.play_forwarded(cx, fx),
            (Playing::Forwarded, Event::PlayDone) => self.heard(None, cx, fx),
            (Playing::Take, Event::PlayFailed(_)) => self.heard(Some(Line::SomethingWrong), cx, fx),
            (Playing::Forwarded, Event::PlayFailed(fault)) => {
                self.heard(Some(unheard(*fault)), cx, fx)
            }
            (Playing::Take | Playing::Forwarded, _) => Sending::Review(self).into(),
        }
    }

    fn asked(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Review {
            draft,
            recorded,
            ask,
            ..
        } = self;
        match ask.on(event, &cx.menus.sending, cx, fx) {
            Answer::Pending(ask) => Sending::Review(Review {
                draft,
                recorded,
                ask,
                playing: Playing::Menu,
            })
            .into(),
            Answer::Chosen(choice, ask) => chosen((draft, recorded), choice, ask, cx, fx),
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                Review::say((draft, recorded), ask, Detail::Full, words, cx, fx)
            }
            Answer::GivenUp => dropped(draft, recorded, cx, fx),
        }
    }

    fn listen(self, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        if !self.recorded {
            return self.play_forwarded(cx, fx);
        }
        fx.push(Effect::PlayTake);
        let playing = Playing::Take;
        Sending::Review(Review { playing, ..self }).into()
    }

    /// Plays what is forwarded, where something is.
    fn play_forwarded(self, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Some(message) = self.draft.forwards else {
            return self.heard(None, cx, fx);
        };
        fx.push(Effect::PlayMessage(message, Duration::ZERO));
        let playing = Playing::Forwarded;
        Sending::Review(Review { playing, ..self }).into()
    }

    /// All was heard, or cannot be.
    fn heard(self, line: Option<Line>, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let words = line.into_iter().map(Phrase::Line).collect();
        let message = (self.draft, self.recorded);
        Review::say(message, self.ask, Detail::Brief, words, cx, fx)
    }

    pub(super) fn name(&self) -> &'static str {
        match self.playing {
            Playing::Menu => "portal.sending",
            Playing::Take => "portal.hearing-take",
            Playing::Forwarded => "portal.hearing-forwarded",
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        match self.playing {
            Playing::Menu => self.ask.hush(fx),
            Playing::Take | Playing::Forwarded => fx.push(Effect::StopPlay),
        }
        discard(self.recorded, fx);
        self.draft.origin.closing_unsent(fx)
    }

    pub(super) fn on_hang_up(&self, fx: &mut Effects) {
        discard(self.recorded, fx);
    }
}

fn chosen(
    (mut draft, recorded): (Draft, bool),
    choice: SendingChoice,
    ask: Ask,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    let say = |draft, ask, detail, words, fx: &mut Effects| {
        Review::say((draft, recorded), ask, detail, words, cx, fx)
    };
    match choice {
        SendingChoice::Send => Posting::enter(draft, recorded, fx),
        SendingChoice::Add if draft.to.len() < cx.settings.recipients => {
            Recipient::more(draft, recorded, fx)
        }
        SendingChoice::Add => {
            let words = vec![Phrase::Line(Line::NoMoreRecipients)];
            say(draft, ask, Detail::Brief, words, fx)
        }
        SendingChoice::Listen => Review {
            draft,
            recorded,
            ask: Ask::after_failures(ask.failures()),
            playing: Playing::Menu,
        }
        .listen(cx, fx),
        SendingChoice::Again => {
            discard(recorded, fx);
            Recording::again(draft, fx)
        }
        SendingChoice::Urgent => {
            draft.urgent = !draft.urgent;
            say(draft, ask, Detail::Brief, Vec::new(), fx)
        }
        SendingChoice::Private => {
            draft.private = !draft.private;
            say(draft, ask, Detail::Brief, Vec::new(), fx)
        }
        SendingChoice::Cancel => dropped(draft, recorded, cx, fx),
        SendingChoice::Repeat => {
            let words = draft.recipients(cx);
            say(draft, ask, Detail::Full, words, fx)
        }
    }
}

/// The message is not sent.
fn dropped(draft: Draft, recorded: bool, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    discard(recorded, fx);
    draft.given_up(Vec::new(), cx, fx)
}

/// Why the message that is forwarded cannot be heard.
fn unheard(fault: PlayFault) -> Line {
    match fault {
        PlayFault::Gone => Line::MessageGone,
        PlayFault::Damaged => Line::MessageDamaged,
        PlayFault::Unavailable => Line::MessagesUnavailable,
    }
}
