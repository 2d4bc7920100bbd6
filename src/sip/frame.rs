//! Cutting a stream into messages by Content-Length (RFC 3261 sections 7.5 and 18.3).
//!
//! Bytes in, the length of the first whole message out. Pure: the caller keeps the buffer.

use super::config::MAX_HEADERS;

/// The longest header section looked for in a stream, in bytes.
const MAX_HEAD: usize = 32_768;

/// What stands at the front of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Not yet a whole message.
    Partial,
    /// Line ends between messages: a keep-alive (RFC 5626 section 3.5.1) of this many bytes.
    /// A `ping` (two line ends) wants one line end (`\r\n`) sent back.
    KeepAlive {
        /// How many bytes to drop.
        length: usize,
        /// Whether an answer is wanted.
        ping: bool,
    },
    /// A message of this many bytes.
    Message(usize),
    /// No message can follow: too long, or without a usable Content-Length. Close the stream.
    Broken,
}

/// Looks at the front of a stream; `max_message` bounds a message in bytes.
pub fn frame(buffer: &[u8], max_message: usize) -> Frame {
    let blank = buffer
        .iter()
        .take_while(|b| matches!(b, b'\r' | b'\n'))
        .count();
    if blank >= 2 {
        let ping = buffer.starts_with(b"\r\n\r\n");
        let length = if ping { 4 } else { 2 };
        return Frame::KeepAlive { length, ping };
    }
    let Some(head) = head_length(buffer) else {
        return if buffer.len() > MAX_HEAD.min(max_message) {
            Frame::Broken
        } else {
            Frame::Partial
        };
    };
    let Some(body) = content_length(buffer.get(..head).unwrap_or_default()) else {
        return Frame::Broken;
    };
    match head.checked_add(body) {
        Some(length) if length > max_message => Frame::Broken,
        Some(length) if length <= buffer.len() => Frame::Message(length),
        Some(_) => Frame::Partial,
        None => Frame::Broken,
    }
}

/// The length of the header section with its empty line.
pub(super) fn head_length(buffer: &[u8]) -> Option<usize> {
    buffer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| at + 4)
}

fn content_length(head: &[u8]) -> Option<usize> {
    let mut found = None;
    for line in head.split(|b| *b == b'\n').skip(1).take(MAX_HEADERS * 2) {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            continue;
        }
        let Some(colon) = line.iter().position(|b| *b == b':') else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        let name = name.trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"l") {
            let value = value.get(1..)?.trim_ascii();
            let value = std::str::from_utf8(value).ok()?;
            if !value.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let value = value.parse().ok()?;
            if found.is_some_and(|before| before != value) {
                return None;
            }
            found = Some(value);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_cut_where_its_messages_end() {
        let one = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length : 3\r\n\r\nabc";
        let mut two = one.to_vec();
        two.extend_from_slice(b"BYE");
        assert_eq!(frame(&two, 1_000), Frame::Message(one.len()));
        for end in 1..one.len() {
            assert_eq!(frame(&one[..end], 1_000), Frame::Partial, "{end}");
        }
        assert_eq!(
            frame(b"X sip:a SIP/2.0\r\nl: 7\r\n\r\n", 1_000),
            Frame::Partial
        );
    }

    #[test]
    fn keep_alives_between_messages_are_told_apart() {
        assert_eq!(
            frame(b"\r\n\r\nX", 99),
            Frame::KeepAlive {
                length: 4,
                ping: true
            }
        );
        assert_eq!(
            frame(b"\r\nX", 99),
            Frame::KeepAlive {
                length: 2,
                ping: false
            }
        );
        assert_eq!(frame(b"\r", 99), Frame::Partial);
    }

    #[test]
    fn a_stream_that_cannot_be_cut_is_broken() {
        for bad in [
            "X sip:a SIP/2.0\r\n\r\n",
            "X sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n",
            "X sip:a SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\n",
            "X sip:a SIP/2.0\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            "X sip:a SIP/2.0\r\nContent-Length: 2000\r\n\r\n",
        ] {
            assert_eq!(frame(bad.as_bytes(), 1_000), Frame::Broken, "{bad}");
        }
        assert_eq!(frame(&[b'x'; 2_000], 1_000), Frame::Broken);
    }
}
