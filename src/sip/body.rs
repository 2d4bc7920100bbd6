//! Message bodies: the session description of an INVITE, and keys in an INFO.
//!
//! A request in; SDP text, a key, or the reason for a refusal out. `multipart/mixed` with one
//! SDP part is read (RFC 5621). Keys come as `application/dtmf-relay` (`Signal=5`) or
//! `application/dtmf` (one character), both in use without a standard.

use super::headers::Headers;
use super::vocabulary::Offer;
use crate::base::Digit;

/// The media type of a session description.
pub(super) const SDP: &str = "application/sdp";
/// What an INFO may carry.
pub(super) const KEYS: &str = "application/dtmf-relay, application/dtmf";
/// The most parts looked at in a multipart body.
const MAX_PARTS: usize = 16;

/// Why a body is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// Its type is not one we read (415).
    Type,
    /// It is compressed (415).
    Encoding,
    /// It is not what its type says (400).
    Malformed(&'static str),
}

/// The session description of a message; `None` where it has no body, or one that may be
/// ignored (`handling=optional`, RFC 3204 section 6).
pub(super) fn description(headers: &Headers, body: &[u8]) -> Result<Option<Offer>, BodyFault> {
    if body.is_empty() {
        return Ok(None);
    }
    let encoded = headers
        .list("Content-Encoding")
        .any(|coding| !coding.eq_ignore_ascii_case("identity"));
    if encoded {
        return Err(BodyFault::Encoding);
    }
    let Some(full) = headers.value("Content-Type") else {
        return Err(BodyFault::Malformed("The body has no Content-Type"));
    };
    match media_type(full).as_str() {
        SDP => Ok(Some(text(body))),
        "multipart/mixed" | "multipart/alternative" => {
            let boundary = boundary(full).ok_or(BodyFault::Malformed("No multipart boundary"))?;
            let found = parts(body, &boundary)
                .into_iter()
                .find(|part| part.kind == SDP);
            found
                .map(|part| Some(text(part.body)))
                .ok_or(BodyFault::Type)
        }
        _ if is_optional(headers) => Ok(None),
        _ => Err(BodyFault::Type),
    }
}

/// The key in an INFO; `None` where it has no body.
pub(super) fn key(headers: &Headers, body: &[u8]) -> Result<Option<Digit>, BodyFault> {
    if body.is_empty() {
        return Ok(None);
    }
    let kind = headers.value("Content-Type").map(media_type);
    let body = text(body);
    let signal = match kind.as_deref() {
        Some("application/dtmf-relay") => body.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("signal")
                .then(|| value.trim())
        }),
        Some("application/dtmf") => Some(body.trim()),
        _ => return Err(BodyFault::Type),
    };
    let key = signal.and_then(read_key);
    key.map(Some)
        .ok_or(BodyFault::Malformed("The body names no key"))
}

/// A key by its character or by its event code (10 is `*`, 11 is `#`).
fn read_key(signal: &str) -> Option<Digit> {
    let mut chars = signal.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Digit::from_char(c),
        _ => signal.parse().ok().and_then(Digit::from_event),
    }
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

fn media_type(full: &str) -> String {
    let kind = full.split(';').next().unwrap_or_default();
    let kind: String = kind.chars().filter(|c| !c.is_whitespace()).collect();
    kind.to_ascii_lowercase()
}

fn boundary(full: &str) -> Option<String> {
    let start = full.find(';')?;
    super::address::parameters(full.get(start..)?)
        .into_iter()
        .find(|(name, value)| name == "boundary" && !value.is_empty())
        .map(|(_, value)| value)
}

fn is_optional(headers: &Headers) -> bool {
    headers.value("Content-Disposition").is_some_and(|value| {
        let start = value.find(';').unwrap_or(value.len());
        super::address::parameters(value.get(start..).unwrap_or_default())
            .iter()
            .any(|(name, value)| name == "handling" && value.eq_ignore_ascii_case("optional"))
    })
}

/// One part of a multipart body.
struct Part<'a> {
    kind: String,
    body: &'a [u8],
}

