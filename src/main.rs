//! The `belpost` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    belpost::cli::main()
}
