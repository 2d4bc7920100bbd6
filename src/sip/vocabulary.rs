//! The words between SIP and the call layer.

use super::credentials::Challenge;
use super::registration::{Authenticated, Bound, Claim, ClaimId, Reach, Register};
use crate::base::{CallId, DeviceId, Digit, MailboxId};
use std::net::SocketAddr;
use std::time::Duration;

/// A session description as it travels: SDP text (RFC 8866).
pub type Offer = String;

/// How a message travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// One datagram, one message.
    Udp,
    /// A stream of messages framed by Content-Length.
    Tcp,
}

/// A SIP address: the parts of a URI and its display name that calls are routed by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The display name, unquoted; empty where there is none.
    pub display: String,
    /// The user part with escapes decoded and its own parameters (after `;`) removed.
    pub user: String,
    /// The host.
    pub host: String,
    /// URI parameters in order, values unescaped, names in lower case.
    pub params: Vec<(String, String)>,
}

impl Address {
    /// The value of a URI parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }
}

/// One Diversion entry (RFC 5806), as sent: the most recent first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diversion {
    /// Who diverted.
    pub by: Address,
    /// The `reason` parameter in lower case; empty where there is none.
    pub reason: String,
    /// The `counter` parameter.
    pub counter: Option<u32>,
}

/// One History-Info entry (RFC 7044).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The `index` parameter, as text ("1.1").
    pub index: String,
    /// Where the request went.
    pub target: Address,
    /// The `cause` of its URI (RFC 4458): why the entry before it was diverted to here.
    pub cause: Option<u16>,
    /// The cause of the SIP Reason within its URI (RFC 3326): why it was itself diverted onwards.
    pub reason: Option<u16>,
}

/// A call that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Our name of the call.
    pub call: CallId,
    /// The Call-ID header, for logs.
    pub call_id: String,
    /// Where it came from.
    pub source: SocketAddr,
    /// Whether the source is a configured trusted peer. Where it is not, `diversion`, `history` and
    /// `headers` are empty.
    pub trusted: bool,
    /// Which device of ours it proved to be; never one of a trusted peer.
    pub authenticated: Option<DeviceOf>,
    /// The Request-URI.
    pub request_uri: Address,
    /// The To address.
    pub to: Address,
    /// The From address.
    pub from: Address,
    /// Who a trusted peer says it is, in P-Asserted-Identity (RFC 3325), at most two; or who is
    /// known to have this device.
    pub asserted: Vec<Address>,
    /// Whether the caller withholds the identity (`Privacy: id`, RFC 3325 section 9.3).
    pub private: bool,
    /// Diversion entries, top first.
    pub diversion: Vec<Diversion>,
    /// History-Info entries, in order.
    pub history: Vec<HistoryEntry>,
    /// Every other header by lower-case name, for the configured mailbox header.
    pub headers: Vec<(String, String)>,
    /// The offer; `None` asks us to make one (late offer).
    pub offer: Option<Offer>,
}

/// A device that proved to be it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceOf {
    /// The device.
    pub device: DeviceId,
    /// Whose it is.
    pub mailbox: MailboxId,
}

/// One subscription to a mailbox's state (RFC 6665), named by the machine; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId(pub u64);

/// One NOTIFY sent to a peer unasked, named by whoever sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NoticeId(pub u64);

/// Somebody wants to be told of a mailbox's state. Only trusted peers and devices that proved who
/// they are are heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribe {
    /// Our name of the subscription.
    pub subscription: SubscriptionId,
    /// Where it came from.
    pub source: SocketAddr,
    /// Whose device it is; `None` of a trusted peer.
    pub authenticated: Option<DeviceOf>,
    /// The Request-URI.
    pub request_uri: Address,
    /// The To address: whose state is asked for.
    pub to: Address,
    /// How long it will be in force; zero asks for the state once (RFC 6665 section 4.4.3).
    pub expires: Duration,
}

/// Why a subscription is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionEnd {
    /// The subscriber ended it, or wanted the state once only.
    Unsubscribed,
    /// It was not refreshed.
    Expired,
    /// The subscriber refused to be told, with this status.
    Refused(u16),
    /// The subscriber did not answer.
    NoResponse,
    /// The layer above never said whether it takes it.
    Undecided,
    /// This server closes down.
    ClosingDown,
}

/// A state to tell a peer unasked: a NOTIFY outside any dialog, as many telephones and servers
/// take it though RFC 6665 does not provide for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Our name for it; comes back with the outcome.
    pub notice: NoticeId,
    /// How the peer is reached.
    pub reach: Reach,
    /// The user part of From: whose state it is.
    pub user: String,
    /// The message summary (RFC 3842 section 5.2).
    pub body: String,
}

/// Why a peer did not take a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeFault {
    /// It refused, with this status.
    #[error("the peer refused with {0}")]
    Refused(u16),
    /// It did not answer.
    #[error("the peer did not answer")]
    NoResponse,
}

