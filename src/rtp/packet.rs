//! One RTP packet (RFC 3550 section 5.1): reading without copying, writing in place.
//!
//! The library parses the fixed head. Contributing sources, the header extension and padding are
//! measured here first and never handed to it: they carry nothing a telephone call uses, and a
//! declared length beyond the datagram must not reach a parser that trusts it.

use super::{RtpTime, SequenceNumber, Ssrc};
use webrtc_util::marshal::{Marshal, Unmarshal};

/// The fixed head of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Set on the first packet of a talk spurt or telephone event.
    pub marker: bool,
    /// What the payload is, 0-127.
    pub payload_type: u8,
    /// The packet's number.
    pub sequence: SequenceNumber,
    /// When its first sample (or its event) began.
    pub timestamp: RtpTime,
    /// Who sends it.
    pub ssrc: Ssrc,
}

/// A packet as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its head.
    pub head: Head,
    /// Its payload without padding.
    pub payload: &'a [u8],
}

/// Why a datagram is no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketFault {
    /// It ends before its head, contributing sources or extension do.
    #[error("the datagram is shorter than its RTP head says")]
    Short,
    /// It is of another protocol or version.
    #[error("the datagram is not RTP version 2")]
    Version,
    /// It is padded with more than there is, or with nothing.
    #[error("the padding of the RTP packet is out of range")]
    Padding,
}

impl Head {
    /// Octets of a head as written here.
    pub const LEN: usize = 12;

    /// Writes the head at the start of `out`; `None` when there is no room.
    pub fn write(&self, out: &mut [u8]) -> Option<()> {
        let head = ::rtp::header::Header {
            version: 2,
            marker: self.marker,
            payload_type: self.payload_type & 0x7F,
            sequence_number: self.sequence.0,
            timestamp: self.timestamp.0,
            ssrc: self.ssrc.0,
            ..Default::default()
        };
        head.marshal_to(out).ok().map(|_| ())
    }
}

impl<'a> Packet<'a> {
    /// Reads a datagram.
    pub fn read(datagram: &'a [u8]) -> Result<Packet<'a>, PacketFault> {
        let (fixed, rest) = datagram
            .split_first_chunk::<{ Head::LEN }>()
            .ok_or(PacketFault::Short)?;
        if fixed[0] >> 6 != 2 {
            return Err(PacketFault::Version);
        }
        let rest = after_sources(fixed[0], rest).ok_or(PacketFault::Short)?;
        let payload = without_padding(fixed[0], rest).ok_or(PacketFault::Padding)?;
        let head = read_fixed(fixed).ok_or(PacketFault::Short)?;
        Ok(Packet { head, payload })
    }
}

/// What follows the contributing sources and the extension (RFC 3550 sections 5.1, 5.3.1).
fn after_sources(flags: u8, rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.get(usize::from(flags & 0x0F) * 4..)?;
    if flags & 0x10 == 0 {
        return Some(rest);
    }
    let ([_, _, high, low], rest) = rest.split_first_chunk::<4>()?;
    rest.get(usize::from(u16::from_be_bytes([*high, *low])) * 4..)
}

fn without_padding(flags: u8, rest: &[u8]) -> Option<&[u8]> {
    if flags & 0x20 == 0 {
        return Some(rest);
    }
    let padding = usize::from(*rest.last()?);
    if padding == 0 {
        return None;
    }
    rest.get(..rest.len().checked_sub(padding)?)
}

fn read_fixed(fixed: &[u8; Head::LEN]) -> Option<Head> {
    let mut plain = *fixed;
    plain[0] = 0x80;
    let head = ::rtp::header::Header::unmarshal(&mut plain.as_slice()).ok()?;
    Some(Head {
        marker: head.marker,
        payload_type: head.payload_type,
        sequence: SequenceNumber(head.sequence_number),
        timestamp: RtpTime(head.timestamp),
        ssrc: Ssrc(head.ssrc),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: Head = Head {
        marker: true,
        payload_type: 8,
        sequence: SequenceNumber(0xFFFE),
        timestamp: RtpTime(0x0102_0304),
        ssrc: Ssrc(0xA0B0_C0D0),
    };

    fn datagram(flags: u8, rest: &[u8]) -> Vec<u8> {
        let mut octets = vec![0; Head::LEN];
        HEAD.write(&mut octets).unwrap();
        octets[0] |= flags;
        octets.extend_from_slice(rest);
        octets
    }

    #[test]
    fn a_head_survives_writing_and_reading() {
        let octets = datagram(0, b"voice");
        let packet = Packet::read(&octets).unwrap();
        assert_eq!((packet.head, packet.payload), (HEAD, b"voice".as_slice()));
    }

    #[test]
    fn sources_extension_and_padding_are_not_payload() {
        type Case = (u8, &'static [u8], Result<&'static [u8], PacketFault>);
        let cases: [Case; 9] = [
            (0x02, b"sourSOURvoice", Ok(b"voice")),
            (0x10, b"\xBE\xDE\x00\x01extrvoice", Ok(b"voice")),
            (0x20, b"voice\0\0\x03", Ok(b"voice")),
            (0x20, b"\x01", Ok(b"")),
            (0x20, b"voice\0", Err(PacketFault::Padding)),
            (0x20, b"\x09", Err(PacketFault::Padding)),
            (0x20, b"", Err(PacketFault::Padding)),
            (0x0F, b"too short", Err(PacketFault::Short)),
            (0x10, b"\xBE\xDE\xFF\xFFvoice", Err(PacketFault::Short)),
        ];
        for (flags, rest, payload) in cases {
            let octets = datagram(flags, rest);
            assert_eq!(
                Packet::read(&octets).map(|p| p.payload),
                payload,
                "{rest:?}"
            );
        }
    }

    #[test]
    fn an_extension_whose_elements_lie_about_their_length_is_skipped() {
        // One-byte form (RFC 8285): the element claims sixteen octets, the extension has four.
        let octets = datagram(0x10, b"\xBE\xDE\x00\x01\x1F\0\0\0");
        assert_eq!(Packet::read(&octets).map(|p| p.payload), Ok(b"".as_slice()));
    }

    #[test]
    fn other_protocols_are_not_rtp() {
        assert_eq!(
            Packet::read(b"OPTIONS sip:x SIP/2.0"),
            Err(PacketFault::Version)
        );
        assert_eq!(Packet::read(&[0x80; 11]), Err(PacketFault::Short));
    }

    proptest! {
        #[test]
        fn no_datagram_panics(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(packet) = Packet::read(&octets) {
                prop_assert!(packet.payload.len() + Head::LEN <= octets.len());
            }
        }
    }
}
