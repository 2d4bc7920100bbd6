//! The laws of the timeline, against a reference model of a sender and a network.

use super::*;
use crate::rtp::{RtpTime, Ssrc};
use proptest::prelude::*;
use std::time::Duration;

const PACKET: usize = 160;
const SILENCE: u8 = 0;

/// A packet on its way: when it arrives (ms), and what it is.
#[derive(Clone, Copy, Debug)]
struct Arriving {
    at: u64,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    fill: u8,
}

fn at(ms: u64) -> Mono {
    Mono::since_start(Duration::from_millis(ms))
}

fn head(sequence: u16, timestamp: u32, ssrc: u32) -> Head {
    Head {
        marker: false,
        payload_type: 8,
        sequence: SequenceNumber(sequence),
        timestamp: RtpTime(timestamp),
        ssrc: Ssrc(ssrc),
    }
}

/// Packet `n` of a stream, arriving on time; its octets all name it.
fn sent(n: u16) -> Arriving {
    Arriving {
        at: u64::from(n) * 20,
        sequence: n,
        timestamp: u32::from(n) * PACKET as u32,
        ssrc: 1,
        fill: (n % 250) as u8 + 1,
    }
}

fn receive(packets: &[Arriving], end: u64) -> Vec<u8> {
    let mut heard = Vec::new();
    let mut timeline = Timeline::new(at(0), SILENCE);
    let mut out = |octets: &[u8]| heard.extend_from_slice(octets);
    for packet in packets {
        timeline.advance(at(packet.at), &mut out);
        let head = head(packet.sequence, packet.timestamp, packet.ssrc);
        timeline.audio(at(packet.at), &head, &[packet.fill; PACKET], &mut out);
    }
    timeline.finish(at(end), &mut out);
    heard
}

/// The runs of equal octets: what was heard and for how many octets.
fn runs(octets: &[u8]) -> Vec<(u8, usize)> {
    octets
        .chunk_by(|a, b| a == b)
        .map(|run| (run[0], run.len()))
        .collect()
}

#[test]
fn a_stream_comes_out_as_it_was_sent() {
    let packets: Vec<Arriving> = (0..5).map(sent).collect();
    let expected: Vec<(u8, usize)> = (1..=5).map(|fill| (fill, PACKET)).collect();
    assert_eq!(runs(&receive(&packets, 100)), expected);
}

#[test]
fn what_is_lost_is_silence_of_the_same_length() {
    let packets = [sent(0), sent(3)];
    assert_eq!(runs(&receive(&packets, 80)), [(1, 160), (0, 320), (4, 160)]);
}

#[test]
fn a_first_packet_that_was_overtaken_still_comes_first() {
    let packets = [sent(1), sent(2), sent(0)];
    assert_eq!(runs(&receive(&packets, 60)), [(1, 160), (2, 160), (3, 160)]);
}

#[test]
fn a_packet_too_late_for_the_window_is_dropped_and_its_silence_stays() {
    let mut packets: Vec<Arriving> = (0..30).filter(|n| *n != 5).map(sent).collect();
    packets.push(Arriving { at: 600, ..sent(5) });
    let heard = receive(&packets, 600);
    assert_eq!(heard.len(), 30 * PACKET);
    assert_eq!(&heard[5 * PACKET..6 * PACKET], [SILENCE; PACKET]);
}

#[test]
fn numbers_that_wrap_do_not_break_the_stream() {
    let packets: Vec<Arriving> = (0..20)
        .map(|n| Arriving {
            sequence: sent(n).sequence.wrapping_add(65_530),
            timestamp: sent(n).timestamp.wrapping_sub(800),
            ..sent(n)
        })
        .collect();
    assert_eq!(runs(&receive(&packets, 400)).len(), 20);
}

#[test]
fn a_new_source_is_glued_on_where_it_arrives() {
    let next = |n: u16| Arriving {
        ssrc: 2,
        timestamp: 0xDEAD_0000 + u32::from(n) * 160,
        sequence: 40_000 + n,
        ..sent(n)
    };
    // Without a pause, and after half a second of nothing.
    let on_time = [sent(0), sent(1), next(2), next(3)];
    assert_eq!(
        runs(&receive(&on_time, 80)),
        [(1, 160), (2, 160), (3, 160), (4, 160)]
    );
    let later = [sent(0), next(25), next(26)];
    assert_eq!(
        runs(&receive(&later, 540)),
        [(1, 160), (0, 24 * 160), (26, 160), (27, 160)]
    );
}

#[test]
fn a_timestamp_that_jumps_fills_no_more_than_the_time_that_passed() {
    for jump in [10_000_000u32, 4_000_000_000, 0x8000_0000] {
        let jumped = |n: u16| Arriving {
            timestamp: sent(n).timestamp.wrapping_add(jump),
            ..sent(n)
        };
        let packets = [sent(0), sent(1), jumped(2), jumped(3)];
        assert_eq!(
            runs(&receive(&packets, 80)),
            [(1, 160), (2, 160), (3, 160), (4, 160)],
            "jump {jump}"
        );
    }
}

#[test]
fn a_sender_that_starts_anew_loses_one_packet() {
    let mut packets: Vec<Arriving> = (0..150).map(sent).collect();
    packets.extend((0..5).map(|n| Arriving {
        at: 3_000 + u64::from(n) * 20,
        ..sent(n)
    }));
    let heard = receive(&packets, 3_100);
    assert_eq!(heard.len(), 155 * PACKET);
    assert_eq!(
        runs(&heard[150 * PACKET..]),
        [(0, 160), (2, 160), (3, 160), (4, 160), (5, 160)]
    );
}

