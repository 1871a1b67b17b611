//! `cargo xtask accuracy`: runs the zoo and writes docs/ACCURACY.md from what came of it.

use crate::{process, project, release};

/// The page, below the project's folder.
const FILE: &str = "docs/ACCURACY.md";

/// Arguments of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Passed on to the runner (`--quick`, `--seed 1 --seed 2 --seed 3`; `cargo xtask zoo --help` lists them).
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    more: Vec<String>,
}

/// Builds holdup and the runner as a user would, runs it with the rights it needs, and leaves the page.
///
/// # Errors
/// When this host or these rights do not allow it, or something falls short; the page says what.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let rights = release::build("the zoo", "zoo")?;
    let mut command = rights.command(project::built("release", "zoo"));
    command.arg("--accuracy").arg(project::root().join(FILE));
    process::run(command.args(&arguments.more))
}
