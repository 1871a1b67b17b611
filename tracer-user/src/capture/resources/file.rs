//! Files: their sort and their path.

use tracer_common::FileEvent;

use super::look::OpenFile;
use crate::row::{FileKind, Resource};

/// Numbers of file systems without a device (`include/uapi/linux/magic.h`, Linux 6.18).
mod magic {
    pub(super) const ANON_INODE: u64 = 0x0904_1934;
    pub(super) const PIPE: u64 = 0x5049_5045;
    /// proc, sysfs, cgroup, cgroup2, debugfs, tracefs, bpf, securityfs, selinuxfs, configfs (fs/configfs), fusectl, efivarfs,
    /// pstore, nsfs.
    pub(super) const VIRTUAL: [u64; 14] = [
        0x9fa0,
        0x6265_6572,
        0x0027_e0eb,
        0x6367_7270,
        0x6462_6720,
        0x7472_6163,
        0xcafe_4a11,
        0x7363_6673,
        0xf97c_ff8c,
        0x6265_6570,
        0x6573_5543,
        0xde5e_81e4,
        0x6165_676c,
        0x6e73_6673,
    ];
}

/// The row of a file that `event` tells of. `found` is what its fd names now.
pub(super) fn row(bare: Resource, event: &FileEvent, found: Option<OpenFile>) -> Resource {
    let end = event.name.iter().position(|byte| *byte == 0);
    let name = String::from_utf8_lossy(&event.name[..end.unwrap_or(event.name.len())]).into_owned();
    let mut row = Resource {
        file: kind(event.mode, event.magic, &name),
        ..bare
    };
    // The last byte is a 0, so a name as long as the field may have been longer.
    let whole = end.is_some_and(|end| end + 1 < event.name.len());
    name_by_fd(&mut row, found, if whole { &name } else { "" });
    if row.path.is_empty() {
        row.path = name;
    }
    row
}

/// Takes the path of an open file, when that is the file the row is of: by device and inode, or (on overlayfs and btrfs, whose
/// `stat` tells other numbers than the kernel has inside) by the last part of its path. Also tells the sort by it where the
/// row has none.
pub(super) fn name_by_fd(row: &mut Resource, found: Option<OpenFile>, name: &str) {
    let Some(open) = found else { return };
    let path = open.path.strip_suffix(" (deleted)").unwrap_or(&open.path);
    let same_inode = open.inode == row.inode && open.device == row.device;
    let last = path.rsplit('/').next().unwrap_or(path);
    let is_anonymous = same_inode && path.starts_with("anon_inode:");
    if !(same_inode || (!name.is_empty() && last == name)) {
        return;
    }
    if row.file == FileKind::Unknown || is_anonymous {
        row.file = kind(
            open.mode,
            if is_anonymous { magic::ANON_INODE } else { 0 },
            path.trim_start_matches("anon_inode:"),
        );
    }
    path.clone_into(&mut row.path);
}

/// The sort of a file by its mode, its file system and its name.
fn kind(mode: u32, file_system: u64, name: &str) -> FileKind {
    if file_system == magic::ANON_INODE {
        return match name {
            "[eventpoll]" => FileKind::Epoll,
            "[eventfd]" => FileKind::Event,
            _ => FileKind::Anonymous,
        };
    }
    if magic::VIRTUAL.contains(&file_system) {
        return FileKind::Virtual;
    }
    match mode & libc::S_IFMT {
        libc::S_IFIFO => FileKind::Pipe,
        _ if file_system == magic::PIPE => FileKind::Pipe,
        libc::S_IFREG => FileKind::Regular,
        libc::S_IFDIR => FileKind::Directory,
        libc::S_IFCHR => FileKind::Character,
        libc::S_IFBLK => FileKind::Block,
        _ => FileKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use tracer_common::{FileEvent, Header, NAME_BYTES, RawResource};

    use super::{kind, row};
    use crate::capture::resources::look::OpenFile;
    use crate::row::{FileKind, Resource};

    fn event(name: &str, mode: u32, magic: u64) -> FileEvent {
        let mut bytes = [0; NAME_BYTES];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        FileEvent {
            header: Header::default(),
            resource: RawResource::default(),
            pid: 1,
            mode,
            magic,
            name: bytes,
        }
    }

    fn bare() -> Resource {
        Resource {
            device: 8 << 20 | 1,
            inode: 42,
            ..Resource::default()
        }
    }

    fn open(device: u64, inode: u64, path: &str) -> Option<OpenFile> {
        Some(OpenFile {
            device,
            inode,
            mode: 0o100_644,
            path: path.to_owned(),
        })
    }

    #[test]
    fn a_path_only_from_the_fd_that_still_is_the_file() {
        let check = |found, expect: &str| {
            assert_eq!(
                row(bare(), &event("out.log", 0o100_644, 0xef53), found).path,
                expect
            );
        };
        check(open(8 << 20 | 1, 42, "/data/out.log"), "/data/out.log");
        check(
            open(8 << 20 | 1, 42, "/data/out.log (deleted)"),
            "/data/out.log",
        );
        check(open(8 << 20 | 1, 43, "/etc/passwd"), "out.log");
        check(open(8 << 20 | 2, 42, "/etc/passwd"), "out.log");
        // Another device number, the same name: overlayfs.
        check(
            open(41, 977, "/var/lib/data/out.log"),
            "/var/lib/data/out.log",
        );
        check(None, "out.log");
    }

    #[test]
    fn sorts() {
        assert_eq!(kind(0o100_644, 0xef53, "a"), FileKind::Regular);
        assert_eq!(kind(0o100_600, 0x0904_1934, "[eventpoll]"), FileKind::Epoll);
        assert_eq!(kind(0o600, 0x0904_1934, "[eventfd]"), FileKind::Event);
        assert_eq!(kind(0o600, 0x0904_1934, "[io_uring]"), FileKind::Anonymous);
        assert_eq!(kind(0o10_600, 0x5049_5045, ""), FileKind::Pipe);
        assert_eq!(kind(0o20_666, 0x0102_1994, "null"), FileKind::Character);
        assert_eq!(kind(0o100_444, 0x9fa0, "stat"), FileKind::Virtual);
        assert_eq!(kind(0o40_755, 0xef53, "data"), FileKind::Directory);
    }

    #[test]
    fn a_name_that_fills_its_field_may_be_cut() {
        let long = "x".repeat(NAME_BYTES - 1);
        let found = open(1, 1, &format!("/other/{long}"));
        assert_eq!(
            row(bare(), &event(&long, 0o100_644, 0xef53), found).path,
            long
        );
    }
}
