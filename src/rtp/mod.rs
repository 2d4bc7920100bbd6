//! RTP on the wire: packets, reports, telephone events and the timeline of a received stream.
//!
//! Datagrams in, values out, and back; nothing here knows of calls. Rank 1: no socket, clock or
//! chance. Laws: no input panics or grows anything; what is late, doubled or reordered is told
//! apart by timestamp and sequence number alone.
//!
//! Specs: RFC 3550 (RTP, RTCP), RFC 3551 (audio profile), RFC 4733 (telephone events).
//! Which packets to believe is decided in [`media`](crate::media).

mod key_sender;
mod number;
mod packet;
mod reception;
mod report;
mod telephone_event;
mod timeline;

pub use key_sender::{KeySender, KeyStep};
pub use number::{RtpTime, Seeded, SequenceNumber, Ssrc};
pub use packet::{Head, Packet, PacketFault};
pub use reception::{Reception, ReceptionBlock};
pub use report::{PeerReport, Reporter, Sent};
pub use telephone_event::{KeyReader, TelephoneEvent};
pub use timeline::Timeline;

/// RTP timestamp units a second of every codec served today (RFC 3551 table 4).
pub const CLOCK_RATE: u32 = 8_000;

/// The timestamp units in `span`, rounded down.
fn units(span: std::time::Duration) -> i64 {
    i64::try_from(span.as_micros() * u128::from(CLOCK_RATE) / 1_000_000).unwrap_or(i64::MAX / 4)
}
