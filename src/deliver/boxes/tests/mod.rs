//! The mailboxes over stores in memory and real folders, with an outbox in memory.

mod keeping;
mod mailboxes;
mod memory;
mod truth;
mod watching;
