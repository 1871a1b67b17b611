//! `cargo xtask vm`: holdup on a second kernel, from the verifier to a verdict.
//!
//! Boots Debian's 6.1 kernel in QEMU without hardware acceleration (a few seconds), with an initial file system that
//! holds a static busybox, holdup and the libraries it is linked with. The guest runs a list of steps and writes what they
//! printed to its second serial port; this side checks every answer. A step that failed, is missing, or answered wrongly
//! fails the task, and so does a guest that says nothing or does not end.

mod answer;
mod archive;
mod guest;
pub mod kernel;
mod machine;
mod steps;

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, bail};

use crate::{process, project};

/// Boots the guest and checks its answers.
///
/// # Errors
/// When something is not installed, the guest does not end in time, or a step did not answer as it must; the guest's
/// console is printed then.
pub fn run() -> anyhow::Result<()> {
    let kernel = kernel::fetch()?;
    process::run(
        Command::new(project::cargo())
            .current_dir(project::root())
            .args(["build", "--workspace", "--bins"]),
    )?;
    let steps = steps::all();
    let image = guest::image(
        &[
            project::built("debug", "holdup"),
            project::built("debug", "verify"),
        ],
        &steps,
    )
    .context("cannot make the guest's file system")?;
    let initramfs = project::target().join("vm").join("initramfs.cpio");
    std::fs::write(&initramfs, image)
        .with_context(|| format!("cannot write {}", initramfs.display()))?;
    let start = Instant::now();
    let said = machine::boot(&kernel, &initramfs)?;
    let faults = answer::check(&said.answers, &steps);
    for fault in &faults {
        eprintln!("{fault}");
    }
    if !faults.is_empty() {
        eprintln!(
            "---- the guest's console:\n{}\n---- its answers:\n{}",
            said.console, said.answers
        );
        bail!(
            "{} of {} steps on the second kernel failed",
            faults.len(),
            steps.len()
        );
    }
    println!(
        "{} steps on the second kernel passed in {:.1} s",
        steps.len(),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}
