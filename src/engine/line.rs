//! One session with its sockets: its steps, its datagrams and its events.
//!
//! Laws: a panic ends the session it happens in and no other; events leave in order; once the
//! session has ended nothing is stepped any more.

use super::counters::Counters;
use super::ports::Sockets;
use crate::base::{Mono, SessionId};
use crate::media::{Event, Session, TakeSink};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// A session with its sockets and its way out.
pub(super) struct Line {
    id: SessionId,
    pub(super) session: Session,
    pub(super) sockets: Sockets,
    /// Where the RTP socket is connected to, so that the system keeps strangers out.
    connected: Option<SocketAddr>,
    pub(super) state: LineState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineState {
    /// In service.
    Live,
    /// Closed; its last events are being delivered.
    Closing,
    /// Ended by a panic; its last events are being delivered.
    Broken,
}

impl Line {
    pub(super) fn new(id: SessionId, session: Session, sockets: Sockets, state: LineState) -> Line {
        Line {
            id,
            session,
            sockets,
            connected: None,
            state,
        }
    }

    /// One step of the session. A panic in it ends the session: what it recorded is handed out.
    pub(super) fn step<R>(
        &mut self,
        now: Mono,
        sink: &mut dyn TakeSink,
        act: impl FnOnce(&mut Session, &mut dyn TakeSink) -> R,
    ) -> Option<R> {
        if self.state != LineState::Live {
            return None;
        }
        let session = &mut self.session;
        if let Ok(result) = catch_unwind(AssertUnwindSafe(|| act(session, sink))) {
            return Some(result);
        }
        tracing::error!(session = self.id.0, "a media session panicked and ends");
        self.state = LineState::Broken;
        if catch_unwind(AssertUnwindSafe(|| session.close(now, sink))).is_err() {
            tracing::error!(session = self.id.0, "what it recorded last is lost");
        }
        None
    }

    /// Whether all events are handed over. Without a receiver nobody misses them.
    pub(super) fn deliver(&mut self, events: &mpsc::Sender<(SessionId, Event)>) -> bool {
        loop {
            let permit = match events.try_reserve() {
                Ok(permit) => permit,
                Err(TrySendError::Full(())) => return false,
                Err(TrySendError::Closed(())) => return true,
            };
            let Some(event) = self.session.poll_event() else {
                if self.state == LineState::Broken {
                    permit.send((self.id, Event::Broken));
                }
                return true;
            };
            permit.send((self.id, event));
        }
    }

    /// Connects the RTP socket to the peer.
    pub(super) fn connect(&mut self) {
        let peer = self.session.rtp_peer();
        if peer.is_none() || peer == self.connected {
            return;
        }
        self.connected = peer.filter(|peer| match self.sockets.rtp.connect(peer) {
            Ok(()) => true,
            Err(fault) => {
                tracing::warn!(session = self.id.0, %fault, "the peer's media address is of no use");
                false
            }
        });
    }

    pub(super) fn send_rtp(&self, datagram: &[u8], counters: &Counters) {
        let rtp = &self.sockets.rtp;
        let sent = match (self.connected, self.session.rtp_peer()) {
            (Some(_), _) => rtp.send(datagram),
            (None, Some(peer)) => rtp.send_to(datagram, peer),
            (None, None) => return,
        };
        counters.count_sent(sent.is_ok());
    }

    pub(super) fn send_rtcp(&self, datagram: &[u8], counters: &Counters) {
        if let Some(peer) = self.session.rtcp_peer() {
            counters.count_sent(self.sockets.rtcp.send_to(datagram, peer).is_ok());
        }
    }
}
