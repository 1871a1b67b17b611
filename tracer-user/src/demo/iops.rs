//! A limit on the writes a second that a group of processes may send to a disk, or on the reads that it may make of it.
//!
//! In: a folder on that disk. Out: a cgroup to join (`blkio.throttle.write_iops_device` or `read_iops_device` of cgroup v1), removed again on drop.
//! Doubtful cases (no root, no such controller, a folder that is on no disk) are errors that say what is missing.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why there can be no limit here.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    /// No cgroup v1 hierarchy with the blkio controller.
    #[error("no cgroup v1 blkio controller is mounted")]
    NoController,
    /// The folder is in memory, on the network or on a virtual device.
    #[error("{path} is on no disk whose writes could be limited (device {major}:{minor})")]
    NoDisk {
        /// The folder.
        path: PathBuf,
        /// Its device.
        major: u32,
        /// Its device.
        minor: u32,
    },
    /// Making or filling the group failed.
    #[error("{path}: {source}")]
    Refused {
        /// What was touched.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A cgroup whose members may write, or read, so many times a second.
#[derive(Debug)]
pub struct IopsLimit {
    group: PathBuf,
}

impl IopsLimit {
    /// Makes a group that may write so many times a second, named after this process and `tag`.
    ///
    /// # Errors
    /// [`LimitError`]: no controller, no disk, no rights.
    pub fn of_writes(folder: &Path, per_s: u32, tag: &str) -> Result<Self, LimitError> {
        Self::create(folder, "blkio.throttle.write_iops_device", per_s, tag)
    }

    /// The same for reads.
    ///
    /// # Errors
    /// [`LimitError`]: no controller, no disk, no rights.
    pub fn of_reads(folder: &Path, per_s: u32, tag: &str) -> Result<Self, LimitError> {
        Self::create(folder, "blkio.throttle.read_iops_device", per_s, tag)
    }

    fn create(folder: &Path, setting: &str, per_s: u32, tag: &str) -> Result<Self, LimitError> {
        let refused = |path: &Path| {
            let path = path.to_owned();
            move |source| LimitError::Refused { path, source }
        };
        let (major, minor) = disk_of(folder)?;
        let group = controller()?.join(format!("holdup-{}-{tag}", std::process::id()));
        fs::create_dir(&group).map_err(refused(&group))?;
        let limit = Self { group };
        let setting = limit.group.join(setting);
        fs::write(&setting, format!("{major}:{minor} {per_s}")).map_err(refused(&setting))?;
        Ok(limit)
    }

    /// The file a process writes its pid to, to join; its later children are members too.
    #[must_use]
    pub fn members(&self) -> PathBuf {
        self.group.join("cgroup.procs")
    }
}

impl Drop for IopsLimit {
    fn drop(&mut self) {
        // The kernel takes members that have just ended out a little later.
        for _ in 0..50 {
            if fs::remove_dir(&self.group).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Where the blkio controller is mounted.
fn controller() -> Result<PathBuf, LimitError> {
    let mounts =
        fs::read_to_string("/proc/self/mountinfo").map_err(|_| LimitError::NoController)?;
    mounts
        .lines()
        .find_map(blkio_mount)
        .ok_or(LimitError::NoController)
}

/// Mount point of a line of mountinfo, if it is the blkio hierarchy (proc(5): fields after the dash are type, source, options).
fn blkio_mount(line: &str) -> Option<PathBuf> {
    let (mount, kind) = line.split_once(" - ")?;
    let mut kind = kind.split(' ');
    if kind.next() != Some("cgroup") || !kind.nth(1)?.split(',').any(|option| option == "blkio") {
        return None;
    }
    mount.split(' ').nth(4).map(PathBuf::from)
}

/// The whole disk below `folder`: limits are not taken for partitions.
fn disk_of(folder: &Path) -> Result<(u32, u32), LimitError> {
    let refused = |source| LimitError::Refused {
        path: folder.to_owned(),
        source,
    };
    let device = fs::metadata(folder).map_err(refused)?.dev();
    let (major, minor) = (libc::major(device), libc::minor(device));
    let node = PathBuf::from(format!("/sys/dev/block/{major}:{minor}"));
    let no_disk = || LimitError::NoDisk {
        path: folder.to_owned(),
        major,
        minor,
    };
    let node = if node.join("partition").exists() {
        node.join("..")
    } else {
        node
    };
    let number = fs::read_to_string(node.join("dev")).map_err(|_| no_disk())?;
    number
        .trim()
        .split_once(':')
        .and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)))
        .ok_or_else(no_disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_blkio_hierarchy_is_taken() {
        let line = |kind, options| {
            format!(
                "31 25 0:27 / /sys/fs/cgroup/x rw,relatime shared:9 - {kind} cgroup rw,{options}"
            )
        };
        assert_eq!(
            blkio_mount(&line("cgroup", "blkio")),
            Some(PathBuf::from("/sys/fs/cgroup/x"))
        );
        assert_eq!(blkio_mount(&line("cgroup", "memory")), None);
        assert_eq!(blkio_mount(&line("cgroup2", "blkio")), None);
    }

    #[test]
    fn memory_has_no_disk() {
        let error = disk_of(Path::new("/proc")).expect_err("proc is on no disk");
        assert!(matches!(error, LimitError::NoDisk { .. }), "{error}");
    }
}
