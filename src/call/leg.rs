//! The media agreement of one call: its negotiations in the order of RFC 3264 and RFC 6337.

use crate::audio::Law;
use crate::base::SessionId;
use crate::media;
use crate::sdp::{self, Capabilities, CodecOrder, Codecs, Direction};
use crate::sip::{Offer, Refusal};
use std::net::SocketAddr;

/// What this server can do in every call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Codecs, the best first.
    pub codecs: Codecs,
    /// Whose order decides.
    pub order: CodecOrder,
    /// Milliseconds of audio a packet where the peer does not say, 10-60 in tens.
    pub ptime_ms: u8,
}

impl Default for Abilities {
    fn default() -> Abilities {
        Abilities {
            codecs: Codecs::new(Law::A, &[Law::Mu]),
            order: CodecOrder::Theirs,
            ptime_ms: 20,
        }
    }
}

/// One call's side of the media agreement.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    ours: Capabilities,
    remote: Option<media::Remote>,
}

impl Leg {
    /// A leg that has agreed on nothing yet. `rtp` is our address as the peer reaches it.
    pub(super) fn new(rtp: SocketAddr, session: SessionId, abilities: &Abilities) -> Leg {
        Leg {
            ours: Capabilities {
                rtp,
                session: session.0,
                sent: None,
                codecs: abilities.codecs.clone(),
                order: abilities.order,
                events: true,
                ptime_ms: abilities.ptime_ms,
                direction: Direction::SendRecv,
            },
            remote: None,
        }
    }

    /// Our description for a request with this offer: the answer to it, or an offer of ours where
    /// it has none. With an answer comes what the peer wants.
    pub(super) fn respond(
        &mut self,
        offer: Option<&str>,
    ) -> Result<(Offer, Option<media::Remote>), Refusal> {
        let Some(offer) = offer else {
            let description = sdp::offer(&self.ours);
            self.ours.sent = Some(description.clone());
            return Ok((description, None));
        };
        let agreed = sdp::answer(offer, &self.ours).map_err(|fault| refusal(&fault))?;
        let description = agreed.description.unwrap_or_default();
        self.ours.sent = Some(description.clone());
        Ok((description, Some(self.agree(agreed.remote))))
    }

    /// The peer's answer to an offer of ours.
    pub(super) fn accept(&mut self, answer: &str) -> Result<media::Remote, sdp::Fault> {
        sdp::accept(answer, &self.ours).map(|agreed| self.agree(agreed.remote))
    }

    /// The agreed law; A-law before there is one.
    pub(super) fn law(&self) -> Law {
        self.remote.as_ref().map_or(Law::A, |r| r.law)
    }

    /// Whether the peer hears us: not while it holds the call.
    pub(super) fn hears(&self) -> bool {
        self.remote.as_ref().is_none_or(|r| r.send)
    }

    fn agree(&mut self, remote: media::Remote) -> media::Remote {
        self.remote = Some(remote.clone());
        remote
    }
}

fn refusal(fault: &sdp::Fault) -> Refusal {
    let (status, why) = if fault.is_malformed() {
        (400, "the session description cannot be read")
    } else {
        (
            488,
            "the session description offers nothing this server can take",
        )
    };
    Refusal {
        status,
        retry_after: None,
        why,
    }
}
