//! One call's media: what it plays, hears and records, as a machine without a socket or clock.
//!
//! Commands and RTP datagrams go in; RTP datagrams and events come out, one packet a tick.
//! The [`engine`](crate::engine) gives it sockets and ticks; tests give it virtual time.

mod session;
mod vocabulary;

pub use session::{Dbm0, Params, Session};
pub use vocabulary::{
    Command, Event, PlayItem, RecordEnd, RecordLimits, Recorded, Remote, Seek, TakeSink,
    TakeSinkFull,
};
