//! A telephone: places a call, presses keys, speaks, and keeps all it hears.
//!
//! It is made of the server's own parts (SIP machine, sockets, media engine), so what it does on
//! the wire is what any peer of the server would see.

use crate::audio::{Law, WireAudio};
use crate::base::{CallId, Digit, Ids, MessageId, SessionId};
use crate::engine::{self, Engine};
use crate::media::{self, PlayItem, RecordLimits, TakeSink, TakeSinkFull};
use crate::sdp::{self, Capabilities, CodecOrder, Codecs, Direction};
use crate::server::Clock;
use crate::sip::{self, EndReason, Machine, Place};
use crate::transport::{self, Bounds, Inbound, Transport};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// The longest call, and so the most that is heard.
const LONGEST_CALL: Duration = Duration::from_secs(600);
/// How often a wait looks at what was heard.
const GLANCE: Duration = Duration::from_millis(20);
/// Media reports that may wait.
const REPORTS_MAX: usize = 64;

/// A telephone, on hook or in one call.
#[derive(Debug)]
pub struct Phone {
    clock: Clock,
    ids: Ids,
    server: SocketAddr,
    via: sip::Transport,
    machine: Machine,
    transport: Transport,
    inbound: mpsc::Receiver<Inbound>,
    engine: Engine,
    reports: mpsc::Receiver<(SessionId, media::Event)>,
    ear: Ear,
    line: Option<Line>,
}

/// The call a phone is in.
#[derive(Debug)]
struct Line {
    call: CallId,
    session: SessionId,
    ours: Capabilities,
    state: LineState,
    speaking: bool,
    dialling: bool,
}

/// How far a call is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineState {
    /// The INVITE is out.
    Calling,
    /// Answered, media flows.
    Up,
    /// Over, and why.
    Over(EndReason),
}

