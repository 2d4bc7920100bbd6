//! The self-test caller: real calls that leave a message and hear it back.
//!
//! It acts as the outside does: a diverted caller who speaks and reviews, then the subscriber who
//! logs in and listens with skips. Every step is judged by sound: what comes back is compared
//! with what was said, and a skip shows as a jump in the position of the speech. The first step
//! that does not hold names the hop that failed, and a hang-up of the server ends the test at once.
//!
//! What it proves: a diverted call is answered, heard, recorded, played back, kept and delivered;
//! its owner is let in, hears the same sound, skips, pauses and ends it. What it does not: that the
//! portal counts the message as saved afterwards, for it does not understand words.

pub mod hearing;
mod phone;
mod script;

pub use phone::{LineState, Phone, PhoneFault};
pub use script::{Failure, Report, Step, Subject, run};
