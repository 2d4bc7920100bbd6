//! A subscriber who is logged in and at no message: who it is, and the messages once they have been
//! listed. What every screen beside the messages carries along.

use super::Owner;
use super::inbox::{Inbox, Rest};
use super::leaving::Leaving;
use super::main_menu::{MainMenu, rest};
use crate::base::MessageId;
use crate::flow::{Conversation, Cx, Effects};
use crate::prompt::{Line, Phrase};

/// A subscriber who is logged in and at no message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Visitor {
    /// Who it is.
    pub(super) owner: Owner,
    /// The messages, once they have been listed.
    pub(super) inbox: Option<Inbox>,
}

impl Visitor {
    /// Says the words, then the main menu.
    pub(super) fn back_to_main(
        self,
        words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        MainMenu::enter(self.owner, self.inbox, words, cx, fx)
    }

    /// Says the line, then the main menu.
    pub(super) fn told(self, line: Line, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        self.back_to_main(vec![Phrase::Line(line)], cx, fx)
    }

    /// Leaves with goodbye.
    pub(super) fn goodbye(self, fx: &mut Effects) -> Conversation {
        Leaving::goodbye(self.rest(), fx)
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
