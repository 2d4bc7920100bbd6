//! Enough SIP to speak to a server by hand: messages as text, over UDP or TCP.
//!
//! Written apart from the server's own SIP on purpose: what both misread alike would not be seen.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A received message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// The request or status line.
    pub(crate) start: String,
    /// Header names in lower case, with their values, in order.
    pub(crate) headers: Vec<(String, String)>,
    /// What follows the empty line.
    pub(crate) body: String,
}

impl Message {
    /// Reads a message.
    pub(crate) fn parse(text: &str) -> Option<Message> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let start = lines.next()?.to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let body = body.to_owned();
        Some(Message {
            start,
            headers,
            body,
        })
    }

    /// The status of an answer, `None` for a request.
    pub(crate) fn status(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// The method: of a request its own, of an answer that of its CSeq.
    pub(crate) fn method(&self) -> &str {
        if self.status().is_some() {
            let cseq = self.header("cseq").unwrap_or_default();
            return cseq.split_whitespace().last().unwrap_or_default();
        }
        self.start.split(' ').next().unwrap_or_default()
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(n, _)| n == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// An answer to this request without a body; `more` are complete header lines.
    pub(crate) fn answer(&self, status: &str, more: &str) -> String {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for (name, value) in &self.headers {
            if ["via", "from", "to", "call-id", "cseq"].contains(&name.as_str()) {
                let _ = write!(text, "{name}: {value}\r\n");
            }
        }
        text + more + "Content-Length: 0\r\n\r\n"
    }
}

/// A way to a server.
#[derive(Debug)]
pub(crate) enum Link {
    /// One datagram, one message.
    Udp(UdpSocket),
    /// A stream, with what was read of it and not yet used.
    Tcp(TcpStream, Vec<u8>),
}

impl Link {
    /// From a port of the system's choice on 127.0.0.1.
    pub(crate) fn udp(server: SocketAddr) -> Link {
        Link::udp_from(Ipv4Addr::LOCALHOST, server)
    }

    /// From another loopback address.
    pub(crate) fn udp_from(ip: Ipv4Addr, server: SocketAddr) -> Link {
        let socket = UdpSocket::bind((ip, 0)).expect("a UDP socket");
        socket.connect(server).expect("a server address");
        Link::Udp(socket)
    }

    /// Over a TCP connection.
    pub(crate) fn tcp(server: SocketAddr) -> Link {
        let stream = TcpStream::connect(server).expect("a TCP connection");
        Link::Tcp(stream, Vec::new())
    }

    /// Our end.
    pub(crate) fn local(&self) -> SocketAddr {
        match self {
            Link::Udp(socket) => socket.local_addr(),
            Link::Tcp(stream, _) => stream.local_addr(),
        }
        .expect("a local address")
    }

    /// The word for the Via header.
    pub(crate) fn protocol(&self) -> &'static str {
        match self {
            Link::Udp(_) => "UDP",
            Link::Tcp(..) => "TCP",
        }
    }

    /// Sends text as it is. A refusal by a server that is down is like a lost packet.
    pub(crate) fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes());
    }

    /// Sends any bytes.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = match self {
            Link::Udp(socket) => socket.send(bytes).map(|_| ()),
            Link::Tcp(stream, _) => stream.write_all(bytes),
        };
    }

    /// The next message, if one comes in time.
    pub(crate) fn receive(&mut self, within: Duration) -> Option<Message> {
        let end = Instant::now() + within;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let left = left.max(Duration::from_millis(1));
            match self.receive_once(left) {
                Some(message) => return Some(message),
                None if Instant::now() >= end => return None,
                None => {}
            }
        }
    }

    fn receive_once(&mut self, within: Duration) -> Option<Message> {
        match self {
            Link::Udp(socket) => {
                let mut buffer = vec![0; 65_536];
                socket.set_read_timeout(Some(within)).expect("a time-out");
                let len = socket.recv(&mut buffer).ok()?;
                Message::parse(&String::from_utf8_lossy(&buffer[..len]))
            }
            Link::Tcp(stream, pending) => {
                if let Some(message) = framed(pending) {
                    return Some(message);
                }
                let mut buffer = [0; 4_096];
                stream.set_read_timeout(Some(within)).expect("a time-out");
                match stream.read(&mut buffer) {
                    Ok(len) => pending.extend_from_slice(&buffer[..len]),
                    Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => std::thread::sleep(Duration::from_millis(1)),
                }
                framed(pending)
            }
        }
    }

    /// The first final answer to a request of this method; others are passed over.
    pub(crate) fn final_answer(&mut self, method: &str, within: Duration) -> Option<Message> {
        let end = Instant::now() + within;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let message = self.receive(left)?;
            let is_final = message.status().is_some_and(|s| s >= 200);
            if is_final && message.method() == method {
                return Some(message);
            }
        }
    }
}

