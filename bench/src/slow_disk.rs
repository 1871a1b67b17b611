//! A disk that takes so many bytes a second and no more: a loop device of its own, written through, throttled by a control
//! group. Gone when dropped.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// Where the limit is set: control groups of version 1 throttle those who write through.
const GROUPS: &str = "/sys/fs/cgroup/blkio";
const IMAGE_BYTES: u64 = 256 << 20;

/// The disk.
pub struct SlowDisk {
    #[expect(dead_code, reason = "held, not read")]
    folder: tempfile::TempDir,
    place: PathBuf,
    device: String,
    group: PathBuf,
    mounted: bool,
}

impl SlowDisk {
    /// Makes and mounts it.
    pub fn mount(bytes_per_second: u64) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in("/var/tmp")?;
        let image = folder.path().join("image");
        std::fs::File::create(&image)?.set_len(IMAGE_BYTES)?;
        run(Command::new("mkfs.ext4").arg("-q").arg(&image))?;
        let device = run(Command::new("losetup")
            .args(["--find", "--show"])
            .arg(&image))?;
        let place = folder.path().join("mounted");
        let mut disk = Self {
            folder,
            place,
            device: device.trim().to_owned(),
            group: Path::new(GROUPS).join(format!("bench-{}", std::process::id())),
            mounted: false,
        };
        let path = disk.path().to_owned();
        std::fs::create_dir(&path)?;
        run(Command::new("mount")
            .args(["-o", "sync", &disk.device])
            .arg(&path))?;
        disk.mounted = true;
        std::fs::create_dir(&disk.group)
            .with_context(|| format!("no control groups of version 1 in {GROUPS}"))?;
        let name = disk.device.trim_start_matches("/dev/");
        let number = std::fs::read_to_string(format!("/sys/block/{name}/dev"))?;
        std::fs::write(
            disk.group.join("blkio.throttle.write_bps_device"),
            format!("{} {bytes_per_second}", number.trim()),
        )?;
        Ok(disk)
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.place
    }

    /// Who is in this group writes slowly.
    pub fn procs(&self) -> PathBuf {
        self.group.join("cgroup.procs")
    }
}

impl Drop for SlowDisk {
    fn drop(&mut self) {
        if self.mounted {
            let _ = run(Command::new("umount").arg(self.path()));
        }
        let _ = run(Command::new("losetup").args(["--detach", &self.device]));
        let _ = std::fs::remove_dir(&self.group);
    }
}

fn run(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!(
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
