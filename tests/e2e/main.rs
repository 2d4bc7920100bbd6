//! End-to-end tests: the real server process on loopback, with real telephones.
//!
//! SIPp, baresip and linphonec are the telephones, and one made by hand for what those cannot do;
//! Chromium shows the web page;
//! Dovecot and aiosmtpd are the mail servers, Kamailio the PBX in front.
//! Mailboxes and logs are read from the disk, without the server's own code.

// These tests stop at the first thing that is not as it should be; helpers are no #[test]s.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod access;
mod agreement;
mod caller;
mod codes;
mod crash;
mod decoder;
mod diverted;
mod dovecot;
mod figures;
mod first_message;
mod greetings_folder;
mod harness;
mod http;
mod imap;
mod kamailio;
mod lamp;
mod language;
mod limits;
mod linphone;
mod operator;
mod operator_prompts;
mod owner;
mod owner_greetings;
mod owner_log_in;
mod owner_messages;
mod owner_sending;
mod page;
mod portal;
mod posted;
mod prompts;
mod quota;
mod reaching;
mod recording;
mod refusals;
mod registering;
mod renewal;
mod sending;
mod services;
mod smtp;
mod stalled;
mod steps;
mod storm;
