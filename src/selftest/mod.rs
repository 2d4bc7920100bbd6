//! The self-test caller: a real call that leaves a message and hears it back.
