//! The media session of one call.

use super::vocabulary::{Command, Event, Remote, TakeSink};
use crate::base::{Digit, Mono};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// A level in dBm0 (ITU-T G.100.1); digital full scale of a sine is about +3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dbm0(pub i8);

/// What a session starts from.
#[derive(Clone, Debug)]
pub struct Params {
    /// Where SSRC, first sequence number and first timestamp come from (RFC 3550 section 5.1
    /// asks for random ones).
    pub seed: u64,
    /// When the first packet is due; sessions started together are spread by it.
    pub first_tick: Mono,
    /// The agreed side of the answer, where it is known already.
    pub remote: Option<Remote>,
    /// How long without a packet until [`Event::Silent`].
    pub rtp_timeout: Duration,
    /// What is quieter than this counts as silence in a recording.
    pub silence_level: Dbm0,
    /// Whether the peer's address may be learned from its first packets (a peer behind NAT).
    pub learn: bool,
}

/// One call's media.
#[derive(Debug)]
pub struct Session {
    params: Params,
    events: VecDeque<Event>,
}

impl Session {
    /// A session that plays and records nothing yet.
    pub fn new(params: Params) -> Session {
        Session {
            params,
            events: VecDeque::new(),
        }
    }

    /// Does what it is told.
    pub fn command(&mut self, _now: Mono, _command: Command, _sink: &mut dyn TakeSink) {}

    /// Takes one datagram of the RTP socket.
    pub fn handle_rtp(
        &mut self,
        _now: Mono,
        _source: SocketAddr,
        _datagram: &[u8],
        _sink: &mut dyn TakeSink,
    ) {
    }

    /// Takes one datagram of the RTCP socket.
    pub fn handle_rtcp(&mut self, _now: Mono, _source: SocketAddr, _datagram: &[u8]) {}

    /// A key that came by SIP INFO.
    pub fn info_digit(&mut self, _now: Mono, _digit: Digit) {}

    /// When [`Session::tick`] is due next.
    pub fn due(&self) -> Mono {
        self.params.first_tick
    }

    /// Writes the packet that is due into `out`; its length, or `None` when nothing is to be sent.
    pub fn tick(&mut self, _now: Mono, _out: &mut [u8], _sink: &mut dyn TakeSink) -> Option<usize> {
        None
    }

    /// What happened since the last call, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Ends the session: a running recording is handed out and reported.
    pub fn close(&mut self, _now: Mono, _sink: &mut dyn TakeSink) {}
}
