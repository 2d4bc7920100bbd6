//! Where messages come from and go to, and the queues in which they leave the machine.

use super::deadline::Deadlines;
use super::vocabulary::{Event, Transport};
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
    /// The connection to use. `None` on UDP, and on a stream where any connection to the
    /// destination will do, an open one or a new one.
    pub connection: Option<ConnectionId>,
    /// The message.
    pub bytes: Vec<u8>,
}

/// A way to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// The address.
    pub(super) destination: SocketAddr,
    /// The transport.
    pub(super) transport: Transport,
    /// The connection, while it lives.
    pub(super) connection: Option<ConnectionId>,
}

impl Path {
    /// Forgets a connection that is gone; says whether this way used it.
    pub(super) fn forget(&mut self, connection: ConnectionId) -> bool {
        let used = self.connection == Some(connection);
        if used {
            self.connection = None;
        }
        used
    }
}

/// What leaves the machine.
#[derive(Debug, Default)]
pub(super) struct Io {
    /// Messages to send, in order.
    pub(super) transmits: VecDeque<Transmit>,
    /// Events, in order.
    pub(super) events: VecDeque<Event>,
    /// When to wake up.
    pub(super) deadlines: Deadlines,
}

impl Io {
    /// Sends a message.
    pub(super) fn send(&mut self, path: &Path, bytes: Vec<u8>) {
        self.transmits.push_back(Transmit {
            destination: path.destination,
            transport: path.transport,
            connection: path.connection,
            bytes,
        });
    }

    /// Reports an event.
    pub(super) fn tell(&mut self, event: Event) {
        self.events.push_back(event);
    }
}
