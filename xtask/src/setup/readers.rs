//! Programs that read what holdup writes, for the tests of its traces and exports: in the project's target folder, gone with it.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::{process, project, tools};

/// The packages from PyPI, each by its version.
const PACKAGES: &str = "tests/readers/requirements.txt";
/// speedscope, whose own importer reads what is exported for it.
const SPEEDSCOPE: &str = "speedscope@1.25.0";
/// Where they are, below the target folder. The list of what is there is a copy of [`PACKAGES`].
const FOLDER: &str = "readers";

/// Installs them unless they are there; gives what is missing.
///
/// # Errors
/// When the list of packages cannot be read, or what was installed cannot be written down.
pub fn install() -> anyhow::Result<Vec<String>> {
    let list = project::root().join(PACKAGES);
    let wanted =
        std::fs::read_to_string(&list).with_context(|| format!("cannot read {PACKAGES}"))?;
    let folder = project::target().join(FOLDER);
    let stamp = folder.join("requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        println!("readers of traces and exports: {}", folder.display());
        return Ok(Vec::new());
    }
    let mut lacking = Vec::new();
    for (what, installed) in [
        ("from PyPI", python(&folder, &list)),
        ("from npm", speedscope(&folder)),
    ] {
        if let Err(error) = installed {
            lacking.push(format!(
                "readers of traces and exports {what} ({error:#}): their tests cannot run"
            ));
        }
    }
    if lacking.is_empty() {
        std::fs::write(&stamp, wanted)
            .with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    Ok(lacking)
}

/// An environment of Python with the packages of `list`.
fn python(folder: &Path, list: &Path) -> anyhow::Result<()> {
    let environment = folder.join("python");
    process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment),
    )?;
    let mut command = Command::new(environment.join("bin/python"));
    command.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    process::run(command.arg("--requirement").arg(list))
}

fn speedscope(folder: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(tools::found("npm").is_some(), "no npm here");
    let mut command = Command::new("npm");
    command.args(["install", "--no-audit", "--no-fund", "--prefix"]);
    process::run(command.arg(folder).arg(SPEEDSCOPE))
}
