//! `cargo xtask dist`: one static binary to hand out, which runs on any Linux of this architecture.
//!
//! It is linked with musl, so that no system's C library must match. What is built into it in C (zstd) needs musl's compiler.

use std::env::consts::ARCH;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::{process, project, tools};

/// The profile, and its folder: stripped.
const PROFILE: &str = "dist";
/// A binary larger than this fails, bytes.
const MAX_SIZE: u64 = 20_000_000;

/// Rust's name for this machine with musl.
pub fn target() -> String {
    format!("{ARCH}-unknown-linux-musl")
}

/// Builds the binary, puts it into `dist/` with version and target in its name, and runs it once.
///
/// # Errors
/// When the tools are not there, the build fails, or the binary is too large or does not run.
pub fn run() -> anyhow::Result<()> {
    let target = target();
    if let Some(lacking) = lacking(&target) {
        bail!("{lacking} is missing: `cargo xtask setup --dist` installs what is needed");
    }
    let mut build = Command::new(project::cargo());
    build.current_dir(project::root());
    build.args(["build", "--profile", PROFILE, "--package", "holdup"]);
    process::run(build.args(["--target", &target]))?;

    let folder = project::root().join("dist");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let version = env!("CARGO_PKG_VERSION");
    let file = folder.join(format!("holdup-{version}-{target}"));
    let built = project::built(&format!("{target}/{PROFILE}"), "holdup");
    let size = fs::copy(&built, &file)
        .with_context(|| format!("cannot copy {} to {}", built.display(), file.display()))?;
    if size > MAX_SIZE {
        bail!("{} has {size} bytes, more than {MAX_SIZE}", file.display());
    }
    let said = process::output(Command::new(&file).arg("--version"))?;
    println!("{}: {}, {size} bytes", file.display(), said.trim());
    Ok(())
}

/// What is not there of what the build needs.
fn lacking(target: &str) -> Option<String> {
    if tools::found("musl-gcc").is_none() {
        return Some("musl-gcc".to_owned());
    }
    (!has_library(target)).then(|| format!("Rust's standard library for {target}"))
}

/// The compiler has a standard library for `target`.
pub fn has_library(target: &str) -> bool {
    let folder = process::output(Command::new("rustc").current_dir(project::root()).args([
        "--print",
        "target-libdir",
        "--target",
        target,
    ]));
    folder.is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}
