//! Opening sockets: IPv6 apart from IPv4, and room for a burst of datagrams.

use rustix::net::sockopt::{set_ipv6_v6only, set_socket_recv_buffer_size, set_socket_reuseaddr};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with};
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use tokio::net::{TcpListener, UdpSocket};

/// Connections that wait to be accepted; the system may allow fewer.
const BACKLOG: i32 = 256;

/// A bound UDP socket. Sending works from the start.
pub(super) async fn datagrams(address: SocketAddr, buffer: usize) -> io::Result<UdpSocket> {
    let socket = open(address, SocketType::DGRAM)?;
    set_socket_recv_buffer_size(&socket, buffer)?;
    bind(&socket, &address)?;
    let socket = UdpSocket::from_std(std::net::UdpSocket::from(socket))?;
    // Until the runtime has seen it writable once, sending without waiting fails.
    socket.writable().await?;
    Ok(socket)
}

/// A listening TCP socket; its address is free again as soon as it is closed.
pub(super) fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = open(address, SocketType::STREAM)?;
    set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    TcpListener::from_std(std::net::TcpListener::from(socket))
}

fn open(address: SocketAddr, kind: SocketType) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, kind, flags, None)?;
    if address.is_ipv6() {
        set_ipv6_v6only(&socket, true)?;
    }
    Ok(socket)
}
