//! Media worker threads: sockets, the timing wheel and the pace of every call.
//!
//! In: sessions to open, [`Command`]s for them, datagrams. Out: datagrams and [`Event`]s.
//! Each worker owns its sessions, its epoll set and its sink; workers share nothing but the pool
//! of ports. What a packet means is decided in [`media`](crate::media).
//!
//! Laws:
//! - calls are spread over the packet interval, and a wake-up serves all that is due in a
//!   millisecond;
//! - a panic in a session's step ends that session alone: what it recorded is reported, then
//!   [`Event::Broken`];
//! - a closed session's ports rest before they are used again;
//! - no event is lost while the receiver lives: where its queue is full a session keeps its
//!   events and tries again each packet interval (keys beyond a bound are dropped there).
//!
//! Overload: the queue of a worker holds [`Engine::MAX_ORDERS`] orders. From half of that on, or
//! while more than a tenth of the last second's ticks were late by 10 ms, [`Engine::open`] refuses
//! new sessions. An order never overtakes another and is never dropped in silence: where the
//! queue stays full for 100 ms, [`Engine::send`] says so and that call is to be given up.

mod counters;
mod line;
mod orders;
mod ports;
mod wheel;
mod worker;

pub use counters::{Pace, Traffic};

use crate::base::{Digit, SessionId};
use crate::media::{Command, Dbm0, Event, TakeSink};
use counters::Counters;
use orders::{Order, Orders};
use ports::Ports;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use worker::Worker;

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
    System(#[from] io::Error),
}

/// Why no session was opened. The call is to be refused with 503 and Retry-After.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// There are as many sessions as configured.
    #[error("all media sessions are in use")]
    Full,
    /// The workers are behind: their queues fill up or their packets are late.
    #[error("the media workers are overloaded")]
    Overloaded,
    /// Every port pair is in use or resting.
    #[error("no pair of media ports is free")]
    NoPorts,
    /// A session of this id is open already.
    #[error("the media session is open already")]
    Taken,
    /// The worker has ended.
    #[error("the media engine has stopped")]
    Stopped,
    /// The system refused a socket.
    #[error("the system refused a media socket: {0}")]
    System(#[from] io::Error),
}

/// Why an order reached nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendFault {
    /// No session of this id is open.
    #[error("no such media session is open")]
    Unknown,
    /// The worker took no order for too long: the call cannot be served and is to be ended.
    #[error("the media worker takes no orders")]
    Overloaded,
    /// The worker has ended.
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

/// The running media workers. Dropping it is [`Engine::stop`].
#[derive(Debug)]
pub struct Engine {
    started: Instant,
    bind: IpAddr,
    max_sessions: usize,
    ports: Ports,
    workers: Vec<Crew>,
    /// Which worker each open session is with.
    routes: Mutex<HashMap<SessionId, usize>>,
}

/// A worker as seen from outside.
#[derive(Debug)]
struct Crew {
    orders: Orders,
    counters: Arc<Counters>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// The most orders that wait for one worker.
    pub const MAX_ORDERS: usize = 4_096;

    /// Starts the workers. Each gets one sink from `sinks`; all report to `events`.
    pub fn start(
        config: &Config,
        sinks: impl Fn() -> Box<dyn TakeSink + Send>,
        events: &mpsc::Sender<(SessionId, Event)>,
    ) -> Result<Engine, EngineFault> {
        if config.workers == 0 {
            return Err(EngineFault::NoWorkers);
        }
        let ports = Ports::new(config.ports.clone()).ok_or(EngineFault::NoPortPair)?;
        let started = Instant::now();
        let workers = (0..config.workers)
            .map(|number| Crew::hire(number, started, config, sinks(), events.clone()))
            .collect::<io::Result<Vec<Crew>>>()?;
        Ok(Engine {
            started,
            bind: config.bind,
            max_sessions: config.max_sessions,
            ports,
            workers,
            routes: Mutex::default(),
        })
    }

