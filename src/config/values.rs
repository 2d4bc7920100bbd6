//! The values of a configuration that are more than a number or a text.
//!
//! Text goes in, a typed value comes out; each prints as it is written in the file.

use super::fault::ValueFault;
use super::reader::At;
use crate::base::DialString;
use crate::mime::MailAddress;
use crate::sip::{Network, Transport};
use crate::subscriber::{CallerLanguage, Language};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// A socket that SIP listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Listen {
    /// UDP or TCP.
    pub transport: Transport,
    /// The address and port; port 0 lets the system choose.
    pub address: SocketAddr,
}

impl Listen {
    /// Reads `udp:192.0.2.1:5060`.
    pub fn parse(text: &str) -> Result<Listen, ValueFault> {
        let (transport, address) = text.split_once(':').ok_or(ValueFault::Listen)?;
        let transport = match transport {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            _ => return Err(ValueFault::Listen),
        };
        let address = address.parse().map_err(|_| ValueFault::Listen)?;
        Ok(Listen { transport, address })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = match self.transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
        };
        write!(f, "{transport}:{}", self.address)
    }
}

/// Reads a trusted peer: an address, or a block of them such as `192.0.2.0/24`.
pub(super) fn network(text: &str) -> Result<Network, ValueFault> {
    Network::parse(text).map_err(ValueFault::from)
}

/// Whether the block is every address of its family: it holds the first and the last.
pub(super) fn is_everything(block: &Network) -> bool {
    let holds = |first: IpAddr, last: IpAddr| block.contains(first) && block.contains(last);
    holds(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::BROADCAST.into())
        || holds(
            Ipv6Addr::UNSPECIFIED.into(),
            Ipv6Addr::from_bits(u128::MAX).into(),
        )
}

/// The UDP ports of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ports {
    /// Whatever the system gives.
    Ephemeral,
    /// From an even first to a last port, both included: RTP on the even one of each pair and
    /// RTCP on the odd one above (RFC 3550 section 11).
    Range {
        /// The first port, even, 1024 or more.
        first: u16,
        /// The last port.
        last: u16,
    },
}

impl Ports {
    /// Reads `ephemeral` or `10000-19999`.
    pub fn parse(text: &str) -> Result<Ports, ValueFault> {
        if text == "ephemeral" {
            return Ok(Ports::Ephemeral);
        }
        let (first, last) = text.split_once('-').ok_or(ValueFault::Ports)?;
        let port = |text: &str| text.trim().parse::<u16>().map_err(|_| ValueFault::Ports);
        let (first, last) = (port(first)?, port(last)?);
        if first < 1024 || first % 2 != 0 || last <= first {
            return Err(ValueFault::Ports);
        }
        Ok(Ports::Range { first, last })
    }

    /// How many calls find a pair of ports; `None` where the system decides.
    pub fn pairs(self) -> Option<u32> {
        match self {
            Ports::Ephemeral => None,
            Ports::Range { first, last } => Some((u32::from(last) - u32::from(first)).div_ceil(2)),
        }
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ports::Ephemeral => f.write_str("ephemeral"),
            Ports::Range { first, last } => write!(f, "{first}-{last}"),
        }
    }
}

/// Reads the name of one of several fixed choices.
pub(super) fn one_of<T: Copy>(
    text: &str,
    choices: &[(&str, T)],
    listing: &'static str,
) -> Result<T, ValueFault> {
    choices
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, choice)| *choice)
        .ok_or(ValueFault::NotOneOf(listing))
}

/// Reads a host name (RFC 1123 section 2.1) or an IP address.
pub(super) fn host(text: &str) -> Result<String, ValueFault> {
    let letters = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_name = text.len() <= 253 && text.split('.').all(letters);
    if is_name || text.parse::<IpAddr>().is_ok() {
        Ok(text.to_owned())
    } else {
        Err(ValueFault::Host)
    }
}

/// Reads the name of a SIP header (a token, RFC 3261 section 25.1), in lower case.
pub(super) fn header_name(text: &str) -> Result<String, ValueFault> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b);
    if text.is_empty() || text.len() > 64 || !text.bytes().all(token) {
        return Err(ValueFault::HeaderName);
    }
    Ok(text.to_ascii_lowercase())
}

/// The longest realm, in characters.
const REALM_MAX: usize = 100;

/// Reads the realm of a digest: it stands in quotes, and digests are made of it.
pub(super) fn realm(text: &str) -> Result<String, ValueFault> {
    let of_realm = |b: u8| (b.is_ascii_graphic() || b == b' ') && !b"\"\\:".contains(&b);
    if (1..=REALM_MAX).contains(&text.len()) && text.bytes().all(of_realm) {
        Ok(text.to_owned())
    } else {
        Err(ValueFault::Realm(REALM_MAX))
    }
}

