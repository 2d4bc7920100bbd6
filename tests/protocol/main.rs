//! Protocol tests: the SIP machine and a telephone made of text, in virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod sip;
