//! SIP without sockets: messages, transactions (RFC 3261 section 17) and dialogs (section 12).
//!
//! Datagrams, commands and the time go in; datagrams and events come out. Parsing and printing
//! are the SIP library's; no type of it leaves this module.

mod address;
mod body;
mod call;
mod client;
mod config;
mod credentials;
mod deadline;
mod dialog;
mod entropy;
mod headers;
mod identity;
mod machine;
mod message;
mod method;
mod outgoing;
mod registration;
mod reply;
mod server;
mod session_timer;
mod subscription;
mod via;
mod vocabulary;
mod wire;

pub use config::{
    Advertised, Config, MAX_HEADERS, MAX_MESSAGE, Network, NetworkFault, PLACED_CALLS_FROM,
};
pub use credentials::{Challenge, Credentials};
pub use machine::Machine;
pub use registration::{
    Authenticated, Bound, Claim, ClaimId, Contact, REGISTER_CONTACTS_MAX, Reach, Register, Wanted,
    Way, Wish,
};
pub use vocabulary::{
    Address, Command, DeviceOf, Diversion, EndReason, Event, HistoryEntry, Invite, Notice,
    NoticeFault, NoticeId, Offer, Place, Refusal, Subscribe, SubscriptionEnd, SubscriptionId,
    Transport,
};
pub use wire::{Arrival, ConnectionId, Transmit};
