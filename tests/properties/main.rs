//! Property tests: machines of Belpost against reference models, random inputs and failing disks.

// These tests stop at the first thing that is not as it should be; helpers are no #[test]s.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod legs_crash;
mod marks;
mod mime;
mod one_profile;
mod rounds;
mod services;
mod spool_crash;
mod twin;
