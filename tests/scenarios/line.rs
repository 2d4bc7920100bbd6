//! The RTP side of a telephone: speaks and presses keys, and hears what comes.
//!
//! A packet of 20 ms is sent all the time, as telephones do. Written against RFC 3550 and RFC 4733
//! and not with the server's own code, so that a fault in that cannot cancel itself out.

use crate::ear::Ear;
use belpost::audio::Law;
use belpost::base::{Digit, Mono};
use belpost::sdp::Remote;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// The time of one packet.
pub const PACKET: Duration = Duration::from_millis(20);
/// Its samples.
const SAMPLES: usize = 160;
/// How long a key is pressed.
pub const PRESS: Duration = Duration::from_millis(100);
/// Packets between two keys.
const KEY_GAP: u16 = 3;
/// The volume of a key, in -dBm0 (RFC 4733 section 2.3.4).
const KEY_VOLUME: u8 = 10;
/// How far timestamps may be from the clock before someone would hear it.
const CLOCK_FAULT: i64 = 240 * 8;

/// A line that is open.
#[derive(Debug)]
pub struct Line {
    remote: Remote,
    sequence: u16,
    timestamp: u32,
    speech: VecDeque<u8>,
    /// Keys to be pressed, and for how many packets each.
    keys: VecDeque<(Digit, u16)>,
    key: Option<Key>,
    /// When the next packet is due.
    pub due: Mono,
    /// Whether packets are sent at all.
    pub mute: bool,
    /// When the last key went down.
    pub key_at: Mono,
    /// What is heard.
    pub ear: Ear,
    /// What the packets got wrong.
    pub faults: Vec<String>,
    clock: Option<Clock>,
}

/// A key on its way.
#[derive(Debug)]
struct Key {
    digit: Digit,
    held: u16,
    packets: u16,
    timestamp: u32,
}

/// How the sender's timestamps go with our time.
#[derive(Debug)]
struct Clock {
    ssrc: u32,
    timestamp: u32,
    at: usize,
    origin: Mono,
}

impl Line {
    /// A line to where the answer says.
    pub fn new(remote: Remote, now: Mono) -> Line {
        Line {
            remote,
            sequence: 65_500,
            timestamp: u32::MAX - 40_000,
            speech: VecDeque::new(),
            keys: VecDeque::new(),
            key: None,
            due: now + Duration::from_millis(3),
            mute: false,
            key_at: now,
            ear: Ear::new(now),
            faults: Vec::new(),
            clock: None,
        }
    }

    /// The other side has moved, or changed its mind.
    pub fn set_remote(&mut self, remote: Remote) {
        self.remote = remote;
    }

    /// Where packets go.
    pub fn destination(&self) -> SocketAddr {
        self.remote.rtp
    }

    /// Speaks this, in A-law.
    pub fn speak(&mut self, octets: Vec<u8>) {
        self.speech.extend(octets);
    }

    /// Stops speaking.
    pub fn hush(&mut self) {
        self.speech.clear();
    }

    /// Presses keys, one after the other.
    pub fn press(&mut self, keys: &[Digit], each: Duration) {
        let packets = (each.as_millis() / PACKET.as_millis()) as u16;
        self.keys.extend(keys.iter().map(|key| (*key, packets)));
    }

    /// Whether keys are still on their way.
    pub fn is_pressing(&self) -> bool {
        self.key.is_some() || !self.keys.is_empty()
    }

    /// The packet that is due.
    pub fn tick(&mut self, now: Mono) -> Option<Vec<u8>> {
        self.due = self.due + PACKET;
        let start = self.timestamp;
        self.timestamp = start.wrapping_add(SAMPLES as u32);
        if self.key.is_none()
            && let Some((digit, held)) = self.keys.pop_front()
        {
            self.key_at = now;
            self.key = Some(Key {
                digit,
                held,
                packets: 0,
                timestamp: start,
            });
        }
        let packet = match self.key_packet() {
            Some(packet) => packet,
            None => self.audio(start),
        };
        (!self.mute && self.remote.send).then_some(packet)
    }

