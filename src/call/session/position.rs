//! Where messages are stopped: remembered for their owner, so that they go on from there the next
//! time, whichever telephone it is.
//!
//! In: what the media session reports of messages that played. Out: changes of what the owner has
//! set; no flow has to ask for one, so that hanging up is like every other stop. Laws: a message
//! that began to play is settled once, by its end or by where it was stopped; one that was heard to
//! its end, or all but, has no position; nothing is ordered where nothing changes; a call is not
//! forgotten before the last of it is settled or [`PATIENCE`] is over.

use super::{CallSession, Desk, Farewell, Phase, Question};
use crate::base::{MessageId, PlayId};
use crate::flow::worth_resuming;
use crate::subscriber::Change;
use std::collections::VecDeque;
use std::time::Duration;

/// How long a call that is over waits for the report of where its message was stopped.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// The most messages of a call whose reports are awaited; a stop is reported within milliseconds.
const HEARINGS_MAX: usize = 8;

/// The messages that play, or of which it is not known yet where they were stopped.
#[derive(Debug, Default)]
pub(super) struct Hearings(VecDeque<Hearing>);

#[derive(Clone, Copy, Debug)]
struct Hearing {
    play: PlayId,
    message: MessageId,
    /// Its whole length.
    length: Duration,
}

impl Hearings {
    /// A message begins to play.
    pub(super) fn begin(&mut self, play: PlayId, message: MessageId, length: Duration) {
        if self.0.len() >= HEARINGS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Hearing {
            play,
            message,
            length,
        });
    }

    fn settle(&mut self, play: PlayId) -> Option<Hearing> {
        let place = self.0.iter().position(|one| one.play == play)?;
        self.0.remove(place)
    }
}

impl CallSession {
    /// A play is over: at its end, or stopped here. Where it was a message, its owner's position is
    /// kept.
    pub(super) fn on_play_over(&mut self, desk: &mut Desk<'_>, play: PlayId, at: Option<Duration>) {
        let Some(Hearing {
            message, length, ..
        }) = self.hearings.settle(play)
        else {
            return;
        };
        let position = at.filter(|at| worth_resuming(*at, length));
        if self.position_of(desk, message) != position {
            self.note_change(desk, Change::Position(message, position));
        }
        if self.hearings.0.is_empty() && self.questions.answered(&Question::Stopped) {
            self.close(desk);
        }
    }

    /// What is remembered of a message now.
    fn position_of(&self, desk: &Desk<'_>, message: MessageId) -> Option<Duration> {
        let services = desk.cx.book.of(&self.owner.as_ref()?.mailbox);
        services.positions.get(&message).copied()
    }

    /// Whether a call that is over must wait for where its message was stopped. It does from now
    /// on.
    pub(super) fn awaits_stop(&mut self, desk: &Desk<'_>) -> bool {
        if self.hearings.0.is_empty() {
            return false;
        }
        self.phase = Phase::Ending(Farewell::Nobody);
        self.questions.ask(desk.now.mono, Question::Stopped);
        true
    }

    /// Nobody said where the message was stopped: what was known of it before stays.
    pub(super) fn on_stop_unheard(&mut self, desk: &mut Desk<'_>) {
        self.hearings = Hearings::default();
        self.close(desk);
    }
}
