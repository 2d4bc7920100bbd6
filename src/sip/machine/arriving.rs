//! Requests outside calls, the admission of new calls, and CANCEL (RFC 3261 sections 8.2, 9.2
//! and 13.3).

use super::Machine;
use crate::base::{CallId, Mono};
use crate::sip::address::{Scheme, Uri};
use crate::sip::body::{self, BodyFault};
use crate::sip::call::{Call, Phase};
use crate::sip::deadline::Timer;
use crate::sip::dialog::Dialog;
use crate::sip::headers::number;
use crate::sip::identity;
use crate::sip::message::Request;
use crate::sip::method::{ALLOW, Method};
use crate::sip::registration::{Authenticated, Wanted};
use crate::sip::reply::Reply;
use crate::sip::session_timer::{Asked, LEAST};
use crate::sip::subscription::PACKAGE;
use crate::sip::vocabulary::{EndReason, Event, Offer};
use crate::sip::wire::Arrival;
use std::net::IpAddr;
use std::time::Duration;

/// The most calls of one untrusted source that are not yet answered and acknowledged.
const WAITING_STRANGER: usize = 100;
/// The same of a trusted peer, which calls for many.
const WAITING_TRUSTED: usize = 1_000;
/// INVITE transactions kept for each call allowed at a time. They outlive refused and short calls
/// by 64*T1, so this is the number of calls a second per slot, times 32.
const INVITES_PER_CALL: usize = 32;
/// The least room for INVITE transactions.
const MIN_INVITES: usize = 1_000;
/// Refusals with state beyond this share of the room are sent without.
const REFUSAL_SHARE: usize = 2;
/// What a refused caller is asked to wait, in seconds.
pub(super) const RETRY_SECONDS: u64 = 5;
/// How long an arriving call may stay without final answer where its Expires says nothing.
const UNANSWERED: Duration = Duration::from_mins(5);

impl Machine {
    /// A request that belongs to no call.
    pub(super) fn outside(&mut self, now: Mono, arrival: &Arrival, request: &Request) {
        let reply = match request.method {
            Method::Invite => return self.arrive(now, arrival, request),
            Method::Subscribe => return self.subscribe(now, arrival, request),
            Method::Options => self.options(request),
            _ => Reply::new(481),
        };
        self.answer_stateless(arrival, request, &reply);
    }

    /// OPTIONS is answered as an INVITE would be (section 11.2).
    fn options(&self, request: &Request) -> Reply {
        if let Some(reply) = check_uri(request).or_else(|| check_require(request)) {
            return reply;
        }
        if self.is_full() {
            return Reply::retry_after(503, RETRY_SECONDS);
        }
        capabilities()
    }

    fn is_full(&self) -> bool {
        self.draining || self.calls.len() >= self.config.max_calls
    }

    /// The most server transactions that may be kept.
    pub(super) fn invite_room(&self) -> usize {
        self.config
            .max_calls
            .saturating_mul(INVITES_PER_CALL)
            .max(MIN_INVITES)
    }

    /// A new call.
    fn arrive(&mut self, now: Mono, arrival: &Arrival, request: &Request) {
        if self.is_full() || self.is_flooding(arrival.source.ip()) {
            let reply = Reply::retry_after(503, RETRY_SECONDS);
            return self.answer_stateless(arrival, request, &reply);
        }
        if self.is_claim(arrival) {
            return self.claim(arrival, request, Wanted::Call);
        }
        self.arrive_as(now, arrival, request, None);
    }

    /// A new call of a trusted peer, of a device that proved who it is, or of anybody.
    pub(super) fn arrive_as(
        &mut self,
        now: Mono,
        arrival: &Arrival,
        request: &Request,
        who: Option<Authenticated>,
    ) {
        match self.check_invite(arrival, request) {
            Ok(accepted) => self.take_in(now, arrival, request, (accepted, who)),
            Err(reply) => self.refuse_invite(now, arrival, request, &reply),
        }
    }

