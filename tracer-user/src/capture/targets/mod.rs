//! The processes that the user means, and what is known of them: language, namespace, limits on their disks.
//!
//! In: [`TargetSpec`]s and `/proc`. Out: processes, at the start and again and again while the window is open. The kernel side
//! tracks children that are born once the probes are attached; a rescan finds those born before, processes that take a name asked
//! for, and processes that move into a cgroup asked for. holdup itself is never a target.
//!
//! A pid is one of the user's own PID namespace, which `/proc` shows. When it is not found there, it is looked for in the
//! namespaces below (containers), and refused when several processes bear it.

mod cgroup;
mod error;
mod select;
mod snapshot;

mod namespaces;
pub mod tracked;

mod own_bytes;

pub mod disk_limits;
pub mod disks;
mod groups;
pub mod language;
pub mod memory_limits;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use error::{Candidate, TargetError};

use crate::row::Pid;
use cgroup::Mounts;
use snapshot::{Process, Snapshot};

/// One target that the user asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetSpec {
    /// `--pid` means a process with all its threads, and its descendants.
    Pid(u32),
    /// `--comm` means every process that bears this name or has a thread that does, and their descendants.
    Comm(String),
    /// `--cgroup` means every process in this cgroup or below it.
    Cgroup(PathBuf),
    /// `run -- CMD` means a command that the session starts, and adds by [`Targets::add`].
    Run(Vec<OsString>),
}

/// Shortest time from one rescan to the next.
const RESCAN: Duration = Duration::from_millis(200);
/// Rescans take at most one part in so many of the time, a tenth of a percent, since the kernel side tracks births by itself.
const RESCAN_SHARE: u32 = 1000;

/// The target processes.
#[derive(Debug)]
pub struct Targets {
    specs: Vec<TargetSpec>,
    /// Each process with its start time, which tells a pid that is used again from its former bearer.
    found: BTreeMap<Pid, u64>,
    due: Instant,
}

impl Targets {
    /// Finds the processes that `specs` mean now.
    ///
    /// # Errors
    /// [`TargetError`] for the first spec that means no process, or one that cannot be a target.
    pub fn find(specs: &[TargetSpec]) -> Result<Self, TargetError> {
        let snapshot = Snapshot::take(wants_names(specs))?;
        let mounts = wants_cgroups(specs).then(Mounts::read);
        let mut found = BTreeMap::new();
        for spec in specs {
            let pids = match spec {
                TargetSpec::Pid(pid) => vec![select::by_pid(&snapshot, *pid, own_pid())?],
                TargetSpec::Comm(name) => select::by_name(&snapshot, name, own_pid())?,
                TargetSpec::Cgroup(path) => cgroup::processes(mounts.as_ref(), path, own_pid())?,
                TargetSpec::Run(_) => Vec::new(),
            };
            take_in(
                &mut found,
                &snapshot,
                &pids,
                !matches!(spec, TargetSpec::Cgroup(_)),
            );
        }
        Ok(Self {
            specs: specs.to_vec(),
            found,
            due: Instant::now() + RESCAN,
        })
    }

    /// Adds a process that the session started; rescans find its descendants.
    pub fn add(&mut self, pid: Pid) {
        self.found.insert(
            pid,
            Process::read(pid, false).map_or(0, |process| process.start),
        );
    }

    /// All targets that live, as of the latest rescan.
    #[must_use]
    pub fn pids(&self) -> Vec<Pid> {
        self.found.keys().copied().collect()
    }

    /// Looks again: forgets processes that ended, and returns those that were not there before. An error is no reason to end the
    /// session: the next rescan reads what this one could not.
    pub fn rescan(&mut self) -> Vec<Pid> {
        let began = Instant::now();
        let new = self.look().unwrap_or_default();
        let took = began.elapsed();
        self.due = Instant::now() + RESCAN.max(took * RESCAN_SHARE);
        new
    }

    /// Does [`Self::rescan`] when one is due: every 200 ms, less often where it takes more than a fifth of a millisecond.
    pub fn rescan_when_due(&mut self) -> Vec<Pid> {
        if Instant::now() < self.due {
            Vec::new()
        } else {
            self.rescan()
        }
    }

