//! What happens when a deadline comes.

use super::Machine;
use crate::base::{CallId, Mono};
use crate::sip::call::{Call, Phase};
use crate::sip::deadline::Timer;
use crate::sip::reply::Reply;
use crate::sip::vocabulary::EndReason;

impl Machine {
    pub(super) fn timer(&mut self, now: Mono, timer: Timer) {
        match timer {
            Timer::ServerRepeat(id) => self.servers.repeat_due(now, id, &mut self.io),
            Timer::ServerEnd(id) => self.servers.remove(id, &mut self.io),
            Timer::ClientRepeat(id) => self.clients.repeat_due(now, id, &mut self.io),
            Timer::ClientEnd(id) => {
                if let Some(cause) = self.clients.end_due(id, &mut self.io) {
                    self.unheard(now, cause);
                }
            }
            Timer::AnswerRepeat(id) => self.repeat_answer(now, id),
            Timer::AnswerEnd(id) => self.hang_up_because(now, id, EndReason::NoAck),
            Timer::RingRepeat(id) => self.ring(now, id),
            Timer::Unanswered(id) => self.never_answered(now, id),
            Timer::ByeAnswer(id) => {
                tracing::warn!(call = %id, "a BYE waited too long for its call");
                self.bye_done(now, id, 500);
            }
            Timer::Refresh(id) => self.refresh(now, id),
            Timer::SessionEnd(id) => self.hang_up_because(now, id, EndReason::SessionExpired),
            Timer::TransferEnd(id) => self.hang_up(now, id),
            Timer::SubscriptionEnd(id) => self.subscription_over(now, id),
            Timer::NotifyAgain(id) => self.notify_again(now, id),
        }
    }

    fn repeat_answer(&mut self, now: Mono, id: CallId) {
        let timing = self.timing;
        let unacked = self
            .calls
            .get_mut(&id)
            .and_then(|call| call.unacked.as_mut());
        if let Some(unacked) = unacked {
            self.io.send(&unacked.path, unacked.bytes.clone());
            unacked.interval = timing.longer(unacked.interval);
            let at = now + unacked.interval;
            self.io.deadlines.set(Timer::AnswerRepeat(id), at);
        }
    }

    /// An arriving call nobody answered, or a placed one nobody took.
    fn never_answered(&mut self, now: Mono, id: CallId) {
        match self.calls.get(&id) {
            Some(Call {
                phase: Phase::Arriving { server, .. },
                ..
            }) => {
                let server = *server;
                self.servers
                    .respond(now, server, &Reply::new(487), &mut self.io);
                self.end(id, EndReason::Cancelled);
            }
            Some(Call {
                phase: Phase::Calling {
                    client, cancelled, ..
                },
                ..
            }) => {
                if *cancelled {
                    let client = *client;
                    self.clients.abandon(client, &mut self.io);
                    self.end(id, EndReason::NoResponse);
                } else {
                    self.give_up(now, id);
                }
            }
            Some(_) | None => {}
        }
    }

    /// Clears what waits for an ACK.
    pub(super) fn clear_answer_timers(&mut self, id: CallId) {
        self.io.deadlines.clear(Timer::AnswerRepeat(id));
        self.io.deadlines.clear(Timer::AnswerEnd(id));
    }

    /// Clears every deadline of a call.
    pub(super) fn clear_timers(&mut self, id: CallId) {
        self.clear_answer_timers(id);
        for timer in [
            Timer::RingRepeat(id),
            Timer::Unanswered(id),
            Timer::ByeAnswer(id),
            Timer::Refresh(id),
            Timer::SessionEnd(id),
            Timer::TransferEnd(id),
        ] {
            self.io.deadlines.clear(timer);
        }
    }
}
