//! Which of this machine's addresses a peer reaches us at.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// An address of the documentation range (RFC 5737): the route to it is the default route. No
/// packet is sent there.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// The address that packets to this peer leave from, by the routing table; loopback where there
/// is no route.
pub fn towards(peer: IpAddr) -> IpAddr {
    let (any, loopback): (IpAddr, IpAddr) = match peer {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::LOCALHOST.into()),
    };
    // Connecting a UDP socket only looks the route up.
    let route = UdpSocket::bind(SocketAddr::new(any, 0))
        .and_then(|socket| socket.connect(SocketAddr::new(peer, 9)).map(|()| socket))
        .and_then(|socket| socket.local_addr());
    route.map_or(loopback, |local| local.ip())
}

/// The address this machine is known by where it listens on all of them.
pub(super) fn usual() -> IpAddr {
    towards(ELSEWHERE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_on_this_machine_reaches_us_on_loopback() {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert_eq!(towards(loopback), loopback);
        assert!(!usual().is_unspecified());
    }
}
