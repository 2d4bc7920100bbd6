//! SIP sockets: UDP and TCP around the socket-less SIP machine.
//!
//! In: what the machine transmits, through [`Transport::send`], which never waits. Out: whole
//! messages and the ends of connections, through one bounded queue. Laws: a connection that was
//! named is reported closed exactly once, unless the transport is shut down; no id is used twice;
//! every queue and table has a bound in [`Bounds`], and meeting one is counted in [`Counts`].
//!
//! When the machine is behind, datagrams are dropped, those that would start something first, and
//! streams wait. When a peer is behind, its connection is closed.
//!
//! Specs: RFC 3261 section 18 (transport), RFC 5626 section 3.5.1 (keep-alives on streams).
//!
//! Not here: TLS, WebSocket, STUN keep-alives; choosing between transports; one of several UDP
//! sockets of the same IP version, which is why there is at most one of each.

mod bounds;
mod framer;
mod socket;
mod table;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;

pub use bounds::{Bounds, Counts};
pub use framer::{Frame, FrameFault, FrameLimits, Framer};

use crate::sip::{self, Arrival, ConnectionId, Transmit};
use bounds::Counters;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use table::{Queued, Table};
use tokio::net::UdpSocket;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// Held by every task that may still have something to send.
type Alive = mpsc::Sender<Infallible>;

/// Where to listen, and within which bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Transports and addresses; port 0 takes a free one. At most one UDP address of each IP
    /// version; IPv6 addresses take IPv6 only.
    pub listen: Vec<(sip::Transport, SocketAddr)>,
    /// The limits.
    pub bounds: Bounds,
}

/// What the sockets bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// A whole message: a datagram, or what was cut from a stream.
    Message {
        /// Where it came in.
        arrival: Arrival,
        /// The message.
        bytes: Vec<u8>,
    },
    /// A connection ended, or could not be made.
    Closed(ConnectionId),
}

