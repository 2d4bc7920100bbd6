//! Reads where messages go: `[[imap]]`, `[smtp]`, `[mail]`, and the account of a subscriber.

use super::fault::Problem;
use super::model::{Config, Imap};
use super::reader::{Reader, Section};
use super::values::{self, path, value};
use crate::base::{MailboxId, Pii};
use crate::deliver::{Auth, ImapServer, MailWay, Mailing, SmtpRelay, Tls};
use crate::mailbox::Limits;
use crate::mime::{MailAddress, SoundFormat};
use crate::subscriber::{ImapAccount, Secret};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::de::DeTable;

/// The most IMAP servers.
const SERVERS_MAX: usize = 100;

/// The longest name of a user or folder, in characters.
const TEXT_MAX: usize = 200;

/// What stands for the mailbox number in a user name.
const MAILBOX: &str = "{mailbox}";

/// The keys of one connection to a server, as `[[imap]]` and `[smtp]` share them.
struct Link {
    host: Option<String>,
    port: u16,
    tls: Tls,
    ca_file: Option<PathBuf>,
    auth: Auth,
    timeout: Duration,
}

/// Reads every IMAP server.
pub(super) fn imap<'t>(reader: &mut Reader<'t>, document: &DeTable<'t>, base: &Path) -> Vec<Imap> {
    let servers = reader.each(document, "imap", SERVERS_MAX, |section| {
        server(section, base)
    });
    servers.into_iter().flatten().collect()
}

fn server(section: &mut Section<'_, '_>, base: &Path) -> Option<Imap> {
    let name = section
        .parsed("name", |text| values::line(text, TEXT_MAX))
        .map_or_else(|| "imap".to_owned(), value);
    let ports = [(Tls::Implicit, 993), (Tls::StartTls, 143), (Tls::Off, 143)];
    let link = link(section, base, Duration::from_secs(20), ports);
    let user = text(section, "user", MAILBOX);
    let secret = secret(section, "password", "password_file", base);
    let folder = text(section, "folder", "INBOX");
    let connections = section.count("connections", 2..1_001, 16) as usize;
    let watch_connections = section.count("watch_connections", 0..10_001, 100) as usize;
    let poll = section.seconds("poll_s", 1..3_601, Duration::from_secs(30));
    let Some(host) = link.host else {
        let offset = section.offset("host");
        section.fault("host", offset, Problem::Missing);
        return None;
    };
    Some(Imap {
        server: ImapServer {
            name,
            host,
            port: link.port,
            tls: link.tls,
            ca_file: link.ca_file,
            auth: link.auth,
            connections,
            watch_connections,
            poll,
            timeout: link.timeout,
        },
        user,
        secret,
        folder,
    })
}

/// Reads how mail is sent; `host` is the right side of our addresses.
pub(super) fn mailing<'t>(
    reader: &mut Reader<'t>,
    document: &DeTable<'t>,
    base: &Path,
    host: &str,
) -> Mailing {
    let d = Config::default().mail;
    let relay = relay(reader.section(document, "smtp"), base);
    let mut section = reader.section(document, "mail");
    let usual = match &d.way {
        MailWay::Folder(folder) => base.join(folder),
        MailWay::Relay(_) => base.to_owned(),
    };
    let folder = section
        .parsed("folder", |text| path(text, base))
        .map_or(usual, value);
    let from = MailAddress::parse(&format!("voicemail@{host}")).unwrap_or(d.from);
    let mailing = Mailing {
        way: relay.map_or(MailWay::Folder(folder), MailWay::Relay),
        from: section
            .parsed("from", values::mail_address)
            .map_or(from, value),
        postmaster: section.optional("postmaster", d.postmaster, values::mail_address),
        templates: section.optional("templates", d.templates, |text| path(text, base)),
    };
    section.finish();
    mailing
}

fn relay(mut section: Section<'_, '_>, base: &Path) -> Option<SmtpRelay> {
    let ports = [(Tls::Implicit, 465), (Tls::StartTls, 587), (Tls::Off, 25)];
    let link = link(&mut section, base, Duration::from_secs(60), ports);
    let user = section.optional("user", None, |text| values::line(text, TEXT_MAX));
    let secret = secret(&mut section, "password", "password_file", base);
    let connections = section.count("connections", 1..101, 4) as usize;
    section.finish();
    Some(SmtpRelay {
        host: link.host?,
        port: link.port,
        tls: link.tls,
        ca_file: link.ca_file,
        auth: link.auth,
        user,
        secret: secret.unwrap_or_else(|| Secret::Text(Pii::new(String::new()))),
        connections,
        timeout: link.timeout,
    })
}

