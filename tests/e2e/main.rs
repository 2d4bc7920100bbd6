//! End-to-end tests: the real thing against real servers and telephones on loopback.

// These tests stop at the first thing that is not as it should be; helpers are no #[test]s.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod dovecot;
