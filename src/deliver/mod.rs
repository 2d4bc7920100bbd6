//! Couriers: from the spool to the subscriber's mailbox, and the mailbox stores.

mod vocabulary;

pub use vocabulary::{Answer, Answered, Blame, Busy, Fault, Question, Receipt, Retry, Token};
