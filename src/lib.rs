//! Belpost: an IVR voice portal and voicemail media server.
//!
//! The core decides, the edge does: modules of rank 0-4 are values and machines without sockets,
//! files, clocks or tasks; rank 5 and 6 hold those. `ARCHITECTURE.md` shows the map and
//! `tests/architecture.rs` enforces it.

// Rank 0
pub mod base;
// Rank 1
pub mod audio;
pub mod mime;
pub mod rtp;
pub mod sdp;
// Rank 2
pub mod feature;
pub mod mailbox;
pub mod prompt;
pub mod sip;
pub mod subscriber;
// Rank 3
pub mod flow;
pub mod lamp;
pub mod media;
pub mod registrar;
// Rank 4
pub mod call;
// Rank 5
pub mod decoder;
pub mod deliver;
pub mod directory;
pub mod engine;
pub mod library;
pub mod observe;
pub mod spool;
pub mod transport;
// Rank 6
pub mod cli;
pub mod config;
pub mod selftest;
pub mod server;
pub mod web;
