//! Prompts by telephone: one prompt or greeting is heard, recorded, put to use or dropped, a set is
//! tried out, and a version taken back.
//!
//! In: the events of an operator's call. Out: prompts, a log-in check, recordings, changes of a
//! prompt set. Laws: nothing but the welcome is heard before the passcode was accepted; a recording
//! is used only by the key that says so, and hanging up before drops it; it is never a message;
//! what is
//! called changed is; every failure is told; whichever way a call goes on, it is the prompts as
//! callers hear them that are played.
//!
//! One file per screen: `login`, `menu`, `number`, `clip`, `record`, `changing`, `audition`,
//! `language`; `reel` is the row of prompts that is stepped through. Not here: what
//! makes a recording fit for use (the studio), who may call (routing), other changes of a set than
//! these (the command line and the web page).

mod audition;
mod changing;
mod clip;
mod language;
mod login;
mod menu;
mod number;
mod record;
mod reel;

use super::heard::Heard;
use super::{Conversation, Cx, Effect, Effects, End, Event, KeyPolicy, Workset};
use crate::base::TenantId;
use crate::prompt::{Line, Phrase};
use audition::Sentences;
use changing::Changing;
use clip::AtClip;
use language::Languages;
use login::{Checking, Passcode};
use menu::MainMenu;
use number::Number;
use record::{Recording, Review};
use std::sync::Arc;

/// What is known when a number for changing prompts is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OperatorSetup {
    /// Whose prompts they are; `None` is everybody's.
    pub tenant: Option<TenantId>,
}

/// An operator on the telephone: one variant for each state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The call is not answered yet.
    New(New),
    /// Asking for the passcode.
    Passcode(Passcode),
    /// The passcode is being checked.
    Checking(Checking),
    /// The operators' menu.
    MainMenu(MainMenu),
    /// Asking for the number of a prompt.
    Number(Number),
    /// At one prompt.
    AtClip(AtClip),
    /// The operator speaks after the tone.
    Recording(Recording),
    /// After a recording.
    Review(Review),
    /// A prompt set is being changed.
    Changing(Changing),
    /// Example sentences are heard.
    Sentences(Sentences),
    /// Asking for a language.
    Languages(Languages),
}

/// What an operator works on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bench {
    /// The set at hand.
    current: Workset,
    /// All sets there are to choose from, the one at hand among them.
    all: Arc<[Workset]>,
    /// The menus that were said in this language.
    heard: Heard,
}

/// Waiting for the call to be answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct New(OperatorSetup);

impl New {
    fn on(self, event: &Event, fx: &mut Effects) -> Conversation {
        match event {
            Event::Started => Passcode::welcome(self.0.tenant, fx),
            _ => Operator::New(self).into(),
        }
    }
}

impl Operator {
    /// Before the call is answered.
    pub(super) fn new(setup: OperatorSetup) -> Operator {
        Operator::New(New(setup))
    }

