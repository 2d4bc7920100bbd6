//! Addresses: lists, name-addr and URIs (RFC 3261 sections 19.1 and 25.1, RFC 3966 for `tel`).
//!
//! Header text in, [`Address`] or the parts of a URI out. Quoted strings, escapes and angle
//! brackets are honoured when a text is cut, so that no display name passes for an address.
//! A URI that has to be sent again is kept as the text it came as.

use super::vocabulary::{Address, Transport};
use rsipstack::sip::uri::{Host, HostWithPort};
use std::fmt::Write;
use std::net::SocketAddr;

/// The port of SIP where none is written (RFC 3261 section 19.1.2).
pub(super) const SIP_PORT: u16 = 5060;

/// A name-addr or addr-spec with the parameters that follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NameAddr {
    /// The display name without quotes and escapes.
    pub(super) display: String,
    /// The URI as written.
    pub(super) uri: String,
    /// The parameters after it; names in lower case, quotes removed.
    pub(super) params: Vec<(String, String)>,
}

impl NameAddr {
    /// Reads one value of From, To, Contact, Route, Diversion and the like.
    pub(super) fn parse(text: &str) -> Option<NameAddr> {
        let text = text.trim();
        let open = unquoted(text, '<');
        let (display, uri, rest) = match open {
            Some(open) => {
                let inner = text.get(open + 1..)?;
                let close = inner.find('>')?;
                (
                    text.get(..open)?,
                    inner.get(..close)?,
                    inner.get(close + 1..)?,
                )
            }
            None => match text.find(';') {
                Some(at) => ("", text.get(..at)?, text.get(at..)?),
                None => ("", text, ""),
            },
        };
        let rest = rest.trim();
        if !(rest.is_empty() || rest.starts_with(';')) {
            return None;
        }
        Some(NameAddr {
            display: printable(&unquote(display)),
            uri: uri.trim().to_owned(),
            params: parameters(rest),
        })
    }

    /// The value of a parameter.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// The address the call layer sees; `None` where the URI cannot be read.
    pub(super) fn address(&self) -> Option<Address> {
        let uri = Uri::parse(&self.uri)?;
        Some(uri.address(&self.display))
    }
}

/// The scheme of a URI, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:` (RFC 3966)
    Tel,
    /// Any other.
    Other,
}

/// The parts of a URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Uri {
    /// The scheme.
    pub(super) scheme: Scheme,
    /// The user part as written; empty where there is none. The number of a `tel` URI.
    pub(super) user: String,
    /// The host without brackets; empty in a `tel` URI and in unknown schemes.
    pub(super) host: String,
    /// The port, where one is written.
    pub(super) port: Option<u16>,
    /// The parameters, names in lower case, values unescaped.
    pub(super) params: Vec<(String, String)>,
    /// The header part (after `?`) as written.
    pub(super) headers: String,
}

