//! The clock that workloads and traces share.

use crate::row::Nanos;

/// Now, on `CLOCK_MONOTONIC`: the clock of the rows of a trace.
#[must_use]
pub fn monotonic() -> Nanos {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place for a timespec; CLOCK_MONOTONIC exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let rest = u64::try_from(time.tv_nsec).unwrap_or_default();
    Nanos(seconds * 1_000_000_000 + rest)
}
