//! The media session of one call: the machine that the parts beside it make up.
//!
//! In: [`Session::command`], [`Session::handle_rtp`], [`Session::handle_rtcp`],
//! [`Session::info_digit`] and, whenever [`Session::due`] says so, [`Session::tick`].
//! Out: the packet of the tick, [`Session::report`] after it, and [`Session::poll_event`], to be
//! drained after every input.
//!
//! Laws: one packet a packet interval, silence where nothing plays; a late tick is made good by
//! one packet more at most, and what was left out is told by the timestamp and never cut from
//! what plays; keys go out in place of audio, which waits for them. Until the peer is known
//! nothing plays; while it may not be sent to (a call on hold), what plays goes on unheard, so
//! that no flow waits for ever. RTCP counts as a sign of life, and its goodbye as nothing.

use super::echo::Echo;
use super::gate::{Gate, same};
use super::key_ways::{KeyWays, Way};
use super::loudness::Dbm0;
use super::play_list::PlayList;
use super::recording::Recording;
use super::sender::Sender;
use super::vocabulary::{Command, Event, Remote, Seek, Speed, TakeSink};
use crate::audio::WIRE_RATE;
use crate::base::{Digit, Mono};
use crate::rtp::{
    Head, KeyReader, KeySender, KeyStep, Packet, Reception, Reporter, Seeded, TelephoneEvent,
    Timeline,
};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// The packet interval until one is agreed.
const FIRST_PTIME: Duration = Duration::from_millis(20);

/// Keys that wait to be polled; more are dropped, as a flood of them is no typing.
const MAX_KEYS: usize = 64;

/// What a session starts from.
#[derive(Clone, Debug)]
pub struct Params {
    /// Where SSRC, first sequence number and first timestamp come from (RFC 3550 section 5.1
    /// asks for random ones).
    pub seed: u64,
    /// When the first packet is due; sessions are spread over the packet interval by it.
    pub first_tick: Mono,
    /// The agreed side of the answer, where it is known already.
    pub remote: Option<Remote>,
    /// How long without a packet until [`Event::Silent`].
    pub rtp_timeout: Duration,
    /// What is quieter than this counts as silence in a recording.
    pub silence_level: Dbm0,
    /// Whether the peer's address may be learned from its first packets (a peer behind NAT).
    pub learn: bool,
}

/// How a session went so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packets sent.
    pub sent: u32,
    /// Packets received from the peer.
    pub received: u64,
    /// Datagrams that were not the peer's, not RTP or not of an agreed kind.
    pub refused: u64,
    /// Packets of the peer's that were lost; negative when doubled ones outweigh them.
    pub lost: i32,
    /// The mean deviation of the time between arrivals, in timestamp units.
    pub jitter: u32,
    /// The part of our packets the peer lately lost, in 256ths, where it says so.
    pub peer_lost: Option<u8>,
}

/// One call's media; see the module.
#[derive(Debug)]
pub struct Session {
    rtp_timeout: Duration,
    silence_level: Dbm0,
    remote: Option<Remote>,
    gate: Gate,
    due: Mono,
    sender: Sender,
    play: Option<PlayList>,
    speed: Speed,
    echo: Option<Echo>,
    keys: KeySender,
    /// Whether `KeysSent` is owed.
    keys_owed: bool,
    reader: KeyReader,
    ways: KeyWays,
    recording: Option<Recording>,
    reception: Reception,
    reporter: Reporter,
    peer_lost: Option<u8>,
    refused: u64,
    events: VecDeque<Event>,
}

impl Session {
    /// Octets that hold any packet or report a session sends.
    pub const MAX_DATAGRAM: usize = 512;

    /// A session that plays and records nothing yet.
    pub fn new(params: Params) -> Session {
        let mut seeded = Seeded::new(params.seed);
        let sender = Sender::new(&mut seeded);
        let reporter = Reporter::new(sender.ssrc(), seeded.next_u64(), params.first_tick);
        Session {
            rtp_timeout: params.rtp_timeout,
            silence_level: params.silence_level,
            remote: params.remote,
            gate: Gate::new(params.first_tick, params.learn),
            due: params.first_tick,
            sender,
            play: None,
            speed: Speed::Normal,
            echo: None,
            keys: KeySender::new(),
            keys_owed: false,
            reader: KeyReader::new(),
            ways: KeyWays::default(),
            recording: None,
            reception: Reception::new(),
            reporter,
            peer_lost: None,
            refused: 0,
            events: VecDeque::new(),
        }
    }

