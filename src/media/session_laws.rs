//! The laws of the media session, in virtual time: a phone that packets come from and go to.
//!
//! Long because all of it shares the one phone.

use super::*;
use crate::audio::{Law, WireAudio};
use crate::base::{Digit, MessageId, Mono, PlayId};
use crate::rtp::{Head, KeySender, KeyStep, Packet, RtpTime, SequenceNumber, Ssrc, TelephoneEvent};
use std::net::SocketAddr;
use std::time::Duration;
use uuid::Uuid;

const TAKE: MessageId = MessageId(Uuid::from_u128(1));
const EVENTS: u8 = 101;

/// A sink that keeps everything, or refuses blocks beyond `room`.
#[derive(Debug, Default)]
pub(super) struct Sink {
    pub(super) room: Option<usize>,
    pub(super) taken: Vec<(MessageId, Vec<u8>)>,
}

impl Sink {
    pub(super) fn blocks(&self, take: MessageId) -> Vec<usize> {
        let of_take = self.taken.iter().filter(|(of, _)| *of == take);
        of_take.map(|(_, block)| block.len()).collect()
    }

    pub(super) fn octets(&self, take: MessageId) -> Vec<u8> {
        let of_take = self.taken.iter().filter(|(of, _)| *of == take);
        of_take
            .flat_map(|(_, block)| block.iter().copied())
            .collect()
    }
}

impl TakeSink for Sink {
    fn buffer(&mut self) -> Vec<u8> {
        Vec::with_capacity(8_000)
    }

    fn append(&mut self, take: MessageId, octets: Vec<u8>) -> Result<(), TakeSinkFull> {
        if self.room.is_some_and(|room| self.taken.len() >= room) {
            return Err(TakeSinkFull);
        }
        self.taken.push((take, octets));
        Ok(())
    }
}

/// A session and the phone at its other end.
struct Call {
    session: Session,
    sink: Sink,
    ms: u64,
    /// The packets the phone heard: head and payload.
    heard: Vec<(Head, Vec<u8>)>,
    events: Vec<Event>,
    sequence: u16,
}

fn phone() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], 4_000))
}

fn stranger() -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 9], 4_000))
}

fn remote() -> Remote {
    Remote {
        rtp: phone(),
        rtcp: Some(SocketAddr::from(([192, 0, 2, 7], 4_001))),
        law: Law::A,
        payload_type: 8,
        event_payload_type: Some(EVENTS),
        ptime_ms: 20,
        send: true,
        receive: true,
    }
}

fn params(learn: bool) -> Params {
    Params {
        seed: 42,
        first_tick: Mono::ZERO,
        remote: Some(remote()),
        rtp_timeout: Duration::from_secs(10),
        silence_level: Dbm0(-45),
        learn,
    }
}

impl Call {
    fn new() -> Call {
        Call::with(params(false))
    }

    fn with(params: Params) -> Call {
        Call {
            session: Session::new(params),
            sink: Sink::default(),
            ms: 0,
            heard: Vec::new(),
            events: Vec::new(),
            sequence: 0,
        }
    }

    fn now(&self) -> Mono {
        Mono::since_start(Duration::from_millis(self.ms))
    }

    fn tell(&mut self, command: Command) {
        let now = self.now();
        self.session.command(now, command, &mut self.sink);
        self.drain();
    }

    fn drain(&mut self) {
        self.events
            .extend(std::iter::from_fn(|| self.session.poll_event()));
    }

    /// Ticks whatever is due now.
    fn tick(&mut self) {
        let now = self.now();
        while self.session.due() <= now {
            let mut out = [0; Session::MAX_DATAGRAM];
            if let Some(len) = self.session.tick(now, &mut out, &mut self.sink) {
                let packet = Packet::read(&out[..len]).unwrap();
                self.heard.push((packet.head, packet.payload.to_vec()));
            }
        }
        self.drain();
    }

