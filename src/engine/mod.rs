//! Media worker threads: sockets, the timing wheel and the pace of every call.

use crate::base::{Digit, SessionId};
use crate::media::{Command, Dbm0, Event, TakeSink};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;
use tokio::sync::mpsc;

/// How the engine runs.
#[derive(Clone, Debug)]
pub struct Config {
    /// Worker threads, 1 or more; one for each core that serves media.
    pub workers: usize,
    /// The local address of every media socket.
    pub bind: IpAddr,
    /// The ports to use: an even one for RTP and the next for RTCP (RFC 3550 section 11).
    /// `None` lets the system choose.
    pub ports: Option<RangeInclusive<u16>>,
    /// The most sessions at a time.
    pub max_sessions: usize,
    /// How long without a packet until [`Event::Silent`].
    pub rtp_timeout: Duration,
    /// What is quieter than this counts as silence in a recording.
    pub silence_level: Dbm0,
    /// Whether a peer's address may be learned from its first packets.
    pub learn: bool,
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineFault {
    /// The configuration asks for no worker at all.
    #[error("the engine needs at least one worker")]
    NoWorkers,
    /// The port range holds no pair.
    #[error("the media port range holds no even port with the next one")]
    NoPortPair,
    /// The system refused a thread, an epoll set or the like.
    #[error("the system refused a media worker: {0}")]
    System(#[from] std::io::Error),
}

/// Why no session was opened. The call is to be refused with 503 and Retry-After.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// There are as many sessions as configured.
    #[error("all media sessions are in use")]
    Full,
    /// The workers are behind: their queues fill up.
    #[error("the media workers are overloaded")]
    Overloaded,
    /// Every port pair is in use.
    #[error("no pair of media ports is free")]
    NoPorts,
    /// A session of this id is open already.
    #[error("the media session is open already")]
    Taken,
    /// The engine has stopped.
    #[error("the media engine has stopped")]
    Stopped,
    /// The system refused a socket.
    #[error("the system refused a media socket: {0}")]
    System(#[from] std::io::Error),
}

/// Why a command reached nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendFault {
    /// No session of this id is open.
    #[error("no such media session is open")]
    Unknown,
    /// The engine has stopped.
    #[error("the media engine has stopped")]
    Stopped,
}

/// Where a session receives. The address is the configured one, which may be unspecified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalMedia {
    /// The RTP address.
    pub rtp: SocketAddr,
    /// The RTCP address.
    pub rtcp: SocketAddr,
}

/// The running media workers.
#[derive(Debug)]
pub struct Engine {}

impl Engine {
    /// Starts the workers. Each gets one sink from `sinks`; all report to `events`.
    pub fn start(
        config: &Config,
        sinks: impl Fn() -> Box<dyn TakeSink + Send>,
        events: &mpsc::Sender<(SessionId, Event)>,
    ) -> Result<Engine, EngineFault> {
        let _ = (config, sinks, events);
        Ok(Engine {})
    }

    /// Opens the sockets of a new session.
    pub fn open(&self, _session: SessionId) -> Result<LocalMedia, OpenFault> {
        Err(OpenFault::Stopped)
    }

    /// Hands a command to a session.
    pub fn send(&self, _session: SessionId, _command: Command) -> Result<(), SendFault> {
        Err(SendFault::Stopped)
    }

    /// Tells a session of a key that came by SIP INFO.
    pub fn info_digit(&self, _session: SessionId, _digit: Digit) -> Result<(), SendFault> {
        Err(SendFault::Stopped)
    }

    /// Ends a session; `Recorded` follows where a recording ran.
    pub fn close(&self, _session: SessionId) -> Result<(), SendFault> {
        Err(SendFault::Stopped)
    }

    /// Ends all sessions, reports what they recorded and joins the threads.
    pub fn stop(self) {}
}
