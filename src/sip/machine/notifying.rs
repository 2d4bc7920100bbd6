//! NOTIFY (RFC 6665 section 4.2.2): states told to subscribers one at a time, the newest last,
//! and to peers that never asked.

use super::Machine;
use crate::base::Mono;
use crate::sip::client::Cause;
use crate::sip::deadline::Timer;
use crate::sip::headers::number;
use crate::sip::message::Response;
use crate::sip::method::{ALLOW, Method};
use crate::sip::outgoing::Outgoing;
use crate::sip::registration::Reach;
use crate::sip::subscription::{PACKAGE, SUMMARY, Sending, Stage};
use crate::sip::vocabulary::{
    Event, Notice, NoticeFault, NoticeId, SubscriptionEnd, SubscriptionId,
};
use crate::sip::wire::Path;
use std::time::Duration;

/// The longest pause a subscriber gets between two states.
const MAX_PAUSE: u32 = 3_600;
/// When those whose subscription ends because we close down may come again, in seconds.
const COMEBACK: u32 = 10;

impl Machine {
    /// The layer above has a new state for a subscriber.
    pub(super) fn report(&mut self, now: Mono, id: SubscriptionId, state: String) {
        let stage = self.subscriptions.find_mut(id).map(|s| &mut s.stage);
        if let Some(Stage::Active { body, .. }) = stage {
            *body = Some(state);
            self.tell_state(now, id);
        }
    }

    /// Sends the state, now or as soon as the NOTIFY before it is answered.
    pub(super) fn tell_state(&mut self, now: Mono, id: SubscriptionId) {
        let stage = self.subscriptions.find_mut(id).map(|s| &mut s.stage);
        let Some(Stage::Active {
            until,
            body,
            sending,
        }) = stage
        else {
            return;
        };
        match sending {
            Sending::Idle => {
                *sending = Sending::Out { again: false };
                let left = (*until - now).as_secs();
                let body = body.clone();
                self.send_notify(now, id, &format!("active;expires={left}"), body);
            }
            Sending::Out { again } => *again = true,
            Sending::Held => {}
        }
    }

    fn send_notify(&mut self, now: Mono, id: SubscriptionId, state: &str, body: Option<String>) {
        let branch = self.entropy.branch();
        let Some(subscription) = self.subscriptions.find_mut(id) else {
            return;
        };
        let event = subscription.event.clone();
        let (mut request, path) = subscription
            .dialog
            .request(Method::Notify, &self.names, branch);
        request.set("Contact", self.names.contact(path.transport));
        request.set("Event", event);
        request.set("Subscription-State", state);
        request.set("Allow", ALLOW);
        request.set("Allow-Events", PACKAGE);
        request.body_type = SUMMARY;
        request.description = body;
        self.clients
            .start(now, Cause::Subscription(id), request, path, &mut self.io);
    }

    /// A subscription is over; its subscriber is told so last of all.
    pub(super) fn close_subscription(
        &mut self,
        now: Mono,
        id: SubscriptionId,
        end: SubscriptionEnd,
    ) {
        let Some(subscription) = self.subscriptions.find_mut(id) else {
            return;
        };
        let Stage::Active { body, sending, .. } = &mut subscription.stage else {
            return;
        };
        let last = match end {
            SubscriptionEnd::ClosingDown => {
                format!("terminated;reason=probation;retry-after={COMEBACK}")
            }
            SubscriptionEnd::Unsubscribed
            | SubscriptionEnd::Expired
            | SubscriptionEnd::Refused(_)
            | SubscriptionEnd::NoResponse
            | SubscriptionEnd::Undecided => "terminated;reason=timeout".to_owned(),
        };
        let (body, waits) = (body.take(), matches!(sending, Sending::Out { .. }));
        self.io.deadlines.clear(Timer::SubscriptionEnd(id));
        self.io.deadlines.clear(Timer::NotifyAgain(id));
        self.tell_unsubscribed(id, end);
        if !waits {
            self.send_notify(now, id, &last, body);
            return self.forget_subscription(id);
        }
        if let Some(subscription) = self.subscriptions.find_mut(id) {
            subscription.stage = Stage::Closing { body, last };
        }
    }

