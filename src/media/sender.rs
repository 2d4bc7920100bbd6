//! The stream sent: numbers, timestamps and the marker bit (RFC 3550 section 5.1, RFC 3551
//! section 4.1).
//!
//! Law: the timestamp follows the clock, sent or not, so that a receiver knows how long a gap
//! was; the first packet after a gap begins a talk spurt.

use crate::rtp::{Head, RtpTime, Seeded, Sent, SequenceNumber, Ssrc};

/// The state of the stream sent.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    ssrc: Ssrc,
    sequence: SequenceNumber,
    timestamp: RtpTime,
    packets: u32,
    octets: u32,
    /// Whether the next packet begins a talk spurt.
    spurt: bool,
}

impl Sender {
    pub(super) fn new(seeded: &mut Seeded) -> Sender {
        Sender {
            ssrc: Ssrc(seeded.next_u64() as u32),
            sequence: SequenceNumber(seeded.next_u64() as u16),
            timestamp: RtpTime(seeded.next_u64() as u32),
            packets: 0,
            octets: 0,
            spurt: true,
        }
    }

    pub(super) fn ssrc(&self) -> Ssrc {
        self.ssrc
    }

    /// The timestamp of the packet that is next.
    pub(super) fn timestamp(&self) -> RtpTime {
        self.timestamp
    }

    /// What was sent; `None` while nothing was.
    pub(super) fn sent(&self) -> Option<Sent> {
        (self.packets > 0).then_some(Sent {
            packets: self.packets,
            octets: self.octets,
            timestamp: self.timestamp,
        })
    }

    /// Writes the head before a payload of `len` octets that lies behind it in `out` already.
    pub(super) fn write_audio(
        &mut self,
        payload_type: u8,
        len: usize,
        out: &mut [u8],
    ) -> Option<usize> {
        let (marker, timestamp) = (self.spurt, self.timestamp);
        self.spurt = false;
        self.write(marker, payload_type, timestamp, len, out)
    }

    /// Writes the head before a telephone event, which has its own marker and timestamp.
    pub(super) fn write_event(
        &mut self,
        payload_type: u8,
        marker: bool,
        timestamp: RtpTime,
        len: usize,
        out: &mut [u8],
    ) -> Option<usize> {
        self.write(marker, payload_type, timestamp, len, out)
    }

    /// Time passes by this many units.
    pub(super) fn pass(&mut self, units: u32) {
        self.timestamp = self.timestamp.plus(units);
    }

    /// Packets are left out here: the next one begins a talk spurt.
    pub(super) fn leave_out(&mut self) {
        self.spurt = true;
    }

    fn write(
        &mut self,
        marker: bool,
        payload_type: u8,
        timestamp: RtpTime,
        len: usize,
        out: &mut [u8],
    ) -> Option<usize> {
        let head = Head {
            marker,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        head.write(out)?;
        self.sequence = self.sequence.next();
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(len as u32);
        Some(Head::LEN + len)
    }
}