    /// Lets time pass in which the phone says nothing.
    fn pass(&mut self, ms: u64) {
        for _ in 0..ms / 5 {
            self.tick();
            self.ms += 5;
        }
    }

    /// Lets time pass in which the phone sends packets of this octet.
    fn say(&mut self, ms: u64, octet: u8) {
        for _ in 0..ms / 20 {
            self.send(phone(), 8, &[octet; 160]);
            self.pass(20);
        }
    }

    fn head(&mut self, payload_type: u8) -> Head {
        self.sequence += 1;
        Head {
            marker: false,
            payload_type,
            sequence: SequenceNumber(self.sequence),
            timestamp: RtpTime(self.ms as u32 * 8),
            ssrc: Ssrc(7),
        }
    }

    fn send(&mut self, from: SocketAddr, payload_type: u8, payload: &[u8]) {
        let head = self.head(payload_type);
        self.send_head(from, head, payload);
    }

    fn send_head(&mut self, from: SocketAddr, head: Head, payload: &[u8]) {
        let mut datagram = vec![0; Head::LEN];
        head.write(&mut datagram).unwrap();
        datagram.extend_from_slice(payload);
        let now = self.now();
        self.session
            .handle_rtp(now, from, &datagram, &mut self.sink);
        self.drain();
    }

    /// Presses a key of the phone for 100 ms.
    fn press(&mut self, digit: Digit) {
        let mut keys = KeySender::new();
        keys.push(&[digit]);
        while !keys.is_idle() {
            let now = RtpTime(self.ms as u32 * 8);
            if let KeyStep::Event {
                marker,
                timestamp,
                event,
            } = keys.next(now, 160)
            {
                let head = Head {
                    marker,
                    timestamp,
                    ..self.head(EVENTS)
                };
                self.send_head(phone(), head, &event.encode());
            }
            self.pass(20);
        }
    }

    fn play(&mut self, id: u64, items: Vec<PlayItem>) {
        self.tell(Command::Play {
            id: PlayId(id),
            items,
            from: Duration::ZERO,
        });
    }

    fn record(&mut self, take: MessageId) {
        self.record_with(take, None);
    }

    fn record_with(&mut self, take: MessageId, silence: Option<Duration>) {
        let limits = RecordLimits {
            max: Duration::from_mins(1),
            silence,
        };
        self.tell(Command::Record {
            take,
            law: Law::A,
            limits,
        });
    }

    fn recorded(&self) -> Vec<Recorded> {
        let recorded = |event: &Event| match event {
            Event::Recorded(recorded) => Some(*recorded),
            _ => None,
        };
        self.events.iter().filter_map(recorded).collect()
    }

    fn keys_heard(&self) -> String {
        let key = |event: &Event| match event {
            Event::Digit(digit) => Some(digit.as_char()),
            _ => None,
        };
        self.events.iter().filter_map(key).collect()
    }

    /// What the phone heard since the `from`th packet, as runs of (octet, packets).
    fn runs(&self, from: usize) -> Vec<(u8, usize)> {
        let first: Vec<u8> = self.heard[from..]
            .iter()
            .map(|(_, octets)| octets[0])
            .collect();
        first
            .chunk_by(|a, b| a == b)
            .map(|run| (run[0], run.len()))
            .collect()
    }
}

/// A clip of which every octet names the clip and the second.
fn clip(name: u8, seconds: u8) -> PlayItem {
    PlayItem::Audio(named(name, seconds))
}

fn named(name: u8, seconds: u8) -> WireAudio {
    let octets: Vec<u8> = (0..seconds)
        .flat_map(|second| [name + second; 8_000])
        .collect();
    WireAudio::from_octets(Law::A, &octets)
}

fn quiet() -> u8 {
    Law::A.silence()
}

fn loud() -> u8 {
    Law::A.encode(8_000)
}

