//! Which packets are the peer's, and whether it has fallen silent.
//!
//! Law: a packet from anywhere but the agreed address changes nothing (RTP bleed, injected keys).
//! Only where learning is switched on, and only before the agreed address was heard and within
//! [`LEARNING`] of the agreement, the first packet's source takes its place (a peer behind NAT);
//! from then on that source may change its port, but neither its address nor its SSRC.

use super::vocabulary::Remote;
use crate::base::Mono;
use crate::rtp::Ssrc;
use std::net::SocketAddr;
use std::time::Duration;

/// How long after the agreement an address may be learned.
const LEARNING: Duration = Duration::from_secs(5);

/// Decides on one peer's packets.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    learn: bool,
    agreed_at: Mono,
    /// Where the peer sends from, once heard.
    heard: Option<(SocketAddr, Ssrc)>,
    last_life: Mono,
    silence_told: bool,
}

impl Gate {
    pub(super) fn new(now: Mono, learn: bool) -> Gate {
        Gate {
            learn,
            agreed_at: now,
            heard: None,
            last_life: now,
            silence_told: false,
        }
    }

    /// A new agreement. Where the address stayed, what was learned stays.
    pub(super) fn agree(&mut self, now: Mono, same_address: bool) {
        if !same_address {
            *self = Gate::new(now, self.learn);
        }
        self.last_life = now;
        self.silence_told = false;
    }

    /// Where to send: the agreed address, or the learned one.
    pub(super) fn peer(&self, remote: &Remote) -> SocketAddr {
        self.heard.map_or(remote.rtp, |(address, _)| address)
    }

    /// Whether a packet from this source is the peer's; if so it counts as a sign of life.
    pub(super) fn admits(
        &mut self,
        now: Mono,
        source: SocketAddr,
        ssrc: Ssrc,
        remote: &Remote,
    ) -> bool {
        let admitted = match self.heard {
            None => same(source, remote.rtp) || self.may_learn(now),
            Some((address, known)) => {
                let moved = self.learn && known == ssrc && same_host(source, address);
                same(source, address) || moved
            }
        };
        if admitted {
            self.heard = Some((source, ssrc));
            self.live(now);
        }
        admitted
    }

    /// A sign of life.
    pub(super) fn live(&mut self, now: Mono) {
        self.last_life = now;
        self.silence_told = false;
    }

    /// How long nothing has come, where that is longer than `timeout`; told once.
    pub(super) fn silence(&mut self, now: Mono, timeout: Duration) -> Option<Duration> {
        let silent = now - self.last_life;
        if silent < timeout || self.silence_told {
            return None;
        }
        self.silence_told = true;
        Some(silent)
    }

    fn may_learn(&self, now: Mono) -> bool {
        self.learn && now - self.agreed_at <= LEARNING
    }
}

/// Whether two addresses are one; an IPv4 address mapped into IPv6 is itself.
pub(super) fn same(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port() && same_host(one, other)
}

fn same_host(one: SocketAddr, other: SocketAddr) -> bool {
    one.ip().to_canonical() == other.ip().to_canonical()
}