impl Uri {
    /// Reads a URI; `None` where the scheme or the host is malformed.
    pub(super) fn parse(text: &str) -> Option<Uri> {
        let (scheme, rest) = text.split_once(':')?;
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '<' || c == '>') {
            return None;
        }
        match scheme.to_ascii_lowercase().as_str() {
            "sip" => Uri::parse_sip(Scheme::Sip, rest),
            "sips" => Uri::parse_sip(Scheme::Sips, rest),
            "tel" => Uri::parse_tel(rest),
            other if is_scheme(other) => Some(Uri::bare(Scheme::Other)),
            _ => None,
        }
    }

    fn bare(scheme: Scheme) -> Uri {
        Uri {
            scheme,
            user: String::new(),
            host: String::new(),
            port: None,
            params: Vec::new(),
            headers: String::new(),
        }
    }

    fn parse_sip(scheme: Scheme, rest: &str) -> Option<Uri> {
        let (user, rest) = rest.split_once('@').unwrap_or(("", rest));
        let (rest, headers) = rest.split_once('?').unwrap_or((rest, ""));
        let end = rest.find(';').unwrap_or(rest.len());
        let (host, port) = host_and_port(rest.get(..end)?)?;
        Some(Uri {
            scheme,
            user: user.to_owned(),
            host,
            port,
            params: parameters(rest.get(end..)?)
                .into_iter()
                .map(|(name, value)| (name, unescape(&value)))
                .collect(),
            headers: headers.to_owned(),
        })
    }

    fn parse_tel(rest: &str) -> Option<Uri> {
        let end = rest.find([';', '?']).unwrap_or(rest.len());
        let user = rest.get(..end)?;
        let params = parameters(rest.get(end..)?);
        (!user.is_empty()).then(|| Uri {
            user: user.to_owned(),
            params,
            ..Uri::bare(Scheme::Tel)
        })
    }

    /// The address with the user part decoded: password and user parameters cut, escapes read.
    pub(super) fn address(&self, display: &str) -> Address {
        let user = self.user.split([':', ';']).next().unwrap_or_default();
        Address {
            display: display.to_owned(),
            user: unescape(user),
            host: self.host.clone(),
            params: self.params.clone(),
        }
    }

    /// The value of a parameter.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// The address to send to, where the host is one; names are not looked up here.
    pub(super) fn socket(&self) -> Option<SocketAddr> {
        let address = self.host.parse().ok()?;
        Some(SocketAddr::new(address, self.port.unwrap_or(SIP_PORT)))
    }

    /// The transport named by the URI; UDP where none is (RFC 3263 section 4.1).
    pub(super) fn transport(&self) -> Option<Transport> {
        match self.param("transport") {
            None => Some(Transport::Udp),
            Some(name) if name.eq_ignore_ascii_case("udp") => Some(Transport::Udp),
            Some(name) if name.eq_ignore_ascii_case("tcp") => Some(Transport::Tcp),
            Some(_) => None,
        }
    }

    /// The value of an embedded header, unescaped (RFC 3261 section 19.1.1).
    pub(super) fn headers_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> + 'a {
        self.headers.split('&').filter_map(move |pair| {
            let (n, value) = pair.split_once('=')?;
            n.eq_ignore_ascii_case(name).then(|| unescape(value))
        })
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// Host and port by the library's parser, with what it lets through refused.
pub(super) fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let read = HostWithPort::try_from(text).ok()?;
    let host = match read.host {
        Host::IpAddr(address) => address.to_string(),
        Host::Domain(name) => name.0,
    };
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
    let named = host.parse::<std::net::Ipv6Addr>().is_err() && host.contains(':');
    (!host.is_empty() && host.bytes().all(legal) && !named).then(|| (host, read.port.map(|p| p.0)))
}

/// Cuts a header value at its commas, outside quotes and angle brackets.
pub(super) fn split_list(value: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let mut start = 0;
    let mut depth = 0_u32;
    for (at, c) in outside_quotes(value) {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                items.push(value.get(start..at).unwrap_or_default().trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(value.get(start..).unwrap_or_default().trim());
    items.retain(|item| !item.is_empty());
    items
}

/// Reads `;name=value` pairs; names in lower case, quotes around values removed.
pub(super) fn parameters(text: &str) -> Vec<(String, String)> {
    let mut cuts: Vec<usize> = outside_quotes(text)
        .filter(|(_, c)| *c == ';')
        .map(|(at, _)| at)
        .collect();
    cuts.push(text.len());
    let mut params = Vec::new();
    for pair in cuts.windows(2) {
        let &[start, end] = pair else { continue };
        let pair = text.get(start + 1..end).unwrap_or_default();
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = name.trim().to_ascii_lowercase();
        if !name.is_empty() {
            params.push((name, printable(&unquote(value))));
        }
    }
    params
}

/// Decodes `%XX`; control characters that come out are dropped, broken UTF-8 is replaced.
pub(super) fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten();
        if let Some(byte) = escaped.and_then(hex_pair) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    printable(&String::from_utf8_lossy(&bytes))
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let &[high, low] = pair else { return None };
    let high = char::from(high).to_digit(16)?;
    let low = char::from(low).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

/// Escapes what may not stand in a user part (RFC 3261 section 25.1).
pub(super) fn escape_user(user: &str) -> String {
    let mut text = String::with_capacity(user.len());
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// A text without control characters, so that it cannot end a header line.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn unquote(text: &str) -> String {
    let text = text.trim();
    let Some(inner) = text.strip_prefix('"') else {
        return text.to_owned();
    };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.extend(chars.next()),
            _ => plain.push(c),
        }
    }
    plain
}

