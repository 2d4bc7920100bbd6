//! The end of a portal conversation: what is deleted is removed, then the last words.

use super::Portal;
use super::inbox::Rest;
use super::moment::Moment;
use crate::base::DialString;
use crate::flow::{Conversation, Effect, Effects, End, Event};
use crate::mailbox::{Command, Reply};
use crate::prompt::{Line, Phrase};

/// Deleted messages are being removed before the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leaving {
    last: Last,
    /// Whether a change has failed and the caller does not know yet.
    failed: bool,
    moment: Moment,
}

/// The last words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Last {
    Goodbye,
    Closing,
    /// None: the caller is handed on to this number.
    Calling(DialString),
    /// These, then goodbye.
    Told(Vec<Phrase>),
}

impl Leaving {
    /// Leaves with goodbye.
    pub(super) fn goodbye(rest: Rest, fx: &mut Effects) -> Conversation {
        Leaving::enter(Last::Goodbye, rest, fx)
    }

    /// Leaves because the server is closing down.
    pub(super) fn closing(rest: Rest, fx: &mut Effects) -> Conversation {
        Leaving::enter(Last::Closing, rest, fx)
    }

    /// Leaves for this number.
    pub(super) fn calling(number: DialString, rest: Rest, fx: &mut Effects) -> Conversation {
        Leaving::enter(Last::Calling(number), rest, fx)
    }

    /// Leaves with these words and goodbye.
    pub(super) fn told(words: Vec<Phrase>, rest: Rest, fx: &mut Effects) -> Conversation {
        Leaving::enter(Last::Told(words), rest, fx)
    }

    /// Leaves because the server is closing down, with words that must be said at once: what is
    /// deleted is removed meanwhile, and messages that cannot be are there in the next call. That all
    /// recordings are kept is not said here: the words may be that one is not.
    pub(super) fn at_once(rest: Rest, mut words: Vec<Phrase>, fx: &mut Effects) -> Conversation {
        expunge(rest, fx);
        words.extend(rest.untold.then_some(Phrase::Line(Line::ChangeFailed)));
        words.push(Phrase::Line(Line::Goodbye));
        End::HangUp.after(words, fx)
    }

    fn enter(last: Last, rest: Rest, fx: &mut Effects) -> Conversation {
        let failed = rest.untold;
        if !rest.deleted {
            return last.words(failed, fx);
        }
        let moment = Moment::ask(Command::Expunge, fx);
        Portal::Leaving(Leaving {
            last,
            failed,
            moment,
        })
        .into()
    }

    pub(super) fn on(mut self, event: &Event, fx: &mut Effects) -> Conversation {
        match event {
            Event::Mail(Reply::Done(Command::Expunge)) => self.last.words(self.failed, fx),
            Event::Mail(Reply::Failed(Command::Expunge, _)) => self.last.words(true, fx),
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
    fn words(self, failed: bool, fx: &mut Effects) -> Conversation {
        let line = Phrase::Line;
        let mut words: Vec<_> = failed
            .then_some(line(Line::ChangeFailed))
            .into_iter()
            .collect();
        match self {
            Last::Calling(number) if words.is_empty() => return End::Transfer(number).now(fx),
            Last::Calling(number) => return End::Transfer(number).after(words, fx),
            Last::Goodbye => {}
            Last::Closing => words.push(line(Line::ServiceEnding)),
            Last::Told(told) => words.extend(told),
        }
        words.push(line(Line::Goodbye));
        End::HangUp.after(words, fx)
    }
}

/// Removes what is deleted, if anything is.
pub(super) fn expunge(rest: Rest, fx: &mut Effects) {
    if rest.deleted {
        fx.push(Effect::Mail(Command::Expunge));
    }
}
