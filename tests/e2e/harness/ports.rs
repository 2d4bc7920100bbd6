//! Ports that nobody else uses: below the system's own ephemeral range, so that a server can be
//! stopped and started again on its port without another socket slipping in between.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};

const FIRST: u32 = 12_000;
const LAST: u32 = 31_900;

/// Where the next search begins; processes start at different places.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A port that is free for UDP and TCP on every loopback address.
pub(crate) fn free_port() -> u16 {
    free_block(2)
}

/// The first of `count` ports in a row, even, all free.
pub(crate) fn free_block(count: u16) -> u16 {
    let spread = std::process::id().wrapping_mul(97);
    for _ in 0..2_000 {
        let step = u32::from(count.next_multiple_of(2));
        let at = NEXT.fetch_add(step, Ordering::Relaxed).wrapping_add(spread);
        let first = (FIRST + at % (LAST - FIRST)) as u16 & !1;
        if (first..first + count).all(is_free) {
            return first;
        }
    }
    panic!("no free ports between {FIRST} and {LAST}");
}

fn is_free(port: u16) -> bool {
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
        && TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}
