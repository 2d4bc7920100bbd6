//! The listening socket: how many connections there may be, and when one is given up.
//!
//! In: a TCP listener. Out: connections for axum. Laws: beyond [`Limits::connections`] nobody is
//! accepted, the rest wait in the system's own queue; a connection that keeps neither to the times
//! of [`pace`](super::pace) nor is worked on is closed; being out of file handles is waited out.

use super::limits::Limits;
use super::pace::Pace;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tracing::warn;

/// How long to wait when the system takes no more connections.
const BREATH: Duration = Duration::from_secs(1);

/// The listening socket.
#[derive(Debug)]
pub(super) struct Gate {
    listener: TcpListener,
    limits: Limits,
    places: Arc<Semaphore>,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    limits: Limits,
    pace: SharedPace,
    alarm: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

/// What the requests of a connection know of it.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// Where it comes from.
    pub(super) address: SocketAddr,
    /// To tell the connection when a request begins and ends.
    pub(super) pace: SharedPace,
}

/// The pace of a connection, shared by its socket and its requests.
#[derive(Clone, Debug)]
pub(super) struct SharedPace(Arc<Mutex<Pace>>);

impl Gate {
    pub(super) fn new(listener: TcpListener, limits: Limits) -> Gate {
        Gate {
            listener,
            limits,
            places: Arc::new(Semaphore::new(limits.connections)),
        }
    }

    async fn place(&self) -> OwnedSemaphorePermit {
        loop {
            // The semaphore is never closed.
            if let Ok(place) = Arc::clone(&self.places).acquire_owned().await {
                return place;
            }
        }
    }
}

impl Listener for Gate {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let place = self.place().await;
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    return (Connection::new(stream, self.limits, place), address);
                }
                Err(error) if of_one_peer(&error) => {}
                Err(error) => {
                    warn!(%error, "no connection for the web page can be taken");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Whether it is the fault of one peer, who left while waiting.
fn of_one_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

impl Connection {
    fn new(stream: TcpStream, limits: Limits, place: OwnedSemaphorePermit) -> Connection {
        let now = Instant::now();
        Connection {
            stream,
            limits,
            pace: SharedPace(Arc::new(Mutex::new(Pace::Between(now)))),
            alarm: Box::pin(tokio::time::sleep_until(now.into())),
            _place: place,
        }
    }

    /// Whether its time is over; else it is woken when it is.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.pace.lock().deadline(&self.limits) else {
            return false;
        };
        if self.alarm.deadline() != deadline.into() {
            self.alarm.as_mut().reset(deadline.into());
        }
        self.alarm.as_mut().poll(cx).is_ready()
    }

    /// What a socket that waits says: wait, or give up.
    fn pending<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if self.is_over(cx) {
            Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
        } else {
            Poll::Pending
        }
    }
}

impl SharedPace {
    fn lock(&self) -> MutexGuard<'_, Pace> {
        // The value is whole at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A head is read whole.
    pub(super) fn begin(&self) {
        self.lock().begin();
    }

    /// The answer is ready to go out.
    pub(super) fn end(&self) {
        self.lock().end(Instant::now());
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_read(cx, buffer) {
            Poll::Ready(read) => {
                this.pace.lock().came(Instant::now());
                // Octets that drip in are no reason to stay.
                if this.is_over(cx) {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                Poll::Ready(read)
            }
            Poll::Pending => this.pending(cx),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_write(cx, octets) {
            Poll::Ready(written) => {
                this.pace.lock().went(Instant::now());
                Poll::Ready(written)
            }
            Poll::Pending => this.pending(cx),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl Connected<IncomingStream<'_, Gate>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Gate>) -> Peer {
        Peer {
            address: *stream.remote_addr(),
            pace: stream.io().pace.clone(),
        }
    }
}