    fn look(&mut self) -> Result<Vec<Pid>, TargetError> {
        let snapshot = Snapshot::take(wants_names(&self.specs))?;
        let mounts = wants_cgroups(&self.specs).then(Mounts::read);
        self.found.retain(|pid, start| {
            snapshot
                .get(*pid)
                .is_some_and(|process| process.start == *start && !process.zombie)
        });
        let before: Vec<Pid> = self.pids();
        // Descendants of a cgroup's processes are targets only while they stay in the cgroup.
        if self
            .specs
            .iter()
            .any(|spec| !matches!(spec, TargetSpec::Cgroup(_)))
        {
            take_in(&mut self.found, &snapshot, &before, true);
        }
        for spec in &self.specs {
            let pids = match spec {
                TargetSpec::Comm(name) => select::by_name(&snapshot, name, own_pid()),
                TargetSpec::Cgroup(path) => cgroup::processes(mounts.as_ref(), path, own_pid()),
                TargetSpec::Pid(_) | TargetSpec::Run(_) => continue,
            };
            take_in(
                &mut self.found,
                &snapshot,
                &pids.unwrap_or_default(),
                !matches!(spec, TargetSpec::Cgroup(_)),
            );
        }
        Ok(self
            .found
            .keys()
            .filter(|pid| before.binary_search(pid).is_err())
            .copied()
            .collect())
    }
}

/// Adds `pids`, with all that descend from them where asked.
fn take_in(found: &mut BTreeMap<Pid, u64>, snapshot: &Snapshot, pids: &[Pid], descendants: bool) {
    let all = if descendants {
        select::with_descendants(snapshot, pids, own_pid())
    } else {
        pids.to_vec()
    };
    for pid in all {
        if let Some(process) = snapshot.get(pid).filter(|process| !process.zombie) {
            found.insert(pid, process.start);
        }
    }
}

fn own_pid() -> Pid {
    Pid(std::process::id())
}

fn wants_names(specs: &[TargetSpec]) -> bool {
    specs.iter().any(|spec| matches!(spec, TargetSpec::Comm(_)))
}

fn wants_cgroups(specs: &[TargetSpec]) -> bool {
    specs
        .iter()
        .any(|spec| matches!(spec, TargetSpec::Cgroup(_)))
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::{TargetError, TargetSpec, Targets};
    use crate::row::Pid;

    /// Ends its process when dropped.
    struct Ended(Child);
    impl Drop for Ended {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn cat(name: &str) -> Ended {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new("sh");
        // The shell stays, waiting for a child of its own until its input ends.
        command
            .args(["-c", "cat; :"])
            .arg0(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        Ended(command.spawn().expect("sh"))
    }

    #[test]
    fn a_process_its_children_and_those_born_later() {
        let parent = cat("sh");
        let pid = Pid(parent.0.id());
        let mut targets = Targets::find(&[TargetSpec::Pid(pid.0)]).expect("lives");
        assert!(targets.pids().contains(&pid));
        // The child is there at once, or found by a later look.
        let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while targets.pids().len() < 2 && std::time::Instant::now() < until {
            targets.rescan();
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(targets.pids().len(), 2, "shell and cat");
        drop(parent);
        let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while !targets.pids().is_empty() && std::time::Instant::now() < until {
            assert!(targets.rescan().is_empty());
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(targets.pids().is_empty(), "the dead are forgotten");
    }

    #[test]
    fn what_cannot_be_a_target() {
        assert!(matches!(
            Targets::find(&[TargetSpec::Pid(0)]),
            Err(TargetError::NoSuchProcess { pid: 0 })
        ));
        let beyond = 1 << 22;
        assert!(matches!(
            Targets::find(&[TargetSpec::Pid(beyond + 7)]),
            Err(TargetError::NoSuchProcess { .. })
        ));
        let own = std::process::id();
        assert!(matches!(
            Targets::find(&[TargetSpec::Pid(own)]),
            Err(TargetError::Itself)
        ));
        let name = TargetSpec::Comm("no such name".to_owned());
        assert!(matches!(
            Targets::find(&[name]),
            Err(TargetError::NoSuchName { .. })
        ));
        let mut dead = Command::new("true").spawn().expect("true");
        std::thread::sleep(std::time::Duration::from_millis(100));
        let result = Targets::find(&[TargetSpec::Pid(dead.id())]);
        assert!(
            matches!(result, Err(TargetError::Zombie { .. })),
            "{result:?}"
        );
        dead.wait().expect("ended");
    }
}
