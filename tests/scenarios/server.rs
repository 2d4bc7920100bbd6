//! The server of a scenario: the real SIP machine, switch and media sessions, with stand-ins for
//! what lies beyond them.
//!
//! In: datagrams and answers, one at a time; the time. Out: datagrams and questions, which the
//! world carries. Each input is followed through until nothing has more to say, as the signalling
//! task of a running server does it.

use crate::prompts::Prompts;
use crate::services::Directory;
use crate::store::{Disk, Mailbox, Message};
use crate::voice::Voice;
use belpost::audio::{Law, WireAudio};
use belpost::base::{CallId, MailboxId, MessageId, Mono, Now, PlayId, RecordingId, SessionId};
use belpost::call::{
    self, ChangeOrder, ChangeWork, Door, Milestone, PromptOrder, PromptWork, Rules, SendOrder,
    Switch, TakeCommand,
};
use belpost::flow::{KeepFault, LampFault, PlayFault};
use belpost::mailbox::{Reply, Room};
use belpost::media::{self, Dbm0, Params, Session};
use belpost::sip::{self, Advertised, Machine, Network};
use belpost::subscriber::Change;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Where the server is.
pub const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
/// How long without a packet until a caller counts as lost.
pub const RTP_TIMEOUT: Duration = Duration::from_secs(20);

/// An answer that comes back to the server.
#[derive(Debug)]
pub enum Input {
    /// A media session reports.
    Media(SessionId, media::Event),
    /// A recording is to be begun on disk.
    Begin(MessageId, Box<belpost::mailbox::Envelope>),
    /// A recording is to be begun that is only tried out.
    BeginScratch(MessageId, Law),
    /// A recording is to be kept.
    Commit(MessageId, belpost::mailbox::Facts),
    /// A recording is to be dropped.
    Discard(MessageId),
    /// A recording is to be read back.
    Load(MessageId),
    /// A mailbox is asked.
    Mail(CallId, MailboxId, belpost::mailbox::Command),
    /// A message is to be read.
    Fetch(CallId, PlayId, MailboxId, MessageId),
    /// A passcode is to be checked.
    LogIn((CallId, u32), Door, String),
    /// Prompts are to be changed, with the recording that becomes one.
    ChangePrompts(PromptOrder, Option<WireAudio>),
    /// What a subscriber has set is to be changed, with the recording that becomes part of it.
    Change(ChangeOrder, Option<WireAudio>),
    /// What subscribers recorded is to be read.
    LoadRecordings(CallId, PlayId, Vec<RecordingId>),
    /// A message is to be left in other mailboxes, with the sounds that are in it.
    Send(SendOrder, Option<WireAudio>),
    /// A message indicator is to be put out.
    ClearLamp(CallId, MailboxId),
}

impl Input {
    /// Who answers it, one question after the other.
    pub fn queue(&self) -> &'static str {
        match self {
            Input::Media(..) => "media",
            Input::ChangePrompts(..) => "studio",
            Input::Change(..) | Input::LoadRecordings(..) => "directory",
            Input::Send(..) => "post",
            Input::Begin(..)
            | Input::BeginScratch(..)
            | Input::Commit(..)
            | Input::Discard(_)
            | Input::Load(_) => "disk",
            Input::Mail(..) | Input::Fetch(..) | Input::ClearLamp(..) => "mailboxes",
            Input::LogIn(..) => "passcodes",
        }
    }
}

/// How long the server's surroundings take to answer.
#[derive(Clone, Copy, Debug)]
pub struct Delays {
    /// The disk.
    pub disk: Duration,
    /// A mailbox.
    pub mailbox: Duration,
    /// A passcode.
    pub passcode: Duration,
    /// A change of prompts.
    pub studio: Duration,
}

/// A media session and where it is reached.
#[derive(Debug)]
struct Line {
    session: Session,
    local: SocketAddr,
}