    fn is_flooding(&self, source: IpAddr) -> bool {
        let most = if self.config.trusts(source) {
            WAITING_TRUSTED
        } else {
            WAITING_STRANGER
        };
        let waiting = self.waiting.get(&source.to_canonical()).copied();
        waiting.unwrap_or_default() >= most || self.servers.invites() >= self.invite_room()
    }

    fn check_invite(&mut self, arrival: &Arrival, request: &Request) -> Result<Accepted, Reply> {
        self.check_beginning(request)?;
        let (offer, asked) = self.check_session(request)?;
        Ok(Accepted {
            dialog: self.begin_dialog(arrival, request)?,
            offer,
            asked,
        })
    }

    /// What every request that begins a dialog must be.
    pub(super) fn check_beginning(&self, request: &Request) -> Result<(), Reply> {
        if self.servers.is_merged(request) {
            return Err(merged());
        }
        check_uri(request)
            .or_else(|| check_forwards(request))
            .or_else(|| check_require(request))
            .map_or(Ok(()), Err)
    }

    /// The dialog that a request begins.
    pub(super) fn begin_dialog(
        &mut self,
        arrival: &Arrival,
        request: &Request,
    ) -> Result<Dialog, Reply> {
        let tag = self.entropy.tag();
        Dialog::arriving(request, arrival, &tag)
            .ok_or_else(|| Reply::new(400).phrase("The Contact header is missing or malformed"))
    }

    /// What an INVITE or UPDATE says about the session: its offer and its timer.
    pub(super) fn check_session(&self, request: &Request) -> Result<(Option<Offer>, Asked), Reply> {
        let offer = body::description(&request.headers, &request.body).map_err(refuse_body)?;
        let asked = Asked::read(&request.headers).map_err(|why| Reply::new(400).phrase(why))?;
        let least = self.least_interval();
        if asked.is_too_small(least) {
            return Err(Reply::new(422).header("Min-SE", least.as_secs().to_string()));
        }
        Ok((offer, asked))
    }

    /// The shortest session interval we take.
    pub(super) fn least_interval(&self) -> Duration {
        self.config.min_session_expires.max(LEAST)
    }

    /// A refusal that is repeated until its ACK, while there is room for it.
    fn refuse_invite(&mut self, now: Mono, arrival: &Arrival, request: &Request, reply: &Reply) {
        if self.servers.invites() >= self.invite_room() / REFUSAL_SHARE {
            return self.answer_stateless(arrival, request, reply);
        }
        tracing::debug!(status = reply.status, "call refused");
        let tag = self.entropy.tag();
        let id = self.servers.open(request, arrival, &tag, None);
        self.servers.respond(now, id, reply, &mut self.io);
    }

    fn take_in(
        &mut self,
        now: Mono,
        arrival: &Arrival,
        request: &Request,
        (accepted, who): (Accepted, Option<Authenticated>),
    ) {
        let id = self.name_call();
        let source = arrival.source.ip().to_canonical();
        let dialog = accepted.dialog;
        let server = self
            .servers
            .open(request, arrival, &dialog.local_tag, Some(id));
        self.servers
            .respond(now, server, &Reply::new(100), &mut self.io);
        let late = accepted.offer.is_none();
        let key = (dialog.call_id.clone(), dialog.local_tag.clone());
        let cseq = request.cseq;
        let phase = Phase::Arriving { server, cseq, late };
        let mut call = Call::new(now, dialog, phase, accepted.asked);
        call.counted = Some(source);
        call.takes_update = request.headers.has_token("Allow", "UPDATE");
        self.calls.insert(id, call);
        self.dialogs.insert(key, id);
        *self.waiting.entry(source).or_default() += 1;
        let patience = request
            .headers
            .value("Expires")
            .and_then(number)
            .map_or(UNANSWERED, |s| Duration::from_secs(u64::from(s)));
        self.io
            .deadlines
            .set(Timer::Unanswered(id), now + patience.min(UNANSWERED));
        let trusted = self.config.trusts(source);
        tracing::debug!(call = %id, trusted, late, "call arrives");
        let invite = identity::invite(id, request, arrival.source, (trusted, who), accepted.offer);
        self.io.tell(Event::Invite(Box::new(invite)));
    }

