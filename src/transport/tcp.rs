//! Streams: accepting, connecting, and one task a connection that reads and writes it.

use super::framer::{Frame, FrameFault, Framer};
use super::table::{Line, Queued};
use super::{Alive, Inbound, Shared};
use crate::sip::{self, Arrival, ConnectionId};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

/// Octets read at once.
const READ_SIZE: usize = 8 * 1024;

/// The answer to a ping (RFC 5626 section 3.5.1).
const PONG: &[u8] = b"\r\n";

/// The rest after a failed accept: when descriptors have run out, trying again at once only
/// burns the processor.
const FAULT_PAUSE: Duration = Duration::from_millis(100);

/// Why a connection ended.
#[derive(Debug)]
enum End {
    /// The peer closed it, or the network did.
    Gone,
    /// Nothing, or no whole message, came in time.
    TimedOut,
    /// The stream cannot be cut into messages.
    Broken(FrameFault),
    /// We closed it.
    Ours,
}

/// Accepts connections, for ever.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>, alive: Alive) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(fault) => {
                tracing::warn!(%fault, "accepting a connection failed");
                tokio::time::sleep(FAULT_PAUSE).await;
                continue;
            }
        };
        let Some(line) = shared.table().accept(peer, &shared.bounds) else {
            shared.counters.connections_refused.add_one();
            continue;
        };
        shared.counters.connections_accepted.add_one();
        let patience = shared.bounds.message_time;
        tokio::spawn(run(
            stream,
            line,
            patience,
            Arc::clone(&shared),
            alive.clone(),
        ));
    }
}

/// Makes a connection and runs it to its end.
pub(super) async fn connect(line: Line, shared: Arc<Shared>, alive: Alive) {
    let made = tokio::select! {
        made = timeout(shared.bounds.connect_time, TcpStream::connect(line.peer)) => made,
        () = line.close.notified() => return finish(line, &shared).await,
    };
    if let Ok(Ok(stream)) = made {
        let patience = shared.bounds.idle_time;
        return run(stream, line, patience, shared, alive).await;
    }
    tracing::debug!(peer = %line.peer, "no connection could be made");
    shared.counters.connections_failed.add_one();
    finish(line, &shared).await;
}

/// Reads and writes a connection until one of both ends it. `patience` is the time to the first
/// sign of life.
async fn run(
    stream: TcpStream,
    mut line: Line,
    patience: Duration,
    shared: Arc<Shared>,
    _alive: Alive,
) {
    // Without it a message may wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let end = match stream.local_addr() {
        Err(_) => End::Gone,
        Ok(local) => {
            let arrival = Arrival {
                source: line.peer,
                local,
                transport: sip::Transport::Tcp,
                connection: Some(line.id),
            };
            let (input, output) = stream.into_split();
            tokio::select! {
                end = read(input, arrival, patience, &shared) => end,
                end = write(output, &mut line.outgoing) => end,
                () = line.close.notified() => End::Ours,
            }
        }
    };
    note(&end, &line, &shared);
    finish(line, &shared).await;
}

fn note(end: &End, line: &Line, shared: &Shared) {
    let peer = line.peer;
    match end {
        End::TimedOut => {
            shared.counters.connections_timed_out.add_one();
            tracing::debug!(%peer, "a connection said nothing for too long");
        }
        End::Broken(fault) => {
            shared.counters.connections_broken.add_one();
            tracing::debug!(%peer, %fault, "a stream cannot be read any further");
        }
        End::Gone => tracing::debug!(%peer, "a connection is gone"),
        End::Ours => tracing::debug!(%peer, "a connection was closed"),
    }
}

/// Reports the end of a connection and only then gives its place away.
async fn finish(line: Line, shared: &Shared) {
    let id = line.id;
    drop(line);
    if !shared.is_stopping() {
        // Fails only where nobody listens any more.
        let _ = shared.inbound.send(Inbound::Closed(id)).await;
    }
    shared.table().remove(id);
}

/// Hands the messages of a stream to the machine. When the machine is behind, the stream waits,
/// and with it the peer.
async fn read(
    mut input: OwnedReadHalf,
    arrival: Arrival,
    patience: Duration,
    shared: &Shared,
) -> End {
    let mut framer = Framer::new(shared.bounds.frame);
    let mut piece = vec![0; READ_SIZE];
    let mut deadline = Instant::now() + patience;
    loop {
        let length = match timeout_at(deadline, input.read(&mut piece)).await {
            Err(_) => return End::TimedOut,
            Ok(Err(_) | Ok(0)) => return End::Gone,
            Ok(Ok(length)) => length,
        };
        let fresh = framer.is_between();
        framer.push(piece.get(..length).unwrap_or_default());
        let messages = match deliver(&mut framer, arrival, shared).await {
            Ok(messages) => messages,
            Err(end) => return end,
        };
        if framer.is_between() {
            deadline = Instant::now() + shared.bounds.idle_time;
        } else if fresh || messages > 0 {
            deadline = Instant::now() + shared.bounds.message_time;
        }
    }
}

/// Delivers all that is whole; the number of messages.
async fn deliver(framer: &mut Framer, arrival: Arrival, shared: &Shared) -> Result<usize, End> {
    let mut messages = 0;
    let mut pinged = false;
    while let Some(frame) = framer.poll().map_err(End::Broken)? {
        match frame {
            Frame::Ping => pinged = true,
            Frame::Message(bytes) => {
                messages += 1;
                let message = Inbound::Message { arrival, bytes };
                shared.inbound.send(message).await.map_err(|_| End::Ours)?;
            }
        }
    }
    // One answer a read, so that a flood of pings does not fill the queue.
    if let (true, Some(id)) = (pinged, arrival.connection) {
        pong(id, shared);
    }
    Ok(messages)
}

fn pong(id: ConnectionId, shared: &Shared) {
    if shared.table().queue(id, PONG.to_vec()) == Queued::Overflow {
        shared.counters.connections_overflowed.add_one();
    }
}

/// Writes what is queued; the end of the queue closes the stream after its last message.
async fn write(mut output: OwnedWriteHalf, outgoing: &mut mpsc::Receiver<Vec<u8>>) -> End {
    while let Some(message) = outgoing.recv().await {
        if output.write_all(&message).await.is_err() {
            return End::Gone;
        }
    }
    let _ = output.shutdown().await;
    End::Ours
}
