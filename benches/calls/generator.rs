//! The far end: many calls from one thread, each with its own socket and its own 20 ms.

use crate::report::Heard;
use crate::rtp::{self, FRAME, HEADER, Stream};
use belpost::audio::{Law, goertzel};
use belpost::base::{CallId, Digit, Mono, Now, Timestamp};
use belpost::call::key_frequency;
use belpost::sdp::{self, Capabilities, CodecOrder, Codecs, Direction};
use belpost::sip::{self, Arrival, Machine, Place, Transport};
use rustix::event::{Timespec, epoll};
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// The packet time of every call.
const PTIME: Duration = Duration::from_millis(20);
/// Calls that only press keys, to see how soon they are answered.
const PROBES: usize = 10;
/// How often each of them presses one.
const KEY_EVERY: Duration = Duration::from_millis(1_000);
/// Packets of one key: 100 ms, and the end packet three times (RFC 4733 section 2.5.1.4).
const KEY_PACKETS: u8 = 5;
/// Packets of a key in all.
const KEY_ALL: u8 = KEY_PACKETS + 3;
/// A tone counts as heard from this amplitude on; the server plays it at 0.24.
const TONE: f64 = 0.12;
/// The largest datagram looked at.
const DATAGRAM: usize = 2_048;

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// The server's SIP address.
    pub(crate) server: SocketAddr,
    /// The number the measured calls dial.
    pub(crate) number: &'static str,
    /// The number the probes dial.
    pub(crate) key_number: &'static str,
    /// Measured calls.
    pub(crate) calls: usize,
    /// Calls set up per second.
    pub(crate) ramp: u32,
}

/// All calls of one measurement.
pub(crate) struct Generator {
    plan: Plan,
    start: Instant,
    machine: Machine,
    sip: UdpSocket,
    local: SocketAddr,
    epoll: rustix::fd::OwnedFd,
    lines: Vec<Line>,
    by_call: HashMap<CallId, usize>,
    speech: Vec<[u8; FRAME]>,
    heard: Heard,
    measuring: bool,
}

/// One call.
struct Line {
    call: CallId,
    socket: UdpSocket,
    ours: Capabilities,
    remote: Option<SocketAddr>,
    stream: Stream,
    due: Instant,
    probe: bool,
    key: Option<Press>,
    next_key: Option<Instant>,
    keys: u8,
    last: Option<(u16, Instant)>,
    frame: usize,
}

/// A key being pressed.
struct Press {
    event: u8,
    start: u32,
    sent: u8,
    first_sent: Instant,
    answered: bool,
}

impl Generator {
    /// A generator without calls. Each round at one server needs a number of its own: Call-IDs and
    /// branches are made from it.
    pub(crate) fn new(plan: Plan, round: u8) -> Generator {
        let sip = UdpSocket::bind("127.0.0.1:0").expect("a SIP socket");
        sip.set_nonblocking(true)
            .expect("a socket that does not block");
        let local = sip.local_addr().expect("the address of the socket");
        let name = sip::Advertised {
            host: local.ip().to_string(),
            port: local.port(),
        };
        let machine = Machine::new(sip::Config::new(name.clone(), name), [round; 32]);
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("an epoll set");
        Generator {
            plan,
            start: Instant::now(),
            machine,
            sip,
            local,
            epoll,
            lines: Vec::new(),
            by_call: HashMap::new(),
            speech: speech(),
            heard: Heard::default(),
            measuring: false,
        }
    }

    /// Sets all calls up, spread over time and over the 20 ms.
    pub(crate) fn ramp_up(&mut self) {
        let all = self.plan.calls + PROBES;
        let step = Duration::from_secs(1) / self.plan.ramp;
        for n in 0..all {
            self.dial(n, n < PROBES);
            self.settle(step);
        }
        self.settle(Duration::from_secs(2));
        self.heard.answered = self.lines.iter().filter(|l| l.remote.is_some()).count();
        self.heard.asked = all;
    }

    /// Goes on without measuring.
    pub(crate) fn settle(&mut self, span: Duration) {
        self.run(Instant::now() + span);
    }

