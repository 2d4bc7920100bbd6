//! `belpost serve` and `belpost self-test`.

use super::arguments::SelfTestArgs;
use super::fault::CliFault;
use crate::config::{load, warnings};
use crate::observe::start_logging;
use std::path::Path;

/// Runs the server until it is told to end.
pub(super) fn serve(file: Option<&Path>) -> Result<(), CliFault> {
    let config = load(file)?;
    start_logging(config.log.level, config.log.format)?;
    for warning in warnings(&config) {
        tracing::warn!("{warning}");
    }
    Err(CliFault::NotBuilt("serve"))
}

/// Calls a running server and judges what comes back.
pub(super) fn self_test(args: &SelfTestArgs) -> Result<(), CliFault> {
    load(args.config.as_deref())?;
    Err(CliFault::NotBuilt("self-test"))
}
