//! The connections there are, and the queue of each.
//!
//! Laws: no id is ever used twice; there are never more connections than the bounds allow; a
//! connection leaves the table only after its end was reported, so that those waiting to report
//! count as well.

use super::bounds::Bounds;
use crate::sip::ConnectionId;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc};

/// The task's end of a connection.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) id: ConnectionId,
    pub(super) peer: SocketAddr,
    /// What to write; at its end the connection is closed after the last message.
    pub(super) outgoing: mpsc::Receiver<Vec<u8>>,
    /// Closes the connection at once.
    pub(super) close: Arc<Notify>,
}

/// What became of a message for a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Queued {
    /// It waits for the connection.
    Yes,
    /// There is no such connection, or it is being closed; the message comes back.
    Gone(Vec<u8>),
    /// The queue is full; the connection is being closed.
    Overflow,
}

#[derive(Debug)]
struct Entry {
    peer: SocketAddr,
    /// Whose share of the connections it counts to; `None` for connections we made.
    source: Option<IpAddr>,
    outgoing: mpsc::Sender<Vec<u8>>,
    close: Arc<Notify>,
    /// Whether it is being closed and takes nothing more.
    closing: bool,
}

/// All connections by id and by peer.
#[derive(Debug, Default)]
pub(super) struct Table {
    last: u64,
    /// Whether there will be no further connection.
    closed: bool,
    connections: HashMap<ConnectionId, Entry>,
    newest_by_peer: HashMap<SocketAddr, ConnectionId>,
    accepted_by_source: HashMap<IpAddr, usize>,
}

impl Table {
    /// Makes room for a connection that a peer made; `None` when there are too many.
    pub(super) fn accept(&mut self, peer: SocketAddr, bounds: &Bounds) -> Option<Line> {
        let source = source(peer.ip());
        let share = self.accepted_by_source.get(&source).copied().unwrap_or(0);
        if share >= bounds.connections_per_source || self.is_full(bounds) {
            return None;
        }
        self.accepted_by_source.insert(source, share + 1);
        Some(self.add(peer, Some(source), bounds))
    }

    /// Makes room for a connection to a peer; `None` when there are too many.
    pub(super) fn connect(&mut self, peer: SocketAddr, bounds: &Bounds) -> Option<Line> {
        (!self.is_full(bounds)).then(|| self.add(peer, None, bounds))
    }

    /// The newest connection with a peer.
    pub(super) fn with_peer(&self, peer: SocketAddr) -> Option<ConnectionId> {
        self.newest_by_peer.get(&peer).copied()
    }

    /// Queues a message without waiting.
    pub(super) fn queue(&mut self, id: ConnectionId, message: Vec<u8>) -> Queued {
        let entry = self.connections.get_mut(&id).filter(|e| !e.closing);
        let Some(entry) = entry else {
            return Queued::Gone(message);
        };
        match entry.outgoing.try_send(message) {
            Ok(()) => Queued::Yes,
            Err(TrySendError::Closed(message)) => Queued::Gone(message),
            Err(TrySendError::Full(_)) => {
                entry.closing = true;
                entry.close.notify_one();
                Queued::Overflow
            }
        }
    }

    /// Forgets a connection.
    pub(super) fn remove(&mut self, id: ConnectionId) {
        let Some(entry) = self.connections.remove(&id) else {
            return;
        };
        if self.newest_by_peer.get(&entry.peer) == Some(&id) {
            self.newest_by_peer.remove(&entry.peer);
        }
        let Some(source) = entry.source else {
            return;
        };
        if let Some(share) = self.accepted_by_source.get_mut(&source) {
            *share -= 1;
            if *share == 0 {
                self.accepted_by_source.remove(&source);
            }
        }
    }

    /// Forgets all connections, and makes no more: each closes after what is queued. The returned
    /// bells close them at once.
    pub(super) fn close_all(&mut self) -> Vec<Arc<Notify>> {
        self.closed = true;
        self.newest_by_peer.clear();
        self.accepted_by_source.clear();
        self.connections.drain().map(|(_, e)| e.close).collect()
    }

    fn is_full(&self, bounds: &Bounds) -> bool {
        self.closed || self.connections.len() >= bounds.connections
    }

