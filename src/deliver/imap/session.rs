//! One logged-in connection, and what is done by it: each a command with a deadline.
//!
//! Laws: after anything but a clear answer the session is [dead](Session::is_dead) and is thrown
//! away; a password is in no text that leaves here; messages are named by their UIDs alone, and
//! what a server says of UIDs nobody asked about is not believed.
//!
//! Specs: RFC 3501 section 6, RFC 4315 (UIDPLUS), RFC 2177 (IDLE), RFC 4616 (PLAIN), XOAUTH2.

use super::fault::{Fault, shown};
use super::line::{Heard, Line, Port, hold, until};
use super::name;
use super::sets::{packed, sets};
use super::stream::Trust;
use crate::base::{MessageId, Timestamp};
use crate::deliver::servers::{Auth, ImapServer};
use crate::mime::{self, HEAD_MAX, Head, MAIL_MAX, MailHost};
use crate::subscriber::{ImapAccount, Secret};
use imap::error::Error;
use imap::types::{Fetch, Fetches, Flag};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Octets that the answer to a command may have that brings no mail.
const ANSWER_MAX: usize = 8 << 20;

/// Octets that the answer to a command may have that brings one mail.
const BODY_MAX: usize = MAIL_MAX + (64 << 10);

/// How many messages are asked for their heads at a time: their answer stays below
/// [`ANSWER_MAX`].
pub(super) const HEADS_AT_ONCE: usize = 100;

/// How many messages are asked for their flags at a time.
const NAMED_AT_ONCE: usize = 600;

/// Octets of a file with a password that are read.
const SECRET_MAX: u64 = 64 << 10;

/// How long a goodbye may take; nobody waits for its answer.
const GOODBYE: Duration = Duration::from_secs(1);

/// A logged-in connection.
pub(super) struct Session {
    imap: imap::Session<Port>,
    line: Arc<Mutex<Line>>,
    timeout: Duration,
    can: Abilities,
    /// The UIDVALIDITY of the folder that is open.
    open: Option<(String, u32)>,
    /// Whether it was looked what is new since the folder was last entered.
    looked: bool,
    dead: bool,
    used: Instant,
}

/// What a server can do beyond RFC 3501; nothing of it must be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Abilities {
    /// IDLE.
    pub(super) idle: bool,
    /// UIDPLUS.
    pub(super) uidplus: bool,
}

/// The flags of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) seen: bool,
    pub(super) flagged: bool,
    pub(super) deleted: bool,
}

/// The keyword of a greeting that callers hear (OMTP Visual Voice Mail Interface 1.3,
/// section 2.8).
pub(super) const GREETING_ON: &str = "$CNS-Greeting-On";

/// A change of one flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Seen,
    Deleted,
    Undeleted,
    /// A greeting is heard by callers, or is not.
    GreetingOn,
    GreetingOff,
}

impl Session {
    /// Connects and logs in within this time, and asks what the server can do.
    pub(super) fn open(
        server: &ImapServer,
        account: &ImapAccount,
        trust: &Trust,
        within: Duration,
    ) -> Result<Session, Fault> {
        let secret = read_secret(&account.secret)?;
        let deadline = until(within);
        let mut line = Line::open(server, trust, deadline)?;
        line.begin(deadline, ANSWER_MAX);
        let (line, port) = Port::new(line);
        let asked = quietly(|| log_in(port, server.auth, &account.user, &secret))
            .unwrap_or(Err(Error::ConnectionLost));
        let imap = asked.map_err(|fault| {
            let bye = hold(&line).bye().map(str::to_owned);
            no_login(server, &account.user, &secret, fault, bye.as_deref())
        })?;
        let mut session = Session {
            imap,
            line,
            timeout: server.timeout,
            can: Abilities::default(),
            open: None,
            looked: false,
            dead: false,
            used: Instant::now(),
        };
        session.can = session.abilities()?;
        Ok(session)
    }

    /// Whether it must be thrown away.
    pub(super) fn is_dead(&self) -> bool {
        self.dead
    }

    /// How long ago the server answered last.
    pub(super) fn idle_for(&self) -> Duration {
        self.used.elapsed()
    }

    /// What the server can do.
    pub(super) fn can(&self) -> Abilities {
        self.can
    }

    /// How often the server told of a message that came or went.
    pub(super) fn changes(&self) -> u64 {
        hold(&self.line).changes()
    }

