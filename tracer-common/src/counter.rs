//! What was lost or went wrong in the kernel, by cause. One slot each of a per-CPU array.

/// Index into the counter array. Append-only; [`Counter::COUNT`] is its length.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Records written to the ring buffer.
    Events = 0,
    /// Records that found the ring buffer full.
    RingFull = 1,
    /// A task had no place in the task table.
    TaskTableFull = 2,
    /// A read of user memory faulted.
    UserFault = 3,
    /// A stack could not be taken.
    StackFailed = 4,
    /// A blocked wait ended with no wake-up seen.
    UnmatchedWake = 5,
    /// A time difference across CPUs was negative and taken as zero.
    NegativeTime = 6,
    /// A process had no place in the process table.
    ProcessTableFull = 7,
    /// A stack was not taken, because it had been taken often enough.
    StackThrottled = 8,
}

impl Counter {
    /// How many counters there are.
    pub const COUNT: u32 = 9;
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Events,
        Self::RingFull,
        Self::TaskTableFull,
        Self::UserFault,
        Self::StackFailed,
        Self::UnmatchedWake,
        Self::NegativeTime,
        Self::ProcessTableFull,
        Self::StackThrottled,
    ];
}
