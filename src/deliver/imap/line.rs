//! What a server says, line by line, before it is parsed.
//!
//! In: octets of a [`Stream`]. Out, to the parser of the `imap` crate: one line or piece of a
//! literal for each read, so that it never holds what it has not used; responses that it cannot
//! read, and nobody here asked for, are left out.
//!
//! Laws: each command has a deadline and a bound of octets, which a literal that says it is larger
//! breaks at once; a literal of ours is sent when the server says go ahead and not before.
//!
//! Specs: RFC 3501 sections 2.2 and 7, RFC 9051 sections 4.3 (literals) and 7.1 (untagged NO and
//! BAD are warnings), RFC 2177 (IDLE), RFC 9051 section 6.2.1 (STARTTLS).

use super::fault::{Fault, shown};
use super::stream::{Stream, Trust};
use crate::deliver::servers::{ImapServer, Tls};
use std::io::{self, Read, Write};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Octets read from the stream at a time.
const PIECE: usize = 16 << 10;

/// Octets that a greeting or the answer to STARTTLS may have.
const GREETING_MAX: usize = 64 << 10;

/// As much of a response as is looked at for its kind, in octets.
const KIND_MAX: usize = 32;

/// The responses without a tag that commands of ours ask for or that tell of a change.
const WANTED: [&str; 6] = ["CAPABILITY", "EXISTS", "EXPUNGE", "FETCH", "OK", "SEARCH"];

/// A connection as the protocol sees it.
pub(super) struct Line {
    stream: Stream,
    /// Read from the stream and not yet looked at.
    ahead: Vec<u8>,
    /// What is handed out, and how much of it is handed out already.
    unit: Vec<u8>,
    given: usize,
    /// Octets of the present literal that are still to come.
    literal: usize,
    /// Whether the response goes on behind a literal.
    inside: bool,
    /// Whether the present response is left out.
    skipping: bool,
    /// Octets that the present command may still read.
    budget: usize,
    /// What is sent when the server says go ahead.
    on_go: Option<Vec<u8>>,
    /// What the server said when it hung up.
    bye: Option<String>,
    /// How often the server told of a message that came or went.
    changes: u64,
}

/// The end of a [`Line`] that the `imap` crate holds.
pub(super) struct Port(Arc<Mutex<Line>>);

/// What an idle wait ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Something changed.
    Change,
    /// Nothing within the time.
    Silence,
}

impl Line {
    /// Connects, reads the greeting and protects the connection as the server's entry says.
    pub(super) fn open(
        server: &ImapServer,
        trust: &Trust,
        deadline: Instant,
    ) -> Result<Line, Fault> {
        let stream = Stream::connect(server, deadline)?;
        match server.tls {
            Tls::Off => Line::greeted(stream, server),
            Tls::Implicit => Line::greeted(stream.secure(server, trust)?, server),
            Tls::StartTls => {
                let stream = Line::greeted(stream, server)?.start_tls(server)?;
                Ok(Line::over(stream.secure(server, trust)?))
            }
        }
    }

    fn over(stream: Stream) -> Line {
        Line {
            stream,
            ahead: Vec::new(),
            unit: Vec::new(),
            given: 0,
            literal: 0,
            inside: false,
            skipping: false,
            budget: GREETING_MAX,
            on_go: None,
            bye: None,
            changes: 0,
        }
    }

    fn greeted(stream: Stream, server: &ImapServer) -> Result<Line, Fault> {
        let mut line = Line::over(stream);
        let host = &server.host;
        let greeting = line.next().map_err(|fault| {
            Fault::Down(format!("no greeting of the IMAP server {host}: {fault}"))
        })?;
        let said = shown(&String::from_utf8_lossy(&greeting));
        if said.to_ascii_uppercase().starts_with("* OK") {
            return Ok(line);
        }
        Err(Fault::Down(format!(
            "the IMAP server {host} greets with {said:?}"
        )))
    }

