//! The world of a scenario: the server, the phones, the network between them, and the time.
//!
//! Time moves from event to event; nothing sleeps. The order of events is fixed by their time and
//! then by when they were made, so the same seed gives the same run.

use crate::network::Network;
use crate::phone::Phone;
use crate::server::{Input, Server};
use crate::sip_text::Message;
use crate::store::Take;
use belpost::base::{Mono, Now, Timestamp};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// Events at one moment that no scenario needs.
const STANDSTILL: u32 = 20_000;
/// Monday 5 January 2026, 10:00 in Amsterdam.
const START: i64 = 1_767_603_600;

/// Something that will happen.
#[derive(Debug)]
enum Event {
    MessageToServer(SocketAddr, Vec<u8>),
    MessageToPhone(usize, Vec<u8>),
    PacketToServer(SocketAddr, SocketAddr, Vec<u8>),
    PacketToPhone(usize, SocketAddr, Vec<u8>),
    Answer(Input),
}

/// Everything.
#[derive(Debug)]
pub struct World {
    now: Now,
    made: u64,
    events: BTreeMap<(Mono, u64), Event>,
    /// When the last question of each queue is answered.
    served: BTreeMap<&'static str, Mono>,
    /// The server.
    pub server: Server,
    /// The phones, in the order they called.
    pub phones: Vec<Phone>,
    /// How SIP travels.
    pub signalling: Network,
    /// How RTP travels.
    pub media: Network,
    /// What went over the wire, for those who read a failure.
    pub trace: Vec<String>,
    /// What must never be and was.
    pub faults: Vec<String>,
}

