//! The timelines against the kernel's own books.
//!
//! The conservation law holds by construction, so it proves little; schedstat and the switch counters are kept by other
//! code of the kernel and would show a missed switch.

use foldhash::HashMap;

use crate::row::{Nanos, SchedStat, Tid};

/// What the timelines say of one thread between the two readings of its books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTotals {
    /// Time running.
    pub run: Nanos,
    /// Waits that blocked.
    pub voluntary: u64,
    /// Waits that were preemptions.
    pub involuntary: u64,
}

/// The comparison, summed over threads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KernelComparison {
    /// Threads that have both readings.
    pub threads: u32,
    /// |run time seen - in the books| / window time of those threads.
    pub run: f64,
    /// |switches seen - in the books| / switches in the books.
    pub switches: f64,
}

impl KernelComparison {
    /// The larger of the two.
    #[must_use]
    pub fn worst(&self) -> f64 {
        self.run.max(self.switches)
    }
}

/// Compares `seen` with the difference of the two book readings of each thread over a window of length `window`.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "times and counts of one window are far below 2^53"
)]
pub fn compare(
    seen: &HashMap<Tid, CpuTotals>,
    opened: &HashMap<Tid, SchedStat>,
    closed: &HashMap<Tid, SchedStat>,
    window: Nanos,
) -> KernelComparison {
    let (mut check, mut run_off, mut switch_off, mut switches) =
        (KernelComparison::default(), 0.0, 0.0, 0.0);
    for (tid, before) in opened {
        let Some(after) = closed.get(tid) else {
            continue;
        };
        let Some(mine) = seen.get(tid).copied() else {
            continue;
        };
        check.threads += 1;
        run_off += mine.run.0.abs_diff(after.run.since(before.run).0) as f64;
        let theirs = (after.voluntary + after.involuntary)
            .saturating_sub(before.voluntary + before.involuntary);
        switch_off += (mine.voluntary + mine.involuntary).abs_diff(theirs) as f64;
        switches += theirs as f64;
    }
    let time = window.0 as f64 * f64::from(check.threads);
    if time > 0.0 {
        check.run = run_off / time;
    }
    if switches > 0.0 {
        check.switches = switch_off / switches;
    }
    check
}