/// The server.
#[derive(Debug)]
pub struct Server {
    machine: Machine,
    switch: Switch,
    lines: BTreeMap<SessionId, Line>,
    next_port: u16,
    inputs: VecDeque<Input>,
    /// The disk.
    pub disk: Disk,
    /// The mailboxes.
    pub mailboxes: BTreeMap<MailboxId, Mailbox>,
    /// What subscribers have set.
    pub directory: Directory,
    /// The prompt sets.
    pub prompts: Prompts,
    /// Passcodes by mailbox.
    pub passcodes: BTreeMap<MailboxId, String>,
    /// Mailboxes whose message indicator was put out.
    pub lamps_off: BTreeSet<MailboxId>,
    /// Message indicators cannot be reached.
    pub lamps_fail: bool,
    /// The voice.
    pub voice: Voice,
    /// How long answers take.
    pub delays: Delays,
    /// The call event log.
    pub log: Vec<(Mono, CallId, Milestone)>,
    /// SIP messages to send.
    pub messages: Vec<(SocketAddr, Vec<u8>)>,
    /// RTP packets to send: from, to, octets.
    pub packets: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
    /// Questions on their way.
    pub questions: Vec<(Duration, Input)>,
}

impl Server {
    /// A server with these rules; `trusted` are its peers.
    pub fn new(rules: Rules, trusted: &[&str], seed: u64) -> Server {
        let name = Advertised {
            host: SERVER.to_string(),
            port: 5060,
        };
        let mut config = sip::Config::new(name.clone(), name);
        config.trusted = trusted
            .iter()
            .map(|n| Network::parse(n).expect("a network"))
            .collect();
        let mut noise = [7; 32];
        noise[..8].copy_from_slice(&seed.to_be_bytes());
        Server {
            machine: Machine::new(config, noise),
            switch: Switch::new(rules, seed),
            lines: BTreeMap::new(),
            next_port: 20_000,
            inputs: VecDeque::new(),
            disk: Disk::default(),
            mailboxes: BTreeMap::new(),
            directory: Directory::default(),
            prompts: Prompts::default(),
            passcodes: BTreeMap::new(),
            lamps_off: BTreeSet::new(),
            lamps_fail: false,
            voice: Voice::default(),
            delays: Delays {
                disk: Duration::from_millis(3),
                mailbox: Duration::from_millis(30),
                passcode: Duration::from_millis(25),
                studio: Duration::from_millis(800),
            },
            log: Vec::new(),
            messages: Vec::new(),
            packets: Vec::new(),
            questions: Vec::new(),
        }
    }

    /// A SIP message arrived.
    pub fn handle_message(&mut self, now: Now, source: SocketAddr, bytes: &[u8]) {
        let local = SocketAddr::new(SERVER, 5060);
        let arrival = sip::Arrival {
            source,
            local,
            transport: sip::Transport::Udp,
            connection: None,
        };
        self.machine.handle_message(now, arrival, bytes);
        self.settle(now);
    }

    /// An RTP packet arrived.
    pub fn handle_packet(&mut self, now: Now, source: SocketAddr, local: SocketAddr, bytes: &[u8]) {
        let line = self.lines.iter_mut().find(|(_, line)| line.local == local);
        if let Some((session, line)) = line {
            let session = *session;
            line.session
                .handle_rtp(now.mono, source, bytes, &mut self.disk);
            self.report(session);
            self.settle(now);
        }
    }

    /// A question has had its time: it is answered.
    pub fn handle_answer(&mut self, now: Now, question: Input) {
        self.take(now, question);
        self.settle(now);
    }

    /// When to come back.
    pub fn poll_timeout(&self) -> Option<(Mono, &'static str)> {
        let lines = self
            .lines
            .values()
            .map(|line| (line.session.due(), "media"));
        let switch = self
            .switch
            .poll_timeout()
            .map(|at| (at, "a wait for a key"));
        lines.chain(self.machine.poll_timeout()).chain(switch).min()
    }

