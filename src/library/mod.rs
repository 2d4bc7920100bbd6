//! The prompt library: clips of every installed language, decoded and encoded for the wire.