    /// Asks for TLS. What came in the clear behind the answer would count as protected
    /// afterwards, so it ends the connection.
    fn start_tls(mut self, server: &ImapServer) -> Result<Stream, Fault> {
        let host = &server.host;
        let down = |fault: io::Error| Fault::Down(format!("no TLS with {host}: {fault}"));
        self.send(b"t STARTTLS\r\n").map_err(down)?;
        let answer = loop {
            let line = self.next().map_err(down)?;
            if !line.starts_with(b"* ") {
                break String::from_utf8_lossy(&line).to_ascii_uppercase();
            }
        };
        if !answer.starts_with("T OK") {
            let said = shown(&answer);
            let what = format!("the IMAP server {host} offers no TLS after STARTTLS: {said}");
            return Err(Fault::Operator(what));
        }
        if !self.ahead.is_empty() {
            let what = format!("the IMAP server {host} spoke out of turn before TLS");
            return Err(Fault::Lying(what));
        }
        Ok(self.stream)
    }

    /// Begins a command that must be done by `deadline` and read no more than `budget` octets.
    pub(super) fn begin(&mut self, deadline: Instant, budget: usize) {
        self.stream.set_deadline(deadline);
        self.budget = budget;
        self.on_go = None;
    }

    /// Sends `literal` when the server says go ahead.
    pub(super) fn send_on_go(&mut self, literal: Vec<u8>) {
        self.on_go = Some(literal);
    }

    /// What the server said when it hung up.
    pub(super) fn bye(&self) -> Option<&str> {
        self.bye.as_deref()
    }

    /// How often the server told of a message that came or went.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// Begins to wait for changes (RFC 2177); [`Line::idle`] waits, [`Line::done`] ends it. Whether
    /// the server told of one at once.
    pub(super) fn start_idle(&mut self) -> io::Result<Heard> {
        self.send(b"idle IDLE\r\n")?;
        let mut heard = Heard::Silence;
        loop {
            let line = self.next()?;
            if line.starts_with(b"+") {
                return Ok(heard);
            }
            if !line.starts_with(b"* ") {
                let said = shown(&String::from_utf8_lossy(&line));
                return Err(io::Error::other(format!("IDLE is answered with {said:?}")));
            }
            if self.heed(&line) {
                heard = Heard::Change;
            }
        }
    }

