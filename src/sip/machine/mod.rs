//! The SIP machine: messages, commands and the time in; messages, events and a deadline out.
//!
//! The law of its use: **feed one input, then drain transmits and events, then ask for the
//! deadline.** An input is one call of a `handle_` method, [`Machine::connection_lost`] or
//! [`Machine::drain`]. Transmits leave in the order they were made. Events come in the order
//! things happened; after `Ended`, or after `ByeDone` answered a `Bye`, a call is never named
//! again and commands for it are ignored. A deadline may be asked for at any time and is met by
//! [`Machine::handle_timeout`] at or after it; being late makes timers late and nothing else.

use super::config::Config;
use super::vocabulary::{Command, Event, Transport};
use crate::base::{Mono, Now};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// One connection of a stream transport, named by the transport layer; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// Where a message came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its sender.
    pub source: SocketAddr,
    /// Our address it was sent to.
    pub local: SocketAddr,
    /// How it travelled.
    pub transport: Transport,
    /// The connection it came on; `None` on UDP.
    pub connection: Option<ConnectionId>,
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to; on a stream, where to connect to when `connection` is absent or gone.
    pub destination: SocketAddr,
    /// How.
    pub transport: Transport,
    /// The connection to use; `None` on UDP and where a new one is wanted.
    pub connection: Option<ConnectionId>,
    /// The message.
    pub bytes: Vec<u8>,
}

/// All SIP calls of one server.
#[derive(Debug)]
pub struct Machine {
    config: Config,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
    draining: bool,
}

impl Machine {
    /// A machine without calls; `seed` makes its tags, branches and Call-IDs and must be
    /// unpredictable, as they keep strangers out of calls (RFC 3261 section 19.3).
    pub fn new(config: Config, _seed: [u8; 32]) -> Machine {
        Machine {
            config,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            draining: false,
        }
    }

    /// One whole message arrived: a datagram, or what [`super::frame`] cut from a stream.
    pub fn handle_message(&mut self, _now: Now, _arrival: Arrival, _bytes: &[u8]) {}

    /// The call layer decided something.
    pub fn handle_command(&mut self, _now: Now, _command: Command) {}

    /// The deadline of [`Machine::poll_timeout`] came.
    pub fn handle_timeout(&mut self, _now: Now) {}

    /// A connection is gone, or could not be made.
    pub fn connection_lost(&mut self, _now: Now, _connection: ConnectionId) {}

    /// Takes no new calls from now on (503); those in progress go on.
    pub fn drain(&mut self) {
        self.draining = true;
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next event for the call layer.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The earliest deadline and what it is for.
    pub fn poll_timeout(&self) -> Option<(Mono, &'static str)> {
        None
    }

    /// Calls that are known: arriving, in progress, ending or being placed.
    pub fn calls(&self) -> usize {
        0
    }

    /// Transactions that are kept, server and client (RFC 3261 section 17).
    pub fn transactions(&self) -> usize {
        0
    }

    /// Whether new calls are refused.
    pub fn draining(&self) -> bool {
        self.draining
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }
}
