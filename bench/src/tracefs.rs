//! The file system of tracepoints, which bpftrace needs and does not mount.

use std::path::Path;
use std::process::Command;

const PLACE: &str = "/sys/kernel/tracing";

/// Unmounted when dropped, if it was not there before.
pub struct Tracefs {
    mounted: bool,
}

impl Tracefs {
    /// Mounts it where it is missing; where that fails, bpftrace will say what it lacks.
    pub fn mount() -> Self {
        let there = Path::new(PLACE).join("events").is_dir();
        let mount = || {
            let mut command = Command::new("mount");
            command.args(["-t", "tracefs", "tracefs", PLACE]);
            command.status().is_ok_and(|status| status.success())
        };
        Self {
            mounted: !there && mount(),
        }
    }
}

impl Drop for Tracefs {
    fn drop(&mut self) {
        if self.mounted {
            let _ = Command::new("umount").arg(PLACE).status();
        }
    }
}
