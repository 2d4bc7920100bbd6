//! One call as SIP knows it: its dialog, and what is pending in it.

use super::client::ClientId;
use super::dialog::Dialog;
use super::server::ServerId;
use super::session_timer::{Agreed, Asked};
use super::wire::{ConnectionId, Path};
use crate::base::Mono;
use std::net::IpAddr;
use std::time::Duration;

/// A call with its dialog.
#[derive(Debug)]
pub(super) struct Call {
    /// The dialog. While a placed call is not answered: what is known of it.
    pub(super) dialog: Dialog,
    /// Where the call stands.
    pub(super) phase: Phase,
    /// Who sent the INVITE, while that counts against its bound.
    pub(super) counted: Option<IpAddr>,
    /// A 2xx of ours that waits for its ACK.
    pub(super) unacked: Option<Unacked>,
    /// What the call layer asked for that has to wait for the ACK.
    pub(super) wanted: Option<Wanted>,
    /// A re-INVITE or UPDATE of the peer that waits for the call layer.
    pub(super) offered: Option<Offered>,
    /// Whether we placed it.
    pub(super) placed: bool,
    /// What the INVITE said about the session timer.
    pub(super) asked: Asked,
    /// The session timer in force.
    pub(super) agreed: Option<Agreed>,
    /// Our refresh that is not answered yet.
    pub(super) refreshing: Option<ClientId>,
    /// Whether the peer takes UPDATE (RFC 3311).
    pub(super) takes_update: bool,
    /// Our last session description.
    pub(super) description: String,
    /// The ACK of the last 2xx the peer sent, to be sent again with it.
    pub(super) last_ack: Option<LastAck>,
    /// Whether a transfer is under way.
    pub(super) transferring: bool,
    /// How often the peer asked something lately.
    pub(super) load: Load,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// An INVITE came and has no final answer.
    Arriving {
        /// Its transaction.
        server: ServerId,
        /// Its number.
        cseq: u32,
        /// Whether it left the offer to us.
        late: bool,
    },
    /// An INVITE of ours has no final answer.
    Calling {
        /// Its transaction.
        client: ClientId,
        /// How far it got.
        progress: Progress,
        /// Whether the call layer gave it up.
        cancelled: bool,
    },
    /// Answered.
    Up,
    /// The peer's BYE waits for the call layer.
    PeerBye {
        /// Its transaction.
        server: ServerId,
    },
    /// Our BYE is out.
    Leaving,
}

/// How far a placed call got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing came back.
    Silent,
    /// A provisional answer came: a CANCEL may go.
    Heard,
    /// It rings, and the call layer knows.
    Rings,
}

/// A 2xx that waits for its ACK (RFC 3261 section 13.3.1.4).
#[derive(Clone, Debug)]
pub(super) struct Unacked {
    /// The number of the INVITE.
    pub(super) cseq: u32,
    /// The 2xx.
    pub(super) bytes: Vec<u8>,
    /// Its way.
    pub(super) path: Path,
    /// The interval until its next repeat.
    pub(super) interval: Duration,
    /// Whether the ACK brings the answer to our offer.
    pub(super) late: bool,
    /// Whether the call layer waits for this ACK: that of the first 2xx of a call.
    pub(super) first: bool,
}

/// What waits for the ACK, as no request may be sent before it (section 15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// To hang up.
    Bye,
    /// To hand the call on to this target.
    Transfer(String),
}

/// A re-INVITE or UPDATE that waits for the call layer.
#[derive(Clone, Debug)]
pub(super) struct Offered {
    /// Its transaction.
    pub(super) server: ServerId,
    /// Its number.
    pub(super) cseq: u32,
    /// Whether it is an INVITE, whose 2xx wants an ACK.
    pub(super) invite: bool,
    /// Whether it leaves the offer to us.
    pub(super) late: bool,
    /// What it says about the session timer.
    pub(super) asked: Asked,
    /// Its headers, for the target refresh.
    pub(super) headers: super::headers::Headers,
}

/// The ACK of a 2xx.
#[derive(Clone, Debug)]
pub(super) struct LastAck {
    /// The number of the INVITE.
    pub(super) cseq: u32,
    /// The ACK.
    pub(super) bytes: Vec<u8>,
    /// Its way.
    pub(super) path: Path,
}

/// Requests of the peer inside a call, counted in windows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    since: Mono,
    count: u32,
}

/// The window in which requests are counted.
const WINDOW: Duration = Duration::from_secs(32);
/// The most requests taken in one call and window: ten keys by INFO every second, and room.
const MOST: u32 = 640;

impl Load {
    /// Nothing yet.
    pub(super) fn new(now: Mono) -> Load {
        Load {
            since: now,
            count: 0,
        }
    }

    /// Counts one request; `false` where it is one too many.
    pub(super) fn admit(&mut self, now: Mono) -> bool {
        if now - self.since > WINDOW {
            *self = Load::new(now);
        }
        self.count = self.count.saturating_add(1);
        self.count <= MOST
    }
}

impl Call {
    /// A call that begins.
    pub(super) fn new(now: Mono, dialog: Dialog, phase: Phase, asked: Asked) -> Call {
        Call {
            dialog,
            phase,
            counted: None,
            unacked: None,
            wanted: None,
            offered: None,
            placed: matches!(phase, Phase::Calling { .. }),
            asked,
            agreed: None,
            refreshing: None,
            takes_update: false,
            description: String::new(),
            last_ack: None,
            transferring: false,
            load: Load::new(now),
        }
    }

    /// A connection is gone: nothing of this call goes by it any more.
    pub(super) fn forget_connection(&mut self, connection: ConnectionId) {
        self.dialog.forget_connection(connection);
        if let Some(unacked) = &mut self.unacked {
            unacked.path.forget(connection);
        }
        if let Some(ack) = &mut self.last_ack {
            ack.path.forget(connection);
        }
    }
}
