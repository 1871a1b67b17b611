//! Clients for Node that the distribution has none of.

use std::process::Command;

use crate::{process, tools};

/// The client of PostgreSQL, by its major version.
const CLIENT: &str = "pg@8";

/// Installs it for all; gives what is missing.
pub fn install() -> anyhow::Result<Option<String>> {
    if tools::found("npm").is_none() {
        return Ok(Some(format!("npm: the workload with {CLIENT} cannot run")));
    }
    let mut check = Command::new("npm");
    check.args(["list", "--global", "--depth=0", CLIENT]);
    if check.output().is_ok_and(|output| output.status.success()) {
        println!("{CLIENT}: installed");
        return Ok(None);
    }
    let mut command = Command::new("npm");
    command.args(["install", "--global", "--no-audit", "--no-fund", CLIENT]);
    process::run(&mut command)?;
    Ok(None)
}