    /// The time of `poll_timeout` has come.
    pub fn handle_timeout(&mut self, now: Now) {
        let due = self
            .lines
            .iter()
            .filter(|(_, line)| line.session.due() <= now.mono);
        for session in due.map(|(session, _)| *session).collect::<Vec<_>>() {
            self.tick(now, session);
        }
        if self
            .machine
            .poll_timeout()
            .is_some_and(|(at, _)| at <= now.mono)
        {
            self.machine.handle_timeout(now);
        }
        if self.switch.poll_timeout().is_some_and(|at| at <= now.mono) {
            self.switch.handle_timeout(now);
        }
        self.settle(now);
    }

    /// The operator stops the server.
    pub fn stop(&mut self, now: Now) {
        self.machine.drain(now);
        self.switch.drain(now);
        self.settle(now);
    }

    /// A subscriber has set this.
    pub fn set(&mut self, mailbox: &MailboxId, change: &Change) {
        let services = self.directory.apply(mailbox, change);
        self.switch.set_services(mailbox, services);
    }

    /// What is left of calls: none of it may be when all are over.
    pub fn remains(&self) -> Vec<String> {
        let counts = [
            (self.switch.len(), "calls in the switch"),
            (self.machine.calls(), "calls in the SIP machine"),
            (self.machine.transactions(), "SIP transactions"),
            (self.lines.len(), "media sessions"),
            (self.disk.takes.len(), "recordings neither kept nor dropped"),
        ];
        let left = counts.iter().filter(|(count, _)| *count > 0);
        left.map(|(count, what)| format!("{count} {what}"))
            .collect()
    }

    /// Recordings that were begun and are not in the log once more as kept, dropped or lost.
    pub fn unsettled(&self) -> Vec<String> {
        let begun = self.log.iter().filter_map(|(_, _, m)| match m {
            Milestone::TakeBegan(take) => Some(*take),
            _ => None,
        });
        let settled = |take: MessageId| {
            let of_take = self.log.iter().filter(move |(_, _, m)| {
                [
                    Milestone::TakeKept(take),
                    Milestone::TakeLost(take),
                    Milestone::TakeDropped(take),
                ]
                .contains(m)
            });
            of_take.count()
        };
        let odd = begun.filter(|take| settled(*take) != 1);
        odd.map(|take| format!("recording {take} was settled {} times", settled(take)))
            .collect()
    }

    /// Whether this recording was dropped by a key or by rule.
    pub fn has_dropped(&self, take: MessageId) -> bool {
        let dropped = Milestone::TakeDropped(take);
        self.log.iter().any(|(_, _, m)| *m == dropped)
    }

    /// Whether a recording of this call was lost and the caller not told.
    pub fn has_lost(&self, id: &str) -> bool {
        let arrived =
            |m: &Milestone| matches!(m, Milestone::Arrived { call_id, .. } if call_id == id);
        let call = self
            .log
            .iter()
            .find(|(_, _, m)| arrived(m))
            .map(|(_, call, _)| *call);
        let of_call = self.log.iter().filter(|(_, c, _)| Some(*c) == call);
        let lately = of_call
            .rev()
            .take_while(|(_, _, m)| !matches!(m, Milestone::Prompt(_)));
        lately
            .into_iter()
            .any(|(_, _, m)| matches!(m, Milestone::TakeLost(_)))
    }

    fn tick(&mut self, now: Now, session: SessionId) {
        let Some(line) = self.lines.get_mut(&session) else {
            return;
        };
        let mut packet = [0; Session::MAX_DATAGRAM];
        let sent = line.session.tick(now.mono, &mut packet, &mut self.disk);
        if let (Some(length), Some(remote)) = (sent, line.session.rtp_peer()) {
            self.packets
                .push((line.local, remote, packet[..length].to_vec()));
        }
        self.report(session);
    }

