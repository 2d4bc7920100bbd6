//! The laws of the transport, on real sockets of the loopback interface.

use super::*;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Longer than anything here takes; a test that waits for it fails.
const LONG: Duration = Duration::from_secs(20);

/// Short enough to wait for.
const SHORT: Duration = Duration::from_millis(30);

const LOOPBACK: &str = "127.0.0.1:0";

const OPTIONS: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 2\r\n\r\nhi";

struct Fixture {
    transport: Transport,
    inbound: mpsc::Receiver<Inbound>,
    udp: SocketAddr,
    tcp: SocketAddr,
}

async fn open(bounds: Bounds) -> Fixture {
    let address = LOOPBACK.parse().unwrap();
    let listen = vec![
        (sip::Transport::Udp, address),
        (sip::Transport::Tcp, address),
    ];
    let (transport, inbound) = Transport::bind(Config { listen, bounds }).await.unwrap();
    let (udp, tcp) = (transport.local_addrs()[0].1, transport.local_addrs()[1].1);
    Fixture {
        transport,
        inbound,
        udp,
        tcp,
    }
}

impl Fixture {
    async fn next(&mut self) -> Inbound {
        soon(self.inbound.recv()).await.unwrap()
    }

    async fn message(&mut self) -> (Arrival, Vec<u8>) {
        match self.next().await {
            Inbound::Message { arrival, bytes } => (arrival, bytes),
            Inbound::Closed(id) => panic!("{id:?} was closed"),
        }
    }

    async fn closed(&mut self) -> ConnectionId {
        match self.next().await {
            Inbound::Closed(id) => id,
            Inbound::Message { bytes, .. } => panic!("a message of {} octets", bytes.len()),
        }
    }

    /// Sends a message on a stream.
    fn stream(
        &self,
        destination: SocketAddr,
        connection: Option<ConnectionId>,
    ) -> Option<ConnectionId> {
        self.transport.send(Transmit {
            destination,
            transport: sip::Transport::Tcp,
            connection,
            bytes: OPTIONS.to_vec(),
        })
    }

