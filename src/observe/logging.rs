//! The log: what happens, for whoever runs the server, on standard error.
//!
//! Levels: TRACE each packet, DEBUG each decision, INFO each milestone of a call, WARN somebody
//! should look, ERROR a message is at risk. Numbers and keys pass through
//! [`Pii`](crate::base::Pii); a passcode never reaches a log.

use std::io::{IsTerminal, stderr};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::TryInitError;

/// How much is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogLevel {
    /// A message is at risk.
    Error,
    /// Somebody should look.
    Warn,
    /// Milestones of calls.
    Info,
    /// Decisions.
    Debug,
    /// Packets.
    Trace,
}

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line, for a log collector.
    Json,
}

impl LogLevel {
    /// Every level by its name.
    pub const NAMES: [(&'static str, LogLevel); 5] = [
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];

    fn name(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

impl LogFormat {
    /// Every form by its name.
    pub const NAMES: [(&'static str, LogFormat); 2] =
        [("text", LogFormat::Text), ("json", LogFormat::Json)];
}

/// Logging was already started in this process.
#[derive(Debug, thiserror::Error)]
#[error("logging has already been started")]
pub struct AlreadyLogging(#[from] TryInitError);

/// Starts logging for the whole process. Libraries write from WARN on only.
pub fn start_logging(level: LogLevel, format: LogFormat) -> Result<(), AlreadyLogging> {
    use tracing_subscriber::fmt;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;

    let filter = EnvFilter::new(directives(level));
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Text => registry
            .with(
                fmt::layer()
                    .with_writer(stderr)
                    .with_target(false)
                    .with_ansi(stderr().is_terminal()),
            )
            .try_init()?,
        LogFormat::Json => registry
            .with(fmt::layer().with_writer(stderr).json())
            .try_init()?,
    }
    Ok(())
}

fn directives(level: LogLevel) -> String {
    let libraries = match level {
        LogLevel::Error => "error",
        LogLevel::Warn | LogLevel::Info | LogLevel::Debug | LogLevel::Trace => "warn",
    };
    format!("{libraries},belpost={}", level.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_stay_quiet_at_every_level() {
        assert_eq!(directives(LogLevel::Trace), "warn,belpost=trace");
        assert_eq!(directives(LogLevel::Error), "error,belpost=error");
        for (name, level) in LogLevel::NAMES {
            assert_eq!(level.name(), name);
            assert!(EnvFilter::try_new(directives(level)).is_ok());
        }
    }
}
