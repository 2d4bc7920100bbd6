//! The first use goes on: the owner's name is recorded, or that is left out.
//!
//! Laws: a key leaves it out, and so does silence; what was recorded is in use once a key says so;
//! what comes of it, the set-up is done then.

use super::Choosing;
use crate::base::Digit;
use crate::flow::portal::inbox::Rest;
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::main_menu::MainMenu;
use crate::flow::portal::order::{Order, Ordered, Then};
use crate::flow::portal::{Entry, Owner};
use crate::flow::recorder::{Recorder, Taken};
use crate::flow::tryout::{Tried, Tryout};
use crate::flow::{ChangeFault, Conversation, Cx, Effect, Effects, Event, KeyPolicy, Wish};
use crate::prompt::{Line, Phrase};
use crate::subscriber::RecordingKind;

/// The key that leaves the name out.
const SKIP: Digit = Digit::Star;

/// Recording the name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Naming {
    owner: Owner,
    entry: Entry,
    phase: Phase,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// The name is recorded.
    Recording(Recorder),
    /// It is tried out.
    Trying(Tryout),
    /// It is being stored.
    Storing(Order),
}

impl Naming {
    /// Says the words, then asks for the name.
    pub(super) fn enter(
        owner: Owner,
        entry: Entry,
        mut words: Vec<Phrase>,
        fx: &mut Effects,
    ) -> Conversation {
        let skip = Phrase::Choice(Line::SkipStep, SKIP);
        words.extend([skip, Phrase::Line(Line::NameSpeak)]);
        let phase = Phase::Recording(Recorder::begin(words, fx));
        Naming {
            owner,
            entry,
            phase,
        }
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let Naming {
            owner,
            entry,
            phase,
        } = self;
        match phase {
            Phase::Recording(recorder) => recording((owner, entry), recorder, event, cx, fx),
            Phase::Trying(tryout) => trying((owner, entry), tryout, event, cx, fx),
            Phase::Storing(order) => storing((owner, entry), order, event, cx, fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        let dropped = match self.phase {
            Phase::Recording(recorder) => recorder.close(fx),
            Phase::Trying(tryout) => {
                tryout.close(fx);
                true
            }
            Phase::Storing(order) => {
                let phase = Phase::Storing(order.closing());
                return Naming { phase, ..self }.into();
            }
        };
        if dropped {
            let told = vec![Phrase::Line(Line::RecordingNotSaved)];
            return Leaving::at_once(Rest::default(), told, fx);
        }
        Leaving::closing(Rest::default(), fx)
    }

    /// The caller hung up: what is recorded goes. An order that is given goes on.
    pub(super) fn on_hang_up(&self, fx: &mut Effects) {
        match &self.phase {
            Phase::Recording(recorder) => recorder.on_hang_up(fx),
            Phase::Trying(_) | Phase::Storing(_) => fx.push(Effect::Discard),
        }
    }

    /// What becomes of keys.
    pub(super) fn key_policy(&self) -> KeyPolicy {
        let held = match &self.phase {
            Phase::Recording(recorder) => recorder.holds_keys(),
            Phase::Trying(_) => false,
            Phase::Storing(_) => true,
        };
        if held {
            KeyPolicy::Hold
        } else {
            KeyPolicy::Now
        }
    }

    /// The name of the state.
    pub(super) fn state_name(&self) -> &'static str {
        match &self.phase {
            Phase::Recording(recorder) => recorder.name([
                "portal.first-name",
                "portal.first-name-recording",
                "portal.first-name-stopping",
            ]),
            Phase::Trying(tryout) => {
                tryout.name(["portal.first-name-review", "portal.first-name-listening"])
            }
            Phase::Storing(_) => "portal.first-name-storing",
        }
    }
}

impl From<Naming> for Conversation {
    fn from(naming: Naming) -> Conversation {
        Choosing::Naming(naming).into()
    }
}

fn recording(
    (mut owner, entry): (Owner, Entry),
    recorder: Recorder,
    event: &Event,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    if recorder == (Recorder::Speaking { words_first: true }) && *event == Event::Digit(SKIP) {
        fx.push(Effect::StopPlay);
        return done((owner, entry), None, cx, fx);
    }
    let phase = match recorder.on(event, cx.settings.longest_name, cx, fx) {
        Taken::Pending(recorder) => Phase::Recording(recorder),
        Taken::Sound(line) => Phase::Trying(Tryout::ask(line, &mut owner.heard, cx, fx)),
        Taken::Nothing => return done((owner, entry), None, cx, fx),
        Taken::Failed => return done((owner, entry), Some(Line::RecordingNotSaved), cx, fx),
    };
    Naming {
        owner,
        entry,
        phase,
    }
    .into()
}

fn trying(
    (owner, entry): (Owner, Entry),
    tryout: Tryout,
    event: &Event,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    let phase = match tryout.on(event, cx, fx) {
        Tried::Pending(tryout) => Phase::Trying(tryout),
        Tried::Again => return Naming::enter(owner, entry, Vec::new(), fx),
        Tried::Use => Phase::Storing(Order::give(Wish::Record(RecordingKind::Name), fx)),
        Tried::Back | Tried::GivenUp => return done((owner, entry), None, cx, fx),
    };
    Naming {
        owner,
        entry,
        phase,
    }
    .into()
}

fn storing(
    (mut owner, entry): (Owner, Entry),
    order: Order,
    event: &Event,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    let (outcome, then) = match order.on(event, fx) {
        Ordered::Pending(order) => {
            let phase = Phase::Storing(order);
            return Naming {
                owner,
                entry,
                phase,
            }
            .into();
        }
        Ordered::Answered(outcome, then) => (outcome, then),
    };
    fx.push(Effect::Discard);
    let line = match outcome {
        Ok(services) => {
            owner.services = services;
            Line::NameSaved
        }
        Err(ChangeFault::TooQuiet) => Line::RecordingTooQuiet,
        Err(ChangeFault::Unavailable | ChangeFault::UsedBefore) => Line::RecordingNotSaved,
    };
    match then {
        Then::GoOn => done((owner, entry), Some(line), cx, fx),
        Then::End => Leaving::at_once(Rest::default(), vec![Phrase::Line(line)], fx),
    }
}

/// What came of it, then on to where the call was to lead.
fn done(
    (owner, entry): (Owner, Entry),
    line: Option<Line>,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    let words = line.into_iter().chain([Line::SetUpDone]);
    MainMenu::after_log_in(owner, entry, words.map(Phrase::Line).collect(), cx, fx)
}
