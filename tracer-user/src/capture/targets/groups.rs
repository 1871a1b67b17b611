//! The control groups that processes are in, and those above them, version 1 and 2.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use procfs::process::{MountInfo, Process};

use crate::row::Pid;

/// Most processes whose groups are looked up; further processes are most likely in the same ones.
const MOST: usize = 64;

/// A control group: where it is mounted, and its path below that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    mount: PathBuf,
    path: PathBuf,
}

impl Group {
    /// Its folder.
    pub(super) fn folder(&self) -> PathBuf {
        self.mount.join(&self.path)
    }

    /// What it is called: its path below the mount.
    pub(super) fn name(&self) -> String {
        Path::new("/").join(&self.path).display().to_string()
    }
}

/// The groups of `pids` and those above, in hierarchies that have this controller of version 1 (`blkio`, `memory`) or are of version 2.
/// What cannot be read has none.
pub(super) fn groups(pids: &[Pid], controller: &str) -> BTreeSet<Group> {
    let mounts = mounts(controller);
    let pids = pids.iter().take(MOST);
    pids.flat_map(|pid| groups_of(*pid, controller, &mounts))
        .collect()
}

fn mounts(controller: &str) -> Vec<PathBuf> {
    let mounts = Process::myself().and_then(|own| own.mountinfo());
    let has_it = |mount: &MountInfo| {
        mount.fs_type == "cgroup2"
            || (mount.fs_type == "cgroup" && mount.super_options.contains_key(controller))
    };
    let mounts = mounts.into_iter().flatten().filter(has_it);
    mounts.map(|mount| mount.mount_point).collect()
}

fn groups_of(pid: Pid, controller: &str, mounts: &[PathBuf]) -> Vec<Group> {
    let Ok(memberships) = i32::try_from(pid.0)
        .map_err(|_| ())
        .and_then(|pid| Process::new(pid).map_err(|_| ()))
        .and_then(|process| process.cgroups().map_err(|_| ()))
    else {
        return Vec::new();
    };
    let wanted = |controllers: &[String]| {
        controllers.iter().all(String::is_empty)
            || controllers.iter().any(|name| name == controller)
    };
    let paths = memberships
        .into_iter()
        .filter(|membership| wanted(&membership.controllers))
        .map(|membership| PathBuf::from(membership.pathname.trim_start_matches('/')));
    let all = paths.flat_map(|path| path.ancestors().map(Path::to_owned).collect::<Vec<_>>());
    all.flat_map(|path| {
        mounts.iter().map(move |mount| Group {
            mount: mount.clone(),
            path: path.clone(),
        })
    })
    .filter(|group| group.folder().is_dir())
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_in_some_and_one_that_is_gone_in_none() {
        let own = groups(&[Pid(std::process::id())], "memory");
        assert!(own.iter().all(|group| group.name().starts_with('/')));
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").expect("its mounts");
        let has_any = mounts
            .lines()
            .filter_map(|line| line.split_once(" - "))
            .any(|(_, kind)| {
                kind.starts_with("cgroup2 ")
                    || kind.starts_with("cgroup ") && kind.contains("memory")
            });
        assert_eq!(!own.is_empty(), has_any, "{own:?}");
        assert!(groups(&[Pid(0x7fff_fff0)], "memory").is_empty());
    }
}
