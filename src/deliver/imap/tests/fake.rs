//! An IMAP server on loopback that does as it is told: right, or wrong in a way that is planned.
//!
//! It has one folder, which every name opens. Plans are made for the next command of a kind.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a connection of the fake lives that nobody ends: as long as a test may last.
const LONGEST: Duration = Duration::from_secs(30);

/// Stands for what goes on with a command that is under way: an answer to a question, `DONE`.
pub(super) const CONTINUED: &str = "(continued)";

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// This is sent in place of an answer; `TAG` stands for the tag.
    Say(&'static str),
    /// This is sent before the right answer.
    SayFirst(&'static str),
    /// This is sent and the connection closed.
    SayAndCut(&'static str),
    /// The command is done, and the connection closed before the answer.
    LoseAnswer,
    /// The message of an APPEND comes to the folder only with the next one; no answer.
    StoreLate,
    /// No answer.
    Stall,
    /// An octet now and then, for ever.
    Trickle,
    /// Lines without end.
    Flood,
}

#[derive(Clone, Debug)]
pub(super) struct Mail {
    pub(super) uid: u32,
    pub(super) flags: BTreeSet<String>,
    pub(super) octets: Vec<u8>,
}

pub(super) struct State {
    pub(super) mails: Vec<Mail>,
    pub(super) validity: u32,
    pub(super) capabilities: &'static str,
    pub(super) plans: Vec<(&'static str, Plan)>,
    /// Every command, without tags.
    pub(super) said: Vec<String>,
    /// Connections now, and ever.
    pub(super) open: usize,
    pub(super) opened: usize,
    next_uid: u32,
    late: Option<Mail>,
    over: bool,
}

pub(super) struct Fake {
    pub(super) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Fake {
    pub(super) fn start() -> Fake {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State {
            mails: Vec::new(),
            validity: 7,
            capabilities: "IMAP4rev1 IDLE UIDPLUS",
            plans: Vec::new(),
            said: Vec::new(),
            open: 0,
            opened: 0,
            next_uid: 1,
            late: None,
            over: false,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if served.state.lock().unwrap().over {
                    return;
                }
                let served = Arc::clone(&served);
                thread::spawn(move || Talk::new(stream.unwrap(), served).run());
            }
        });
        Fake { port, shared }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        let state = self.shared.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    /// The next command that begins with `verb` goes wrong; `GREETING` is the greeting.
    pub(super) fn plan(&self, verb: &'static str, plan: Plan) {
        self.state().plans.push((verb, plan));
    }

    /// How many commands began so.
    pub(super) fn count(&self, start: &str) -> usize {
        let state = self.state();
        state
            .said
            .iter()
            .filter(|said| said.starts_with(start))
            .count()
    }

    /// Waits until the state is as it should be.
    pub(super) fn await_state(&self, what: &str, mut is_so: impl FnMut(&State) -> bool) {
        let state = self.shared.state.lock().unwrap();
        let waiting = self
            .shared
            .changed
            .wait_timeout_while(state, LONGEST, |s| !is_so(s));
        assert!(!waiting.unwrap().1.timed_out(), "never {what}");
    }

    pub(super) fn put(&self, octets: &[u8], flags: &[&str]) -> u32 {
        let mut state = self.state();
        let flags = flags.iter().map(ToString::to_string).collect();
        state.put(octets.to_vec(), flags)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.state().over = true;
        // The listener looks whether it is over when somebody connects.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

impl State {
    fn put(&mut self, octets: Vec<u8>, flags: BTreeSet<String>) -> u32 {
        let uid = self.next_uid;
        self.next_uid += 1;
        self.mails.push(Mail { uid, flags, octets });
        uid
    }

    fn take_plan(&mut self, command: &str) -> Option<Plan> {
        let mut plans = self.plans.iter();
        let at = plans.position(|(verb, _)| match *verb {
            CONTINUED => command == CONTINUED,
            verb => command.starts_with(verb),
        })?;
        Some(self.plans.remove(at).1)
    }
}

struct Talk {
    input: BufReader<TcpStream>,
    output: TcpStream,
    shared: Arc<Shared>,
}

/// The connection is over.
struct Over;

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Over {
        Over
    }
}

impl Talk {
    fn new(stream: TcpStream, shared: Arc<Shared>) -> Talk {
        stream.set_read_timeout(Some(LONGEST)).unwrap();
        let output = stream.try_clone().unwrap();
        let input = BufReader::new(stream);
        Talk {
            input,
            output,
            shared,
        }
    }

    fn run(mut self) {
        self.change(|state| {
            state.open += 1;
            state.opened += 1;
        });
        let _ = self.talk();
        let _ = self.output.shutdown(std::net::Shutdown::Both);
        self.change(|state| state.open -= 1);
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let done = change(&mut self.shared.state.lock().unwrap());
        self.shared.changed.notify_all();
        done
    }

    fn talk(&mut self) -> Result<(), Over> {
        let plan = self.change(|state| state.take_plan("GREETING"));
        if !self.goes_wrong(plan, "")? {
            self.say("* OK ready\r\n")?;
        }
        loop {
            let line = self.hear()?;
            let (tag, command) = line.split_once(' ').unwrap_or(("", CONTINUED));
            let plan = self.change(|state| {
                state.said.push(command.to_owned());
                state.take_plan(command)
            });
            if command.starts_with("APPEND") {
                self.append(tag, command, plan)?;
            } else if plan == Some(Plan::LoseAnswer) {
                self.answer(command);
                return Err(Over);
            } else if !self.goes_wrong(plan, tag)? {
                self.right(tag, command)?;
            }
        }
    }

    fn hear(&mut self) -> Result<String, Over> {
        let mut line = String::new();
        if self.input.read_line(&mut line)? == 0 {
            return Err(Over);
        }
        Ok(line.trim_end().to_owned())
    }

    fn say(&mut self, text: &str) -> Result<(), Over> {
        Ok(self.output.write_all(text.as_bytes())?)
    }

    /// Whether the plan took the place of the answer.
    fn goes_wrong(&mut self, plan: Option<Plan>, tag: &str) -> Result<bool, Over> {
        match plan {
            None => return Ok(false),
            Some(Plan::SayFirst(text)) => {
                self.say(text)?;
                return Ok(false);
            }
            Some(Plan::Say(text)) => self.say(&text.replace("TAG", tag))?,
            Some(Plan::SayAndCut(text)) => {
                self.say(&text.replace("TAG", tag))?;
                return Err(Over);
            }
            Some(Plan::LoseAnswer) => return Err(Over),
            Some(Plan::Stall | Plan::StoreLate) => self.stay_silent()?,
            Some(Plan::Trickle) => {
                self.output
                    .set_read_timeout(Some(Duration::from_millis(10)))?;
                while self.output.read(&mut [0; 64]).is_err() {
                    self.say("*")?;
                }
                return Err(Over);
            }
            Some(Plan::Flood) => loop {
                self.say(&format!("* OK {}\r\n", "x".repeat(4_000)))?;
            },
        }
        Ok(true)
    }

    /// Until the other side gives up.
    fn stay_silent(&mut self) -> Result<(), Over> {
        while self.input.read(&mut [0; 1024])? > 0 {}
        Err(Over)
    }

    fn append(&mut self, tag: &str, command: &str, plan: Option<Plan>) -> Result<(), Over> {
        let refuses = matches!(plan, Some(Plan::Say(text)) if text.starts_with("TAG NO"));
        if refuses {
            self.goes_wrong(plan, tag)?;
            return Ok(());
        }
        let (_, size) = command.rsplit_once('{').ok_or(Over)?;
        let size: usize = size.trim_end_matches('}').parse().map_err(|_| Over)?;
        self.say("* 9 EXISTS\r\n+ go ahead\r\n")?;
        let mut octets = vec![0; size];
        self.input.read_exact(&mut octets)?;
        self.hear()?;
        let (_, flags) = command.split_once(" (").ok_or(Over)?;
        let (flags, _) = flags.split_once(')').ok_or(Over)?;
        let flags: BTreeSet<String> = flags.split_whitespace().map(str::to_owned).collect();
        match plan {
            Some(Plan::StoreLate) => {
                let uid = 0;
                self.change(|state| state.late = Some(Mail { uid, flags, octets }));
                return self.stay_silent();
            }
            Some(Plan::LoseAnswer) => {
                self.change(|state| state.put(octets, flags));
                return Err(Over);
            }
            None | Some(_) => {}
        }
        if self.goes_wrong(plan, tag)? {
            return Ok(());
        }
        let uid = self.change(|state| {
            if let Some(late) = state.late.take() {
                state.put(late.octets, late.flags);
            }
            state.put(octets, flags)
        });
        self.say(&format!("{tag} OK [APPENDUID 7 {uid}] done\r\n"))
    }

    fn right(&mut self, tag: &str, command: &str) -> Result<(), Over> {
        if command == "IDLE" {
            self.say("+ idling\r\n")?;
            self.hear()?;
        }
        if let Some(mechanism) = command.strip_prefix("AUTHENTICATE ") {
            self.say("+ \r\n")?;
            let token = self.hear()?;
            self.change(|state| state.said.push(format!("{mechanism} {token}")));
        }
        let answer = self.answer(command);
        self.output.write_all(&answer)?;
        self.say(&format!("{tag} OK done\r\n"))?;
        if command == "LOGOUT" {
            Err(Over)
        } else {
            Ok(())
        }
    }

    /// Does a command; what is said before the tagged answer.
    fn answer(&mut self, command: &str) -> Vec<u8> {
        let words: Vec<&str> = command.split(' ').collect();
        self.change(|state| match words[..] {
            ["CAPABILITY"] => format!("* CAPABILITY {}\r\n", state.capabilities).into_bytes(),
            ["SELECT", ..] => {
                let (exists, validity) = (state.mails.len(), state.validity);
                format!("* {exists} EXISTS\r\n* OK [UIDVALIDITY {validity}] it is\r\n").into_bytes()
            }
            ["UID", "SEARCH", ..] => search(state, command),
            ["UID", "FETCH", set, ..] => fetch(state, set, command),
            ["UID", "STORE", set, sign, flag] => {
                let flag = flag.trim_matches(['(', ')']).to_owned();
                for mail in state.mails.iter_mut().filter(|mail| is_in(set, mail.uid)) {
                    if sign.starts_with('+') {
                        mail.flags.insert(flag.clone());
                    } else {
                        mail.flags.remove(&flag);
                    }
                }
                Vec::new()
            }
            ["UID", "EXPUNGE", set] => expunge(state, |mail| is_in(set, mail.uid)),
            ["EXPUNGE"] => expunge(state, |_| true),
            _ => Vec::new(),
        })
    }
}

fn search(state: &State, command: &str) -> Vec<u8> {
    let sought = command.rsplit(' ').next().unwrap().trim_matches('"');
    let found = state.mails.iter().filter(|mail| match sought {
        "DELETED" => mail.flags.contains("\\Deleted"),
        sought => String::from_utf8_lossy(&mail.octets).contains(sought),
    });
    let uids: String = found.map(|mail| format!(" {}", mail.uid)).collect();
    format!("* SEARCH{uids}\r\n").into_bytes()
}

fn fetch(state: &State, set: &str, command: &str) -> Vec<u8> {
    let mut answer = Vec::new();
    for (at, mail) in state
        .mails
        .iter()
        .enumerate()
        .filter(|(_, mail)| is_in(set, mail.uid))
    {
        let (seq, uid) = (at + 1, mail.uid);
        write!(answer, "* {seq} FETCH (UID {uid} ").unwrap();
        if command.contains("FLAGS") {
            let flags: Vec<&str> = mail.flags.iter().map(String::as_str).collect();
            write!(answer, "FLAGS ({})", flags.join(" ")).unwrap();
            if !command.contains("HEADER") {
                answer.extend_from_slice(b")\r\n");
                continue;
            }
            answer.push(b' ');
        }
        let (item, octets) = if command.contains("HEADER") {
            let end = mail.octets.windows(4).position(|four| four == b"\r\n\r\n");
            ("BODY[HEADER]<0>", &mail.octets[..end.unwrap_or(0) + 4])
        } else {
            ("BODY[]", &mail.octets[..])
        };
        write!(answer, "{item} {{{}}}\r\n", octets.len()).unwrap();
        answer.extend_from_slice(octets);
        answer.extend_from_slice(b")\r\n");
    }
    answer
}

fn expunge(state: &mut State, goes: impl Fn(&Mail) -> bool) -> Vec<u8> {
    state
        .mails
        .retain(|mail| !(mail.flags.contains("\\Deleted") && goes(mail)));
    Vec::new()
}

fn is_in(set: &str, uid: u32) -> bool {
    set.split(',').any(|range| {
        let (first, last) = range.split_once(':').unwrap_or((range, range));
        (first.parse().unwrap()..=last.parse().unwrap()).contains(&uid)
    })
}
