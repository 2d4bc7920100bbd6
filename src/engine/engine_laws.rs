//! The laws of the engine, on loopback with real sockets.
//!
//! The packets of the engine are the clock of these tests: whoever waits, waits for one.

use super::*;
use crate::audio::{Law, WireAudio};
use crate::base::{MessageId, PlayId};
use crate::media::{PlayItem, RecordEnd, RecordLimits, Recorded, Remote, TakeSinkFull};
use crate::rtp::{Head, Packet, RtpTime, SequenceNumber, Ssrc, TelephoneEvent};
use std::net::UdpSocket;
use uuid::Uuid;

const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const EVENTS: u8 = 101;
const PATIENCE: Duration = Duration::from_secs(10);

/// The take whose blocks make the sink panic.
const CURSED: MessageId = MessageId(Uuid::from_u128(666));
const TAKE: MessageId = MessageId(Uuid::from_u128(1));

type Takes = Arc<Mutex<Vec<(MessageId, Vec<u8>)>>>;

struct Sink(Takes);

impl TakeSink for Sink {
    fn buffer(&mut self) -> Vec<u8> {
        Vec::with_capacity(8_000)
    }

    fn append(&mut self, take: MessageId, octets: Vec<u8>) -> Result<(), TakeSinkFull> {
        assert_ne!(take, CURSED, "this sink is made to panic");
        self.0.lock().unwrap().push((take, octets));
        Ok(())
    }
}

/// An engine and what comes out of it.
struct Studio {
    engine: Engine,
    takes: Takes,
    events: mpsc::Receiver<(SessionId, Event)>,
}

fn config() -> Config {
    Config {
        workers: 1,
        bind: LOOPBACK,
        ports: None,
        max_sessions: 2_000,
        rtp_timeout: Duration::from_secs(30),
        silence_level: Dbm0(-45),
        learn: false,
    }
}

fn studio(config: &Config) -> Studio {
    let takes = Takes::default();
    let (give, events) = mpsc::channel(64);
    let for_sinks = Arc::clone(&takes);
    let engine = Engine::start(config, || Box::new(Sink(Arc::clone(&for_sinks))), &give).unwrap();
    Studio {
        engine,
        takes,
        events,
    }
}

impl Studio {
    fn next_event(&mut self) -> (SessionId, Event) {
        next_of(&mut self.events)
    }

    fn recorded(&mut self) -> Recorded {
        loop {
            if let (_, Event::Recorded(recorded)) = self.next_event() {
                return recorded;
            }
        }
    }

    fn octets(&self, take: MessageId) -> Vec<u8> {
        let takes = self.takes.lock().unwrap();
        let of_take = takes.iter().filter(|(of, _)| *of == take);
        of_take
            .flat_map(|(_, octets)| octets.iter().copied())
            .collect()
    }
}

fn next_of(events: &mut mpsc::Receiver<(SessionId, Event)>) -> (SessionId, Event) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let next = runtime.block_on(async { tokio::time::timeout(PATIENCE, events.recv()).await });
    next.expect("an event was due").expect("the engine is gone")
}

/// A phone on loopback, in a call.
struct Phone {
    socket: UdpSocket,
    engine: SocketAddr,
    sent: u16,
}

impl Phone {
    /// Opens a session and tells it where this phone is.
    fn call(studio: &Studio, session: u64) -> Phone {
        let local = studio.engine.open(SessionId(session)).unwrap();
        let phone = Phone::at(local.rtp);
        studio
            .engine
            .send(SessionId(session), Command::Remote(phone.remote()))
            .unwrap();
        phone
    }

