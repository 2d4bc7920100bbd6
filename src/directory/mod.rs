//! Where subscribers are loaded from.
