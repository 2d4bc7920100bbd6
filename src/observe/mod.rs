//! What operators see: logs and the call event log.
