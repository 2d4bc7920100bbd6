//! Cutting a byte stream into SIP messages (RFC 3261 section 18.3) and keep-alives (RFC 5626
//! section 3.5.1).
//!
//! In: bytes, in pieces of any size. Out: whole messages in order, and pings. Laws: how the stream
//! is cut into pieces changes nothing; after a fault nothing more comes out; once polled until
//! `None`, no more than one message and one piece is held.
//!
//! Pure. A message without Content-Length cannot be told from the next one, so it is a fault.

/// The bounds of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLimits {
    /// The longest start line and headers with the empty line, in octets.
    pub head: usize,
    /// The longest body, in octets.
    pub body: usize,
}

/// What a stream holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// One message, head and body.
    Message(Vec<u8>),
    /// A double CRLF between messages, to be answered by one CRLF.
    Ping,
}

/// Why a stream cannot be cut any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// No end of the headers within [`FrameLimits::head`].
    #[error("the headers of a message are longer than allowed")]
    HeadTooLong,
    /// Content-Length is above [`FrameLimits::body`].
    #[error("the body of a message is longer than allowed")]
    BodyTooLong,
    /// RFC 3261 section 20.14: required on a stream.
    #[error("a message on a stream has no Content-Length")]
    NoContentLength,
    /// Content-Length is no number, or two of them differ.
    #[error("the Content-Length of a message cannot be read")]
    BadContentLength,
}

const HEAD_END: &[u8] = b"\r\n\r\n";

/// Holds what has come of the current message.
#[derive(Debug)]
pub struct Framer {
    limits: FrameLimits,
    buffer: Vec<u8>,
    /// Where the unconsumed part of `buffer` starts.
    start: usize,
    /// How much of the unconsumed part holds no end of headers.
    scanned: usize,
    /// The length of the message at `start`, once its headers are there.
    whole: Option<usize>,
    /// How much of a ping the last octets between messages were.
    ping: usize,
    fault: Option<FrameFault>,
}

impl Framer {
    /// A framer at the start of a stream.
    pub fn new(limits: FrameLimits) -> Framer {
        Framer {
            limits,
            buffer: Vec::new(),
            start: 0,
            scanned: 0,
            whole: None,
            ping: 0,
            fault: None,
        }
    }

    /// Takes the next octets of the stream; poll until `None` before the next push.
    pub fn push(&mut self, octets: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(octets);
    }

    /// The next thing that is whole; `None` until more octets come.
    ///
    /// # Errors
    /// The stream is beyond repair; every later poll says so too.
    pub fn poll(&mut self) -> Result<Option<Frame>, FrameFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if self.skip_line_ends() {
            return Ok(Some(Frame::Ping));
        }
        let length = match self
            .whole
            .map_or_else(|| self.measure(), |length| Ok(Some(length)))
        {
            Ok(Some(length)) => length,
            Ok(None) => return Ok(None),
            Err(fault) => {
                self.fault = Some(fault);
                return Err(fault);
            }
        };
        self.whole = Some(length);
        let Some(message) = self.rest().get(..length).map(<[u8]>::to_vec) else {
            return Ok(None);
        };
        self.start += length;
        self.scanned = 0;
        self.whole = None;
        Ok(Some(Frame::Message(message)))
    }

    /// Whether the stream stands between two messages.
    pub fn is_between(&self) -> bool {
        self.rest().is_empty()
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Passes over line ends before a start line (RFC 3261 section 7.5); true after a whole ping.
    fn skip_line_ends(&mut self) -> bool {
        while let Some(octet) = self.buffer.get(self.start).copied() {
            if octet != b'\r' && octet != b'\n' {
                self.ping = 0;
                return false;
            }
            self.start += 1;
            self.ping = match (HEAD_END.get(self.ping), octet) {
                (Some(expected), _) if *expected == octet => self.ping + 1,
                (_, b'\r') => 1,
                _ => 0,
            };
            if self.ping == HEAD_END.len() {
                self.ping = 0;
                return true;
            }
        }
        false
    }

    /// The length of the message at the front, as soon as its headers are there.
    fn measure(&mut self) -> Result<Option<usize>, FrameFault> {
        let unseen = self.rest().get(self.scanned..).unwrap_or_default();
        let end = unseen.windows(HEAD_END.len()).position(|w| w == HEAD_END);
        let Some(end) = end else {
            let held = self.rest().len();
            if held >= self.limits.head {
                return Err(FrameFault::HeadTooLong);
            }
            self.scanned = held.saturating_sub(HEAD_END.len() - 1);
            return Ok(None);
        };
        let head = self.scanned + end + HEAD_END.len();
        if head > self.limits.head {
            return Err(FrameFault::HeadTooLong);
        }
        let body = content_length(self.rest().get(..head).unwrap_or_default())?;
        match usize::try_from(body) {
            Ok(body) if body <= self.limits.body => Ok(Some(head + body)),
            Ok(_) | Err(_) => Err(FrameFault::BodyTooLong),
        }
    }
}

