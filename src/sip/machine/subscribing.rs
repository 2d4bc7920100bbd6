//! SUBSCRIBE (RFC 6665 section 4.2.1): new subscriptions, their refresh and their end.
//!
//! Strangers are refused, or asked who they are, before anything else is looked at, so that they
//! cannot learn which mailboxes exist. What is wrong with a request of a trusted peer is answered without state.

use super::Machine;
use super::arriving::{RETRY_SECONDS, capabilities, check_require, merged};
use crate::base::Mono;
use crate::sip::address::Uri;
use crate::sip::deadline::Timer;
use crate::sip::dialog::Dialog;
use crate::sip::message::Request;
use crate::sip::method::{ALLOW, Method};
use crate::sip::registration::{Authenticated, Wanted};
use crate::sip::reply::Reply;
use crate::sip::subscription::{PACKAGE, Sending, Stage, Subscription, Wish};
use crate::sip::vocabulary::{DeviceOf, Event, Subscribe, SubscriptionEnd, SubscriptionId};
use crate::sip::wire::Arrival;
use std::time::Duration;

/// How long a SUBSCRIBE may wait for the layer above.
const DECISION: Duration = Duration::from_secs(5);

impl Machine {
    /// Where no device is known only trusted peers may subscribe; the others hear the same whatever
    /// they ask.
    pub(super) fn refuse_stranger(&self, arrival: &Arrival, request: &Request) -> Option<Reply> {
        let subscribes = request.method == Method::Subscribe;
        let stranger = !self.config.trusts(arrival.source.ip());
        (subscribes && stranger && !self.config.registers).then(|| Reply::new(403))
    }

    /// A SUBSCRIBE outside any dialog.
    pub(super) fn subscribe(&mut self, now: Mono, arrival: &Arrival, request: &Request) {
        if self.is_claim(arrival) {
            return self.claim(arrival, request, Wanted::Subscription);
        }
        self.subscribe_as(now, arrival, request, None);
    }

    /// A SUBSCRIBE of a trusted peer, or of a device that proved who it is.
    pub(super) fn subscribe_as(
        &mut self,
        now: Mono,
        arrival: &Arrival,
        request: &Request,
        who: Option<Authenticated>,
    ) {
        match self.check_subscribe(arrival, request) {
            Ok((dialog, wish)) => self.ask_above(now, arrival, request, (dialog, who), wish),
            Err(reply) => self.answer_stateless(arrival, request, &reply),
        }
    }

    fn check_subscribe(
        &mut self,
        arrival: &Arrival,
        request: &Request,
    ) -> Result<(Dialog, Wish), Reply> {
        if self.subscriptions.is_begun_by(request) {
            return Err(merged());
        }
        self.check_beginning(request)?;
        let wish = Wish::read(&request.headers, &self.config)?;
        let source = arrival.source.ip();
        let most = self.config.max_subscriptions;
        let full = self.subscriptions.is_full(source, request, most);
        if self.draining || full || self.servers.len() >= self.invite_room() {
            return Err(Reply::retry_after(503, RETRY_SECONDS));
        }
        Ok((self.begin_dialog(arrival, request)?, wish))
    }

    fn ask_above(
        &mut self,
        now: Mono,
        arrival: &Arrival,
        request: &Request,
        (dialog, who): (Dialog, Option<Authenticated>),
        wish: Wish,
    ) {
        let server = self.servers.open(request, arrival, &dialog.local_tag, None);
        let Wish { event, expires } = wish;
        let stage = Stage::Asked { server, expires };
        let source = arrival.source.ip();
        let asked = Subscription::asked(now, request, source, (dialog, event), stage);
        let subscription = self.subscriptions.insert(asked);
        self.io
            .deadlines
            .set(Timer::SubscriptionEnd(subscription), now + DECISION);
        tracing::debug!(subscription = subscription.0, "subscription asked for");
        let request_uri = Uri::parse(&request.uri).map(|uri| uri.address(""));
        self.io.tell(Event::Subscribed(Box::new(Subscribe {
            subscription,
            source: arrival.source,
            authenticated: who.map(|who| DeviceOf {
                device: who.device,
                mailbox: who.mailbox,
            }),
            request_uri: request_uri.unwrap_or_default(),
            to: request.to.address().unwrap_or_default(),
            expires,
        })));
    }

