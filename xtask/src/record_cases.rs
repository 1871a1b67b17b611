//! `cargo xtask record-cases`: makes the recorded traces of the zoo's cases anew, each with its truth beside it.

use crate::{process, project, release};

/// Where the traces lie, below the project's folder.
const FOLDER: &str = "tests/traces";

/// Arguments of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only these cases; else all (`cargo xtask zoo --list` names them)
    #[arg(value_name = "NAME")]
    cases: Vec<String>,
    /// Seed of their parameters
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Builds holdup and the runner as a user would, and records.
///
/// # Errors
/// When this host or these rights do not allow it, or a recording is not what its truth says; an earlier one then stays.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let commit = project::commit()?;
    let rights = release::build_of("record-cases", "zoo", &commit)?;
    let mut command = rights.command(project::built("release", "zoo"));
    command.args(["--seed", &arguments.seed.to_string(), "--record"]);
    command.arg(project::root().join(FOLDER));
    for case in &arguments.cases {
        command.args(["--case", case]);
    }
    process::run(&mut command)
}