    /// Where RTP goes to, where it is known and can be sent to.
    pub fn rtp_peer(&self) -> Option<SocketAddr> {
        let peer = self.gate.peer(self.remote.as_ref()?);
        reachable(peer).then_some(peer)
    }

    /// Where RTCP goes to, where it is known and can be sent to.
    pub fn rtcp_peer(&self) -> Option<SocketAddr> {
        self.remote.as_ref()?.rtcp.filter(|peer| reachable(*peer))
    }

    /// When [`Session::tick`] is due next.
    pub fn due(&self) -> Mono {
        self.due
    }

    /// How it went so far.
    pub fn statistics(&self) -> Statistics {
        let block = self.reception.block();
        Statistics {
            sent: self.sender.sent().map_or(0, |sent| sent.packets),
            received: self.reception.packets(),
            refused: self.refused,
            lost: block.map_or(0, |block| block.lost),
            jitter: block.map_or(0, |block| block.jitter),
            peer_lost: self.peer_lost,
        }
    }

    /// Takes one datagram of the RTP socket.
    pub fn handle_rtp(
        &mut self,
        now: Mono,
        source: SocketAddr,
        datagram: &[u8],
        sink: &mut dyn TakeSink,
    ) {
        if self.take_packet(now, source, datagram, sink).is_none() {
            self.refused += 1;
        }
        self.settle_recording(now, sink);
    }

    /// Takes one datagram of the RTCP socket.
    pub fn handle_rtcp(&mut self, now: Mono, source: SocketAddr, datagram: &[u8]) {
        let peer = self.remote.as_ref().and_then(|remote| remote.rtcp);
        if !peer.is_some_and(|peer| same(source, peer)) {
            self.refused += 1;
            return;
        }
        if let Some(report) = self.reporter.read(now, datagram) {
            self.gate.live(now);
            self.peer_lost = report.our_stream.map(|(lost, _)| lost).or(self.peer_lost);
        }
    }

    /// A key that came by SIP INFO.
    pub fn info_digit(&mut self, now: Mono, digit: Digit) {
        self.hear_key(now, Way::Signalling, digit);
    }

    /// Does what it is told.
    pub fn command(&mut self, now: Mono, command: Command, sink: &mut dyn TakeSink) {
        match command {
            Command::Play { id, items, from } => {
                self.stop_play();
                self.play = Some(PlayList::new(id, items, from, self.speed));
                self.settle_play();
            }
            Command::StopPlay => self.stop_play(),
            Command::Seek(to) => self.seek(to),
            Command::Pause => self.pause(true),
            Command::Resume => self.pause(false),
            Command::Speed(speed) => self.set_speed(speed),
            Command::Record { take, law, limits } => {
                self.stop_recording(now, sink);
                let level = self.silence_level;
                self.recording = Some(Recording::new(now, take, law, limits, level));
            }
            Command::StopRecord => self.stop_recording(now, sink),
            Command::SendKeys(keys) => self.send_keys(&keys),
            Command::Echo(on) => self.echo = on.then(Echo::new),
            Command::Remote(remote) => self.agree(now, remote),
        }
        self.settle_recording(now, sink);
    }

    /// Writes the packet that is due into `out` ([`Session::MAX_DATAGRAM`] octets); its length, or
    /// `None` when nothing is due or nothing is to be sent.
    pub fn tick(&mut self, now: Mono, out: &mut [u8], sink: &mut dyn TakeSink) -> Option<usize> {
        if now < self.due {
            return None;
        }
        self.supervise(now, sink);
        let Some(remote) = self.remote.clone() else {
            self.due = now + FIRST_PTIME;
            return None;
        };
        let ptime = packet_interval(&remote);
        self.keep_pace(now, ptime);
        let written = self.write_packet(&remote, samples(ptime), out);
        self.sender.pass(samples(ptime));
        self.due = self.due + ptime;
        written
    }

