//! The SIP machine: messages, commands and the time in; messages, events and a deadline out.
//!
//! The law of its use: **feed one input, then drain transmits and events, then ask for the
//! deadline.** An input is one call of a `handle_` method, [`Machine::connection_lost`] or
//! [`Machine::drain`]. Transmits leave in the order they were made. Events come in the order
//! things happened; after `Ended`, after `Refuse` or `Redirect`, or after `ByeDone` or `ByeFailed`
//! answered a `Bye`, a call is never named again, and commands for it are ignored. A `Bye` that
//! waits more than 30 s for either is answered 500, which ends the call and confirms nothing. A
//! deadline may be asked for at any time and is met by
//! [`Machine::handle_timeout`] at or after it; being late makes timers late and nothing else.
//!
//! A `Subscribed` is answered with `AcceptSubscription` or `RefuseSubscription` within 5 s.
//! After `RefuseSubscription` or `Unsubscribed` a subscription is never named again, and commands
//! for it are ignored. Each `NotifyPeer` is answered by one `PeerNotified`.
//!
//! A `Registering` or `Claimed` is answered before the next input, with `Admit`, `Challenge`,
//! `RefuseClaim`, `Bound` or `TooBrief`; what they are about is forgotten else.
//!
//! `Acknowledged` comes once for the answer to a call's INVITE, and again for a re-INVITE only
//! where its ACK brings the answer to an offer of ours. `OfferedAgain` that the peer takes back
//! (CANCEL, BYE) is not reported; a late answer to it is ignored.

mod arriving;
mod claiming;
mod commands;
mod ending;
mod notifying;
mod placing;
mod refreshing;
mod subscribing;
mod timers;
mod within;

use super::call::{Call, Phase};
use super::client::Clients;
use super::config::Config;
use super::entropy::Entropy;
use super::headers::Headers;
use super::message::{self, Bounds, Fault, Malformed, Message, Request};
use super::method::Method;
use super::outgoing::Names;
use super::registration::ClaimId;
use super::reply::{Reply, Template};
use super::server::{Servers, Timing};
use super::subscription::Subscriptions;
use super::via::Via;
use super::vocabulary::{Command, Event};
use super::wire::{Arrival, ConnectionId, Io, Transmit};
use crate::base::{CallId, Mono, Now};
use claiming::Held;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// The shortest T1: an interval of nothing would never let time pass.
const LEAST_T1: Duration = Duration::from_millis(1);

/// All SIP calls and subscriptions of one server.
#[derive(Debug)]
pub struct Machine {
    config: Config,
    names: Names,
    timing: Timing,
    entropy: Entropy,
    io: Io,
    servers: Servers,
    clients: Clients,
    calls: BTreeMap<CallId, Call>,
    /// Calls by Call-ID and our tag.
    dialogs: BTreeMap<(String, String), CallId>,
    /// Calls by source that are not answered, or whose answer is not acknowledged.
    waiting: BTreeMap<IpAddr, usize>,
    subscriptions: Subscriptions,
    /// Requests of whom it is asked who sent them.
    held: BTreeMap<ClaimId, Held>,
    next_claim: u64,
    next_call: u64,
    draining: bool,
}

impl Machine {
    /// A machine without calls; `seed` makes its tags, branches and Call-IDs and must be
    /// unpredictable, as they keep strangers out of calls (RFC 3261 section 19.3).
    pub fn new(config: Config, seed: [u8; 32]) -> Machine {
        let names = Names::new(&config);
        let timing = Timing {
            t1: config.t1.max(LEAST_T1),
            t2: config.t2,
            t4: config.t4,
        };
        Machine {
            timing,
            entropy: Entropy::new(seed),
            io: Io::default(),
            servers: Servers::new(names.agent.clone(), timing),
            clients: Clients::new(names.agent.clone(), timing),
            names,
            calls: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            waiting: BTreeMap::new(),
            subscriptions: Subscriptions::default(),
            held: BTreeMap::new(),
            next_claim: 1,
            next_call: config.first_call,
            draining: false,
            config,
        }
    }

    /// One whole message arrived: a datagram, or what the transport cut from a stream.
    pub fn handle_message(&mut self, now: Now, arrival: Arrival, bytes: &[u8]) {
        let bounds = Bounds {
            bytes: self.config.max_message,
            headers: self.config.max_headers,
        };
        match message::parse(bytes, bounds) {
            Ok(Message::Request(request)) => self.request(now.mono, &arrival, &request),
            Ok(Message::Response(response)) => self.response(now.mono, &response),
            Err(Fault::Silent(why)) => tracing::debug!(why, "message ignored"),
            Err(Fault::Refuse(flaw)) => self.refuse_malformed(&arrival, &flaw),
        }
    }

    /// The call layer decided something. A command that no longer fits its call is ignored:
    /// the event that says why is already on its way.
    pub fn handle_command(&mut self, now: Now, command: Command) {
        self.command(now, command);
    }

