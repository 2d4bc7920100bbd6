//! The server under measurement: the real binary in a folder of its own, on the first core.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{self, Command, Stdio};
use std::time::Duration;

/// The number of the endless announcement.
pub(crate) const ANNOUNCEMENT: &str = "9901";
/// The number whose tone changes with each key.
pub(crate) const KEY_TONE: &str = "9902";
/// A mailbox: calls to it leave a message.
pub(crate) const MAILBOX: &str = "2001";

/// Clock ticks a second of /proc/PID/stat (`USER_HZ`, 100 on every Linux this runs on).
const TICKS: u64 = 100;

/// A running server; it ends with this value.
pub(crate) struct Child {
    process: process::Child,
    sip: SocketAddr,
    folder: PathBuf,
}

impl Child {
    /// Starts a server with room for these calls and waits until it listens.
    pub(crate) fn start(calls: usize) -> Child {
        let folder = std::env::temp_dir().join(format!("belpost-bench-{}", process::id()));
        fs::create_dir_all(&folder).expect("a scratch folder");
        let config = folder.join("belpost.toml");
        fs::write(&config, configuration(calls)).expect("a configuration");
        let mut process = Command::new("taskset")
            .args([
                "-c",
                "0",
                env!("CARGO_BIN_EXE_belpost"),
                "serve",
                "--config",
            ])
            .arg(&config)
            .stdout(Stdio::piped())
            .spawn()
            .expect("taskset (package util-linux) and the server");
        let stdout = process.stdout.take().expect("the server's output");
        let sip = BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| listening(&line))
            .expect("a line that says where the server listens");
        Child {
            process,
            sip,
            folder,
        }
    }

    /// Where it takes SIP over UDP.
    pub(crate) fn sip(&self) -> SocketAddr {
        self.sip
    }

    /// The processor time it has used, user and system.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = self.proc("stat");
        // The name in brackets may hold anything; the fields follow it: utime is the 12th.
        let fields: Vec<u64> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .map(|f| f.parse().unwrap_or(0))
            .collect();
        Duration::from_millis((fields[11] + fields[12]) * 1_000 / TICKS)
    }

    /// The memory it holds, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        self.proc("status")
            .lines()
            .find_map(|line| {
                line.strip_prefix("VmRSS:")?
                    .trim()
                    .strip_suffix(" kB")?
                    .parse()
                    .ok()
            })
            .unwrap_or(0)
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.process.id())).unwrap_or_default()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // A server that has ended already needs no killing.
        let _ended = self.process.kill();
        let _status = self.process.wait();
        let _kept = fs::remove_dir_all(&self.folder);
    }
}

fn listening(line: &str) -> Option<SocketAddr> {
    line.split_whitespace()
        .find_map(|word| word.strip_prefix("udp:")?.parse().ok())
}

fn configuration(calls: usize) -> String {
    let max_calls = calls + 100;
    format!(
        r#"
[sip]
listen = ["udp:127.0.0.1:0"]
max_calls = {max_calls}
[media]
bind = "127.0.0.1"
ports = "ephemeral"
workers = 1
[spool]
folder = "spool"
[mailboxes]
folder = "mailboxes"
[prompts]
cache = "cache"
[log]
level = "warn"
[diagnostics]
announcement = "{ANNOUNCEMENT}"
key_tone = "{KEY_TONE}"
[[subscriber]]
mailbox = "{MAILBOX}"
name = "Bench"
language = "en"
zone = "UTC"
"#
    )
}
