//! Whose telephone it is, and where it is: digest answers checked, bindings kept (RFC 3261 sections
//! 10 and 22, RFC 7616, RFC 8760, RFC 5626).
//!
//! [`Registrar`] is a machine: REGISTERs, and calls and subscriptions of whom nobody vouches, go in
//! with the time; [`Command`]s come out. Laws, held against a model and by example in `laws`:
//! 1. nobody is let in without a right answer to a nonce of this server that was given to that very
//!    address, is not too old, and was not used with that count before;
//! 2. a wrong name and a wrong password are answered alike, octet for octet but for the nonce, and
//!    with the same work;
//! 3. wrong answers ban the address they come from, for a while that grows. Only an answer to a nonce
//!    that was given to that address counts, so nobody can have another address banned; a device that
//!    is bound from a banned address is let through, until it is wrong itself; and wherever else the
//!    device is, no ban concerns it;
//! 4. during a ban nothing is looked at: right and wrong get the challenge that wrong ones get, and
//!    do not prolong it;
//! 5. bindings belong to a device: it sees and removes its own and no others;
//! 6. a REGISTER does all it asks for or nothing; one that is older than what is bound does nothing
//!    (section 10.3 steps 6 and 7);
//! 7. what changes is said once, and a binding ends when its time does;
//! 8. every table has a bound.
//!
//! Rank 3. Not here: SIP (the SIP machine), passwords (`subscriber::Device`, which keeps none),
//! storing and sharing what is bound (the edge, which is told of every [`Change`]).

mod bindings;
mod digest;
mod guard;
#[cfg(test)]
mod laws;
mod machine;
mod nonce;

pub use bindings::{Binding, BindingId, Change, Gone};
pub use machine::{Registrar, Rules};

use crate::sip;

/// What the registrar wants of the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// To the SIP machine.
    Sip(sip::Command),
    /// What is bound changed here: to be stored, and told to whoever reaches telephones.
    Changed(Change),
    /// What is bound was brought from elsewhere: to be told to whoever reaches telephones.
    Seen(Change),
}