/// Reads Content-Length or its compact form `l` (RFC 3261 sections 20.14 and 7.3.3).
fn content_length(head: &[u8]) -> Result<u64, FrameFault> {
    let mut found = None;
    for header in headers(head) {
        let Some(colon) = header.iter().position(|octet| *octet == b':') else {
            continue;
        };
        let (name, value) = header.split_at(colon);
        let name = name.trim_ascii();
        if !name.eq_ignore_ascii_case(b"content-length") && !name.eq_ignore_ascii_case(b"l") {
            continue;
        }
        let length = number(value.get(1..).unwrap_or_default())?;
        if found.is_some_and(|before| before != length) {
            return Err(FrameFault::BadContentLength);
        }
        found = Some(length);
    }
    found.ok_or(FrameFault::NoContentLength)
}

/// The header fields after the start line, each with its continuation lines (RFC 3261
/// section 7.3.1).
fn headers(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_line(head);
    std::iter::from_fn(move || {
        let field = rest;
        let mut length = 0;
        loop {
            let next = after_line(rest);
            length += rest.len() - next.len();
            rest = next;
            if !matches!(rest.first(), Some(b' ' | b'\t')) {
                break;
            }
        }
        (length > 0).then(|| field.get(..length).unwrap_or_default())
    })
}

fn after_line(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|octet| *octet == b'\n');
    end.and_then(|end| text.get(end + 1..)).unwrap_or_default()
}