#[test]
fn one_packet_every_20_ms_with_unbroken_numbers() {
    let mut call = Call::new();
    call.pass(1_000);
    assert_eq!(call.heard.len(), 50);
    for pair in call.heard.windows(2) {
        let (one, other) = (pair[0].0, pair[1].0);
        assert_eq!(other.sequence.after(one.sequence), 1);
        assert_eq!(other.timestamp.after(one.timestamp), 160);
        assert_eq!(other.ssrc, one.ssrc);
        assert!(!other.marker);
    }
    assert!(call.heard[0].0.marker);
    assert_eq!(call.runs(0), [(quiet(), 50)]);
}

#[test]
fn a_play_list_is_heard_whole_and_reported_once() {
    let mut call = Call::new();
    let pause = PlayItem::Silence(Duration::from_millis(100));
    call.play(3, vec![clip(10, 1), pause, clip(20, 1)]);
    call.pass(4_000);
    assert_eq!(call.runs(0)[..3], [(10, 50), (quiet(), 5), (20, 50)]);
    assert_eq!(call.events, [Event::PlayDone(PlayId(3))]);
}

#[test]
fn skipping_three_seconds_is_three_seconds_of_the_message() {
    let mut call = Call::new();
    call.play(1, vec![clip(10, 30)]);
    call.pass(5_000);
    call.tell(Command::Seek(Seek::By(3_000)));
    call.pass(1_000);
    assert_eq!(call.runs(250), [(18, 50)]);
    call.tell(Command::Seek(Seek::By(-3_000)));
    call.pass(1_000);
    assert_eq!(call.runs(300), [(16, 50)]);
    call.tell(Command::Seek(Seek::Start));
    call.pass(1_000);
    assert_eq!(call.runs(350), [(10, 50)]);
    call.tell(Command::Seek(Seek::End));
    assert_eq!(call.events, [Event::PlayDone(PlayId(1))]);
}

#[test]
fn a_skip_is_exact_at_every_packet_length_and_in_both_laws() {
    for (ptime_ms, law) in [(10, Law::A), (30, Law::Mu), (40, Law::A), (60, Law::Mu)] {
        let audio = named(10, 30);
        let expected = audio.octets(law).to_vec();
        let mut call = Call::with(Params {
            remote: Some(Remote {
                law,
                ptime_ms,
                ..remote()
            }),
            ..params(false)
        });
        call.play(1, vec![PlayItem::Audio(audio)]);
        call.pass(6_000);
        let packets = call.heard.len();
        call.tell(Command::Seek(Seek::By(3_000)));
        call.pass(120);
        let position = 6_000 * 8 + 3_000 * 8;
        let len = usize::from(ptime_ms) * 8;
        assert_eq!(call.heard[packets].1, expected[position..position + len]);
    }
}

#[test]
fn a_new_codec_and_packet_length_in_mid_play_lose_no_sample() {
    let audio = named(10, 3);
    let mut call = Call::new();
    call.play(1, vec![PlayItem::Audio(audio.clone())]);
    call.pass(1_000);
    call.tell(Command::Remote(Remote {
        law: Law::Mu,
        payload_type: 0,
        ptime_ms: 30,
        ..remote()
    }));
    call.pass(2_100);
    let octets: Vec<u8> = call
        .heard
        .iter()
        .flat_map(|(_, octets)| octets.clone())
        .collect();
    assert_eq!(octets[..8_000], audio.octets(Law::A)[..8_000]);
    assert_eq!(octets[8_000..24_000], audio.octets(Law::Mu)[8_000..]);
    assert_eq!(call.heard[60].0.payload_type, 0);
    assert_eq!(call.events, [Event::PlayDone(PlayId(1))]);
}

#[test]
fn pausing_is_silence_and_resuming_goes_on_at_the_sample() {
    let mut call = Call::new();
    call.play(1, vec![clip(10, 3)]);
    call.pass(1_500);
    call.tell(Command::Pause);
    call.pass(1_000);
    call.tell(Command::Resume);
    call.pass(1_500);
    let expected = [(10, 50), (11, 25), (quiet(), 50), (11, 25), (12, 50)];
    assert_eq!(call.runs(0), expected);
}

