//! The virtual machine: started, watched, and ended in any case.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::{process, project, tools};

/// From the start of QEMU to its end; a boot takes a few seconds, all steps some tens.
const LIMIT: Duration = Duration::from_secs(300);
/// Between two looks at whether it ended.
const LOOK: Duration = Duration::from_millis(50);

/// What the guest said.
pub struct Said {
    /// On its first serial port: the kernel's messages and the errors of the steps.
    pub console: String,
    /// On its second: the answers of the steps.
    pub answers: String,
}

/// Ends the machine when dropped, whatever happened.
struct Machine(Child);

impl Drop for Machine {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Boots `kernel` with `initramfs` and waits until it powers off.
///
/// # Errors
/// When QEMU is not installed, or the guest did not end in time; the message then ends with its console.
pub fn boot(kernel: &Path, initramfs: &Path) -> anyhow::Result<Said> {
    const QEMU: &str = "qemu-system-x86_64";
    if tools::found(QEMU).is_none() {
        bail!("{QEMU} is not installed: `cargo xtask setup` installs it (qemu-system-x86)");
    }
    let folder = project::target().join("vm");
    let (console, answers) = (folder.join("console.log"), folder.join("answers.log"));
    for log in [&console, &answers] {
        File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    }
    let said = || Said {
        console: text(&console),
        answers: text(&answers),
    };
    let mut command = Command::new(QEMU);
    // Without hardware acceleration: it is there on every host, in virtual machines too, and always behaves the same. One
    // thread for both CPUs: with a thread each, QEMU 7.2 may go on executing an instruction that the other CPU has patched,
    // and a kernel that patches itself (a tracepoint or the books of eBPF programs switched on) stands still in its int3
    // handler. It was seen there, both CPUs at `bpf_trace_run2`.
    command.args([
        "-accel",
        "tcg,thread=single",
        "-smp",
        "2",
        "-m",
        "1024",
        "-no-reboot",
        "-net",
        "none",
    ]);
    command.args(["-display", "none", "-monitor", "none"]);
    command
        .arg("-serial")
        .arg(format!("file:{}", console.display()));
    command
        .arg("-serial")
        .arg(format!("file:{}", answers.display()));
    command
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initramfs);
    command
        .args(["-append", "console=ttyS0 quiet panic=-1"])
        .stdin(Stdio::null());
    eprintln!("$ {}", process::words(&command));
    let start = Instant::now();
    let mut machine = Machine(
        command
            .spawn()
            .with_context(|| format!("cannot start {QEMU}"))?,
    );
    loop {
        if let Some(status) = machine.0.try_wait().context("cannot wait for QEMU")? {
            if !status.success() {
                bail!("QEMU: {status}; the guest's console:\n{}", said().console);
            }
            return Ok(said());
        }
        if start.elapsed() > LIMIT {
            drop(machine);
            bail!(
                "the guest did not end in {} s; its console:\n{}",
                LIMIT.as_secs(),
                said().console
            );
        }
        std::thread::sleep(LOOK);
    }
}

fn text(log: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).replace('\r', "")
}
