//! The limits of the sockets, and what is counted when one is met.

use super::framer::FrameLimits;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Every limit of the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Messages that wait for the SIP machine. With less than a quarter free, datagrams that
    /// would start something new are dropped; with none free, all are. Streams wait instead.
    pub inbound: usize,
    /// Messages that wait for one connection; one more closes it.
    pub outbound: usize,
    /// Connections in all, those being made included.
    pub connections: usize,
    /// Connections accepted from one host; of IPv6, from one /64 network.
    pub connections_per_source: usize,
    /// The largest message of a stream.
    pub frame: FrameLimits,
    /// The time to make a connection.
    pub connect_time: Duration,
    /// The time from the first octet of a message on a stream to its last, and from a connection
    /// to its first message or keep-alive.
    pub message_time: Duration,
    /// The time without any octet received after which a connection is closed; longer than half
    /// the session interval (RFC 4028), or calls lose their connection.
    pub idle_time: Duration,
    /// The time a shutdown waits for messages on their way out.
    pub flush_time: Duration,
    /// The receive buffer asked of the system for a UDP socket, in octets; the system may give
    /// less.
    pub receive_buffer: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            inbound: 4_096,
            outbound: 1_024,
            connections: 1_024,
            connections_per_source: 64,
            frame: FrameLimits {
                head: 64 * 1024,
                body: 64 * 1024,
            },
            connect_time: Duration::from_secs(5),
            message_time: Duration::from_secs(10),
            idle_time: Duration::from_mins(31),
            flush_time: Duration::from_secs(2),
            receive_buffer: 4 * 1024 * 1024,
        }
    }
}

/// What happened so far; every number only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Datagrams received, keep-alives included.
    pub datagrams: u64,
    /// Datagrams dropped because the SIP machine is behind.
    pub datagrams_dropped: u64,
    /// Datagrams the system would not send.
    pub datagrams_unsent: u64,
    /// Connections accepted.
    pub connections_accepted: u64,
    /// Connections closed at once, or not made, because there are too many.
    pub connections_refused: u64,
    /// Connections that could not be made.
    pub connections_failed: u64,
    /// Connections closed because the peer takes nothing more.
    pub connections_overflowed: u64,
    /// Connections closed because nothing, or no whole message, came for too long.
    pub connections_timed_out: u64,
    /// Connections closed because the stream could not be cut into messages.
    pub connections_broken: u64,
}

/// The counters behind [`Counts`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) datagrams: Counter,
    pub(super) datagrams_dropped: Counter,
    pub(super) datagrams_unsent: Counter,
    pub(super) connections_accepted: Counter,
    pub(super) connections_refused: Counter,
    pub(super) connections_failed: Counter,
    pub(super) connections_overflowed: Counter,
    pub(super) connections_timed_out: Counter,
    pub(super) connections_broken: Counter,
}

impl Counters {
    pub(super) fn read(&self) -> Counts {
        Counts {
            datagrams: self.datagrams.read(),
            datagrams_dropped: self.datagrams_dropped.read(),
            datagrams_unsent: self.datagrams_unsent.read(),
            connections_accepted: self.connections_accepted.read(),
            connections_refused: self.connections_refused.read(),
            connections_failed: self.connections_failed.read(),
            connections_overflowed: self.connections_overflowed.read(),
            connections_timed_out: self.connections_timed_out.read(),
            connections_broken: self.connections_broken.read(),
        }
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