    /// A NOTIFY was answered.
    pub(super) fn notify_answered(&mut self, now: Mono, id: SubscriptionId, response: &Response) {
        let Some(subscription) = self.subscriptions.find_mut(id) else {
            return;
        };
        let status = response.status;
        let pause = pause(response);
        let lives = status < 300 || pause.is_some();
        match &mut subscription.stage {
            _ if status < 200 => {}
            Stage::Active { .. } if !lives => {
                self.lose_subscriber(id, SubscriptionEnd::Refused(status));
            }
            Stage::Active { sending, .. } => match (pause, *sending) {
                (Some(pause), _) => {
                    *sending = Sending::Held;
                    self.io.deadlines.set(Timer::NotifyAgain(id), now + pause);
                }
                (None, sent) => {
                    *sending = Sending::Idle;
                    subscription.dialog.retarget(&response.headers);
                    if sent == (Sending::Out { again: true }) {
                        self.tell_state(now, id);
                    }
                }
            },
            Stage::Closing { body, last } => {
                let (body, last) = (body.take(), std::mem::take(last));
                if lives {
                    self.send_notify(now, id, &last, body);
                }
                self.forget_subscription(id);
            }
            Stage::Asked { .. } => {}
        }
    }

    /// The pause a subscriber asked for is over.
    pub(super) fn notify_again(&mut self, now: Mono, id: SubscriptionId) {
        let stage = self.subscriptions.find_mut(id).map(|s| &mut s.stage);
        if let Some(Stage::Active { sending, .. }) = stage {
            *sending = Sending::Idle;
            self.tell_state(now, id);
        }
    }

    /// A NOTIFY was never answered: the subscriber is gone.
    pub(super) fn notify_unanswered(&mut self, id: SubscriptionId) {
        match self.subscriptions.find_mut(id).map(|s| &s.stage) {
            Some(Stage::Active { .. }) => self.lose_subscriber(id, SubscriptionEnd::NoResponse),
            Some(Stage::Closing { .. }) => self.forget_subscription(id),
            Some(Stage::Asked { .. }) | None => {}
        }
    }

    fn lose_subscriber(&mut self, id: SubscriptionId, end: SubscriptionEnd) {
        self.forget_subscription(id);
        self.tell_unsubscribed(id, end);
    }

    /// Tells a peer a state it never asked for.
    pub(super) fn notify_peer(&mut self, now: Mono, notice: Notice) {
        let Reach {
            uri,
            destination,
            transport,
            connection,
            routes,
        } = notice.reach;
        let path = Path {
            destination,
            transport,
            connection,
        };
        let mut request = Outgoing {
            body_type: SUMMARY,
            description: Some(notice.body),
            routes,
            ..self.first(Method::Notify, transport, &notice.user, uri)
        };
        request.set("Contact", self.names.contact(transport));
        request.set("Event", PACKAGE);
        request.set("Subscription-State", "active");
        request.set("Allow", ALLOW);
        request.set("Allow-Events", PACKAGE);
        let cause = Cause::Notice(notice.notice);
        self.clients.start(now, cause, request, path, &mut self.io);
    }

    /// A peer answered to a state it never asked for.
    pub(super) fn notice_answered(&mut self, notice: NoticeId, status: u16) {
        let outcome = match status {
            ..200 => return,
            200..300 => Ok(()),
            _ => Err(NoticeFault::Refused(status)),
        };
        self.io.tell(Event::PeerNotified { notice, outcome });
    }

    /// A peer did not.
    pub(super) fn notice_unanswered(&mut self, notice: NoticeId) {
        let outcome = Err(NoticeFault::NoResponse);
        self.io.tell(Event::PeerNotified { notice, outcome });
    }
}

/// How long to wait after a refusal that says so; `None` for any other answer. 481 is never
/// followed by another NOTIFY: the subscription is not there (RFC 6665 section 4.2.2).
fn pause(response: &Response) -> Option<Duration> {
    if response.status < 300 || response.status == 481 {
        return None;
    }
    let value = response.headers.value("Retry-After")?;
    let end = value.find([';', '(']).unwrap_or(value.len());
    let seconds = number(value.get(..end)?)?;
    Some(Duration::from_secs(u64::from(seconds.clamp(1, MAX_PAUSE))))
}
