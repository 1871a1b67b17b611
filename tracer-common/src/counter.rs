//! What was lost or went wrong in the kernel, by cause. One slot each of a per-CPU array.

/// Index into the counter array. Append-only; [`Counter::COUNT`] is its length.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Records that found the ring buffer full.
    RingFull = 0,
    /// A task had no place in the task table.
    TaskTableFull = 1,
    /// A read of user memory faulted.
    UserFault = 2,
    /// A stack could not be taken.
    StackFailed = 3,
    /// A blocked wait ended with no wake-up seen.
    UnmatchedWake = 4,
    /// A time difference across CPUs was negative and taken as zero.
    NegativeTime = 5,
    /// A process had no place in the process table.
    ProcessTableFull = 6,
    /// A stack was not taken, because it had been taken often enough.
    StackThrottled = 7,
    /// A thread was found running that was not seen to come to a CPU: its wait ends there.
    UnseenSwitch = 8,
    /// Of [`Counter::RingFull`]: waits.
    WaitsLost = 9,
    /// Calls in records of [`Counter::RingFull`], each of the summed ones.
    CallsLost = 10,
}

impl Counter {
    /// How many counters there are.
    pub const COUNT: u32 = 11;
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::RingFull,
        Self::TaskTableFull,
        Self::UserFault,
        Self::StackFailed,
        Self::UnmatchedWake,
        Self::NegativeTime,
        Self::ProcessTableFull,
        Self::StackThrottled,
        Self::UnseenSwitch,
        Self::WaitsLost,
        Self::CallsLost,
    ];
}
