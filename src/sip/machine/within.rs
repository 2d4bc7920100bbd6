//! Requests inside calls (RFC 3261 sections 12.2.2, 14.2 and 15.1.2, RFC 3311, RFC 6086), and
//! the ACK of our answers.

use super::Machine;
use super::arriving::{capabilities, check_require, refuse_body};
use crate::base::{CallId, Mono};
use crate::sip::body;
use crate::sip::call::{Offered, Phase, Wanted};
use crate::sip::message::Request;
use crate::sip::method::Method;
use crate::sip::reply::Reply;
use crate::sip::session_timer::Asked;
use crate::sip::vocabulary::{EndReason, Event, Offer};
use crate::sip::wire::Arrival;

/// The longest wait asked of a peer whose request came at a bad moment, in seconds
/// (RFC 3261 section 14.2: 0 to 10).
const MAX_RETRY: u32 = 10;

impl Machine {
    /// A request with a To tag.
    pub(super) fn within(&mut self, now: Mono, arrival: &Arrival, request: &Request) {
        let Some(id) = self.find_call(request) else {
            return self.within_subscription(now, arrival, request);
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let in_order = Some(request.cseq) > call.dialog.remote_cseq;
        let admitted = call.load.admit(now) || request.method == Method::Bye;
        if !in_order || !admitted {
            let reply = self.not_now(if in_order { 503 } else { 500 });
            return self.answer_stateless(arrival, request, &reply);
        }
        call.dialog.remote_cseq = Some(request.cseq);
        call.dialog.heard_on(arrival);
        let closing = matches!(call.phase, Phase::PeerBye { .. } | Phase::Leaving);
        let reply = match (&request.method, check_require(request)) {
            (Method::Bye, _) => return self.bye(now, arrival, request, id),
            (_, Some(reply)) => reply,
            _ if closing => Reply::new(481),
            (Method::Options, None) => capabilities(),
            (Method::Info, None) => self.info(request, id),
            (Method::Notify, None) => return self.notify(now, arrival, request, id),
            (Method::Invite, None) => return self.invite_again(now, arrival, request, id),
            (Method::Update, None) => return self.update(now, arrival, request, id),
            _ => Reply::new(481),
        };
        self.answer_within(now, arrival, request, id, &reply);
    }

    /// A refusal for a moment of the peer's choosing that will pass.
    pub(super) fn not_now(&mut self, status: u16) -> Reply {
        Reply::retry_after(status, u64::from(self.entropy.below(MAX_RETRY + 1)))
    }

    /// Answers a request inside a call at once, with a transaction to absorb its repeats.
    pub(super) fn answer_within(
        &mut self,
        now: Mono,
        arrival: &Arrival,
        request: &Request,
        id: CallId,
        reply: &Reply,
    ) {
        tracing::debug!(call = %id, method = %request.method, status = reply.status, "answered");
        let server = self.servers.open(request, arrival, "", Some(id));
        self.servers.respond(now, server, reply, &mut self.io);
    }

    fn info(&mut self, request: &Request, id: CallId) -> Reply {
        if request.headers.value("Info-Package").is_some() {
            return Reply::new(469).header("Recv-Info", "");
        }
        match body::key(&request.headers, &request.body) {
            Ok(Some(digit)) => {
                self.io.tell(Event::InfoDigit { call: id, digit });
                Reply::new(200)
            }
            Ok(None) => Reply::new(200),
            Err(body::BodyFault::Type) => Reply::new(415).header("Accept", body::KEYS),
            Err(fault) => refuse_body(fault),
        }
    }

    /// A report on a transfer of ours; the last one ends the call.
    fn notify(&mut self, now: Mono, arrival: &Arrival, request: &Request, id: CallId) {
        let ours = self.calls.get(&id).is_some_and(|call| call.transferring);
        let refer = request.headers.value("Event").is_some_and(|event| {
            let package = event.split(';').next().unwrap_or_default();
            package.trim().eq_ignore_ascii_case("refer")
        });
        if !(ours && refer) {
            return self.answer_within(now, arrival, request, id, &Reply::new(481));
        }
        self.answer_within(now, arrival, request, id, &Reply::new(200));
        let over = request
            .headers
            .value("Subscription-State")
            .is_some_and(|s| {
                let state = s.split(';').next().unwrap_or_default();
                state.trim().eq_ignore_ascii_case("terminated")
            });
        if over || is_final(&request.body) {
            self.hang_up(now, id);
        }
    }

    /// A re-INVITE.
    fn invite_again(&mut self, now: Mono, arrival: &Arrival, request: &Request, id: CallId) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let ours_pending = call.unacked.is_some() || call.refreshing.is_some();
        let theirs_pending = call.offered.is_some() || call.phase != Phase::Up;
        let refused = match (theirs_pending, ours_pending) {
            (true, _) => Some(self.not_now(500)),
            (false, true) => Some(Reply::new(491)),
            (false, false) => None,
        };
        if let Some(reply) = refused {
            return self.answer_within(now, arrival, request, id, &reply);
        }
        match self.check_session(request) {
            Ok((offer, asked)) => self.offer_again(now, arrival, request, id, offer, asked),
            Err(reply) => self.answer_within(now, arrival, request, id, &reply),
        }
    }

