//! One call's media: what it plays, hears and records, as a machine without a socket or clock.
//!
//! Commands and RTP datagrams go in; RTP datagrams and events come out, one packet a tick.
//! The [`engine`](crate::engine) gives it sockets and ticks; tests give it virtual time.
//!
//! Laws: foreign packets change nothing; one press is one key; a take is handed out whole before
//! it is reported; a position in a play list is a sample, whatever codec or packet length sends
//! it; nothing is allocated per packet.
//!
//! Specs: RFC 3550, RFC 3551, RFC 4733. Codec choice is not here (see [`sdp`](crate::sdp)), nor is
//! what a key means.

mod ear;
mod echo;
mod gate;
mod key_ways;
mod loudness;
mod play_list;
mod recording;
mod sender;
mod session;
mod stretch;
mod vocabulary;

pub use loudness::Dbm0;
pub use session::{Params, Session, Statistics};
pub use vocabulary::{
    Command, Event, PlayItem, RecordEnd, RecordLimits, Recorded, Remote, Seek, Speed, TakeSink,
    TakeSinkFull,
};

#[cfg(test)]
mod session_laws;
