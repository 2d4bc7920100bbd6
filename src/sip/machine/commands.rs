//! What the call layer asks for.

use super::Machine;
use crate::base::{CallId, Mono, Now};
use crate::sip::address::printable;
use crate::sip::call::{Call, Offered, Phase, Unacked, Wanted};
use crate::sip::deadline::Timer;
use crate::sip::method::ALLOW;
use crate::sip::reply::Reply;
use crate::sip::subscription::PACKAGE;
use crate::sip::vocabulary::{Command, EndReason, Offer, Refusal};
use std::time::Duration;

/// How often a ringing call says so, as proxies want (RFC 3261 section 13.3.1.1).
const RING_REPEAT: Duration = Duration::from_mins(1);

impl Machine {
    pub(super) fn command(&mut self, at: Now, command: Command) {
        let now = at.mono;
        match command {
            Command::Ring(id) => self.ring(now, id),
            Command::Answer { call, description } => self.answer(now, call, description),
            Command::Refuse { call, refusal } => self.refuse(now, call, &refuse_with(&refusal)),
            Command::Redirect { call, target } => {
                let reply = Reply::new(302).header("Contact", bracketed(&target));
                self.refuse(now, call, &reply);
            }
            Command::AnswerAgain { call, description } => {
                self.answer_again(now, call, description);
            }
            Command::RefuseAgain { call, refusal } => {
                self.refuse_again(now, call, &refuse_with(&refusal));
            }
            Command::Bye(id) => self.bye_wanted(now, id),
            Command::ByeDone(id) => self.bye_done(now, id, 200),
            Command::ByeFailed(id) => self.bye_done(now, id, 500),
            Command::Transfer { call, target } => self.transfer_wanted(now, call, target),
            Command::Place(place) => self.place(now, place),
            Command::Cancel(id) => self.give_up(now, id),
            Command::AcceptSubscription { subscription, body } => {
                self.accept_subscription(now, subscription, body);
            }
            Command::RefuseSubscription {
                subscription,
                refusal,
            } => self.refuse_subscription(now, subscription, &refuse_with(&refusal)),
            Command::Notify { subscription, body } => self.report(now, subscription, body),
            Command::NotifyPeer(notice) => self.notify_peer(now, notice),
            Command::Admit { claim, who } => self.admit(now, claim, who.map(|who| *who)),
            Command::Challenge { claim, challenge } => self.challenge(claim, &challenge),
            Command::RefuseClaim { claim, refusal } => self.refuse_claim(now, claim, &refusal),
            Command::TooBrief { claim, least } => self.too_brief(now, claim, least),
            Command::Bound {
                claim,
                bound,
                outbound,
            } => self.bound(at, claim, &bound, outbound),
        }
    }

    /// Rings, and says so again every minute.
    pub(super) fn ring(&mut self, now: Mono, id: CallId) {
        let Some(Call {
            phase: Phase::Arriving { server, .. },
            dialog,
            ..
        }) = self.calls.get(&id)
        else {
            return;
        };
        let contact = self.names.contact(dialog.path().transport);
        let reply = Reply::new(180).header("Contact", contact);
        self.servers.respond(now, *server, &reply, &mut self.io);
        self.io
            .deadlines
            .set(Timer::RingRepeat(id), now + RING_REPEAT);
    }

