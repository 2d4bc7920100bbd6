//! Wiring: from a configuration to a running server, and its orderly end.
//!
//! Threads: the signalling task (this one), media workers, the disk thread of the spool, the
//! delivery thread, the mailbox thread, the passcode thread, the watch over the prompts and the
//! thread that changes them, the writer of the call event log, the writer of the cleared lamps, the
//! threads that change and read what subscribers have set, the web page and its jobs.
//! `ARCHITECTURE.md` shows who hands what to whom.

mod address;
mod clock;
mod codes;
mod delivery;
mod edges;
mod greeting_mirror;
mod log_ins;
mod owners_words;
mod post;
mod prompt_desk;
mod prompts;
mod rules;
mod sending;
mod services_desk;
mod services_orders;
mod signalling;
mod start;
mod state_file;
mod telling;
mod web;

pub use address::towards as address_towards;
pub use clock::Clock;
pub use codes::{CodesFault, codes, codes_of, taken};
pub use log_ins::{LogInsFault, WAITING_MAX};
pub use rules::{MenusFault, menus, menus_of};
pub use services_desk::DeskFault;
pub use signalling::DRAIN;
pub use start::{Server, StartFault};

use crate::config::Config;
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

/// Runs a server until SIGINT or SIGTERM, then ends it in order: present calls are told, their
/// recordings kept. `ready` is called once calls are taken, with the addresses.
pub fn run(config: &Config, ready: impl FnOnce(&Server)) -> Result<(), StartFault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let server = Server::start(config).await?;
        ready(&server);
        tokio::select! {
            _ = terminate.recv() => info!("told to end (SIGTERM)"),
            _ = interrupt.recv() => info!("told to end (SIGINT)"),
        }
        server.stop().await;
        Ok(())
    })
}