/// A phone that could not be set up, or not place its call.
#[derive(Debug, thiserror::Error)]
pub enum PhoneFault {
    /// No SIP socket.
    #[error("the phone has no SIP socket: {0}")]
    Bind(#[from] transport::BindFault),
    /// No media engine.
    #[error("the phone has no media: {0}")]
    Engine(#[from] engine::EngineFault),
    /// No media port.
    #[error("the phone has no media port: {0}")]
    Open(#[from] engine::OpenFault),
}

/// All that is heard in a call, in A-law. What is left of an earlier call is not taken.
#[derive(Clone, Debug, Default)]
struct Ear(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
struct Heard {
    take: Option<MessageId>,
    octets: Vec<u8>,
}

impl Ear {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what was heard and listens to this recording from now on.
    fn listen(&self, take: Option<MessageId>) {
        *self.heard() = Heard {
            take,
            octets: Vec::new(),
        };
    }
}

impl TakeSink for Ear {
    fn buffer(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn append(&mut self, take: MessageId, octets: Vec<u8>) -> Result<(), TakeSinkFull> {
        let mut heard = self.heard();
        if heard.take == Some(take) {
            heard.octets.extend(octets);
        }
        Ok(())
    }
}

impl Phone {
    /// A phone on this address that calls through this server. `seed` must differ from that of
    /// every other phone the server sees.
    pub async fn new(
        bind: IpAddr,
        server: SocketAddr,
        via: sip::Transport,
        seed: [u8; 32],
    ) -> Result<Phone, PhoneFault> {
        let listen = vec![(via, SocketAddr::new(bind, 0))];
        let config = transport::Config {
            listen,
            bounds: Bounds::default(),
        };
        let (transport, inbound) = Transport::bind(config).await?;
        let port = transport.local_addrs().first().map_or(0, |(_, a)| a.port());
        let name = sip::Advertised {
            host: bind.to_string(),
            port,
        };
        let machine = Machine::new(sip::Config::new(name.clone(), name), seed);
        let (reports_in, reports) = mpsc::channel(REPORTS_MAX);
        let ear = Ear::default();
        let sink = ear.clone();
        let engine = Engine::start(
            &media_config(bind),
            move || Box::new(sink.clone()),
            &reports_in,
        )?;
        let noise = u64::from_le_bytes(seed.first_chunk().copied().unwrap_or_default());
        Ok(Phone {
            clock: Clock::start(),
            ids: Ids::new(noise),
            server,
            via,
            machine,
            transport,
            inbound,
            engine,
            reports,
            ear,
            line: None,
        })
    }

    /// Calls a number at the server, as `from`, with further headers. What was heard before is
    /// forgotten.
    pub fn dial(
        &mut self,
        to: &str,
        from: &str,
        headers: Vec<(String, String)>,
    ) -> Result<(), PhoneFault> {
        let (call, session) = (
            CallId(sip::PLACED_CALLS_FROM + self.ids.call().0),
            self.ids.session(),
        );
        let local = self.engine.open(session)?;
        let ours = Capabilities {
            rtp: local.rtp,
            session: session.0,
            sent: None,
            codecs: Codecs::new(Law::A, &[Law::Mu]),
            order: CodecOrder::Theirs,
            events: true,
            ptime_ms: 20,
            direction: Direction::SendRecv,
        };
        let offer = sdp::offer(&ours);
        let ours = Capabilities {
            sent: Some(offer.clone()),
            ..ours
        };
        self.ear.listen(None);
        let state = LineState::Calling;
        self.line = Some(Line {
            call,
            session,
            ours,
            state,
            speaking: false,
            dialling: false,
        });
        let target = format!("sip:{to}@{}", self.server);
        self.command(sip::Command::Place(Place {
            call,
            destination: self.server,
            transport: self.via,
            target,
            from: from.to_owned(),
            headers,
            offer,
        }));
        Ok(())
    }

    /// Presses keys, 100 ms each, one after the other.
    pub fn press(&mut self, keys: &str) {
        let digits: Vec<Digit> = keys.chars().filter_map(Digit::from_char).collect();
        if let Some(line) = &mut self.line {
            line.dialling = true;
        }
        self.media(media::Command::SendKeys(digits));
    }

    /// Speaks.
    pub fn say(&mut self, audio: WireAudio) {
        let id = self.ids.play();
        if let Some(line) = &mut self.line {
            line.speaking = true;
        }
        self.media(media::Command::Play {
            id,
            items: vec![PlayItem::Audio(audio)],
            from: Duration::ZERO,
        });
    }

    /// Hangs up.
    pub fn hang_up(&mut self) {
        if let Some(line) = &self.line {
            let call = line.call;
            self.command(sip::Command::Bye(call));
        }
    }

    /// How far the call is; `None` when none was placed.
    pub fn state(&self) -> Option<&LineState> {
        self.line.as_ref().map(|l| &l.state)
    }

    /// Whether the phone still speaks.
    pub fn is_speaking(&self) -> bool {
        self.line.as_ref().is_some_and(|l| l.speaking)
    }

    /// Whether keys are still being sent.
    pub fn is_dialling(&self) -> bool {
        self.line.as_ref().is_some_and(|l| l.dialling)
    }

    /// What was heard from that millisecond after the answer on, in linear samples at 8,000 a
    /// second. The last second may still be on its way.
    pub fn heard_from(&self, from_ms: usize) -> Vec<i16> {
        let heard = self.ear.heard();
        let octets = heard.octets.get(from_ms * 8..).unwrap_or_default();
        octets.iter().map(|o| Law::A.decode(*o)).collect()
    }

    /// How much was heard so far, in milliseconds.
    pub fn heard_ms(&self) -> usize {
        self.ear.heard().octets.len() / 8
    }

    /// Goes on with the call until `what` sees what it waits for, at most for `patience`.
    pub async fn wait<T>(
        &mut self,
        patience: Duration,
        mut what: impl FnMut(&Phone) -> Option<T>,
    ) -> Option<T> {
        let end = Instant::now() + patience;
        loop {
            if let Some(found) = what(self) {
                return Some(found);
            }
            if Instant::now() >= end {
                return None;
            }
            self.turn(end).await;
        }
    }

    /// Ends the media threads.
    pub fn put_away(self) {
        // A worker that stops does not wait for a receiver that is gone.
        drop(self.reports);
        self.engine.stop();
    }

    async fn turn(&mut self, end: Instant) {
        let glance = Instant::now() + GLANCE;
        let timer = self
            .machine
            .poll_timeout()
            .map(|(at, _)| self.clock.instant(at));
        let until = timer.unwrap_or(end).min(end).min(glance);
        let event = timeout_at(until, async {
            tokio::select! {
                Some(inbound) = self.inbound.recv() => Turn::Sip(inbound),
                Some((session, report)) = self.reports.recv() => Turn::Media(session, report),
                else => std::future::pending().await,
            }
        });
        match event.await {
            Ok(Turn::Sip(Inbound::Message { arrival, bytes })) => {
                self.machine
                    .handle_message(self.clock.now(), arrival, &bytes);
            }
            Ok(Turn::Sip(Inbound::Closed(connection))) => {
                self.machine.connection_lost(self.clock.now(), connection);
            }
            Ok(Turn::Media(session, report)) => self.on_media(session, &report),
            Err(_) => self.machine.handle_timeout(self.clock.now()),
        }
        self.settle();
    }

    fn settle(&mut self) {
        while let Some(event) = self.machine.poll_event() {
            self.on_sip(event);
        }
        while let Some(transmit) = self.machine.poll_transmit() {
            self.transport.send(transmit);
        }
    }

    fn on_sip(&mut self, event: sip::Event) {
        match event {
            sip::Event::Answered { answer, .. } => self.on_answer(&answer),
            sip::Event::Bye { call } => {
                self.command(sip::Command::ByeDone(call));
                self.over(EndReason::HungUp);
            }
            sip::Event::Ended { reason, .. } => self.over(reason),
            sip::Event::Invite(_)
            | sip::Event::Ringing { .. }
            | sip::Event::Acknowledged { .. }
            | sip::Event::OfferedAgain { .. }
            | sip::Event::InfoDigit { .. }
            | sip::Event::Subscribed(_)
            | sip::Event::Unsubscribed { .. }
            | sip::Event::PeerNotified { .. }
            | sip::Event::Registering(_)
            | sip::Event::Claimed(_) => {}
        }
    }

    fn on_answer(&mut self, answer: &str) {
        let Some(line) = &mut self.line else { return };
        let Ok(agreed) = sdp::accept(answer, &line.ours) else {
            return self.hang_up();
        };
        line.state = LineState::Up;
        self.media(media::Command::Remote(agreed.remote));
        let take = self.ids.message(self.clock.now().wall);
        self.ear.listen(Some(take));
        let limits = RecordLimits {
            max: LONGEST_CALL,
            silence: None,
        };
        self.media(media::Command::Record {
            take,
            law: Law::A,
            limits,
        });
    }

    fn on_media(&mut self, session: SessionId, report: &media::Event) {
        let Some(line) = self.line.as_mut().filter(|l| l.session == session) else {
            return;
        };
        match report {
            media::Event::PlayDone(_) => line.speaking = false,
            media::Event::KeysSent => line.dialling = false,
            media::Event::Digit(_)
            | media::Event::Stopped(..)
            | media::Event::Recorded(_)
            | media::Event::Silent(_)
            | media::Event::Broken => {}
        }
    }

    fn over(&mut self, reason: EndReason) {
        if let Some(line) = &mut self.line {
            if !matches!(line.state, LineState::Over(_)) {
                line.state = LineState::Over(reason);
            }
            // A phone that is put away has no session left to close.
            let _gone = self.engine.close(line.session);
        }
    }

    fn command(&mut self, command: sip::Command) {
        self.machine.handle_command(self.clock.now(), command);
        self.settle();
    }

    fn media(&mut self, command: media::Command) {
        if let Some(line) = &self.line {
            // The session is gone only when the call is over, which its state tells.
            let _gone = self.engine.send(line.session, command);
        }
    }
}

enum Turn {
    Sip(Inbound),
    Media(SessionId, media::Event),
}

fn media_config(bind: IpAddr) -> engine::Config {
    engine::Config {
        workers: 1,
        bind,
        ports: None,
        max_sessions: 1,
        rtp_timeout: LONGEST_CALL,
        silence_level: media::Dbm0(-45),
        learn: false,
    }
}
