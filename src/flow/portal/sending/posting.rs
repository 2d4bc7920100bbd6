//! A message is being sent.
//!
//! Laws: what is called sent is, to everybody; whoever it could not be left for is named; the
//! recording is dropped once its fate is known. A server that closes down waits for that fate, so
//! that nobody leaves without knowing it.

use super::{Draft, Sending, discard, named};
use crate::base::MailboxId;
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::moment::Moment;
use crate::flow::{self, Conversation, Cx, Effect, Effects, Event};
use crate::prompt::{Line, Phrase};

/// A message is being sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Posting {
    pub(super) draft: Draft,
    /// Whether the recording is in it.
    recorded: bool,
    then: Then,
    moment: Moment,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Then {
    /// Where the subscriber was.
    Back,
    /// The end: the server is closing down.
    End,
}

impl Posting {
    /// Sends the message. Nothing may be playing.
    pub(super) fn enter(draft: Draft, recorded: bool, fx: &mut Effects) -> Conversation {
        fx.push(Effect::Send(flow::Sending {
            to: draft.to.clone(),
            recorded,
            forwarded: draft.forwards,
            urgent: draft.urgent,
            private: draft.private,
        }));
        let moment = Moment::begin(fx);
        Sending::Posting(Posting {
            draft,
            recorded,
            then: Then::Back,
            moment,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Event::Sent(outcome) = event else {
            let moment = self.moment.on(event, fx);
            return Sending::Posting(Posting { moment, ..self }).into();
        };
        discard(self.recorded, fx);
        let words = match outcome {
            Ok(()) => vec![Phrase::Line(Line::MessageSent)],
            Err(left_out) => {
                fx.push(Effect::FlushKeys);
                failed(&self.draft.to, left_out, cx)
            }
        };
        match self.then {
            Then::Back => self.draft.origin.back(words, cx, fx),
            Then::End => Leaving::told(words, self.draft.origin.rest(), fx),
        }
    }

    /// It is on its way; the subscriber still hears what came of it.
    pub(super) fn on_service_ending(self) -> Conversation {
        let then = Then::End;
        Sending::Posting(Posting { then, ..self }).into()
    }

    pub(super) fn on_hang_up(&self, fx: &mut Effects) {
        discard(self.recorded, fx);
    }
}

/// It was not sent to all; nobody named means that nobody knows.
fn failed(to: &[MailboxId], left_out: &[MailboxId], cx: &Cx<'_>) -> Vec<Phrase> {
    if left_out.is_empty() {
        vec![Phrase::Line(Line::SomethingWrong)]
    } else if to.iter().all(|one| left_out.contains(one)) {
        vec![Phrase::Line(Line::MessageNotSent)]
    } else {
        named(Line::NotSentTo, left_out, cx)
    }
}
