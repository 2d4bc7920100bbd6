//! One media worker: a thread that owns sessions, their sockets and their time.
//!
//! Each turn waits for datagrams, orders or the next millisecond in which something is due, then
//! does all of it. With many calls it sleeps to the end of the millisecond first, so that one
//! wake-up takes what came for all of them. Every socket gives one datagram a turn: a flood on one
//! call waits in that call's own socket, where the system drops it.

use super::Config;
use super::counters::{Counters, Second};
use super::line::{Line, LineState};
use super::orders::{Inbox, Order};
use super::ports::Sockets;
use super::wheel::Wheel;
use crate::base::{Mono, SessionId};
use crate::media::{Dbm0, Event, Params, Session, TakeSink};
use rustix::event::{Timespec, epoll};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::mem::MaybeUninit;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// The packet interval that sessions are spread over.
const SPREAD: Duration = Duration::from_millis(20);

/// How often a session that waits to deliver its last events tries again.
const RETRY: Duration = Duration::from_millis(20);

/// From this many sessions on a turn waits for the end of the millisecond.
const MANY: usize = 16;

/// Sockets that are served in one turn.
const READY: usize = 512;

/// Orders that are done in one turn, so that they delay no packet by much.
const ORDERS: usize = 256;

/// Octets of the longest datagram looked at; longer ones are no telephone audio.
const DATAGRAM: usize = 2_048;

/// How long a stopping worker waits for its events to be taken.
const DRAIN: Duration = Duration::from_secs(5);

/// What the eventfd is registered as; no session has this number.
const WAKE: u64 = u64::MAX;

/// The worker; [`Worker::run`] is its thread.
pub(super) struct Worker {
    started: Instant,
    rtp_timeout: Duration,
    silence_level: Dbm0,
    learn: bool,
    inbox: Inbox,
    sink: Box<dyn TakeSink + Send>,
    events: mpsc::Sender<(SessionId, Event)>,
    counters: Arc<Counters>,
    second: Second,
    epoll: OwnedFd,
    wheel: Wheel,
    lines: HashMap<u64, Line>,
    seeds: RandomState,
    /// Since when the worker is stopping.
    stopping: Option<Mono>,
    /// Scratch, kept so that turns allocate nothing.
    ready: Vec<u64>,
    due: Vec<u64>,
}

