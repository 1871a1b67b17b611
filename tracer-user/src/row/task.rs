//! Threads: their lives, and what the kernel's own schedstat says of each.

use super::{Nanos, Pid, Tid};

/// Why a thread is in the trace.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TaskRole {
    /// The user named it, or it descends from one named.
    #[default]
    Target = 1,
    /// A local peer of a target: tracked to follow chains into it, never a worker.
    Peer = 2,
    /// Named only because it woke somebody.
    Bystander = 3,
}

impl TaskRole {
    /// The role behind a stored number.
    #[must_use]
    pub const fn from_raw(raw: u8) -> Option<Self> {
        Some(match raw {
            1 => Self::Target,
            2 => Self::Peer,
            3 => Self::Bystander,
            _ => return None,
        })
    }
}

/// What the kernel itself counts of a thread, read from `/proc/PID/task/TID/schedstat` and `status`, since the thread's birth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SchedStat {
    /// Time on a CPU (`schedstat`, first figure).
    pub run: Nanos,
    /// Time queued for a CPU (`schedstat`, second figure).
    pub delay: Nanos,
    /// Voluntary switches.
    pub voluntary: u64,
    /// Involuntary switches.
    pub involuntary: u64,
}

/// What happened. Numbers are append-only.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TaskFact {
    /// It was there when the window opened (or when its process was taken in).
    #[default]
    Seen = 1,
    /// It was created; `parent_*` are set.
    Born = 2,
    /// Its process started another program; `parent_tid` is the tid before.
    Exec = 3,
    /// It has another name.
    Named = 4,
    /// It ended.
    Exited = 5,
    /// [`Task::schedstat`] as it was when the window opened.
    SchedStatOpened = 6,
    /// [`Task::schedstat`] as it was when the window closed.
    SchedStatClosed = 7,
}

impl TaskFact {
    /// The fact behind a stored number.
    #[must_use]
    pub const fn from_raw(raw: u8) -> Option<Self> {
        Some(match raw {
            1 => Self::Seen,
            2 => Self::Born,
            3 => Self::Exec,
            4 => Self::Named,
            5 => Self::Exited,
            6 => Self::SchedStatOpened,
            7 => Self::SchedStatClosed,
            _ => return None,
        })
    }
}

/// One fact about a thread at `end`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// When.
    pub end: Nanos,
    /// Thread.
    pub tid: Tid,
    /// Process.
    pub pid: Pid,
    /// What.
    pub fact: TaskFact,
    /// Why it is in the trace.
    pub role: TaskRole,
    /// Parent thread (born), former tid (exec), else 0.
    pub parent_tid: Tid,
    /// Parent process (born), else 0.
    pub parent_pid: Pid,
    /// `task->start_time`: with the tid it names the thread for good. Zero: not known.
    pub start_time: Nanos,
    /// Name; raw from the kernel, may hold control characters: printers must escape.
    pub name: String,
    /// Program (`/proc/PID/exe`), empty: not known.
    pub exe: String,
    /// Command line, arguments joined by blanks, empty: not known.
    pub command: String,
    /// What the kernel counts, in rows of the two facts that say so.
    pub schedstat: SchedStat,
}

impl Task {
    /// A reading of the kernel's figures, which says nothing of why a thread is recorded, or of its name.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        matches!(
            self.fact,
            TaskFact::SchedStatOpened | TaskFact::SchedStatClosed
        )
    }
}
