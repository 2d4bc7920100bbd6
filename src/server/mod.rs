//! Wiring: configuration to a running server and its orderly end.
