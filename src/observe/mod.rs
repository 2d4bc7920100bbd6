//! What operators see: logs and the call event log.
//!
//! In: events of the running server. Out: log lines on standard error, and a file with one JSON
//! object for each thing that happened in a call. Nothing here decides anything.

mod events;
mod logging;

pub use events::{CallEvent, EventLog, QUEUE_MAX, TakeStep};
pub use logging::{AlreadyLogging, LogFormat, LogLevel, start_logging};
