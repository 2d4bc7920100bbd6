//! The timeline of a received stream: octets of eight-bit audio back in order, without a gap.
//!
//! Packets go in as they arrive; octets come out in order, each once, [`WINDOW`] behind the
//! newest so that what is late still finds its place. Position zero is the first packet.
//! Laws:
//! - loss, doubling and reordering within the window change no duration: what is missing is
//!   silence, what is doubled counts once;
//! - never more comes out than time has passed since the start, plus the window (and a sender
//!   clock that is a thousandth fast);
//! - a new source, or a timestamp that cannot follow the one before, is a new stretch of audio
//!   glued on where the clock of arrival puts it;
//! - when nothing arrives for [`HOLD`], time goes on as silence;
//! - telephone events are silence, and at the very end they are nothing, so that the key which
//!   ends a recording is not on it.
//!
//! Timestamps and sequence numbers wrap (RFC 3550 section 5.1); restarts are told from late
//! packets as in its appendix A.1. What a packet's codec or law is does not matter here.

use super::{Head, SequenceNumber, units};
use crate::base::Mono;

/// How far a packet may come behind the newest one and still be placed: 200 ms.
const WINDOW: i64 = 1_600;

/// How long nothing may arrive before silence takes its place: 1 s. Longer than any stall that
/// is made good by a burst, shorter than anyone notices in a recording.
const HOLD: i64 = 8_000;

/// Octets held: the window on both sides of the first packet and the longest packet.
const RING: usize = 4_096;

/// Late by up to this many packets and octets is reordering; more is a restarted sender
/// (RFC 3550 appendix A.1, `MAX_MISORDER`).
const MISORDER: i16 = 100;
const MISORDER_UNITS: i64 = 16_000;

/// Where finished octets go.
type Out<'a> = dyn FnMut(&[u8]) + 'a;

/// One timeline; see the module.
#[derive(Clone, Debug)]
pub struct Timeline {
    silence: u8,
    began: Mono,
    /// All octets of positions `head..end` by position modulo its length; silence elsewhere.
    ring: Box<[u8]>,
    /// The position of the first octet; below zero where a packet overtook it.
    first: i64,
    /// The next position to come out.
    head: i64,
    /// Up to here time has passed.
    end: i64,
    /// Whether anything has come out, after which nothing can go before it.
    opened: bool,
    stream: Option<Stream>,
    /// When the newest packet arrived and where `end` was then.
    arrived: (Mono, i64),
}

/// The stretch of audio that is being received.
#[derive(Clone, Copy, Debug)]
struct Stream {
    /// The newest packet and its position.
    newest: Head,
    position: i64,
    /// The end of the audio, without telephone events.
    audio_end: i64,
    /// The number a restarted sender would use next.
    suspect: Option<SequenceNumber>,
}

/// Where a packet belongs.
enum Place {
    /// Ahead of everything before it.
    Newest(i64),
    /// Among what was received before.
    Late(i64),
    /// A new stretch at the end.
    Glued,
    /// Nowhere.
    Dropped,
}

impl Timeline {
    /// The longest payload placed, in octets: 120 ms.
    pub const MAX_PAYLOAD: usize = 960;

    /// A timeline that begins now; `silence` fills what is missing.
    pub fn new(now: Mono, silence: u8) -> Timeline {
        Timeline {
            silence,
            began: now,
            ring: vec![silence; RING].into_boxed_slice(),
            first: 0,
            head: 0,
            end: 0,
            opened: false,
            stream: None,
            arrived: (now, 0),
        }
    }

    /// Places a packet of audio. Payloads over [`Timeline::MAX_PAYLOAD`] and empty ones are
    /// ignored.
    pub fn audio(&mut self, now: Mono, head: &Head, payload: &[u8], out: &mut Out<'_>) {
        let len = payload.len() as i64;
        if payload.is_empty() || payload.len() > Timeline::MAX_PAYLOAD {
            return;
        }
        let position = match self.place(now, head, len) {
            Place::Newest(position) => self.follow(now, head, position, len),
            Place::Glued => {
                let position = self.glue(now, len);
                self.follow(now, head, position, len)
            }
            Place::Late(position) => Some(position),
            Place::Dropped => None,
        };
        if let Some(position) = position {
            self.write(position, payload, out);
            self.arrived = (now, self.end);
        }
    }

    /// Notes a telephone-event packet of an event that has lasted `duration` units.
    pub fn event(&mut self, now: Mono, head: &Head, duration: u16, out: &mut Out<'_>) {
        let Some(stream) = self.stream.filter(|s| s.newest.ssrc == head.ssrc) else {
            return;
        };
        let until = stream.position_of(head) + i64::from(duration);
        if until <= self.limit(now) {
            self.extend(until, out);
        }
        self.arrived = (now, self.end);
    }

    /// Lets time pass: where nothing has arrived for a second, silence takes its place.
    pub fn advance(&mut self, now: Mono, out: &mut Out<'_>) {
        self.extend(self.wall(now) - HOLD, out);
    }

