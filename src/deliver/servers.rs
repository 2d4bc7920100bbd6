//! The servers that messages go to, as the operator names them.

use crate::mime::MailAddress;
use crate::subscriber::Secret;
use std::path::PathBuf;
use std::time::Duration;

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tls {
    /// TLS from the first octet (RFC 8314 section 3).
    Implicit,
    /// TLS after STARTTLS, which must be there (RFC 3207, RFC 9051 section 6.2.1).
    StartTls,
    /// None.
    Off,
}

/// How we log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Auth {
    /// With a password: LOGIN, or the best SASL mechanism that sends one.
    Password,
    /// With a token: XOAUTH2.
    XOAuth2,
}

/// An IMAP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImapServer {
    /// Its name in the configuration.
    pub name: String,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How connections are protected.
    pub tls: Tls,
    /// A file of certificates to trust in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// How we log in.
    pub auth: Auth,
    /// The most connections for delivery and for the telephone, at least 2.
    pub connections: usize,
    /// The most connections that watch a mailbox with IDLE (RFC 2177); the others are polled.
    pub watch_connections: usize,
    /// How often a mailbox that is not watched is looked at.
    pub poll: Duration,
    /// The longest that any command may take.
    pub timeout: Duration,
}

/// The mail server that takes our mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpRelay {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How connections are protected.
    pub tls: Tls,
    /// A file of certificates to trust in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// How we log in.
    pub auth: Auth,
    /// The user name; `None` sends without logging in.
    pub user: Option<String>,
    /// The password or token.
    pub secret: Secret,
    /// The most connections.
    pub connections: usize,
    /// The longest that any command may take.
    pub timeout: Duration,
}

/// How mail is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailing {
    /// Where it goes.
    pub way: MailWay,
    /// The envelope sender, which gets bounces.
    pub from: MailAddress,
    /// Who is told of messages that cannot be delivered; `None` for nobody.
    pub postmaster: Option<MailAddress>,
    /// A folder of texts of mails, before those compiled in.
    pub templates: Option<PathBuf>,
}

/// Where mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailWay {
    /// To a mail server.
    Relay(SmtpRelay),
    /// Into a folder, one `.eml` file each, for another program to send.
    Folder(PathBuf),
}
