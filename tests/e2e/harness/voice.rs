//! The media side of a hand-made telephone: one G.711 packet every 20 ms, keys as RFC 4733
//! events, and all that is heard, laid out on the sender's own time line.

use super::sound::RATE;
use belpost::audio::Law;
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Samples in a packet.
const FRAME: usize = 160;
/// How long a packet lasts.
const TICK: Duration = Duration::from_millis(20);
/// How long a key is held, in packets, and how long the gap behind it.
const KEY_TICKS: u16 = 5;
/// The payload type of our telephone events.
pub(crate) const EVENT_PT: u8 = 101;
/// The most heard audio that is kept: ten minutes.
const HEARD_MAX: usize = 600 * RATE;

/// A running media side; stops when dropped.
#[derive(Debug)]
pub(crate) struct Voice {
    shared: Arc<Mutex<Shared>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    port: u16,
}

#[derive(Debug)]
struct Shared {
    remote: Option<SocketAddr>,
    law: Law,
    saying: VecDeque<i16>,
    keys: VecDeque<u8>,
    muted: bool,
    /// A bad line: every nth packet is lost, and every other one comes late.
    bad_line: Option<u32>,
    heard: Vec<i16>,
    first: Option<u32>,
}

/// What the sending half remembers from tick to tick.
struct Sender {
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    key: Option<(u8, u16, u32)>,
    dice: u32,
    /// Packets under way on a bad line, each with the ticks it still takes.
    late: Vec<(u32, Vec<u8>)>,
}

impl Voice {
    /// Opens a port on this address and starts to listen; sends once a remote end is known.
    pub(crate) fn open(ip: Ipv4Addr) -> Voice {
        let socket = UdpSocket::bind((ip, 0)).expect("an RTP socket");
        let port = socket.local_addr().expect("an address").port();
        socket.set_nonblocking(true).expect("a non-blocking socket");
        let shared = Arc::new(Mutex::new(Shared {
            remote: None,
            law: Law::A,
            saying: VecDeque::new(),
            keys: VecDeque::new(),
            muted: false,
            bad_line: None,
            heard: Vec::new(),
            first: None,
        }));
        let stop = Arc::new(AtomicBool::new(false));
        let (theirs, flag) = (Arc::clone(&shared), Arc::clone(&stop));
        let thread = Some(std::thread::spawn(move || run(&socket, &theirs, &flag)));
        Voice {
            shared,
            stop,
            thread,
            port,
        }
    }

    /// Our RTP port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where to send to, and in which law.
    pub(crate) fn connect(&self, remote: SocketAddr, law: Law) {
        let mut shared = self.lock();
        (shared.remote, shared.law) = (Some(remote), law);
    }

    /// Where it is sent to.
    pub(crate) fn remote(&self) -> Option<SocketAddr> {
        self.lock().remote
    }

    /// Says this after what is still being said.
    pub(crate) fn say(&self, samples: &[i16]) {
        self.lock().saying.extend(samples);
    }

    /// How long there is still something to say.
    pub(crate) fn still_saying(&self) -> Duration {
        Duration::from_secs_f64(self.lock().saying.len() as f64 / RATE as f64)
    }

    /// Presses keys, one after the other.
    pub(crate) fn press(&self, keys: &str) {
        let codes = keys.chars().map(|key| {
            let at = "0123456789*#".find(key).expect("a key of a telephone");
            at as u8
        });
        self.lock().keys.extend(codes);
    }

    /// Sends nothing at all while true.
    pub(crate) fn mute(&self, muted: bool) {
        self.lock().muted = muted;
    }

    /// From now on one packet in `lost_of` is lost and others arrive up to 60 ms late and out of
    /// order, by dice that fall the same way each time.
    pub(crate) fn spoil(&self, lost_of: u32) {
        self.lock().bad_line = Some(lost_of);
    }

