//! baresip as a telephone: a WAV file for a microphone, a WAV file of what it heard, driven over
//! its control socket (netstrings of JSON).

use super::person::Telephone;
use super::ports::free_block;
use super::process::{self, Process};
use super::registrar::Registrar;
use super::sound;
use super::wait::eventually;
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const MODULES: &str = "/usr/lib/baresip/modules";

/// A running baresip.
#[derive(Debug)]
pub(crate) struct Baresip {
    folder: TempDir,
    process: Process,
    control: TcpStream,
    pending: Vec<u8>,
    server: SocketAddr,
    address: SocketAddr,
    /// Who answers its REGISTERs, where it sends any.
    registrar: Option<Registrar>,
}

impl Baresip {
    /// A telephone with this number that calls through the server and says `microphone` from the
    /// moment a call is up. It hangs up when that is over, so it is longer than any call.
    pub(crate) fn start(server: SocketAddr, number: &str, microphone: &[i16]) -> Baresip {
        Baresip::start_as(server, microphone, &account(server, number))
    }

    /// The same with a message-waiting lamp, to which it subscribes as soon as it is registered:
    /// never before.
    pub(crate) fn start_with_lamp(server: SocketAddr, number: &str, microphone: &[i16]) -> Baresip {
        let front = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        let through = front.local_addr().expect("an address");
        let account = account(through, number).replace("regint=0", "regint=60;mwi=yes");
        let mut phone = Baresip::start_as(server, microphone, &account);
        phone.registrar = Some(Registrar::serve(front, phone.address, server));
        phone
    }

    /// A telephone that registers at the server itself under this name.
    pub(crate) fn register(
        server: SocketAddr,
        name: &str,
        password: &str,
        microphone: &[i16],
    ) -> Baresip {
        Baresip::register_as(server, (name, password), "regint=60", microphone)
    }

    /// The same with a lamp, to which it subscribes.
    pub(crate) fn register_with_lamp(
        server: SocketAddr,
        name: &str,
        password: &str,
        microphone: &[i16],
    ) -> Baresip {
        Baresip::register_as(server, (name, password), "regint=60;mwi=yes", microphone)
    }

    fn register_as(
        server: SocketAddr,
        (name, password): (&str, &str),
        how: &str,
        microphone: &[i16],
    ) -> Baresip {
        let account = account(server, name).replace("regint=0", how);
        let account = format!("{account};auth_user={name};auth_pass={password}");
        Baresip::start_as(server, microphone, &account)
    }

