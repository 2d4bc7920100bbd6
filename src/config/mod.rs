//! Typed configuration: every fault reported at once, with its line.
