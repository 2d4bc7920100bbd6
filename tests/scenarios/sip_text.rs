//! SIP messages as a telephone reads and writes them: just enough of RFC 3261 section 7.
//!
//! The phones of the scenarios do not use the server's own reader and writer, so that a fault in
//! those cannot cancel itself out.

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The first line.
    pub start: String,
    /// Names as written, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Message {
    /// A message without headers.
    pub fn new(start: impl Into<String>) -> Message {
        Message {
            start: start.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Message {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same with a session description.
    #[must_use]
    pub fn with_sdp(self, sdp: &str) -> Message {
        let mut message = self.with("Content-Type", "application/sdp");
        message.body = sdp.into();
        message
    }

    /// Reads a message.
    pub fn read(bytes: &[u8]) -> Option<Message> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let mut message = Message::new(lines.next()?);
        for line in lines {
            let (name, value) = line.split_once(':')?;
            message
                .headers
                .push((name.trim().to_owned(), value.trim().to_owned()));
        }
        message.body = body.into();
        Some(message)
    }

    /// Writes it, with its Content-Length.
    pub fn write(&self) -> Vec<u8> {
        let line = |(name, value): &(String, String)| format!("{name}: {value}\r\n");
        let headers: String = self.headers.iter().map(line).collect();
        let (start, length, body) = (&self.start, self.body.len(), &self.body);
        format!("{start}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
    }

    /// The first header of this name; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self
            .headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The status of a response; `None` for a request.
    pub fn status(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// The number and method of the CSeq.
    pub fn cseq(&self) -> (u32, &str) {
        let (number, method) = self.header("CSeq").split_once(' ').unwrap_or_default();
        (number.parse().unwrap_or(0), method)
    }

    /// The session description, where there is one.
    pub fn sdp(&self) -> Option<&str> {
        let there = self
            .header("Content-Type")
            .eq_ignore_ascii_case("application/sdp");
        there.then_some(self.body.as_str())
    }

    /// A response to this request.
    pub fn response(&self, status: &str, tag: &str) -> Message {
        let mut response = Message::new(format!("SIP/2.0 {status}"));
        for name in ["Via", "Record-Route", "From", "To", "Call-ID", "CSeq"] {
            let same = self
                .headers
                .iter()
                .filter(|(n, _)| n.eq_ignore_ascii_case(name));
            for (_, value) in same {
                let tagged = name != "To" || value.contains(";tag=");
                let value = if tagged {
                    value.clone()
                } else {
                    format!("{value};tag={tag}")
                };
                response = response.with(name, value);
            }
        }
        response
    }
}

/// The URI between angle brackets, or the text itself.
pub fn uri(value: &str) -> &str {
    value
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or(value, |(uri, _)| uri)
}