    fn name_call(&mut self) -> CallId {
        while self.calls.contains_key(&CallId(self.next_call)) {
            self.next_call = self.next_call.wrapping_add(1);
        }
        let id = CallId(self.next_call);
        self.next_call = self.next_call.wrapping_add(1);
        id
    }

    /// CANCEL: answered by itself, and the INVITE by 487 where it is still open (section 9.2).
    pub(super) fn cancelled(&mut self, now: Mono, arrival: &Arrival, request: &Request) {
        let Some(server) = self.servers.invite_of(request) else {
            return self.answer_stateless(arrival, request, &Reply::new(481));
        };
        let id = self.servers.call(server);
        let tag = id
            .and_then(|id| self.calls.get(&id))
            .map(|call| call.dialog.local_tag.clone());
        match tag {
            Some(tag) => {
                let (headers, via) = (&request.headers, &request.via);
                self.send_reply(arrival, headers, via, &tag, &Reply::new(200));
            }
            None => self.answer_stateless(arrival, request, &Reply::new(200)),
        }
        let Some((id, call)) = id.and_then(|id| Some((id, self.calls.get_mut(&id)?))) else {
            return;
        };
        let open = matches!(call.phase, Phase::Arriving { server: open, .. } if open == server);
        let again = call.offered.take_if(|offered| offered.server == server);
        if !open && again.is_none() {
            return;
        }
        tracing::debug!(call = %id, "INVITE cancelled");
        self.servers
            .respond(now, server, &Reply::new(487), &mut self.io);
        if open {
            self.end(id, EndReason::Cancelled);
        }
    }
}

/// An INVITE that passed all checks.
struct Accepted {
    dialog: Dialog,
    offer: Option<Offer>,
    asked: Asked,
}

/// What we can do (section 11.2).
pub(super) fn capabilities() -> Reply {
    Reply::new(200)
        .header("Allow", ALLOW)
        .header("Allow-Events", PACKAGE)
        .header("Accept", format!("{}, {}", body::SDP, body::KEYS))
        .header("Supported", "timer")
}

/// 416 for anything but `sip` and `tel`; `sips` would promise TLS all the way.
pub(super) fn check_uri(request: &Request) -> Option<Reply> {
    match Uri::parse(&request.uri).map(|uri| uri.scheme) {
        Some(Scheme::Sip | Scheme::Tel) => None,
        Some(Scheme::Sips | Scheme::Other) | None => Some(Reply::new(416)),
    }
}

/// A call that ran out of hops is in a loop, which answering would only hide.
pub(super) fn check_forwards(request: &Request) -> Option<Reply> {
    let left = request.headers.value("Max-Forwards").and_then(number);
    (left == Some(0)).then(|| Reply::new(483))
}

/// The refusal of a request that came before on another way.
pub(super) fn merged() -> Reply {
    Reply::new(482).phrase("Merged Request")
}

/// 420 for extensions we do not know (section 8.2.2.3); the session timer is the one we do.
pub(super) fn check_require(request: &Request) -> Option<Reply> {
    let unknown: Vec<&str> = request
        .headers
        .list("Require")
        .filter(|option| !option.eq_ignore_ascii_case("timer"))
        .collect();
    (!unknown.is_empty()).then(|| Reply::new(420).header("Unsupported", unknown.join(", ")))
}

/// The refusal of a body that should be a session description.
pub(super) fn refuse_body(fault: BodyFault) -> Reply {
    match fault {
        BodyFault::Type => Reply::new(415).header("Accept", body::SDP),
        BodyFault::Encoding => Reply::new(415).header("Accept-Encoding", "identity"),
        BodyFault::Malformed(why) => Reply::new(400).phrase(why),
    }
}
