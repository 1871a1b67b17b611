//! `cargo xtask zoo`: the labelled workloads, each report held against the workload's own truth.

use std::process::Command;

use anyhow::bail;

use crate::{host, process, project};

/// Arguments of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Passed on to the runner (`--quick`, `--case NAME`, `--seed N`; `--help` lists them).
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    more: Vec<String>,
}

/// Builds holdup and the runner as a user would, and runs it with the rights it needs.
///
/// # Errors
/// When this host or these rights do not allow it, or something falls short.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let rights = match host::live() {
        Ok(rights) => rights,
        Err(why) => bail!("the zoo cannot run: {why}"),
    };
    let mut build = Command::new(project::cargo());
    build.current_dir(project::root());
    process::run(build.args([
        "build",
        "--release",
        "--package",
        "holdup",
        "--package",
        "zoo",
        "--bins",
    ]))?;
    process::run(
        rights
            .command(project::built("release", "zoo"))
            .args(&arguments.more),
    )
}