fn link(
    section: &mut Section<'_, '_>,
    base: &Path,
    timeout: Duration,
    ports: [(Tls, u16); 3],
) -> Link {
    let host = section.optional("host", None, values::host);
    let tls = section
        .parsed("tls", |text| {
            let choices = [
                ("tls", Tls::Implicit),
                ("starttls", Tls::StartTls),
                ("none", Tls::Off),
            ];
            values::one_of(text, &choices, "tls, starttls, none")
        })
        .map_or(Tls::Implicit, value);
    let allowed = section.flag("allow_plain", false);
    if tls == Tls::Off && !allowed && !host.as_deref().is_none_or(is_this_machine) {
        let offset = section.offset("tls");
        section.fault("tls", offset, Problem::Unprotected);
    }
    let usual = ports.iter().find(|(kind, _)| *kind == tls);
    let port = section.count("port", 0..65_536, 0) as u16;
    Link {
        host,
        port: if port == 0 {
            usual.map_or(0, |(_, port)| *port)
        } else {
            port
        },
        tls,
        ca_file: section.optional("ca_file", None, |text| path(text, base)),
        auth: section
            .parsed("auth", |text| {
                let choices = [("password", Auth::Password), ("xoauth2", Auth::XOAuth2)];
                values::one_of(text, &choices, "password, xoauth2")
            })
            .map_or(Auth::Password, value),
        timeout: section.seconds("timeout_s", 1..601, timeout),
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Reads the IMAP account of a subscriber; `None` where no server is meant.
pub(super) fn account(
    section: &mut Section<'_, '_>,
    base: &Path,
    servers: &[Imap],
    mailbox: Option<&MailboxId>,
) -> Option<ImapAccount> {
    let named = section.optional("imap", None, |text| values::line(text, TEXT_MAX));
    let user = section.optional("imap_user", None, |text| values::line(text, TEXT_MAX));
    let own = secret(section, "imap_password", "imap_password_file", base);
    let folder = section.optional("imap_folder", None, |text| values::line(text, TEXT_MAX));
    let server = match (&named, servers) {
        (Some(name), _) => servers.iter().find(|imap| imap.server.name == *name),
        (None, [only]) => Some(only),
        (None, _) => None,
    }?;
    let number = mailbox.map_or("", MailboxId::as_str);
    Some(ImapAccount {
        server: server.server.name.clone(),
        user: user.unwrap_or_else(|| server.user.replace(MAILBOX, number)),
        secret: own
            .or_else(|| server.secret.clone())
            .unwrap_or_else(|| Secret::Text(Pii::new(String::new()))),
        folder: folder.unwrap_or_else(|| server.folder.clone()),
    })
}

/// The limits of a mailbox; 0 is none.
pub(super) fn limits(section: &mut Section<'_, '_>, d: Limits) -> Limits {
    let mut limit = |key, most: i64, default: Option<u32>| {
        let count = section.count(key, 0..most + 1, i64::from(default.unwrap_or(0)));
        u32::try_from(count).ok().filter(|n| *n > 0)
    };
    let minutes = |span: Duration| (span.as_secs() / 60) as u32;
    Limits {
        messages: limit("max_messages", 1_000, d.messages),
        sound: limit("max_minutes", 100_000, d.sound.map(minutes))
            .map(|minutes| Duration::from_secs(60 * u64::from(minutes))),
        days: limit("keep_days", 3_650, d.days),
    }
}

/// Reads which sound file a subscriber gets.
pub(super) fn sound(section: &mut Section<'_, '_>) -> SoundFormat {
    section
        .parsed("sound", |text| {
            #[cfg(not(feature = "opus"))]
            let (choices, listing) = (&SOUNDS[..3], "wav, g711, flac");
            #[cfg(feature = "opus")]
            let (choices, listing) = (&SOUNDS[..], "wav, g711, flac, opus");
            values::one_of(text, choices, listing)
        })
        .map_or(SoundFormat::default(), value)
}

const SOUNDS: [(&str, SoundFormat); 4] = [
    ("wav", SoundFormat::Wav),
    ("g711", SoundFormat::G711),
    ("flac", SoundFormat::Flac),
    ("opus", SoundFormat::Opus),
];

fn secret(
    section: &mut Section<'_, '_>,
    text: &'static str,
    file: &'static str,
    base: &Path,
) -> Option<Secret> {
    let file = section.optional(file, None, |name| path(name, base));
    let text = section.optional(text, None, |text| Ok(Pii::new(text.to_owned())));
    file.map(Secret::File).or(text.map(Secret::Text))
}

fn text(section: &mut Section<'_, '_>, key: &'static str, default: &str) -> String {
    section
        .parsed(key, |text| values::line(text, TEXT_MAX))
        .map_or_else(|| default.to_owned(), value)
}
