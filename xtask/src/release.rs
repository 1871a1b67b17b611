//! Release builds of programs that watch live.

use std::process::Command;

use anyhow::bail;

use crate::host::{self, Rights};
use crate::{process, project};

/// The profile of what a user runs.
const RELEASE: &str = "release";
/// Built into holdup: the commit that its recordings name.
const COMMIT: &str = "HOLDUP_COMMIT";

/// Builds holdup and `package` as a user would; gives the rights to run them with. `what` is what cannot run without.
///
/// # Errors
/// When this host or these rights do not allow live capture, or the build fails.
pub fn build(what: &str, package: &str) -> anyhow::Result<Rights> {
    build_by(RELEASE, what, package)
}

/// Likewise, by another profile of cargo.
///
/// # Errors
/// As [`build`].
pub fn build_by(profile: &str, what: &str, package: &str) -> anyhow::Result<Rights> {
    let rights = rights(what)?;
    process::run(&mut command(profile, package))?;
    Ok(rights)
}

/// Likewise, with the commit built in.
///
/// # Errors
/// As [`build`].
pub fn build_of(what: &str, package: &str, commit: &str) -> anyhow::Result<Rights> {
    let rights = rights(what)?;
    process::run(command(RELEASE, package).env(COMMIT, commit))?;
    Ok(rights)
}

fn rights(what: &str) -> anyhow::Result<Rights> {
    match host::live() {
        Ok(rights) => Ok(rights),
        Err(why) => bail!("{what} cannot run: {why}"),
    }
}

fn command(profile: &str, package: &str) -> Command {
    let mut build = Command::new(project::cargo());
    build.current_dir(project::root());
    build.args(["build", "--profile", profile, "--bins"]);
    build.args(["--package", "holdup"]);
    if package != "holdup" {
        build.args(["--package", package]);
    }
    build
}
