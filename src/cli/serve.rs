//! `belpost serve`.

use super::fault::CliFault;
use crate::config::{load, warnings};
use crate::observe::start_logging;
use crate::server;
use crate::sip::Transport;
use std::io::Write;
use std::path::Path;

/// Runs the server until it is told to end. Where it listens is printed once it takes calls, one
/// address a line, so that a script may wait for it and read ports the system chose.
pub(super) fn run(file: Option<&Path>, out: &mut dyn Write) -> Result<(), CliFault> {
    let config = load(file)?;
    start_logging(config.log.level, config.log.format)?;
    for warning in warnings(&config) {
        tracing::warn!("{warning}");
    }
    server::run(&config, |server| {
        let sip = server.addresses().iter();
        let sip = sip.map(|(transport, address)| (name(*transport), *address));
        let web = server.web_address().map(|address| ("http", address));
        let lines = sip
            .chain(web)
            .try_for_each(|(name, address)| writeln!(out, "listening on {name}:{address}"));
        // A server whose output nobody reads goes on serving.
        if let Err(error) = lines.and_then(|()| out.flush()) {
            tracing::warn!(%error, "standard output is closed");
        }
    })?;
    Ok(())
}

fn name(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
    }
}
