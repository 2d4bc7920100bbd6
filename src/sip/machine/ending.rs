//! How calls end: the peer's BYE, ours, and transfers (RFC 3261 section 15, RFC 3515).

use super::Machine;
use super::commands::bracketed;
use crate::base::{CallId, Mono};
use crate::sip::call::Phase;
use crate::sip::client::{Cause, Purpose};
use crate::sip::deadline::Timer;
use crate::sip::message::Request;
use crate::sip::method::{ALLOW, Method};
use crate::sip::reply::Reply;
use crate::sip::vocabulary::{EndReason, Event};
use crate::sip::wire::Arrival;
use std::time::Duration;

/// How long the peer's BYE may wait for the call layer: just less than the peer waits.
const BYE_ANSWER: Duration = Duration::from_secs(30);
/// How long a transfer may take before we hang up.
const TRANSFER: Duration = Duration::from_secs(30);

impl Machine {
    /// The peer's BYE: the call layer says when it may be answered.
    pub(super) fn peer_hangs_up(
        &mut self,
        now: Mono,
        arrival: &Arrival,
        request: &Request,
        id: CallId,
    ) {
        self.refuse_again(now, id, &Reply::new(487));
        self.clear_timers(id);
        self.settle(id);
        let server = self.servers.open(request, arrival, "", Some(id));
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.phase = Phase::PeerBye { server };
        call.unacked = None;
        self.io
            .deadlines
            .set(Timer::ByeAnswer(id), now + BYE_ANSWER);
        tracing::debug!(call = %id, "peer hung up");
        self.io.tell(Event::Bye { call: id });
    }

    /// Answers the peer's BYE and forgets the call. Any status ends the call for the peer; only
    /// 200 says that what the call layer had to do is done.
    pub(super) fn bye_done(&mut self, now: Mono, id: CallId, status: u16) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        if let Phase::PeerBye { server } = call.phase {
            self.servers
                .respond(now, server, &Reply::new(status), &mut self.io);
            self.forget(id);
        }
    }

    /// Sends our BYE; `Ended` follows when it is answered.
    pub(super) fn hang_up(&mut self, now: Mono, id: CallId) {
        self.refuse_again(now, id, &Reply::new(487));
        self.clear_timers(id);
        self.settle(id);
        let branch = self.entropy.branch();
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.phase = Phase::Leaving;
        call.unacked = None;
        let (request, path) = call.dialog.request(Method::Bye, &self.names, branch);
        tracing::debug!(call = %id, "hanging up");
        self.clients.start(
            now,
            Cause::Call(id, Purpose::Bye),
            request,
            path,
            &mut self.io,
        );
    }

    /// Sends our BYE and reports the end at once.
    pub(super) fn hang_up_because(&mut self, now: Mono, id: CallId, reason: EndReason) {
        if self.calls.contains_key(&id) {
            self.hang_up(now, id);
            self.end(id, reason);
        }
    }

    /// Forgets a call and reports why it is over.
    pub(super) fn end(&mut self, id: CallId, reason: EndReason) {
        tracing::debug!(call = %id, ?reason, "call over");
        self.forget(id);
        self.io.tell(Event::Ended { call: id, reason });
    }

    /// Our BYE was answered, or never will be.
    pub(super) fn bye_answered(&mut self, id: CallId) {
        let leaving = |phase| phase == Phase::Leaving;
        if self.calls.get(&id).is_some_and(|call| leaving(call.phase)) {
            self.end(id, EndReason::HungUp);
        }
    }

    /// Asks the peer to call the target instead; our BYE follows its report.
    pub(super) fn transfer(&mut self, now: Mono, id: CallId, target: &str) {
        let branch = self.entropy.branch();
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.transferring = true;
        let (mut request, path) = call.dialog.request(Method::Refer, &self.names, branch);
        request.set("Refer-To", bracketed(target));
        request.set("Contact", self.names.contact(path.transport));
        request.set("Allow", ALLOW);
        self.io
            .deadlines
            .set(Timer::TransferEnd(id), now + TRANSFER);
        tracing::debug!(call = %id, "transferring");
        self.clients.start(
            now,
            Cause::Call(id, Purpose::Refer),
            request,
            path,
            &mut self.io,
        );
    }

    /// The REFER was answered: taken, and a report follows; or refused, and we hang up.
    pub(super) fn refer_answered(&mut self, now: Mono, id: CallId, status: u16) {
        let pending = self
            .calls
            .get(&id)
            .is_some_and(|call| call.transferring && call.phase == Phase::Up);
        if pending && status >= 300 {
            self.hang_up(now, id);
        }
    }
}