    fn report(&mut self, session: SessionId) {
        let Some(line) = self.lines.get_mut(&session) else {
            return;
        };
        while let Some(event) = line.session.poll_event() {
            self.inputs.push_back(Input::Media(session, event));
        }
    }

    fn settle(&mut self, now: Now) {
        loop {
            if let Some(event) = self.machine.poll_event() {
                self.switch.set_admitting(!self.disk.full);
                for (mailbox, kept) in &self.mailboxes {
                    self.switch.set_full(mailbox, kept.room == Room::Full);
                }
                self.switch.handle_sip(now, event);
            } else if let Some(command) = self.switch.poll_command() {
                self.carry_out(now, command);
            } else if let Some(transmit) = self.machine.poll_transmit() {
                self.messages.push((transmit.destination, transmit.bytes));
            } else if let Some(input) = self.inputs.pop_front() {
                self.take(now, input);
            } else if let Some(take) = self.disk.broken.pop() {
                self.switch.handle_take_broken(now, take);
            } else {
                return;
            }
        }
    }

    fn take(&mut self, now: Now, input: Input) {
        let unavailable = || Mailbox {
            unavailable: true,
            ..Mailbox::default()
        };
        match input {
            Input::Media(session, event) => self.switch.handle_media(now, session, &event),
            Input::Begin(take, envelope) => {
                if self.disk.begin(take, envelope).is_err() {
                    self.switch.handle_take_refused(now, take);
                }
            }
            Input::BeginScratch(take, law) => {
                if self.disk.begin_scratch(take, law).is_err() {
                    self.switch.handle_take_refused(now, take);
                }
            }
            Input::Commit(take, facts) => self.commit(now, take, &facts),
            Input::Discard(take) => self.disk.discard(take),
            Input::Load(take) => {
                let audio = self.disk.load(take);
                self.switch.handle_take_audio(now, take, audio);
            }
            Input::Mail(call, mailbox, command) => {
                let mailbox = self.mailboxes.entry(mailbox).or_insert_with(unavailable);
                let reply: Reply = mailbox.answer(command);
                self.switch.handle_mail(now, call, reply);
            }
            Input::Fetch(call, play, mailbox, message) => {
                let mailbox = self.mailboxes.entry(mailbox).or_insert_with(unavailable);
                let audio: Result<WireAudio, PlayFault> = mailbox.audio(message);
                self.switch.handle_audio(now, call, play, audio);
            }
            Input::ClearLamp(call, mailbox) => self.clear_lamp(now, call, mailbox),
            Input::LogIn((call, attempt), door, passcode) => match door {
                Door::Mailbox(mailbox) => {
                    let chosen = self.directory.passcode(&mailbox);
                    let right = chosen.or(self.passcodes.get(&mailbox)) == Some(&passcode);
                    self.switch.handle_log_in(now, call, attempt, right);
                }
                Door::Prompts(tenant) => {
                    let worksets = self.prompts.log_in(tenant.as_ref(), &passcode);
                    self.switch
                        .handle_operator_log_in(now, call, attempt, worksets);
                }
            },
            Input::Change(order, recording) => {
                let outcome = self.directory.change(&order, recording);
                let asked = (order.call, order.order);
                self.switch
                    .handle_changed(now, asked, &order.mailbox, outcome);
            }
            Input::LoadRecordings(call, play, recordings) => {
                let found = self.directory.load(&recordings);
                self.switch.handle_recordings(now, call, play, found);
            }
            Input::Send(order, recording) => {
                let outcome = self.send(&order, recording.as_ref());
                let asked = (order.call, order.order);
                self.switch.handle_sent(now, asked, outcome);
            }
            Input::ChangePrompts(order, recording) => {
                let outcome = self.prompts.change(&order, recording);
                self.switch.handle_prompts_changed(now, &order, outcome);
            }
        }
    }

