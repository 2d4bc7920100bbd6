//! What operators see: logs, the call event log and the message ledger.
//!
//! In: events of the running server. Out: log lines on standard error, a file with one JSON object
//! for each thing that happened in a call, and files with one for each step of a message. Nothing
//! here decides anything.

mod events;
mod ledger;
mod logging;

pub use events::{CallEvent, EventLog, QUEUE_MAX, TakeStep};
pub use ledger::{Entry, LEDGER_QUEUE_MAX, LedgerFiles, read_ledger, read_message};
pub use logging::{AlreadyLogging, LogFormat, LogLevel, start_logging};
