//! `cargo xtask zoo`: the labelled workloads, each report held against the workload's own truth.

use crate::{process, project, release};

/// Arguments of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Profile of cargo to build by; `demo` is soon built.
    #[arg(long, value_name = "NAME", value_parser = ["release", "demo"], default_value = "release")]
    profile: String,
    /// Passed on to the runner (`--quick`, `--case NAME`, `--seed N`; `--help` lists them).
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    more: Vec<String>,
}

/// Builds holdup and the runner, as a user would unless another profile is named, and runs it with the rights it needs.
///
/// # Errors
/// When this host or these rights do not allow it, or something falls short.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let rights = release::build_by(&arguments.profile, "the zoo", "zoo")?;
    process::run(
        rights
            .command(project::built(&arguments.profile, "zoo"))
            .args(&arguments.more),
    )
}
