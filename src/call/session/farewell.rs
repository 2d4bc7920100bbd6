//! How a call ends: by either side, by a fault, or because the server closes down.
//!
//! Law: nothing is said to the peer's BYE, and the call is not forgotten, before its recording is
//! settled; a BYE whose recording was lost is not answered with 200.

use super::{CallSession, Desk, Phase, Play, Take, Talk, Wait};
use crate::call::vocabulary::{Command, Milestone};
use crate::flow::{Conversation, Effects, Event};
use crate::sip;

/// What SIP still expects of a call that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Farewell {
    /// The peer's BYE waits for its answer.
    PeerWaits,
    /// Our BYE is out.
    WeWait,
    /// Nothing.
    Nobody,
}

impl CallSession {
    /// The server is closing down.
    pub(in crate::call) fn on_service_ending(&mut self, desk: &mut Desk<'_>) {
        self.closing = true;
        self.pace(desk);
        match (&self.talk, self.phase) {
            (Talk::Flow(_), Phase::Up) => self.tell(desk, Event::ServiceEnding),
            (Talk::Diagnostic(_), Phase::Up) | (_, Phase::Answered) => {
                desk.out.push_back(Command::Sip(sip::Command::Bye(self.id)));
                self.end(desk, Farewell::WeWait, "the service is ending");
            }
            (_, Phase::Ending(_) | Phase::Done) => {}
        }
    }

    /// A step of this call failed in a way it should not: end it, keeping what was recorded.
    pub(in crate::call) fn salvage(&mut self, desk: &mut Desk<'_>) {
        self.talk = Talk::Flow(Box::new(Conversation::Ended));
        self.events.clear();
        match self.phase {
            Phase::Answered | Phase::Up => {
                desk.out.push_back(Command::Sip(sip::Command::Bye(self.id)));
                self.keep(desk);
                self.end(desk, Farewell::WeWait, "a fault of this server");
            }
            Phase::Ending(_) | Phase::Done => {
                self.keep(desk);
                self.settle(desk);
            }
        }
    }

    /// The call ends from outside: the flow says what becomes of the recording.
    pub(super) fn end(&mut self, desk: &mut Desk<'_>, farewell: Farewell, why: &'static str) {
        match self.phase {
            Phase::Ending(_) => return self.end_again(desk, farewell),
            Phase::Done => return,
            Phase::Answered | Phase::Up => {}
        }
        self.phase = Phase::Ending(farewell);
        if let Talk::Flow(flow) = &mut self.talk {
            let flow = std::mem::replace(&mut **flow, Conversation::Ended);
            let mut effects = Effects::new();
            flow.on_hang_up(&desk.cx, &mut effects);
            for effect in effects {
                self.carry_out(desk, effect);
            }
        }
        self.finish(desk, farewell, why);
    }

    /// Both sides hung up, in either order.
    pub(super) fn end_again(&mut self, desk: &mut Desk<'_>, farewell: Farewell) {
        match farewell {
            Farewell::PeerWaits | Farewell::Nobody => self.phase = Phase::Ending(farewell),
            Farewell::WeWait => {}
        }
        self.settle(desk);
    }

    /// The conversation is over; what remains is to settle the recording and to say farewell.
    pub(super) fn finish(&mut self, desk: &mut Desk<'_>, farewell: Farewell, why: &'static str) {
        self.phase = Phase::Ending(farewell);
        self.play = Play::Nothing;
        self.wait = Wait::None;
        self.why_ended = why;
        desk.out.push_back(Command::CloseMedia(self.media));
        self.settle(desk);
    }

    pub(super) fn settle(&mut self, desk: &mut Desk<'_>) {
        let Phase::Ending(farewell) = self.phase else {
            return;
        };
        match self.take {
            Take::Committing(_) | Take::Running { keep: true, .. } => return,
            // A flow that ended without a word on its recording: the rule decides.
            Take::Running { keep: false, .. } | Take::Ended(_) => return self.keep(desk),
            Take::Trying(_) | Take::Tried(_) => self.discard(desk),
            Take::None | Take::Failed => {}
        }
        match farewell {
            Farewell::PeerWaits => {
                let answer = match self.take {
                    Take::Failed => sip::Command::ByeFailed(self.id),
                    Take::None
                    | Take::Running { .. }
                    | Take::Ended(_)
                    | Take::Committing(_)
                    | Take::Trying(_)
                    | Take::Tried(_) => sip::Command::ByeDone(self.id),
                };
                desk.out.push_back(Command::Sip(answer));
                self.close(desk);
            }
            Farewell::Nobody => self.close(desk),
            Farewell::WeWait => {}
        }
    }

    pub(super) fn close(&mut self, desk: &mut Desk<'_>) {
        if self.awaits_stop(desk) {
            return;
        }
        self.phase = Phase::Done;
        self.note(desk, Milestone::Ended(self.why_ended));
    }
}