    fn answer(&mut self, now: Mono, id: CallId, description: Offer) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Phase::Arriving { server, cseq, late } = call.phase else {
            return;
        };
        call.phase = Phase::Up;
        call.description.clone_from(&description);
        let asked = call.asked.clone();
        self.io.deadlines.clear(Timer::RingRepeat(id));
        self.io.deadlines.clear(Timer::Unanswered(id));
        let reply = self.session_reply(id).description(description);
        let reply = self.agree_as_uas(now, id, &asked, reply);
        tracing::debug!(call = %id, "call answered");
        if let Some((bytes, path)) = self.servers.respond(now, server, &reply, &mut self.io) {
            let interval = self.timing.t1;
            self.await_ack(
                now,
                id,
                Unacked {
                    cseq,
                    bytes,
                    path,
                    interval,
                    late,
                    first: true,
                },
            );
        }
    }

    /// The 2xx of an INVITE or UPDATE, without its description.
    fn session_reply(&self, id: CallId) -> Reply {
        let reply = Reply::new(200)
            .header("Allow", ALLOW)
            .header("Allow-Events", PACKAGE)
            .header("Supported", "timer");
        match self.calls.get(&id) {
            Some(call) => {
                let contact = self.names.contact(call.dialog.path().transport);
                reply.header("Contact", contact)
            }
            None => reply,
        }
    }

    fn await_ack(&mut self, now: Mono, id: CallId, unacked: Unacked) {
        let deadlines = &mut self.io.deadlines;
        deadlines.set(Timer::AnswerRepeat(id), now + unacked.interval);
        deadlines.set(Timer::AnswerEnd(id), now + self.timing.patience());
        if let Some(call) = self.calls.get_mut(&id) {
            call.unacked = Some(unacked);
        }
    }

    fn refuse(&mut self, now: Mono, id: CallId, reply: &Reply) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        if let Phase::Arriving { server, .. } = call.phase {
            tracing::debug!(call = %id, status = reply.status, "call refused");
            self.servers.respond(now, server, reply, &mut self.io);
            self.forget(id);
        }
    }

    fn take_offered(&mut self, id: CallId) -> Option<Offered> {
        self.calls.get_mut(&id)?.offered.take()
    }

    fn answer_again(&mut self, now: Mono, id: CallId, description: Offer) {
        let Some(offered) = self.take_offered(id) else {
            return;
        };
        if let Some(call) = self.calls.get_mut(&id) {
            call.dialog.retarget(&offered.headers);
            call.description.clone_from(&description);
        }
        let reply = self.session_reply(id).description(description);
        let reply = self.agree_as_uas(now, id, &offered.asked, reply);
        let sent = self
            .servers
            .respond(now, offered.server, &reply, &mut self.io);
        if let Some((bytes, path)) = sent.filter(|_| offered.invite) {
            let interval = self.timing.t1;
            self.await_ack(
                now,
                id,
                Unacked {
                    cseq: offered.cseq,
                    bytes,
                    path,
                    interval,
                    late: offered.late,
                    first: false,
                },
            );
        }
    }

    /// Refuses a re-INVITE or UPDATE, where one is pending.
    pub(super) fn refuse_again(&mut self, now: Mono, id: CallId, reply: &Reply) {
        if let Some(offered) = self.take_offered(id) {
            self.servers
                .respond(now, offered.server, reply, &mut self.io);
        }
    }

    fn bye_wanted(&mut self, now: Mono, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        match call.phase {
            Phase::Arriving { server, .. } => {
                self.servers
                    .respond(now, server, &Reply::new(480), &mut self.io);
                self.end(id, EndReason::HungUp);
            }
            Phase::Calling { .. } => self.give_up(now, id),
            Phase::Up if call.unacked.is_some() => call.wanted = Some(Wanted::Bye),
            Phase::Up => self.hang_up(now, id),
            Phase::PeerBye { .. } | Phase::Leaving => {}
        }
    }

    fn transfer_wanted(&mut self, now: Mono, id: CallId, target: String) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.phase != Phase::Up || call.transferring {
            return;
        }
        if call.unacked.is_some() {
            call.wanted = Some(Wanted::Transfer(target));
        } else {
            self.transfer(now, id, &target);
        }
    }
}

/// A URI in angle brackets that cannot break out of them.
pub(super) fn bracketed(uri: &str) -> String {
    let uri = printable(uri).replace(['<', '>', ' '], "");
    format!("<{uri}>")
}

pub(super) fn refuse_with(refusal: &Refusal) -> Reply {
    let status = match refusal.status {
        status @ 300..=699 => status,
        _ => 500,
    };
    let reply = Reply::new(status);
    let reply = match refusal.retry_after {
        Some(wait) => reply.header("Retry-After", wait.as_secs().max(1).to_string()),
        None => reply,
    };
    if refusal.why.is_empty() {
        return reply;
    }
    let why = refusal.why.replace(['"', '\\'], "'");
    reply.header("Warning", format!("399 belpost \"{why}\""))
}