    /// Whether it has printed this.
    pub(crate) fn has_printed(&self, text: &str) -> bool {
        let log = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).contains(text)
    }

    /// Has it end in its own way: it says everywhere that it is gone.
    pub(crate) fn quit(&mut self) {
        self.command("quit", "");
    }

    fn start_as(server: SocketAddr, microphone: &[i16], account: &str) -> Baresip {
        let folder = tempfile::Builder::new()
            .prefix("phone-")
            .tempdir()
            .expect("a folder");
        let ports = free_block(10);
        sound::write_wav(&folder.path().join("microphone.wav"), microphone);
        let write = |name: &str, text: String| {
            std::fs::write(folder.path().join(name), text).expect("a file of the phone");
        };
        write("config", config(&folder, ports));
        write("accounts", format!("{account}\n"));
        write("contacts", String::new());
        let mut command = Command::new("baresip");
        command.arg("-f").arg(folder.path()).arg("-v");
        let process = Process::start(command, &folder.path().join("log"));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports + 2));
        let control = eventually("baresip listens", Duration::from_secs(10), || {
            TcpStream::connect(address).ok()
        });
        let pending = Vec::new();
        Baresip {
            folder,
            process,
            control,
            pending,
            server,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, ports)),
            registrar: None,
        }
    }

    /// Dials and waits until the call is up.
    pub(crate) fn call(&mut self, number: &str) {
        self.command("dial", &format!("sip:{number}@{}", self.server));
        self.await_event("CALL_ESTABLISHED", Duration::from_secs(10));
    }

    /// Presses keys, one after the other.
    pub(crate) fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.command("sndcode", &key.to_string());
            self.await_response();
            // baresip holds a key for as long as its menu says; the next must not run into it.
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// Hangs up.
    pub(crate) fn hang_up(&mut self) {
        self.command("hangup", "");
        self.await_event("CALL_CLOSED", Duration::from_secs(10));
    }

    /// Waits until the server hangs up.
    pub(crate) fn await_hang_up(&mut self, within: Duration) {
        self.await_event("CALL_CLOSED", within);
    }

    /// All it heard in its last call; whole once that has ended.
    pub(crate) fn heard(&self) -> Vec<i16> {
        self.heard_file()
            .map_or(Vec::new(), |file| sound::read_wav(&file))
    }

    /// The file of the last call: their names hold the moment each began.
    fn heard_file(&self) -> Option<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder of the phone");
        entries
            .filter_map(|entry| entry.ok().map(|e| e.path()))
            .filter(|file| file.to_string_lossy().ends_with("-dec.wav"))
            .max()
    }

    /// Waits until the lamp is told this, since it was last waited for.
    pub(crate) fn await_lamp(&mut self, waiting: &str, counts: &str) {
        let waiting = format!("Messages-Waiting: {waiting}");
        let counts = format!("Voice-Message: {counts} ");
        let what = format!("{waiting}, {counts}");
        self.await_word(&what, Duration::from_secs(10), |word| {
            let told = word["param"].as_str().unwrap_or_default();
            word["type"] == "MWI_NOTIFY" && told.contains(&waiting) && told.contains(&counts)
        });
    }

    fn command(&mut self, command: &str, params: &str) {
        let text = json!({"command": command, "params": params, "token": "t"}).to_string();
        let netstring = format!("{}:{text},", text.len());
        self.control
            .write_all(netstring.as_bytes())
            .expect("the control socket");
    }

    fn await_event(&mut self, kind: &str, within: Duration) -> Value {
        self.await_word(kind, within, |word| word["type"] == kind)
    }

    fn await_response(&mut self) -> Value {
        let within = Duration::from_secs(5);
        self.await_word("a response", within, |word| word["response"] == true)
    }

    fn await_word(&mut self, what: &str, within: Duration, is: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + within;
        loop {
            while let Some(word) = take_netstring(&mut self.pending) {
                if is(&word) {
                    return word;
                }
            }
            assert!(
                Instant::now() < end,
                "baresip: not within {within:?}: {what}"
            );
            self.read_some();
        }
    }

    fn read_some(&mut self) {
        let mut buffer = [0; 4_096];
        self.control
            .set_read_timeout(Some(Duration::from_millis(50)))
            .expect("a time-out");
        match self.control.read(&mut buffer) {
            Ok(0) => panic!("baresip closed its control socket"),
            Ok(len) => self.pending.extend_from_slice(&buffer[..len]),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(e) => panic!("baresip: {e}"),
        }
    }
}

impl Telephone for Baresip {
    fn call(&mut self, number: &str) {
        Baresip::call(self, number);
    }

    fn press(&mut self, keys: &str) {
        Baresip::press(self, keys);
    }

    fn hang_up(&mut self) {
        Baresip::hang_up(self);
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        self.process.kill();
        self.registrar = None;
        if std::thread::panicking() {
            process::show("baresip", &self.folder.path().join("log"));
        }
    }
}

/// Takes one netstring of JSON off the front.
fn take_netstring(pending: &mut Vec<u8>) -> Option<Value> {
    let colon = pending.iter().position(|&b| b == b':')?;
    let len: usize = std::str::from_utf8(&pending[..colon]).ok()?.parse().ok()?;
    let body = pending.get(colon + 1..colon + 1 + len)?;
    let word = serde_json::from_slice(body).unwrap_or(Value::Null);
    // The comma behind it goes too; it may not have been read yet only if nothing follows.
    let end = (colon + len + 2).min(pending.len());
    pending.drain(..end);
    Some(word)
}

/// The port above `sip_listen` is taken too: baresip listens there for TLS, asked or not.
fn config(folder: &TempDir, ports: u16) -> String {
    let place = folder.path().display();
    format!(
        "poll_method epoll\nsip_listen 127.0.0.1:{ports}\nnet_interface 127.0.0.1\n\
         audio_source aufile,{place}/microphone.wav\naudio_player aufile,{place}/played.wav\n\
         audio_alert aufile,{place}/alert.wav\nausrc_srate 8000\nauplay_srate 8000\n\
         ausrc_channels 1\nauplay_channels 1\nrtp_ports {}-{}\nmodule_path {MODULES}\n\
         module stdio.so\nmodule g711.so\nmodule aufile.so\nmodule sndfile.so\n\
         module_tmp account.so\nmodule_app menu.so\nmodule_app mwi.so\nmodule_app ctrl_tcp.so\n\
         module_app debug_cmd.so\nctrl_tcp_listen 127.0.0.1:{}\nsnd_path {place}\n",
        ports + 4,
        ports + 9,
        ports + 2,
    )
}

fn account(server: SocketAddr, number: &str) -> String {
    format!(
        "<sip:{number}@{server};transport=udp>;regint=0;outbound=\"sip:{server};transport=udp\";\
         dtmfmode=rtpevent;ptime=20;audio_codecs=PCMA/8000/1,PCMU/8000/1"
    )
}
