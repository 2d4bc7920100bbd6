//! linphonec as a telephone: commands through a pipe, sound from and to WAV files.

use super::person::Telephone;
use super::ports::free_block;
use super::process;
use super::sound;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A running linphonec.
#[derive(Debug)]
pub(crate) struct Linphone {
    folder: TempDir,
    child: Child,
    server: SocketAddr,
}

impl Linphone {
    /// A telephone with this number that says `microphone` once a call is up.
    pub(crate) fn start(server: SocketAddr, number: &str, microphone: &[i16]) -> Linphone {
        let folder = tempfile::Builder::new()
            .prefix("linphone-")
            .tempdir()
            .expect("a folder");
        let home = folder.path();
        for sub in [".local/share/linphone", ".config/linphone"] {
            std::fs::create_dir_all(home.join(sub)).expect("a folder of the phone");
        }
        let ports = free_block(6);
        sound::write_wav(&home.join("microphone.wav"), microphone);
        std::fs::write(home.join("rc"), settings(ports, number)).expect("a file of the phone");
        let log = File::create(home.join("log")).expect("a log file");
        let mut command = Command::new("linphonec");
        command
            .arg("-c")
            .arg(home.join("rc"))
            .env("HOME", home)
            .current_dir(home);
        command
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log);
        let child = command.spawn().expect("linphonec");
        let mut phone = Linphone {
            folder,
            child,
            server,
        };
        phone.order("soundcard use files");
        let place = phone.folder.path().display().to_string();
        phone.order(&format!("play {place}/microphone.wav"));
        phone.order(&format!("record {place}/heard.wav"));
        phone
    }

    /// A telephone that registers at the server itself under this name.
    pub(crate) fn register(
        server: SocketAddr,
        name: &str,
        password: &str,
        microphone: &[i16],
    ) -> Linphone {
        let mut phone = Linphone::start(server, name, microphone);
        let order = format!("register sip:{name}@{server} sip:{server} {password}");
        phone.order(&order);
        phone
    }

    /// Says that it is gone.
    pub(crate) fn unregister(&mut self) {
        self.order("unregister");
    }

    /// Dials.
    pub(crate) fn call(&mut self, number: &str) {
        let uri = format!("call sip:{number}@{}", self.server);
        self.order(&uri);
    }

    /// Presses one key.
    pub(crate) fn press(&mut self, key: char) {
        self.order(&key.to_string());
    }

    /// Hangs up.
    pub(crate) fn hang_up(&mut self) {
        self.order("terminate");
    }

    /// All it heard; nothing before it has written the header of its file, a moment after the call.
    pub(crate) fn heard(&self) -> Vec<i16> {
        let file: PathBuf = self.folder.path().join("heard.wav");
        let bytes = std::fs::read(file).unwrap_or_default();
        sound::decode_wav(&bytes).unwrap_or_default()
    }

    fn order(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("a pipe");
        writeln!(stdin, "{line}").expect("linphonec reads");
        stdin.flush().expect("linphonec reads");
    }
}

impl Telephone for Linphone {
    fn call(&mut self, number: &str) {
        Linphone::call(self, number);
    }

    fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            Linphone::press(self, key);
        }
    }

    fn hang_up(&mut self) {
        Linphone::hang_up(self);
    }
}

impl Drop for Linphone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            process::show("linphonec", &self.folder.path().join("log"));
        }
    }
}

fn settings(ports: u16, number: &str) -> String {
    format!(
        "[sip]\nsip_port={ports}\nsip_tcp_port=-1\nsip_tls_port=-1\nuse_ipv6=0\nuse_rfc2833=1\n\
         use_info=0\nguess_hostname=0\nregister_only_when_network_is_up=0\n\
         contact=\"{number}\" <sip:{number}@127.0.0.1>\n\n[rtp]\naudio_rtp_port={}\nbind_address=127.0.0.1\n",
        ports + 2
    )
}
