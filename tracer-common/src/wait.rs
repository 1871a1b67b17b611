//! One off-CPU period of a thread, or a part of one.

use crate::{Header, RawResource, assert_size};

/// Why a thread left the CPU ([`WaitEvent::reason`]). Append-only.
pub mod reason {
    /// `!preempt && prev_state != 0`: it sleeps until somebody wakes it.
    pub const BLOCKED: u8 = 1;
    /// It was still runnable and another thread took the CPU.
    pub const PREEMPTED: u8 = 2;
    /// It gave up the CPU by `sched_yield`.
    pub const YIELDED: u8 = 3;
    /// Stopped by a signal (`__TASK_STOPPED`).
    pub const STOPPED: u8 = 4;
    /// Stopped by a debugger (`__TASK_TRACED`).
    pub const TRACED: u8 = 5;
    /// In the freezer (`TASK_FROZEN`).
    pub const FROZEN: u8 = 6;
}

/// Bits of [`WaitEvent::flags`].
pub mod wait_flag {
    /// The wait goes on after `end`: a part cut by the task iterator, more parts follow.
    pub const CONTINUES: u8 = 1;
    /// `start` is not when the thread left the CPU, but where the previous part ended or the window began.
    pub const CONTINUATION: u8 = 2;
    /// Found by the iterator when the window opened; when it really began is not known.
    pub const SEEDED: u8 = 4;
    /// The call numbers are those of a 32-bit program.
    pub const COMPAT: u8 = 8;
    /// The waker was a kernel thread.
    pub const WAKER_KTHREAD: u8 = 16;
    /// `D` state: uninterruptible.
    pub const UNINTERRUPTIBLE: u8 = 32;
    /// It waits for a lock of the kernel, whatever the call is about.
    pub const KERNEL_LOCK: u8 = 64;
    /// It waits for memory: the kernel reclaims some, or reads back what it had to drop (`task_struct::in_memstall`).
    pub const MEMORY_STALL: u8 = 128;
}

/// From leaving the CPU to running again. `header.end` is when it ran again (or the cut).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct WaitEvent {
    /// Kind [`crate::EventKind::Wait`].
    pub header: Header,
    /// When it left the CPU, ns.
    pub start: u64,
    /// When it was woken, ns; 0: not seen. From here to `header.end` it queued for a CPU.
    pub woken: u64,
    /// Thread (the kernel's `pid`).
    pub tid: u32,
    /// Process (the kernel's `tgid`).
    pub pid: u32,
    /// Thread that woke it; 0: none seen.
    pub waker_tid: u32,
    /// Its process.
    pub waker_pid: u32,
    /// Number of the call the waker was in, -1 for user mode or an interrupt over it; -2: none seen.
    pub waker_call: i32,
    /// Number of the call this thread waits in, -1: none (a page fault, say).
    pub call: i32,
    /// Second argument of the call where it says the operation, as in [`crate::CallEvent::op`].
    pub op: u32,
    /// For a futex wait whose call site was taken the word at `uaddr + 8` (where glibc's mutex keeps its owner), else 0.
    pub owner: u32,
    /// What it waits for.
    pub resource: RawResource,
    /// Which call of this thread it was, counted from attach; the same number is in [`crate::CallEvent::seq`].
    pub seq: u32,
    /// A constant of [`reason`].
    pub reason: u8,
    /// Bits of [`wait_flag`].
    pub flags: u8,
    /// `prev_state` as the kernel had it, low 16 bits.
    pub state: u16,
    /// Hash of the user stack's program counters, 0: not taken.
    pub stack: u64,
}
assert_size!(WaitEvent, 104);