#[test]
fn a_play_that_was_replaced_or_stopped_is_not_done_and_says_where_it_stood() {
    let mut call = Call::new();
    call.play(1, vec![clip(10, 1)]);
    call.pass(500);
    call.play(2, vec![clip(20, 1)]);
    call.pass(500);
    call.tell(Command::StopPlay);
    call.pass(2_000);
    assert_eq!(call.runs(0), [(10, 25), (20, 25), (quiet(), 100)]);
    let half = Duration::from_millis(500);
    let stopped = [1, 2].map(|id| Event::Stopped(PlayId(id), half));
    assert_eq!(call.events, stopped);
}

#[test]
fn a_play_that_begins_at_a_position_sends_nothing_from_before_it() {
    let mut call = Call::new();
    let (items, from) = (vec![clip(10, 4)], Duration::from_secs(2));
    let id = PlayId(1);
    call.tell(Command::Play { id, items, from });
    call.pass(1_000);
    assert_eq!(call.runs(0), [(12, 50)]);
    call.tell(Command::Seek(Seek::By(-2_000)));
    call.pass(1_000);
    assert_eq!(call.runs(50), [(11, 50)]);
    let (items, from) = (vec![clip(10, 4)], Duration::from_secs(4));
    let id = PlayId(2);
    call.tell(Command::Play { id, items, from });
    let stood = Event::Stopped(PlayId(1), Duration::from_secs(2));
    assert_eq!(call.events, [stood, Event::PlayDone(PlayId(2))]);
}

#[test]
fn closing_tells_where_what_played_stood_and_a_skip_counts_as_played() {
    let mut call = Call::new();
    call.play(1, vec![clip(10, 30)]);
    call.pass(1_000);
    call.tell(Command::Seek(Seek::By(3_000)));
    call.tell(Command::Pause);
    call.pass(1_000);
    let now = call.now();
    call.session.close(now, &mut call.sink);
    call.drain();
    let stood = Event::Stopped(PlayId(1), Duration::from_secs(4));
    assert_eq!(call.events, [stood]);
}

#[test]
fn an_empty_play_list_is_done_at_once() {
    let mut call = Call::new();
    call.play(1, Vec::new());
    assert_eq!(call.events, [Event::PlayDone(PlayId(1))]);
}

#[test]
fn nothing_plays_before_the_peer_is_known() {
    let mut call = Call::with(Params {
        remote: None,
        ..params(false)
    });
    call.play(1, vec![clip(10, 1)]);
    call.pass(2_000);
    assert!(call.heard.is_empty());
    call.tell(Command::Remote(remote()));
    call.pass(2_000);
    assert_eq!(call.runs(0)[0], (10, 50));
}

#[test]
fn on_hold_nothing_is_sent_and_the_play_still_ends() {
    let mut call = Call::new();
    call.pass(100);
    call.play(1, vec![clip(10, 2)]);
    call.tell(Command::Remote(Remote {
        send: false,
        ..remote()
    }));
    call.pass(1_000);
    assert_eq!(call.heard.len(), 5);
    call.tell(Command::Remote(remote()));
    call.pass(2_000);
    assert_eq!(call.runs(5)[0], (11, 50));
    assert!(call.heard[5].0.marker);
    assert_eq!(
        call.heard[5].0.timestamp.after(call.heard[4].0.timestamp),
        51 * 160
    );
    assert_eq!(call.heard[5].0.sequence.after(call.heard[4].0.sequence), 1);
    assert_eq!(call.events, [Event::PlayDone(PlayId(1))]);
}

#[test]
fn a_late_tick_sends_one_packet_more_and_tells_the_gap_by_the_timestamp() {
    let mut call = Call::new();
    call.play(1, vec![clip(10, 10)]);
    call.pass(1_000);
    call.ms += 200;
    call.tick();
    assert_eq!(call.heard.len(), 52);
    let (before, after) = (call.heard[49].0, call.heard[50].0);
    assert_eq!(after.timestamp.after(before.timestamp), 10 * 160);
    assert!(after.marker);
    call.ms += 5;
    call.pass(800);
    // No word is lost: the second second begins where the first ended.
    assert_eq!(call.runs(0)[..2], [(10, 50), (11, 42)]);
}

