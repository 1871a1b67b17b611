//! A limit on the writes a second that a group of processes may send to a disk, on the reads that it may make of it, or on the memory
//! that it may have.
//!
//! In: a folder on that disk, or bytes. Out: a cgroup to join (`blkio.throttle.write_iops_device` or `read_iops_device`, or
//! `memory.limit_in_bytes`, of cgroup v1), removed again on drop. Doubtful cases (no root, no such controller, a folder that is on no disk)
//! are errors that say what is missing.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Why there can be no limit here.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    /// No cgroup v1 hierarchy with this controller.
    #[error("no cgroup v1 {0} controller is mounted")]
    NoController(&'static str),
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

/// A cgroup whose members may write, or read, so many times a second, or have so much memory.
#[derive(Debug)]
pub struct GroupLimit {
    group: PathBuf,
}

impl GroupLimit {
    /// Makes a group that may write so many times a second, named after this process and `tag`.
    ///
    /// # Errors
    /// [`LimitError`]: no controller, no disk, no rights.
    pub fn of_writes(folder: &Path, per_s: u32, tag: &str) -> Result<Self, LimitError> {
        Self::of_accesses(folder, "blkio.throttle.write_iops_device", per_s, tag)
    }

    /// The same for reads.
    ///
    /// # Errors
    /// [`LimitError`]: no controller, no disk, no rights.
    pub fn of_reads(folder: &Path, per_s: u32, tag: &str) -> Result<Self, LimitError> {
        Self::of_accesses(folder, "blkio.throttle.read_iops_device", per_s, tag)
    }

    /// Makes a group below that of this process that may have so many bytes of memory: whatever limits this process limits it too.
    ///
    /// # Errors
    /// [`LimitError`]: no controller, no rights.
    pub fn of_memory(bytes: u64, tag: &str) -> Result<Self, LimitError> {
        let parent = controller("memory")?.join(own_group("memory"));
        Self::create(&parent, "memory.limit_in_bytes", &bytes.to_string(), tag)
    }

    fn of_accesses(folder: &Path, file: &str, per_s: u32, tag: &str) -> Result<Self, LimitError> {
        let (major, minor) = disk_of(folder)?;
        let setting = format!("{major}:{minor} {per_s}");
        Self::create(&controller("blkio")?, file, &setting, tag)
    }

    fn create(parent: &Path, file: &str, setting: &str, tag: &str) -> Result<Self, LimitError> {
        let refused = |path: &Path| {
            let path = path.to_owned();
            move |source| LimitError::Refused { path, source }
        };
        // One process may hold several at a time.
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let group = parent.join(format!("holdup-{}-{tag}{number}", std::process::id()));
        fs::create_dir(&group).map_err(refused(&group))?;
        let limit = Self { group };
        let file = limit.group.join(file);
        fs::write(&file, setting).map_err(refused(&file))?;
        Ok(limit)
    }

    /// The file a process writes its pid to, to join; its later children are members too.
    #[must_use]
    pub fn members(&self) -> PathBuf {
        self.group.join("cgroup.procs")
    }
}

impl Drop for GroupLimit {
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

/// Where this controller is mounted.
fn controller(name: &'static str) -> Result<PathBuf, LimitError> {
    let missing = || LimitError::NoController(name);
    let mounts = fs::read_to_string("/proc/self/mountinfo").map_err(|_| missing())?;
    let mut mounts = mounts.lines();
    mounts
        .find_map(|line| mount_of(line, name))
        .ok_or_else(missing)
}

/// Mount point of a line of mountinfo, if it is the hierarchy of this controller (proc(5): fields after the dash are type, source, options).
fn mount_of(line: &str, controller: &str) -> Option<PathBuf> {
    let (mount, kind) = line.split_once(" - ")?;
    let mut kind = kind.split(' ');
    let is_v1 = kind.next() == Some("cgroup");
    let has_it = kind.nth(1)?.split(',').any(|option| option == controller);
    let place = mount.split(' ').nth(4).map(PathBuf::from);
    place.filter(|_| is_v1 && has_it)
}

/// The group of this process below the mount of this controller; empty: the topmost.
fn own_group(controller: &str) -> PathBuf {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = groups.lines().find_map(|line| group_of(line, controller));
    group.unwrap_or_default()
}

/// The group in a line of `/proc/PID/cgroup` (cgroups(7): number, controllers, path), if it is that of this controller.
fn group_of(line: &str, controller: &str) -> Option<PathBuf> {
    let mut fields = line.splitn(3, ':').skip(1);
    let has_it = fields.next()?.split(',').any(|name| name == controller);
    let path = fields.next()?.trim_start_matches('/');
    has_it.then(|| PathBuf::from(path))
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
    fn only_the_hierarchy_of_the_controller_is_taken() {
        let line = |kind, options| {
            format!(
                "31 25 0:27 / /sys/fs/cgroup/x rw,relatime shared:9 - {kind} cgroup rw,{options}"
            )
        };
        assert_eq!(
            mount_of(&line("cgroup", "blkio"), "blkio"),
            Some(PathBuf::from("/sys/fs/cgroup/x"))
        );
        assert_eq!(mount_of(&line("cgroup", "memory"), "blkio"), None);
        assert_eq!(mount_of(&line("cgroup2", "blkio"), "blkio"), None);
    }

    #[test]
    fn a_group_is_made_below_the_own_one() {
        let of = |line| group_of(line, "memory");
        assert_eq!(of("4:memory:/a/b"), Some(PathBuf::from("a/b")));
        assert_eq!(of("4:cpu,memory:/"), Some(PathBuf::new()));
        assert_eq!(of("4:cpu:/a"), None);
        assert_eq!(of("0::/a"), None);
    }

    #[test]
    fn memory_has_no_disk() {
        let error = disk_of(Path::new("/proc")).expect_err("proc is on no disk");
        assert!(matches!(error, LimitError::NoDisk { .. }), "{error}");
    }
}
