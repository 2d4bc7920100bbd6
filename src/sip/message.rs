//! Reading one message, and saying what is wrong with it (RFC 3261 sections 7, 8.1.1 and 18.3).
//!
//! Bytes in; a [`Message`] that keeps its promises out, or a [`Fault`]: either silence, or a
//! refusal to send. The library has a closed set of methods, stops at bytes that are not UTF-8
//! and takes no body where Content-Length is missing, so the start line and the checks are here.

use super::address::{NameAddr, Uri};
use super::headers::{Headers, number, read_headers};
use super::method::Method;
use super::via::Via;

/// The bounds of one message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Bytes in all.
    pub(super) bytes: usize,
    /// Header lines.
    pub(super) headers: usize,
}

/// One message.
#[derive(Clone, Debug)]
pub(super) enum Message {
    /// A request.
    Request(Box<Request>),
    /// A response.
    Response(Box<Response>),
}

/// A request whose mandatory headers are there and can be read.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// The method.
    pub(super) method: Method,
    /// The Request-URI as written.
    pub(super) uri: String,
    /// The headers.
    pub(super) headers: Headers,
    /// The body.
    pub(super) body: Vec<u8>,
    /// The topmost Via.
    pub(super) via: Via,
    /// The From header.
    pub(super) from: NameAddr,
    /// The To header.
    pub(super) to: NameAddr,
    /// The Call-ID.
    pub(super) call_id: String,
    /// The number of the CSeq.
    pub(super) cseq: u32,
}

/// A response whose mandatory headers are there and can be read.
#[derive(Clone, Debug)]
pub(super) struct Response {
    /// The status, 100-699.
    pub(super) status: u16,
    /// The headers.
    pub(super) headers: Headers,
    /// The body.
    pub(super) body: Vec<u8>,
    /// The branch of the topmost Via.
    pub(super) branch: String,
    /// The To header.
    pub(super) to: NameAddr,
    /// The method of the CSeq.
    pub(super) method: Method,
}

/// Why a message cannot be used.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// Nothing can or may be answered.
    Silent(&'static str),
    /// A request to be refused.
    Refuse(Box<Malformed>),
}

/// A request that cannot be used but can be answered.
#[derive(Clone, Debug)]
pub(super) struct Malformed {
    /// What could be read of it.
    pub(super) headers: Headers,
    /// The status to answer with.
    pub(super) status: u16,
    /// What is wrong, as a reason phrase.
    pub(super) why: &'static str,
}

/// Headers that may stand once only.
const SINGLE: [(&str, &str); 8] = [
    ("From", "More than one From header"),
    ("To", "More than one To header"),
    ("Call-ID", "More than one Call-ID header"),
    ("CSeq", "More than one CSeq header"),
    ("Max-Forwards", "More than one Max-Forwards header"),
    ("Content-Length", "More than one Content-Length header"),
    ("Content-Type", "More than one Content-Type header"),
    ("Session-Expires", "More than one Session-Expires header"),
];

/// The largest CSeq number (RFC 3261 section 8.1.1.5).
const MAX_CSEQ: u32 = 0x7fff_ffff;

/// The length of the header section with its empty line.
fn head_length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    end.map(|at| at + 4)
}

/// Reads a message.
pub(super) fn parse(bytes: &[u8], bounds: Bounds) -> Result<Message, Fault> {
    let start = bytes
        .iter()
        .position(|b| !matches!(b, b'\r' | b'\n' | 0))
        .ok_or(Fault::Silent("a keep-alive"))?;
    let bytes = bytes.get(start..).unwrap_or_default();
    let end = head_length(bytes);
    let head = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    let head = String::from_utf8_lossy(head.get(..bounds.bytes).unwrap_or(head));
    let mut lines = head
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    let start_line = lines.next().unwrap_or_default();
    let (headers, flaw) = read_headers(lines, bounds.headers);
    let flaw = match (bytes.len() > bounds.bytes, end) {
        (true, _) => Some((513, "Message Too Large")),
        (false, None) => Some((400, "The header section has no end")),
        (false, Some(_)) => flaw.map(|why| (400, why)),
    };
    let body = bytes.get(end.unwrap_or(bytes.len())..).unwrap_or_default();
    if start_line
        .get(..4)
        .is_some_and(|s| s.eq_ignore_ascii_case("SIP/"))
    {
        return match flaw {
            Some((_, why)) => Err(Fault::Silent(why)),
            None => read_response(start_line, headers, body).map_err(Fault::Silent),
        };
    }
    read_request(start_line, headers, body, flaw)
}

