//! The deadlines of the machine: at most one for each purpose, the earliest first.

use super::client::ClientId;
use super::server::ServerId;
use super::vocabulary::SubscriptionId;
use crate::base::{CallId, Mono};
use std::collections::{BTreeMap, BTreeSet};

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Timer {
    /// Timer G: repeat a refusal that was not acknowledged.
    ServerRepeat(ServerId),
    /// Timers H, I, J and L: a server transaction ends.
    ServerEnd(ServerId),
    /// Timers A and E: repeat a request that was not answered.
    ClientRepeat(ClientId),
    /// Timers B, D, F, K and M: a client transaction ends.
    ClientEnd(ClientId),
    /// Repeat a 2xx that was not acknowledged.
    AnswerRepeat(CallId),
    /// Give a call up whose 2xx is not acknowledged.
    AnswerEnd(CallId),
    /// Say again that a call is ringing.
    RingRepeat(CallId),
    /// An arriving or placed call was never answered.
    Unanswered(CallId),
    /// The BYE of the peer must be answered now.
    ByeAnswer(CallId),
    /// Refresh the session.
    Refresh(CallId),
    /// The session was not refreshed.
    SessionEnd(CallId),
    /// A transfer reported no end.
    TransferEnd(CallId),
    /// A subscription was not refreshed, or never decided on.
    SubscriptionEnd(SubscriptionId),
    /// Tell a state again that the subscriber could not take.
    NotifyAgain(SubscriptionId),
}

impl Timer {
    /// The purpose in words.
    fn reason(self) -> &'static str {
        match self {
            Timer::ServerRepeat(_) => "repeat a refusal (timer G)",
            Timer::ServerEnd(_) => "end a server transaction (timer H, I, J or L)",
            Timer::ClientRepeat(_) => "repeat a request (timer A or E)",
            Timer::ClientEnd(_) => "end a client transaction (timer B, D, F, K or M)",
            Timer::AnswerRepeat(_) => "repeat a 2xx until its ACK",
            Timer::AnswerEnd(_) => "give up waiting for an ACK",
            Timer::RingRepeat(_) => "say again that a call rings",
            Timer::Unanswered(_) => "give up a call nobody answers",
            Timer::ByeAnswer(_) => "answer a BYE at last",
            Timer::Refresh(_) => "refresh a session",
            Timer::SessionEnd(_) => "end a session nobody refreshed",
            Timer::TransferEnd(_) => "end a transferred call",
            Timer::SubscriptionEnd(_) => "end a subscription nobody refreshed",
            Timer::NotifyAgain(_) => "tell a state again",
        }
    }
}

/// All deadlines.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    order: BTreeSet<(Mono, Timer)>,
    times: BTreeMap<Timer, Mono>,
}

impl Deadlines {
    /// Sets or moves a deadline.
    pub(super) fn set(&mut self, timer: Timer, at: Mono) {
        self.clear(timer);
        self.order.insert((at, timer));
        self.times.insert(timer, at);
    }

    /// Removes a deadline, if it is there.
    pub(super) fn clear(&mut self, timer: Timer) {
        if let Some(at) = self.times.remove(&timer) {
            self.order.remove(&(at, timer));
        }
    }

    /// Removes and returns the earliest deadline that has come.
    pub(super) fn due(&mut self, now: Mono) -> Option<Timer> {
        let (at, timer) = self.order.first().copied()?;
        if at > now {
            return None;
        }
        self.clear(timer);
        Some(timer)
    }

    /// The earliest deadline and its purpose.
    pub(super) fn next(&self) -> Option<(Mono, &'static str)> {
        self.order.first().map(|(at, timer)| (*at, timer.reason()))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.times.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_earliest_deadline_comes_first_and_a_moved_one_once() {
        let at = |seconds| Mono::since_start(Duration::from_secs(seconds));
        let mut deadlines = Deadlines::default();
        deadlines.set(Timer::Refresh(CallId(1)), at(5));
        deadlines.set(Timer::SessionEnd(CallId(1)), at(3));
        deadlines.set(Timer::Refresh(CallId(1)), at(1));
        assert_eq!(deadlines.next(), Some((at(1), "refresh a session")));
        assert_eq!(deadlines.due(at(0)), None);
        assert_eq!(deadlines.due(at(9)), Some(Timer::Refresh(CallId(1))));
        deadlines.clear(Timer::SessionEnd(CallId(1)));
        assert_eq!(deadlines.due(at(9)), None);
        assert_eq!(deadlines.len(), 0);
    }
}