    /// The packet of the key that is down; `None` between keys.
    fn key_packet(&mut self) -> Option<Vec<u8>> {
        let events = self
            .remote
            .event_payload_type
            .expect("telephone-event was agreed");
        let key = self.key.as_mut()?;
        let n = key.packets;
        key.packets += 1;
        let (event, timestamp) = (key.digit.event(), key.timestamp);
        let held = key.held;
        if n + 1 == held + 3 + KEY_GAP {
            self.key = None;
        }
        if n >= held + 3 {
            return None;
        }
        let end = n >= held;
        let duration = (n + 1).min(held) * SAMPLES as u16;
        let flags = KEY_VOLUME | if end { 0x80 } else { 0 };
        let [high, low] = duration.to_be_bytes();
        Some(self.packet(events, n == 0, timestamp, &[event, flags, high, low]))
    }

    /// Packets of keys that say to come from this line, and do not advance it.
    pub fn forge(&self, keys: &str) -> Vec<Vec<u8>> {
        let mut twin = Line::new(self.remote.clone(), Mono::ZERO);
        (twin.sequence, twin.timestamp) = (self.sequence, self.timestamp);
        let digits: Vec<Digit> = keys.chars().filter_map(Digit::from_char).collect();
        twin.press(&digits, PRESS);
        let mut packets = Vec::new();
        while twin.is_pressing() {
            packets.extend(twin.tick(Mono::ZERO));
        }
        packets
    }

    fn audio(&mut self, timestamp: u32) -> Vec<u8> {
        let law = self.remote.law;
        let silence = Law::A.encode(0);
        let octets: Vec<u8> = (0..SAMPLES)
            .map(|_| Law::A.convert(law, self.speech.pop_front().unwrap_or(silence)))
            .collect();
        self.packet(self.remote.payload_type, false, timestamp, &octets)
    }

    fn packet(&mut self, kind: u8, marker: bool, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let mut packet = vec![0x80, kind | if marker { 0x80 } else { 0 }];
        packet.extend(sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(0x7EA1_0001_u32.to_be_bytes());
        packet.extend(payload);
        packet
    }

    /// Takes a packet.
    pub fn handle(&mut self, now: Mono, source: SocketAddr, packet: &[u8]) {
        if source != self.remote.rtp {
            return self.faults.push(format!("a packet came from {source}"));
        }
        let [
            0x80,
            kind,
            _,
            _,
            t0,
            t1,
            t2,
            t3,
            s0,
            s1,
            s2,
            s3,
            payload @ ..,
        ] = packet
        else {
            return self.faults.push("a packet that is no RTP".to_owned());
        };
        if kind & 0x7F != self.remote.payload_type {
            return self
                .faults
                .push(format!("a packet of payload type {}", kind & 0x7F));
        }
        let timestamp = u32::from_be_bytes([*t0, *t1, *t2, *t3]);
        let ssrc = u32::from_be_bytes([*s0, *s1, *s2, *s3]);
        if let Some(at) = self.place(now, ssrc, timestamp) {
            let samples: Vec<i16> = payload.iter().map(|o| self.remote.law.decode(*o)).collect();
            self.ear.put(at, &samples);
        }
    }

    /// Which sample of the ear a timestamp is.
    fn place(&mut self, now: Mono, ssrc: u32, timestamp: u32) -> Option<usize> {
        let clock = self.clock.get_or_insert_with(|| {
            self.ear = Ear::new(now);
            Clock {
                ssrc,
                timestamp,
                at: 0,
                origin: now,
            }
        });
        if clock.ssrc != ssrc {
            self.faults.push("the SSRC changed in mid-call".to_owned());
            return None;
        }
        let by_time = (now - clock.origin).as_millis() as i64 * 8;
        let at = clock.at as i64 + i64::from(timestamp.wrapping_sub(clock.timestamp) as i32);
        if (at - by_time).abs() > CLOCK_FAULT {
            let ms = (at - by_time) / 8;
            self.faults
                .push(format!("timestamps are {ms} ms off the clock"));
            (clock.timestamp, clock.at) = (timestamp, by_time as usize);
            return Some(clock.at);
        }
        usize::try_from(at).ok()
    }
}