fn read_request(
    line: &str,
    headers: Headers,
    body: &[u8],
    flaw: Option<(u16, &'static str)>,
) -> Result<Message, Fault> {
    let mut parts = line.split(' ');
    let words = [parts.next(), parts.next(), parts.next(), parts.next()];
    let [Some(method), Some(uri), Some(version), None] = words else {
        return Err(refuse(line, headers, 400, "The request line is malformed"));
    };
    let Some(method) = Method::parse(method) else {
        return Err(refuse(line, headers, 400, "The method is no token"));
    };
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        let known = version
            .get(..4)
            .is_some_and(|s| s.eq_ignore_ascii_case("SIP/"));
        let (status, why) = if known {
            (505, "Version Not Supported")
        } else {
            (400, "The request line names no SIP version")
        };
        return Err(refuse(line, headers, status, why));
    }
    if let Some((status, why)) = flaw {
        return Err(refuse(line, headers, status, why));
    }
    match check_request(method, uri, &headers, body) {
        Ok(mut request) => {
            request.headers = headers;
            Ok(Message::Request(Box::new(request)))
        }
        Err(why) => Err(refuse(line, headers, 400, why)),
    }
}

/// A refusal, or silence where none may be sent: to an ACK, and without a Via to follow.
fn refuse(line: &str, headers: Headers, status: u16, why: &'static str) -> Fault {
    if line.starts_with("ACK ") || headers.value("Via").is_none() {
        return Fault::Silent(why);
    }
    Fault::Refuse(Box::new(Malformed {
        headers,
        status,
        why,
    }))
}

/// Checks a request; its headers are put in by the caller.
fn check_request(
    method: Method,
    uri: &str,
    headers: &Headers,
    body: &[u8],
) -> Result<Request, &'static str> {
    let common = check_common(headers, body)?;
    if common.method != method {
        return Err("CSeq names another method");
    }
    if Uri::parse(uri).is_none() {
        return Err("The Request-URI is malformed");
    }
    if let Some(forwards) = headers.value("Max-Forwards") {
        number(forwards)
            .filter(|forwards| *forwards <= 255)
            .ok_or("Max-Forwards is no number up to 255")?;
    }
    Ok(Request {
        method,
        uri: uri.to_owned(),
        headers: Headers::default(),
        body: common.body.to_vec(),
        via: common.via,
        from: common.from,
        to: common.to,
        call_id: common.call_id.to_owned(),
        cseq: common.cseq,
    })
}

fn read_response(line: &str, headers: Headers, body: &[u8]) -> Result<Message, &'static str> {
    let mut parts = line.splitn(3, ' ');
    let version = parts.next().unwrap_or_default();
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err("a response of another version");
    }
    let status = parts
        .next()
        .filter(|text| text.len() == 3)
        .and_then(number)
        .and_then(|status| u16::try_from(status).ok())
        .filter(|status| (100..700).contains(status))
        .ok_or("a response without a status")?;
    if headers.list("Via").count() != 1 {
        return Err("a response that is not for us");
    }
    let common = check_common(&headers, body)?;
    let response = Response {
        status,
        body: common.body.to_vec(),
        branch: common.via.branch.unwrap_or_default(),
        to: common.to,
        method: common.method,
        headers,
    };
    Ok(Message::Response(Box::new(response)))
}

