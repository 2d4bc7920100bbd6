//! The mailboxes as the telephone has them: what is kept and what is on its way, as one.
//!
//! In: questions of calls, changes by other programs, the clock. Out: answers, tallies for lamps
//! and limits, and messages removed when their time is over. Everything that may wait for a disk or
//! a mail server has threads of its own.
//!
//! `stores` names the store of each subscriber, `truth` merges it with the outbox, `others` tells
//! what other programs did, `belief` what a mailbox out of reach holds; `mailboxes` answers
//! questions, `lanes` keeps them in line, `reach` says which server nobody waits for; `watch` and
//! `post` look for changes, `schedule` says when; `keeping` removes what was kept long enough;
//! `fullness` is what a call may ask at once.

mod belief;
mod fullness;
mod keeping;
mod lanes;
mod mailboxes;
mod others;
mod post;
mod reach;
mod schedule;
mod stores;
#[cfg(test)]
mod tests;
mod truth;
mod watch;

pub use fullness::Fullness;
pub use keeping::Keeping;
pub use mailboxes::{Mailboxes, QUESTIONS_MAX, WAIT_MAX};
pub use stores::Stores;
pub use truth::{Truth, Wall};
pub use watch::Watches;