/// Digits with blanks and line ends around them.
fn number(value: &[u8]) -> Result<u64, FrameFault> {
    let digits = value.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(FrameFault::BadContentLength);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| FrameFault::BadContentLength)?;
    // More figures than fit are a number too: one that is too large.
    Ok(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: FrameLimits = FrameLimits {
        head: 200,
        body: 50,
    };

    /// Everything a stream gives when it comes in pieces of these sizes, over and over.
    fn cut(stream: &[u8], sizes: &[usize]) -> (Vec<Frame>, Option<FrameFault>) {
        let mut framer = Framer::new(LIMITS);
        let mut frames = Vec::new();
        let mut rest = stream;
        for size in sizes.iter().cycle() {
            let (piece, later) = rest.split_at((*size).min(rest.len()));
            framer.push(piece);
            loop {
                match framer.poll() {
                    Ok(Some(frame)) => frames.push(frame),
                    Ok(None) => break,
                    Err(fault) => {
                        assert_eq!(framer.poll(), Err(fault));
                        return (frames, Some(fault));
                    }
                }
            }
            assert!(framer.rest().len() <= LIMITS.head + LIMITS.body);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        (frames, None)
    }

    fn message(text: &str) -> Frame {
        Frame::Message(text.as_bytes().to_vec())
    }

    #[test]
    fn a_message_ends_where_its_content_length_says() {
        for header in [
            "Content-Length: 3",
            "content-length:3",
            "l: 3",
            "L : 003",
            "Content-Length:\r\n 3",
            "l: 3\r\nContent-Length: 3",
            "Subject: x\r\n Content-Length: 9\r\nl: 3",
        ] {
            let one = format!("BYE sip:a@b SIP/2.0\r\n{header}\r\n\r\nabc");
            let (frames, fault) = cut(format!("{one}{one}BYE").as_bytes(), &[1_000]);
            assert_eq!(frames, [message(&one), message(&one)], "{header}");
            assert_eq!(fault, None);
        }
    }

    #[test]
    fn only_a_double_line_end_between_messages_is_a_ping() {
        let one = "A b SIP/2.0\r\nl: 4\r\n\r\n\r\n\r\n";
        let cases = [
            ("\r\n\r\n", 1),
            ("\r\n", 0),
            ("\r\n\r\n\r\n\r\n", 2),
            ("\n\r\n\r\n", 1),
            ("\r\r\n\r\n", 1),
            ("\n\n\n\n", 0),
        ];
        for (between, pings) in cases {
            let stream = format!("{between}{one}{between}{one}");
            let (frames, fault) = cut(stream.as_bytes(), &[1]);
            let found = frames.iter().filter(|f| **f == Frame::Ping).count();
            assert_eq!((found, fault), (2 * pings, None), "{between:?}");
            assert_eq!(frames.len(), found + 2);
        }
    }

    #[test]
    fn a_stream_that_cannot_be_cut_is_given_up() {
        let long = format!("A b SIP/2.0\r\nX: {}\r\nl: 0\r\n\r\n", "x".repeat(200));
        let cases = [
            ("A b SIP/2.0\r\n\r\n", FrameFault::NoContentLength),
            (
                "A b SIP/2.0\r\nX: l: 3\r\n\r\n",
                FrameFault::NoContentLength,
            ),
            ("A b SIP/2.0\r\nl: -1\r\n\r\n", FrameFault::BadContentLength),
            ("A b SIP/2.0\r\nl:\r\n\r\n", FrameFault::BadContentLength),
            (
                "A b SIP/2.0\r\nl: 1 2\r\n\r\n",
                FrameFault::BadContentLength,
            ),
            (
                "A b SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\n",
                FrameFault::BadContentLength,
            ),
            ("A b SIP/2.0\r\nl: 51\r\n\r\n", FrameFault::BodyTooLong),
            (
                "A b SIP/2.0\r\nl: 99999999999999999999999\r\n\r\n",
                FrameFault::BodyTooLong,
            ),
            (long.as_str(), FrameFault::HeadTooLong),
        ];
        let good = "A b SIP/2.0\r\nl: 0\r\n\r\n";
        for (bad, fault) in cases {
            for size in [1, 7, 1_000] {
                let stream = format!("{good}{bad}{good}");
                let expected = (vec![message(good)], Some(fault));
                assert_eq!(cut(stream.as_bytes(), &[size]), expected, "{bad}");
            }
        }
    }

    #[test]
    fn the_largest_message_allowed_passes() {
        let frame = |head: usize, body: usize| {
            let start = format!("A b SIP/2.0\r\nl: {body}\r\nX: ");
            let fill = "x".repeat(head - start.len() - 4);
            format!("{start}{fill}\r\n\r\n{}", "y".repeat(body))
        };
        let largest = frame(LIMITS.head, LIMITS.body);
        for size in [1, 1_000] {
            let (frames, fault) = cut(largest.as_bytes(), &[size]);
            assert_eq!((frames.len(), fault), (1, None));
            let (_, fault) = cut(frame(LIMITS.head + 1, 0).as_bytes(), &[size]);
            assert_eq!(fault, Some(FrameFault::HeadTooLong));
        }
    }

    /// Pieces of streams, good and bad.
    fn stretch() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            6 => prop::collection::vec(any::<u8>(), 0..50).prop_map(|body| {
                let mut text = format!("A b SIP/2.0\r\nl: {}\r\n\r\n", body.len()).into_bytes();
                text.extend(body);
                text
            }),
            2 => Just(b"\r\n\r\n".to_vec()),
            1 => Just(b"\r\n".to_vec()),
            1 => prop::collection::vec(prop::sample::select(b"\r\n l:13A".to_vec()), 0..30),
        ]
    }

    proptest! {
        #[test]
        fn any_split_of_a_stream_gives_the_same_frames(
            stretches in prop::collection::vec(stretch(), 0..12),
            sizes in prop::collection::vec(1usize..60, 1..8),
        ) {
            let stream = stretches.concat();
            prop_assert_eq!(cut(&stream, &sizes), cut(&stream, &[stream.len().max(1)]));
        }
    }
}
