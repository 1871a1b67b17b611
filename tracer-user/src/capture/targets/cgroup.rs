//! Processes of a cgroup and of those below it, version 1 and 2.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::TargetError;
use super::snapshot::Snapshot;
use crate::row::Pid;

/// Cgroups nested deeper are not looked at: a tree without end is no tree of cgroups.
const DEPTH: usize = 64;

/// Where the hierarchies are mounted, version 2 first.
#[derive(Clone, Debug, Default)]
pub(super) struct Mounts(Vec<PathBuf>);

impl Mounts {
    /// As this process sees them.
    pub(super) fn read() -> Self {
        std::fs::read_to_string("/proc/self/mountinfo")
            .map_or_else(|_| Self::default(), |text| Self::parse(&text))
    }

    /// `mountinfo` (proc(5)): the mount point is the fifth field, the type the first after the dash.
    fn parse(text: &str) -> Self {
        let of_type = |wanted: &str| {
            text.lines()
                .filter_map(|line| {
                    let (before, after) = line.split_once(" - ")?;
                    let point = before.split(' ').nth(4)?;
                    (after.split(' ').next()? == wanted).then(|| PathBuf::from(unescape(point)))
                })
                .collect::<Vec<_>>()
        };
        let mut mounts = of_type("cgroup2");
        mounts.extend(of_type("cgroup"));
        Self(mounts)
    }

    /// The folder that `path` means: itself, or below the first hierarchy that has it. `None`: there is no such cgroup.
    fn folder(&self, path: &Path) -> Option<PathBuf> {
        let is_cgroup = |folder: &Path| folder.join("cgroup.procs").exists();
        if path.is_absolute() && is_cgroup(path) {
            return Some(path.to_owned());
        }
        let below = path.strip_prefix("/").unwrap_or(path);
        self.0
            .iter()
            .map(|mount| mount.join(below))
            .find(|folder| is_cgroup(folder))
    }
}

/// A mount point as written in `mountinfo`: blanks, tabs, line ends and backslashes stand as `\NNN`, octal.
fn unescape(point: &str) -> String {
    ["\\040", "\\011", "\\012", "\\134"]
        .into_iter()
        .zip([" ", "\t", "\n", "\\"])
        .fold(point.to_owned(), |text, (written, meant)| {
            text.replace(written, meant)
        })
}

/// All processes in cgroup `path` or below, but holdup.
pub(super) fn processes(
    mounts: Option<&Mounts>,
    path: &Path,
    own: Pid,
) -> Result<Vec<Pid>, TargetError> {
    let no_mounts = Mounts::default();
    let mounts = mounts.unwrap_or(&no_mounts);
    let folder = mounts.folder(path).ok_or_else(|| TargetError::NoCgroup {
        path: path.to_owned(),
        mounts: mounts.0.clone(),
    })?;
    let mut found = BTreeSet::new();
    collect(&folder, DEPTH, &mut found);
    found.remove(&own);
    if found.is_empty() {
        Err(TargetError::EmptyCgroup { path: folder })
    } else {
        Ok(found.into_iter().collect())
    }
}

fn collect(folder: &Path, depth: usize, found: &mut BTreeSet<Pid>) {
    match std::fs::read_to_string(folder.join("cgroup.procs")) {
        Ok(text) => found.extend(numbers(&text).map(Pid)),
        // A threaded cgroup lists threads alone (Documentation/admin-guide/cgroup-v2.rst, "Threads").
        Err(error)
            if error.kind() == ErrorKind::Unsupported
                || error.raw_os_error() == Some(libc::EOPNOTSUPP) =>
        {
            let text = std::fs::read_to_string(folder.join("cgroup.threads")).unwrap_or_default();
            found.extend(numbers(&text).filter_map(Snapshot::process_of_thread));
        }
        Err(_) => {}
    }
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&entry.path(), depth, found);
        }
    }
}

/// Numbers, one a line; 0 stands for a process that this PID namespace does not have.
fn numbers(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.lines()
        .filter_map(|line| line.parse().ok())
        .filter(|pid| *pid != 0)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Mounts, processes};
    use crate::capture::targets::TargetError;
    use crate::row::Pid;

    #[test]
    fn mounts_version_two_first() {
        // Lines of /proc/self/mountinfo of a Linux 6.18 host; the last one's mount point was given a blank.
        let text = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
42 32 0:37 / /mnt/my\\040groups rw shared:9 - cgroup cgroup rw,blkio
";
        let expect = [
            "/sys/fs/cgroup/unified",
            "/sys/fs/cgroup/cpu",
            "/mnt/my groups",
        ];
        assert_eq!(Mounts::parse(text).0, expect.map(std::path::PathBuf::from));
    }

    #[test]
    fn a_tree_of_cgroups() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let folder = root.path().join(name);
            std::fs::create_dir_all(&folder).expect("made");
            std::fs::write(folder.join("cgroup.procs"), text).expect("written");
        };
        write("", "1\n");
        write("jobs", "");
        write("jobs/a", "30\n0\n31\n");
        write("jobs/b/c", "32\n99\n");
        write("idle", "");
        let mounts = Mounts(vec!["/nonexistent".into(), root.path().to_owned()]);
        let find = |path: &str| processes(Some(&mounts), Path::new(path), Pid(99));
        let expect = [30, 31, 32].map(Pid);
        assert_eq!(find("jobs").expect("found"), expect);
        assert_eq!(find("/jobs").expect("found"), expect);
        assert_eq!(
            find(root.path().join("jobs").to_str().expect("text")).expect("found"),
            expect
        );
        assert!(matches!(find("idle"), Err(TargetError::EmptyCgroup { .. })));
        assert!(
            matches!(find("gone"), Err(TargetError::NoCgroup { mounts, .. }) if mounts.len() == 2)
        );
    }
}
