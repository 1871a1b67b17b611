//! Why a target cannot be recorded; each text says what the user can do. Names come from strangers, so they are escaped here.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::row::{Pid, printable, printable_bytes};

/// One of several processes that bear the same pid in different PID namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its pid here.
    pub pid: Pid,
    /// Its command line.
    pub command: String,
}

/// Why there is no target to record. All reasons lie in the user's input (exit code 2) but [`Self::NoProc`], which lies in the
/// host (3).
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// No process or thread bears the number.
    #[error("no process {pid}: it may have ended; `ps -e` lists those that run")]
    NoSuchProcess {
        /// As given.
        pid: u32,
    },
    /// A kernel thread has no user code to speak of.
    #[error(
        "{pid} is the kernel thread {}: holdup watches programs; give the pid of one",
        printable(name)
    )]
    KernelThread {
        /// As given.
        pid: u32,
        /// Its name.
        name: String,
    },
    /// It has ended and waits for its parent.
    #[error(
        "{pid} ({}) has already ended (a zombie); start it again, or use `holdup run -- COMMAND`",
        printable(name)
    )]
    Zombie {
        /// As given.
        pid: u32,
        /// Its name.
        name: String,
    },
    /// holdup never records itself.
    #[error("that process is holdup itself, which it does not watch")]
    Itself,
    /// Not in this PID namespace, but in several below it.
    #[error(
        "no process {pid} here, but several in containers bear that number; give the host's pid of the one you mean:{}",
        list(candidates)
    )]
    Ambiguous {
        /// As given.
        pid: u32,
        /// Who bears it.
        candidates: Vec<Candidate>,
    },
    /// Nothing bears the name.
    #[error(
        "no process or thread is named \"{}\"; names are exact and have at most 15 bytes (`ps -eL -o pid,comm`)",
        printable(name)
    )]
    NoSuchName {
        /// As given.
        name: String,
    },
    /// Not a cgroup.
    #[error("no cgroup {}; {}", path_text(path), if mounts.is_empty() { "no cgroup hierarchy is mounted on this host".to_owned() } else { format!("looked there and under {}; `cat /proc/PID/cgroup` shows a process's own", path_list(mounts)) })]
    NoCgroup {
        /// As given.
        path: PathBuf,
        /// Hierarchies that were searched.
        mounts: Vec<PathBuf>,
    },
    /// A cgroup, but nobody in it.
    #[error(
        "cgroup {} has no processes; start the work first, or give its pids",
        path_text(path)
    )]
    EmptyCgroup {
        /// The folder.
        path: PathBuf,
    },
    /// `/proc` cannot be read.
    #[error("cannot read /proc ({source}): mount it (`mount -t proc proc /proc`)")]
    NoProc {
        /// What the system said.
        source: std::io::Error,
    },
}

fn path_text(path: &std::path::Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    printable_bytes(path.as_os_str().as_bytes())
}

fn path_list(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| path_text(path))
        .collect::<Vec<_>>()
        .join(", ")
}

fn list(candidates: &[Candidate]) -> String {
    let mut text = String::new();
    for candidate in candidates {
        let _ = write!(
            text,
            "\n  {}  {}",
            candidate.pid,
            printable(&candidate.command)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Candidate, TargetError};
    use crate::row::Pid;

    #[test]
    fn names_reach_the_message_escaped() {
        let error = TargetError::KernelThread {
            pid: 9,
            name: "k\x1b[31mx".to_owned(),
        };
        assert!(error.to_string().contains("k\\x1b[31mx"));
        let candidates = [(4001, "nginx: \u{202e}x"), (4002, "python3 a\nb")]
            .map(|(pid, command)| Candidate {
                pid: Pid(pid),
                command: command.to_owned(),
            })
            .to_vec();
        let text = TargetError::Ambiguous { pid: 7, candidates }.to_string();
        assert!(
            text.ends_with("\n  4001  nginx: \\u{202e}x\n  4002  python3 a\\nb"),
            "{text}"
        );
    }
}
