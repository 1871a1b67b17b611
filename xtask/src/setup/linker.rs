//! bpf-linker, built against the LLVM of the compiler that builds the object.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::tools::{self, BPF_LINKER, BPF_LINKER_VERSION, LLVM};
use crate::{process, project};

/// Builds the linker into the project's own folder unless it is there; gives a sentence when it cannot be had.
///
/// # Errors
/// When the build fails.
pub fn install() -> anyhow::Result<Option<String>> {
    if let Some(linker) = tools::bpf_linker() {
        let version = process::output(Command::new(&linker).arg("--version"))?;
        if version.trim().ends_with(BPF_LINKER_VERSION) {
            println!("{BPF_LINKER} {BPF_LINKER_VERSION}: {}", linker.display());
            return Ok(None);
        }
    }
    let llvm = format!("/usr/lib/llvm-{LLVM}");
    if !Path::new(&llvm).is_dir() {
        return Ok(Some(format!(
            "{BPF_LINKER} (needs LLVM {LLVM} in {llvm}): the eBPF object cannot be rebuilt"
        )));
    }
    println!(
        "{BPF_LINKER} {BPF_LINKER_VERSION}: is built into {}, about a minute",
        tools::folder().display()
    );
    let cargo = if Path::new(tools::RUSTC).exists() {
        Path::new("/usr/bin/cargo").to_owned()
    } else {
        project::cargo()
    };
    let mut command = Command::new(cargo);
    let path = std::env::var("PATH").unwrap_or_default();
    // The variables of the cargo that runs this task would lead the other cargo to the wrong compiler.
    for name in [
        "CARGO",
        "RUSTC",
        "RUSTUP_TOOLCHAIN",
        "CARGO_ENCODED_RUSTFLAGS",
    ] {
        command.env_remove(name);
    }
    command.env("PATH", format!("/usr/bin:{path}"));
    command
        .env("LLVM_PREFIX", &llvm)
        .env("RUSTFLAGS", format!("-L {llvm}/lib"));
    let build = project::target().join("bpf-linker");
    command.env("CARGO_TARGET_DIR", &build);
    command.args([
        "install",
        BPF_LINKER,
        "--version",
        BPF_LINKER_VERSION,
        "--no-default-features",
    ]);
    command
        .args(["--features", &format!("llvm-{LLVM}"), "--locked", "--root"])
        .arg(tools::folder());
    process::run(&mut command)?;
    std::fs::remove_dir_all(&build)
        .with_context(|| format!("cannot remove {}", build.display()))?;
    Ok(None)
}