    fn add(&mut self, peer: SocketAddr, source: Option<IpAddr>, bounds: &Bounds) -> Line {
        self.last += 1;
        let id = ConnectionId(self.last);
        let (sender, outgoing) = mpsc::channel(bounds.outbound.max(1));
        let close = Arc::new(Notify::new());
        let entry = Entry {
            peer,
            source,
            outgoing: sender,
            close: Arc::clone(&close),
            closing: false,
        };
        self.connections.insert(id, entry);
        self.newest_by_peer.insert(peer, id);
        Line {
            id,
            peer,
            outgoing,
            close,
        }
    }
}

/// What counts as one source: a host, or the /64 network an IPv6 host can choose addresses from.
fn source(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(connections: usize, per_source: usize) -> Bounds {
        Bounds {
            connections,
            connections_per_source: per_source,
            outbound: 1,
            ..Bounds::default()
        }
    }

    fn peer(host: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, host], port))
    }

    #[test]
    fn a_source_has_its_share_and_gets_it_back() {
        let bounds = bounds(3, 2);
        let mut table = Table::default();
        let first = table.accept(peer(1, 1), &bounds).unwrap();
        let _second = table.accept(peer(1, 2), &bounds).unwrap();
        assert!(table.accept(peer(1, 3), &bounds).is_none());
        let _other = table.accept(peer(2, 1), &bounds).unwrap();
        assert!(table.connect(peer(3, 1), &bounds).is_none());
        table.remove(first.id);
        table.remove(first.id);
        let again = table.accept(peer(1, 3), &bounds).unwrap();
        assert!(again.id > first.id);
        assert!(table.accept(peer(1, 4), &bounds).is_none());
    }

    #[test]
    fn one_ipv6_network_is_one_source() {
        let bounds = bounds(9, 1);
        let mut table = Table::default();
        let _line = table.accept("[2001:db8::1]:1".parse().unwrap(), &bounds);
        for (address, taken) in [("[2001:db8::2]:1", false), ("[2001:db8:0:1::1]:1", true)] {
            let line = table.accept(address.parse().unwrap(), &bounds);
            assert_eq!(line.is_some(), taken, "{address}");
        }
    }

    #[test]
    fn an_older_connection_leaves_the_newer_one_reachable() {
        let bounds = bounds(9, 9);
        let mut table = Table::default();
        let old = table.accept(peer(1, 1), &bounds).unwrap();
        let new = table.connect(peer(1, 1), &bounds).unwrap();
        table.remove(old.id);
        assert_eq!(table.with_peer(peer(1, 1)), Some(new.id));
        table.remove(new.id);
        assert_eq!(table.with_peer(peer(1, 1)), None);
    }

    #[test]
    fn a_message_for_a_lost_connection_comes_back() {
        let bounds = bounds(9, 9);
        let mut table = Table::default();
        let line = table.connect(peer(1, 1), &bounds).unwrap();
        let id = line.id;
        assert_eq!(table.queue(id, vec![1]), Queued::Yes);
        drop(line);
        assert_eq!(table.queue(id, vec![2]), Queued::Gone(vec![2]));
        table.remove(id);
        assert_eq!(table.queue(id, vec![3]), Queued::Gone(vec![3]));
    }

    #[test]
    fn a_full_queue_closes_its_connection_once() {
        let bounds = bounds(9, 9);
        let mut table = Table::default();
        let line = table.connect(peer(1, 1), &bounds).unwrap();
        assert_eq!(table.queue(line.id, vec![1]), Queued::Yes);
        assert_eq!(table.queue(line.id, vec![2]), Queued::Overflow);
        assert_eq!(table.queue(line.id, vec![3]), Queued::Gone(vec![3]));
    }

    #[test]
    fn a_closed_table_takes_nobody() {
        let bounds = bounds(9, 9);
        let mut table = Table::default();
        let _line = table.connect(peer(1, 1), &bounds).unwrap();
        assert_eq!(table.close_all().len(), 1);
        assert!(table.connect(peer(1, 1), &bounds).is_none());
        assert!(table.accept(peer(1, 1), &bounds).is_none());
    }
}
