//! A connection to a mail server: TCP, or TLS over it, with a deadline for all that is done on it.
//!
//! Law: no read or write lasts past the deadline, also where the other side sends an octet now and
//! then: each gets the time that is left and no more. Names are looked up by the system, which
//! has bounds of its own.
//!
//! Specs: RFC 8314 section 3 (TLS from the first octet), RFC 9525 (the certificate is for the
//! host).

use super::fault::Fault;
use crate::deliver::servers::ImapServer;
use rustix::net::sockopt;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a connection is silent before the system asks whether the other side is there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);

/// How often it asks then.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(20);

/// After how many questions without an answer the connection is dead.
const KEEPALIVE_TRIES: u32 = 3;

/// A TCP connection with a deadline.
pub(super) struct Wire {
    tcp: TcpStream,
    deadline: Instant,
}

/// A connection, as the protocol sees it.
pub(super) enum Stream {
    /// Nothing protects it.
    Plain(Wire),
    /// TLS.
    Tls(Box<StreamOwned<ClientConnection, Wire>>),
}

/// Whose certificates are trusted; read when they are first needed.
#[derive(Default)]
pub(super) struct Trust(Mutex<Option<Arc<ClientConfig>>>);

impl Wire {
    /// Connects to the first address that answers; each gets its share of the time.
    fn connect(server: &ImapServer, deadline: Instant) -> io::Result<Wire> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        let addresses: Vec<_> = (server.host.as_str(), server.port)
            .to_socket_addrs()?
            .collect();
        for (tried, address) in addresses.iter().enumerate() {
            let untried = (addresses.len() - tried) as u32;
            match TcpStream::connect_timeout(address, left(deadline)? / untried) {
                Ok(tcp) => {
                    tcp.set_nodelay(true)?;
                    sockopt::set_socket_keepalive(&tcp, true)?;
                    sockopt::set_tcp_keepidle(&tcp, KEEPALIVE_IDLE)?;
                    sockopt::set_tcp_keepintvl(&tcp, KEEPALIVE_EVERY)?;
                    sockopt::set_tcp_keepcnt(&tcp, KEEPALIVE_TRIES)?;
                    return Ok(Wire { tcp, deadline });
                }
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }
}

/// What is left until a moment; a time-out where that is nothing.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left < Duration::from_millis(1) {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}

/// What the system calls it when a socket was silent for too long.
fn timed_out(fault: io::Error) -> io::Error {
    if fault.kind() == io::ErrorKind::WouldBlock {
        return io::ErrorKind::TimedOut.into();
    }
    fault
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(Some(left(self.deadline)?))?;
        self.tcp.read(into).map_err(timed_out)
    }
}

impl Write for Wire {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(Some(left(self.deadline)?))?;
        self.tcp.write(from).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

impl Stream {
    /// Connects, without TLS yet.
    pub(super) fn connect(server: &ImapServer, deadline: Instant) -> Result<Stream, Fault> {
        let wire = Wire::connect(server, deadline).map_err(|fault| {
            let (host, port) = (&server.host, server.port);
            Fault::Down(format!("cannot connect to {host}:{port}: {fault}"))
        })?;
        Ok(Stream::Plain(wire))
    }

    /// Does the TLS handshake.
    pub(super) fn secure(self, server: &ImapServer, trust: &Trust) -> Result<Stream, Fault> {
        let Stream::Plain(mut wire) = self else {
            return Ok(self);
        };
        let failed = |fault: &dyn std::fmt::Display| {
            let host = &server.host;
            Fault::Down(format!("no TLS with {host}: {fault}"))
        };
        let config = trust.config(server.ca_file.as_deref())?;
        let name = ServerName::try_from(server.host.clone()).map_err(|fault| failed(&fault))?;
        let mut tls = ClientConnection::new(config, name).map_err(|fault| failed(&fault))?;
        while tls.is_handshaking() {
            tls.complete_io(&mut wire).map_err(|fault| failed(&fault))?;
        }
        Ok(Stream::Tls(Box::new(StreamOwned::new(tls, wire))))
    }

    /// Sets the moment by which all that is read and written must be done.
    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        match self {
            Stream::Plain(wire) => wire.deadline = deadline,
            Stream::Tls(tls) => tls.sock.deadline = deadline,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(wire) => wire.read(into),
            Stream::Tls(tls) => tls.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(wire) => wire.write(from),
            Stream::Tls(tls) => tls.write(from),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(wire) => wire.flush(),
            Stream::Tls(tls) => tls.flush(),
        }
    }
}

impl Trust {
    fn config(&self, file: Option<&Path>) -> Result<Arc<ClientConfig>, Fault> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = &*kept {
            return Ok(Arc::clone(config));
        }
        let roots = file.map_or_else(|| Ok(of_the_system()), of_a_file)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|fault| Fault::Operator(format!("TLS cannot be used: {fault}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::clone(kept.insert(Arc::new(config))))
    }
}

fn of_the_system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for fault in &found.errors {
        tracing::warn!(%fault, "a certificate of the system cannot be read");
    }
    roots.add_parsable_certificates(found.certs);
    roots
}

fn of_a_file(path: &Path) -> Result<RootCertStore, Fault> {
    let failed = |fault: &dyn std::fmt::Display| {
        let path = path.display();
        Fault::Operator(format!("cannot read certificates from {path}: {fault}"))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|fault| failed(&fault))? {
        let certificate = certificate.map_err(|fault| failed(&fault))?;
        roots.add(certificate).map_err(|fault| failed(&fault))?;
    }
    if roots.is_empty() {
        return Err(failed(&"there is none in it"));
    }
    Ok(roots)
}
