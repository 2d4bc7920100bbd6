//! What we can do, and what both sides agreed on.

use crate::audio::Law;
use std::net::SocketAddr;

/// Our side of a negotiation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Where we take RTP, as the peer reaches it; RTCP is taken on the next port
    /// (RFC 3550 section 11).
    pub rtp: SocketAddr,
    /// The session id of our o= line, one for the whole dialog, below 2^63
    /// (RFC 3264 section 5).
    pub session: u64,
    /// The description we sent last in this dialog, as it was made here. From it follow the
    /// version of the next one and the places of its media (RFC 3264 section 8).
    pub sent: Option<String>,
    /// What we encode and decode, the best first.
    pub codecs: Codecs,
    /// Whose order decides in an answer.
    pub order: CodecOrder,
    /// Whether we take keys as telephone-event/8000 (RFC 4733).
    pub events: bool,
    /// Milliseconds of audio a packet where the peer does not say: 10-60 in tens.
    pub ptime_ms: u8,
    /// What we want to do: send, receive, both or neither.
    pub direction: Direction,
}

/// At least one codec, each once, in the order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codecs(Vec<Law>);

impl Codecs {
    /// `first`, then `rest` without what came before.
    pub fn new(first: Law, rest: &[Law]) -> Codecs {
        let mut laws = vec![first];
        for law in rest {
            if !laws.contains(law) {
                laws.push(*law);
            }
        }
        Codecs(laws)
    }

    /// The codecs, the best first; never empty.
    pub fn laws(&self) -> &[Law] {
        &self.0
    }
}

/// Whose order of codecs decides when we answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodecOrder {
    /// The offer's, as RFC 3264 section 6.1 recommends.
    #[default]
    Theirs,
    /// That of [`Capabilities::codecs`].
    Ours,
}

/// Which way media flows, seen from the side that says it (RFC 8866 section 6.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// Out only.
    SendOnly,
    /// In only.
    RecvOnly,
    /// Neither way.
    Inactive,
}

impl Direction {
    /// The direction with these two halves.
    pub fn of(sends: bool, receives: bool) -> Direction {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// Whether the side that says it sends.
    pub fn sends(self) -> bool {
        match self {
            Direction::SendRecv | Direction::SendOnly => true,
            Direction::RecvOnly | Direction::Inactive => false,
        }
    }

    /// Whether the side that says it receives.
    pub fn receives(self) -> bool {
        match self {
            Direction::SendRecv | Direction::RecvOnly => true,
            Direction::SendOnly | Direction::Inactive => false,
        }
    }

    /// What is left of this side's wish when the other side says `theirs`
    /// (RFC 3264 section 6.1).
    #[must_use]
    pub fn facing(self, theirs: Direction) -> Direction {
        Direction::of(
            self.sends() && theirs.receives(),
            self.receives() && theirs.sends(),
        )
    }

    /// The name of the attribute.
    pub fn name(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    /// Reads the name of an attribute; `None` for any other attribute.
    pub fn parse(name: &str) -> Option<Direction> {
        [
            Direction::SendRecv,
            Direction::SendOnly,
            Direction::RecvOnly,
            Direction::Inactive,
        ]
        .into_iter()
        .find(|direction| name.eq_ignore_ascii_case(direction.name()))
    }
}

/// The outcome of a negotiation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Our answer, to be sent; `None` where the peer's answer ended the negotiation.
    pub description: Option<String>,
    /// What holds from now on.
    pub remote: Remote,
}

/// Where the peer wants its media and what it understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Where to send RTP, and the only place to take it from. The address is unspecified
    /// (0.0.0.0) only where `send` and `receive` are both false.
    pub rtp: SocketAddr,
    /// Where to send RTCP; `None` when the peer wants none.
    pub rtcp: Option<SocketAddr>,
    /// The agreed audio codec.
    pub law: Law,
    /// Its payload type, 0-127, sent and expected.
    pub payload_type: u8,
    /// The payload type of telephone-event/8000, where both sides have it.
    pub event_payload_type: Option<u8>,
    /// Milliseconds of audio a packet that we send, 10-60 in tens.
    pub ptime_ms: u8,
    /// Whether we may send.
    pub send: bool,
    /// Whether the peer sends.
    pub receive: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facing_directions_never_send_to_one_who_does_not_receive() {
        let all = ["sendrecv", "sendonly", "recvonly", "inactive"]
            .map(|name| Direction::parse(name).unwrap());
        for ours in all {
            for theirs in all {
                let left = ours.facing(theirs);
                assert_eq!(left.sends(), ours.sends() && theirs.receives());
                assert_eq!(left.receives(), ours.receives() && theirs.sends());
            }
        }
        assert_eq!(Direction::parse("setup"), None);
    }

    #[test]
    fn each_codec_is_listed_once() {
        let codecs = Codecs::new(Law::A, &[Law::Mu, Law::A, Law::Mu]);
        assert_eq!(codecs.laws(), [Law::A, Law::Mu]);
    }
}