/// What requests and responses share.
struct Common<'a> {
    via: Via,
    from: NameAddr,
    to: NameAddr,
    call_id: &'a str,
    cseq: u32,
    method: Method,
    body: &'a [u8],
}

fn check_common<'a>(headers: &'a Headers, body: &'a [u8]) -> Result<Common<'a>, &'static str> {
    for (name, why) in SINGLE {
        if headers.count(name) > 1 {
            return Err(why);
        }
    }
    let via = headers.value("Via").ok_or("The Via header is missing")?;
    let via = Via::parse(via).ok_or("The Via header is malformed")?;
    let from = headers.value("From").ok_or("The From header is missing")?;
    let to = headers.value("To").ok_or("The To header is missing")?;
    let call_id = headers
        .value("Call-ID")
        .filter(|id| !id.is_empty() && !id.contains([' ', '\t']))
        .ok_or("The Call-ID header is missing or malformed")?;
    let cseq = headers.value("CSeq").ok_or("The CSeq header is missing")?;
    let (cseq, method) = read_cseq(cseq).ok_or("The CSeq header is malformed")?;
    Ok(Common {
        via,
        from: read_party(from).ok_or("The From header is malformed")?,
        to: read_party(to).ok_or("The To header is malformed")?,
        call_id,
        cseq,
        method,
        body: cut_body(headers, body)?,
    })
}

fn read_party(value: &str) -> Option<NameAddr> {
    let party = NameAddr::parse(value)?;
    Uri::parse(&party.uri)?;
    Some(party)
}

fn read_cseq(value: &str) -> Option<(u32, Method)> {
    let (count, method) = value.split_once([' ', '\t'])?;
    let count = number(count).filter(|count| *count <= MAX_CSEQ)?;
    Some((count, Method::parse(method.trim())?))
}

