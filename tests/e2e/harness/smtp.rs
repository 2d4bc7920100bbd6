//! A real mail server (aiosmtpd) that keeps what it takes, and refuses as an address says.
//!
//! `smtp_server.py` beside the tests tells what the words of an address do.

use super::letter::Letter;
use super::process::Process;
use super::setup::Setup;
use super::wait::{eventually, seconds};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Debian's Python, which has Debian's aiosmtpd.
const PYTHON: &str = "/usr/bin/python3";

/// A running mail server; ended when dropped.
pub(crate) struct SmtpServer {
    _process: Process,
    folder: TempDir,
    /// Where it listens, on 127.0.0.1.
    pub(crate) port: u16,
}

impl SmtpServer {
    /// Starts one that takes mail from everybody, without TLS.
    pub(crate) fn start() -> SmtpServer {
        SmtpServer::with(&[])
    }

    /// Starts one with further arguments of `smtp_server.py`.
    pub(crate) fn with(arguments: &[&str]) -> SmtpServer {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let mut command = Command::new(PYTHON);
        command
            .arg("-W")
            .arg("ignore")
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/e2e/smtp_server.py"
            ))
            .arg(folder.path())
            .args(arguments);
        let mut process = Process::start(command, &log);
        let port = eventually("the mail server listens", seconds(20.0), || {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            assert!(
                process.ended().is_none(),
                "aiosmtpd (Debian package python3-aiosmtpd) did not start: {said}"
            );
            said.lines()
                .find_map(|line| line.strip_prefix("port ")?.parse().ok())
        });
        SmtpServer {
            _process: process,
            folder,
            port,
        }
    }

    /// The mails it took, as they came.
    pub(crate) fn mails(&self) -> Vec<Vec<u8>> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("a file").path())
            .filter(|path| path.extension().is_some_and(|e| e == "eml"))
            .collect();
        files.sort_by_key(|path| {
            let number = path.file_stem().and_then(|s| s.to_str());
            number.and_then(|n| n.parse::<u64>().ok())
        });
        let read = |path: PathBuf| std::fs::read(path).expect("a mail");
        files.into_iter().map(read).collect()
    }

    /// The same as whoever got them reads them.
    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.mails()
            .iter()
            .map(|mail| Letter::parse(mail))
            .collect()
    }

    /// Waits until this address has this many mails; those.
    pub(crate) fn await_letters(&self, to: &str, count: usize) -> Vec<Letter> {
        eventually(&format!("{count} mails to {to}"), seconds(20.0), || {
            let mut letters = self.letters();
            letters.retain(|letter| letter.header("to").contains(to));
            (letters.len() >= count).then_some(letters)
        })
    }

    /// The lines for a server that sends its mail here; its own host is `vm.example.nl`.
    pub(crate) fn setup(&self) -> Setup {
        let relay = format!("host = \"127.0.0.1\"\nport = {}\ntls = \"none\"", self.port);
        Setup::new()
            .line("mailboxes", "host = \"vm.example.nl\"")
            .line("smtp", relay)
    }

    /// The Message-IDs of the mails whose end it has seen, taken or not, by address.
    pub(crate) fn seen(&self) -> BTreeMap<String, Vec<String>> {
        let seen = std::fs::read_to_string(self.folder.path().join("seen")).unwrap_or_default();
        let mut by_address: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (address, id) in seen.lines().filter_map(|line| line.split_once(' ')) {
            let ids = by_address.entry(address.to_owned()).or_default();
            ids.push(id.to_owned());
        }
        by_address
    }
}
