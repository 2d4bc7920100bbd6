//! The topmost Via: where a response goes (RFC 3261 section 18.2, RFC 3581).
//!
//! `maddr` is not followed: it would let a stranger aim our answers at others.

use super::address::{SIP_PORT, host_and_port, split_list};
use super::vocabulary::Transport;
use super::wire::{Arrival, Path};
use rsipstack::sip::typed;
use rsipstack::sip::uri::Param;
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

/// What a Via says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Via {
    /// The host of sent-by, without brackets.
    pub(super) host: String,
    /// The port of sent-by, where one is written.
    pub(super) port: Option<u16>,
    /// The branch.
    pub(super) branch: Option<String>,
    /// Whether `rport` asks for the source port.
    pub(super) rport: bool,
}

impl Via {
    /// Reads the first Via of a header value.
    pub(super) fn parse(value: &str) -> Option<Via> {
        let first = squeeze(split_list(value).first()?);
        if !first.get(..8)?.eq_ignore_ascii_case("SIP/2.0/") {
            return None;
        }
        let read = typed::Via::parse(&first).ok()?;
        let (host, port) = host_and_port(&read.uri.host_with_port.to_string())?;
        Some(Via {
            host,
            port,
            branch: read.branch().map(|branch| branch.value().to_owned()),
            rport: read.params.iter().any(|p| matches!(p, Param::Rport(_))),
        })
    }

    /// Where a response goes.
    pub(super) fn reply_path(&self, arrival: &Arrival) -> Path {
        let port = match arrival.transport {
            Transport::Udp if self.rport => arrival.source.port(),
            Transport::Udp | Transport::Tcp => self.port.unwrap_or(SIP_PORT),
        };
        Path {
            destination: SocketAddr::new(arrival.source.ip(), port),
            transport: arrival.transport,
            connection: arrival.connection,
        }
    }

    /// Whether sent-by names another address than the source, as behind a NAT.
    pub(super) fn is_translated(&self, source: IpAddr) -> bool {
        self.host.parse() != Ok(source.to_canonical())
    }
}

/// A Via value as it goes back: `received` and `rport` filled in at the first entry.
pub(super) fn stamped(value: &str, arrival: &Arrival) -> String {
    let entries = split_list(value);
    let Some((first, others)) = entries.split_first() else {
        return value.to_owned();
    };
    let read = Via::parse(first);
    let rport = read.as_ref().is_some_and(|via| via.rport);
    let source = arrival.source.ip().to_canonical();
    let mut text = String::with_capacity(value.len() + 48);
    for (at, part) in first.split(';').enumerate() {
        let name = part.split('=').next().unwrap_or_default().trim();
        let ours = name.eq_ignore_ascii_case("received") || name.eq_ignore_ascii_case("rport");
        if at == 0 {
            text.push_str(part.trim_end());
        } else if !ours {
            let _ = write!(text, ";{}", part.trim());
        }
    }
    if rport {
        let _ = write!(text, ";rport={}", arrival.source.port());
    }
    if rport || read.is_none_or(|via| via.is_translated(source)) {
        let _ = write!(text, ";received={source}");
    }
    for other in others {
        let _ = write!(text, ", {other}");
    }
    text
}

/// Takes out the white space that may stand around the separators of a Via, so that one space
/// is left between the transport and sent-by.
fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.trim().chars() {
        if c.is_whitespace() {
            gap = true;
            continue;
        }
        let glued = matches!(c, '/' | ';' | '=' | ':') || out.ends_with(['/', ';', '=', ':']);
        if gap && !glued {
            out.push(' ');
        }
        gap = false;
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(source: &str) -> Arrival {
        Arrival {
            source: source.parse().expect("an address"),
            local: "127.0.0.1:5060".parse().expect("an address"),
            transport: Transport::Udp,
            connection: None,
        }
    }

    #[test]
    fn answers_go_where_the_via_and_the_source_say() {
        let cases = [
            (
                "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKa",
                "192.0.2.9:4000",
                "192.0.2.9:5070",
            ),
            (
                "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa",
                "192.0.2.1:4000",
                "192.0.2.1:5060",
            ),
            (
                "SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bKa",
                "192.0.2.9:4000",
                "192.0.2.9:4000",
            ),
        ];
        for (via, source, target) in cases {
            let path = Via::parse(via).expect("a Via").reply_path(&arrival(source));
            assert_eq!(path.destination.to_string(), target, "{via}");
        }
    }

    #[test]
    fn received_and_rport_are_filled_in_once() {
        let cases = [
            (
                "SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bKa;received=6.6.6.6, SIP/2.0/UDP b",
                "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa;rport=4000;received=192.0.2.9, SIP/2.0/UDP b",
            ),
            (
                "SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKa",
                "SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKa",
            ),
            (
                "SIP/2.0/UDP phone.example;branch=z9hG4bKa",
                "SIP/2.0/UDP phone.example;branch=z9hG4bKa;received=192.0.2.9",
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(stamped(value, &arrival("192.0.2.9:4000")), expected);
        }
    }

    #[test]
    fn texts_that_are_no_via() {
        for bad in [
            "",
            "SIP/2.0/UDP",
            "SIP/1.0/UDP h",
            "HTTP/1.1/TCP h",
            "SIP/2.0/UDP h:99999",
        ] {
            assert_eq!(Via::parse(bad), None, "{bad}");
        }
    }
}
