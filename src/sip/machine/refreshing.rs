//! Session timers in force (RFC 4028 sections 7 to 10).

use super::Machine;
use crate::base::{CallId, Mono};
use crate::sip::call::{LastAck, Phase};
use crate::sip::client::{Cause, Heard, Purpose};
use crate::sip::deadline::Timer;
use crate::sip::message::Response;
use crate::sip::method::Method;
use crate::sip::reply::Reply;
use crate::sip::session_timer::{Agreed, Asked, Refresher};
use crate::sip::vocabulary::EndReason;
use std::time::Duration;

/// The wait after 491: 2.1 to 4 s where the Call-ID is ours, else 0 to 2 s, so that both sides
/// do not meet again (RFC 3261 section 14.1). In units of 10 ms.
const WAIT_OWN: (u32, u32) = (210, 190);
const WAIT_PEER: (u32, u32) = (0, 200);

impl Machine {
    /// Agrees on the timer as the answering side and adds it to the 2xx.
    pub(super) fn agree_as_uas(
        &mut self,
        now: Mono,
        id: CallId,
        asked: &Asked,
        reply: Reply,
    ) -> Reply {
        let agreed = asked.answer(self.least_interval(), self.config.session_expires);
        self.agree(now, id, agreed);
        let Some(agreed) = agreed else {
            return reply;
        };
        let reply = reply.header("Session-Expires", agreed.answer_value());
        match agreed.refresher {
            Refresher::Peer => reply.header("Require", "timer"),
            Refresher::Us => reply,
        }
    }

    /// Puts a session timer in force, or takes it away.
    pub(super) fn agree(&mut self, now: Mono, id: CallId, agreed: Option<Agreed>) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.agreed = agreed;
        let deadlines = &mut self.io.deadlines;
        deadlines.clear(Timer::Refresh(id));
        deadlines.clear(Timer::SessionEnd(id));
        let Some(agreed) = agreed else {
            return;
        };
        deadlines.set(Timer::SessionEnd(id), now + agreed.over_after());
        if agreed.refresher == Refresher::Us {
            deadlines.set(Timer::Refresh(id), now + agreed.refresh_after());
        }
    }

    /// Sends a refresh: UPDATE where the peer takes it, else a re-INVITE with what we last said.
    pub(super) fn refresh(&mut self, now: Mono, id: CallId) {
        let branch = self.entropy.branch();
        let least = self.least_interval().as_secs().to_string();
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(agreed) = call.agreed else {
            return;
        };
        let busy = call.unacked.is_some() || call.offered.is_some() || call.refreshing.is_some();
        if call.phase != Phase::Up || busy {
            let wait = Duration::from_secs(1);
            self.io.deadlines.set(Timer::Refresh(id), now + wait);
            return;
        }
        let method = if call.takes_update {
            Method::Update
        } else {
            Method::Invite
        };
        let again = (method == Method::Invite).then(|| call.description.clone());
        let (mut request, path) = call.dialog.request(method, &self.names, branch);
        request.add_session_headers(&self.names, path.transport);
        let interval = agreed.interval.as_secs();
        request.set("Session-Expires", format!("{interval};refresher=uac"));
        request.set("Min-SE", least);
        request.description = again;
        let client = self.clients.start(
            now,
            Cause::Call(id, Purpose::Refresh),
            request,
            path,
            &mut self.io,
        );
        if let Some(call) = self.calls.get_mut(&id) {
            call.refreshing = Some(client);
        }
    }

    /// An answer to our refresh.
    pub(super) fn refresh_answered(
        &mut self,
        now: Mono,
        id: CallId,
        heard: &Heard,
        response: &Response,
    ) {
        if (200..300).contains(&response.status) && heard.request.method == Method::Invite {
            self.acknowledge_again(id, heard);
        }
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if response.status < 200 || call.refreshing.take_if(|c| *c == heard.id).is_none() {
            return;
        }
        if call.phase != Phase::Up {
            return;
        }
        let asked = Asked::read(&response.headers).unwrap_or_default();
        match response.status {
            200..=299 => {
                call.dialog.retarget(&response.headers);
                self.agree(now, id, asked.accepted());
            }
            408 | 481 => self.hang_up_because(now, id, EndReason::SessionExpired),
            405 | 501 if call.takes_update => {
                call.takes_update = false;
                self.refresh(now, id);
            }
            422 => self.refresh_longer(now, id, asked.least()),
            491 => self.refresh_later(now, id),
            _ => tracing::debug!(call = %id, status = response.status, "refresh refused"),
        }
    }

    /// The peer wants a longer interval; asking for what was refused again would not end.
    fn refresh_longer(&mut self, now: Mono, id: CallId, least: Option<Duration>) {
        let agreed = self
            .calls
            .get_mut(&id)
            .and_then(|call| call.agreed.as_mut());
        if let (Some(agreed), Some(least)) = (agreed, least)
            && least > agreed.interval
        {
            agreed.interval = least;
            self.refresh(now, id);
        }
    }

    fn refresh_later(&mut self, now: Mono, id: CallId) {
        let placed = self.calls.get(&id).is_some_and(|call| call.placed);
        let (from, spread) = if placed { WAIT_OWN } else { WAIT_PEER };
        let wait = u64::from(from + self.entropy.below(spread)) * 10;
        self.io
            .deadlines
            .set(Timer::Refresh(id), now + Duration::from_millis(wait));
    }

    /// The ACK of a 2xx to an INVITE of ours, made once and sent with every repeat.
    pub(super) fn acknowledge_again(&mut self, id: CallId, heard: &Heard) {
        let branch = self.entropy.branch();
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let cseq = heard.request.cseq;
        if call.last_ack.as_ref().is_none_or(|ack| ack.cseq != cseq) {
            let (ack, path) = call.dialog.acknowledgement(cseq, &self.names, branch);
            call.last_ack = Some(LastAck {
                cseq,
                bytes: ack.print(&self.names.agent),
                path,
            });
        }
        if let Some(ack) = &call.last_ack {
            self.io.send(&ack.path, ack.bytes.clone());
        }
    }
}
