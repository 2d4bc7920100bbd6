//! Telephone events (RFC 4733): the payload, and the reader that hears keys in a stream of them.
//!
//! A sender repeats a key's packet while the key is held: one timestamp, growing duration, three
//! last packets marked as the end. Any of them may be lost, doubled, late or out of order.
//! Laws of [`KeyReader`]: a key counts on the first of its packets that arrives, and once; no
//! end packet is needed; two presses differ by timestamp and by nothing else.
//!
//! Tolerated beyond the letter of the RFC:
//! - a press longer than the duration field (8.19 s) that goes on in segments with new timestamps
//!   (section 2.5.1.3), the exact step between which differs from sender to sender, or whose
//!   duration field just starts anew;
//! - a sender that moves the timestamp with every update of one press: steps up to
//!   [`DRIFT`] without the marker bit are the same press. No two presses can be that close,
//!   since tone and pause last 40 ms each at least (ITU-T Q.24).
//!
//! Not heard: events above 15, payloads that are not of four octets (packed events, section
//! 2.5.1.5, are used by modems and not by telephones). Volume and end bit do not matter.

use super::{Head, Packet, RtpTime, Ssrc};
use crate::base::Digit;

/// How far the timestamp of one press may move from update to update, in units: 60 ms.
const DRIFT: i32 = 480;

/// How many presses back a late packet is still told from a new press.
const REMEMBERED: usize = 16;

/// The step from one segment of a long press to the next, in units, as senders differ in it.
const SEGMENT_STEP: std::ops::RangeInclusive<i32> = 0xF000..=0x1_1000;

/// A segment that goes on was seen to last this long: the field's limit less a second of loss.
const SEGMENT_SEEN: u16 = u16::MAX - 8_000;

/// The payload of one telephone-event packet (RFC 4733 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// The event code; 0-15 are the keys.
    pub event: u8,
    /// Whether the event is over.
    pub end: bool,
    /// The level in dBm0 below zero, 0-63.
    pub volume: u8,
    /// How long the event has lasted, in timestamp units.
    pub duration: u16,
}

impl TelephoneEvent {
    /// Octets of the payload.
    pub const LEN: usize = 4;