    /// Says goodbye without waiting for the answer.
    pub(super) fn close(mut self) {
        if !self.dead {
            hold(&self.line).begin(until(GOODBYE), ANSWER_MAX);
            // The connection ends either way.
            let _ = self.imap.run_command("LOGOUT");
        }
    }

    /// Asks whether the server is still there, and what is new in the open folder.
    pub(super) fn look(&mut self) -> Result<(), Fault> {
        self.command("a look", ANSWER_MAX, imap::Session::noop)?;
        self.looked = true;
        Ok(())
    }

    /// The same, where nobody waits longer than this.
    pub(super) fn look_within(&mut self, within: Duration) -> Result<(), Fault> {
        let timeout = std::mem::replace(&mut self.timeout, within);
        let looked = self.look();
        self.timeout = timeout;
        looked
    }

    /// Opens a folder, or looks what is new in it where it is open; makes it where it is not
    /// there. Gives its UIDVALIDITY.
    pub(super) fn enter(&mut self, folder: &str) -> Result<u32, Fault> {
        if let Some(validity) = self.look_again(folder)? {
            return Ok(validity);
        }
        let wire = name::encode(folder);
        let found = match self.select(&wire) {
            Err(Fault::Refused(_)) => {
                self.make(&wire)?;
                self.select(&wire)
            }
            found => found,
        };
        self.opened(folder, &found?)
    }

    /// The same, but a folder that is not there is not made; whether it is there.
    pub(super) fn enter_if_there(&mut self, folder: &str) -> Result<bool, Fault> {
        if self.look_again(folder)?.is_some() {
            return Ok(true);
        }
        match self.select(&name::encode(folder)) {
            Err(Fault::Refused(_)) => Ok(false),
            found => self.opened(folder, &found?).map(|_| true),
        }
    }

    /// Looks what is new in a folder where it is open; its UIDVALIDITY then.
    fn look_again(&mut self, folder: &str) -> Result<Option<u32>, Fault> {
        let open = self.open.as_ref().filter(|(open, _)| open == folder);
        let Some((_, validity)) = open else {
            (self.open, self.looked) = (None, false);
            return Ok(None);
        };
        let validity = *validity;
        if !self.looked {
            self.look()?;
        }
        self.looked = false;
        Ok(Some(validity))
    }

    fn opened(&mut self, folder: &str, found: &imap::types::Mailbox) -> Result<u32, Fault> {
        let validity = found.uid_validity.ok_or_else(|| {
            Fault::Lying(format!(
                "the IMAP server gives no UIDVALIDITY of {folder:?}"
            ))
        })?;
        self.open = Some((folder.to_owned(), validity));
        Ok(validity)
    }

    /// Makes a folder, and has mail clients show it. Made by another meanwhile is as good.
    fn make(&mut self, wire: &str) -> Result<(), Fault> {
        let doing = "a new folder";
        let as_good = |done| match done {
            Ok(()) | Err(Fault::Refused(_)) => Ok(()),
            Err(fault) => Err(fault),
        };
        as_good(self.command(doing, ANSWER_MAX, |imap| imap.create(wire)))?;
        as_good(self.command(doing, ANSWER_MAX, |imap| imap.subscribe(wire)))
    }

    fn select(&mut self, wire: &str) -> Result<imap::types::Mailbox, Fault> {
        self.command("the folder", ANSWER_MAX, |imap| imap.select(wire))
    }

    /// The UIDs of the messages that a search finds, in order.
    pub(super) fn search(&mut self, query: &str) -> Result<BTreeSet<u32>, Fault> {
        let found = self.command("a search", ANSWER_MAX, |imap| imap.uid_search(query))?;
        Ok(found.into_iter().collect())
    }

    /// The UIDs of the voice messages, in order.
    pub(super) fn voice_messages(&mut self) -> Result<BTreeSet<u32>, Fault> {
        self.search("HEADER Message-Context voice-message")
    }

