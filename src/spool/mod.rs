//! The spool: takes on disk, commit, crash recovery and the outbox.