    /// Leaves a message in mailboxes that have room; those that have none.
    fn send(
        &mut self,
        order: &SendOrder,
        recording: Option<&WireAudio>,
    ) -> Result<(), Vec<MailboxId>> {
        let everybody = || {
            order
                .parcels
                .iter()
                .map(|p| p.envelope.owner.mailbox.clone())
        };
        let forwarded = order.forwarded.map(|id| {
            let mailbox = self.mailboxes.get(&order.sender);
            mailbox.and_then(|mailbox| mailbox.audio(id).ok())
        });
        if forwarded == Some(None) || order.take.is_some() != recording.is_some() {
            return Err(everybody().collect());
        }
        let forwarded = forwarded.flatten();
        let sounds = recording.into_iter().chain(&forwarded);
        let octets: Vec<u8> = sounds.flat_map(|s| s.octets(Law::A).to_vec()).collect();
        let sound = WireAudio::from_octets(Law::A, &octets);
        let mut left_out = Vec::new();
        for parcel in &order.parcels {
            let to = parcel.envelope.owner.mailbox.clone();
            let mailbox = self.mailboxes.entry(to.clone()).or_default();
            if mailbox.unavailable || mailbox.room == Room::Full {
                left_out.push(to);
            } else {
                mailbox.messages.push(Message::sent(parcel, order, &sound));
            }
        }
        if left_out.is_empty() {
            Ok(())
        } else {
            Err(left_out)
        }
    }

    fn clear_lamp(&mut self, now: Now, call: CallId, mailbox: MailboxId) {
        let outcome = if self.lamps_fail {
            Err(LampFault::Unavailable)
        } else {
            self.lamps_off.insert(mailbox);
            Ok(())
        };
        self.switch.handle_lamp_cleared(now, call, outcome);
    }

    fn commit(&mut self, now: Now, take: MessageId, facts: &belpost::mailbox::Facts) {
        let outcome: Result<(), KeepFault> =
            self.disk.commit(take, facts).map(|(mailbox, message)| {
                self.mailboxes
                    .entry(mailbox)
                    .or_default()
                    .messages
                    .push(message);
            });
        self.switch.handle_kept(now, take, outcome);
    }

    fn carry_out(&mut self, now: Now, command: call::Command) {
        match command {
            call::Command::Sip(command) => self.machine.handle_command(now, command),
            call::Command::OpenMedia(session, _) => {
                let local = self.open(now.mono, session);
                self.switch.handle_media_opened(now, session, Some(local));
            }
            call::Command::Media(session, command) => self.command(now.mono, session, command),
            call::Command::InfoDigit(session, digit) => {
                if let Some(line) = self.lines.get_mut(&session) {
                    line.session.info_digit(now.mono, digit);
                    self.report(session);
                }
            }
            call::Command::CloseMedia(session) => self.close(now.mono, session),
            call::Command::Say {
                session,
                play,
                phrases,
                voice,
                recordings,
            } => {
                self.say(now.mono, session, play, (&phrases, &recordings), &voice);
            }
            call::Command::Take(command) => self.ask_disk(command),
            call::Command::Mail {
                call,
                mailbox,
                command,
            } => {
                self.questions
                    .push((self.delays.mailbox, Input::Mail(call, mailbox, command)));
            }
            call::Command::Fetch {
                call,
                play,
                mailbox,
                message,
            } => {
                let question = Input::Fetch(call, play, mailbox, message);
                self.questions.push((self.delays.mailbox, question));
            }
            call::Command::LogIn {
                call,
                attempt,
                door,
                passcode,
            } => {
                let passcode = passcode.reveal().clone();
                let question = Input::LogIn((call, attempt), door, passcode);
                self.questions.push((self.delays.passcode, question));
            }
            call::Command::LoadRecordings {
                call,
                play,
                recordings,
            } => {
                let question = Input::LoadRecordings(call, play, recordings);
                self.questions.push((self.delays.disk, question));
            }
            call::Command::Change(order) => {
                // It may be dropped by the next command, as by a real spool in order.
                let (recording, delay) = match order.work {
                    ChangeWork::Record { take, .. } => {
                        (self.disk.load(take).ok(), self.delays.disk)
                    }
                    ChangeWork::Set(_) => (None, self.delays.disk),
                    ChangeWork::Passcode(_) => (None, self.delays.passcode),
                };
                let question = Input::Change(order, recording);
                self.questions.push((delay, question));
            }
            call::Command::Send(order) => {
                let recording = order.take.and_then(|take| self.disk.load(take).ok());
                let question = Input::Send(order, recording);
                self.questions.push((self.delays.disk, question));
            }
            call::Command::ChangePrompts(order) => {
                let recording = match order.work {
                    // It may be dropped by the next command, as by a real spool in order.
                    PromptWork::Replace { take, .. } => self.disk.load(take).ok(),
                    PromptWork::Drop(_) | PromptWork::RollBack => None,
                };
                let question = Input::ChangePrompts(order, recording);
                self.questions.push((self.delays.studio, question));
            }
            call::Command::ClearLamp { call, mailbox } => {
                let question = Input::ClearLamp(call, mailbox);
                self.questions.push((self.delays.mailbox, question));
            }
            call::Command::Called(mailbox, caller) => {
                self.set(&mailbox, &Change::LastCaller(Some(caller)));
            }
            // Nothing starts anew here.
            call::Command::Remember(..) => {}
            call::Command::Milestone { call, what } => self.log.push((now.mono, call, what)),
        }
    }

