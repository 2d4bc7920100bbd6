//! Requests of whom nobody vouches: held until the layer above says who sent them.
//!
//! REGISTER always, INVITE and SUBSCRIBE outside dialogs of all but trusted peers. What is held has
//! no transaction yet, and a challenge leaves none behind, so a flood of strangers costs no memory
//! (RFC 3261 section 8.2.7). What was decided for good about a REGISTER is repeated from a
//! transaction: to look at its nonce count twice would refuse a repeat as a replay.

use super::Machine;
use super::arriving::{RETRY_SECONDS, check_forwards, check_uri};
use super::commands::refuse_with;
use crate::base::{Mono, Now};
use crate::sip::address::Uri;
use crate::sip::credentials::{Challenge, credentials};
use crate::sip::message::Request;
use crate::sip::method::Method;
use crate::sip::registration::{self, Authenticated, Bound, Claim, ClaimId, Wanted, Way};
use crate::sip::reply::Reply;
use crate::sip::vocabulary::{Event, Refusal};
use crate::sip::wire::Arrival;
use std::time::Duration;

/// The most requests held. They are answered before the next input; beyond this, a layer above
/// that answers none has forgotten the oldest.
const HELD_MAX: usize = 64;

/// A request that waits.
#[derive(Debug)]
pub(super) struct Held {
    arrival: Arrival,
    request: Request,
}

impl Machine {
    /// Whether it must be known who sent a call or subscription before it is taken in.
    pub(super) fn is_claim(&self, arrival: &Arrival) -> bool {
        self.config.registers && !self.config.trusts(arrival.source.ip())
    }

    /// A REGISTER. What is wrong with it is the same for whoever it names.
    pub(super) fn register(&mut self, arrival: &Arrival, request: &Request) {
        let refused = check_uri(request)
            .or_else(|| check_forwards(request))
            .or_else(|| registration::check_require(&request.headers))
            .or_else(|| check_digest_uri(request))
            .or_else(|| {
                self.draining
                    .then(|| Reply::retry_after(503, RETRY_SECONDS))
            });
        if let Some(reply) = refused {
            return self.answer_stateless(arrival, request, &reply);
        }
        let claim = ClaimId(self.next_claim);
        let trusted = self.config.trusts(arrival.source.ip());
        let answers = credentials(&request.headers);
        match registration::read(claim, request, arrival, trusted, answers) {
            Ok(register) => {
                self.hold(arrival, request);
                self.io.tell(Event::Registering(Box::new(register)));
            }
            Err(reply) => self.answer_stateless(arrival, request, &reply),
        }
    }

    /// A call or subscription of somebody who is no trusted peer.
    pub(super) fn claim(&mut self, arrival: &Arrival, request: &Request, wants: Wanted) {
        if let Some(reply) = check_digest_uri(request) {
            return self.answer_stateless(arrival, request, &reply);
        }
        let claim = self.hold(arrival, request);
        let request_uri = Uri::parse(&request.uri).map(|uri| uri.address(""));
        let from = request.headers.value("From").unwrap_or_default();
        let says_ours = self
            .names_of_ours(arrival)
            .any(|host| registration::names_host(from, &host));
        self.io.tell(Event::Claimed(Box::new(Claim {
            claim,
            wants,
            way: Way::of(arrival),
            request_uri: request_uri.unwrap_or_default(),
            to: request.to.address().unwrap_or_default(),
            from: request.from.address().unwrap_or_default(),
            says_ours,
            credentials: credentials(&request.headers),
        })));
    }

    /// The hosts that are ours.
    fn names_of_ours(&self, arrival: &Arrival) -> impl Iterator<Item = String> + '_ {
        let config = &self.config;
        let own = [config.udp.host.clone(), config.tcp.host.clone()];
        let here = arrival.local.ip().to_canonical().to_string();
        let domains = config.domains.iter().cloned();
        own.into_iter().chain([here]).chain(domains)
    }

    fn hold(&mut self, arrival: &Arrival, request: &Request) -> ClaimId {
        let claim = ClaimId(self.next_claim);
        self.next_claim += 1;
        if self.held.len() >= HELD_MAX {
            self.held.pop_first();
        }
        let held = Held {
            arrival: *arrival,
            request: request.clone(),
        };
        self.held.insert(claim, held);
        claim
    }

    /// A call or subscription is let in, as who sent it or as anybody.
    pub(super) fn admit(&mut self, now: Mono, claim: ClaimId, who: Option<Authenticated>) {
        let Some(Held { arrival, request }) = self.held.remove(&claim) else {
            return;
        };
        match request.method {
            Method::Invite => self.arrive_as(now, &arrival, &request, who),
            Method::Subscribe => self.subscribe_as(now, &arrival, &request, who),
            _ => self.answer_stateless(&arrival, &request, &Reply::new(500)),
        }
    }

    /// Whoever sent it is to prove who they are.
    pub(super) fn challenge(&mut self, claim: ClaimId, challenge: &Challenge) {
        let Some(Held { arrival, request }) = self.held.remove(&claim) else {
            return;
        };
        let mut reply = Reply::new(401);
        for value in challenge.values() {
            reply = reply.header("WWW-Authenticate", value);
        }
        self.answer_stateless(&arrival, &request, &reply);
    }

    /// A request that waits is refused.
    pub(super) fn refuse_claim(&mut self, now: Mono, claim: ClaimId, refusal: &Refusal) {
        self.settle_claim(now, claim, &refuse_with(refusal));
    }

    /// A REGISTER asks for less time than we give.
    pub(super) fn too_brief(&mut self, now: Mono, claim: ClaimId, least: Duration) {
        let reply = Reply::new(423).header("Min-Expires", least.as_secs().to_string());
        self.settle_claim(now, claim, &reply);
    }

    /// A REGISTER did what it asked for.
    pub(super) fn bound(&mut self, now: Now, claim: ClaimId, bound: &[Bound], outbound: bool) {
        let Some(held) = self.held.get(&claim) else {
            return;
        };
        let headers = &held.request.headers;
        let reply = registration::granted(headers, bound, outbound, now.wall);
        self.settle_claim(now.mono, claim, &reply);
    }

    /// An answer that stays the same however often its request is repeated, while there is room.
    fn settle_claim(&mut self, now: Mono, claim: ClaimId, reply: &Reply) {
        let Some(Held { arrival, request }) = self.held.remove(&claim) else {
            return;
        };
        let others = self.servers.len() - self.servers.invites();
        let room = request.method == Method::Register && others < self.invite_room();
        if reply.status == 503 || !room {
            return self.answer_stateless(&arrival, &request, reply);
        }
        let tag = self.entropy.tag();
        let id = self.servers.open(&request, &arrival, &tag, None);
        self.servers.respond(now, id, reply, &mut self.io);
    }
}

/// 400 for an answer that was made for another request (RFC 7616 section 3.4.6).
fn check_digest_uri(request: &Request) -> Option<Reply> {
    let other = credentials(&request.headers)
        .iter()
        .any(|answer| !registration::is_same_uri(&answer.uri, &request.uri));
    other.then(|| Reply::new(400).phrase("The digest is for another URI"))
}
