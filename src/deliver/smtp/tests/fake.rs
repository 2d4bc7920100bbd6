//! A mail server on loopback that does what a test tells it to.

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the server does next.
#[derive(Clone, Copy)]
pub(super) enum Act {
    /// Answers.
    Say(&'static str),
    /// Closes the connection.
    Drop,
    /// Says nothing until the other side gives up.
    Hush,
    /// Answers, and closes the connection.
    Bye(&'static str),
    /// Answers 220 and begins TLS.
    StartTls,
}
use Act::{Bye, Drop, Hush, Say};

/// From the number of the connection (from 0) and the command ("HELLO" for its beginning, "." for
/// the end of a mail) to what is done; `None` does what a server does.
pub(super) type Script = Box<dyn Fn(usize, &str) -> Option<Act> + Send + Sync>;

trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

/// A mail server on loopback.
pub(super) struct Fake {
    pub(super) port: u16,
    pub(super) seen: Arc<Seen>,
}

#[derive(Default)]
pub(super) struct Seen {
    /// Every command, and every mail behind its "DATA".
    said: Mutex<Vec<String>>,
    mails: Mutex<Vec<String>>,
    connections: AtomicUsize,
    open: AtomicUsize,
    pub(super) most_open: AtomicUsize,
}

impl Fake {
    pub(super) fn start(
        script: impl Fn(usize, &str) -> Option<Act> + Send + Sync + 'static,
    ) -> Fake {
        Fake::with_tls(Box::new(script), None, false)
    }

    pub(super) fn with_tls(
        script: Script,
        tls: Option<Arc<rustls::ServerConfig>>,
        implicit: bool,
    ) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen::default());
        let (ours, script) = (Arc::clone(&seen), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                stream.set_nodelay(true).unwrap();
                let number = ours.connections.fetch_add(1, Ordering::SeqCst);
                let (seen, script) = (Arc::clone(&ours), Arc::clone(&script));
                let tls = tls.clone();
                thread::spawn(move || {
                    let open = seen.open.fetch_add(1, Ordering::SeqCst) + 1;
                    seen.most_open.fetch_max(open, Ordering::SeqCst);
                    let script = |said: &str| script(number, said);
                    talk(stream, &seen, &script, tls.as_ref(), implicit);
                    seen.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Fake { port, seen }
    }

    pub(super) fn said(&self) -> Vec<String> {
        self.seen.said.lock().unwrap().clone()
    }

    pub(super) fn mails(&self) -> Vec<String> {
        self.seen.mails.lock().unwrap().clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }
}

fn talk(
    stream: TcpStream,
    seen: &Seen,
    script: &dyn Fn(&str) -> Option<Act>,
    tls: Option<&Arc<rustls::ServerConfig>>,
    implicit: bool,
) {
    let secured = |stream: TcpStream| -> Box<dyn Stream> {
        let connection = rustls::ServerConnection::new(Arc::clone(tls.unwrap())).unwrap();
        Box::new(rustls::StreamOwned::new(connection, stream))
    };
    let plain = stream.try_clone().unwrap();
    let begun: Box<dyn Stream> = if implicit {
        secured(stream)
    } else {
        Box::new(stream)
    };
    let mut stream = BufReader::new(begun);
    let mut act = script("HELLO").unwrap_or(Say("220 ready"));
    loop {
        match act {
            Say(text) => {
                if write!(stream.get_mut(), "{text}\r\n").is_err() {
                    return;
                }
            }
            Bye(text) => {
                let _ = write!(stream.get_mut(), "{text}\r\n");
                return;
            }
            Drop => return,
            Hush => {}
            Act::StartTls => {
                let _ = write!(stream.get_mut(), "220 go on\r\n");
                stream = BufReader::new(secured(plain.try_clone().unwrap()));
            }
        }
        let Some(said) = line(&mut stream) else {
            return;
        };
        seen.said.lock().unwrap().push(said.clone());
        act = script(&said).unwrap_or_else(|| Say(usual(&said)));
        if matches!(act, Say(text) if text.starts_with("354")) && said == "DATA" {
            match take(&mut stream, seen, script) {
                Some(next) => act = next,
                None => return,
            }
        }
    }
}

/// Takes the mail itself, and keeps it if it is taken; what is said to it.
fn take(
    stream: &mut BufReader<Box<dyn Stream>>,
    seen: &Seen,
    script: &dyn Fn(&str) -> Option<Act>,
) -> Option<Act> {
    let _ = write!(stream.get_mut(), "354 go on\r\n");
    let mail = mail(stream)?;
    let act = script(".").unwrap_or(Say("250 2.0.0 Ok: queued as 4WX"));
    if matches!(act, Say(text) if text.starts_with("250")) {
        seen.mails.lock().unwrap().push(mail);
    }
    Some(act)
}

fn usual(said: &str) -> &'static str {
    match said.split(' ').next().unwrap() {
        "EHLO" => "250-fake\r\n250-AUTH PLAIN LOGIN XOAUTH2\r\n250 8BITMIME",
        "DATA" => "354 go on",
        "AUTH" => "235 2.7.0 in",
        "QUIT" => "221 bye",
        _ => "250 2.1.0 Ok",
    }
}

fn line(stream: &mut BufReader<Box<dyn Stream>>) -> Option<String> {
    let mut line = String::new();
    let count = stream.read_line(&mut line).ok()?;
    (count > 0).then(|| line.trim_end().to_owned())
}

fn mail(stream: &mut BufReader<Box<dyn Stream>>) -> Option<String> {
    let mut mail = String::new();
    loop {
        let line = line(stream)?;
        if line == "." {
            return Some(mail);
        }
        mail.push_str(&line);
        mail.push('\n');
    }
}

/// A certificate for 127.0.0.1, as a server uses it and as PEM.
pub(super) fn certificate() -> (Arc<rustls::ServerConfig>, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (Arc::new(config), made.cert.pem())
}
