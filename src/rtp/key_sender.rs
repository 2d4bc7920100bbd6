//! Keys going out as telephone events (RFC 4733 section 2.5.1).
//!
//! Asked once a packet interval what to send in place of audio. Each key lasts [`KEY`], is sent
//! with every interval from its first on, ends with three equal end packets, and is followed by
//! [`PAUSE`] of silence. All packets of a key carry the timestamp it began with; the audio after
//! it goes on with its own.

use super::{RtpTime, TelephoneEvent};
use crate::base::Digit;
use std::collections::VecDeque;

/// The length of a key in timestamp units: 100 ms.
const KEY: u16 = 800;

/// The silence between two keys in timestamp units: 100 ms.
const PAUSE: u32 = 800;

/// How often the end is sent (RFC 4733 section 2.5.1.4).
const ENDS: u8 = 3;

/// The level sent with a key, in dBm0 below zero.
const VOLUME: u8 = 10;

/// The most keys that wait to be sent; more are not taken.
const WAITING: usize = 64;

/// What goes out in this packet interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStep {
    /// No key: audio.
    Idle,
    /// The pause after a key: silence.
    Pause,
    /// A telephone event.
    Event {
        /// Set on the first packet of a key.
        marker: bool,
        /// When the key began.
        timestamp: RtpTime,
        /// The payload.
        event: TelephoneEvent,
    },
}

/// Sends keys one after the other.
#[derive(Clone, Debug, Default)]
pub struct KeySender {
    waiting: VecDeque<Digit>,
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Idle,
    Sounding {
        key: Digit,
        began: RtpTime,
        ends: u8,
    },
    Pausing {
        since: RtpTime,
    },
}

impl KeySender {
    /// Nothing to send yet.
    pub fn new() -> KeySender {
        KeySender::default()
    }

    /// Puts keys behind those that wait; the count of keys that found no room.
    pub fn push(&mut self, keys: &[Digit]) -> usize {
        let room = WAITING.saturating_sub(self.waiting.len());
        self.waiting.extend(keys.iter().take(room));
        keys.len().saturating_sub(room)
    }

    /// Whether every key and its pause have been sent.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && matches!(self.state, State::Idle)
    }

    /// What goes out in the interval of `step` units that begins at `now`.
    pub fn next(&mut self, now: RtpTime, step: u16) -> KeyStep {
        match self.state {
            State::Sounding { key, began, ends } => self.sound(now, step, key, began, ends),
            State::Pausing { since } if now.after(since) < PAUSE as i32 => KeyStep::Pause,
            State::Idle | State::Pausing { .. } => self.begin(now, step),
        }
    }

    fn begin(&mut self, now: RtpTime, step: u16) -> KeyStep {
        let Some(key) = self.waiting.pop_front() else {
            self.state = State::Idle;
            return KeyStep::Idle;
        };
        self.state = State::Sounding {
            key,
            began: now,
            ends: 0,
        };
        event(key, now, step.min(KEY), false, true)
    }

    fn sound(&mut self, now: RtpTime, step: u16, key: Digit, began: RtpTime, ends: u8) -> KeyStep {
        let lasted = now.after(began).max(0) + i32::from(step);
        if lasted < i32::from(KEY) {
            return event(key, began, lasted as u16, false, false);
        }
        self.state = if ends + 1 == ENDS {
            State::Pausing {
                since: now.plus(step.into()),
            }
        } else {
            State::Sounding {
                key,
                began,
                ends: ends + 1,
            }
        };
        event(key, began, KEY, true, false)
    }
}

fn event(key: Digit, began: RtpTime, duration: u16, end: bool, marker: bool) -> KeyStep {
    KeyStep::Event {
        marker,
        timestamp: began,
        event: TelephoneEvent {
            event: key.event(),
            end,
            volume: VOLUME,
            duration,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::{Head, KeyReader, Packet, SequenceNumber, Ssrc};

    fn send(keys: &[Digit], step: u16) -> Vec<KeyStep> {
        let mut sender = KeySender::new();
        assert_eq!(sender.push(keys), 0);
        let mut now = RtpTime(u32::MAX - 500);
        let mut steps = Vec::new();
        while !sender.is_idle() {
            steps.push(sender.next(now, step));
            now = now.plus(step.into());
            assert!(steps.len() < 1_000, "the keys never end");
        }
        steps
    }

    #[test]
    fn a_key_of_100_ms_is_five_durations_and_three_ends() {
        let sent: Vec<(bool, bool, u16)> = send(&[Digit::D5], 160)
            .iter()
            .filter_map(|step| match step {
                KeyStep::Event { marker, event, .. } => Some((*marker, event.end, event.duration)),
                KeyStep::Idle | KeyStep::Pause => None,
            })
            .collect();
        let expected = [
            (true, false, 160),
            (false, false, 320),
            (false, false, 480),
            (false, false, 640),
            (false, true, 800),
            (false, true, 800),
            (false, true, 800),
        ];
        assert_eq!(sent, expected);
    }

    #[test]
    fn what_is_sent_is_what_a_reader_hears_at_every_packet_length() {
        for step in [80, 160, 240, 320, 400, 480] {
            let mut reader = KeyReader::new();
            let mut heard = Vec::new();
            for sent in send(&Digit::ALL, step) {
                if let KeyStep::Event {
                    marker,
                    timestamp,
                    event,
                } = sent
                {
                    let head = Head {
                        marker,
                        payload_type: 101,
                        sequence: SequenceNumber(0),
                        timestamp,
                        ssrc: Ssrc(1),
                    };
                    let payload = event.encode();
                    heard.extend(reader.read(&Packet {
                        head,
                        payload: &payload,
                    }));
                }
            }
            assert_eq!(heard, Digit::ALL, "step {step}");
        }
    }

    #[test]
    fn keys_are_apart_by_the_pause() {
        let steps = send(&[Digit::D1, Digit::D1], 160);
        let pauses = steps.iter().filter(|step| **step == KeyStep::Pause).count();
        assert_eq!(pauses, 10);
    }

    #[test]
    fn keys_without_room_are_counted() {
        let mut sender = KeySender::new();
        assert_eq!(sender.push(&[Digit::D1; 70]), 6);
        assert_eq!(sender.push(&[Digit::D1]), 1);
    }
}