/// Why the sockets could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindFault {
    /// [`Config::listen`] is empty.
    #[error("there is no address to listen on")]
    NoAddress,
    /// Two UDP addresses of one IP version.
    #[error("{0} is the second UDP address of its IP version; there may be one")]
    SecondDatagramAddress(SocketAddr),
    /// The system refused an address.
    #[error("cannot listen on {address} ({transport:?}): {source}")]
    Refused {
        /// On which transport.
        transport: sip::Transport,
        /// Which address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// The open sockets.
#[derive(Debug)]
pub struct Transport {
    shared: Arc<Shared>,
    runtime: Handle,
    datagrams: Vec<(SocketAddr, Arc<UdpSocket>)>,
    local: Vec<(sip::Transport, SocketAddr)>,
    sources: Sources,
    alive: Alive,
    /// Ends when no task is alive.
    done: mpsc::Receiver<Infallible>,
}

/// The tasks that bring new work; they and all connections end with this value.
#[derive(Debug)]
struct Sources {
    shared: Arc<Shared>,
    tasks: Vec<AbortHandle>,
}

impl Sources {
    fn stop(&self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for Sources {
    fn drop(&mut self) {
        self.stop();
        for bell in self.shared.table().close_all() {
            bell.notify_one();
        }
    }
}

/// What the tasks share.
#[derive(Debug)]
struct Shared {
    inbound: mpsc::Sender<Inbound>,
    bounds: Bounds,
    counters: Counters,
    table: Mutex<Table>,
    stopping: AtomicBool,
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

impl Transport {
    /// Opens all sockets or none, and starts to receive.
    ///
    /// # Errors
    /// Names the address that could not be taken.
    pub async fn bind(config: Config) -> Result<(Transport, mpsc::Receiver<Inbound>), BindFault> {
        let Config { listen, bounds } = config;
        if listen.is_empty() {
            return Err(BindFault::NoAddress);
        }
        let (inbound, receiver) = mpsc::channel(bounds.inbound.max(1));
        let (alive, done) = mpsc::channel(1);
        let shared = Arc::new(Shared {
            inbound,
            bounds,
            counters: Counters::default(),
            table: Mutex::default(),
            stopping: AtomicBool::new(false),
        });
        let mut transport = Transport {
            shared: Arc::clone(&shared),
            runtime: Handle::current(),
            datagrams: Vec::new(),
            local: Vec::new(),
            sources: Sources {
                shared,
                tasks: Vec::new(),
            },
            alive,
            done,
        };
        for (kind, address) in listen {
            let opened = match kind {
                sip::Transport::Udp => transport.open_datagrams(address).await?,
                sip::Transport::Tcp => transport.open_listener(address),
            };
            let local = opened.map_err(|source| BindFault::Refused {
                transport: kind,
                address,
                source,
            })?;
            transport.local.push((kind, local));
        }
        Ok((transport, receiver))
    }

    /// The addresses taken, in the order of [`Config::listen`], with their real ports.
    pub fn local_addrs(&self) -> &[(sip::Transport, SocketAddr)] {
        &self.local
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        self.shared.counters.read()
    }

    /// Sends a message without waiting. On a stream it takes the named connection, else the
    /// newest one with the destination, else a new one; the answer says which, and its end comes
    /// as [`Inbound::Closed`]. `None` on UDP, and where the message was dropped and counted.
    pub fn send(&self, transmit: Transmit) -> Option<ConnectionId> {
        match transmit.transport {
            sip::Transport::Udp => {
                self.send_datagram(&transmit);
                None
            }
            sip::Transport::Tcp => self.send_on_stream(transmit),
        }
    }

    /// Takes nothing new, sends what is queued for at most [`Bounds::flush_time`], and closes
    /// everything. Dropping the transport instead closes everything at once.
    pub async fn shutdown(self) {
        let Transport {
            shared,
            sources,
            alive,
            mut done,
            ..
        } = self;
        shared.stopping.store(true, Ordering::Release);
        sources.stop();
        let bells = shared.table().close_all();
        drop(alive);
        if timeout(shared.bounds.flush_time, done.recv())
            .await
            .is_err()
        {
            for bell in bells {
                bell.notify_one();
            }
        }
    }

    async fn open_datagrams(
        &mut self,
        address: SocketAddr,
    ) -> Result<io::Result<SocketAddr>, BindFault> {
        if self.datagram_socket(address).is_some() {
            return Err(BindFault::SecondDatagramAddress(address));
        }
        Ok(self.start_datagrams(address).await)
    }

    async fn start_datagrams(&mut self, address: SocketAddr) -> io::Result<SocketAddr> {
        let socket = socket::datagrams(address, self.shared.bounds.receive_buffer).await?;
        let local = socket.local_addr()?;
        let socket = Arc::new(socket);
        let receiving = udp::receive(Arc::clone(&socket), local, Arc::clone(&self.shared));
        self.sources
            .tasks
            .push(self.runtime.spawn(receiving).abort_handle());
        self.datagrams.push((local, socket));
        Ok(local)
    }

    fn open_listener(&mut self, address: SocketAddr) -> io::Result<SocketAddr> {
        let listener = socket::listener(address)?;
        let local = listener.local_addr()?;
        let accepting = tcp::accept(listener, Arc::clone(&self.shared), self.alive.clone());
        self.sources
            .tasks
            .push(self.runtime.spawn(accepting).abort_handle());
        Ok(local)
    }

    fn datagram_socket(&self, destination: SocketAddr) -> Option<&UdpSocket> {
        self.datagrams
            .iter()
            .find(|(local, _)| local.is_ipv4() == destination.is_ipv4())
            .map(|(_, socket)| &**socket)
    }

    fn send_datagram(&self, transmit: &Transmit) {
        let sent = self
            .datagram_socket(transmit.destination)
            .is_some_and(|socket| {
                socket
                    .try_send_to(&transmit.bytes, transmit.destination)
                    .is_ok()
            });
        if !sent {
            self.shared.counters.datagrams_unsent.add_one();
        }
    }

    fn send_on_stream(&self, transmit: Transmit) -> Option<ConnectionId> {
        let mut table = self.shared.table();
        let mut bytes = transmit.bytes;
        let known = [transmit.connection, table.with_peer(transmit.destination)];
        for id in known.into_iter().flatten() {
            bytes = match table.queue(id, bytes) {
                Queued::Yes => return Some(id),
                Queued::Gone(bytes) => bytes,
                Queued::Overflow => {
                    self.shared.counters.connections_overflowed.add_one();
                    return None;
                }
            };
        }
        let Some(line) = table.connect(transmit.destination, &self.shared.bounds) else {
            self.shared.counters.connections_refused.add_one();
            return None;
        };
        let id = line.id;
        let queued = table.queue(id, bytes) == Queued::Yes;
        drop(table);
        let connecting = tcp::connect(line, Arc::clone(&self.shared), self.alive.clone());
        self.runtime.spawn(connecting);
        queued.then_some(id)
    }
}