/// Reads an e-mail address.
pub(super) fn mail_address(text: &str) -> Result<MailAddress, ValueFault> {
    Ok(MailAddress::parse(text)?)
}

/// Reads one line of text that is safe in a header.
pub(super) fn line(text: &str, longest: usize) -> Result<String, ValueFault> {
    if text.trim().is_empty() {
        return Err(ValueFault::Empty);
    }
    if text.chars().count() > longest || text.chars().any(char::is_control) {
        return Err(ValueFault::Unprintable(longest));
    }
    Ok(text.to_owned())
}

/// Reads an IANA time zone name.
pub(super) fn zone(text: &str) -> Result<String, ValueFault> {
    match jiff::tz::TimeZone::get(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(ValueFault::Zone),
    }
}

/// Reads a number to dial.
pub(super) fn number(text: &str) -> Result<DialString, ValueFault> {
    Ok(DialString::parse(text)?)
}

/// Reads the code of a country.
pub(super) fn country(text: &str) -> Result<String, ValueFault> {
    let figures = text.bytes().all(|b| b.is_ascii_digit());
    if figures && (1..=3).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(ValueFault::Country)
    }
}

/// Reads a language tag.
pub(super) fn language(text: &str) -> Result<Language, ValueFault> {
    Language::parse(text).ok_or(ValueFault::Language)
}

/// Reads the language of callers whose number begins so ("+32 nl-be").
pub(super) fn caller_language(text: &str) -> Result<CallerLanguage, ValueFault> {
    let (prefix, tag) = text.split_once(' ').ok_or(ValueFault::CallerLanguage)?;
    Ok(CallerLanguage {
        prefix: number(prefix)?,
        language: language(tag.trim())?,
    })
}

pub(super) fn path(text: &str, base: &Path) -> Result<PathBuf, ValueFault> {
    if text.is_empty() {
        return Err(ValueFault::Empty);
    }
    Ok(base.join(text))
}

/// A value without its place.
pub(super) fn value<T>(at: At<T>) -> T {
    at.value
}

/// Values without their places.
pub(super) fn plain<T>(list: Vec<At<T>>) -> Vec<T> {
    list.into_iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_as_operators_write_them() {
        for good in ["udp:0.0.0.0:5060", "tcp:[::1]:5060", "udp:127.0.0.1:0"] {
            assert_eq!(Listen::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "0.0.0.0:5060",
            "tls:0.0.0.0:5061",
            "udp:localhost:5060",
            "udp:1.2.3.4",
            "",
        ] {
            assert_eq!(Listen::parse(bad), Err(ValueFault::Listen), "{bad}");
        }
    }

    #[test]
    fn only_a_block_of_all_addresses_is_everything() {
        let everything = |text| is_everything(&network(text).unwrap());
        assert!(everything("0.0.0.0/0"));
        assert!(everything("::/0"));
        for some in [
            "0.0.0.0/1",
            "128.0.0.0/1",
            "::/1",
            "127.0.0.1",
            "10.0.0.0/8",
        ] {
            assert!(!everything(some), "{some}");
        }
    }

    #[test]
    fn a_port_range_is_whole_pairs_from_an_even_port() {
        assert_eq!(Ports::parse("10000-19999").unwrap().pairs(), Some(5_000));
        assert_eq!(Ports::parse("10000-10001").unwrap().pairs(), Some(1));
        assert_eq!(Ports::parse("10000-10002").unwrap().pairs(), Some(1));
        assert_eq!(Ports::parse("ephemeral").unwrap().pairs(), None);
        for bad in [
            "10001-20000",
            "80-90",
            "20000-10000",
            "10000",
            "1-70000",
            "",
        ] {
            assert_eq!(Ports::parse(bad), Err(ValueFault::Ports), "{bad}");
        }
    }

    #[test]
    fn hosts_headers_and_lines_carry_nothing_that_could_break_out() {
        assert!(host("voicemail.example.nl").is_ok());
        assert!(host("2001:db8::1").is_ok());
        for bad in ["", "a b", "-a.nl", "a..nl", "x\r\ny", "host:5060"] {
            assert_eq!(host(bad), Err(ValueFault::Host), "{bad}");
        }
        assert_eq!(header_name("X-Mailbox").unwrap(), "x-mailbox");
        assert!(header_name("X Mailbox").is_err());
        assert!(line("Jan de Vries", 80).is_ok());
        assert!(line("a\r\nBcc: x", 80).is_err());
        assert!(line(" ", 80).is_err());
        assert!(zone("Europe/Amsterdam").is_ok());
        assert_eq!(zone("Europe/Mokum"), Err(ValueFault::Zone));
    }
}
