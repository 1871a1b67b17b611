//! `cargo xtask demo`: builds holdup and lets it show itself.

use std::process::Command;

use crate::{host, process, project};

/// Arguments of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// The built-in workload to run.
    #[arg(default_value = "goldsky")]
    scenario: String,
    /// Passed on to `holdup demo` (`--fixed`, `--duration 20s`).
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    more: Vec<String>,
}

/// Builds with the profile that is soon built and runs the scenario; holdup itself falls back to the recording.
///
/// # Errors
/// When the build or the demo fails.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    process::run(
        Command::new(project::cargo())
            .current_dir(project::root())
            .args(["build", "--profile", "demo", "--package", "holdup"]),
    )?;
    let holdup = project::built("demo", "holdup");
    let mut command = match host::live() {
        Ok(rights) => rights.command(holdup),
        Err(why) => {
            eprintln!("{why}: from the recording");
            Command::new(holdup)
        }
    };
    process::run(
        command
            .arg("demo")
            .arg(&arguments.scenario)
            .args(&arguments.more),
    )
}
