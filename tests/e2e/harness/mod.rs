//! What the end-to-end tests are made of: the server as a process of its own, telephones of
//! several makes, and mailboxes and logs read from the disk.
//!
//! Laws: every port is free when chosen and belongs to one test; every wait has a deadline; a
//! process started here is ended here, by its id. Nothing is shared between tests.

pub(crate) mod baresip;
pub(crate) mod browser;
pub(crate) mod call;
pub(crate) mod dovecot;
pub(crate) mod events;
pub(crate) mod http;
pub(crate) mod lamp;
pub(crate) mod letter;
pub(crate) mod linphone;
pub(crate) mod mailbox;
pub(crate) mod person;
pub(crate) mod ports;
pub(crate) mod post;
pub(crate) mod process;
pub(crate) mod registrar;
pub(crate) mod server;
pub(crate) mod setup;
pub(crate) mod sip;
pub(crate) mod sipp;
pub(crate) mod smtp;
pub(crate) mod sound;
pub(crate) mod voice;
pub(crate) mod wait;
pub(crate) mod wire;

pub(crate) use call::{Call, Dial};
pub(crate) use person::Person;
pub(crate) use server::Server;
pub(crate) use setup::Setup;
pub(crate) use wait::{eventually, seconds};
