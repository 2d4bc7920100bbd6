//! Words that nothing follows: an announcement, or the last words of a conversation.
//!
//! In: `Started` (an announcement only) and `PlayDone`. Out: the words, then the end of the call.
//! Keys are ignored here: what is said last (saved, not saved, goodbye) is meant to be heard, and
//! there is nothing left to choose.

use super::{Conversation, Effect, Effects, Event};
use crate::base::DialString;
use crate::prompt::Phrase;

/// Words, then the end of the call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Announcement {
    /// The call is not answered yet.
    New(Vec<Phrase>),
    /// The words play.
    Speaking(End),
}

/// How a call ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// It is hung up.
    HangUp,
    /// The caller is handed on.
    Transfer(DialString),
}

impl End {
    /// Ends the call now.
    pub(super) fn now(self, fx: &mut Effects) -> Conversation {
        fx.push(match self {
            End::HangUp => Effect::HangUp,
            End::Transfer(number) => Effect::Transfer(number),
        });
        Conversation::Ended
    }

    /// Says the last words, then ends the call.
    pub(super) fn after(self, words: Vec<Phrase>, fx: &mut Effects) -> Conversation {
        fx.push(Effect::Play(words));
        Conversation::Announcement(Announcement::Speaking(self))
    }
}

impl Announcement {
    /// Takes one event.
    pub(super) fn on(self, event: &Event, fx: &mut Effects) -> Conversation {
        match (self, event) {
            (Announcement::New(words), Event::Started) => End::HangUp.after(words, fx),
            (Announcement::Speaking(end), Event::PlayDone) => end.now(fx),
            (announcement, _) => Conversation::Announcement(announcement),
        }
    }

    /// The name of the state.
    pub(super) fn state_name(&self) -> &'static str {
        match self {
            Announcement::New(_) => "announcement.new",
            Announcement::Speaking(_) => "announcement.last-words",
        }
    }
}