#[test]
fn time_passes_as_silence_when_nothing_comes() {
    assert_eq!(runs(&receive(&[], 3_000)), [(0, 24_000)]);
    let mut heard = 0;
    let mut timeline = Timeline::new(at(0), SILENCE);
    for ms in (0..3_000).step_by(20) {
        timeline.advance(at(ms), &mut |octets: &[u8]| heard += octets.len());
    }
    assert!((13_000..16_000).contains(&heard), "{heard}");
}

#[test]
fn a_stall_made_good_by_a_burst_loses_nothing() {
    let packets: Vec<Arriving> = (0..60)
        .map(|n| Arriving {
            at: if (10..50).contains(&n) {
                1_000
            } else {
                sent(n).at
            },
            ..sent(n)
        })
        .collect();
    assert_eq!(runs(&receive(&packets, 1_200)).len(), 60);
}

#[test]
fn the_key_that_ends_a_recording_is_not_on_it() {
    let mut heard = Vec::new();
    let mut timeline = Timeline::new(at(0), SILENCE);
    let mut out = |octets: &[u8]| heard.extend_from_slice(octets);
    for n in 0..50u16 {
        timeline.audio(
            at(u64::from(n) * 20),
            &head(n, u32::from(n) * 160, 1),
            &[9; 160],
            &mut out,
        );
    }
    for n in 1..=4u16 {
        let now = at(1_000 + u64::from(n) * 20);
        timeline.event(now, &head(50 + n, 8_000, 1), n * 160, &mut out);
    }
    timeline.finish(at(1_085), &mut out);
    assert_eq!(runs(&heard), [(9, 8_000)]);
}

#[test]
fn a_key_in_the_middle_is_silence_of_its_length() {
    let mut heard = Vec::new();
    let mut timeline = Timeline::new(at(0), SILENCE);
    let mut out = |octets: &[u8]| heard.extend_from_slice(octets);
    timeline.audio(at(0), &head(0, 0, 1), &[1; 160], &mut out);
    for n in 1..=100u16 {
        timeline.event(at(u64::from(n) * 20), &head(n, 160, 1), n * 160, &mut out);
    }
    timeline.audio(at(2_020), &head(101, 101 * 160, 1), &[2; 160], &mut out);
    timeline.finish(at(2_040), &mut out);
    assert_eq!(runs(&heard), [(1, 160), (0, 16_000), (2, 160)]);
}

#[test]
fn odd_payloads_are_ignored() {
    let mut heard = 0;
    let mut timeline = Timeline::new(at(0), SILENCE);
    for payload in [vec![], vec![1; Timeline::MAX_PAYLOAD + 1]] {
        timeline.audio(at(0), &head(0, 0, 1), &payload, &mut |o: &[u8]| {
            heard += o.len();
        });
    }
    timeline.finish(at(0), &mut |o: &[u8]| heard += o.len());
    assert_eq!(heard, 0);
}

proptest! {
    #[test]
    fn loss_doubling_and_reordering_change_no_duration(
        fates in proptest::collection::vec(
            (prop::bool::weighted(0.2), any::<bool>(), 0..150u64), 2..120),
        start in any::<u32>(),
        number in any::<u16>(),
    ) {
        let count = fates.len();
        let mut packets = Vec::new();
        let mut expected = vec![SILENCE; count * PACKET];
        for (n, &(lost, doubled, late)) in fates.iter().enumerate() {
            let sent = sent(n as u16);
            let sent = Arriving {
                at: sent.at + late,
                sequence: sent.sequence.wrapping_add(number),
                timestamp: sent.timestamp.wrapping_add(start),
                ..sent
            };
            // The two ends of the stream decide its length, so they arrive.
            if lost && n != 0 && n + 1 != count {
                continue;
            }
            expected[n * PACKET..(n + 1) * PACKET].fill(sent.fill);
            packets.push(sent);
            if doubled {
                packets.push(Arriving { at: sent.at + 11, ..sent });
            }
        }
        packets.sort_by_key(|packet| packet.at);
        let end = packets.last().map_or(0, |packet| packet.at);
        prop_assert_eq!(runs(&receive(&packets, end)), runs(&expected));
    }

    #[test]
    fn no_sender_fills_more_than_the_time_that_passed(
        packets in proptest::collection::vec(
            (0..40u64, any::<u16>(), any::<u32>(), 0..3u32, 0..2_000usize, any::<bool>()), 1..300),
        small in any::<bool>(),
    ) {
        let mut heard = 0i64;
        let mut timeline = Timeline::new(at(0), SILENCE);
        let mut out = |octets: &[u8]| heard += octets.len() as i64;
        let mut now = 0;
        for (pause, sequence, timestamp, ssrc, len, event) in packets {
            now += pause;
            let (sequence, timestamp) =
                if small { (sequence % 50, timestamp % 9_000) } else { (sequence, timestamp) };
            let head = head(sequence, timestamp, ssrc);
            timeline.advance(at(now), &mut out);
            if event {
                timeline.event(at(now), &head, len as u16 * 30, &mut out);
            } else {
                timeline.audio(at(now), &head, &vec![7; len], &mut out);
            }
        }
        timeline.finish(at(now), &mut out);
        let passed = now as i64 * 8;
        prop_assert!(heard <= passed + passed / 1_000 + WINDOW, "{} of {}", heard, passed);
    }
}
