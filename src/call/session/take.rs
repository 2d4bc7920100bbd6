//! The recording of a call: from its first sample to a message, or to nothing.
//!
//! Laws: what has begun is committed or discarded, once; a recording that is not worth keeping is
//! dropped only when the caller is gone; nothing after its last speech but a second is part of a
//! recording, when it is heard as when it is kept; a caller never hears "saved" of what the disk
//! refused; a recording to be tried out is never committed, whatever happens to the call.

use super::{CallSession, Desk, Phase, Question};
use crate::base::{MessageId, Mono};
use crate::call::route;
use crate::call::vocabulary::{Command, Milestone, TakeCommand};
use crate::flow::{Event, KeepFault, RecordingDone, worth_keeping};
use crate::mailbox::{Ending, Envelope, Facts, Owner};
use crate::media::{self, RecordEnd, Recorded};
use std::time::Duration;

/// What is left behind the last speech of a recording.
const SILENCE_BEHIND: Duration = Duration::from_secs(1);

/// The recording of this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Take {
    None,
    /// Being recorded, since that moment. `keep`: commit as soon as it has ended; `broken`: the
    /// disk takes no more of it.
    Running {
        id: MessageId,
        since: Mono,
        keep: bool,
        broken: bool,
    },
    /// Recorded, its fate open.
    Ended(Recorded),
    /// The disk did not take it, and the caller was gone before that was known.
    Failed,
    /// On its way to being a message.
    Committing(MessageId),
    /// Being recorded to be tried out: it is no message, and none of it is on disk.
    Trying(MessageId),
    /// Recorded to be tried out.
    Tried(Recorded),
}

impl CallSession {
    pub(super) fn record(&mut self, desk: &mut Desk<'_>, limits: media::RecordLimits) {
        let Some(owner) = &self.owner else { return };
        let (take, law) = (desk.ids.message(desk.now.wall), self.leg.law());
        let envelope = Box::new(Envelope {
            owner: Owner {
                mailbox: owner.mailbox.clone(),
                name: owner.name.clone(),
            },
            caller: route::caller(&self.invite),
            call_id: self.invite.call_id.clone(),
            started: desk.now.wall,
            law,
            reason: self.reason,
            language: desk.cx.book.language(owner).clone(),
            zone: owner.zone.clone(),
        });
        self.take = Take::Running {
            id: take,
            since: desk.now.mono,
            keep: false,
            broken: false,
        };
        desk.out
            .push_back(Command::Take(TakeCommand::Begin { take, envelope }));
        self.to_media(desk, media::Command::Record { take, law, limits });
        self.note(desk, Milestone::TakeBegan(take));
    }

    pub(super) fn record_scratch(&mut self, desk: &mut Desk<'_>, limits: media::RecordLimits) {
        let (take, law) = (desk.ids.message(desk.now.wall), self.leg.law());
        self.take = Take::Trying(take);
        let begin = TakeCommand::BeginScratch { take, law };
        desk.out.push_back(Command::Take(begin));
        self.to_media(desk, media::Command::Record { take, law, limits });
        self.note(desk, Milestone::TakeBegan(take));
    }

    pub(super) fn keep(&mut self, desk: &mut Desk<'_>) {
        match self.take {
            Take::Running {
                id,
                since,
                keep: false,
                broken,
            } => {
                self.take = Take::Running {
                    id,
                    since,
                    keep: true,
                    broken,
                };
                self.questions.ask(desk.now.mono, Question::End(id));
                self.to_media(desk, media::Command::StopRecord);
            }
            Take::Ended(recorded) => self.commit(desk, recorded),
            Take::Trying(_) | Take::Tried(_) => self.discard(desk),
            Take::Running { keep: true, .. } | Take::None | Take::Failed | Take::Committing(_) => {}
        }
    }

    /// What remains of a recording the disk did not take: a caller who is gone cannot be told, so
    /// the answer to their BYE must not promise anything.
    fn lost(&self) -> Take {
        match self.phase {
            Phase::Ending(_) => Take::Failed,
            Phase::Answered | Phase::Up | Phase::Done => Take::None,
        }
    }

    /// Commits a recording that has ended; one that is not worth keeping is a missed call.
    pub(super) fn commit(&mut self, desk: &mut Desk<'_>, recorded: Recorded) {
        let over = matches!(self.phase, Phase::Ending(_));
        if over && !worth_keeping(&done(&recorded), desk.cx.settings) {
            return self.discard(desk);
        }
        self.take = Take::Committing(recorded.take);
        self.questions
            .ask(desk.now.mono, Question::Keep(recorded.take));
        let facts = facts(&recorded);
        desk.out.push_back(Command::Take(TakeCommand::Commit {
            take: recorded.take,
            facts,
        }));
    }

    pub(super) fn discard(&mut self, desk: &mut Desk<'_>) {
        let take = match self.take {
            Take::Running { id, .. } | Take::Trying(id) => {
                self.to_media(desk, media::Command::StopRecord);
                id
            }
            Take::Ended(recorded) | Take::Tried(recorded) => recorded.take,
            Take::Failed => {
                self.take = Take::None;
                return;
            }
            Take::None | Take::Committing(_) => return,
        };
        self.take = Take::None;
        desk.out
            .push_back(Command::Take(TakeCommand::Discard(take)));
        self.note(desk, Milestone::TakeDropped(take));
    }