    /// All that was heard so far; what never came is silence.
    pub(crate) fn heard(&self) -> Vec<i16> {
        self.lock().heard.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().expect("the media thread is well")
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(socket: &UdpSocket, shared: &Mutex<Shared>, stop: &AtomicBool) {
    let mut sender = Sender {
        sequence: 1,
        timestamp: 0,
        ssrc: std::process::id() ^ u32::from(socket.local_addr().map_or(0, |a| a.port())) << 16,
        key: None,
        dice: 7,
        late: Vec::new(),
    };
    let mut next = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        {
            let mut shared = shared.lock().expect("the test thread is well");
            listen(socket, &mut shared);
            speak(socket, &mut shared, &mut sender);
        }
        next += TICK;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

fn listen(socket: &UdpSocket, shared: &mut Shared) {
    let mut packet = [0; 2_048];
    while let Ok((len, from)) = socket.recv_from(&mut packet) {
        let packet = &packet[..len];
        if Some(from) == shared.remote || shared.remote.is_none() {
            hear(packet, shared);
        }
    }
}

fn hear(packet: &[u8], shared: &mut Shared) {
    if packet.len() < 12 || packet[0] != 0x80 {
        return;
    }
    let law = match packet[1] & 0x7F {
        8 => Law::A,
        0 => Law::Mu,
        _ => return,
    };
    let timestamp = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
    let first = *shared.first.get_or_insert(timestamp);
    let at = timestamp.wrapping_sub(first) as usize;
    let payload = &packet[12..];
    if at + payload.len() > HEARD_MAX {
        return;
    }
    if shared.heard.len() < at + payload.len() {
        shared.heard.resize(at + payload.len(), 0);
    }
    for (slot, &octet) in shared.heard[at..].iter_mut().zip(payload) {
        *slot = law.decode(octet);
    }
}

fn speak(socket: &UdpSocket, shared: &mut Shared, sender: &mut Sender) {
    let Some(remote) = shared.remote else { return };
    if sender.key.is_none() {
        let timestamp = sender.timestamp;
        sender.key = shared.keys.pop_front().map(|code| (code, 0, timestamp));
    }
    let packet = match sender.key {
        Some((code, tick, began)) if tick < KEY_TICKS + 3 => {
            sender.key = Some((code, tick + 1, began));
            let held = (tick + 1).min(KEY_TICKS) * FRAME as u16;
            let end = if tick >= KEY_TICKS { 0x80 } else { 0 };
            let volume = 0x0A;
            let [high, low] = held.to_be_bytes();
            let event = [code, end | volume, high, low];
            sender.packet(EVENT_PT, tick == 0, began, &event)
        }
        other => {
            // Two packets of sound behind every key, so that equal keys stay two.
            sender.key = other
                .filter(|(_, tick, _)| *tick < KEY_TICKS + 5)
                .map(|(code, tick, began)| (code, tick + 1, began));
            let law = shared.law;
            let payload: Vec<u8> = (0..FRAME)
                .map(|_| law.encode(shared.saying.pop_front().unwrap_or(0)))
                .collect();
            let pt = if law == Law::A { 8 } else { 0 };
            let timestamp = sender.timestamp;
            sender.packet(pt, false, timestamp, &payload)
        }
    };
    sender.timestamp = sender.timestamp.wrapping_add(FRAME as u32);
    if shared.muted {
        return;
    }
    for packet in sender.arriving(shared.bad_line, packet) {
        let _ = socket.send_to(&packet, remote);
    }
}

impl Sender {
    /// What reaches the server in this tick.
    fn arriving(&mut self, bad_line: Option<u32>, packet: Vec<u8>) -> Vec<Vec<u8>> {
        let Some(lost_of) = bad_line else {
            return vec![packet];
        };
        if self.roll(lost_of) > 0 {
            let delay = self.roll(4);
            self.late.push((delay, packet));
        }
        let (now, later) = self.late.drain(..).partition(|(delay, _)| *delay == 0);
        self.late = later;
        self.late.iter_mut().for_each(|(delay, _)| *delay -= 1);
        let now: Vec<(u32, Vec<u8>)> = now;
        now.into_iter().map(|(_, packet)| packet).collect()
    }

    fn roll(&mut self, sides: u32) -> u32 {
        self.dice = self
            .dice
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        (self.dice >> 8) % sides
    }

    fn packet(&mut self, pt: u8, marker: bool, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x80, pt | if marker { 0x80 } else { 0 }];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }
}
