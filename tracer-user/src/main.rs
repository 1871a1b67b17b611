//! The `holdup` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    holdup::cli::main()
}