    pub(super) fn on_recorded(&mut self, desk: &mut Desk<'_>, mut recorded: Recorded) {
        recorded.length = worth(&recorded);
        if self.take == Take::Trying(recorded.take) {
            self.note(desk, Milestone::TakeEnded(recorded.take, recorded.length));
            self.take = Take::Tried(recorded);
            return self.tell(desk, Event::Recorded(done(&recorded)));
        }
        let Take::Running {
            id, keep, broken, ..
        } = self.take
        else {
            return;
        };
        if id != recorded.take {
            return;
        }
        if broken {
            recorded.end = RecordEnd::CutOff;
        }
        self.questions.answered(&Question::End(id));
        self.note(desk, Milestone::TakeEnded(id, recorded.length));
        self.take = Take::Ended(recorded);
        if keep {
            self.commit(desk, recorded);
        } else {
            self.tell(desk, Event::Recorded(done(&recorded)));
        }
        self.settle(desk);
    }

    /// How long the recording is that can be heard.
    pub(super) fn take_length(&self) -> Duration {
        match self.take {
            Take::Ended(recorded) | Take::Tried(recorded) => recorded.length,
            Take::None
            | Take::Running { .. }
            | Take::Failed
            | Take::Committing(_)
            | Take::Trying(_) => Duration::ZERO,
        }
    }

    /// The media session does not say how the recording went: what the disk has is kept.
    pub(super) fn on_end_unheard(&mut self, desk: &mut Desk<'_>, take: MessageId) {
        let Take::Running { since, .. } = self.take else {
            return;
        };
        let length = desk.now.mono - since;
        self.on_recorded(
            desk,
            Recorded {
                take,
                end: RecordEnd::Stopped,
                length,
                voiced: length,
                spoken: length,
            },
        );
    }

    /// The spool made a recording a message, or could not.
    pub(in crate::call) fn on_kept(
        &mut self,
        desk: &mut Desk<'_>,
        take: MessageId,
        outcome: Result<(), KeepFault>,
    ) {
        if self.questions.answered(&Question::Keep(take)) {
            self.kept(desk, take, outcome);
        }
    }

    /// The recording is settled, as the spool said or for want of its answer.
    pub(super) fn kept(
        &mut self,
        desk: &mut Desk<'_>,
        take: MessageId,
        outcome: Result<(), KeepFault>,
    ) {
        let (settled, what) = match outcome {
            Ok(()) => (Take::None, Milestone::TakeKept(take)),
            Err(KeepFault::Disk) => (self.lost(), Milestone::TakeLost(take)),
        };
        self.take = settled;
        self.note(desk, what);
        self.tell(desk, Event::Kept(outcome));
        self.settle(desk);
    }

    /// The spool could not begin the recording: the caller must not go on talking to nobody.
    pub(in crate::call) fn on_take_refused(&mut self, desk: &mut Desk<'_>, take: MessageId) {
        let (lost, told) = match self.take {
            Take::Running { id, .. } if id == take => (self.lost(), Milestone::TakeLost(take)),
            Take::Trying(id) if id == take => (Take::None, Milestone::TakeDropped(take)),
            Take::Running { .. }
            | Take::Trying(_)
            | Take::Tried(_)
            | Take::None
            | Take::Ended(_)
            | Take::Failed
            | Take::Committing(_) => {
                return;
            }
        };
        self.to_media(desk, media::Command::StopRecord);
        self.note(desk, told);
        self.take = lost;
        self.tell(desk, Event::RecordFailed);
        self.settle(desk);
    }

    /// The disk takes no more of the recording: it ends here, and what there is can be kept.
    pub(in crate::call) fn on_take_broken(&mut self, desk: &mut Desk<'_>, take: MessageId) {
        match &mut self.take {
            Take::Running { id, broken, .. } if *id == take => *broken = true,
            Take::Running { .. }
            | Take::Trying(_)
            | Take::Tried(_)
            | Take::None
            | Take::Ended(_)
            | Take::Failed
            | Take::Committing(_) => return,
        }
        self.to_media(desk, media::Command::StopRecord);
    }
}

/// How much of a recording is worth hearing: what is behind its last speech is silence and the
/// tones of a line that was left open, and a second of that is enough. Where nobody spoke there is
/// nothing to tell by, so all of it stays.
fn worth(recorded: &Recorded) -> Duration {
    if recorded.spoken.is_zero() {
        return recorded.length;
    }
    recorded.length.min(recorded.spoken + SILENCE_BEHIND)
}

fn done(recorded: &Recorded) -> RecordingDone {
    RecordingDone {
        end: recorded.end,
        length: recorded.length,
        voiced: recorded.voiced,
    }
}

fn facts(recorded: &Recorded) -> Facts {
    let ending = match recorded.end {
        RecordEnd::Stopped => Ending::Stopped,
        RecordEnd::TooLong => Ending::TooLong,
        RecordEnd::Silence => Ending::Silence,
        RecordEnd::CutOff => Ending::CutOff,
    };
    let (length, voiced) = (recorded.length, recorded.voiced);
    Facts {
        length,
        voiced,
        ending,
        urgent: false,
        private: false,
    }
}
