//! RTP as the generator sends and reads it: fixed packets, written by hand to cost little.

/// The audio payload type: PCMA.
const PCMA: u8 = 8;
/// The telephone-event payload type of our offers.
pub(crate) const EVENT: u8 = 101;
/// The length of an RTP header without extras (RFC 3550 section 5.1).
pub(crate) const HEADER: usize = 12;
/// Octets of 20 ms of G.711.
pub(crate) const FRAME: usize = 160;

/// One outgoing stream.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
}

impl Stream {
    /// A stream of its own.
    pub(crate) fn new(ssrc: u32) -> Stream {
        Stream {
            sequence: 0,
            timestamp: ssrc.wrapping_mul(7_919),
            ssrc,
        }
    }

    /// Where the next packet stands in time.
    pub(crate) fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Writes 20 ms of audio.
    pub(crate) fn audio(&mut self, octets: &[u8; FRAME], out: &mut [u8; HEADER + FRAME]) {
        self.header(PCMA, false, self.timestamp, &mut out[..HEADER]);
        out[HEADER..].copy_from_slice(octets);
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
    }

    /// Writes one packet of a key (RFC 4733 section 2.3) that began at `start`.
    pub(crate) fn key(
        &mut self,
        event: u8,
        start: u32,
        first: bool,
        end: bool,
    ) -> [u8; HEADER + 4] {
        let mut out = [0; HEADER + 4];
        let duration = self
            .timestamp
            .wrapping_sub(start)
            .wrapping_add(FRAME as u32) as u16;
        self.header(EVENT, first, start, &mut out[..HEADER]);
        out[HEADER] = event;
        out[HEADER + 1] = if end { 0x8A } else { 0x0A };
        out[HEADER + 2..].copy_from_slice(&duration.to_be_bytes());
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
        out
    }

    fn header(&mut self, payload_type: u8, marker: bool, timestamp: u32, out: &mut [u8]) {
        out[0] = 0x80;
        out[1] = payload_type | if marker { 0x80 } else { 0 };
        out[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        out[4..8].copy_from_slice(&timestamp.to_be_bytes());
        out[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
    }
}

/// The sequence number of a received packet.
pub(crate) fn sequence(packet: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]))
}

/// The audio of a received packet; `None` for anything but PCMA.
pub(crate) fn payload(packet: &[u8]) -> Option<&[u8]> {
    let audio = packet.get(1)? & 0x7F == PCMA;
    packet.get(HEADER..).filter(|_| audio)
}