#[test]
fn a_key_is_reported_on_its_first_packet_and_once() {
    let mut call = Call::new();
    call.press(Digit::D3);
    call.press(Digit::D3);
    call.press(Digit::Pound);
    assert_eq!(call.keys_heard(), "33#");
}

#[test]
fn a_key_by_telephone_event_and_by_signalling_counts_once() {
    let mut call = Call::new();
    for digit in [Digit::D1, Digit::D1, Digit::D2] {
        call.press(digit);
        let now = call.now();
        call.session.info_digit(now, digit);
        call.drain();
        call.pass(100);
    }
    assert_eq!(call.keys_heard(), "112");
}

#[test]
fn packets_of_strangers_change_nothing() {
    let mut call = Call::new();
    call.record(TAKE);
    let key = TelephoneEvent {
        event: 7,
        end: false,
        volume: 10,
        duration: 160,
    };
    for _ in 0..50 {
        call.send(stranger(), 8, &[loud(); 160]);
        call.send(stranger(), EVENTS, &key.encode());
        call.send(SocketAddr::from(([192, 0, 2, 7], 4_002)), 8, &[loud(); 160]);
        call.pass(20);
    }
    call.tell(Command::StopRecord);
    assert_eq!(call.keys_heard(), "");
    assert_eq!(call.recorded()[0].voiced, Duration::ZERO);
    assert_eq!(call.session.rtp_peer(), Some(phone()));
    let statistics = call.session.statistics();
    assert_eq!((statistics.received, statistics.refused), (0, 150));
}

#[test]
fn packets_of_no_agreed_kind_change_nothing() {
    let mut call = Call::new();
    let key = TelephoneEvent {
        event: 7,
        end: false,
        volume: 10,
        duration: 160,
    };
    call.send(phone(), 0, &[loud(); 160]);
    call.send(phone(), 96, &key.encode());
    call.send(phone(), 8, &[]);
    call.send(phone(), 8, &[loud(); 2_000]);
    call.send(phone(), EVENTS, &[7; 5]);
    assert_eq!(call.session.statistics().received, 0);
    assert_eq!(call.keys_heard(), "");
}

#[test]
fn an_address_is_learned_only_where_allowed_and_only_at_the_start() {
    let nat = SocketAddr::from(([203, 0, 113, 5], 9_000));
    let cases = [(false, 0, phone()), (true, 0, nat), (true, 6_000, phone())];
    for (learn, after_ms, peer) in cases {
        let mut call = Call::with(params(learn));
        call.pass(after_ms);
        call.send(nat, 8, &[loud(); 160]);
        assert_eq!(call.session.rtp_peer(), Some(peer), "{learn} {after_ms}");
    }
}

#[test]
fn a_learned_or_heard_address_gives_way_to_no_other() {
    let nat = SocketAddr::from(([203, 0, 113, 5], 9_000));
    let mut call = Call::with(params(true));
    call.send(nat, 8, &[loud(); 160]);
    call.send(stranger(), 8, &[loud(); 160]);
    call.send(phone(), 8, &[loud(); 160]);
    assert_eq!(call.session.rtp_peer(), Some(nat));
    // Another port of the same host with the same source is the same phone ...
    let rebound = SocketAddr::from(([203, 0, 113, 5], 9_100));
    call.send(rebound, 8, &[loud(); 160]);
    assert_eq!(call.session.rtp_peer(), Some(rebound));
    // ... and with another source it is not.
    let forged = Head {
        ssrc: Ssrc(666),
        ..call.head(8)
    };
    call.send_head(
        SocketAddr::from(([203, 0, 113, 5], 9_200)),
        forged,
        &[loud(); 160],
    );
    assert_eq!(call.session.rtp_peer(), Some(rebound));

    let mut call = Call::with(params(true));
    call.send(phone(), 8, &[loud(); 160]);
    call.send(nat, 8, &[loud(); 160]);
    assert_eq!(call.session.rtp_peer(), Some(phone()));
}