    fn at(engine: SocketAddr) -> Phone {
        let socket = UdpSocket::bind((LOOPBACK, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Phone {
            socket,
            engine,
            sent: 0,
        }
    }

    fn remote(&self) -> Remote {
        Remote {
            rtp: self.socket.local_addr().unwrap(),
            rtcp: None,
            law: Law::A,
            payload_type: 8,
            event_payload_type: Some(EVENTS),
            ptime_ms: 20,
            send: true,
            receive: true,
        }
    }

    fn hear(&self) -> (Head, Vec<u8>) {
        let mut datagram = [0; 2_048];
        let (len, from) = self
            .socket
            .recv_from(&mut datagram)
            .expect("a packet was due");
        assert_eq!(from, self.engine);
        let packet = Packet::read(&datagram[..len]).unwrap();
        (packet.head, packet.payload.to_vec())
    }

    fn send(&mut self, payload_type: u8, payload: &[u8]) {
        let head = Head {
            marker: false,
            payload_type,
            sequence: SequenceNumber(self.sent),
            timestamp: RtpTime(u32::from(self.sent) * 160),
            ssrc: Ssrc(u32::from(self.socket.local_addr().unwrap().port())),
        };
        self.sent += 1;
        let mut datagram = vec![0; Head::LEN];
        head.write(&mut datagram).unwrap();
        datagram.extend_from_slice(payload);
        self.socket.send_to(&datagram, self.engine).unwrap();
    }

    fn press(&mut self, event: u8) {
        let key = TelephoneEvent {
            event,
            end: false,
            volume: 10,
            duration: 160,
        };
        self.send(EVENTS, &key.encode());
    }

    /// Sends a packet for every one that comes.
    fn say(&mut self, packets: usize, octet: u8) {
        for _ in 0..packets {
            self.send(8, &[octet; 160]);
            self.hear();
        }
    }
}

fn record(take: MessageId) -> Command {
    let limits = RecordLimits {
        max: Duration::from_mins(1),
        silence: None,
    };
    Command::Record {
        take,
        law: Law::A,
        limits,
    }
}

#[test]
fn packets_come_one_every_20_ms_and_their_timestamps_are_true() {
    let studio = studio(&config());
    let phone = Phone::call(&studio, 1);
    let (first, _) = phone.hear();
    let began = Instant::now();
    let mut last = first;
    for _ in 0..50 {
        let (head, payload) = phone.hear();
        assert_eq!(head.sequence.after(last.sequence), 1);
        assert_eq!(payload.len(), 160);
        last = head;
    }
    let passed = began.elapsed().as_millis() as i64;
    let told = i64::from(last.timestamp.after(first.timestamp)) / 8;
    assert!(told >= 1_000);
    assert!(
        (passed - told).abs() < 150,
        "{passed} ms passed, {told} ms told"
    );
    assert!(studio.engine.pace().packets() >= 51);
    // The last one may have been heard before it was counted.
    assert!(studio.engine.traffic().sent >= 50);
}

#[test]
fn what_plays_is_heard_and_its_end_is_told() {
    let mut studio = studio(&config());
    let phone = Phone::call(&studio, 1);
    let octets: Vec<u8> = (0..1_600).map(|n| (n / 160) as u8).collect();
    let items = vec![PlayItem::Audio(WireAudio::from_octets(Law::A, &octets))];
    studio
        .engine
        .send(
            SessionId(1),
            Command::Play {
                id: PlayId(9),
                items,
                from: Duration::ZERO,
            },
        )
        .unwrap();
    let mut heard = Vec::new();
    while heard.len() < 1_600 {
        let (_, payload) = phone.hear();
        if payload != [Law::A.silence(); 160] {
            heard.extend(payload);
        }
    }
    assert_eq!(heard, octets);
    assert_eq!(
        studio.next_event(),
        (SessionId(1), Event::PlayDone(PlayId(9)))
    );
}

#[test]
fn an_echo_comes_back() {
    let studio = studio(&config());
    let mut phone = Phone::call(&studio, 1);
    studio
        .engine
        .send(SessionId(1), Command::Echo(true))
        .unwrap();
    phone.hear();
    for _ in 0..50 {
        phone.send(8, &[77; 160]);
        if phone.hear().1 == [77; 160] {
            return;
        }
    }
    panic!("no echo came back");
}

#[test]
fn a_recording_is_what_was_said_and_stopping_the_engine_keeps_it() {
    let mut studio = studio(&config());
    let mut phone = Phone::call(&studio, 1);
    phone.hear();
    studio.engine.send(SessionId(1), record(TAKE)).unwrap();
    // The order is done before the next packet goes out.
    phone.hear();
    phone.hear();
    phone.say(60, Law::A.encode(9_000));
    let engine = std::mem::replace(
        &mut studio.engine,
        Engine::start(
            &config(),
            || Box::new(Sink(Takes::default())),
            &mpsc::channel(1).0,
        )
        .unwrap(),
    );
    engine.stop();
    let recorded = studio.recorded();
    assert_eq!((recorded.take, recorded.end), (TAKE, RecordEnd::Stopped));
    let octets = studio.octets(TAKE);
    let length = Duration::from_micros(octets.len() as u64 * 125);
    assert_eq!(recorded.length, length);
    let is_spoken = |octet: &u8| *octet == Law::A.encode(9_000);
    assert_eq!(octets.into_iter().filter(is_spoken).count(), 60 * 160);
}

#[test]
fn keys_of_strangers_are_not_heard() {
    for learn in [false, true] {
        let mut studio = studio(&Config { learn, ..config() });
        let mut phone = Phone::call(&studio, 1);
        let mut stranger = Phone::at(phone.engine);
        phone.hear();
        phone.send(8, &[0; 160]);
        phone.hear();
        phone.hear();
        for _ in 0..10 {
            stranger.press(7);
        }
        phone.press(5);
        assert_eq!(studio.next_event(), (SessionId(1), Event::Digit(Digit::D5)));
        phone.hear();
        assert!(studio.events.try_recv().is_err());
    }
}

#[test]
fn a_key_by_signalling_is_heard() {
    let mut studio = studio(&config());
    let _phone = Phone::call(&studio, 1);
    studio.engine.info_digit(SessionId(1), Digit::Star).unwrap();
    assert_eq!(
        studio.next_event(),
        (SessionId(1), Event::Digit(Digit::Star))
    );
}

#[test]
fn a_panic_ends_one_session_and_no_other() {
    let mut studio = studio(&config());
    let mut cursed = Phone::call(&studio, 1);
    let other = Phone::call(&studio, 2);
    cursed.hear();
    studio.engine.send(SessionId(1), record(CURSED)).unwrap();
    cursed.hear();
    cursed.hear();
    cursed.say(30, 9);
    studio
        .engine
        .send(SessionId(1), Command::StopRecord)
        .unwrap();
    assert_eq!(studio.next_event(), (SessionId(1), Event::Broken));
    while studio.engine.sessions() > 1 {
        other.hear();
    }
    for _ in 0..5 {
        other.hear();
    }
    studio.engine.close(SessionId(1)).unwrap();
}

#[test]
fn a_thousand_calls_leave_no_session_and_no_socket_behind() {
    let sockets = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let studio = studio(&Config {
        workers: 2,
        ..config()
    });
    let before = sockets();
    for session in 0..1_000 {
        studio.engine.open(SessionId(session)).unwrap();
        studio.engine.close(SessionId(session)).unwrap();
    }
    let deadline = Instant::now() + PATIENCE;
    while studio.engine.sessions() > 0 {
        assert!(
            Instant::now() < deadline,
            "{} sessions stay",
            studio.engine.sessions()
        );
        std::thread::yield_now();
    }
    // Other tests open sockets meanwhile, a few dozen at most.
    assert!(
        sockets() < before + 200,
        "{} sockets stay",
        sockets() - before
    );
}

#[test]
fn ports_are_even_for_rtp_and_the_next_for_rtcp() {
    let studio = studio(&config());
    for session in 0..20 {
        let local = studio.engine.open(SessionId(session)).unwrap();
        assert!(local.rtp.port().is_multiple_of(2));
        assert_eq!(local.rtcp.port(), local.rtp.port() + 1);
    }
}

#[test]
fn what_cannot_be_opened_is_refused_with_the_reason() {
    let studio = studio(&Config {
        max_sessions: 1,
        ..config()
    });
    studio.engine.open(SessionId(1)).unwrap();
    assert!(matches!(
        studio.engine.open(SessionId(1)),
        Err(OpenFault::Taken)
    ));
    assert!(matches!(
        studio.engine.open(SessionId(2)),
        Err(OpenFault::Full)
    ));
    assert_eq!(
        studio.engine.send(SessionId(2), Command::Pause),
        Err(SendFault::Unknown)
    );
    studio.engine.close(SessionId(1)).unwrap();
    assert_eq!(studio.engine.close(SessionId(1)), Err(SendFault::Unknown));
    studio.engine.open(SessionId(2)).unwrap();
}

#[test]
fn an_engine_without_workers_or_ports_does_not_start() {
    let start = |config: &Config| {
        let sinks = || -> Box<dyn TakeSink + Send> { Box::new(Sink(Takes::default())) };
        Engine::start(config, sinks, &mpsc::channel(1).0)
    };
    let none = start(&Config {
        workers: 0,
        ..config()
    });
    assert!(matches!(none, Err(EngineFault::NoWorkers)));
    let no_pair = start(&Config {
        ports: Some(7_001..=7_002),
        ..config()
    });
    assert!(matches!(no_pair, Err(EngineFault::NoPortPair)));
}

#[test]
fn events_wait_for_room_and_none_is_lost() {
    let (give, mut events) = mpsc::channel(1);
    let sinks = || -> Box<dyn TakeSink + Send> { Box::new(Sink(Takes::default())) };
    let engine = Engine::start(&config(), sinks, &give).unwrap();
    let local = engine.open(SessionId(1)).unwrap();
    let phone = Phone::at(local.rtp);
    engine
        .send(SessionId(1), Command::Remote(phone.remote()))
        .unwrap();
    for id in 0..20 {
        engine
            .send(
                SessionId(1),
                Command::Play {
                    id: PlayId(id),
                    items: Vec::new(),
                    from: Duration::ZERO,
                },
            )
            .unwrap();
    }
    engine.close(SessionId(1)).unwrap();
    for id in 0..20 {
        assert_eq!(
            next_of(&mut events),
            (SessionId(1), Event::PlayDone(PlayId(id)))
        );
    }
}
