//! The conversations of the IVR: what is said, what each key does, what hanging up means.
//!
//! A flow is a machine of typed states. [`Event`]s go in, [`Effect`]s come out; it has no clock,
//! socket, disk or identifier source. The [`call`](crate::call) layer carries the effects out and
//! brings their outcome back as the next event.
//!
//! Rank 3. Requirements: the user manual, sections 6.1 to 6.3.

mod vocabulary;

pub use vocabulary::{
    Effect, Effects, Event, KeepFault, KeyPolicy, LogIn, LogInVerdict, PlayFault, RecordingDone,
};
