//! The spool: takes on disk, commit, crash recovery and the outbox.

mod intake;

pub use intake::{Intake, REQUESTS_MAX, Refused, Report, Request, TakeFault};