    /// Reads a payload; `None` when it has not exactly [`TelephoneEvent::LEN`] octets.
    pub fn decode(payload: &[u8]) -> Option<TelephoneEvent> {
        let &[event, flags, high, low] = payload else {
            return None;
        };
        Some(TelephoneEvent {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3F,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// The payload.
    pub fn encode(self) -> [u8; TelephoneEvent::LEN] {
        let [high, low] = self.duration.to_be_bytes();
        let end = if self.end { 0x80 } else { 0 };
        [self.event, end | (self.volume & 0x3F), high, low]
    }
}

/// Hears keys in telephone-event packets; see the module for its laws.
#[derive(Clone, Debug, Default)]
pub struct KeyReader {
    recent: [Option<Press>; REMEMBERED],
    next: usize,
}

/// A press that was reported.
#[derive(Clone, Copy, Debug)]
struct Press {
    ssrc: Ssrc,
    event: u8,
    /// The timestamp it began with and the last one it was seen with.
    first: RtpTime,
    last: RtpTime,
    /// The longest duration seen with the last timestamp.
    longest: u16,
}

impl KeyReader {
    /// Nothing heard yet.
    pub fn new() -> KeyReader {
        KeyReader::default()
    }

    /// Takes a telephone-event packet; the key, where it is the first packet of a press.
    pub fn read(&mut self, packet: &Packet<'_>) -> Option<Digit> {
        let event = TelephoneEvent::decode(packet.payload)?;
        let digit = Digit::from_event(event.event)?;
        if self
            .recent
            .iter_mut()
            .flatten()
            .any(|press| press.takes(&packet.head, event))
        {
            return None;
        }
        let press = Press {
            ssrc: packet.head.ssrc,
            event: event.event,
            first: packet.head.timestamp,
            last: packet.head.timestamp,
            longest: event.duration,
        };
        if let Some(place) = self.recent.get_mut(self.next) {
            *place = Some(press);
        }
        self.next = (self.next + 1) % REMEMBERED;
        Some(digit)
    }
}

impl Press {
    /// Whether the packet belongs to this press; then it is remembered as seen.
    fn takes(&mut self, head: &Head, event: TelephoneEvent) -> bool {
        if head.ssrc != self.ssrc || event.event != self.event {
            return false;
        }
        let ahead = head.timestamp.after(self.last);
        if ahead <= 0 {
            if ahead == 0 {
                self.longest = self.longest.max(event.duration);
            }
            return self.first.after(head.timestamp) <= DRIFT;
        }
        let goes_on = ahead <= DRIFT || self.goes_on_at(ahead);
        if head.marker || !goes_on {
            return false;
        }
        self.last = head.timestamp;
        self.longest = event.duration;
        true
    }

    /// Whether a timestamp this far ahead is the next segment of a long press.
    fn goes_on_at(&self, ahead: i32) -> bool {
        SEGMENT_STEP.contains(&ahead) && self.longest >= SEGMENT_SEEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::SequenceNumber;
    use proptest::prelude::*;

    /// A packet on its way: key, timestamp, duration, end, marker.
    #[derive(Clone, Copy, Debug)]
    struct Sent(u8, u32, u16, bool, bool);

    fn hear(reader: &mut KeyReader, sent: Sent) -> Option<Digit> {
        let Sent(event, timestamp, duration, end, marker) = sent;
        let payload = TelephoneEvent {
            event,
            end,
            volume: 10,
            duration,
        }
        .encode();
        reader.read(&Packet {
            head: Head {
                marker,
                payload_type: 101,
                sequence: SequenceNumber(0),
                timestamp: RtpTime(timestamp),
                ssrc: Ssrc(1),
            },
            payload: &payload,
        })
    }

    fn keys(packets: &[Sent]) -> String {
        let mut reader = KeyReader::new();
        packets
            .iter()
            .filter_map(|&sent| hear(&mut reader, sent))
            .map(Digit::as_char)
            .collect()
    }

    /// A press as RFC 4733 section 2.5.1 has it, one packet each 20 ms.
    fn press(event: u8, timestamp: u32, updates: u16) -> Vec<Sent> {
        let durations = (1..=updates).map(|n| n * 160);
        let mut packets: Vec<Sent> = durations
            .map(|d| Sent(event, timestamp, d, false, d == 160))
            .collect();
        for _ in 0..3 {
            packets.push(Sent(event, timestamp, (updates + 1) * 160, true, false));
        }
        packets
    }

    #[test]
    fn a_key_counts_on_its_first_packet_and_once() {
        let mut reader = KeyReader::new();
        let packets = press(11, 1_000, 5);
        assert_eq!(hear(&mut reader, packets[0]), Some(Digit::Pound));
        for &packet in &packets[1..] {
            assert_eq!(hear(&mut reader, packet), None);
        }
    }

    #[test]
    fn lost_end_packets_do_not_join_two_presses() {
        let mut packets = press(5, 1_000, 4);
        packets.truncate(4);
        packets.extend(press(5, 3_000, 4));
        assert_eq!(keys(&packets), "55");
    }

    #[test]
    fn a_press_of_which_only_an_end_packet_arrives_is_heard() {
        assert_eq!(keys(&press(3, 1_000, 4)[6..]), "3");
    }

    #[test]
    fn the_same_key_twice_in_quick_succession_is_two_keys() {
        // 40 ms of tone, 40 ms of pause, and the second marker lost.
        let mut packets = press(1, 1_000, 1);
        packets.extend(&press(1, 1_640, 1)[1..]);
        assert_eq!(keys(&packets), "11");
    }

    #[test]
    fn a_late_packet_of_an_earlier_press_is_no_new_key() {
        let mut packets = press(1, 1_000, 3);
        packets.extend(press(2, 3_000, 3));
        packets.push(Sent(1, 1_000, 480, true, false));
        packets.push(Sent(1, 1_000, 160, false, true));
        assert_eq!(keys(&packets), "12");
    }

    #[test]
    fn a_press_longer_than_the_duration_field_is_one_key() {
        for step in [u32::from(u16::MAX), 0x1_0000, 65_440] {
            let mut packets: Vec<Sent> = (1..=400)
                .map(|n| Sent(4, 9_000, n * 160, false, n == 1))
                .collect();
            packets.push(Sent(4, 9_000, u16::MAX, false, false));
            packets.extend((1..=200).map(|n| Sent(4, 9_000 + step, n * 160, n > 197, false)));
            // A late packet of the first segment.
            packets.push(Sent(4, 9_000, 48_000, false, false));
            assert_eq!(keys(&packets), "4", "step {step}");
        }
    }

    #[test]
    fn a_duration_field_that_starts_anew_is_one_key() {
        let packets: Vec<Sent> = (1..=900u32)
            .map(|n| Sent(4, 9_000, (n * 160) as u16, false, n == 1))
            .collect();
        assert_eq!(keys(&packets), "4");
    }

    #[test]
    fn the_same_key_a_segment_later_is_a_new_press() {
        let mut packets = press(4, 9_000, 4);
        packets.truncate(4);
        packets.extend(&press(4, 9_000 + 0xFFFF, 4)[1..]);
        assert_eq!(keys(&packets), "44");
    }

    #[test]
    fn a_sender_that_moves_the_timestamp_of_one_press_sends_one_key() {
        let packets: Vec<Sent> = (0..8u16)
            .map(|n| Sent(7, 5_000 + u32::from(n) * 160, (n + 1) * 160, n > 4, n == 0))
            .collect();
        assert_eq!(keys(&packets), "7");
        let mut with_loss = packets.clone();
        with_loss.drain(2..4);
        assert_eq!(keys(&with_loss), "7");
        let mut swapped = packets;
        swapped.swap(0, 1);
        assert_eq!(keys(&swapped), "7");
    }

    #[test]
    fn other_events_and_odd_lengths_are_no_keys() {
        let mut reader = KeyReader::new();
        for event in 16..=255 {
            assert_eq!(hear(&mut reader, Sent(event, 1, 160, false, true)), None);
        }
        for len in [0, 1, 3, 5, 8] {
            let payload = vec![1; len];
            assert_eq!(TelephoneEvent::decode(&payload), None);
        }
    }

    #[test]
    fn a_payload_survives_encoding() {
        let event = TelephoneEvent {
            event: 15,
            end: true,
            volume: 63,
            duration: 0x1234,
        };
        assert_eq!(TelephoneEvent::decode(&event.encode()), Some(event));
    }

    /// A network: which packets get lost or doubled, and how late each arrives, in ms.
    fn network() -> impl Strategy<Value = Vec<(bool, bool, u32)>> {
        proptest::collection::vec((prop::bool::weighted(0.4), any::<bool>(), 0..60u32), 400)
    }

    proptest! {
        #[test]
        fn keys_heard_are_keys_pressed(
            pressed in proptest::collection::vec((0..16u8, 1..6u16, 60..300u32), 1..40),
            start in any::<u32>(),
            network in network(),
        ) {
            let mut timestamp = start;
            let mut arriving = Vec::new();
            let mut fate = network.iter().cycle();
            for (number, &(event, updates, pause_ms)) in pressed.iter().enumerate() {
                let packets = press(event, timestamp, updates);
                let survivor = number % packets.len();
                for (at, &packet) in packets.iter().enumerate() {
                    let &(lost, doubled, late_ms) = fate.next().unwrap();
                    let sent_at = timestamp.wrapping_sub(start) / 8 + 20 * at as u32;
                    if !lost || at == survivor {
                        arriving.push((sent_at + late_ms, packet));
                    }
                    if doubled {
                        arriving.push((sent_at + late_ms + 7, packet));
                    }
                }
                let spoken = 160 * (u32::from(updates) + 3);
                timestamp = timestamp.wrapping_add(spoken + pause_ms * 8);
            }
            arriving.sort_by_key(|&(at, _)| at);
            let arrived: Vec<Sent> = arriving.into_iter().map(|(_, sent)| sent).collect();
            let expected: String = pressed
                .iter()
                .filter_map(|&(event, ..)| Digit::from_event(event))
                .map(Digit::as_char)
                .collect();
            prop_assert_eq!(keys(&arrived), expected);
        }
    }
}
