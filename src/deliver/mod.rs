//! Couriers: from the spool to the subscriber's mailbox, and the mailbox stores.