    /// Waits until the server tells of a change, at most until `until`.
    pub(super) fn idle(&mut self, until: Instant) -> io::Result<Heard> {
        self.stream.set_deadline(until);
        loop {
            match self.next() {
                Ok(line) if self.heed(&line) => return Ok(Heard::Change),
                Ok(_) => {}
                Err(fault) if fault.kind() == io::ErrorKind::TimedOut => {
                    return Ok(Heard::Silence);
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Ends the wait; whether something changed meanwhile.
    pub(super) fn done(&mut self) -> io::Result<Heard> {
        self.send(b"DONE\r\n")?;
        let mut heard = Heard::Silence;
        loop {
            let line = self.next()?;
            if line.starts_with(b"idle ") {
                return Ok(heard);
            }
            if self.heed(&line) {
                heard = Heard::Change;
            }
        }
    }

    /// Whether a response without a tag tells of a change.
    fn heed(&mut self, line: &[u8]) -> bool {
        match kind(line).as_deref() {
            Some("EXISTS" | "EXPUNGE" | "VANISHED" | "FETCH") => true,
            Some("BYE") => {
                self.bye = Some(shown(&String::from_utf8_lossy(line)));
                false
            }
            Some(_) | None => false,
        }
    }

    /// The next line, with its end. What is read of it stays when the time is up in its middle.
    fn next(&mut self) -> io::Result<Vec<u8>> {
        let mut looked = 0;
        loop {
            let new = self.ahead.get(looked..).unwrap_or_default();
            if let Some(end) = new.iter().position(|&octet| octet == b'\n') {
                return Ok(self.ahead.drain(..=looked + end).collect());
            }
            looked = self.ahead.len();
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.budget == 0 {
            return Err(io::Error::other("the server says more than any answer has"));
        }
        let mut piece = [0; PIECE];
        let read = loop {
            match self.stream.read(&mut piece) {
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if read == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server hung up",
            ));
        }
        self.budget = self.budget.saturating_sub(read);
        self.ahead
            .extend_from_slice(piece.get(..read).unwrap_or_default());
        Ok(())
    }

    fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets)?;
        self.stream.flush()
    }

    fn check_size(&self, size: usize) -> io::Result<()> {
        if size > self.budget + self.ahead.len() {
            let what = format!("the server announces {size} octets, more than any answer has");
            return Err(io::Error::other(what));
        }
        Ok(())
    }

    /// Takes the next unit for the parser.
    fn advance(&mut self) -> io::Result<()> {
        loop {
            let unit = if self.literal > 0 {
                self.piece_of_literal()?
            } else {
                let mut line = self.next()?;
                if !self.inside {
                    if line.starts_with(b"+")
                        && let Some(literal) = self.on_go.take()
                    {
                        self.send(&literal)?;
                        self.send(b"\r\n")?;
                        continue;
                    }
                    self.judge(&line);
                    plain(&mut line);
                }
                let size = literal_size(&line);
                self.check_size(size.unwrap_or(0))?;
                self.literal = size.unwrap_or(0);
                self.inside = size.is_some();
                line
            };
            if !self.skipping {
                (self.unit, self.given) = (unit, 0);
                return Ok(());
            }
        }
    }

    fn piece_of_literal(&mut self) -> io::Result<Vec<u8>> {
        if self.ahead.is_empty() {
            self.fill()?;
        }
        let size = self.literal.min(self.ahead.len());
        self.literal -= size;
        Ok(self.ahead.drain(..size).collect())
    }

    /// Looks at the first line of a response.
    fn judge(&mut self, line: &[u8]) {
        let kind = kind(line);
        self.skipping = kind.as_deref().is_some_and(|kind| !WANTED.contains(&kind));
        match kind.as_deref() {
            Some("BYE") => self.bye = Some(shown(&String::from_utf8_lossy(line))),
            Some("EXISTS" | "EXPUNGE") => self.changes += 1,
            Some("NO" | "BAD") => {
                tracing::warn!(said = %shown(&String::from_utf8_lossy(line)), "an IMAP server warns");
            }
            Some(_) | None => {}
        }
    }
}

/// Takes out of the text of an answer what the parser stumbles on: RFC 9051 section 4.2.2 has UTF-8
/// there, and it knows ASCII alone.
fn plain(line: &mut [u8]) {
    if kind(line).is_none_or(|kind| kind == "OK") {
        let strange = line.iter_mut().filter(|octet| !matches!(octet, 1..=0x7f));
        strange.for_each(|octet| *octet = b'?');
    }
}

/// The kind of a response without a tag, in capitals.
fn kind(line: &[u8]) -> Option<String> {
    let rest = line.strip_prefix(b"* ")?;
    let start = rest.get(..KIND_MAX).unwrap_or(rest);
    let words = String::from_utf8_lossy(start).to_ascii_uppercase();
    let mut words = words.split_ascii_whitespace();
    let first = words.next()?;
    if first.bytes().all(|octet| octet.is_ascii_digit()) {
        return words.next().map(str::to_owned);
    }
    Some(first.to_owned())
}

/// The size of the literal that a line ends with.
fn literal_size(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"}\r\n")?;
    let start = line.iter().rposition(|&octet| octet == b'{')?;
    let digits = std::str::from_utf8(line.get(start + 1..)?).ok()?;
    let all_digits = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    // A size that no machine has is as large as can be, and refused.
    all_digits.then(|| digits.parse().unwrap_or(usize::MAX))
}

impl Port {
    /// A line, and the port the `imap` crate reads it by.
    pub(super) fn new(line: Line) -> (Arc<Mutex<Line>>, Port) {
        let line = Arc::new(Mutex::new(line));
        (Arc::clone(&line), Port(line))
    }
}

/// Only one thread at a time uses a session; the lock is for the compiler.
pub(super) fn hold(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Read for Port {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut line = hold(&self.0);
        if line.given == line.unit.len() {
            line.unit = Vec::new();
            line.given = 0;
            line.advance()?;
        }
        let rest = line.unit.get(line.given..).unwrap_or_default();
        let size = rest.len().min(into.len());
        into.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        line.given += size;
        if line.given == line.unit.len() {
            drop(mem::take(&mut line.unit));
            line.given = 0;
        }
        Ok(size)
    }
}

impl Write for Port {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        hold(&self.0).stream.write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        hold(&self.0).stream.flush()
    }
}

/// The moment that is `patience` from now.
pub(super) fn until(patience: Duration) -> Instant {
    Instant::now() + patience
}