    /// The deadline of [`Machine::poll_timeout`] came.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(timer) = self.io.deadlines.due(now.mono) {
            self.timer(now.mono, timer);
        }
    }

    /// A connection is gone. Requests unheard on it have failed; calls live on and use
    /// another connection.
    pub fn connection_lost(&mut self, now: Now, connection: ConnectionId) {
        self.servers.forget_connection(connection);
        for call in self.calls.values_mut() {
            call.forget_connection(connection);
        }
        self.subscriptions.forget_connection(connection);
        for cause in self.clients.lose_connection(connection, &mut self.io) {
            self.unheard(now.mono, cause);
        }
    }

    /// Takes no new calls and subscriptions from now on (503). Calls in progress go on;
    /// subscribers are told to come again soon.
    pub fn drain(&mut self, now: Now) {
        self.draining = true;
        self.close_subscriptions(now.mono);
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.io.transmits.pop_front()
    }

    /// The next event for the call layer.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.io.events.pop_front()
    }

    /// The earliest deadline and what it is for.
    pub fn poll_timeout(&self) -> Option<(Mono, &'static str)> {
        self.io.deadlines.next()
    }

    /// Calls that are known: arriving, in progress, ending or being placed.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Subscriptions that are known: waiting for an answer, in force, or waiting to be told
    /// their end.
    pub fn subscriptions(&self) -> usize {
        self.subscriptions.len()
    }

    /// Transactions that are kept, server and client (RFC 3261 section 17).
    pub fn transactions(&self) -> usize {
        self.servers.len() + self.clients.len()
    }

    /// Deadlines that are set.
    pub fn deadlines(&self) -> usize {
        self.io.deadlines.len()
    }

    /// Sources with calls that are not yet answered and acknowledged.
    pub fn waiting_sources(&self) -> usize {
        self.waiting.len()
    }

    /// Whether new calls are refused because of [`Machine::drain`].
    pub fn draining(&self) -> bool {
        self.draining
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    fn request(&mut self, now: Mono, arrival: &Arrival, request: &Request) {
        match &request.method {
            Method::Ack => return self.ack(now, request),
            Method::Cancel => return self.cancelled(now, arrival, request),
            _ => {}
        }
        if let Some(id) = self.servers.find(request) {
            return self.servers.repeat(id, &mut self.io);
        }
        let refused = self
            .refuse_method(request)
            .or_else(|| self.refuse_stranger(arrival, request));
        if let Some(reply) = refused {
            return self.answer_stateless(arrival, request, &reply);
        }
        if request.method == Method::Register {
            self.register(arrival, request);
        } else if request.to.param("tag").is_some() {
            self.within(now, arrival, request);
        } else {
            self.outside(now, arrival, request);
        }
    }

    /// 405 for a method we know but do not serve, 501 for any other (RFC 3261 sections 8.2.1,
    /// 21.5.2).
    fn refuse_method(&self, request: &Request) -> Option<Reply> {
        let status = match &request.method {
            Method::Register if self.config.registers => return None,
            Method::Refer | Method::Register | Method::Unserved(_) => 405,
            Method::Unknown(_) => 501,
            Method::Subscribe
            | Method::Notify
            | Method::Invite
            | Method::Ack
            | Method::Bye
            | Method::Cancel
            | Method::Options
            | Method::Info
            | Method::Update => return None,
        };
        Some(Reply::new(status).header("Allow", super::method::ALLOW))
    }

    /// The call of a request inside a dialog.
    fn find_call(&self, request: &Request) -> Option<CallId> {
        let tag = request.to.param("tag")?;
        let key = (request.call_id.clone(), tag.to_owned());
        let id = *self.dialogs.get(&key)?;
        let call = self.calls.get(&id)?;
        let known = !matches!(call.phase, Phase::Calling { .. });
        (known && call.dialog.is_from_peer(request)).then_some(id)
    }

    /// Answers without a transaction; the same request gets the same answer again.
    fn answer_stateless(&mut self, arrival: &Arrival, request: &Request, reply: &Reply) {
        let branch = request.via.branch.clone().unwrap_or_default();
        let tag = self
            .entropy
            .stateless_tag(&format!("{branch}{}", request.call_id));
        tracing::debug!(method = %request.method, status = reply.status, "answered");
        let via = request.via.clone();
        self.send_reply(arrival, &request.headers, &via, &tag, reply);
    }

    fn send_reply(
        &mut self,
        arrival: &Arrival,
        headers: &Headers,
        via: &Via,
        tag: &str,
        reply: &Reply,
    ) {
        let bytes = Template::new(headers, arrival, tag).print(reply, &self.names.agent);
        self.io.send(&via.reply_path(arrival), bytes);
    }

    fn refuse_malformed(&mut self, arrival: &Arrival, flaw: &Malformed) {
        let Some(via) = flaw.headers.value("Via").and_then(Via::parse) else {
            tracing::debug!(
                why = flaw.why,
                "malformed message without a usable Via ignored"
            );
            return;
        };
        tracing::debug!(
            why = flaw.why,
            status = flaw.status,
            "malformed request refused"
        );
        let tag = self.entropy.stateless_tag(flaw.why);
        let reply = Reply::new(flaw.status).phrase(flaw.why);
        self.send_reply(arrival, &flaw.headers, &via, &tag, &reply);
    }

    /// Forgets a call and everything that waits for it.
    fn forget(&mut self, id: CallId) {
        self.clear_timers(id);
        self.settle(id);
        if let Some(call) = self.calls.remove(&id) {
            let key = (call.dialog.call_id, call.dialog.local_tag);
            self.dialogs.remove(&key);
        }
    }

    /// A call no longer counts as waiting for its source.
    fn settle(&mut self, id: CallId) {
        let counted = self.calls.get_mut(&id).and_then(|call| call.counted.take());
        let Some(source) = counted else {
            return;
        };
        if let Some(count) = self.waiting.get_mut(&source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.waiting.remove(&source);
            }
        }
    }
}
