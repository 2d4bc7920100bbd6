//! Port pairs for media: an even port for RTP, the next one for RTCP (RFC 3550 section 11).
//!
//! Law: a pair is with one session at a time, comes back when its sockets close, and rests for
//! [`REST`] before it is used again, so that what is still sent to the last call is not heard in
//! the next. Ports the system chooses do not rest: it hands them out at random.

use super::OpenFault;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a pair rests after a call.
const REST: Duration = Duration::from_secs(2);

/// How many pairs are tried for one session before it is refused.
const TRIES: usize = 64;

/// Expedited forwarding (RFC 3246), as the octet of the IP head: voice goes first.
const EXPEDITED: u8 = 0xB8;

/// Where sockets get their ports.
#[derive(Debug)]
pub(super) enum Ports {
    /// From a range.
    Range(Arc<Mutex<Pool>>),
    /// From the system.
    System,
}

/// The pairs of a range, by their even port.
#[derive(Debug)]
pub(super) struct Pool {
    free: VecDeque<u16>,
    resting: VecDeque<(Instant, u16)>,
}

/// The sockets of one session.
#[derive(Debug)]
pub(super) struct Sockets {
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
    /// Dropped after the sockets.
    _lease: Option<Lease>,
}

/// A pair in use; dropping it sends the pair to rest.
#[derive(Debug)]
struct Lease {
    pool: Arc<Mutex<Pool>>,
    port: u16,
}

impl Ports {
    /// The pairs of a range, or the system's; `None` when the range holds no pair.
    pub(super) fn new(range: Option<RangeInclusive<u16>>) -> Option<Ports> {
        let Some(range) = range else {
            return Some(Ports::System);
        };
        let pool = Pool::new(&range);
        (!pool.free.is_empty()).then(|| Ports::Range(Arc::new(Mutex::new(pool))))
    }

    /// Binds a pair at this address.
    pub(super) fn bind(&self, at: IpAddr) -> Result<Sockets, OpenFault> {
        for _ in 0..TRIES {
            let bound = match self {
                Ports::System => bind_any(at),
                Ports::Range(pool) => {
                    let port = locked(pool)
                        .take(Instant::now())
                        .ok_or(OpenFault::NoPorts)?;
                    let lease = Lease {
                        pool: Arc::clone(pool),
                        port,
                    };
                    bind_pair(at, port, Some(lease))
                }
            };
            match bound {
                Err(fault) if fault.kind() == io::ErrorKind::AddrInUse => {}
                bound => return Ok(bound?),
            }
        }
        Err(OpenFault::NoPorts)
    }
}

impl Pool {
    fn new(range: &RangeInclusive<u16>) -> Pool {
        let is_pair = |port: &u16| {
            *port != 0
                && port.is_multiple_of(2)
                && port.checked_add(1).is_some_and(|p| range.contains(&p))
        };
        Pool {
            free: range.clone().filter(is_pair).collect(),
            resting: VecDeque::new(),
        }
    }

    /// The pair that has been free for longest.
    fn take(&mut self, now: Instant) -> Option<u16> {
        while let Some((_, port)) = self.resting.pop_front_if(|(until, _)| *until <= now) {
            self.free.push_back(port);
        }
        self.free.pop_front()
    }

    fn rest(&mut self, now: Instant, port: u16) {
        self.resting.push_back((now + REST, port));
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        locked(&self.pool).rest(Instant::now(), self.port);
    }
}

fn locked(pool: &Mutex<Pool>) -> std::sync::MutexGuard<'_, Pool> {
    pool.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bind_any(at: IpAddr) -> io::Result<Sockets> {
    let rtp = UdpSocket::bind(SocketAddr::new(at, 0))?;
    let port = rtp.local_addr()?.port();
    if !port.is_multiple_of(2) {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    let rtcp = UdpSocket::bind(SocketAddr::new(at, port + 1))?;
    prepared(rtp, rtcp, None)
}

fn bind_pair(at: IpAddr, port: u16, lease: Option<Lease>) -> io::Result<Sockets> {
    let rtp = UdpSocket::bind(SocketAddr::new(at, port))?;
    let rtcp = UdpSocket::bind(SocketAddr::new(at, port + 1))?;
    prepared(rtp, rtcp, lease)
}

fn prepared(rtp: UdpSocket, rtcp: UdpSocket, lease: Option<Lease>) -> io::Result<Sockets> {
    rtp.set_nonblocking(true)?;
    rtcp.set_nonblocking(true)?;
    if rtp.local_addr()?.is_ipv4() {
        rustix::net::sockopt::set_ip_tos(&rtp, EXPEDITED)?;
    }
    Ok(Sockets {
        rtp,
        rtcp,
        _lease: lease,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_its_whole_pairs() {
        let pairs = |range| Pool::new(&range).free.into_iter().collect::<Vec<u16>>();
        assert_eq!(pairs(10_001..=10_006), [10_002, 10_004]);
        assert_eq!(pairs(10_000..=10_003), [10_000, 10_002]);
        assert_eq!(pairs(65_534..=65_535), [65_534]);
        assert!(Ports::new(Some(10_001..=10_002)).is_none());
    }

    #[test]
    fn a_pair_rests_before_it_is_used_again() {
        let mut pool = Pool::new(&(10_000..=10_003));
        let now = Instant::now();
        assert_eq!(pool.take(now), Some(10_000));
        assert_eq!(pool.take(now), Some(10_002));
        assert_eq!(pool.take(now), None);
        pool.rest(now, 10_000);
        assert_eq!(pool.take(now + REST / 2), None);
        assert_eq!(pool.take(now + REST), Some(10_000));
        assert_eq!(pool.take(now + REST), None);
    }

    #[test]
    fn a_pair_that_another_program_holds_is_passed_over() {
        let at = IpAddr::from([127, 0, 0, 1]);
        let held = Ports::System.bind(at).unwrap();
        let port = held.rtp.local_addr().unwrap().port();
        let Some(ports) = Ports::new(Some(port..=port + 1)) else {
            panic!("the range holds a pair");
        };
        assert!(matches!(ports.bind(at), Err(OpenFault::NoPorts)));
    }
}
