//! Births, execs, names and exits of threads.

use crate::{Header, assert_size};

/// Length of a thread name in the kernel, its final 0 included (`TASK_COMM_LEN`).
pub const COMM_BYTES: usize = 16;

/// What happened to a thread. Append-only.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskEventKind {
    /// It was created (`task_newtask`).
    Born = 1,
    /// Its process started another program (`sched_process_exec`); `other_tid` is the tid before.
    Exec = 2,
    /// It was renamed (`task_rename`).
    Named = 3,
    /// It ended (`sched_process_exit`).
    Exited = 4,
}

impl TaskEventKind {
    /// The kind behind a number read from the ring buffer.
    #[must_use]
    pub const fn from_raw(raw: u32) -> Option<Self> {
        Some(match raw {
            1 => Self::Born,
            2 => Self::Exec,
            3 => Self::Named,
            4 => Self::Exited,
            _ => return None,
        })
    }
}

/// One fact about a thread's life, at `header.end`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskEvent {
    /// Kind [`crate::EventKind::Task`].
    pub header: Header,
    /// Thread.
    pub tid: u32,
    /// Process.
    pub pid: u32,
    /// The parent thread (born), the former tid (exec), else 0.
    pub other_tid: u32,
    /// The parent's process (born), else 0.
    pub other_pid: u32,
    /// A [`TaskEventKind`].
    pub what: u32,
    /// Clone flags (born), low 32 bits.
    pub clone_flags: u32,
    /// `task->start_time`, ns of `CLOCK_MONOTONIC`: with the tid it names the thread for good.
    pub start_time: u64,
    /// The name, 0-padded.
    pub comm: [u8; COMM_BYTES],
}
assert_size!(TaskEvent, 64);