impl Worker {
    pub(super) fn new(
        started: Instant,
        config: &Config,
        inbox: Inbox,
        sink: Box<dyn TakeSink + Send>,
        events: mpsc::Sender<(SessionId, Event)>,
        counters: Arc<Counters>,
    ) -> io::Result<Worker> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let wake = epoll::EventData::new_u64(WAKE);
        epoll::add(&epoll, inbox.eventfd(), wake, epoll::EventFlags::IN)?;
        Ok(Worker {
            started,
            rtp_timeout: config.rtp_timeout,
            silence_level: config.silence_level,
            learn: config.learn,
            inbox,
            sink,
            events,
            counters,
            second: Second::default(),
            epoll,
            wheel: Wheel::new(),
            lines: HashMap::new(),
            seeds: RandomState::new(),
            stopping: None,
            ready: Vec::with_capacity(READY),
            due: Vec::new(),
        })
    }

    /// Serves until told to stop and every event is delivered.
    pub(super) fn run(mut self) {
        while !self.has_finished() {
            self.wait();
            self.take_orders();
            self.receive();
            self.tick();
        }
    }

    fn now(&self) -> Mono {
        Mono::since_start(self.started.elapsed())
    }

    fn has_finished(&self) -> bool {
        self.stopping
            .is_some_and(|since| self.lines.is_empty() || self.now() - since > DRAIN)
    }

    /// Waits for datagrams, orders or the next due millisecond.
    fn wait(&mut self) {
        if self.lines.len() >= MANY {
            let into = self.started.elapsed().subsec_nanos() % 1_000_000;
            std::thread::sleep(Duration::from_nanos(u64::from(1_000_000 - into)));
        }
        let timeout = self.wheel.next_due().map(|due| due - self.now());
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: timeout.as_secs() as i64,
            tv_nsec: i64::from(timeout.subsec_nanos()),
        });
        self.ready.clear();
        let mut events = [const { MaybeUninit::<epoll::Event>::uninit() }; READY];
        match epoll::wait(&self.epoll, &mut events, timeout.as_ref()) {
            Ok((events, _)) => self
                .ready
                .extend(events.iter().map(|event| event.data.u64())),
            Err(rustix::io::Errno::INTR) => {}
            Err(fault) => tracing::error!(%fault, "waiting for media failed"),
        }
    }

    fn take_orders(&mut self) {
        if !self.ready.contains(&WAKE) {
            return;
        }
        self.inbox.silence();
        if self.inbox.is_to_stop() {
            return self.stop();
        }
        for _ in 0..ORDERS {
            let Some(order) = self.inbox.take() else {
                return;
            };
            self.obey(order);
        }
        self.inbox.ring();
    }

    fn obey(&mut self, order: Order) {
        let now = self.now();
        match order {
            Order::Open(id, sockets) => self.open(id, sockets),
            Order::Command(id, command) => {
                self.on_line(now, id, |session, sink| session.command(now, command, sink));
            }
            Order::Key(id, digit) => {
                self.on_line(now, id, |session, _| session.info_digit(now, digit));
            }
            Order::Close(id) => self.close(id.0),
        }
    }

    fn open(&mut self, id: SessionId, sockets: Sockets) {
        let first_tick = self.wheel.quietest(SPREAD);
        let session = Session::new(Params {
            seed: self.seeds.hash_one(id),
            first_tick,
            remote: None,
            rtp_timeout: self.rtp_timeout,
            silence_level: self.silence_level,
            learn: self.learn,
        });
        let watched = watch(&self.epoll, &sockets.rtp, id.0 << 1)
            .and_then(|()| watch(&self.epoll, &sockets.rtcp, id.0 << 1 | 1));
        let state = match watched {
            Ok(()) => LineState::Live,
            Err(fault) => {
                tracing::error!(session = id.0, %fault, "a media socket cannot be watched");
                LineState::Broken
            }
        };
        self.lines
            .insert(id.0, Line::new(id, session, sockets, state));
        self.counters.set_sessions(self.lines.len());
        self.wheel.put(id.0, first_tick);
    }

    /// One step of a session, then what follows from it: its socket's peer and its events.
    fn on_line(
        &mut self,
        now: Mono,
        id: SessionId,
        act: impl FnOnce(&mut Session, &mut dyn TakeSink),
    ) {
        let Some(line) = self.lines.get_mut(&id.0) else {
            return;
        };
        line.step(now, self.sink.as_mut(), act);
        if !self.learn {
            line.connect();
        }
        self.deliver(id.0);
    }

    fn close(&mut self, key: u64) {
        let now = self.now();
        let Some(line) = self.lines.get_mut(&key) else {
            return;
        };
        let mut out = [0; Session::MAX_DATAGRAM];
        let goodbye = line.step(now, self.sink.as_mut(), |session, sink| {
            session.close(now, sink);
            session.goodbye(now, &mut out)
        });
        if let Some(len) = goodbye.flatten() {
            line.send_rtcp(out.get(..len).unwrap_or_default(), &self.counters);
        }
        if line.state == LineState::Live {
            line.state = LineState::Closing;
        }
        tracing::debug!(session = key, statistics = ?line.session.statistics(), "media closed");
        self.deliver(key);
    }

    fn stop(&mut self) {
        if self.stopping.is_some() {
            return;
        }
        self.stopping = Some(self.now());
        let keys: Vec<u64> = self.lines.keys().copied().collect();
        for key in keys {
            self.close(key);
        }
    }

    /// Takes one datagram of every socket that has one.
    fn receive(&mut self) {
        let ready = std::mem::take(&mut self.ready);
        let sockets = ready.iter().filter(|key| **key != WAKE);
        sockets.for_each(|key| self.receive_one(*key));
        self.ready = ready;
    }

    fn receive_one(&mut self, key: u64) {
        let now = self.now();
        let Some(line) = self.lines.get_mut(&(key >> 1)) else {
            return;
        };
        let is_rtp = key & 1 == 0;
        let socket = if is_rtp {
            &line.sockets.rtp
        } else {
            &line.sockets.rtcp
        };
        let mut datagram = [0; DATAGRAM];
        // An error here is an ICMP answer to what was sent: the peer's silence will tell.
        let Ok((len, source)) = socket.recv_from(&mut datagram) else {
            return;
        };
        self.counters.count_received();
        let datagram = datagram.get(..len).unwrap_or_default();
        line.step(now, self.sink.as_mut(), |session, sink| {
            if is_rtp {
                session.handle_rtp(now, source, datagram, sink);
            } else {
                session.handle_rtcp(now, source, datagram);
            }
        });
        self.deliver(key >> 1);
    }

    fn tick(&mut self) {
        let mut due = std::mem::take(&mut self.due);
        due.clear();
        self.wheel.turn(self.now(), &mut due);
        for key in &due {
            self.tick_line(*key);
        }
        self.due = due;
        self.second.turn(self.started.elapsed(), &self.counters);
    }

    fn tick_line(&mut self, key: u64) {
        self.send_due(key);
        self.deliver(key);
        let retry = self.now() + RETRY;
        if let Some(line) = self.lines.get(&key) {
            let live = line.state == LineState::Live;
            self.wheel
                .put(key, if live { line.session.due() } else { retry });
        }
    }

    /// Sends the packet that is due, and one more where this is late.
    fn send_due(&mut self, key: u64) {
        let mut out = [0; Session::MAX_DATAGRAM];
        for _ in 0..2 {
            let now = self.now();
            let Some(line) = self.lines.get_mut(&key) else {
                return;
            };
            let due = line.session.due();
            if line.state != LineState::Live || due > now {
                return;
            }
            self.counters.count_tick(now - due);
            self.second.count(now.elapsed(), now - due, &self.counters);
            let sink = self.sink.as_mut();
            if let Some(len) = line
                .step(now, sink, |s, sink| s.tick(now, &mut out, sink))
                .flatten()
            {
                line.send_rtp(out.get(..len).unwrap_or_default(), &self.counters);
            }
            if let Some(len) = line
                .step(now, sink, |s, _| s.report(now, &mut out))
                .flatten()
            {
                line.send_rtcp(out.get(..len).unwrap_or_default(), &self.counters);
            }
        }
    }

    /// Hands over a session's events, as far as there is room; a session that has ended goes when
    /// all are handed over.
    fn deliver(&mut self, key: u64) {
        let Some(line) = self.lines.get_mut(&key) else {
            return;
        };
        if line.deliver(&self.events) && line.state != LineState::Live {
            self.lines.remove(&key);
            self.counters.set_sessions(self.lines.len());
        }
    }
}

fn watch(epoll: &OwnedFd, socket: &UdpSocket, key: u64) -> io::Result<()> {
    let data = epoll::EventData::new_u64(key);
    Ok(epoll::add(epoll, socket, data, epoll::EventFlags::IN)?)
}
