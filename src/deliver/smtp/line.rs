//! One connection to a mail server, from the greeting to the answer to the final dot.
//!
//! Blocking; every read and write has the relay's time-out, and the first that runs out ends the
//! connection.

use super::MailSetupFault;
use super::fault::{self, Stage};
use crate::deliver::servers::{Auth, SmtpRelay, Tls};
use crate::deliver::vocabulary::Fault;
use crate::mime::{MailAddress, MailHost};
use crate::subscriber::Secret;
use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    Certificate, CertificateStore, SmtpConnection, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Response, Severity};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// The largest file of certificates or with a password, in octets.
const FILE_MAX: u64 = 1 << 20;

/// The mail server, and how to get a connection to it.
pub(super) struct Relay {
    server: SmtpRelay,
    tls: Option<TlsParameters>,
    hello: ClientId,
}

/// A connection that is ready for a mail.
pub(super) struct Line {
    connection: SmtpConnection,
    used: Instant,
}

/// How sending one mail ended.
pub(super) struct Sent {
    /// The connection, where it is fit for another mail.
    pub(super) line: Option<Line>,
    /// What the server answered.
    pub(super) outcome: Result<String, Fault>,
    /// The connection was gone before the server heard of this mail.
    pub(super) unheard: bool,
}

impl Relay {
    /// Reads the certificates; connects nowhere.
    pub(super) fn new(relay: SmtpRelay, host: &MailHost) -> Result<Relay, MailSetupFault> {
        let tls = match relay.tls {
            Tls::Implicit | Tls::StartTls => Some(tls(&relay)?),
            Tls::Off => None,
        };
        let hello = ClientId::Domain(host.as_str().to_owned());
        Ok(Relay {
            server: relay,
            tls,
            hello,
        })
    }

    fn name(&self) -> String {
        format!("{}:{}", self.server.host, self.server.port)
    }

    /// Connects, protects the connection and logs in.
    pub(super) fn open(&self) -> Result<Line, Fault> {
        let server = self.name();
        let hello = |e| fault::of(Stage::Hello, &server, &e);
        let at = (self.server.host.as_str(), self.server.port);
        let implicit = match self.server.tls {
            Tls::Implicit => self.tls.as_ref(),
            Tls::StartTls | Tls::Off => None,
        };
        let patience = Some(self.server.timeout);
        let mut connection =
            SmtpConnection::connect(at, patience, &self.hello, implicit, None).map_err(hello)?;
        if let (Tls::StartTls, Some(tls)) = (self.server.tls, &self.tls) {
            connection.starttls(tls, &self.hello).map_err(hello)?;
        }
        self.log_in(&mut connection)?;
        Ok(Line {
            connection,
            used: Instant::now(),
        })
    }

    fn log_in(&self, connection: &mut SmtpConnection) -> Result<(), Fault> {
        let Some(user) = &self.server.user else {
            return Ok(());
        };
        let secret = secret(&self.server.secret).map_err(|(file, error)| {
            let what = format!("cannot read smtp.password_file {}: {error}", file.display());
            fault::operator(&self.name(), &what)
        })?;
        let mechanisms: &[Mechanism] = match self.server.auth {
            Auth::Password => &[Mechanism::Plain, Mechanism::Login],
            Auth::XOAuth2 => &[Mechanism::Xoauth2],
        };
        let credentials = Credentials::new(user.clone(), secret);
        let answer = connection.auth(mechanisms, &credentials);
        let answer = answer.map_err(|e| fault::of(Stage::LogIn, &self.name(), &e))?;
        self.expect(Stage::LogIn, answer, Severity::PositiveCompletion)?;
        Ok(())
    }

