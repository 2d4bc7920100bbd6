//! Deleting a message or putting it back, until the mailbox has answered.

use super::between::Between;
use super::inbox::Rest;
use super::leaving::Leaving;
use super::moment::Moment;
use super::{Listener, Portal};
use crate::flow::{Conversation, Cx, Effect, Effects, Event};
use crate::mailbox::{Command, Fault, Reply};
use crate::prompt::{Line, Phrase};

/// A message is being deleted or put back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Changing {
    /// Whose call it is, at which message.
    pub(super) listener: Listener,
    change: Change,
    moment: Moment,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Change {
    /// Deleting; then on.
    Delete,
    /// Putting back; then its menu.
    Undelete,
    /// Putting back to save it; then on.
    Save,
}

impl Change {
    fn command(self, listener: &Listener) -> Command {
        let id = listener.reel.current().summary.id;
        match self {
            Change::Delete => Command::Delete(id),
            Change::Undelete | Change::Save => Command::Undelete(id),
        }
    }
}

impl Changing {
    pub(super) fn delete(listener: Listener, fx: &mut Effects) -> Conversation {
        Changing::enter(listener, Change::Delete, fx)
    }

    pub(super) fn undelete(listener: Listener, fx: &mut Effects) -> Conversation {
        Changing::enter(listener, Change::Undelete, fx)
    }

    pub(super) fn save(listener: Listener, fx: &mut Effects) -> Conversation {
        Changing::enter(listener, Change::Save, fx)
    }

    fn enter(listener: Listener, change: Change, fx: &mut Effects) -> Conversation {
        let moment = Moment::ask(change.command(&listener), fx);
        Portal::Changing(Changing {
            listener,
            change,
            moment,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let command = self.change.command(&self.listener);
        match event {
            Event::Mail(Reply::Done(done)) if *done == command => self.done(cx, fx),
            Event::Mail(Reply::Failed(failed, fault)) if *failed == command => {
                fx.push(Effect::FlushKeys);
                let line = match fault {
                    Fault::Gone => Line::MessageGone,
                    Fault::Unavailable | Fault::Damaged => Line::ChangeFailed,
                };
                Between::enter(self.listener, vec![Phrase::Line(line)], cx, fx)
            }
            event => {
                let moment = self.moment.on(event, fx);
                Portal::Changing(Changing { moment, ..self }).into()
            }
        }
    }

    fn done(self, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let mut listener = self.listener;
        listener.reel.set_deleted(self.change == Change::Delete);
        match self.change {
            Change::Delete => listener.go_on(vec![Phrase::Line(Line::MessageDeleted)], cx, fx),
            Change::Undelete => {
                Between::enter(listener, vec![Phrase::Line(Line::MessageRestored)], cx, fx)
            }
            Change::Save => listener.go_on(vec![Phrase::Line(Line::MessageRestored)], cx, fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.moment.hush(fx);
        Leaving::closing(self.rest(), fx)
    }

    /// What is left to do when the call ends now, the change under way taken as done: the mailbox
    /// works in order, so a removal asked for now comes after it.
    pub(super) fn rest(&self) -> Rest {
        self.listener.reel.rest_with(self.change == Change::Delete)
    }
}
