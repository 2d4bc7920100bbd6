//! The configuration a test starts its server with.

use belpost::subscriber::PasscodeHash;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

/// The passcode of every subscriber here.
pub(crate) const PASSCODE: &str = "4711";

/// The cache of encoded prompts, one for all tests: it holds nothing but what is built in.
const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/e2e-prompts.cache");

/// What differs from test to test; the rest is the same everywhere.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// Lines of the file by section, over those that every test has.
    lines: Vec<(&'static str, String)>,
    /// Lines of a subscriber, by mailbox.
    subscribers: Vec<(&'static str, String)>,
    /// Whole tables behind all else.
    tables: Vec<String>,
    /// The mailbox of a subscriber who has no passcode.
    without_passcode: Option<&'static str>,
}

impl Setup {
    /// Two subscribers: 2001 in Dutch, 2002 in English.
    pub(crate) fn new() -> Setup {
        Setup {
            lines: Vec::new(),
            subscribers: Vec::new(),
            tables: Vec::new(),
            without_passcode: None,
        }
    }

    /// With a line for the subscriber with this mailbox ("2001", "sound = \"flac\"").
    pub(crate) fn subscriber(mut self, mailbox: &'static str, line: impl Into<String>) -> Setup {
        self.subscribers.push((mailbox, line.into()));
        self
    }

    /// Where this subscriber was given no passcode.
    pub(crate) fn without_passcode(mut self, mailbox: &'static str) -> Setup {
        self.without_passcode = Some(mailbox);
        self
    }

    /// With a table of its own ("[[imap]]", then its keys).
    pub(crate) fn table(mut self, text: impl Into<String>) -> Setup {
        self.tables.push(text.into());
        self
    }

    /// With a line in this section ("calls", "max_calls = 2").
    pub(crate) fn line(mut self, section: &'static str, line: impl Into<String>) -> Setup {
        self.lines.push((section, line.into()));
        self
    }

    /// The file, for a server in this folder on this port.
    pub(crate) fn text(&self, folder: &Path, port: u16) -> String {
        let place = |name: &str| folder.join(name).display().to_string();
        let mut sections: Vec<(&str, Vec<String>)> = vec![
            (
                "sip",
                vec![
                    format!("listen = [\"udp:127.0.0.1:{port}\", \"tcp:127.0.0.1:{port}\"]"),
                    "trusted_peers = [\"127.0.0.1/32\"]".to_owned(),
                ],
            ),
            (
                "media",
                vec![
                    "ports = \"ephemeral\"".to_owned(),
                    "bind = \"127.0.0.1\"".to_owned(),
                ],
            ),
            ("passcodes", vec!["change_initial = false".to_owned()]),
            ("prompts", vec![format!("cache = {CACHE:?}")]),
            ("spool", vec![format!("folder = {:?}", place("spool"))]),
            ("mailboxes", vec![format!("folder = {:?}", place("mail"))]),
            ("mail", vec![format!("folder = {:?}", place("sent"))]),
            ("lamp", vec![format!("file = {:?}", place("lamps.json"))]),
            ("ledger", vec![format!("folder = {:?}", place("ledger"))]),
            (
                "events",
                vec![format!("file = {:?}", place("events.jsonl"))],
            ),
        ];
        for (section, line) in &self.lines {
            match sections.iter_mut().find(|(name, _)| name == section) {
                Some((_, lines)) => replace(lines, line),
                None => sections.push((section, vec![line.clone()])),
            }
        }
        let mut text = String::new();
        for (name, lines) in sections {
            let _ = write!(text, "[{name}]\n{}\n\n", lines.join("\n"));
        }
        for table in &self.tables {
            let _ = write!(text, "{table}\n\n");
        }
        text + &self.text_of("2001", "Anna Jansen", "nl") + &self.text_of("2002", "Ben Smith", "en")
    }

    fn text_of(&self, mailbox: &str, name: &str, language: &str) -> String {
        let own = self.subscribers.iter().filter(|(m, _)| *m == mailbox);
        let mut lines: Vec<String> = own.map(|(_, line)| line.clone()).collect();
        if self.without_passcode != Some(mailbox) {
            lines.push(format!("passcode = \"{}\"", hash()));
        }
        format!(
            "[[subscriber]]\nmailbox = \"{mailbox}\"\nname = \"{name}\"\n\
             language = \"{language}\"\n{}\n\n",
            lines.join("\n")
        )
    }
}

/// Adds a line, in the place of one with the same key.
fn replace(lines: &mut Vec<String>, line: &str) {
    let key = |line: &str| line.split('=').next().map(|k| k.trim().to_owned());
    lines.retain(|l| key(l) != key(line));
    lines.push(line.to_owned());
}

/// The hash of [`PASSCODE`]; made once, since hashing is slow on purpose.
pub(crate) fn hash() -> &'static str {
    static HASH: OnceLock<PasscodeHash> = OnceLock::new();
    HASH.get_or_init(|| PasscodeHash::make(PASSCODE, b"0123456789abcdef").expect("a hash"))
        .as_phc()
}