impl World {
    /// A world with this server and no phone.
    pub fn new(server: Server) -> World {
        let wall = Timestamp::from_second(START).expect("a moment");
        World {
            now: Now {
                mono: Mono::ZERO,
                wall,
            },
            made: 0,
            events: BTreeMap::new(),
            served: BTreeMap::new(),
            server,
            phones: Vec::new(),
            signalling: Network::default(),
            media: Network::default(),
            trace: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// This moment.
    pub fn now(&self) -> Mono {
        self.now.mono
    }

    /// This moment on both clocks.
    pub fn clocks(&self) -> Now {
        self.now
    }

    /// Does something with a phone, and sends what it has to say.
    pub fn with_phone<T>(&mut self, n: usize, act: impl FnOnce(&mut Phone, Mono) -> T) -> T {
        let done = act(&mut self.phones[n], self.now.mono);
        self.collect();
        done
    }

    /// Does something with the server, and sends what it has to say.
    pub fn with_server<T>(&mut self, act: impl FnOnce(&mut Server, Now) -> T) -> T {
        let done = act(&mut self.server, self.now);
        self.collect();
        done
    }

    /// A packet of someone who is not in the call.
    pub fn send_from_stranger(&mut self, to: SocketAddr, packet: &[u8]) {
        let source = SocketAddr::from(([203, 0, 113, 9], 40_000));
        self.carry_packet(|| Event::PacketToServer(source, to, packet.to_vec()));
    }

    /// Lets this much time pass.
    pub fn pass(&mut self, span: Duration) {
        let end = self.now.mono + span;
        let mut at_once = 0;
        while let Some((at, why)) = self.next().filter(|(at, _)| *at <= end) {
            at_once = if at > self.now.mono { 0 } else { at_once + 1 };
            assert!(at_once < STANDSTILL, "the clock stands still: {why}");
            self.move_to(at);
            self.step();
        }
        self.move_to(end);
    }

    fn move_to(&mut self, at: Mono) {
        self.now = self.now.after(at.saturating_since(self.now.mono));
    }

    fn next(&self) -> Option<(Mono, &'static str)> {
        let event = self
            .events
            .first_key_value()
            .map(|((at, _), _)| (*at, "the network"));
        let phones = self
            .phones
            .iter()
            .filter_map(Phone::poll_timeout)
            .map(|at| (at, "a phone"));
        phones.chain(event).chain(self.server.poll_timeout()).min()
    }

    /// Whatever is due first.
    fn step(&mut self) {
        let now = self.now;
        let due = self.events.first_entry().filter(|e| e.key().0 <= now.mono);
        if let Some(event) = due.map(std::collections::btree_map::OccupiedEntry::remove) {
            self.happen(event);
        } else if self
            .server
            .poll_timeout()
            .is_some_and(|(at, _)| at <= now.mono)
        {
            self.server.handle_timeout(now);
        } else {
            for n in 0..self.phones.len() {
                if self.phones[n]
                    .poll_timeout()
                    .is_some_and(|at| at <= now.mono)
                {
                    let packet = self.phones[n].handle_timeout(now.mono);
                    let source = self.phones[n].media();
                    if let Some((to, packet)) = packet {
                        self.carry_packet(|| Event::PacketToServer(source, to, packet.clone()));
                    }
                }
            }
        }
        self.collect();
    }

    fn happen(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::MessageToServer(source, bytes) => {
                self.server.handle_message(now, source, &bytes);
            }
            Event::MessageToPhone(n, bytes) => {
                self.phones[n].handle_message(now.mono, &bytes);
                self.check_bye(n, &bytes);
            }
            Event::PacketToServer(source, local, bytes) => {
                self.server.handle_packet(now, source, local, &bytes);
            }
            Event::PacketToPhone(n, source, bytes) => {
                self.phones[n].handle_packet(now.mono, source, &bytes);
            }
            Event::Answer(input) => self.server.handle_answer(now, input),
        }
    }

    /// The law of every scenario: 200 to a caller's BYE says that the recording is safe.
    fn check_bye(&mut self, n: usize, bytes: &[u8]) {
        let answer = Message::read(bytes).filter(|m| m.cseq().1 == "BYE");
        if answer.and_then(|m| m.status()) != Some(200) {
            return;
        }
        let call_id = self.phones[n].call_id();
        let server = &self.server;
        let of_call = |take: &Take| take.call_id() == Some(call_id);
        let mut takes = server.disk.takes.iter();
        let open = takes.any(|(id, take)| of_call(take) && !server.has_dropped(*id));
        if open || server.has_lost(call_id) {
            let at = self.clock();
            self.faults.push(format!(
                "at {at} a BYE was answered with 200 and its message is not safe"
            ));
        }
    }

    /// Puts on the wire what server and phones have to say.
    fn collect(&mut self) {
        for (to, bytes) in std::mem::take(&mut self.server.messages) {
            self.note("server", &bytes);
            match self.phones.iter().position(|p| p.address() == to) {
                Some(n) => self.carry_message(|| Event::MessageToPhone(n, bytes.clone())),
                None => self
                    .faults
                    .push(format!("a message went to {to}, where nobody is")),
            }
        }
        for n in 0..self.phones.len() {
            let source = self.phones[n].address();
            let cut = self.phones[n].cut;
            let said = std::mem::take(&mut self.phones[n].out);
            for bytes in said.into_iter().filter(|_| !cut) {
                self.note(&format!("phone {}", n + 1), &bytes);
                self.carry_message(|| Event::MessageToServer(source, bytes.clone()));
            }
        }
        for (from, to, bytes) in std::mem::take(&mut self.server.packets) {
            if let Some(n) = self.phones.iter().position(|p| p.media() == to) {
                self.carry_packet(|| Event::PacketToPhone(n, from, bytes.clone()));
            }
        }
        for (delay, question) in std::mem::take(&mut self.server.questions) {
            // Disk, mailboxes and passcodes are each served in order, like the threads they are.
            let queue = question.queue();
            let at =
                (self.now.mono + delay).max(self.served.get(queue).copied().unwrap_or_default());
            self.served.insert(queue, at);
            self.later(at - self.now.mono, Event::Answer(question));
        }
    }

    fn carry_message(&mut self, event: impl Fn() -> Event) {
        for way in self.signalling.ways() {
            self.later(way, event());
        }
    }

    fn carry_packet(&mut self, event: impl Fn() -> Event) {
        for way in self.media.ways() {
            self.later(way, event());
        }
    }

    fn later(&mut self, span: Duration, event: Event) {
        self.made += 1;
        self.events.insert((self.now.mono + span, self.made), event);
    }

    fn note(&mut self, who: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let line = format!(
            "{} {who}: {}",
            self.clock(),
            text.lines().next().unwrap_or_default()
        );
        self.trace.push(line);
    }

    /// The time as people write it.
    pub fn clock(&self) -> String {
        clock(self.now.mono)
    }
}

/// A moment as people write it.
pub fn clock(at: Mono) -> String {
    let ms = at.elapsed().as_millis();
    format!("{}:{:02}.{:03}", ms / 60_000, ms / 1_000 % 60, ms % 1_000)
}
