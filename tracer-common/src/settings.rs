//! What user space tells the kernel side: once before loading ([`KernelSettings`]), and while it runs ([`Control`]).

use crate::assert_size;

/// Read-only for the kernel side, hence known to the verifier.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KernelSettings {
    /// holdup's own process, which is never tracked.
    pub own_pid: u32,
    /// 1: look at the first bytes of messages on sockets.
    pub peek: u32,
    /// Most bytes of user stack a snapshot takes; 0: take none.
    pub stack_bytes: u32,
    /// 1: calls are recorded; 0: waits alone, and the programs at calls are not attached.
    pub calls: u32,
}
assert_size!(KernelSettings, 16);

/// The one element of the map `CONTROL`: how the task iterator shall work, and what it found; and what is left out.
///
/// The iterator's part is written before each of its passes, by whoever starts it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// A wait is cut when its present part is at least this old, ns. `u64::MAX`: cut nothing.
    pub cut_age: u64,
    /// Threads of tracked processes met by the latest pass, alive.
    pub alive: u64,
    /// Of these, met for the first time.
    pub fresh: u64,
    /// 1: the pass forgets what it knows of each thread, since nobody watched it meanwhile.
    pub reset: u64,
    /// A word of [`narrow`].
    pub narrow: u64,
}
assert_size!(Control, 40);

/// The word [`Control::narrow`]: what is left out to cost less.
pub mod narrow {
    /// Nothing is watched at present: only births, execs, names and exits are attached.
    pub const PAUSED: u64 = 1;

    /// Stack snapshots are halved in number so many times at most.
    pub const MOST_HALVINGS: u32 = 7;
    const HALVINGS_SHIFT: u32 = 8;

    /// The bits that say how many times the number of stack snapshots is halved.
    #[must_use]
    pub const fn halvings(times: u32) -> u64 {
        (times as u64 & MOST_HALVINGS as u64) << HALVINGS_SHIFT
    }

    /// How many times the number of stack snapshots is halved, by the whole word.
    #[inline(always)]
    #[must_use]
    pub const fn halvings_of(word: u64) -> u32 {
        (word >> HALVINGS_SHIFT) as u32 & MOST_HALVINGS
    }
}

/// Values of the map `PROCESSES`: why a process is tracked.
pub mod process_role {
    /// Named by the user, or a descendant of one named.
    pub const TARGET: u32 = 1;
    /// A local peer of a target.
    pub const PEER: u32 = 2;
}
