//! SIPp as the caller: one run of one scenario, its exit status and what it wrote.

use super::ports::free_block;
use super::process::{self, Process};
use super::sound;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// A run to be started.
#[derive(Debug)]
pub(crate) struct Sipp {
    command: Command,
    folder: TempDir,
}

impl Sipp {
    /// This scenario, called once against this server. `keys` fill the scenario's own keywords.
    pub(crate) fn new(scenario: &str, server: SocketAddr, keys: &[(&str, &str)]) -> Sipp {
        let folder = tempfile::Builder::new()
            .prefix("sipp-")
            .tempdir()
            .expect("a folder");
        let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/sipp");
        let ports = free_block(6);
        let mut command = Command::new("sipp");
        command.current_dir(folder.path());
        command
            .arg(server.to_string())
            .arg("-sf")
            .arg(scenarios.join(scenario));
        command.args([
            "-m",
            "1",
            "-i",
            "127.0.0.1",
            "-mi",
            "127.0.0.1",
            "-nostdin",
            "-trace_err",
            "-trace_msg",
        ]);
        command.args(["-error_file", "errors.log", "-message_file", "messages.log"]);
        command.args(["-timeout", "60", "-timeout_error"]);
        command.arg("-p").arg(ports.to_string());
        command.arg("-mp").arg((ports + 2).to_string());
        for (key, value) in keys {
            command.args(["-key", key, value]);
        }
        Sipp { command, folder }
    }

    /// The sound the scenario plays as `speech.al`, in A-law without a header.
    pub(crate) fn saying(self, samples: &[i16]) -> Sipp {
        let octets: Vec<u8> = samples
            .iter()
            .map(|&s| belpost::audio::Law::A.encode(s))
            .collect();
        std::fs::write(self.folder.path().join("speech.al"), octets).expect("a speech file");
        self
    }

    /// With a global variable of the scenario set.
    pub(crate) fn set(mut self, variable: &str, value: &str) -> Sipp {
        self.command.args(["-set", variable, value]);
        self
    }

    /// Runs it; every step of the scenario must have happened.
    pub(crate) fn run(self) {
        let log = self.folder.path().join("sipp.log");
        let mut process = Process::start(self.command, &log);
        let status = process.wait(Duration::from_secs(70));
        if !status.is_some_and(|s| s.success()) {
            for name in ["sipp.log", "errors.log", "messages.log"] {
                process::show(name, &self.folder.path().join(name));
            }
            panic!("SIPp: {status:?}");
        }
    }
}

/// The sound of a pcap file that comes with SIPp: A-law packets in order, without the headers.
pub(crate) fn pcap_sound(file: &Path) -> Vec<i16> {
    let bytes = std::fs::read(file).expect("a pcap file");
    let mut at = 24;
    let mut sound = Vec::new();
    while let Some(head) = bytes.get(at..at + 16) {
        let len = u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize;
        // Ethernet 14, IPv4 20, UDP 8, RTP 12.
        let payload = bytes.get(at + 16 + 54..at + 16 + len).unwrap_or_default();
        sound.extend(payload.iter().map(|&o| belpost::audio::Law::A.decode(o)));
        at += 16 + len;
    }
    assert!(sound::length(&sound) > 1.0, "{}: no sound", file.display());
    sound
}

/// Where Debian keeps the pcap files of SIPp.
pub(crate) fn pcaps() -> PathBuf {
    PathBuf::from("/usr/share/sip-tester")
}