    /// Writes an RTCP report into `out` where one is due; its length.
    pub fn report(&mut self, now: Mono, out: &mut [u8]) -> Option<usize> {
        self.rtcp_peer()?;
        if !self.reporter.is_due(now) {
            return None;
        }
        let heard = self.reception.report();
        self.reporter.write(now, self.sender.sent(), heard, out)
    }

    /// Writes the last RTCP report, with a goodbye; its length.
    pub fn goodbye(&mut self, now: Mono, out: &mut [u8]) -> Option<usize> {
        self.rtcp_peer()?;
        let heard = self.reception.report();
        self.reporter
            .write_goodbye(now, self.sender.sent(), heard, out)
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Ends the session: what plays is stopped, a running recording is handed out, and both are
    /// reported.
    pub fn close(&mut self, now: Mono, sink: &mut dyn TakeSink) {
        self.stop_play();
        self.stop_recording(now, sink);
    }

    /// Takes a packet of the peer's; `None` for any other datagram.
    fn take_packet(
        &mut self,
        now: Mono,
        source: SocketAddr,
        datagram: &[u8],
        sink: &mut dyn TakeSink,
    ) -> Option<()> {
        let remote = self.remote.as_ref().filter(|remote| remote.receive)?;
        let packet = Packet::read(datagram).ok()?;
        let payload_type = packet.head.payload_type;
        let is_event = remote.event_payload_type == Some(payload_type);
        let fits = if is_event {
            packet.payload.len() == TelephoneEvent::LEN
        } else {
            payload_type == remote.payload_type
                && (1..=Timeline::MAX_PAYLOAD).contains(&packet.payload.len())
        };
        if !fits || !self.gate.admits(now, source, packet.head.ssrc, remote) {
            return None;
        }
        let law = remote.law;
        self.reception.note(now, &packet.head, !is_event);
        if is_event {
            self.hear_event(now, &packet, sink);
            return Some(());
        }
        if let Some(echo) = &mut self.echo {
            echo.hear(packet.payload);
        }
        if let Some(recording) = &mut self.recording {
            recording.audio(now, &packet.head, law, packet.payload, sink);
        }
        Some(())
    }

    fn hear_event(&mut self, now: Mono, packet: &Packet<'_>, sink: &mut dyn TakeSink) {
        let duration = TelephoneEvent::decode(packet.payload).map_or(0, |event| event.duration);
        if let Some(recording) = &mut self.recording {
            recording.event(now, &packet.head, duration, sink);
        }
        if let Some(digit) = self.reader.read(packet) {
            self.hear_key(now, Way::Event, digit);
        }
    }

    fn hear_key(&mut self, now: Mono, way: Way, digit: Digit) {
        if self.ways.counts(now, way, digit) && self.events.len() < MAX_KEYS {
            self.events.push_back(Event::Digit(digit));
        }
    }

    fn seek(&mut self, to: Seek) {
        if let Some(play) = &mut self.play {
            play.seek(to);
        }
        self.settle_play();
    }

    fn pause(&mut self, paused: bool) {
        if let Some(play) = &mut self.play {
            play.pause(paused);
        }
    }

    fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
        if let Some(play) = &mut self.play {
            play.set_speed(speed);
        }
    }

    fn send_keys(&mut self, keys: &[Digit]) {
        let can_send = self
            .remote
            .as_ref()
            .is_some_and(|r| r.event_payload_type.is_some());
        if !can_send {
            tracing::warn!(
                keys = keys.len(),
                "the peer takes no telephone events: keys not sent"
            );
            self.events.push_back(Event::KeysSent);
            return;
        }
        let dropped = self.keys.push(keys);
        if dropped > 0 {
            tracing::warn!(dropped, "too many keys to send");
        }
        self.keys_owed = true;
    }

    fn agree(&mut self, now: Mono, remote: Remote) {
        let before = self.remote.replace(remote);
        let same_address = before.as_ref().map(|b| b.rtp) == self.remote.as_ref().map(|r| r.rtp);
        self.gate.agree(now, same_address);
        if !same_address {
            self.ways = KeyWays::default();
        }
    }

