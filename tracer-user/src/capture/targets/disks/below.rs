//! What lies below a block device, by sysfs.

use std::fs;
use std::path::{Path, PathBuf};

/// Most devices on top of one another that are followed: partition, encryption, volume, cache and again are six.
const DEEPEST: usize = 8;

/// From a device down to the lowest one that is a single device: a partition lies on its disk, a volume of device-mapper or md on what it
/// is made of, as long as that is one. `by_number` has a link for each block device. Empty: it is none.
pub(super) fn below(by_number: &Path, device: &str) -> Vec<String> {
    let mut chain = Vec::new();
    let mut next = Some(device.to_owned());
    while let Some(device) = next.take().filter(|_| chain.len() < DEEPEST) {
        let node = by_number.join(&device);
        if !node.join("dev").exists() {
            break;
        }
        next = one_below(&node);
        chain.push(device);
    }
    chain
}

/// The one device below that of this folder.
fn one_below(node: &Path) -> Option<String> {
    if node.join("partition").exists() {
        // The folder of a partition lies in that of its disk.
        return number(&node.join(".."));
    }
    let folder = fs::read_dir(node.join("slaves")).ok()?;
    let mut parts: Vec<PathBuf> = folder.flatten().map(|entry| entry.path()).collect();
    match (parts.pop(), parts.pop()) {
        (Some(only), None) => number(&only),
        _ => None,
    }
}

fn number(node: &Path) -> Option<String> {
    let text = fs::read_to_string(node.join("dev")).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree like sysfs: disks `8:0` with partition `8:1` and `8:16`, a volume `253:0` on the partition, `9:0` on both disks.
    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        let path = |name: &str| root.path().join(name);
        for (folder, device) in [
            ("sda", "8:0"),
            ("sda/sda1", "8:1"),
            ("sdb", "8:16"),
            ("dm-0", "253:0"),
            ("md0", "9:0"),
        ] {
            fs::create_dir_all(path(folder).join("slaves")).expect("a folder");
            fs::write(path(folder).join("dev"), format!("{device}\n")).expect("a file");
            std::os::unix::fs::symlink(path(folder), path(device)).expect("a link");
        }
        fs::write(path("sda/sda1/partition"), "1\n").expect("a file");
        for (volume, part) in [("dm-0", "sda/sda1"), ("md0", "sda"), ("md0", "sdb")] {
            let name = path(part);
            let name = name.file_name().expect("a name");
            let link = path(volume).join("slaves").join(name);
            std::os::unix::fs::symlink(path(part), link).expect("a link");
        }
        root
    }

    #[test]
    fn volumes_and_partitions_lie_on_their_disk() {
        let root = tree();
        let of = |device| below(root.path(), device);
        assert_eq!(of("253:0"), ["253:0", "8:1", "8:0"]);
        assert_eq!(of("8:1"), ["8:1", "8:0"]);
        assert_eq!(of("8:16"), ["8:16"]);
    }

    #[test]
    fn a_volume_of_several_disks_is_one_by_itself() {
        let root = tree();
        assert_eq!(below(root.path(), "9:0"), ["9:0"]);
    }

    #[test]
    fn what_is_no_block_device_lies_on_nothing() {
        let root = tree();
        assert!(below(root.path(), "0:25").is_empty());
    }
}
