//! Spans in which the kernel itself was busy or held up.

use super::{Nanos, Pid, Tid};

/// What a span is. Append-only numbers.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KernelSpanKind {
    /// A tracked thread waited for a kernel lock: `a` address, `b` flags of `lock:contention_begin`. Older recordings have such
    /// spans; now the wait itself names the lock as its resource.
    #[default]
    LockContention = 1,
    /// A journal commit: `a` device, `b` transaction.
    JournalCommit = 2,
}

impl KernelSpanKind {
    /// The kind behind a stored number.
    #[must_use]
    pub const fn from_raw(raw: u8) -> Option<Self> {
        Some(match raw {
            1 => Self::LockContention,
            2 => Self::JournalCommit,
            _ => return None,
        })
    }
}

/// From `start` to `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KernelSpan {
    /// When it ended.
    pub end: Nanos,
    /// When it began.
    pub start: Nanos,
    /// Thread it happened to.
    pub tid: Tid,
    /// Its process.
    pub pid: Pid,
    /// What it is.
    pub kind: KernelSpanKind,
    /// See [`KernelSpanKind`].
    pub a: u64,
    /// See [`KernelSpanKind`].
    pub b: u64,
}
