//! Release builds of programs that watch live.

use std::process::Command;

use anyhow::bail;

use crate::host::{self, Rights};
use crate::{process, project};

/// Builds holdup and `package` as a user would; gives the rights to run them with. `what` is what cannot run without.
///
/// # Errors
/// When this host or these rights do not allow live capture, or the build fails.
pub fn build(what: &str, package: &str) -> anyhow::Result<Rights> {
    let rights = match host::live() {
        Ok(rights) => rights,
        Err(why) => bail!("{what} cannot run: {why}"),
    };
    let mut build = Command::new(project::cargo());
    build.current_dir(project::root());
    process::run(build.args([
        "build",
        "--release",
        "--package",
        "holdup",
        "--package",
        package,
        "--bins",
    ]))?;
    Ok(rights)
}