    /// Sends one mail to one address over a line.
    pub(super) fn send(
        &self,
        mut line: Line,
        from: &MailAddress,
        to: &MailAddress,
        mail: &[u8],
    ) -> Sent {
        let connection = &mut line.connection;
        let (stage, error) = match self.converse(connection, from, to, mail) {
            Ok(reply) => {
                line.used = Instant::now();
                return Sent {
                    line: Some(line),
                    outcome: Ok(reply),
                    unheard: false,
                };
            }
            Err(Failed::Here(fault)) => {
                return Sent {
                    line: None,
                    outcome: Err(fault),
                    unheard: false,
                };
            }
            Err(Failed::There(stage, error)) => (stage, error),
        };
        // A refused mail leaves a transaction open.
        let goes_on = fault::is_orderly(&error) && connection.command(Rset).is_ok();
        line.used = Instant::now();
        Sent {
            line: goes_on.then_some(line),
            outcome: Err(fault::of(stage, &self.name(), &error)),
            unheard: stage == Stage::Sender && !fault::is_orderly(&error),
        }
    }

    fn converse(
        &self,
        connection: &mut SmtpConnection,
        from: &MailAddress,
        to: &MailAddress,
        mail: &[u8],
    ) -> Result<String, Failed> {
        let (from, to) = (envelope(from)?, envelope(to)?);
        let done = Severity::PositiveCompletion;
        let at = |stage| move |error| Failed::There(stage, error);

        let answer = connection.command(Mail::new(Some(from), Vec::new()));
        self.expect(Stage::Sender, answer.map_err(at(Stage::Sender))?, done)?;
        let answer = connection.command(Rcpt::new(to, Vec::new()));
        self.expect(
            Stage::Recipient,
            answer.map_err(at(Stage::Recipient))?,
            done,
        )?;
        let answer = connection.command(Data).map_err(at(Stage::Data))?;
        self.expect(Stage::Data, answer, Severity::PositiveIntermediate)?;
        let answer = connection.message(mail).map_err(at(Stage::Mail))?;
        let answer = self.expect(Stage::Mail, answer, done)?;
        Ok(fault::told(&answer))
    }

    /// The library takes every 2xx and 3xx for an agreement; each command has but one of them.
    fn expect(&self, stage: Stage, answer: Response, wanted: Severity) -> Result<Response, Fault> {
        if answer.code().severity == wanted {
            Ok(answer)
        } else {
            Err(fault::out_of_step(stage, &self.name(), &answer))
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay({}, {:?})", self.name(), self.server.tls)
    }
}

impl Line {
    /// Whether it was used so lately that the server surely still listens.
    pub(super) fn is_fresh(&self, idle_max: Duration) -> bool {
        self.used.elapsed() < idle_max
    }

    /// Takes leave of the server. Its answer changes nothing.
    pub(super) fn close(mut self) {
        let _ = self.connection.quit();
    }
}

/// Why a mail was not sent.
enum Failed {
    /// What we found ourselves.
    Here(Fault),
    /// What the server or the network did.
    There(Stage, lettre::transport::smtp::Error),
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Failed {
        Failed::Here(fault)
    }
}

fn envelope(address: &MailAddress) -> Result<Address, Fault> {
    let parsed = Address::from_str(address.as_str());
    parsed.map_err(|e| Fault::ours(format!("{address} cannot be in an envelope: {e}")))
}

fn tls(relay: &SmtpRelay) -> Result<TlsParameters, MailSetupFault> {
    let mut builder = TlsParameters::builder(relay.host.clone());
    if let Some(path) = &relay.ca_file {
        let refuse = |what: String| MailSetupFault::Certificates(path.clone(), what);
        let pem = read(path).map_err(|e| refuse(e.to_string()))?;
        if !pem.contains("BEGIN CERTIFICATE") {
            return Err(refuse("there is no certificate in it (PEM)".to_owned()));
        }
        let certificates =
            Certificate::from_pem(pem.as_bytes()).map_err(|e| refuse(e.to_string()))?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificates);
    }
    let built = builder.build();
    built.map_err(|e| MailSetupFault::Tls(e.to_string()))
}

/// The password or token, as it is now.
fn secret(secret: &Secret) -> Result<String, (&Path, io::Error)> {
    match secret {
        Secret::Text(text) => Ok(text.reveal().clone()),
        Secret::File(path) => {
            let text = read(path).map_err(|e| (path.as_path(), e))?;
            Ok(text.lines().next().unwrap_or_default().to_owned())
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_MAX).read_to_string(&mut text)?;
    Ok(text)
}
