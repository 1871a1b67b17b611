//! One off-CPU period.

use super::{Nanos, Pid, ResourceId, StackId, Syscall, Tid};

/// Why a thread left the CPU.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It sleeps until somebody wakes it.
    #[default]
    Blocked = 1,
    /// It was runnable and another thread took the CPU.
    Preempted = 2,
    /// `sched_yield`.
    Yielded = 3,
    /// Stopped by a signal.
    Stopped = 4,
    /// Stopped by a debugger.
    Traced = 5,
    /// In the freezer.
    Frozen = 6,
}

impl Reason {
    /// The reason behind a stored number.
    #[must_use]
    pub const fn from_raw(raw: u8) -> Option<Self> {
        Some(match raw {
            1 => Self::Blocked,
            2 => Self::Preempted,
            3 => Self::Yielded,
            4 => Self::Stopped,
            5 => Self::Traced,
            6 => Self::Frozen,
            _ => return None,
        })
    }
}

/// Who ended a wait, as far as the kernel tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waker {
    /// The thread that was current when the wake-up happened; `Tid(0)`: no wake-up seen, or the idle thread.
    pub tid: Tid,
    /// Its process.
    pub pid: Pid,
    /// The call it was in. [`Syscall::None`]: user mode, that is an interrupt over it: it is innocent.
    pub call: Syscall,
    /// It is a kernel thread.
    pub kernel_thread: bool,
}

/// From leaving the CPU (`start`) to running again (`end`). A wait longer than a second comes in parts; they join at equal
/// times, the later part having `continuation` set and the earlier `continues`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wait {
    /// When it ran again, or where this part ends.
    pub end: Nanos,
    /// When it left the CPU, or where this part begins.
    pub start: Nanos,
    /// When it was woken; zero: not seen. From here to `end` it queued for a CPU.
    pub woken: Nanos,
    /// Thread.
    pub tid: Tid,
    /// Process.
    pub pid: Pid,
    /// Why.
    pub reason: Reason,
    /// A part; the wait goes on after `end`.
    pub continues: bool,
    /// A part; the wait began before `start`.
    pub continuation: bool,
    /// Cannot be interrupted (`D`).
    pub uninterruptible: bool,
    /// It waits for a lock of the kernel, whatever its call is about.
    pub kernel_lock: bool,
    /// It waits for memory that the kernel has to reclaim, or to read back.
    pub memory_stall: bool,
    /// The call it waits in.
    pub call: Syscall,
    /// Operation of the call: futex command without its flag bits, flock operation, fcntl command; else 0.
    pub op: u32,
    /// What it waits for.
    pub resource: ResourceId,
    /// Who woke it.
    pub waker: Waker,
    /// The thread that the lock's futex word names as its owner; `Tid(0)`: not known.
    pub owner: Tid,
    /// User call stack.
    pub stack: StackId,
}
