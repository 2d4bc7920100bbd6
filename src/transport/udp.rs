//! Datagrams in: one task a socket.

use super::{Inbound, Shared};
use crate::sip::{self, Arrival};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// The longest datagram there can be, in octets.
const LONGEST: usize = 65_535;

/// The rest after a failed receive, so that a lasting fault does not occupy the processor.
const FAULT_PAUSE: Duration = Duration::from_millis(10);

/// Requests that continue or end something: they help to get rid of load.
const CONTINUING: [&[u8]; 7] = [
    b"ACK ", b"BYE ", b"CANCEL ", b"PRACK ", b"UPDATE ", b"INFO ", b"NOTIFY ",
];

/// Hands every message of a socket to the machine, for ever.
pub(super) async fn receive(socket: Arc<UdpSocket>, local: SocketAddr, shared: Arc<Shared>) {
    let mut buffer = vec![0; LONGEST];
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((length, source)) => {
                let datagram = buffer.get(..length).unwrap_or_default();
                shared.counters.datagrams.add_one();
                deliver(datagram, source, local, &shared);
            }
            Err(fault) => {
                tracing::debug!(%local, %fault, "receiving a datagram failed");
                tokio::time::sleep(FAULT_PAUSE).await;
            }
        }
    }
}

fn deliver(datagram: &[u8], source: SocketAddr, local: SocketAddr, shared: &Shared) {
    if is_keep_alive(datagram) {
        return;
    }
    let sent = has_room_for(datagram, &shared.inbound)
        && shared
            .inbound
            .try_send(Inbound::Message {
                arrival: Arrival {
                    source,
                    local,
                    transport: sip::Transport::Udp,
                    connection: None,
                },
                bytes: datagram.to_vec(),
            })
            .is_ok();
    if !sent {
        shared.counters.datagrams_dropped.add_one();
    }
}

/// Nothing, or line ends only (RFC 5626 section 3.5.1 has these on streams; some phones send them
/// in datagrams to keep a NAT open).
fn is_keep_alive(datagram: &[u8]) -> bool {
    datagram.iter().all(|octet| matches!(octet, b'\r' | b'\n'))
}

/// The last quarter of the queue is kept for what does not bring new work.
fn has_room_for(datagram: &[u8], queue: &mpsc::Sender<Inbound>) -> bool {
    let continuing = datagram.starts_with(b"SIP/2.0 ")
        || CONTINUING.iter().any(|method| datagram.starts_with(method));
    continuing || queue.capacity() > queue.max_capacity() / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_almost_full_queue_takes_only_what_ends_calls() {
        let (sender, _receiver) = mpsc::channel(4);
        for free in (0..=4).rev() {
            assert_eq!(sender.capacity(), free);
            assert_eq!(has_room_for(b"INVITE sip:a@b SIP/2.0", &sender), free > 1);
            assert!(has_room_for(b"BYE sip:a@b SIP/2.0", &sender));
            assert!(has_room_for(b"SIP/2.0 200 OK", &sender));
            let _ = sender.try_send(Inbound::Closed(sip::ConnectionId(0)));
        }
    }
}