    /// UPDATE: without offer a sign of life, answered here; with one like a re-INVITE.
    fn update(&mut self, now: Mono, arrival: &Arrival, request: &Request, id: CallId) {
        let (offer, asked) = match self.check_session(request) {
            Ok(session) => session,
            Err(reply) => return self.answer_within(now, arrival, request, id, &reply),
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if offer.is_none() {
            call.dialog.retarget(&request.headers);
            let transport = call.dialog.path().transport;
            let reply = Reply::new(200).header("Contact", self.names.contact(transport));
            let up = call.phase == Phase::Up;
            let reply = if up {
                self.agree_as_uas(now, id, &asked, reply)
            } else {
                reply
            };
            return self.answer_within(now, arrival, request, id, &reply);
        }
        let our_offer = call.unacked.as_ref().is_some_and(|unacked| unacked.late);
        let theirs_pending = call.offered.is_some() || call.phase != Phase::Up;
        if theirs_pending {
            let reply = self.not_now(500);
            self.answer_within(now, arrival, request, id, &reply);
        } else if our_offer || call.refreshing.is_some() {
            self.answer_within(now, arrival, request, id, &Reply::new(491));
        } else {
            self.offer_again(now, arrival, request, id, offer, asked);
        }
    }

    fn offer_again(
        &mut self,
        now: Mono,
        arrival: &Arrival,
        request: &Request,
        id: CallId,
        offer: Option<Offer>,
        asked: Asked,
    ) {
        let server = self.servers.open(request, arrival, "", Some(id));
        let invite = request.method == Method::Invite;
        if invite {
            self.servers
                .respond(now, server, &Reply::new(100), &mut self.io);
        }
        if let Some(call) = self.calls.get_mut(&id) {
            call.offered = Some(Offered {
                server,
                cseq: request.cseq,
                invite,
                late: offer.is_none(),
                asked,
                headers: request.headers.clone(),
            });
            self.io.tell(Event::OfferedAgain { call: id, offer });
        }
    }

    /// An ACK: for a refusal it ends there; for a 2xx the call layer hears of it.
    pub(super) fn ack(&mut self, now: Mono, request: &Request) {
        if let Some(server) = self.servers.invite_of(request)
            && self.servers.acknowledge(now, server, &mut self.io)
        {
            return;
        }
        let Some(id) = self.find_call(request) else {
            return;
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(unacked) = call.unacked.take_if(|unacked| unacked.cseq == request.cseq) else {
            return;
        };
        let wanted = call.wanted.take();
        self.clear_answer_timers(id);
        self.settle(id);
        let answer = body::description(&request.headers, &request.body)
            .ok()
            .flatten();
        let answer = answer.filter(|_| unacked.late);
        if unacked.first || unacked.late {
            self.io.tell(Event::Acknowledged { call: id, answer });
        }
        match wanted {
            Some(Wanted::Bye) => self.hang_up(now, id),
            Some(Wanted::Transfer(target)) => self.transfer(now, id, &target),
            None => {}
        }
    }

    /// The peer hangs up.
    fn bye(&mut self, now: Mono, arrival: &Arrival, request: &Request, id: CallId) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        match call.phase {
            Phase::Up => self.peer_hangs_up(now, arrival, request, id),
            Phase::Arriving { server, .. } => {
                self.answer_within(now, arrival, request, id, &Reply::new(200));
                self.servers
                    .respond(now, server, &Reply::new(487), &mut self.io);
                self.end(id, EndReason::Cancelled);
            }
            Phase::Leaving => self.answer_within(now, arrival, request, id, &Reply::new(200)),
            Phase::PeerBye { .. } | Phase::Calling { .. } => {
                self.answer_within(now, arrival, request, id, &Reply::new(481));
            }
        }
    }
}

/// Whether a `message/sipfrag` body reports a final status (RFC 3515 section 2.4.5).
fn is_final(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let status = text.trim_start().split(' ').nth(1);
    status
        .and_then(|status| status.parse::<u16>().ok())
        .is_some_and(|status| status >= 200)
}