    /// The layer above takes a subscription; its state follows the 200 at once.
    pub(super) fn accept_subscription(
        &mut self,
        now: Mono,
        id: SubscriptionId,
        body: Option<String>,
    ) {
        let Some(subscription) = self.subscriptions.find_mut(id) else {
            return;
        };
        let Stage::Asked { server, expires } = subscription.stage else {
            return;
        };
        subscription.stage = Stage::Active {
            until: now + expires,
            body,
            sending: Sending::Idle,
        };
        let reply = self.granted(id, expires);
        self.servers.respond(now, server, &reply, &mut self.io);
        self.in_force(now, id, expires);
    }

    /// The 200 to a SUBSCRIBE.
    fn granted(&mut self, id: SubscriptionId, expires: Duration) -> Reply {
        let reply = Reply::new(200)
            .header("Expires", expires.as_secs().to_string())
            .header("Allow", ALLOW)
            .header("Allow-Events", PACKAGE);
        match self.subscriptions.find_mut(id) {
            Some(subscription) => {
                let transport = subscription.dialog.path().transport;
                reply.header("Contact", self.names.contact(transport))
            }
            None => reply,
        }
    }

    /// A subscription is granted for this long from now, or over where that is nothing.
    fn in_force(&mut self, now: Mono, id: SubscriptionId, expires: Duration) {
        tracing::debug!(subscription = id.0, ?expires, "subscription in force");
        if expires.is_zero() {
            return self.close_subscription(now, id, SubscriptionEnd::Unsubscribed);
        }
        self.io
            .deadlines
            .set(Timer::SubscriptionEnd(id), now + expires);
        self.tell_state(now, id);
    }

    /// The layer above does not take a subscription.
    pub(super) fn refuse_subscription(&mut self, now: Mono, id: SubscriptionId, reply: &Reply) {
        let Some(subscription) = self.subscriptions.find_mut(id) else {
            return;
        };
        if let Stage::Asked { server, .. } = subscription.stage {
            tracing::debug!(subscription = id.0, status = reply.status, "refused");
            self.servers.respond(now, server, reply, &mut self.io);
            self.forget_subscription(id);
        }
    }

    /// Time is up: for the subscription, or for the layer above to decide on it.
    pub(super) fn subscription_over(&mut self, now: Mono, id: SubscriptionId) {
        let stage = self.subscriptions.find_mut(id).map(|s| &s.stage);
        match stage {
            Some(Stage::Asked { .. }) => {
                tracing::warn!(subscription = id.0, "a SUBSCRIBE waited too long");
                self.turn_away_subscriber(now, id, SubscriptionEnd::Undecided);
            }
            Some(Stage::Active { .. }) => {
                self.close_subscription(now, id, SubscriptionEnd::Expired);
            }
            Some(Stage::Closing { .. }) | None => {}
        }
    }

    /// Everybody is told that this server closes down, and when to come again.
    pub(super) fn close_subscriptions(&mut self, now: Mono) {
        let end = SubscriptionEnd::ClosingDown;
        for id in self.subscriptions.ids() {
            match self.subscriptions.find_mut(id).map(|s| &s.stage) {
                Some(Stage::Asked { .. }) => self.turn_away_subscriber(now, id, end),
                Some(Stage::Active { .. }) => self.close_subscription(now, id, end),
                Some(Stage::Closing { .. }) | None => {}
            }
        }
    }

