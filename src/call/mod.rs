//! Calls: where each one goes, what it says and records, and the switch that owns them all.
//!
//! Rank 4: no socket, clock, task or file. What SIP, media, spool, mailbox and clock report goes
//! in; [`Command`]s for them come out. The product runs here in virtual time in the scenarios.

mod arrival;
mod diagnostic;
mod leg;
mod lockout;
mod route;
mod session;
mod switch;
mod vocabulary;
mod voice;

pub use diagnostic::key_frequency;
pub use leg::Abilities;
pub use route::{DIVERSIONS_MAX, Diagnostic, MailboxFrom, Route, Routing, route};
pub use session::{CHANGE_PATIENCE, PATIENCE, RECORDING_PATIENCE, TYPE_AHEAD_MAX};
pub use switch::{BUSY_RETRY, Rules, Switch};
pub use vocabulary::{
    ChangeOrder, ChangeWork, Command, Door, Milestone, Parcel, PromptOrder, PromptWork, SendOrder,
    TakeCommand,
};
