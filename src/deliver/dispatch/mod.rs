//! The dispatch of messages: who goes where next, by which courier, and what came of it.
//!
//! In: what waits in the outbox, what couriers answer, the clock. Out: each message with a fate on
//! each of its ways, notices of what went wrong, and counters. One thread schedules; a few workers
//! run the errands and wait for disks and servers.
//!
//! Laws: each mailbox gets its messages in the order they were left, on each way of its own; a
//! target that is down holds up no other; a message that cannot go ends as a dead letter, and
//! somebody is told of it.
//!
//! `deliverer` starts and ends the threads, `schedule` is the scheduling one, `errands` the work of
//! a worker; `couriers` says who takes a message which way. Pure, in virtual time: `rounds` decides
//! the next trip over all targets, `lanes` keeps what waits for one of them, `breaker` asks one
//! that is down seldom, `retry` holds the waits, `notices` who is told.
//!
//! Not here: the couriers themselves ([`Maildir`](super::Maildir),
//! [`ImapCourier`](super::ImapCourier), [`MailCourier`](super::MailCourier)).

mod breaker;
mod couriers;
mod deliverer;
mod errands;
mod lanes;
mod notices;
mod retry;
mod rounds;
mod schedule;
#[cfg(test)]
mod tests;

pub use breaker::{FAILURES_TO_OPEN, PROBE_EVERY};
pub use couriers::Couriers;
pub use deliverer::{Deliverer, Event, Statistics};
pub use lanes::Setback;
pub use notices::{DeadLetter, FullMailbox, Notice, Notify};
pub use retry::{retry_after, slow_retry_after};
pub use rounds::{Bounds, Lapse, Rounds, Target, Trip};