    /// Ends a subscription nobody decided on.
    fn turn_away_subscriber(&mut self, now: Mono, id: SubscriptionId, end: SubscriptionEnd) {
        let busy = Reply::retry_after(503, RETRY_SECONDS);
        self.refuse_subscription(now, id, &busy);
        self.tell_unsubscribed(id, end);
    }

    pub(super) fn tell_unsubscribed(&mut self, subscription: SubscriptionId, end: SubscriptionEnd) {
        tracing::debug!(subscription = subscription.0, ?end, "subscription over");
        self.io.tell(Event::Unsubscribed { subscription, end });
    }

    pub(super) fn forget_subscription(&mut self, id: SubscriptionId) {
        self.io.deadlines.clear(Timer::SubscriptionEnd(id));
        self.io.deadlines.clear(Timer::NotifyAgain(id));
        self.subscriptions.remove(id);
    }

    /// A request with a To tag that is in no call.
    pub(super) fn within_subscription(&mut self, now: Mono, arrival: &Arrival, request: &Request) {
        let id = self.subscriptions.of(request);
        let found = id.and_then(|id| Some((id, self.subscriptions.find_mut(id)?)));
        let Some((id, subscription)) = found else {
            return self.answer_stateless(arrival, request, &Reply::new(481));
        };
        let in_order = Some(request.cseq) > subscription.dialog.remote_cseq;
        if !in_order || !subscription.load.admit(now) {
            let reply = self.not_now(if in_order { 503 } else { 500 });
            return self.answer_stateless(arrival, request, &reply);
        }
        subscription.dialog.remote_cseq = Some(request.cseq);
        subscription.dialog.heard_on(arrival);
        match (&request.method, check_require(request)) {
            (_, Some(reply)) => self.answer_subscriber(now, arrival, request, &reply),
            (Method::Subscribe, None) => self.resubscribe(now, arrival, request, id),
            (Method::Options, None) => {
                self.answer_subscriber(now, arrival, request, &capabilities());
            }
            _ => self.answer_subscriber(now, arrival, request, &Reply::new(481)),
        }
    }

    /// Answers a request inside a subscription, with a transaction to absorb its repeats.
    fn answer_subscriber(
        &mut self,
        now: Mono,
        arrival: &Arrival,
        request: &Request,
        reply: &Reply,
    ) {
        let server = self.servers.open(request, arrival, "", None);
        self.servers.respond(now, server, reply, &mut self.io);
    }

    /// A refresh, or the wish to hear no more. One that is refused changes nothing.
    fn resubscribe(&mut self, now: Mono, arrival: &Arrival, request: &Request, id: SubscriptionId) {
        match self.check_resubscribe(request, id) {
            Ok(expires) => {
                self.prolong(now, request, id, expires);
                let reply = self.granted(id, expires);
                self.answer_subscriber(now, arrival, request, &reply);
                self.in_force(now, id, expires);
            }
            Err(reply) => self.answer_subscriber(now, arrival, request, &reply),
        }
    }

    fn check_resubscribe(
        &mut self,
        request: &Request,
        id: SubscriptionId,
    ) -> Result<Duration, Reply> {
        let early = self.not_now(500);
        let wish = Wish::read(&request.headers, &self.config)?;
        let subscription = self.subscriptions.find_mut(id);
        let subscription = subscription.filter(|s| s.event == wish.event);
        match subscription.map(|s| &s.stage) {
            Some(Stage::Active { .. }) => Ok(wish.expires),
            Some(Stage::Asked { .. }) => Err(early),
            Some(Stage::Closing { .. }) | None => Err(Reply::new(481)),
        }
    }

    fn prolong(&mut self, now: Mono, request: &Request, id: SubscriptionId, expires: Duration) {
        if let Some(subscription) = self.subscriptions.find_mut(id) {
            subscription.dialog.retarget(&request.headers);
            if let Stage::Active { until, .. } = &mut subscription.stage {
                *until = now + expires;
            }
        }
    }
}