/// The body: what Content-Length says, all that is left where it is missing (RFC 3261 18.3).
fn cut_body<'a>(headers: &Headers, rest: &'a [u8]) -> Result<&'a [u8], &'static str> {
    let Some(length) = headers.value("Content-Length") else {
        return Ok(rest);
    };
    let length = number(length).ok_or("Content-Length is no number")?;
    usize::try_from(length)
        .ok()
        .and_then(|length| rest.get(..length))
        .ok_or("Content-Length is beyond the end of the message")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        bytes: 4_000,
        headers: 16,
    };

    fn request(lines: &[&str], body: &str) -> Result<Message, Fault> {
        let mut text = lines.join("\r\n");
        text.push_str("\r\n\r\n");
        text.push_str(body);
        parse(text.as_bytes(), BOUNDS)
    }

    const GOOD: [&str; 6] = [
        "INVITE sip:2001@h SIP/2.0",
        "v: SIP / 2.0 / UDP  h : 5070 ;branch = z9hG4bKx",
        "f : \"Ann\" <sip:ann@h>;tag=1",
        "t: <sip:2001@h>",
        "i: one@h",
        "CSeq:  0007\tINVITE",
    ];

    #[test]
    fn compact_names_and_legal_white_space_are_read() {
        let Ok(Message::Request(read)) = request(&GOOD, "the whole rest") else {
            panic!("not read");
        };
        assert_eq!(read.from.param("tag"), Some("1"));
        assert_eq!(read.via.branch.as_deref(), Some("z9hG4bKx"));
        assert_eq!((read.via.host.as_str(), read.via.port), ("h", Some(5070)));
        assert_eq!(read.cseq, 7);
        assert_eq!(read.body, b"the whole rest");
    }

    #[test]
    fn a_folded_header_is_one_value() {
        let mut lines = GOOD.to_vec();
        lines.extend([
            "Diversion : <sip:a@h>",
            "  ;reason=no-answer",
            "Subject: \u{20ac}",
        ]);
        let Ok(Message::Request(read)) = request(&lines, "") else {
            panic!("not read");
        };
        assert_eq!(
            read.headers.value("diversion"),
            Some("<sip:a@h> ;reason=no-answer")
        );
    }

    #[test]
    fn malformed_requests_are_refused_with_the_reason() {
        let cases: [(&str, u16, &str); 14] = [
            ("CSeq: 7 BYE", 400, "More than one CSeq header"),
            ("To: <sip:x@h>", 400, "More than one To header"),
            (
                "Content-Length: 4",
                400,
                "Content-Length is beyond the end of the message",
            ),
            ("Content-Length: -1", 400, "Content-Length is no number"),
            (
                "Max-Forwards: 256",
                400,
                "Max-Forwards is no number up to 255",
            ),
            ("No colon", 400, "A header line has no colon"),
            ("Bad name: x", 400, "A header name is malformed"),
            (": x", 400, "A header name is malformed"),
            ("X: a\rb", 400, "A control character in a header"),
            ("X: a\0b", 400, "A control character in a header"),
            (
                "l: 0\r\nContent-Length: 0",
                400,
                "More than one Content-Length header",
            ),
            (
                "Max-Forwards: 70\r\nMax-Forwards: 70",
                400,
                "More than one Max-Forwards header",
            ),
            ("Call-ID : two@h", 400, "More than one Call-ID header"),
            ("From : <sip:x@h>", 400, "More than one From header"),
        ];
        for (line, status, why) in cases {
            let mut lines = GOOD.to_vec();
            lines.push(line);
            match request(&lines, "") {
                Err(Fault::Refuse(flaw)) => assert_eq!((flaw.status, flaw.why), (status, why)),
                other => panic!("{line}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_line_that_is_replaced_shows_what_is_wrong() {
        let cases: [(usize, &str, u16); 9] = [
            (0, "INVITE sip:2001@h SIP/3.0", 505),
            (0, "INVITE  sip:2001@h SIP/2.0", 400),
            (0, "INVITE <sip:2001@h> SIP/2.0", 400),
            (0, "INVITE sip:2001@h HTTP/1.1", 400),
            (0, "OPTIONS sip:2001@h SIP/2.0", 400),
            (2, "From: \"open <sip:a@h>", 400),
            (4, "Call-ID:", 400),
            (5, "CSeq: 4294967296 INVITE", 400),
            (5, "CSeq: 36893488147419103232 INVITE", 400),
        ];
        for (at, line, status) in cases {
            let mut lines = GOOD.to_vec();
            lines[at] = line;
            match request(&lines, "") {
                Err(Fault::Refuse(flaw)) => assert_eq!(flaw.status, status, "{line}"),
                other => panic!("{line}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_cannot_be_answered_is_met_with_silence() {
        let mut ack = GOOD.to_vec();
        ack[0] = "ACK sip:2001@h SIP/2.0";
        let no_via = [GOOD[0], GOOD[2], GOOD[3], GOOD[4], GOOD[5]];
        let two_vias = [
            "SIP/2.0 200 OK",
            GOOD[1],
            GOOD[1],
            GOOD[2],
            GOOD[3],
            GOOD[4],
            GOOD[5],
        ];
        for lines in [
            &ack[..],
            &no_via,
            &two_vias,
            &["SIP/2.0 99 x", GOOD[1]],
            &[""],
        ] {
            assert!(
                matches!(request(lines, ""), Err(Fault::Silent(_))),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn bounds_are_kept() {
        let many = vec!["X: y"; 30];
        let mut lines = GOOD.to_vec();
        lines.extend(many);
        let Err(Fault::Refuse(flaw)) = request(&lines, "") else {
            panic!("not refused");
        };
        assert_eq!(flaw.why, "Too many header lines");
        let Err(Fault::Refuse(flaw)) = request(&GOOD, &"x".repeat(5_000)) else {
            panic!("not refused");
        };
        assert_eq!(flaw.status, 513);
    }
}
