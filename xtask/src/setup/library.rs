//! Rust's standard library for the binary to hand out, by rustup.

use std::process::Command;

use crate::{dist, process, project, tools};

/// Adds the library unless it is there; gives a sentence when it cannot be had.
///
/// # Errors
/// When rustup fails.
pub fn install() -> anyhow::Result<Option<String>> {
    let target = dist::target();
    if dist::has_library(&target) {
        println!("Rust's standard library for {target}: installed");
        return Ok(None);
    }
    let Some(rustup) = tools::found("rustup") else {
        return Ok(Some(format!(
            "Rust's standard library for {target} (no rustup here): `cargo xtask dist` cannot run"
        )));
    };
    process::run(
        Command::new(rustup)
            .current_dir(project::root())
            .args(["target", "add", &target]),
    )?;
    Ok(None)
}