#[test]
fn a_recording_holds_what_was_said_and_nothing_else() {
    let mut call = Call::new();
    call.say(200, loud() ^ 1);
    call.record(TAKE);
    call.say(3_000, loud());
    call.tell(Command::StopRecord);
    call.say(200, loud() ^ 1);
    let recorded = call.recorded();
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].length, Duration::from_secs(3));
    assert_eq!(recorded[0].voiced, Duration::from_secs(3));
    assert_eq!(recorded[0].end, RecordEnd::Stopped);
    assert_eq!(call.sink.octets(TAKE), vec![loud(); 24_000]);
    assert_eq!(call.sink.blocks(TAKE), [8_000, 8_000, 8_000]);
}

#[test]
fn the_key_that_ends_a_recording_is_not_heard_on_it() {
    let mut call = Call::new();
    call.record(TAKE);
    call.say(2_000, loud());
    let head = call.head(EVENTS);
    let key = TelephoneEvent {
        event: 11,
        end: false,
        volume: 10,
        duration: 160,
    };
    call.send_head(phone(), head, &key.encode());
    assert_eq!(call.keys_heard(), "#");
    call.tell(Command::StopRecord);
    assert_eq!(call.recorded()[0].length, Duration::from_secs(2));
    assert_eq!(call.sink.octets(TAKE), vec![loud(); 16_000]);
}

#[test]
fn closing_while_recording_keeps_the_recording() {
    let mut call = Call::new();
    call.record(TAKE);
    call.say(1_500, loud());
    let now = call.now();
    call.session.close(now, &mut call.sink);
    call.drain();
    assert_eq!(call.recorded()[0].length, Duration::from_millis(1_500));
    assert_eq!(call.sink.octets(TAKE).len(), 12_000);
}

#[test]
fn silence_on_end_ends_a_recording_even_when_the_phone_sends_nothing() {
    let mut call = Call::new();
    call.record_with(TAKE, Some(Duration::from_secs(3)));
    call.say(1_000, loud());
    call.pass(6_000);
    let recorded = call.recorded();
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].end, RecordEnd::Silence);
    assert_eq!(recorded[0].voiced, Duration::from_secs(1));
    call.tell(Command::StopRecord);
    assert_eq!(call.recorded().len(), 1);
}

#[test]
fn a_second_recording_ends_the_first() {
    let other = MessageId(Uuid::from_u128(2));
    let mut call = Call::new();
    call.record(TAKE);
    call.say(1_000, loud());
    call.record(other);
    call.say(500, loud());
    call.tell(Command::StopRecord);
    let lengths: Vec<(MessageId, u128)> = call
        .recorded()
        .iter()
        .map(|recorded| (recorded.take, recorded.length.as_millis()))
        .collect();
    assert_eq!(lengths, [(TAKE, 1_000), (other, 500)]);
}

#[test]
fn a_silent_peer_is_told_once_and_again_after_it_spoke() {
    let mut call = Call::new();
    call.say(1_000, loud());
    call.pass(30_000);
    assert_eq!(call.events, [Event::Silent(Duration::from_secs(10))]);
    call.say(100, loud());
    call.pass(15_000);
    assert_eq!(call.events.len(), 2);
    let mut held = Call::with(Params {
        remote: Some(Remote {
            receive: false,
            ..remote()
        }),
        ..params(false)
    });
    held.pass(30_000);
    assert_eq!(held.events, []);
}

