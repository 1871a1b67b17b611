//! The guest's file system: busybox, the programs to try with the libraries they are linked with, and the list of steps.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use super::archive::Archive;
use super::steps::Step;
use crate::{process, tools};

/// Where the programs to try are in the guest.
pub const PROGRAMS: &str = "/programs";

/// The archive the kernel unpacks: `init` runs `steps` with the programs of `programs`.
///
/// # Errors
/// When busybox is not there or not static, or a program or library cannot be read.
pub fn image(programs: &[PathBuf], steps: &[Step]) -> anyhow::Result<Vec<u8>> {
    let mut archive = Archive::default();
    for folder in ["dev", "proc", "sys", "tmp", "bin", &PROGRAMS[1..]] {
        archive.folder(folder);
    }
    archive.device("dev/console", 5, 1);
    archive.program("bin/busybox", &read(&busybox()?)?);
    archive.link("bin/sh", "busybox");
    archive.program("init", init(steps).as_bytes());
    let mut libraries = BTreeSet::new();
    for program in programs {
        let name = program
            .file_name()
            .context("a program without a name")?
            .to_string_lossy();
        archive.program(&format!("{}/{name}", &PROGRAMS[1..]), &read(program)?);
        libraries.extend(linked(&process::output(Command::new("ldd").arg(program))?));
    }
    let mut folders = BTreeSet::new();
    for library in libraries {
        let inside = library.trim_start_matches('/');
        for (at, _) in inside
            .match_indices('/')
            .filter(|(at, _)| folders.insert(inside[..*at].to_owned()))
        {
            archive.folder(&inside[..at]);
        }
        archive.program(inside, &read(Path::new(&library))?);
    }
    Ok(archive.finish())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn busybox() -> anyhow::Result<PathBuf> {
    let Some(busybox) = tools::found("busybox") else {
        bail!("busybox is not installed: `cargo xtask setup` installs it (busybox-static)");
    };
    // ldd exits with 1 for a static program.
    if process::output(Command::new("ldd").arg(&busybox))
        .is_ok_and(|libraries| libraries.contains("=>"))
    {
        bail!(
            "{} is linked with libraries: install busybox-static",
            busybox.display()
        );
    }
    Ok(busybox)
}

/// The files `ldd` names: `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)`, and the loader without an arrow.
fn linked(listing: &str) -> Vec<String> {
    let paths = listing.lines().map(|line| {
        line.split_once("=>")
            .map_or(line, |(_, right)| right)
            .trim()
    });
    paths
        .filter(|path| path.starts_with('/'))
        .filter_map(|path| path.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// The guest's first process. Answers go to the second serial port, so that no message of the kernel falls among them.
fn init(steps: &[Step]) -> String {
    let mut script = "#!/bin/sh\n\
        /bin/busybox mkdir -p /usr/bin /sbin /usr/sbin\n\
        /bin/busybox --install -s\n\
        mount -t proc proc /proc\n\
        mount -t sysfs sys /sys\n\
        mount -t devtmpfs dev /dev\n\
        mount -t tmpfs tmp /tmp\n\
        ip link set lo up\n\
        stty -F /dev/ttyS1 raw -echo\n\
        exec 3>/dev/ttyS1\n\
        cd /tmp\n"
        .to_owned();
    for Step {
        name,
        command,
        limit,
        ..
    } in steps
    {
        let seconds = limit.as_secs();
        let _ = write!(
            script,
            "echo '::begin {name}' >&3\n\
             echo \"::: {name}\"\n\
             timeout {seconds} {command} >/tmp/answer\n\
             code=$?\n\
             cat /tmp/answer >&3\n\
             echo >&3\n\
             echo \"::end {name} $code\" >&3\n"
        );
    }
    script.push_str("sync\npoweroff -f\n");
    script
}

#[cfg(test)]
mod tests {
    use super::linked;

    #[test]
    fn libraries_and_the_loader_are_found() {
        let listing = "\tlinux-vdso.so.1 (0x00007ffc1)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f1)\n\
            \t/lib64/ld-linux-x86-64.so.2 (0x00007f2)\n\tlibx.so => not found\n";
        assert_eq!(
            linked(listing),
            [
                "/lib/x86_64-linux-gnu/libc.so.6",
                "/lib64/ld-linux-x86-64.so.2"
            ]
        );
    }
}
