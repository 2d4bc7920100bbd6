//! The `belpost` command.

fn main() {}
