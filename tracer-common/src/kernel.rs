//! What the kernel itself was held up by.

use crate::{Header, assert_size};

/// What a [`KernelEvent`] is about. Append-only.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelEventKind {
    /// A wait for a kernel lock. The kernel side sends none: the wait itself names the lock as its resource.
    LockContention = 1,
    /// A journal commit (`jbd2_start_commit` to `jbd2_end_commit`), of any process: `a` = device, `b` = transaction.
    JournalCommit = 2,
}

impl KernelEventKind {
    /// The kind behind a number read from the ring buffer.
    #[must_use]
    pub const fn from_raw(raw: u32) -> Option<Self> {
        Some(match raw {
            1 => Self::LockContention,
            2 => Self::JournalCommit,
            _ => return None,
        })
    }
}

/// From `start` to `header.end`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct KernelEvent {
    /// Kind [`crate::EventKind::Kernel`].
    pub header: Header,
    /// When it began, ns.
    pub start: u64,
    /// Thread it happened to, or that did it.
    pub tid: u32,
    /// Its process.
    pub pid: u32,
    /// First word, see [`KernelEventKind`].
    pub a: u64,
    /// Second word, see [`KernelEventKind`].
    pub b: u64,
    /// A [`KernelEventKind`].
    pub what: u32,
    /// Zero.
    pub reserved: u32,
}
assert_size!(KernelEvent, 56);
