//! The server under test, as a process of its own in a folder of its own.

use super::events::{self, CALL, END, Event};
use super::mailbox::Mailbox;
use super::ports::free_port;
use super::process::{self, Process};
use super::setup::Setup;
use super::sip::{Link, Request};
use super::wait::eventually;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;

/// How long a server may take until it answers; a debug build on a busy machine takes seconds.
const READY: Duration = Duration::from_secs(30);
/// How long the first one may take, which encodes all prompts and leaves them in the cache for the
/// others. Alone: together they would be too slow for each other.
const COLD: Duration = Duration::from_secs(180);

/// Whether the first one has answered.
static WARM: OnceLock<()> = OnceLock::new();

/// A server and all it left on disk.
#[derive(Debug)]
pub(crate) struct Server {
    folder: TempDir,
    port: u16,
    process: Option<Process>,
}

impl Server {
    /// The usual one, ready for calls.
    pub(crate) fn start() -> Server {
        Server::start_with(&Setup::new())
    }

    /// One with a setup of its own, ready for calls.
    pub(crate) fn start_with(setup: &Setup) -> Server {
        let folder = tempfile::Builder::new()
            .prefix("belpost-")
            .tempdir()
            .expect("a folder");
        Server::start_in(folder, setup)
    }

    /// One in a folder that is there already.
    pub(crate) fn start_in(folder: TempDir, setup: &Setup) -> Server {
        let port = free_port();
        let text = setup.text(folder.path(), port);
        let mut server = Server {
            folder,
            port,
            process: None,
        };
        std::fs::write(server.config(), text).expect("a configuration");
        server.restart();
        server
    }

    /// Starts it again on the same port and folders, and waits until it answers.
    pub(crate) fn restart(&mut self) {
        let mut first = false;
        WARM.get_or_init(|| {
            first = true;
            self.launch(COLD);
        });
        if !first {
            self.launch(READY);
        }
    }

    fn launch(&mut self, patience: Duration) {
        self.process = None;
        let mut command = Command::new(env!("CARGO_BIN_EXE_belpost"));
        command.arg("serve").arg("--config").arg(self.config());
        self.process = Some(Process::start(command, &self.log()));
        let address = self.address();
        eventually("the server answers OPTIONS", patience, || {
            let process = self.process.as_mut()?;
            if let Some(status) = process.ended() {
                panic!("the server ended at once: {status}");
            }
            answers(address, Duration::from_millis(200)).then_some(())
        });
    }

    /// Another configuration for the next start.
    pub(crate) fn reconfigure(&self, setup: &Setup) {
        let text = setup.text(self.folder(), self.port);
        std::fs::write(self.config(), text).expect("a configuration");
    }

    /// SIGKILL: the end without a last word.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// SIGKILL without waiting for the end: for a thread beside those that use the server.
    pub(crate) fn kill_by_id(&self) {
        self.process
            .as_ref()
            .expect("a running server")
            .kill_by_id();
    }

    /// SIGTERM: the polite end.
    pub(crate) fn terminate(&self) {
        self.process.as_ref().expect("a running server").terminate();
    }

    /// Waits for the end of the process.
    pub(crate) fn wait_for_end(&mut self, within: Duration) -> ExitStatus {
        let process = self.process.as_mut().expect("a running server");
        process
            .wait(within)
            .unwrap_or_else(|| panic!("the server runs on after {within:?}"))
    }

    /// Where it takes calls, over UDP and TCP.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Whether it answers OPTIONS.
    pub(crate) fn is_alive(&self) -> bool {
        answers(self.address(), Duration::from_secs(2))
    }

    /// The folder of this server.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A subscriber's mailbox.
    pub(crate) fn mailbox(&self, number: &str) -> Mailbox {
        Mailbox::at(self.folder().join("mail").join(number).join("Maildir"))
    }

    /// Waits until a mailbox holds this many messages.
    pub(crate) fn await_messages(&self, number: &str, count: usize) -> Mailbox {
        let mailbox = self.mailbox(number);
        let what = format!("{count} messages in {number}");
        eventually(&what, Duration::from_secs(10), || {
            (mailbox.count() == count).then_some(())
        });
        mailbox
    }

    /// The event log so far.
    pub(crate) fn events(&self) -> Vec<Event> {
        events::read(&self.folder().join("events.jsonl"))
    }

    /// The events of the call with this Call-ID.
    pub(crate) fn events_of(&self, call_id: &str) -> Vec<Event> {
        let events = self.events();
        let Some(first) = events.iter().position(|e| e.text("call_id") == call_id) else {
            return Vec::new();
        };
        let name = events[first].call().to_owned();
        // A server started anew gives its calls the same names again.
        let is_next =
            |e: &Event| e.what() == CALL && e.call() == name && e.text("call_id") != call_id;
        let later = events.into_iter().skip(first);
        later
            .take_while(|e| !is_next(e))
            .filter(|e| e.call() == name)
            .collect()
    }

    /// Whether this has happened in a call so far. The log is written behind the calls: of one that
    /// is over, `happened_in_all` knows more.
    pub(crate) fn happened(&self, call_id: &str, what: &str) -> bool {
        self.events_of(call_id).iter().any(|e| e.what() == what)
    }

    /// Whether this has happened in a call that is over; waits until the log says that it is.
    pub(crate) fn happened_in_all(&self, call_id: &str, what: &str) -> bool {
        eventually(
            "the end of the call in the log",
            Duration::from_secs(10),
            || self.happened(call_id, END).then_some(()),
        );
        self.happened(call_id, what)
    }

    /// Runs a command of the program on this server's configuration; its exit code and what it
    /// printed.
    pub(crate) fn command(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_belpost"));
        command.args(arguments).arg("--config").arg(self.config());
        let output = command.output().expect("the program");
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }

    /// All it printed.
    pub(crate) fn printed(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log()).unwrap_or_default()).into_owned()
    }

    /// Its configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder().join("belpost.toml")
    }

    fn log(&self) -> PathBuf {
        self.folder().join("log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process = None;
        if std::thread::panicking() {
            process::show("server", &self.log());
            process::show("events", &self.folder().join("events.jsonl"));
        }
    }
}

/// Whether something answers OPTIONS at this address.
pub(crate) fn answers(address: SocketAddr, within: Duration) -> bool {
    let mut link = Link::udp(address);
    let options = Request::new("OPTIONS", "ping", address, "probe");
    let text = options.text(&link);
    link.send(&text);
    link.final_answer("OPTIONS", within).is_some()
}
