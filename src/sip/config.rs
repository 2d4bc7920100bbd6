//! What the machine is told once: names it goes by, whom it trusts, timers and bounds.

use std::net::IpAddr;
use std::time::Duration;

/// The largest message accepted by default, in bytes: what one UDP datagram can carry.
pub const MAX_MESSAGE: usize = 65_535;
/// The most header lines accepted in one message by default.
pub const MAX_HEADERS: usize = 128;
/// Names of placed calls start here, so that they never meet those of arriving ones.
pub const PLACED_CALLS_FROM: u64 = 1 << 63;

/// The host and port we name ourselves by on one transport (Via and Contact).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertised {
    /// A host name or address; an IPv6 address without brackets.
    pub host: String,
    /// The port peers reach us on.
    pub port: u16,
}

/// An address prefix of trusted peers: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

/// A text that is no address prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a network is an address, or an address and a prefix length such as 10.0.0.0/8")]
pub struct NetworkFault;

impl Network {
    /// Reads an address or a prefix in CIDR notation (RFC 4632 section 3.1).
    pub fn parse(text: &str) -> Result<Network, NetworkFault> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let base: IpAddr = address.parse().map_err(|_| NetworkFault)?;
        let width: u8 = if base.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| NetworkFault)?,
            None => width,
        };
        if bits > width {
            return Err(NetworkFault);
        }
        Ok(Network { base, bits })
    }

    /// Whether an address lies in this network; an IPv4 address in IPv6 dress counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.bits);
                base.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.bits);
                base.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// The settings of a [`super::Machine`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Our name in Via and Contact on UDP.
    pub udp: Advertised,
    /// Our name in Via and Contact on TCP.
    pub tcp: Advertised,
    /// The User-Agent and Server header.
    pub user_agent: String,
    /// Peers whose assertions (RFC 3325 section 2.3) and other headers count.
    pub trusted: Vec<Network>,
    /// The most calls at one time; further INVITEs get 503.
    pub max_calls: usize,
    /// The round-trip estimate T1 (RFC 3261 section 17.1.1.1).
    pub t1: Duration,
    /// The longest interval between repeats, T2 (RFC 3261 section 17.1.2.1).
    pub t2: Duration,
    /// How long a message may stay in the network, T4 (RFC 3261 section 17.1.2.1).
    pub t4: Duration,
    /// The session interval we ask for (RFC 4028 section 4).
    pub session_expires: Duration,
    /// The shortest session interval we accept, at least 90 s (RFC 4028 section 5).
    pub min_session_expires: Duration,
    /// The largest message accepted, in bytes.
    pub max_message: usize,
    /// The most header lines accepted in one message.
    pub max_headers: usize,
    /// The shortest subscription taken; a shorter one gets 423 (RFC 6665 section 4.2.1.1).
    pub min_subscription: Duration,
    /// The longest subscription granted.
    pub max_subscription: Duration,
    /// The most subscriptions at one time; further SUBSCRIBEs get 503.
    pub max_subscriptions: usize,
    /// Whether telephones may register, and prove who they are.
    pub registers: bool,
    /// Hosts that are ours beside those above: whoever says to call from one proves it.
    pub domains: Vec<String>,
    /// The name of the first arriving call; later ones count up. Below [`PLACED_CALLS_FROM`].
    pub first_call: u64,
}

impl Config {
    /// The timers of RFC 3261, a session interval of 30 minutes, no trusted peer, 1,000 calls,
    /// 20,000 subscriptions of a minute to an hour.
    pub fn new(udp: Advertised, tcp: Advertised) -> Config {
        Config {
            udp,
            tcp,
            user_agent: "Belpost".to_owned(),
            trusted: Vec::new(),
            max_calls: 1_000,
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            session_expires: Duration::from_mins(30),
            min_session_expires: Duration::from_secs(90),
            max_message: MAX_MESSAGE,
            max_headers: MAX_HEADERS,
            min_subscription: Duration::from_mins(1),
            max_subscription: Duration::from_hours(1),
            max_subscriptions: 20_000,
            registers: false,
            domains: Vec::new(),
            first_call: 1,
        }
    }

    /// Whether a source address belongs to a trusted peer.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_own_addresses_only() {
        let cases = [
            ("10.0.0.0/8", "10.200.1.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("192.0.2.0/24", "::ffff:192.0.2.9", true),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "192.0.2.1", false),
        ];
        for (network, address, inside) in cases {
            let network = Network::parse(network).expect("a network");
            assert_eq!(
                network.contains(address.parse().expect("an address")),
                inside
            );
        }
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/x"] {
            assert_eq!(Network::parse(bad), Err(NetworkFault), "{bad}");
        }
    }
}