    /// Measures for this long.
    pub(crate) fn hold(&mut self, span: Duration) -> Heard {
        for line in &mut self.lines {
            line.last = None;
            line.next_key = line.probe.then(|| Instant::now() + KEY_EVERY);
        }
        self.measuring = true;
        self.run(Instant::now() + span);
        self.measuring = false;
        self.heard.in_call = self.lines.iter().filter(|l| l.remote.is_some()).count();
        std::mem::take(&mut self.heard)
    }

    /// Ends all calls.
    pub(crate) fn hang_up(&mut self) {
        let calls: Vec<CallId> = self.lines.iter().map(|l| l.call).collect();
        for call in calls {
            self.command(sip::Command::Bye(call));
            self.settle(Duration::from_millis(2));
        }
    }

    fn dial(&mut self, n: usize, probe: bool) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a media socket");
        socket
            .set_nonblocking(true)
            .expect("a socket that does not block");
        let rtp = socket.local_addr().expect("the address of the socket");
        let data = epoll::EventData::new_u64(n as u64);
        epoll::add(&self.epoll, &socket, data, epoll::EventFlags::IN).expect("room in epoll");
        let ours = Capabilities {
            rtp,
            session: n as u64 + 1,
            sent: None,
            codecs: Codecs::new(Law::A, &[]),
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
        let call = CallId(sip::PLACED_CALLS_FROM + 1 + n as u64);
        self.by_call.insert(call, n);
        self.lines.push(Line {
            call,
            socket,
            ours,
            remote: None,
            stream: Stream::new(n as u32 + 1),
            due: Instant::now(),
            probe,
            key: None,
            next_key: None,
            keys: 0,
            last: None,
            frame: n,
        });
        let number = if probe {
            self.plan.key_number
        } else {
            self.plan.number
        };
        self.command(sip::Command::Place(Place {
            call,
            destination: self.plan.server,
            transport: Transport::Udp,
            target: format!("sip:{number}@{}", self.plan.server),
            from: format!("06{n:08}"),
            headers: Vec::new(),
            offer,
        }));
    }

    fn run(&mut self, end: Instant) {
        while Instant::now() < end {
            self.send_due();
            self.receive();
            self.signal();
        }
    }

    fn send_due(&mut self) {
        for line in &mut self.lines {
            let now = Instant::now();
            let Some(remote) = line.remote.filter(|_| line.due <= now) else {
                continue;
            };
            if self.measuring {
                self.heard.own_lateness.add(now - line.due);
            }
            line.due += PTIME;
            line.send(remote, &self.speech, now);
        }
    }

    fn receive(&mut self) {
        let mut events = Vec::with_capacity(256);
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: 500_000,
        };
        let room = rustix::buffer::spare_capacity(&mut events);
        if epoll::wait(&self.epoll, room, Some(&wait)).is_err() {
            return;
        }
        let mut datagram = [0; DATAGRAM];
        for event in &events {
            let Some(line) = self.lines.get_mut(event.data.u64() as usize) else {
                continue;
            };
            while let Ok(len) = line.socket.recv(&mut datagram) {
                if self.measuring {
                    line.hear(&datagram[..len], &mut self.heard);
                }
            }
        }
    }

    fn signal(&mut self) {
        let mut datagram = vec![0; 65_535];
        while let Ok((len, source)) = self.sip.recv_from(&mut datagram) {
            let arrival = Arrival {
                source,
                local: self.local,
                transport: Transport::Udp,
                connection: None,
            };
            self.machine
                .handle_message(self.now(), arrival, &datagram[..len]);
            self.drain();
        }
        if self
            .machine
            .poll_timeout()
            .is_some_and(|(at, _)| at <= self.now().mono)
        {
            self.machine.handle_timeout(self.now());
            self.drain();
        }
    }

    fn command(&mut self, command: sip::Command) {
        self.machine.handle_command(self.now(), command);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(event) = self.machine.poll_event() {
            match event {
                sip::Event::Answered { call, answer } => self.answered(call, &answer),
                sip::Event::Bye { call } => {
                    self.over(call);
                    self.machine
                        .handle_command(self.now(), sip::Command::ByeDone(call));
                }
                sip::Event::Ended { call, .. } => self.over(call),
                _ => {}
            }
        }
        while let Some(transmit) = self.machine.poll_transmit() {
            // A datagram that does not go out is repeated by the SIP timers.
            let _sent = self.sip.send_to(&transmit.bytes, transmit.destination);
        }
    }

    fn answered(&mut self, call: CallId, answer: &str) {
        let Some(line) = self.by_call.get(&call).and_then(|n| self.lines.get_mut(*n)) else {
            return;
        };
        let agreed = sdp::accept(answer, &line.ours).expect("an answer to our offer");
        line.remote = Some(agreed.remote.rtp);
        line.due = Instant::now();
        // A caller who knows the greeting skips it: the recording begins with the tone.
        line.next_key = (!line.probe).then(|| Instant::now() + Duration::from_millis(500));
    }

    fn over(&mut self, call: CallId) {
        if let Some(line) = self.by_call.get(&call).and_then(|n| self.lines.get_mut(*n)) {
            line.remote = None;
        }
    }

    fn now(&self) -> Now {
        Now {
            mono: Mono::since_start(self.start.elapsed()),
            wall: Timestamp::now(),
        }
    }
}