    /// The copies of a message of ours, in order, with their flags: one, unless an answer of the
    /// server was lost. Each is looked at, so that nothing else is taken for it.
    pub(super) fn copies(
        &mut self,
        id: MessageId,
        host: &MailHost,
    ) -> Result<Vec<(u32, Flags)>, Fault> {
        let query = format!("HEADER Message-ID \"<{id}@{}>\"", host.as_str());
        let found = self.search(&query)?;
        let heads = self.heads(&found)?;
        let ours = heads
            .into_iter()
            .filter(|(_, head)| head.as_ref().is_some_and(|head| head.id == Some(id)));
        let ours: BTreeSet<u32> = ours.map(|(uid, _)| uid).collect();
        self.flags(&ours)
    }

    /// What the headers of messages say, in order; `None` for mail that is no voice message.
    pub(super) fn heads(
        &mut self,
        uids: &BTreeSet<u32>,
    ) -> Result<Vec<(u32, Option<Head>)>, Fault> {
        let query = format!("(UID BODY.PEEK[HEADER]<0.{HEAD_MAX}>)");
        self.fetch(uids, HEADS_AT_ONCE, &query, |message| {
            message.header().map(|header| mime::read_head(header).ok())
        })
    }

    /// The flags of messages, in order; those that are gone are left out.
    pub(super) fn flags(&mut self, uids: &BTreeSet<u32>) -> Result<Vec<(u32, Flags)>, Fault> {
        self.fetch(uids, NAMED_AT_ONCE, "(UID FLAGS)", |message| {
            Some(read_flags(message.flags()))
        })
    }