    /// Lets the tasks run until the counts say so.
    async fn until(&self, reached: impl Fn(Counts) -> bool) {
        soon(async {
            while !reached(self.transport.counts()) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

async fn soon<T>(event: impl Future<Output = T>) -> T {
    timeout(LONG, event).await.expect("it happens in time")
}

async fn read_exactly(stream: &mut TcpStream, expected: &[u8]) {
    let mut buffer = vec![0; expected.len()];
    soon(stream.read_exact(&mut buffer)).await.unwrap();
    assert_eq!(buffer, expected);
}

/// Waits until the other side has closed.
async fn read_end(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // An end with a reset is an end as well.
    let _ = soon(stream.read_to_end(&mut rest)).await;
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn a_datagram_arrives_and_its_answer_goes_back() {
    let mut here = open(Bounds::default()).await;
    let peer = UdpSocket::bind(LOOPBACK).await.unwrap();
    for bytes in [b"".as_slice(), b"\r\n\r\n", OPTIONS] {
        peer.send_to(bytes, here.udp).await.unwrap();
    }
    let (arrival, bytes) = here.message().await;
    assert_eq!(bytes, OPTIONS);
    assert_eq!(
        arrival,
        Arrival {
            source: peer.local_addr().unwrap(),
            local: here.udp,
            transport: sip::Transport::Udp,
            connection: None,
        }
    );
    let answer = Transmit {
        destination: arrival.source,
        transport: sip::Transport::Udp,
        connection: None,
        bytes: b"SIP/2.0 200 OK\r\n\r\n".to_vec(),
    };
    assert_eq!(here.transport.send(answer.clone()), None);
    let mut buffer = [0; 100];
    let (length, source) = soon(peer.recv_from(&mut buffer)).await.unwrap();
    assert_eq!((&buffer[..length], source), (&answer.bytes[..], here.udp));
    assert_eq!(here.transport.counts().datagrams, 3);
    assert_eq!(here.transport.counts().datagrams_unsent, 0);
}

#[tokio::test]
async fn the_first_answer_needs_no_earlier_event() {
    let here = open(Bounds::default()).await;
    let peer = UdpSocket::bind(LOOPBACK).await.unwrap();
    here.transport.send(Transmit {
        destination: peer.local_addr().unwrap(),
        transport: sip::Transport::Udp,
        connection: None,
        bytes: OPTIONS.to_vec(),
    });
    let mut buffer = [0; 100];
    let (length, _) = soon(peer.recv_from(&mut buffer)).await.unwrap();
    assert_eq!(&buffer[..length], OPTIONS);
}

#[tokio::test]
async fn a_datagram_that_cannot_be_sent_is_counted() {
    let here = open(Bounds::default()).await;
    here.transport.send(Transmit {
        destination: "[::1]:5060".parse().unwrap(),
        transport: sip::Transport::Udp,
        connection: None,
        bytes: OPTIONS.to_vec(),
    });
    assert_eq!(here.transport.counts().datagrams_unsent, 1);
}

#[tokio::test]
async fn when_the_machine_is_behind_new_calls_are_dropped_before_endings() {
    let mut here = open(Bounds {
        inbound: 8,
        ..Bounds::default()
    })
    .await;
    let peer = UdpSocket::bind(LOOPBACK).await.unwrap();
    for sent in 1..=20 {
        peer.send_to(b"INVITE sip:a@b SIP/2.0\r\n\r\n", here.udp)
            .await
            .unwrap();
        here.until(|counts| counts.datagrams == sent).await;
    }
    peer.send_to(b"BYE sip:a@b SIP/2.0\r\n\r\n", here.udp)
        .await
        .unwrap();
    here.until(|counts| counts.datagrams == 21).await;
    assert_eq!(here.transport.counts().datagrams_dropped, 14);
    for _ in 0..6 {
        assert!(here.message().await.1.starts_with(b"INVITE"));
    }
    assert!(here.message().await.1.starts_with(b"BYE"));
    assert!(here.inbound.is_empty());
}

#[tokio::test]
async fn a_stream_brings_whole_messages_and_takes_answers() {
    let mut here = open(Bounds::default()).await;
    let mut peer = TcpStream::connect(here.tcp).await.unwrap();
    let twice = [OPTIONS, OPTIONS].concat();
    let (early, late) = twice.split_at(OPTIONS.len() + 9);
    peer.write_all(early).await.unwrap();
    let (arrival, bytes) = here.message().await;
    assert_eq!(bytes, OPTIONS);
    assert_eq!(arrival.transport, sip::Transport::Tcp);
    assert_eq!(arrival.source, peer.local_addr().unwrap());
    assert_eq!(arrival.local, here.tcp);
    peer.write_all(late).await.unwrap();
    assert_eq!(here.message().await, (arrival, OPTIONS.to_vec()));
    // The connection counts, not the address it is said to lead to.
    let elsewhere = "192.0.2.1:5060".parse().unwrap();
    assert_eq!(
        here.stream(elsewhere, arrival.connection),
        arrival.connection
    );
    read_exactly(&mut peer, OPTIONS).await;
    drop(peer);
    assert_eq!(Some(here.closed().await), arrival.connection);
}

#[tokio::test]
async fn a_ping_on_a_stream_gets_a_pong() {
    let mut here = open(Bounds::default()).await;
    let mut peer = TcpStream::connect(here.tcp).await.unwrap();
    peer.write_all(b"\r\n\r").await.unwrap();
    peer.write_all(b"\n").await.unwrap();
    read_exactly(&mut peer, b"\r\n").await;
    peer.write_all(OPTIONS).await.unwrap();
    assert_eq!(here.message().await.1, OPTIONS);
}

#[tokio::test]
async fn a_connection_made_outward_is_used_again_both_ways() {
    let mut here = open(Bounds::default()).await;
    let peer = TcpListener::bind(LOOPBACK).await.unwrap();
    let destination = peer.local_addr().unwrap();
    let id = here.stream(destination, None);
    assert!(id.is_some());
    assert_eq!(here.stream(destination, None), id);
    let (mut stream, _) = soon(peer.accept()).await.unwrap();
    read_exactly(&mut stream, &[OPTIONS, OPTIONS].concat()).await;
    assert_eq!(here.stream(destination, Some(ConnectionId(999))), id);
    read_exactly(&mut stream, OPTIONS).await;
    stream.write_all(OPTIONS).await.unwrap();
    let (arrival, _) = here.message().await;
    assert_eq!((arrival.connection, arrival.source), (id, destination));
    drop(stream);
    assert_eq!(Some(here.closed().await), id);
    let again = here.stream(destination, id);
    assert!(again > id);
    let (mut stream, _) = soon(peer.accept()).await.unwrap();
    read_exactly(&mut stream, OPTIONS).await;
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_reported_closed() {
    let mut here = open(Bounds::default()).await;
    let nobody = TcpListener::bind(LOOPBACK).await.unwrap();
    let destination = nobody.local_addr().unwrap();
    drop(nobody);
    let id = here.stream(destination, None);
    assert_eq!(Some(here.closed().await), id);
    assert_eq!(here.transport.counts().connections_failed, 1);
}

#[tokio::test]
async fn a_stream_without_content_length_is_closed() {
    let mut here = open(Bounds::default()).await;
    let mut peer = TcpStream::connect(here.tcp).await.unwrap();
    let broken = b"OPTIONS sip:a@b SIP/2.0\r\n\r\n";
    peer.write_all(&[OPTIONS, broken].concat()).await.unwrap();
    let (arrival, _) = here.message().await;
    assert_eq!(Some(here.closed().await), arrival.connection);
    read_end(&mut peer).await;
    assert_eq!(here.transport.counts().connections_broken, 1);
}

#[tokio::test]
async fn one_source_cannot_take_all_connections() {
    let mut here = open(Bounds {
        connections_per_source: 2,
        ..Bounds::default()
    })
    .await;
    let first = TcpStream::connect(here.tcp).await.unwrap();
    let mut second = TcpStream::connect(here.tcp).await.unwrap();
    let mut third = TcpStream::connect(here.tcp).await.unwrap();
    read_end(&mut third).await;
    assert_eq!(here.transport.counts().connections_refused, 1);
    second.write_all(OPTIONS).await.unwrap();
    here.message().await;
    drop(first);
    here.closed().await;
    // The place is free a moment after the end was reported.
    let served = soon(async {
        loop {
            let mut again = TcpStream::connect(here.tcp).await.unwrap();
            if again.write_all(OPTIONS).await.is_ok() && is_served(&mut here).await {
                return true;
            }
        }
    });
    assert!(served.await);
}

/// Whether the next thing that happens is a message rather than a refusal.
async fn is_served(here: &mut Fixture) -> bool {
    let refused = here.transport.counts().connections_refused;
    soon(async {
        loop {
            if let Ok(inbound) = here.inbound.try_recv() {
                return matches!(inbound, Inbound::Message { .. });
            }
            if here.transport.counts().connections_refused > refused {
                return false;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn a_peer_that_takes_nothing_loses_its_connection() {
    let mut here = open(Bounds {
        outbound: 2,
        ..Bounds::default()
    })
    .await;
    let peer = TcpListener::bind(LOOPBACK).await.unwrap();
    let destination = peer.local_addr().unwrap();
    let id = here.stream(destination, None);
    assert_eq!(here.stream(destination, id), id);
    assert_eq!(here.stream(destination, id), None);
    assert_eq!(here.transport.counts().connections_overflowed, 1);
    assert_eq!(Some(here.closed().await), id);
}

#[tokio::test]
async fn connections_of_ours_are_bounded_too() {
    let here = open(Bounds {
        connections: 1,
        ..Bounds::default()
    })
    .await;
    let peer = TcpListener::bind(LOOPBACK).await.unwrap();
    let other = TcpListener::bind(LOOPBACK).await.unwrap();
    assert!(here.stream(peer.local_addr().unwrap(), None).is_some());
    assert_eq!(here.stream(other.local_addr().unwrap(), None), None);
    assert_eq!(here.transport.counts().connections_refused, 1);
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let mut here = open(Bounds {
        message_time: SHORT,
        ..Bounds::default()
    })
    .await;
    for sent in [b"".as_slice(), b"OPTIONS", &OPTIONS[..40]] {
        let mut peer = TcpStream::connect(here.tcp).await.unwrap();
        peer.write_all(sent).await.unwrap();
        here.closed().await;
        read_end(&mut peer).await;
    }
    assert_eq!(here.transport.counts().connections_timed_out, 3);
}

#[tokio::test]
async fn a_message_that_trickles_in_gains_no_time() {
    let mut here = open(Bounds {
        message_time: SHORT,
        frame: FrameLimits {
            head: usize::MAX,
            body: OPTIONS.len(),
        },
        ..Bounds::default()
    })
    .await;
    let mut peer = TcpStream::connect(here.tcp).await.unwrap();
    peer.write_all(OPTIONS).await.unwrap();
    here.message().await;
    soon(async {
        while here.inbound.is_empty() {
            // Once the connection is closed, writing fails; then the report is under way.
            let _ = peer.write_all(b"x").await;
            tokio::task::yield_now().await;
        }
    })
    .await;
    here.closed().await;
    assert_eq!(here.transport.counts().connections_timed_out, 1);
}

#[tokio::test]
async fn a_connection_left_idle_is_closed() {
    let mut here = open(Bounds {
        idle_time: SHORT,
        ..Bounds::default()
    })
    .await;
    let mut peer = TcpStream::connect(here.tcp).await.unwrap();
    peer.write_all(OPTIONS).await.unwrap();
    let (arrival, _) = here.message().await;
    assert_eq!(Some(here.closed().await), arrival.connection);
    read_end(&mut peer).await;
}

#[tokio::test]
async fn a_stream_waits_while_the_machine_is_behind() {
    let mut here = open(Bounds {
        inbound: 2,
        message_time: LONG,
        ..Bounds::default()
    })
    .await;
    let mut peer = TcpStream::connect(here.tcp).await.unwrap();
    peer.write_all(&OPTIONS.repeat(500)).await.unwrap();
    for _ in 0..500 {
        assert_eq!(here.message().await.1, OPTIONS);
    }
}

#[tokio::test]
async fn a_shutdown_sends_what_is_queued_and_closes() {
    let here = open(Bounds::default()).await;
    let peer = TcpListener::bind(LOOPBACK).await.unwrap();
    let mut idle = TcpStream::connect(here.tcp).await.unwrap();
    here.until(|counts| counts.connections_accepted == 1).await;
    let destination = peer.local_addr().unwrap();
    for _ in 0..100 {
        here.stream(destination, None).unwrap();
    }
    let (udp, tcp) = (here.udp, here.tcp);
    let ended = tokio::spawn(here.transport.shutdown());
    let (mut stream, _) = soon(peer.accept()).await.unwrap();
    let mut received = Vec::new();
    soon(stream.read_to_end(&mut received)).await.unwrap();
    assert_eq!(received, OPTIONS.repeat(100));
    read_end(&mut idle).await;
    soon(ended).await.unwrap();
    assert!(TcpStream::connect(tcp).await.is_err());
    assert!(UdpSocket::bind(udp).await.is_ok());
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_peer_that_takes_nothing() {
    let here = open(Bounds {
        flush_time: SHORT,
        ..Bounds::default()
    })
    .await;
    let peer = TcpListener::bind(LOOPBACK).await.unwrap();
    let huge = Transmit {
        destination: peer.local_addr().unwrap(),
        transport: sip::Transport::Tcp,
        connection: None,
        bytes: vec![b'x'; 32 * 1024 * 1024],
    };
    here.transport.send(huge).unwrap();
    let (mut stream, _) = soon(peer.accept()).await.unwrap();
    soon(here.transport.shutdown()).await;
    let mut received = Vec::new();
    let _ = soon(stream.read_to_end(&mut received)).await;
    assert!(received.len() < 32 * 1024 * 1024);
}

#[tokio::test]
async fn dropping_the_transport_closes_everything() {
    let Fixture {
        transport,
        mut inbound,
        tcp,
        ..
    } = open(Bounds::default()).await;
    let mut peer = TcpStream::connect(tcp).await.unwrap();
    peer.write_all(OPTIONS).await.unwrap();
    soon(inbound.recv()).await.unwrap();
    drop(transport);
    read_end(&mut peer).await;
    assert!(matches!(
        soon(inbound.recv()).await,
        Some(Inbound::Closed(_))
    ));
    assert_eq!(soon(inbound.recv()).await, None);
}

#[tokio::test]
async fn addresses_that_cannot_be_taken_are_named() {
    let here = open(Bounds::default()).await;
    let bind = async |listen: Vec<(sip::Transport, SocketAddr)>| {
        let bounds = Bounds::default();
        let opened = Transport::bind(Config { listen, bounds }).await;
        opened.map(|_| ()).unwrap_err()
    };
    let taken = bind(vec![(sip::Transport::Tcp, here.tcp)]).await;
    assert!(taken.to_string().contains(&here.tcp.to_string()), "{taken}");
    let taken = bind(vec![(sip::Transport::Udp, here.udp)]).await;
    assert!(matches!(taken, BindFault::Refused { address, .. } if address == here.udp));
    let free = (sip::Transport::Udp, LOOPBACK.parse().unwrap());
    let second = bind(vec![free, free]).await;
    assert!(matches!(second, BindFault::SecondDatagramAddress(_)));
    assert!(matches!(bind(Vec::new()).await, BindFault::NoAddress));
}

#[tokio::test]
async fn ipv6_and_ipv4_share_a_port() {
    if UdpSocket::bind("[::1]:0").await.is_err() {
        // A host without IPv6 has nothing to share.
        return;
    }
    let (four, _four) = open_on("0.0.0.0:0").await;
    let port = four.local_addrs()[0].1.port();
    let (six, mut inbound) = open_on(&format!("[::]:{port}")).await;
    let peer = UdpSocket::bind("[::1]:0").await.unwrap();
    peer.send_to(OPTIONS, ("::1", port)).await.unwrap();
    let received = soon(inbound.recv()).await;
    assert!(matches!(received, Some(Inbound::Message { .. })));
    assert_eq!(six.local_addrs()[0].1.port(), port);
}

async fn open_on(address: &str) -> (Transport, mpsc::Receiver<Inbound>) {
    let listen = vec![(sip::Transport::Udp, address.parse().unwrap())];
    let bounds = Bounds::default();
    Transport::bind(Config { listen, bounds }).await.unwrap()
}