impl Line {
    fn send(&mut self, remote: SocketAddr, speech: &[[u8; FRAME]], now: Instant) {
        if self.next_key.is_some_and(|at| at <= now) {
            self.press(now);
        }
        // A full socket buffer is a lost packet, as on any network.
        let _sent = if let Some(press) = self.key.as_mut().filter(|p| p.sent < KEY_ALL) {
            let (first, end) = (press.sent == 0, press.sent >= KEY_PACKETS);
            press.sent += 1;
            let packet = self.stream.key(press.event, press.start, first, end);
            self.socket.send_to(&packet, remote)
        } else {
            let mut packet = [0; HEADER + FRAME];
            self.frame = (self.frame + 1) % speech.len();
            self.stream.audio(&speech[self.frame], &mut packet);
            self.socket.send_to(&packet, remote)
        };
    }

    fn press(&mut self, now: Instant) {
        let event = if self.probe {
            self.keys % 10
        } else {
            Digit::Pound.event()
        };
        self.keys = self.keys.wrapping_add(1);
        self.next_key = self.probe.then(|| now + KEY_EVERY);
        let start = self.stream.timestamp();
        self.key = Some(Press {
            event,
            start,
            sent: 0,
            first_sent: now,
            answered: !self.probe,
        });
    }

    fn hear(&mut self, packet: &[u8], heard: &mut Heard) {
        let now = Instant::now();
        let (Some(sequence), Some(payload)) = (rtp::sequence(packet), rtp::payload(packet)) else {
            return;
        };
        heard.packets += 1;
        if let Some((last, at)) = self.last {
            heard.gaps.add(now - at);
            heard.lost += u64::from(sequence.wrapping_sub(last).saturating_sub(1));
        }
        self.last = Some((sequence, now));
        if let Some(press) = self.key.as_mut().filter(|p| !p.answered)
            && has_tone(payload, press.event)
        {
            press.answered = true;
            heard.key_to_audio.add(now - press.first_sent);
        }
    }
}

fn has_tone(payload: &[u8], event: u8) -> bool {
    let samples: Vec<i16> = payload.iter().map(|o| Law::A.decode(*o)).collect();
    let hz = Digit::from_event(event).map_or(0, key_frequency);
    goertzel::amplitude(&samples, 8_000, f64::from(hz)) > TONE
}

/// Two seconds of noise at the loudness of speech, so that no silence limit ends a recording.
fn speech() -> Vec<[u8; FRAME]> {
    let mut seed = 1_u32;
    let mut sample = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Law::A.encode(((seed >> 16) as i16) / 8)
    };
    (0..100)
        .map(|_| std::array::from_fn(|_| sample()))
        .collect()
}
