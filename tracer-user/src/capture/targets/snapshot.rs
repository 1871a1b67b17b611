//! All processes of this PID namespace as `/proc` shows them at one moment: facts only.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::TargetError;
use crate::row::Pid;

/// `PF_KTHREAD` (`include/linux/sched.h`, Linux 6.18): the same bit since 2.6.27.
const KERNEL_THREAD: u32 = 0x0020_0000;

/// One process, as `/proc/PID/stat` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Process {
    /// The parent process.
    pub(super) parent: Pid,
    /// When the process started, in clock ticks since boot.
    pub(super) start: u64,
    /// The name of the process.
    pub(super) name: String,
    /// The names of its threads, where they were asked for.
    pub(super) threads: Vec<String>,
    /// The process is a thread of the kernel.
    pub(super) kernel: bool,
    /// The process has ended, but its parent has not waited for it.
    pub(super) zombie: bool,
}

impl Process {
    /// Reads what `/proc` says of process `pid`; `None` when it has ended or is hidden.
    pub(super) fn read(pid: Pid, names: bool) -> Option<Self> {
        let process = procfs::process::Process::new_with_root(folder(pid)).ok()?;
        let stat = process.stat().ok()?;
        // A process of one thread has no other name.
        let threads = if names && stat.num_threads > 1 {
            let tasks = process.tasks().into_iter().flatten().flatten();
            tasks
                .filter_map(|task| Some(task.stat().ok()?.comm))
                .collect()
        } else {
            Vec::new()
        };
        Some(Self {
            parent: Pid(u32::try_from(stat.ppid).unwrap_or(0)),
            start: stat.starttime,
            name: stat.comm,
            threads,
            kernel: stat.flags & KERNEL_THREAD != 0,
            // A process whose first thread has ended while others live shows the state of the first.
            zombie: matches!(stat.state, 'Z' | 'X') && stat.num_threads <= 1,
        })
    }
}

/// All processes at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    pub(super) processes: BTreeMap<Pid, Process>,
}

impl Snapshot {
    /// Reads all processes, with `names` also the names of their threads.
    pub(super) fn take(names: bool) -> Result<Self, TargetError> {
        let entries =
            std::fs::read_dir("/proc").map_err(|source| TargetError::NoProc { source })?;
        let pids = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let processes: BTreeMap<_, _> = pids
            .filter_map(|pid| Some((Pid(pid), Process::read(Pid(pid), names)?)))
            .collect();
        if processes.is_empty() {
            return Err(TargetError::NoProc {
                source: std::io::ErrorKind::NotFound.into(),
            });
        }
        Ok(Self { processes })
    }

    pub(super) fn get(&self, pid: Pid) -> Option<&Process> {
        self.processes.get(&pid)
    }

    /// The process that thread `tid` belongs to. `/proc/TID` can be opened though it is not listed.
    pub(super) fn process_of_thread(tid: u32) -> Option<Pid> {
        let status = procfs::process::Process::new_with_root(folder(Pid(tid)))
            .ok()?
            .status()
            .ok()?;
        u32::try_from(status.tgid).ok().map(Pid)
    }

    /// The numbers that process `pid` bears in the namespaces it lives in, this one's first. A single entry means that it lives in
    /// this one alone.
    pub(super) fn inner_pids(pid: Pid) -> Vec<u32> {
        let status = procfs::process::Process::new_with_root(folder(pid))
            .and_then(|process| process.status());
        let inner = status
            .ok()
            .and_then(|status| status.nspid)
            .unwrap_or_default();
        inner
            .into_iter()
            .filter_map(|pid| u32::try_from(pid).ok())
            .collect()
    }

    /// The command line of a process, or its name where it has none.
    pub(super) fn command(&self, pid: Pid) -> String {
        let argv = procfs::process::Process::new_with_root(folder(pid))
            .and_then(|process| process.cmdline());
        match argv {
            Ok(argv) if !argv.is_empty() => argv.join(" "),
            _ => self
                .get(pid)
                .map(|process| process.name.clone())
                .unwrap_or_default(),
        }
    }
}

fn folder(pid: Pid) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}"))
}