    /// Takes one event.
    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match self {
            Operator::New(state) => state.on(event, fx),
            Operator::Passcode(state) => state.on(event, cx, fx),
            Operator::Checking(state) => state.on(event, cx, fx),
            Operator::MainMenu(state) => state.on(event, cx, fx),
            Operator::Number(state) => state.on(event, cx, fx),
            Operator::AtClip(state) => state.on(event, cx, fx),
            Operator::Recording(state) => state.on(event, cx, fx),
            Operator::Review(state) => state.on(event, cx, fx),
            Operator::Changing(state) => state.on(event, cx, fx),
            Operator::Sentences(state) => state.on(event, cx, fx),
            Operator::Languages(state) => state.on(event, cx, fx),
        }
    }

    /// The server is closing down: what is recorded and not in use is dropped, and that is said.
    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        match self {
            Operator::New(_) | Operator::Checking(_) => closing(fx),
            Operator::Passcode(state) => state.on_service_ending(fx),
            Operator::MainMenu(state) => state.on_service_ending(fx),
            Operator::Number(state) => state.on_service_ending(fx),
            Operator::AtClip(state) => state.on_service_ending(fx),
            Operator::Languages(state) => state.on_service_ending(fx),
            Operator::Sentences(_) => {
                fx.push(Effect::StopPlay);
                closing(fx)
            }
            Operator::Recording(state) => state.on_service_ending(fx),
            Operator::Review(state) => state.on_service_ending(fx),
            Operator::Changing(state) => state.on_service_ending(),
        }
    }

    /// The operator hung up: a recording that is not in use goes. One that is being put to use
    /// goes on to be used; what is dropped here is what the call still holds of it.
    pub(super) fn on_hang_up(self, fx: &mut Effects) {
        match self {
            Operator::Recording(state) => state.recorder.on_hang_up(fx),
            Operator::Review(_) => fx.push(Effect::Discard),
            Operator::Changing(state) => state.on_hang_up(fx),
            Operator::New(_)
            | Operator::Passcode(_)
            | Operator::Checking(_)
            | Operator::MainMenu(_)
            | Operator::Number(_)
            | Operator::AtClip(_)
            | Operator::Sentences(_)
            | Operator::Languages(_) => {}
        }
    }

    /// What becomes of keys: states that wait for an answer hold them.
    pub(super) fn key_policy(&self) -> KeyPolicy {
        match self {
            Operator::Checking(_) | Operator::Changing(_) => KeyPolicy::Hold,
            Operator::Recording(state) if state.recorder.holds_keys() => KeyPolicy::Hold,
            Operator::New(_)
            | Operator::Passcode(_)
            | Operator::MainMenu(_)
            | Operator::Number(_)
            | Operator::AtClip(_)
            | Operator::Recording(_)
            | Operator::Review(_)
            | Operator::Sentences(_)
            | Operator::Languages(_) => KeyPolicy::Now,
        }
    }

    /// Whether keys are secret.
    pub(super) fn masks_keys(&self) -> bool {
        matches!(self, Operator::Passcode(_) | Operator::Checking(_))
    }

    /// The name of the state.
    pub(super) fn state_name(&self) -> &'static str {
        match self {
            Operator::New(_) => "operator.new",
            Operator::Passcode(_) => "operator.passcode",
            Operator::Checking(_) => "operator.checking",
            Operator::MainMenu(_) => "operator.main",
            Operator::Number(_) => "operator.number",
            Operator::AtClip(_) => "operator.clip",
            Operator::Recording(state) => {
                let names = ["operator.speak", "operator.recording", "operator.stopping"];
                state.recorder.name(names)
            }
            Operator::Review(state) => {
                let names = ["operator.review", "operator.listening"];
                state.tryout.name(names)
            }
            Operator::Changing(_) => "operator.changing",
            Operator::Sentences(_) => "operator.sentences",
            Operator::Languages(_) => "operator.languages",
        }
    }
}

#[cfg(test)]
impl Operator {
    /// The place in the row of all prompts, where one of them is at hand.
    pub(super) fn place_in_row(&self) -> Option<usize> {
        match self {
            Operator::AtClip(state) => state.place_in_row(),
            _ => None,
        }
    }
}

impl From<Operator> for Conversation {
    fn from(operator: Operator) -> Conversation {
        Conversation::Operator(operator)
    }
}

/// The operator leaves, or is given up.
fn goodbye(fx: &mut Effects) -> Conversation {
    last(vec![Line::Goodbye], fx)
}

/// Nothing is recorded: says that the service closes, and hangs up.
fn closing(fx: &mut Effects) -> Conversation {
    last(vec![Line::ServiceEnding, Line::Goodbye], fx)
}

/// What is recorded is dropped because the service closes. The words for that say that recordings
/// are kept, which is not so here.
fn dropped(fx: &mut Effects) -> Conversation {
    last(vec![Line::ClipNotReplaced, Line::Goodbye], fx)
}

fn last(lines: Vec<Line>, fx: &mut Effects) -> Conversation {
    End::HangUp.after(lines.into_iter().map(Phrase::Line).collect(), fx)
}
