//! Calls we place: INVITE, its answers, CANCEL (RFC 3261 sections 8.1, 9.1 and 13.2).

use super::Machine;
use super::commands::bracketed;
use crate::base::{CallId, Mono};
use crate::sip::address::{Uri, escape_user, printable};
use crate::sip::body;
use crate::sip::call::{Call, Phase, Progress};
use crate::sip::client::{Cause, ClientId, Heard, Purpose};
use crate::sip::deadline::Timer;
use crate::sip::dialog::Dialog;
use crate::sip::message::Response;
use crate::sip::method::Method;
use crate::sip::outgoing::Outgoing;
use crate::sip::session_timer::Asked;
use crate::sip::vocabulary::{EndReason, Event, Place, Transport};
use crate::sip::wire::Path;
use std::time::Duration;

/// How long a placed call may ring before it is given up.
const RINGING: Duration = Duration::from_mins(5);
/// The longest interval we take from a 422.
const MAX_INTERVAL: Duration = Duration::from_hours(24);

impl Machine {
    /// Places a call.
    pub(super) fn place(&mut self, now: Mono, place: Place) {
        let id = place.call;
        if self.calls.contains_key(&id) {
            tracing::warn!(call = %id, "a call of this name is already there");
            return;
        }
        if self.draining || self.calls.len() >= self.config.max_calls {
            return self.io.tell(Event::Ended {
                call: id,
                reason: EndReason::Refused(503),
            });
        }
        let path = Path {
            destination: place.destination,
            transport: place.transport,
            connection: None,
        };
        let uri = printable(&place.target).replace(['<', '>', ' '], "");
        if Uri::parse(&uri).is_none() {
            return self.io.tell(Event::Ended {
                call: id,
                reason: EndReason::Refused(416),
            });
        }
        let invite = self.first_invite(place, uri);
        self.send_invite(now, id, invite, path);
    }

    fn first_invite(&mut self, place: Place, uri: String) -> Outgoing {
        let mut invite = Outgoing {
            headers: place.headers,
            body_type: body::SDP,
            description: Some(place.offer),
            ..self.first(Method::Invite, place.transport, &place.from, uri)
        };
        invite.add_session_headers(&self.names, place.transport);
        let interval = self.config.session_expires.max(self.least_interval());
        invite.set("Session-Expires", interval.as_secs().to_string());
        invite.set("Min-SE", self.least_interval().as_secs().to_string());
        invite
    }

    /// A request of ours outside any dialog, as `user` of this server, still without a body
    /// (RFC 3261 section 8.1.1).
    pub(super) fn first(
        &mut self,
        method: Method,
        transport: Transport,
        user: &str,
        uri: String,
    ) -> Outgoing {
        let branch = self.entropy.branch();
        let own = format!("sip:{}@{}", escape_user(user), self.names.host(transport));
        Outgoing {
            method,
            via: self.names.via(transport, &branch),
            branch,
            routes: Vec::new(),
            from: format!("{};tag={}", bracketed(&own), self.entropy.tag()),
            to: bracketed(&uri),
            uri,
            call_id: self.entropy.call_id(),
            cseq: 1,
            headers: Vec::new(),
            body_type: body::SDP,
            description: None,
        }
    }

    fn send_invite(&mut self, now: Mono, id: CallId, invite: Outgoing, path: Path) {
        let description = invite.description.clone().unwrap_or_default();
        let dialog = Dialog::unanswered(&invite, path);
        let key = (dialog.call_id.clone(), dialog.local_tag.clone());
        let client = self.clients.start(
            now,
            Cause::Call(id, Purpose::Place),
            invite,
            path,
            &mut self.io,
        );
        let phase = Phase::Calling {
            client,
            progress: Progress::Silent,
            cancelled: false,
        };
        let mut call = Call::new(now, dialog, phase, Asked::default());
        call.description = description;
        self.calls.insert(id, call);
        self.dialogs.insert(key, id);
        self.io.deadlines.set(Timer::Unanswered(id), now + RINGING);
    }

    /// Gives a placed call up: at once where something was heard, else as soon as it is.
    pub(super) fn give_up(&mut self, now: Mono, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Phase::Calling {
            client,
            progress,
            cancelled,
        } = &mut call.phase
        else {
            return;
        };
        if *cancelled {
            return;
        }
        *cancelled = true;
        if *progress != Progress::Silent {
            let client = *client;
            self.send_cancel(now, id, client);
        }
    }

    fn send_cancel(&mut self, now: Mono, id: CallId, client: ClientId) {
        tracing::debug!(call = %id, "cancelling");
        self.clients.cancel(now, id, client, &mut self.io);
        let patience = self.timing.patience();
        self.io.deadlines.set(Timer::Unanswered(id), now + patience);
    }

    /// A response came.
    pub(super) fn response(&mut self, now: Mono, response: &Response) {
        let Some(heard) = self.clients.receive(now, response, &mut self.io) else {
            return;
        };
        match heard.cause {
            Cause::Call(id, purpose) => self.call_heard(now, id, purpose, &heard, response),
            Cause::Subscription(id) => self.notify_answered(now, id, response),
            Cause::Notice(id) => self.notice_answered(id, response.status),
        }
    }

