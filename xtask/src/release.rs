//! Release builds of programs that watch live.

use std::process::Command;

use anyhow::bail;

use crate::host::{self, Rights};
use crate::{process, project};

/// Built into holdup: the commit that its recordings name.
const COMMIT: &str = "HOLDUP_COMMIT";

/// Builds holdup and `package` as a user would; gives the rights to run them with. `what` is what cannot run without.
///
/// # Errors
/// When this host or these rights do not allow live capture, or the build fails.
pub fn build(what: &str, package: &str) -> anyhow::Result<Rights> {
    let rights = rights(what)?;
    process::run(&mut command(package))?;
    Ok(rights)
}

/// Likewise, with the commit built in.
///
/// # Errors
/// As [`build`].
pub fn build_of(what: &str, package: &str, commit: &str) -> anyhow::Result<Rights> {
    let rights = rights(what)?;
    process::run(command(package).env(COMMIT, commit))?;
    Ok(rights)
}

fn rights(what: &str) -> anyhow::Result<Rights> {
    match host::live() {
        Ok(rights) => Ok(rights),
        Err(why) => bail!("{what} cannot run: {why}"),
    }
}

fn command(package: &str) -> Command {
    let mut build = Command::new(project::cargo());
    build.current_dir(project::root());
    build.args([
        "build",
        "--release",
        "--package",
        "holdup",
        "--package",
        package,
        "--bins",
    ]);
    build
}