#[test]
fn keys_are_sent_as_events_and_what_plays_waits_for_them() {
    let mut call = Call::new();
    call.play(1, vec![clip(10, 1)]);
    call.pass(500);
    call.tell(Command::SendKeys(vec![Digit::D4, Digit::Pound]));
    call.pass(1_500);
    let mut reader = crate::rtp::KeyReader::new();
    let mut heard = String::new();
    for (head, payload) in &call.heard {
        if head.payload_type == EVENTS {
            let packet = Packet {
                head: *head,
                payload,
            };
            heard.extend(reader.read(&packet).map(Digit::as_char));
        }
    }
    assert_eq!(heard, "4#");
    let audio = |(head, octets): &&(Head, Vec<u8>)| head.payload_type == 8 && octets[0] == 10;
    assert_eq!(call.heard.iter().filter(audio).count(), 50);
    assert_eq!(call.events, [Event::KeysSent, Event::PlayDone(PlayId(1))]);
    for pair in call.heard.windows(2) {
        assert_eq!(pair[1].0.sequence.after(pair[0].0.sequence), 1);
    }
    // The timestamps of the audio go on through the keys.
    let last_audio = call.heard.last().unwrap().0;
    let elapsed = last_audio.timestamp.after(call.heard[0].0.timestamp);
    assert_eq!(elapsed, (call.heard.len() as i32 - 1) * 160);
}

#[test]
fn keys_to_a_peer_without_events_are_reported_as_done() {
    let mut call = Call::with(Params {
        remote: Some(Remote {
            event_payload_type: None,
            ..remote()
        }),
        ..params(false)
    });
    call.tell(Command::SendKeys(vec![Digit::D4]));
    assert_eq!(call.events, [Event::KeysSent]);
}

#[test]
fn an_echo_is_what_was_said() {
    let mut call = Call::new();
    call.tell(Command::Echo(true));
    call.say(200, 77);
    call.tell(Command::Echo(false));
    call.say(200, 77);
    assert_eq!(call.runs(0), [(77, 10), (quiet(), 10)]);
}

#[test]
fn reports_are_sent_and_a_goodbye_of_the_peer_ends_nothing() {
    let mut call = Call::new();
    let mut out = [0; Session::MAX_DATAGRAM];
    let mut reports = 0;
    for _ in 0..60 {
        call.say(1_000, loud());
        let now = call.now();
        reports += usize::from(call.session.report(now, &mut out).is_some());
    }
    assert!((7..=24).contains(&reports), "{reports}");
    let now = call.now();
    let len = call.session.goodbye(now, &mut out).unwrap();
    call.session
        .handle_rtcp(now, SocketAddr::from(([192, 0, 2, 7], 4_001)), &out[..len]);
    let before = call.heard.len();
    call.say(1_000, loud());
    assert_eq!(call.heard.len(), before + 50);
    assert_eq!(call.events, []);
}

#[test]
fn reports_of_the_peer_are_a_sign_of_life_and_those_of_strangers_are_not() {
    for (from, silent) in [([192, 0, 2, 7], 0), ([198, 51, 100, 9], 1)] {
        let mut call = Call::new();
        let peer = crate::rtp::Reporter::new(Ssrc(7), 1, Mono::ZERO);
        for _ in 0..4 {
            call.pass(5_000);
            let mut out = [0; 200];
            let len = peer.write(call.now(), None, None, &mut out).unwrap();
            let now = call.now();
            call.session
                .handle_rtcp(now, SocketAddr::from((from, 4_001)), &out[..len]);
        }
        assert_eq!(call.events.len(), silent, "{from:?}");
    }
}

#[test]
fn an_address_nothing_can_be_sent_to_gets_nothing() {
    let nowhere = SocketAddr::from(([0, 0, 0, 0], 4_000));
    let mut call = Call::with(Params {
        remote: Some(Remote {
            rtp: nowhere,
            rtcp: None,
            ..remote()
        }),
        ..params(false)
    });
    call.pass(1_000);
    assert!(call.heard.is_empty());
    assert_eq!(
        (call.session.rtp_peer(), call.session.rtcp_peer()),
        (None, None)
    );
}