    /// Takes away what plays, and reports where it stood.
    fn stop_play(&mut self) {
        if let Some(play) = self.play.take() {
            self.events
                .push_back(Event::Stopped(play.id(), play.played()));
        }
    }

    /// Reports a play list that has come to its end.
    fn settle_play(&mut self) {
        if let Some(play) = self.play.take_if(|play| play.is_done()) {
            self.events.push_back(Event::PlayDone(play.id()));
        }
    }

    /// Ends a recording that has reached a limit.
    fn settle_recording(&mut self, now: Mono, sink: &mut dyn TakeSink) {
        if self.recording.as_ref().is_some_and(Recording::has_ended) {
            self.stop_recording(now, sink);
        }
    }

    fn stop_recording(&mut self, now: Mono, sink: &mut dyn TakeSink) {
        if let Some(recording) = self.recording.take() {
            let recorded = recording.finish(now, sink);
            self.events.push_back(Event::Recorded(recorded));
        }
    }

    /// What happens when nothing comes.
    fn supervise(&mut self, now: Mono, sink: &mut dyn TakeSink) {
        if let Some(recording) = &mut self.recording {
            recording.advance(now, sink);
        }
        self.settle_recording(now, sink);
        if !self.remote.as_ref().is_some_and(|remote| remote.receive) {
            self.gate.live(now);
        } else if let Some(silent) = self.gate.silence(now, self.rtp_timeout) {
            self.events.push_back(Event::Silent(silent));
        }
    }

    /// Leaves out the packets that are too late to be sent.
    fn keep_pace(&mut self, now: Mono, ptime: Duration) {
        let late = (now - self.due).as_micros() / ptime.as_micros();
        let left_out = u32::try_from(late.saturating_sub(1)).unwrap_or(u32::MAX);
        if left_out > 0 {
            self.sender.pass(samples(ptime).wrapping_mul(left_out));
            self.sender.leave_out();
            self.due = self.due + ptime.saturating_mul(left_out);
        }
    }

    fn write_packet(&mut self, remote: &Remote, samples: u32, out: &mut [u8]) -> Option<usize> {
        let len = samples as usize;
        let payload = out.get_mut(Head::LEN..Head::LEN + len)?;
        let step = self.keys.next(self.sender.timestamp(), samples as u16);
        match step {
            KeyStep::Idle => self.fill(remote, payload),
            KeyStep::Pause | KeyStep::Event { .. } => payload.fill(remote.law.silence()),
        }
        self.settle_keys();
        if !(remote.send && reachable(self.gate.peer(remote))) {
            self.sender.leave_out();
            return None;
        }
        match (step, remote.event_payload_type) {
            (
                KeyStep::Event {
                    marker,
                    timestamp,
                    event,
                },
                Some(payload_type),
            ) => {
                let payload = event.encode();
                let len = payload.len();
                out.get_mut(Head::LEN..Head::LEN + len)?
                    .copy_from_slice(&payload);
                self.sender
                    .write_event(payload_type, marker, timestamp, len, out)
            }
            _ => self.sender.write_audio(remote.payload_type, len, out),
        }
    }

    fn fill(&mut self, remote: &Remote, payload: &mut [u8]) {
        let law = remote.law;
        if let Some(play) = &mut self.play {
            play.fill(law, payload);
            self.settle_play();
        } else if let Some(echo) = &mut self.echo {
            echo.fill(law.silence(), payload);
        } else {
            payload.fill(law.silence());
        }
    }

    fn settle_keys(&mut self) {
        if self.keys_owed && self.keys.is_idle() {
            self.keys_owed = false;
            self.events.push_back(Event::KeysSent);
        }
    }
}

/// Whether anything can be sent to this address at all.
fn reachable(peer: SocketAddr) -> bool {
    !peer.ip().is_unspecified() && peer.port() != 0
}

/// The agreed packet interval, held within 10-60 ms.
fn packet_interval(remote: &Remote) -> Duration {
    Duration::from_millis(u64::from(remote.ptime_ms.clamp(10, 60)))
}

/// The samples of a packet interval.
fn samples(ptime: Duration) -> u32 {
    ptime.as_millis() as u32 * (WIRE_RATE / 1_000)
}