/// The place of a character outside quoted strings.
fn unquoted(text: &str, wanted: char) -> Option<usize> {
    outside_quotes(text)
        .find(|(_, c)| *c == wanted)
        .map(|(at, _)| at)
}

/// The characters of a text that are outside quoted strings.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut quoted = false;
    let mut escaped = false;
    text.char_indices().filter(move |(_, c)| {
        let inside = quoted;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        !inside && *c != '"'
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        NameAddr::parse(text)
            .and_then(|name| name.address())
            .expect("an address")
    }

    #[test]
    fn addresses_as_peers_write_them() {
        let cases = [
            ("sip:alice@example.com;tag=1", "", "alice", "example.com"),
            (
                "<sip:+31201234567;phone-context=x@h:5070;user=phone>",
                "",
                "+31201234567",
                "h",
            ),
            (
                "\"A \\\"B\\\" <sip:evil@x>\" <sip:%32001@h>",
                "A \"B\" <sip:evil@x>",
                "2001",
                "h",
            ),
            (
                "Jan de Vries <sip:jan:secret@[2001:db8::1]:5061>",
                "Jan de Vries",
                "jan",
                "2001:db8::1",
            ),
            ("<tel:+31-20;phone-context=nl>", "", "+31-20", ""),
            ("sip:h", "", "", "h"),
            ("<sip:%2a62%23@h>", "", "*62#", "h"),
            ("<sip:a%3Bb%0d%0ac@h>", "", "a;bc", "h"),
        ];
        for (text, display, user, host) in cases {
            let read = address(text);
            assert_eq!(
                (
                    read.display.as_str(),
                    read.user.as_str(),
                    read.host.as_str()
                ),
                (display, user, host),
                "{text}"
            );
        }
    }

    #[test]
    fn a_voicemail_target_is_unescaped() {
        let read = address("<sip:voicemail@h;target=sip:2001%40pbx;Cause=486>");
        assert_eq!(read.param("target"), Some("sip:2001@pbx"));
        assert_eq!(read.param("cause"), Some("486"));
    }

    #[test]
    fn texts_that_are_no_addresses() {
        for bad in [
            "",
            "<>",
            "alice",
            "sip:",
            "sip:a@",
            "<sip:a@b",
            "\"open <sip:a@b>",
            "<sip:a b@c>",
            "<sip:a@b> junk",
            "sip:a@b:70000",
            "sip:a@[::1",
            "sip:a@b:c",
        ] {
            let read = NameAddr::parse(bad).and_then(|name| name.address());
            assert_eq!(read, None, "{bad}");
        }
    }

    #[test]
    fn lists_are_cut_outside_quotes_and_brackets() {
        let list = "\"a, b\" <sip:a@h;x=1,2>;reason=\"p,q\" , <sip:b@h>,";
        assert_eq!(
            split_list(list),
            ["\"a, b\" <sip:a@h;x=1,2>;reason=\"p,q\"", "<sip:b@h>"]
        );
        let name = NameAddr::parse(split_list(list)[0]).expect("a name");
        assert_eq!(name.param("reason"), Some("p,q"));
    }

    #[test]
    fn an_escaped_user_survives_decoding() {
        for user in ["*62#", "2001", "a b;c@d", "héé"] {
            let uri = format!("sip:{}@h", escape_user(user));
            assert_eq!(Uri::parse(&uri).expect("a URI").address("").user, user);
        }
    }

    #[test]
    fn embedded_headers_are_unescaped() {
        let uri = Uri::parse("sip:a@h;cause=302?Reason=SIP%3Bcause%3D302&x=y").expect("a URI");
        assert_eq!(
            uri.headers_named("reason").next().as_deref(),
            Some("SIP;cause=302")
        );
    }
}