    /// Asks for something of each message. A message that is told of twice counts as told last.
    pub(super) fn fetch<T>(
        &mut self,
        uids: &BTreeSet<u32>,
        at_once: usize,
        query: &str,
        read: impl Fn(&Fetch<'_>) -> Option<T>,
    ) -> Result<Vec<(u32, T)>, Fault> {
        let mut found = std::collections::BTreeMap::new();
        for set in sets(uids, at_once) {
            let fetched = self.uid_fetch(&set, query, ANSWER_MAX)?;
            for message in fetched.iter() {
                let asked = message.uid.filter(|uid| uids.contains(uid));
                if let (Some(uid), Some(told)) = (asked, read(message)) {
                    found.insert(uid, told);
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    fn uid_fetch(&mut self, set: &str, query: &str, budget: usize) -> Result<Fetches, Fault> {
        self.command("a message", budget, |imap| imap.uid_fetch(set, query))
    }

    /// A whole message, unseen as before; `None` where it is gone.
    pub(super) fn body(&mut self, uid: u32) -> Result<Option<Vec<u8>>, Fault> {
        let fetched = self.uid_fetch(&uid.to_string(), "(UID BODY.PEEK[])", BODY_MAX)?;
        let mut asked = fetched.iter().filter(|message| message.uid == Some(uid));
        Ok(asked.find_map(|message| message.body().map(<[u8]>::to_vec)))
    }

    /// Puts a mail into a folder. Gives its UID where the server tells it.
    pub(super) fn append(
        &mut self,
        folder: &str,
        flags: Flags,
        date: Timestamp,
        mail: Vec<u8>,
    ) -> Result<Option<u32>, Fault> {
        let folder = name::quote(&name::encode(folder));
        let date = date.strftime("%d-%b-%Y %H:%M:%S +0000");
        let (flags, size) = (print_flags(flags), mail.len());
        let command = format!("APPEND {folder} ({flags}) \"{date}\" {{{size}}}");
        let line = Arc::clone(&self.line);
        let (answer, end) = self.command("a message", ANSWER_MAX, |imap| {
            hold(&line).send_on_go(mail);
            imap.run(&command)
        })?;
        Ok(append_uid(answer.get(end..).unwrap_or_default()))
    }

    /// Changes a flag of messages.
    pub(super) fn turn(&mut self, uids: &BTreeSet<u32>, turn: Turn) -> Result<(), Fault> {
        let query = match turn {
            Turn::Seen => "+FLAGS.SILENT (\\Seen)",
            Turn::Deleted => "+FLAGS.SILENT (\\Deleted)",
            Turn::Undeleted => "-FLAGS.SILENT (\\Deleted)",
            Turn::GreetingOn => "+FLAGS.SILENT ($CNS-Greeting-On)",
            Turn::GreetingOff => "-FLAGS.SILENT ($CNS-Greeting-On)",
        };
        for set in packed(uids) {
            self.command("a change", ANSWER_MAX, |imap| imap.uid_store(&set, query))?;
        }
        Ok(())
    }

    /// Removes messages for good that are marked `\Deleted`, and nothing else; without UIDPLUS they
    /// stay, marked, where another message of the folder is marked too.
    pub(super) fn expunge(&mut self, uids: &BTreeSet<u32>) -> Result<(), Fault> {
        if uids.is_empty() {
            return Ok(());
        }
        if self.can.uidplus {
            for set in packed(uids) {
                self.command("a removal", ANSWER_MAX, |imap| imap.uid_expunge(&set))?;
            }
        } else if self.search("DELETED")?.is_subset(uids) {
            self.command("a removal", ANSWER_MAX, imap::Session::expunge)?;
        }
        Ok(())
    }

    /// Begins to wait for changes of the open folder; whether one was told at once.
    pub(super) fn start_idle(&mut self) -> Result<Heard, Fault> {
        self.on_line("IDLE", Line::start_idle)
    }

    /// Waits for a change, at most until `until`.
    pub(super) fn idle(&mut self, until: Instant) -> Result<Heard, Fault> {
        self.on_line("IDLE", |line| line.idle(until))
    }

    /// Ends the wait for changes.
    pub(super) fn done(&mut self) -> Result<Heard, Fault> {
        self.on_line("IDLE", Line::done)
    }

    /// Does what goes past the `imap` crate.
    fn on_line<T>(
        &mut self,
        doing: &str,
        run: impl FnOnce(&mut Line) -> std::io::Result<T>,
    ) -> Result<T, Fault> {
        let mut line = hold(&self.line);
        line.begin(until(self.timeout), ANSWER_MAX);
        let done = run(&mut line);
        drop(line);
        self.used = Instant::now();
        done.map_err(|fault| {
            self.dead = true;
            self.down(doing, &fault)
        })
    }

    fn abilities(&mut self) -> Result<Abilities, Fault> {
        let said = self.command("its abilities", ANSWER_MAX, |imap| {
            imap.capabilities().map(|said| Abilities {
                idle: said.has_str("IDLE"),
                uidplus: said.has_str("UIDPLUS"),
            })
        });
        match said {
            // Nothing more is needed than what every server has.
            Err(Fault::Refused(_)) => Ok(Abilities::default()),
            said => said,
        }
    }

    /// Runs one command of the `imap` crate.
    fn command<T>(
        &mut self,
        doing: &str,
        budget: usize,
        run: impl FnOnce(&mut imap::Session<Port>) -> imap::Result<T>,
    ) -> Result<T, Fault> {
        hold(&self.line).begin(until(self.timeout), budget);
        let imap = &mut self.imap;
        let done = quietly(|| {
            let done = run(imap);
            // They would pile up.
            drop(imap.take_all_unsolicited());
            done
        });
        self.used = Instant::now();
        let fault = match done {
            Some(Ok(done)) => return Ok(done),
            Some(Err(fault)) => self.of_error(doing, fault),
            None => Fault::Lying(format!(
                "the IMAP server's answer to {doing} breaks the parser"
            )),
        };
        self.dead |= !fault.leaves_the_connection() || hold(&self.line).bye().is_some();
        Err(fault)
    }

    fn of_error(&self, doing: &str, fault: Error) -> Fault {
        match fault {
            Error::No(no) => Fault::of_answer(doing, &no.information),
            Error::Bad(bad) => Fault::of_answer(doing, &bad.information),
            Error::Io(fault) => self.down(doing, &fault),
            Error::ConnectionLost => self.down(doing, &"the server hung up"),
            // Its texts repeat the server's octets; that there was no sense in them is enough.
            _ => Fault::Lying(format!(
                "the IMAP server's answer to {doing} makes no sense"
            )),
        }
    }

    fn down(&self, doing: &str, fault: &dyn std::fmt::Display) -> Fault {
        let what = format!("the IMAP server did not answer to {doing}: {fault}");
        match hold(&self.line).bye() {
            Some(bye) => Fault::Down(format!("{what} ({bye})")),
            None => Fault::Down(what),
        }
    }
}

/// Runs what may panic on octets of a stranger; `None` where it did.
fn quietly<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}

fn log_in(port: Port, auth: Auth, user: &str, secret: &str) -> imap::Result<imap::Session<Port>> {
    let client = imap::Client::new(port);
    let done = match auth {
        Auth::XOAuth2 => {
            let token = format!("user={user}\x01auth=Bearer {secret}\x01\x01");
            client.authenticate("XOAUTH2", &Token(token))
        }
        // A quoted string is ASCII.
        Auth::Password if user.is_ascii() && secret.is_ascii() => client.login(user, secret),
        Auth::Password => client.authenticate("PLAIN", &Token(format!("\0{user}\0{secret}"))),
    };
    done.map_err(|(fault, _)| fault)
}

/// What is answered to a server's question at log-in.
struct Token(String);

impl imap::Authenticator for Token {
    type Response = String;

    /// A question with something in it is XOAUTH2's way to say no, and wants an empty answer.
    fn process(&self, question: &[u8]) -> String {
        if question.is_empty() {
            self.0.clone()
        } else {
            String::new()
        }
    }
}

fn no_login(
    server: &ImapServer,
    user: &str,
    secret: &str,
    fault: Error,
    bye: Option<&str>,
) -> Fault {
    let host = &server.host;
    let down = |fault: &dyn std::fmt::Display| {
        let bye = bye.map_or_else(String::new, |bye| format!(" ({bye})"));
        Fault::Down(format!("no log-in at {host}: {fault}{bye}"))
    };
    let text = match fault {
        Error::No(no) => no.information,
        Error::Bad(bad) => bad.information,
        Error::Validate(_) => "the user name or password has a line end".into(),
        Error::Io(fault) => return down(&fault),
        Error::ConnectionLost => return down(&"the server hung up"),
        _ => return down(&"its answer makes no sense"),
    };
    if text.to_ascii_lowercase().starts_with("[unavailable]") {
        return down(&shown(&text));
    }
    let said = if secret.is_empty() || !text.contains(secret) {
        shown(&text)
    } else {
        "(it repeats the password)".into()
    };
    Fault::Operator(format!("{host} refuses to log {user} in: {said}"))
}

/// The password or token; the first line of its file.
fn read_secret(secret: &Secret) -> Result<String, Fault> {
    match secret {
        Secret::Text(text) => Ok(text.reveal().clone()),
        Secret::File(path) => first_line(path).map_err(|fault| {
            let path = path.display();
            Fault::Operator(format!("cannot read the password in {path}: {fault}"))
        }),
    }
}

fn first_line(path: &Path) -> std::io::Result<String> {
    let mut line = String::new();
    BufReader::new(File::open(path)?.take(SECRET_MAX)).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn read_flags(flags: &[Flag<'_>]) -> Flags {
    Flags {
        seen: flags.contains(&Flag::Seen),
        flagged: flags.contains(&Flag::Flagged),
        deleted: flags.contains(&Flag::Deleted),
    }
}

fn print_flags(flags: Flags) -> String {
    let all = [
        (flags.seen, "\\Seen"),
        (flags.flagged, "\\Flagged"),
        (flags.deleted, "\\Deleted"),
    ];
    let set: Vec<&str> = all.into_iter().filter(|f| f.0).map(|f| f.1).collect();
    set.join(" ")
}

/// The UID in `[APPENDUID VALIDITY UID]` (RFC 4315 section 3).
fn append_uid(answer: &[u8]) -> Option<u32> {
    let text = String::from_utf8_lossy(answer);
    let (_, code) = text.split_once("[APPENDUID ")?;
    let (code, _) = code.split_once(']')?;
    code.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Pii;

    #[test]
    fn a_password_file_gives_its_first_line_as_it_is_now() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let secret = Secret::File(path.clone());
        let fault = read_secret(&secret).unwrap_err();
        assert!(matches!(fault, Fault::Operator(_)), "{fault:?}");
        for token in ["one", "two"] {
            std::fs::write(&path, format!("{token}\r\nnot this\n")).unwrap();
            assert_eq!(read_secret(&secret).unwrap(), token);
        }
        let text = Secret::Text(Pii::new("here".into()));
        assert_eq!(read_secret(&text).unwrap(), "here");
    }

    #[test]
    fn the_uid_of_an_append_is_read_where_it_is_told() {
        assert_eq!(
            append_uid(b"a1 OK [APPENDUID 38505 3955] done\r\n"),
            Some(3_955)
        );
        assert_eq!(append_uid(b"a1 OK done\r\n"), None);
        assert_eq!(append_uid(b"a1 OK [APPENDUID x"), None);
    }
}
