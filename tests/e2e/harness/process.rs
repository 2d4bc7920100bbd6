//! A child process that is ended when its owner lets go of it, and what it printed.

use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The most of a log that is shown when a test fails, in bytes.
const SHOWN_MAX: usize = 6_000;

/// A running child.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts it, all output into `log`, nothing to read.
    pub(crate) fn start(mut command: Command, log: &Path) -> Process {
        let out = File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("a log file");
        let err = out.try_clone().expect("a log file");
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?}: {e}"));
        Process { child }
    }

    /// SIGKILL, and wait.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// SIGKILL, without waiting.
    pub(crate) fn kill_by_id(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("a process id");
        let pid = Pid::from_raw(id).expect("a process id");
        let _ = kill_process(pid, signal);
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child of ours")
    }

    /// Waits for its end; `None` when it does not come.
    pub(crate) fn wait(&mut self, within: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + within;
        loop {
            match self.ended() {
                Some(status) => return Some(status),
                None if Instant::now() >= end => return None,
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Prints the end of a log, for a test that fails.
pub(crate) fn show(what: &str, log: &PathBuf) {
    let text = std::fs::read(log).unwrap_or_default();
    let from = text.len().saturating_sub(SHOWN_MAX);
    eprintln!("--- {what} ---\n{}", String::from_utf8_lossy(&text[from..]));
}