    fn call_heard(
        &mut self,
        now: Mono,
        id: CallId,
        purpose: Purpose,
        heard: &Heard,
        response: &Response,
    ) {
        let status = response.status;
        match purpose {
            Purpose::Place => match status {
                100..=199 => self.progress(now, id, status),
                200..=299 => self.connected(now, id, heard, response),
                _ => self.not_connected(now, id, heard, response),
            },
            Purpose::Refresh => self.refresh_answered(now, id, heard, response),
            Purpose::Refer if status >= 200 => self.refer_answered(now, id, status),
            Purpose::Bye if status >= 200 => self.bye_answered(id),
            Purpose::Refer | Purpose::Bye | Purpose::Cancel => {}
        }
    }

    fn progress(&mut self, now: Mono, id: CallId, status: u16) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Phase::Calling {
            client,
            progress,
            cancelled,
        } = &mut call.phase
        else {
            return;
        };
        let first = *progress == Progress::Silent;
        let rings = status > 100 && *progress != Progress::Rings;
        *progress = match (rings, *progress) {
            (true, _) => Progress::Rings,
            (false, Progress::Silent) => Progress::Heard,
            (false, known) => known,
        };
        let (client, cancelled) = (*client, *cancelled);
        if cancelled && first {
            self.send_cancel(now, id, client);
        } else if rings && !cancelled {
            self.io.tell(Event::Ringing { call: id });
        }
    }

    /// A 2xx: the call's own, a repeat of it, or that of another branch of a fork.
    fn connected(&mut self, now: Mono, id: CallId, heard: &Heard, response: &Response) {
        let dialog = Dialog::answered(&heard.request, heard.path, response);
        let Some(call) = self.calls.get_mut(&id) else {
            return self.turn_away(now, id, heard, dialog);
        };
        let Phase::Calling { cancelled, .. } = call.phase else {
            if call.dialog.remote_tag == dialog.remote_tag {
                return self.acknowledge_again(id, heard);
            }
            return self.turn_away(now, id, heard, dialog);
        };
        call.dialog = dialog;
        call.phase = Phase::Up;
        call.takes_update = response.headers.has_token("Allow", "UPDATE");
        self.io.deadlines.clear(Timer::Unanswered(id));
        self.acknowledge_again(id, heard);
        if cancelled {
            return self.hang_up(now, id);
        }
        if let Ok(Some(answer)) = body::description(&response.headers, &response.body) {
            let asked = Asked::read(&response.headers).unwrap_or_default();
            self.agree(now, id, asked.accepted());
            self.io.tell(Event::Answered { call: id, answer });
        } else {
            tracing::debug!(call = %id, "2xx without an answer to our offer");
            self.hang_up_because(now, id, EndReason::Refused(488));
        }
    }

    /// Acknowledges a 2xx nobody wants any more and hangs up on it (section 13.2.2.4).
    fn turn_away(&mut self, now: Mono, id: CallId, heard: &Heard, mut dialog: Dialog) {
        let branch = self.entropy.branch();
        let (ack, path) = dialog.acknowledgement(heard.request.cseq, &self.names, branch);
        self.io.send(&path, ack.print(&self.names.agent));
        let branch = self.entropy.branch();
        let (bye, path) = dialog.request(Method::Bye, &self.names, branch);
        self.clients
            .start(now, Cause::Call(id, Purpose::Bye), bye, path, &mut self.io);
    }

    fn not_connected(&mut self, now: Mono, id: CallId, heard: &Heard, response: &Response) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let Phase::Calling { cancelled, .. } = call.phase else {
            return;
        };
        if response.status == 422
            && !cancelled
            && let Some(invite) = self.longer_invite(&heard.request, response)
        {
            self.forget(id);
            return self.send_invite(now, id, invite, heard.path);
        }
        self.end(id, EndReason::Refused(response.status));
    }

    /// The INVITE again with the session interval a 422 asks for (RFC 4028 section 7.3).
    fn longer_invite(&mut self, invite: &Outgoing, response: &Response) -> Option<Outgoing> {
        let least = Asked::read(&response.headers).ok()?.least()?;
        let asked = invite
            .headers
            .iter()
            .find(|(n, _)| n == "Session-Expires")?;
        let before = Duration::from_secs(asked.1.parse().ok()?);
        if least <= before || least > MAX_INTERVAL {
            return None;
        }
        let mut invite = invite.clone();
        let transport = if invite.via.starts_with("SIP/2.0/TCP") {
            crate::sip::Transport::Tcp
        } else {
            crate::sip::Transport::Udp
        };
        invite.branch = self.entropy.branch();
        invite.via = self.names.via(transport, &invite.branch);
        invite.cseq += 1;
        invite.set("Session-Expires", least.as_secs().to_string());
        invite.set("Min-SE", least.as_secs().to_string());
        Some(invite)
    }

    /// A request of ours was never answered.
    pub(super) fn unheard(&mut self, now: Mono, cause: Cause) {
        match cause {
            Cause::Call(id, purpose) => self.unanswered(now, id, purpose),
            Cause::Subscription(id) => self.notify_unanswered(id),
            Cause::Notice(id) => self.notice_unanswered(id),
        }
    }

    fn unanswered(&mut self, now: Mono, id: CallId, purpose: Purpose) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        match purpose {
            Purpose::Place => {
                if matches!(call.phase, Phase::Calling { .. }) {
                    self.end(id, EndReason::NoResponse);
                }
            }
            Purpose::Refresh => {
                call.refreshing = None;
                if call.phase == Phase::Up {
                    self.hang_up_because(now, id, EndReason::SessionExpired);
                }
            }
            Purpose::Refer => self.refer_answered(now, id, 408),
            Purpose::Bye => self.bye_answered(id),
            Purpose::Cancel => {}
        }
    }
}
