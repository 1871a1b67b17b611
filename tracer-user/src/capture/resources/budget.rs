//! How much of a CPU the looking-up may take.

use std::time::Duration;

use crate::row::Nanos;

/// Spare time at most: what may be spent at once, at the start above all.
const BURST: Duration = Duration::from_millis(50);
/// Part of the time that may be spent in the long run: 5 ms a second.
const SHARE: u32 = 200;

/// Time that may be spent, filled as time passes.
#[derive(Debug)]
pub(super) struct Budget {
    spare: Duration,
    overdrawn: Duration,
    filled: Option<Nanos>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            spare: BURST,
            overdrawn: Duration::ZERO,
            filled: None,
        }
    }
}

impl Budget {
    /// Time has come to `now`.
    pub(super) fn fill(&mut self, now: Nanos) {
        let passed = now.since(self.filled.unwrap_or(now));
        self.filled = Some(now);
        let more = Duration::from_nanos(passed.0) / SHARE;
        let paid = more.min(self.overdrawn);
        self.overdrawn -= paid;
        self.spare = (self.spare + (more - paid)).min(BURST);
    }

    /// Something to spend from, if there is time to spend at all.
    pub(super) fn open(&self) -> Option<Purse> {
        (!self.spare.is_zero()).then(|| Purse {
            began: cpu_time(),
            spare: self.spare,
        })
    }

    /// `took` was spent; what goes beyond the spare time is paid back before more is spent.
    pub(super) fn spend(&mut self, took: Duration) {
        self.overdrawn += took.saturating_sub(self.spare);
        self.spare = self.spare.saturating_sub(took);
    }
}

/// What is being spent. Counted in CPU time of this thread, so that a busy host does not pass for a costly search.
#[derive(Debug)]
pub(super) struct Purse {
    began: Duration,
    spare: Duration,
}

impl Purse {
    /// Spent so far.
    pub(super) fn spent(&self) -> Duration {
        cpu_time().saturating_sub(self.began)
    }

    /// There is more to spend.
    pub(super) fn has_more(&self) -> bool {
        self.spent() < self.spare
    }
}

/// CPU time of this thread.
fn cpu_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a timespec of ours, and the clock exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BURST, Budget};
    use crate::row::Nanos;

    #[test]
    fn what_is_overdrawn_is_paid_back_first() {
        let mut budget = Budget::default();
        budget.fill(Nanos::ZERO);
        assert!(budget.open().is_some());
        budget.spend(BURST + Duration::from_millis(10));
        assert!(budget.open().is_none());
        budget.fill(Nanos(2_000_000_000));
        assert!(
            budget.open().is_none(),
            "two seconds give the 10 ms that were overdrawn"
        );
        budget.fill(Nanos(3_000_000_000));
        assert_eq!(budget.spare, Duration::from_millis(5));
        budget.fill(Nanos(100_000_000_000));
        assert_eq!(budget.spare, BURST);
    }
}