/// Cuts a multipart body (RFC 2046 section 5.1.1).
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<Part<'a>> {
    let delimiter = format!("--{boundary}");
    let mut cuts = Vec::new();
    let mut from = 0;
    while cuts.len() <= MAX_PARTS {
        let rest = body.get(from..).unwrap_or_default();
        let Some(at) = find(rest, delimiter.as_bytes()) else {
            break;
        };
        cuts.push((from + at, from + at + delimiter.len()));
        from += at + delimiter.len();
    }
    cuts.windows(2)
        .filter_map(|pair| {
            let &[(_, start), (end, _)] = pair else {
                return None;
            };
            read_part(body.get(start..end)?)
        })
        .collect()
}

fn read_part(part: &[u8]) -> Option<Part<'_>> {
    let at = find(part, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(part.get(..at)?).into_owned();
    let kind = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim();
        let known = name.eq_ignore_ascii_case("content-type") || name.eq_ignore_ascii_case("c");
        known.then(|| media_type(value))
    });
    let body = part.get(at + 4..)?;
    Some(Part {
        kind: kind.unwrap_or_default(),
        body: body.strip_suffix(b"\r\n").unwrap_or(body),
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len().max(1))
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::{Bounds, Message, parse};

    fn headers(lines: &str) -> Headers {
        let text = format!(
            "INFO sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@h>;tag=1\r\n\
             To: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INFO\r\n{lines}\r\n\r\n"
        );
        let bounds = Bounds {
            bytes: 9_000,
            headers: 50,
        };
        match parse(text.as_bytes(), bounds) {
            Ok(Message::Request(request)) => request.headers,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn keys_as_phones_send_them() {
        let cases = [
            (
                "application/dtmf-relay",
                "Signal=5\r\nDuration=160",
                Some(Digit::D5),
            ),
            (
                "Application/DTMF-Relay;x=y",
                "Duration= 160\r\nSignal= #\r\n",
                Some(Digit::Pound),
            ),
            ("application/dtmf-relay", "signal=10", Some(Digit::Star)),
            ("application/dtmf", "*", Some(Digit::Star)),
            ("application/dtmf", " 7\r\n", Some(Digit::D7)),
            ("application/dtmf", "", None),
        ];
        for (kind, body, expected) in cases {
            let headers = headers(&format!("Content-Type: {kind}"));
            assert_eq!(key(&headers, body.as_bytes()), Ok(expected), "{body}");
        }
        for (kind, body) in [
            ("application/dtmf", "x"),
            ("application/dtmf-relay", "Duration=1"),
        ] {
            let headers = headers(&format!("Content-Type: {kind}"));
            assert!(matches!(
                key(&headers, body.as_bytes()),
                Err(BodyFault::Malformed(_))
            ));
        }
        assert_eq!(
            key(&headers("Content-Type: text/plain"), b"5"),
            Err(BodyFault::Type)
        );
    }

    #[test]
    fn a_description_is_found_alone_or_among_other_parts() {
        let alone = headers("c : application/SDP ; charset=utf-8");
        assert_eq!(
            description(&alone, b"v=0\r\n"),
            Ok(Some("v=0\r\n".to_owned()))
        );
        let mixed = headers("Content-Type: multipart/mixed;boundary=\"-=b 1\"");
        let body =
            b"preamble\r\n---=b 1\r\nContent-Type: application/isup\r\n\r\n\x01\xff\r\n---=b 1\r\n\
            Content-Type: application/sdp\r\nX: y\r\n\r\nv=0\r\ns=x\r\n\r\n---=b 1--\r\n";
        assert_eq!(
            description(&mixed, body),
            Ok(Some("v=0\r\ns=x\r\n".to_owned()))
        );
    }

    #[test]
    fn other_bodies_are_refused_unless_they_are_optional() {
        let cases = [
            ("Content-Type: text/plain", Err(BodyFault::Type)),
            (
                "Content-Type: text/plain\r\nContent-Disposition: x;handling=optional",
                Ok(None),
            ),
            (
                "Content-Type: application/sdp\r\ne: gzip",
                Err(BodyFault::Encoding),
            ),
            (
                "Content-Type: multipart/mixed;boundary=x",
                Err(BodyFault::Type),
            ),
        ];
        for (lines, expected) in cases {
            assert_eq!(description(&headers(lines), b"v=0"), expected, "{lines}");
        }
        assert!(matches!(
            description(&headers("X: y"), b"v=0"),
            Err(BodyFault::Malformed(_))
        ));
    }
}
