//! Where messages go in the tests of delivery: a Dovecot with the mailboxes of 2001 and 2002, and
//! what an independent mail client finds there.

use super::dovecot::{Dovecot, Features, PASSWORD};
use super::letter::Letter;
use super::setup::Setup;
use super::sound;
use super::wait::eventually;
use super::wire::Wire;
use imap::Session;
use mail_parser::{Message, MessageParser, MimeHeaders};
use std::net::TcpStream;
use std::time::Duration;
use tempfile::TempDir;

/// A mail server with its folder, and the wire to it. The mail clients of a test go past the wire.
pub(crate) struct Post {
    _folder: TempDir,
    dovecot: Dovecot,
    wire: Wire,
}

/// A voice message as a mail client finds it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Its UID.
    pub(crate) uid: u32,
    /// Its flags, sorted, without `\Recent`.
    pub(crate) flags: Vec<String>,
    /// The Message-ID, without brackets.
    pub(crate) message_id: String,
    /// The From header.
    pub(crate) from: String,
    /// The whole mail.
    pub(crate) mail: Vec<u8>,
}

impl Post {
    /// A running one.
    pub(crate) fn start() -> Post {
        Post::with_quota(None)
    }

    /// One whose mailboxes hold this much, in Dovecot's words.
    pub(crate) fn with_quota(quota: Option<&'static str>) -> Post {
        // Unix sockets need a short path.
        let folder = tempfile::Builder::new()
            .prefix("bp")
            .tempdir_in("/tmp")
            .expect("a folder");
        let features = Features {
            quota,
            ..Features::default()
        };
        let dovecot = Dovecot::with(folder.path(), &features);
        Post {
            wire: Wire::to(dovecot.port),
            _folder: folder,
            dovecot,
        }
    }

    /// Nothing reaches it any more: connections are cut, new ones hung up on.
    pub(crate) fn cut_off(&self) {
        self.wire.cut();
    }

    /// It takes connections and says nothing more.
    pub(crate) fn stall(&self) {
        self.wire.stall();
    }

    /// It is there again.
    pub(crate) fn come_back(&self) {
        self.wire.mend();
    }

    /// A server's setup with the mailbox of 2001 here.
    pub(crate) fn setup(&self) -> Setup {
        Setup::new()
            .table(format!(
                "[[imap]]\nname = \"mail\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
                 password = \"{PASSWORD}\"\ntimeout_s = 5",
                self.wire.port()
            ))
            .subscriber("2001", "delivery = \"mailbox\"")
    }

    /// A mail client of 2001.
    pub(crate) fn client(&self) -> Session<TcpStream> {
        let mut session = self.dovecot.log_in();
        session.select("INBOX").expect("a folder");
        session
    }

    /// Every voice message of 2001, by UID.
    pub(crate) fn messages(&self) -> Vec<Found> {
        let mut client = self.client();
        let fetched = client.uid_fetch("1:*", "(UID FLAGS BODY.PEEK[])");
        let fetched = fetched.expect("the messages");
        let mut found: Vec<Found> = fetched.iter().filter_map(read).collect();
        found.sort_by_key(|f| f.uid);
        client.logout().expect("a goodbye");
        found
    }

    /// What is in the folder of greetings of 2001: the flags of each mail, and the mail.
    pub(crate) fn greetings(&self) -> Vec<(Vec<String>, Letter)> {
        let mut client = self.dovecot.log_in();
        if client.select("Greetings").is_err() {
            return Vec::new();
        }
        let fetched = client.uid_fetch("1:*", "(FLAGS BODY.PEEK[])");
        let fetched = fetched.expect("the greetings");
        let found = fetched.iter().filter_map(|mail| {
            let flags = mail.flags().iter().map(ToString::to_string);
            Some((flags.collect(), Letter::parse(mail.body()?)))
        });
        let found = found.collect();
        client.logout().expect("a goodbye");
        found
    }

    /// Waits until this many voice messages are there.
    pub(crate) fn await_messages(&self, count: usize, within: Duration) -> Vec<Found> {
        let what = format!("{count} messages in the mailbox");
        eventually(&what, within, || {
            let found = self.messages();
            (found.len() >= count).then_some(found)
        })
    }
}

fn read(fetched: &imap::types::Fetch<'_>) -> Option<Found> {
    let body = fetched.body()?;
    let mail = MessageParser::default().parse(body)?;
    let context = mail.header_raw("Message-Context")?;
    if context.trim() != "voice-message" {
        return None;
    }
    let mut flags: Vec<String> = fetched.flags().iter().map(ToString::to_string).collect();
    flags.retain(|flag| flag != "\\Recent");
    flags.sort();
    Some(Found {
        uid: fetched.uid?,
        flags,
        message_id: mail.message_id()?.to_owned(),
        from: mail.header_raw("From")?.trim().to_owned(),
        mail: body.to_vec(),
    })
}

impl Found {
    /// Whether it counts as heard.
    pub(crate) fn is_seen(&self) -> bool {
        self.flags.iter().any(|flag| flag == "\\Seen")
    }

    /// What it sounds like: its only audio part, a WAV file.
    pub(crate) fn sound(&self) -> Vec<i16> {
        let mail = self.parsed();
        let parts: Vec<_> = mail
            .parts
            .iter()
            .filter(|part| part.content_type().is_some_and(|t| t.ctype() == "audio"))
            .collect();
        assert_eq!(parts.len(), 1, "one audio part");
        sound::decode_wav(parts[0].contents()).expect("a WAV file")
    }

    /// The mail, taken apart.
    pub(crate) fn parsed(&self) -> Message<'_> {
        MessageParser::default().parse(&self.mail).expect("a mail")
    }
}