    fn ask_disk(&mut self, command: TakeCommand) {
        let question = match command {
            TakeCommand::Begin { take, envelope } => {
                // The blocks that follow at once belong to it, so it has a place from now on.
                self.disk.takes.entry(take).or_default();
                Input::Begin(take, envelope)
            }
            TakeCommand::BeginScratch { take, law } => {
                self.disk.takes.entry(take).or_default();
                Input::BeginScratch(take, law)
            }
            TakeCommand::Commit { take, facts } => Input::Commit(take, facts),
            TakeCommand::Discard(take) => Input::Discard(take),
            TakeCommand::Load(take) => Input::Load(take),
        };
        self.questions.push((self.delays.disk, question));
    }

    fn open(&mut self, now: Mono, session: SessionId) -> SocketAddr {
        let local = SocketAddr::new(SERVER, self.next_port);
        self.next_port += 2;
        let params = Params {
            seed: session.0,
            first_tick: now + Duration::from_millis(1 + session.0 * 7 % 20),
            remote: None,
            rtp_timeout: RTP_TIMEOUT,
            silence_level: Dbm0(-42),
            learn: false,
        };
        let line = Line {
            session: Session::new(params),
            local,
        };
        self.lines.insert(session, line);
        local
    }

    fn command(&mut self, now: Mono, session: SessionId, command: media::Command) {
        let Some(line) = self.lines.get_mut(&session) else {
            return;
        };
        line.session.command(now, command, &mut self.disk);
        self.report(session);
    }

    fn say(
        &mut self,
        now: Mono,
        session: SessionId,
        id: PlayId,
        (phrases, recordings): (&[belpost::prompt::Phrase], &[(RecordingId, WireAudio)]),
        voice: &belpost::prompt::Voice,
    ) {
        let say = |phrases: &[_]| self.voice.say(phrases, voice, &self.prompts);
        let items = crate::voice::with_recordings(phrases, recordings, say);
        let from = Duration::ZERO;
        self.command(now, session, media::Command::Play { id, items, from });
    }

    fn close(&mut self, now: Mono, session: SessionId) {
        if let Some(line) = self.lines.get_mut(&session) {
            line.session.close(now, &mut self.disk);
        }
        self.report(session);
        self.lines.remove(&session);
    }
}
