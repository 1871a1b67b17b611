//! One system call of a tracked thread, or several alike that did not block, summed.

use crate::{Header, RawResource, assert_size};

/// Bits of [`CallEvent::flags`].
pub mod call_flag {
    /// The thread left the CPU blocked within the call.
    pub const BLOCKED: u8 = 1;
    /// The call numbers are those of a 32-bit program.
    pub const COMPAT: u8 = 2;
    /// `start` was not seen (the call was under way when the probes came in): it is the window's begin or later.
    pub const NO_START: u8 = 4;
}

/// A call that ended. `header.end` is its return. Of one that moved a message the record is a [`crate::MessageEvent`].
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct CallEvent {
    /// Kind [`crate::EventKind::Call`], or [`crate::EventKind::Message`] at the start of a [`crate::MessageEvent`].
    pub header: Header,
    /// When it (the first of the summed ones) was entered, ns.
    pub start: u64,
    /// Thread.
    pub tid: u32,
    /// Process.
    pub pid: u32,
    /// What it returned; for summed calls the sum of what the successful ones returned.
    pub ret: i64,
    /// What it is about.
    pub resource: RawResource,
    /// Call number.
    pub call: i32,
    /// Second argument where it says the operation (futex op, flock op), else 0. For fcntl locks `cmd | l_type << 16`, with
    /// `l_type` read from the caller's `struct flock` (0 read, 1 write, 2 unlock): an unlock must be told from a lock.
    pub op: u32,
    /// Which call of this thread it was, counted from attach.
    pub seq: u32,
    /// How many calls were summed; 1 for a single one.
    pub count: u32,
    /// Time spent inside the summed calls, ns; for a single one `end - start`.
    pub inside: u64,
    /// Bits of [`call_flag`].
    pub flags: u8,
    /// Zero.
    pub reserved: [u8; 7],
}
assert_size!(CallEvent, 96);
