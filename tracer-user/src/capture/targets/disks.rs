//! What the disks did while the window was open, by the kernel's own figures, and which of the targets' files lie on them.
//!
//! In: `/proc/diskstats` as the window opens and as it closes, the targets, the resources that were met meanwhile. Out: a [`Disk`]
//! for each whole disk that did anything, and for each volume of several disks that files of the targets lie on. What cannot be
//! read, or lies on no block device, is left out.

mod below;
mod figures;
mod mounts;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::own_bytes;
use crate::capture::clock;
use crate::row::{Disk, FileKind, Nanos, OwnBytes, Pid, Resource, ResourceKind};
use below::below;
use figures::Figures;
use mounts::Mounts;

/// Most disks that a trace tells of, busiest first.
const MOST: usize = 64;

/// The block devices of this machine, a link for each by its number (`Documentation/ABI/stable/sysfs-block`, Linux 6.18).
const BY_NUMBER: &str = "/sys/dev/block";

/// All block devices, and the targets' own use of them, as they were when the window opened.
#[derive(Debug, Default)]
pub struct Disks {
    read_at: Nanos,
    before: BTreeMap<String, Figures>,
    own: BTreeMap<Pid, OwnBytes>,
    mounts: Mounts,
    file_systems: BTreeSet<u64>,
}

impl Disks {
    /// Reads the figures now.
    #[must_use]
    pub fn open(pids: &[Pid]) -> Self {
        Self {
            read_at: clock::monotonic(),
            before: figures::read(),
            own: own_bytes::read(pids),
            mounts: Mounts::of(pids),
            file_systems: BTreeSet::new(),
        }
    }

    /// Takes in which file systems the files among these resources are of.
    pub fn learn(&mut self, resources: &[Resource]) {
        let of_file = |row: &&Resource| {
            row.kind == ResourceKind::File && row.file == FileKind::Regular && row.device != 0
        };
        let file_systems = resources.iter().filter(of_file).map(|row| row.device);
        self.file_systems.extend(file_systems);
    }

    /// What the disks have done since.
    #[must_use]
    pub fn totals(&self) -> Vec<Disk> {
        let over = clock::monotonic().since(self.read_at);
        let after = figures::read();
        let sys = Path::new(BY_NUMBER);
        let mut disks: BTreeMap<String, Disk> = BTreeMap::new();
        let mut disk = |device: &str| -> Option<String> {
            let chain = below(sys, device);
            let lowest = chain.last()?.clone();
            let figures = after.get(&lowest)?;
            let before = self.before.get(&lowest).cloned().unwrap_or_default();
            let disk = disks
                .entry(lowest.clone())
                .or_insert_with(|| figures.since(&before, &lowest, over));
            for device in chain {
                if !disk.devices.contains(&device) {
                    disk.devices.push(device);
                }
            }
            Some(lowest)
        };
        for device in after.keys() {
            disk(device);
        }
        let mut of_files: Vec<(u64, String)> = Vec::new();
        for file_system in &self.file_systems {
            let device = self.mounts.device_of(*file_system);
            let lowest = device.and_then(|device| disk(&device));
            of_files.extend(lowest.map(|lowest| (*file_system, lowest)));
        }
        for (file_system, lowest) in of_files {
            if let Some(disk) = disks.get_mut(&lowest) {
                disk.file_systems.push(file_system);
            }
        }
        for device in swapped_to(&self.mounts) {
            let lowest = below(sys, &device).pop();
            if let Some(disk) = lowest.and_then(|lowest| disks.get_mut(&lowest)) {
                disk.swaps = true;
            }
        }
        busiest(disks)
    }

    /// What the targets have read and written themselves since; `None`: one of those that were there has ended and took its account
    /// along.
    #[must_use]
    pub fn own(&self, pids: &[Pid]) -> Option<OwnBytes> {
        own_bytes::between(
            &self.own,
            &own_bytes::read(pids),
            clock::monotonic().since(self.read_at),
        )
    }
}

/// Those that did anything or hold files of the targets, busiest first.
fn busiest(disks: BTreeMap<String, Disk>) -> Vec<Disk> {
    let mut list: Vec<Disk> = disks
        .into_values()
        .filter(|disk| !disk.file_systems.is_empty() || disk.bytes() > 0)
        .collect();
    list.sort_by(|a, b| b.busy.cmp(&a.busy).then(a.name.cmp(&b.name)));
    list.truncate(MOST);
    list
}

/// The block devices that the host swaps to, or that hold a file it swaps to.
fn swapped_to(mounts: &Mounts) -> Vec<String> {
    let text = fs::read_to_string("/proc/swaps").unwrap_or_default();
    let paths = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next());
    paths
        .filter_map(|path| mounts.device_under(Path::new(path)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn files_lie_on_disks_that_are_told_of() {
        let mut disks = Disks::open(&[Pid(std::process::id())]);
        let file = |device| Resource {
            kind: ResourceKind::File,
            file: FileKind::Regular,
            device,
            ..Resource::default()
        };
        // No machine has the one; where the sources lie on a block device, they lie on a disk.
        let nowhere = 4_000 << 20 | 77;
        let number = fs::metadata(env!("CARGO_MANIFEST_DIR"))
            .expect("here")
            .dev();
        let (major, minor) = (libc::major(number), libc::minor(number));
        let here = u64::from(major) << 20 | u64::from(minor);
        disks.learn(&[file(nowhere), file(0), file(here)]);
        let list = disks.totals();
        assert!(list.len() <= MOST);
        let lies_on = |device| {
            let mut disks = list.iter();
            disks.any(|disk| disk.file_systems.contains(&device))
        };
        let is_block = Path::new(BY_NUMBER)
            .join(format!("{major}:{minor}"))
            .exists();
        assert!(
            !lies_on(nowhere) && (lies_on(here) || !is_block),
            "{list:?}"
        );
        assert!(disks.own(&[Pid(std::process::id())]).is_some());
    }

    #[test]
    fn disks_that_did_nothing_are_left_out_unless_files_lie_on_them() {
        let disk = |name: &str, bytes, file_systems: &[u64]| {
            let mut disk = Disk {
                name: name.to_owned(),
                file_systems: file_systems.to_vec(),
                ..Disk::default()
            };
            disk.read.bytes = bytes;
            disk.busy = Nanos(bytes);
            (name.to_owned(), disk)
        };
        let all = [
            disk("sda", 5, &[]),
            disk("sdb", 0, &[]),
            disk("sdc", 0, &[8 << 20]),
            disk("sdd", 9, &[]),
        ];
        let names: Vec<String> = busiest(all.into_iter().collect())
            .into_iter()
            .map(|disk| disk.name)
            .collect();
        assert_eq!(names, ["sdd", "sda", "sdc"]);
    }
}
