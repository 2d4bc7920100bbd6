//! The end of a portal conversation: what is deleted is removed, then the last words.

use super::Portal;
use super::inbox::Rest;
use super::moment::Moment;
use crate::flow::{Conversation, Effect, Effects, End, Event};
use crate::mailbox::{Command, Reply};
use crate::prompt::{Line, Phrase};

/// Deleted messages are being removed before the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leaving {
    last: Last,
    /// What is said before the last words.
    words: Vec<Phrase>,
    /// Whether a change has failed and the caller does not know yet.
    failed: bool,
    moment: Moment,
}

/// The last words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Last {
    Goodbye,
    Closing,
}

impl Leaving {
    /// Leaves with goodbye.
    pub(super) fn goodbye(rest: Rest, fx: &mut Effects) -> Conversation {
        Leaving::enter(Last::Goodbye, Vec::new(), rest, fx)
    }

    /// Leaves because the server is closing down.
    pub(super) fn closing(rest: Rest, fx: &mut Effects) -> Conversation {
        Leaving::closing_after(Vec::new(), rest, fx)
    }

    /// The same, after these words.
    pub(super) fn closing_after(words: Vec<Phrase>, rest: Rest, fx: &mut Effects) -> Conversation {
        Leaving::enter(Last::Closing, words, rest, fx)
    }

    fn enter(last: Last, words: Vec<Phrase>, rest: Rest, fx: &mut Effects) -> Conversation {
        let failed = rest.untold;
        if !rest.deleted {
            return last.say(words, failed, fx);
        }
        let moment = Moment::ask(Command::Expunge, fx);
        Portal::Leaving(Leaving {
            last,
            words,
            failed,
            moment,
        })
        .into()
    }

    pub(super) fn on(mut self, event: &Event, fx: &mut Effects) -> Conversation {
        match event {
            Event::Mail(Reply::Done(Command::Expunge)) => {
                self.last.say(self.words, self.failed, fx)
            }
            Event::Mail(Reply::Failed(Command::Expunge, _)) => self.last.say(self.words, true, fx),
            Event::Mail(Reply::Failed(_, _)) => {
                self.noted(false);
                Portal::Leaving(self).into()
            }
            event => {
                self.moment = self.moment.on(event, fx);
                Portal::Leaving(self).into()
            }
        }
    }

    /// A change under way is done, or could not be made.
    pub(super) fn noted(&mut self, done: bool) {
        self.failed |= !done;
    }
}

impl Last {
    fn say(self, mut words: Vec<Phrase>, failed: bool, fx: &mut Effects) -> Conversation {
        let told = failed.then_some(Line::ChangeFailed);
        let closing = (self == Last::Closing).then_some(Line::ServiceEnding);
        let lines = told.into_iter().chain(closing).chain([Line::Goodbye]);
        words.extend(lines.map(Phrase::Line));
        End::HangUp.after(words, fx)
    }
}

/// Removes what is deleted, if anything is.
pub(super) fn expunge(rest: Rest, fx: &mut Effects) {
    if rest.deleted {
        fx.push(Effect::Mail(Command::Expunge));
    }
}
