//! SIP without sockets: messages, transactions (RFC 3261 section 17) and dialogs (section 12).
//!
//! Datagrams, commands and the time go in; datagrams and events come out. Parsing and printing
//! are the SIP library's; no type of it leaves this module.

mod config;
mod frame;
mod machine;
mod vocabulary;

pub use config::{
    Advertised, Config, MAX_HEADERS, MAX_MESSAGE, Network, NetworkFault, PLACED_CALLS_FROM,
};
pub use frame::{Frame, frame};
pub use machine::{Arrival, ConnectionId, Machine, Transmit};
pub use vocabulary::{
    Address, Command, Diversion, EndReason, Event, HistoryEntry, Invite, Offer, Place, Refusal,
    Transport,
};