/// Takes the first whole message off a stream.
fn framed(pending: &mut Vec<u8>) -> Option<Message> {
    let head = pending.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&pending[..head]).into_owned();
    let body = Message::parse(&text)?
        .header("content-length")?
        .parse::<usize>()
        .ok()?;
    let whole = pending.get(..head + body)?;
    let message = Message::parse(&String::from_utf8_lossy(whole));
    pending.drain(..head + body);
    message
}

/// A text no other message of this run has.
pub(crate) fn unique(prefix: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let clock = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| d.as_nanos());
    format!("{prefix}{clock:x}x{count}")
}

/// The parts of a request outside or inside a dialog.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The method.
    pub(crate) method: String,
    /// The Request-URI.
    pub(crate) uri: String,
    /// The From header.
    pub(crate) from: String,
    /// The To header.
    pub(crate) to: String,
    /// The Call-ID.
    pub(crate) call_id: String,
    /// The CSeq number.
    pub(crate) cseq: u32,
    /// The branch of the Via header.
    pub(crate) branch: String,
    /// Max-Forwards.
    pub(crate) max_forwards: u32,
    /// Further header lines without line ends.
    pub(crate) headers: Vec<String>,
    /// Content-Type and body.
    pub(crate) body: Option<(&'static str, String)>,
}

impl Request {
    /// A request outside of any dialog, to `user` at the server, from `caller`.
    pub(crate) fn new(method: &str, user: &str, server: SocketAddr, caller: &str) -> Request {
        let host = server.ip();
        Request {
            method: method.to_owned(),
            uri: format!("sip:{user}@{server}"),
            from: format!("<sip:{caller}@{host}>;tag={}", unique("f")),
            to: format!("<sip:{user}@{server}>"),
            call_id: unique("call"),
            cseq: 1,
            branch: unique("z9hG4bK"),
            max_forwards: 70,
            headers: Vec::new(),
            body: None,
        }
    }

    /// The same with a header line more.
    pub(crate) fn header(mut self, line: impl Into<String>) -> Request {
        self.headers.push(line.into());
        self
    }

    /// The same with a body.
    pub(crate) fn body(mut self, kind: &'static str, body: impl Into<String>) -> Request {
        self.body = Some((kind, body.into()));
        self
    }

    /// As it travels over this link.
    pub(crate) fn text(&self, link: &Link) -> String {
        let (local, protocol) = (link.local(), link.protocol());
        let Request {
            method,
            uri,
            from,
            to,
            call_id,
            cseq,
            branch,
            max_forwards,
            ..
        } = self;
        let mut text = format!(
            "{method} {uri} SIP/2.0\r\n\
             Via: SIP/2.0/{protocol} {local};branch={branch};rport\r\n\
             Max-Forwards: {max_forwards}\r\nFrom: {from}\r\nTo: {to}\r\n\
             Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:test@{local};transport={}>\r\n",
            protocol.to_lowercase()
        );
        for line in &self.headers {
            text += line;
            text += "\r\n";
        }
        let (kind, body) = self.body.clone().unwrap_or_default();
        if !kind.is_empty() {
            let _ = write!(text, "Content-Type: {kind}\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
        text
    }
}

/// An offer of one audio line with these formats at this address.
pub(crate) fn sdp(ip: IpAddr, port: u16, formats: &[(u8, &str)], more: &str) -> String {
    let list: Vec<String> = formats.iter().map(|(pt, _)| pt.to_string()).collect();
    let mut text = format!(
        "v=0\r\no=test 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP {}\r\n",
        list.join(" ")
    );
    for (pt, name) in formats {
        let _ = write!(text, "a=rtpmap:{pt} {name}\r\n");
    }
    text + more
}
