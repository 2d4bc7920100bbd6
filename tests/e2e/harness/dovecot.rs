//! Dovecot, a real IMAP server, on loopback.
//!
//! It serves `ROOT/mailboxes/USER/Maildir`. Run as root, it works as `nobody`, which all in `ROOT`
//! is
//! given to; [`give_away`] does the same for what is written there later.

use super::ports::free_port;
use super::wait::eventually;
use imap::Session;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::fmt::Write;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

const DOVECOT: &str = "/usr/sbin/dovecot";
const NOBODY: u32 = 65_534;
const PATIENCE: Duration = Duration::from_secs(20);

/// The password of every user.
pub(crate) const PASSWORD: &str = "secret";

/// A running Dovecot; stopped by its own process id.
pub(crate) struct Dovecot {
    child: Child,
    /// Its port without TLS, or with STARTTLS.
    pub(crate) port: u16,
    /// Its port with TLS.
    pub(crate) tls_port: u16,
}

/// How it differs from the plainest.
#[derive(Default)]
pub(crate) struct Features<'a> {
    /// Certificate and key, files in PEM.
    pub(crate) tls: Option<(&'a Path, &'a Path)>,
    /// Room in a mailbox, in Dovecot's words: `200K`.
    pub(crate) quota: Option<&'a str>,
    /// More lines of configuration.
    pub(crate) further: &'a str,
}

impl Dovecot {
    /// Serves the mailboxes in `root/mailboxes`.
    pub(crate) fn start(root: &Path) -> Dovecot {
        Dovecot::with(root, &Features::default())
    }

    /// The same with features.
    pub(crate) fn with(root: &Path, features: &Features<'_>) -> Dovecot {
        Dovecot::on(root, features, free_port(), free_port())
    }

    /// The same on ports it had before.
    pub(crate) fn on(root: &Path, features: &Features<'_>, port: u16, tls_port: u16) -> Dovecot {
        assert!(
            Path::new(DOVECOT).exists(),
            "{DOVECOT} is missing: install the Debian package dovecot-imapd"
        );
        let config = root.join("dovecot.conf");
        fs::write(&config, configuration(root, features, port, tls_port)).unwrap();
        let users: String = (2001..2020)
            .map(|user| format!("{user}:{{PLAIN}}{PASSWORD}::::::\n"))
            .collect();
        fs::write(root.join("users"), users).unwrap();
        give_away(root);
        let log = fs::File::create(root.join("stderr")).unwrap();
        let mut command = Process::new(DOVECOT);
        command.arg("-F").arg("-c").arg(&config);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        if geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let child = command.spawn().unwrap();
        let mut dovecot = Dovecot {
            child,
            port,
            tls_port,
        };
        dovecot.await_port(root);
        dovecot
    }

    fn await_port(&mut self, root: &Path) {
        let (child, port) = (&mut self.child, self.port);
        eventually("dovecot takes calls", PATIENCE, || {
            if let Some(ended) = child.try_wait().unwrap() {
                let said = ["stderr", "dovecot.log"].map(|f| fs::read_to_string(root.join(f)));
                panic!("dovecot does not take calls ({ended:?}): {said:?}");
            }
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
        });
    }

    /// A mail client of its own, as the user 2001.
    pub(crate) fn log_in(&self) -> Session<TcpStream> {
        self.log_in_as("2001")
    }

    /// The same as another user.
    pub(crate) fn log_in_as(&self, user: &str) -> Session<TcpStream> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = imap::Client::new(stream);
        client.read_greeting().unwrap();
        client
            .login(user, PASSWORD)
            .map_err(|(fault, _)| fault)
            .unwrap()
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }
}

fn configuration(root: &Path, features: &Features<'_>, port: u16, tls_port: u16) -> String {
    let root = root.display();
    let (user, group) = names();
    let mut text = format!(
        "base_dir = {root}/run\nstate_dir = {root}/run\nlog_path = {root}/dovecot.log\n\
         protocols = imap\nlisten = 127.0.0.1\ndisable_plaintext_auth = no\n\
         auth_mechanisms = plain login\ndefault_login_user = {user}\n\
         default_internal_user = {user}\ndefault_internal_group = {group}\n\
         first_valid_uid = 1\nmail_location = maildir:{root}/mailboxes/%u/Maildir\n\
         passdb {{\n driver = passwd-file\n args = scheme=PLAIN username_format=%u {root}/users\n}}\n\
         userdb {{\n driver = static\n args = uid={user} gid={group} home={root}/home/%u\n}}\n\
         service anvil {{\n chroot =\n}}\n"
    );
    let tls = features.tls.map_or((0, "ssl = no\n".to_owned()), |files| {
        let (certificate, key) = (files.0.display(), files.1.display());
        let text = format!("ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}\n");
        (tls_port, text)
    });
    write!(
        text,
        "{}service imap-login {{\n chroot =\n inet_listener imap {{\n address = 127.0.0.1\n \
         port = {port}\n }}\n inet_listener imaps {{\n address = 127.0.0.1\n port = {}\n \
         ssl = yes\n }}\n}}\n",
        tls.1, tls.0
    )
    .unwrap();
    if let Some(room) = features.quota {
        write!(
            text,
            "protocol imap {{\n mail_plugins = quota imap_quota\n}}\nplugin {{\n \
             quota = count:User quota\n quota_vsizes = yes\n quota_rule = *:storage={room}\n \
             quota_grace = 0\n}}\n"
        )
        .unwrap();
    }
    text + features.further
}

/// The user and group Dovecot works as.
fn names() -> (String, String) {
    if geteuid().is_root() {
        return ("nobody".into(), "nogroup".into());
    }
    let name = |flag: &str| {
        let output = Process::new("id").args([flag, "-n"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    (name("-u"), name("-g"))
}

/// Gives a folder and all in it to the user Dovecot works as.
pub(crate) fn give_away(path: &Path) {
    if !geteuid().is_root() {
        return;
    }
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give_away(&entry.unwrap().path());
        }
    }
}

/// A certificate for `localhost`, signed by itself, and its key; files in `folder`.
pub(crate) fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate, key)
}