/// What SIP reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A new call arrives; answer with `Answer` or `Refuse`.
    Invite(Box<Invite>),
    /// The ACK of our 2xx came; the peer's answer where the offer was ours.
    Acknowledged {
        /// Which call.
        call: CallId,
        /// The answer to our late offer.
        answer: Option<Offer>,
    },
    /// A re-INVITE or UPDATE; answer with `AnswerAgain` or `RefuseAgain`.
    OfferedAgain {
        /// Which call.
        call: CallId,
        /// The new offer; `None` where a re-INVITE leaves the offer to us.
        offer: Option<Offer>,
    },
    /// A key in an INFO (application/dtmf-relay or application/dtmf).
    InfoDigit {
        /// Which call.
        call: CallId,
        /// The key.
        digit: Digit,
    },
    /// The peer hung up; its BYE waits for `ByeDone` or `ByeFailed`.
    Bye {
        /// Which call.
        call: CallId,
    },
    /// The call is over without a BYE of the peer, or a call we placed was refused.
    Ended {
        /// Which call.
        call: CallId,
        /// Why.
        reason: EndReason,
    },
    /// A call we placed is ringing.
    Ringing {
        /// Which call.
        call: CallId,
    },
    /// A call we placed was answered; the ACK is on its way.
    Answered {
        /// Which call.
        call: CallId,
        /// The peer's answer to our offer.
        answer: Offer,
    },
    /// A new subscription; answer with `AcceptSubscription` or `RefuseSubscription`.
    Subscribed(Box<Subscribe>),
    /// A subscription is over; it is never named again.
    Unsubscribed {
        /// Which subscription.
        subscription: SubscriptionId,
        /// Why.
        end: SubscriptionEnd,
    },
    /// A telephone says where it is.
    Registering(Box<Register>),
    /// Somebody calls or subscribes of whom nobody vouches.
    Claimed(Box<Claim>),
    /// What became of a `NotifyPeer`.
    PeerNotified {
        /// Which one.
        notice: NoticeId,
        /// Whether the peer took it.
        outcome: Result<(), NoticeFault>,
    },
}

/// Why a call is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The caller gave up before the answer (CANCEL).
    Cancelled,
    /// Our answer was never acknowledged (64*T1).
    NoAck,
    /// The session timer ran out (RFC 4028).
    SessionExpired,
    /// A call we placed got this final answer.
    Refused(u16),
    /// A request of ours inside the call was never answered.
    NoResponse,
    /// Our BYE was answered, or given up on.
    HungUp,
}

/// A refusal of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status, 400-699.
    pub status: u16,
    /// Retry-After, for 503.
    pub retry_after: Option<Duration>,
    /// A sentence for the Warning header or log.
    pub why: &'static str,
}

/// A call to place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Our name for it.
    pub call: CallId,
    /// The next hop.
    pub destination: SocketAddr,
    /// How to get there.
    pub transport: Transport,
    /// The Request-URI and To URI.
    pub target: String,
    /// The From user part.
    pub from: String,
    /// Further headers, complete lines without line ends ("Diversion: <sip:...>").
    pub headers: Vec<(String, String)>,
    /// Our offer.
    pub offer: Offer,
}

/// What the layers above ask of SIP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Say that the call is being worked on (180).
    Ring(CallId),
    /// Take the call: 200 with this description (answer, or offer where the INVITE had none).
    Answer {
        /// Which call.
        call: CallId,
        /// Our description.
        description: Offer,
    },
    /// Refuse the call.
    Refuse {
        /// Which call.
        call: CallId,
        /// With what.
        refusal: Refusal,
    },
    /// Send the caller elsewhere before the answer (302).
    Redirect {
        /// Which call.
        call: CallId,
        /// The new target URI.
        target: String,
    },
    /// Accept a re-INVITE or UPDATE.
    AnswerAgain {
        /// Which call.
        call: CallId,
        /// Our description.
        description: Offer,
    },
    /// Refuse a re-INVITE or UPDATE; the session goes on as before.
    RefuseAgain {
        /// Which call.
        call: CallId,
        /// With what.
        refusal: Refusal,
    },
    /// Hang up.
    Bye(CallId),
    /// Everything the BYE of the peer had to wait for is done: answer it with 200.
    ByeDone(CallId),
    /// What the BYE of the peer had to wait for failed: answer it with 500. The call is over all
    /// the same; only 200 promises that its message is kept.
    ByeFailed(CallId),
    /// Hand an answered call to another target (REFER, RFC 3515), then hang up.
    Transfer {
        /// Which call.
        call: CallId,
        /// The new target URI.
        target: String,
    },
    /// Place a call.
    Place(Place),
    /// Give a placed call up before its answer (CANCEL).
    Cancel(CallId),
    /// Take a subscription: 200, and a NOTIFY at once.
    AcceptSubscription {
        /// Which subscription.
        subscription: SubscriptionId,
        /// The message summary; `None` while nothing is known.
        body: Option<String>,
    },
    /// Refuse a subscription.
    RefuseSubscription {
        /// Which subscription.
        subscription: SubscriptionId,
        /// With what.
        refusal: Refusal,
    },
    /// Tell a subscriber the new state. While an earlier NOTIFY is not answered the newest state
    /// waits, and those between are never sent.
    Notify {
        /// Which subscription.
        subscription: SubscriptionId,
        /// The message summary (RFC 3842 section 5.2).
        body: String,
    },
    /// Tell a peer a state unasked. Answered by `PeerNotified`.
    NotifyPeer(Notice),
    /// Take a call or subscription in, that of a device that proved to be it or anybody's.
    Admit {
        /// Which request.
        claim: ClaimId,
        /// Who sent it.
        who: Option<Box<Authenticated>>,
    },
    /// Whoever sent a request is to prove who they are (401).
    Challenge {
        /// Which request.
        claim: ClaimId,
        /// How.
        challenge: Challenge,
    },
    /// Refuse a request that waits.
    RefuseClaim {
        /// Which request.
        claim: ClaimId,
        /// With what.
        refusal: Refusal,
    },
    /// A REGISTER asks for less time than is given (423).
    TooBrief {
        /// Which request.
        claim: ClaimId,
        /// The least.
        least: Duration,
    },
    /// A REGISTER did what it asked for (200).
    Bound {
        /// Which request.
        claim: ClaimId,
        /// What is bound now.
        bound: Vec<Bound>,
        /// Whether the flow is kept (RFC 5626 section 6).
        outbound: bool,
    },
}