    /// Ends the timeline: everything held comes out, and the silence of a sender that had fallen
    /// silent by then.
    pub fn finish(&mut self, now: Mono, out: &mut Out<'_>) {
        let fell_silent = self.wall(now) - self.arrived.1 > WINDOW;
        let until = if fell_silent {
            self.wall(now)
        } else {
            self.stream.map_or(self.end, |stream| stream.audio_end)
        };
        self.extend(until, out);
        self.emit(until, out);
    }

    /// The position the clock of arrival gives to this moment.
    fn wall(&self, now: Mono) -> i64 {
        self.arrived.1 + units(now - self.arrived.0)
    }

    /// The most octets there may be by now.
    fn room(&self, now: Mono) -> i64 {
        let elapsed = units(now - self.began);
        elapsed + elapsed / 1_000 + WINDOW
    }

    /// The position that nothing may reach beyond.
    fn limit(&self, now: Mono) -> i64 {
        self.first + self.room(now)
    }

    /// The position to which the beginning can move back until something has come out: by
    /// the window, or by less where that would fill too much.
    fn earliest(&self, now: Mono) -> i64 {
        (self.end - self.room(now))
            .max(self.head - WINDOW)
            .min(self.head)
    }

    fn place(&mut self, now: Mono, head: &Head, len: i64) -> Place {
        let limit = self.limit(now);
        let (begin, earliest, opened) = (self.head, self.earliest(now), self.opened);
        let Some(stream) = &mut self.stream else {
            return Place::Glued;
        };
        if stream.newest.ssrc != head.ssrc {
            return Place::Glued;
        }
        let position = stream.position_of(head);
        let behind = stream.newest.sequence.after(head.sequence);
        if behind < 0 || position >= stream.audio_end {
            let follows = position >= stream.audio_end.max(begin) && position + len <= limit;
            return if follows {
                Place::Newest(position)
            } else {
                Place::Glued
            };
        }
        if behind > MISORDER || position < begin - MISORDER_UNITS {
            return stream.suspect(head);
        }
        let reaches = if opened {
            position + len > begin
        } else {
            position >= earliest
        };
        if reaches && position + len <= limit {
            Place::Late(position)
        } else {
            Place::Dropped
        }
    }

    /// Where a new stretch goes: at the end, or later where time has passed since.
    fn glue(&self, now: Mono, len: i64) -> i64 {
        if self.stream.is_none() && units(now - self.began) <= WINDOW {
            return self.end;
        }
        self.end.max(self.wall(now) - len)
    }

    /// Makes this packet the newest; `None` where more has come than time has passed.
    fn follow(&mut self, now: Mono, head: &Head, position: i64, len: i64) -> Option<i64> {
        if position + len > self.limit(now) {
            return None;
        }
        self.stream = Some(Stream {
            newest: *head,
            position,
            audio_end: position + len,
            suspect: None,
        });
        Some(position)
    }

    /// Puts octets at a position; what would go before the head is cut off, except at the very
    /// beginning, which moves back for it.
    fn write(&mut self, position: i64, payload: &[u8], out: &mut Out<'_>) {
        if !self.opened && position < self.head {
            self.first = position;
            self.head = position;
        }
        self.extend(position + payload.len() as i64, out);
        let cut = (self.head - position).max(0) as usize;
        let Some(payload) = payload.get(cut..) else {
            return;
        };
        let at = index(position + cut as i64);
        let first = payload.len().min(RING - at);
        let (before_wrap, after_wrap) = payload.split_at(first);
        self.ring[at..at + first].copy_from_slice(before_wrap);
        self.ring[..after_wrap.len()].copy_from_slice(after_wrap);
    }

    /// Lets time pass up to `end`; what falls out of the window comes out.
    fn extend(&mut self, end: i64, out: &mut Out<'_>) {
        self.end = self.end.max(end);
        self.emit(self.end - WINDOW, out);
    }

    /// Hands out everything before `until` and leaves silence in its place.
    fn emit(&mut self, until: i64, out: &mut Out<'_>) {
        while self.head < until {
            let at = index(self.head);
            let len = (RING - at).min((until - self.head) as usize);
            let octets = &mut self.ring[at..at + len];
            out(octets);
            octets.fill(self.silence);
            self.head += len as i64;
            self.opened = true;
        }
    }
}

impl Stream {
    fn position_of(&self, head: &Head) -> i64 {
        self.position + i64::from(head.timestamp.after(self.newest.timestamp))
    }

    /// Two packets in a row from far back are a sender that started anew; one is a stray.
    fn suspect(&mut self, head: &Head) -> Place {
        if self.suspect.replace(head.sequence.next()) == Some(head.sequence) {
            Place::Glued
        } else {
            Place::Dropped
        }
    }
}

/// The place of a position in the ring.
fn index(position: i64) -> usize {
    position.rem_euclid(RING as i64) as usize
}

#[cfg(test)]
#[path = "timeline_laws.rs"]
mod laws;
