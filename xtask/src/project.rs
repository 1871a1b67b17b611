//! Where things are in this project.

use std::path::PathBuf;
use std::process::Command;

use crate::process;

/// The folder of the workspace: where cargo found this package, else where it was built.
pub fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR");
    let manifest =
        manifest.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.parent().unwrap_or(&manifest).to_owned()
}

/// Cargo's target folder: `CARGO_TARGET_DIR`, else `target`.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// A program as cargo builds it, by the folder of its profile (`debug`, `release`).
pub fn built(profile_folder: &str, program: &str) -> PathBuf {
    target().join(profile_folder).join(program)
}

/// The commit that is checked out, with `-dirty` where anything but recordings differs from it: those are none of the program that records.
///
/// # Errors
/// When this is no work tree of git's.
pub fn commit() -> anyhow::Result<String> {
    let git = |line: &str| {
        let mut command = Command::new("git");
        process::output(command.current_dir(root()).args(line.split(' ')))
    };
    let commit = git("rev-parse --short=12 HEAD")?;
    let changes = git("status --porcelain -- . :!tests/traces :!tracer-user/demo")?;
    let end = if changes.trim().is_empty() {
        ""
    } else {
        "-dirty"
    };
    Ok(format!("{}{end}", commit.trim()))
}

/// The cargo that started this task, so that the same toolchain builds everything.
pub fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}