    /// Opens the sockets of a new session, with the least loaded worker.
    pub fn open(&self, session: SessionId) -> Result<LocalMedia, OpenFault> {
        let mut routes = self.routes();
        if routes.contains_key(&session) {
            return Err(OpenFault::Taken);
        }
        if routes.len() >= self.max_sessions {
            return Err(OpenFault::Full);
        }
        let (number, crew) = self
            .workers
            .iter()
            .enumerate()
            .filter(|(_, crew)| !crew.is_overloaded(self.started.elapsed()))
            .min_by_key(|(_, crew)| crew.counters.sessions() + crew.orders.waiting())
            .ok_or(OpenFault::Overloaded)?;
        let sockets = self.ports.bind(self.bind)?;
        let local = LocalMedia {
            rtp: sockets.rtp.local_addr()?,
            rtcp: sockets.rtcp.local_addr()?,
        };
        crew.orders
            .give(Order::Open(session, sockets))
            .map_err(|fault| match fault {
                SendFault::Overloaded => OpenFault::Overloaded,
                SendFault::Stopped | SendFault::Unknown => OpenFault::Stopped,
            })?;
        routes.insert(session, number);
        Ok(local)
    }

    /// Hands a command to a session.
    pub fn send(&self, session: SessionId, command: Command) -> Result<(), SendFault> {
        let number = self.routes().get(&session).copied();
        self.give(number, Order::Command(session, command))
    }

    /// Tells a session of a key that came by SIP INFO.
    pub fn info_digit(&self, session: SessionId, digit: Digit) -> Result<(), SendFault> {
        let number = self.routes().get(&session).copied();
        self.give(number, Order::Key(session, digit))
    }

    /// Ends a session: says goodbye to the peer and frees the ports; `Recorded` follows where a
    /// recording ran.
    pub fn close(&self, session: SessionId) -> Result<(), SendFault> {
        let number = self.routes().remove(&session);
        self.give(number, Order::Close(session))
    }

    /// The sessions that hold sockets now; closed ones count until their events are delivered.
    pub fn sessions(&self) -> usize {
        self.workers
            .iter()
            .map(|crew| crew.counters.sessions())
            .sum()
    }

    /// How late packets were sent since the start, over all workers.
    pub fn pace(&self) -> Pace {
        let mut pace = Pace::default();
        self.workers
            .iter()
            .for_each(|crew| pace.add(&crew.counters.pace()));
        pace
    }

    /// The datagrams since the start, over all workers.
    pub fn traffic(&self) -> Traffic {
        let mut traffic = Traffic::default();
        self.workers
            .iter()
            .for_each(|crew| traffic.add(crew.counters.traffic()));
        traffic
    }

    /// Ends all sessions, reports what they recorded and joins the threads. Blocks until the
    /// events are taken, five seconds at most: the receiver is to be read meanwhile.
    pub fn stop(self) {
        drop(self);
    }

    fn give(&self, number: Option<usize>, order: Order) -> Result<(), SendFault> {
        let crew = number.and_then(|number| self.workers.get(number));
        crew.ok_or(SendFault::Unknown)?.orders.give(order)
    }

    fn routes(&self) -> MutexGuard<'_, HashMap<SessionId, usize>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.workers.iter().for_each(|crew| crew.orders.stop());
        for thread in self
            .workers
            .iter_mut()
            .filter_map(|crew| crew.thread.take())
        {
            if thread.join().is_err() {
                tracing::error!("a media worker had panicked");
            }
        }
    }
}

impl Crew {
    fn hire(
        number: usize,
        started: Instant,
        config: &Config,
        sink: Box<dyn TakeSink + Send>,
        events: mpsc::Sender<(SessionId, Event)>,
    ) -> io::Result<Crew> {
        let counters = Arc::new(Counters::default());
        let (orders, inbox) = orders::orders(Engine::MAX_ORDERS)?;
        let worker = Worker::new(started, config, inbox, sink, events, counters.clone())?;
        let thread = std::thread::Builder::new()
            .name(format!("media-{number}"))
            .spawn(move || worker.run())?;
        Ok(Crew {
            orders,
            counters,
            thread: Some(thread),
        })
    }

    fn is_overloaded(&self, elapsed: Duration) -> bool {
        self.orders.waiting() >= Engine::MAX_ORDERS / 2 || self.counters.is_behind(elapsed)
    }
}

#[cfg(test)]
mod engine_laws;
