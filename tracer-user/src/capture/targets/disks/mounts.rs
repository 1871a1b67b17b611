//! Which block device a file system lies on.
//!
//! In: `/proc/PID/mountinfo` of the targets and of holdup. Out: for the device number that files name, a block device. File systems with
//! a number of their own are followed where that can be done: btrfs on one device, overlayfs whose folders all lie on one. Those of FUSE,
//! of a network or in memory lie on none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use crate::row::Pid;

/// Most processes whose mounts are looked at; further processes most likely see the same.
const MOST: usize = 64;
/// File systems on top of one another that are followed: overlayfs on btrfs.
const DEEPEST: usize = 3;

/// What a file system of a number lies on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum On {
    /// The block device of its number.
    Itself,
    /// This block device, as a path.
    Device(PathBuf),
    /// These folders.
    Folders(Vec<PathBuf>),
    /// No block device.
    Nothing,
}

/// The mounts that the targets see.
#[derive(Debug, Default)]
pub(super) struct Mounts(BTreeMap<u64, On>);

impl Mounts {
    /// Reads the mounts of these processes, and those of holdup.
    pub(super) fn of(pids: &[Pid]) -> Self {
        let mut mounts = Self::default();
        mounts.learn(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default());
        let own = fs::read_link("/proc/self/ns/mnt").ok();
        let mut seen: BTreeSet<PathBuf> = own.into_iter().collect();
        for pid in pids.iter().take(MOST) {
            let is_new =
                fs::read_link(format!("/proc/{pid}/ns/mnt")).is_ok_and(|ns| seen.insert(ns));
            if is_new {
                let text = fs::read_to_string(format!("/proc/{pid}/mountinfo"));
                mounts.learn(&text.unwrap_or_default());
            }
        }
        mounts
    }

    /// Takes in lines of mountinfo (proc(5)).
    fn learn(&mut self, text: &str) {
        for (number, on) in text.lines().filter_map(line) {
            self.0.entry(number).or_insert(on);
        }
    }

    /// The block device, `major:minor`, that a file system lies on.
    pub(super) fn device_of(&self, file_system: u64) -> Option<String> {
        self.follow(file_system, DEEPEST)
    }

    /// The block device that this path is, or that the file there lies on.
    pub(super) fn device_under(&self, path: &Path) -> Option<String> {
        let meta = fs::metadata(path).ok()?;
        if meta.file_type().is_block_device() {
            return Some(text(kernel_number(meta.rdev())));
        }
        self.device_of(kernel_number(meta.dev()))
    }

    fn follow(&self, file_system: u64, deepest: usize) -> Option<String> {
        let deepest = deepest.checked_sub(1)?;
        match self.0.get(&file_system) {
            // It was mounted later.
            None => Some(text(file_system)),
            Some(On::Itself) => Some(text(file_system)),
            Some(On::Device(path)) => {
                let meta = fs::metadata(path).ok()?;
                let is_block = meta.file_type().is_block_device();
                is_block.then(|| text(kernel_number(meta.rdev())))
            }
            Some(On::Folders(folders)) => {
                let numbers = folders.iter().map(fs::metadata);
                let numbers: Result<BTreeSet<u64>, _> = numbers
                    .map(|meta| meta.map(|meta| kernel_number(meta.dev())))
                    .collect();
                let mut numbers = numbers.ok()?.into_iter();
                match (numbers.next(), numbers.next()) {
                    (Some(only), None) => self.follow(only, deepest),
                    _ => None,
                }
            }
            Some(On::Nothing) => None,
        }
    }
}

/// `st_dev` as the kernel numbers devices inside (`MKDEV`, include/linux/kdev_t.h, Linux 6.18), which is how resources name them.
fn kernel_number(device: u64) -> u64 {
    u64::from(libc::major(device)) << 20 | u64::from(libc::minor(device))
}

fn text(number: u64) -> String {
    format!("{}:{}", number >> 20, number & 0xf_ffff)
}

/// Parses `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`.
fn line(line: &str) -> Option<(u64, On)> {
    let (mount, rest) = line.split_once(" - ")?;
    let (major, minor) = mount.split(' ').nth(2)?.split_once(':')?;
    let (major, minor): (u64, u64) = (major.parse().ok()?, minor.parse().ok()?);
    let mut rest = rest.split(' ');
    let (kind, source) = (rest.next()?, rest.next()?);
    let options = rest.next().unwrap_or_default();
    let on = match kind {
        kind if kind.starts_with("fuse") => On::Nothing,
        "btrfs" if devices_of_btrfs(source) == 1 => On::Device(PathBuf::from(source)),
        "overlay" => On::Folders(folders(options)),
        _ if major > 0 => On::Itself,
        _ => On::Nothing,
    };
    Some((major << 20 | minor, on))
}

/// The folders that an overlay is made of (Linux 6.18, Documentation/filesystems/overlayfs.rst).
fn folders(options: &str) -> Vec<PathBuf> {
    let named = options
        .split(',')
        .filter_map(|option| option.split_once('='));
    let folders = named.filter(|(name, _)| matches!(*name, "upperdir" | "lowerdir" | "lowerdir+"));
    folders
        .flat_map(|(_, paths)| paths.split(':'))
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .collect()
}

/// How many devices the btrfs on this one has.
fn devices_of_btrfs(source: &str) -> usize {
    let Some(name) = Path::new(source).file_name() else {
        return 0;
    };
    let all = fs::read_dir("/sys/fs/btrfs")
        .into_iter()
        .flatten()
        .flatten();
    let devices = all.map(|entry| entry.path().join("devices"));
    devices
        .filter(|folder| folder.join(name).exists())
        .filter_map(|folder| fs::read_dir(folder).ok())
        .map(Iterator::count)
        .next()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_with_a_device_lie_on_it_and_those_of_daemons_on_nothing() {
        let mut mounts = Mounts::default();
        mounts.learn(
            "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
             28 27 0:25 / /run rw - tmpfs none rw\n\
             29 27 8:17 / /mnt/usb rw - fuseblk /dev/sdb1 rw\n\
             30 27 0:50 / /mnt/sq ro - fuse.squashfuse squashfuse ro\n\
             nonsense - x\n",
        );
        let of = |major: u64, minor| mounts.device_of(major << 20 | minor);
        assert_eq!(of(254, 0).as_deref(), Some("254:0"));
        assert_eq!((of(0, 25), of(8, 17), of(0, 50)), (None, None, None));
        // One that was mounted later goes by its number.
        assert_eq!(of(8, 33).as_deref(), Some("8:33"));
    }

    #[test]
    fn an_overlay_lies_where_all_its_folders_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().display();
        let number = kernel_number(folder.path().metadata().expect("is there").dev());
        let mut mounts = Mounts::default();
        let overlay = |minor: u64, lower: &str| {
            format!(
                "{minor} 27 0:{minor} / /m rw - overlay overlay rw,lowerdir={lower},upperdir={path},workdir={path}\n"
            )
        };
        mounts.learn(&overlay(60, &format!("{path}:{path}")));
        mounts.learn(&overlay(61, &format!("{path}:/proc")));
        mounts.learn(&overlay(62, "/no/such/folder"));
        assert_eq!(mounts.device_of(60), Some(text(number)));
        assert_eq!(mounts.device_of(61), None, "two file systems");
        assert_eq!(mounts.device_of(62), None, "a folder of another host");
    }
}
