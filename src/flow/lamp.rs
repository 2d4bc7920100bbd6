//! Putting the message indicator out by a code (user manual, section 7, `*99`).
//!
//! In: `Started`, then the answer to [`Effect::ClearLamp`]. Out: the resulting state in words, then
//! the end of the call. Laws: only the network's word on whose telephone it is counts, there is no
//! log-in; the indicator is called off only after it is; the messages stay as they are. Keys are
//! ignored: there is nothing to choose.

use super::{Conversation, Effect, Effects, End, Event};
use crate::prompt::{Line, Phrase};
use crate::subscriber::Profile;
use std::sync::Arc;

/// A call that puts the message indicator out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClearLamp {
    /// The call is not answered yet; the subscriber whose telephone it is, if known.
    New(Option<Arc<Profile>>),
    /// The indicator is being put out.
    Clearing,
}

impl ClearLamp {
    /// Before the call is answered.
    pub(super) fn new(owner: Option<Arc<Profile>>) -> ClearLamp {
        ClearLamp::New(owner)
    }

    /// Takes one event.
    pub(super) fn on(self, event: &Event, fx: &mut Effects) -> Conversation {
        match (self, event) {
            (ClearLamp::New(Some(_)), Event::Started) => {
                fx.push(Effect::ClearLamp);
                Conversation::ClearLamp(ClearLamp::Clearing)
            }
            (ClearLamp::New(None), Event::Started) => last(Line::OwnPhoneOnly, fx),
            (ClearLamp::Clearing, Event::LampCleared(Ok(()))) => last(Line::LampCleared, fx),
            (ClearLamp::Clearing, Event::LampCleared(Err(_))) => last(Line::ChangeFailed, fx),
            (_, Event::ServiceEnding) => last(Line::ServiceEnding, fx),
            (lamp, _) => Conversation::ClearLamp(lamp),
        }
    }

    /// The name of the state.
    pub(super) fn state_name(&self) -> &'static str {
        match self {
            ClearLamp::New(_) => "lamp.new",
            ClearLamp::Clearing => "lamp.clearing",
        }
    }
}

/// The line, goodbye, and the end.
fn last(line: Line, fx: &mut Effects) -> Conversation {
    End::HangUp.after([line, Line::Goodbye].map(Phrase::Line).to_vec(), fx)
}
