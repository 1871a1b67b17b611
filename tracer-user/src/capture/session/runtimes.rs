//! When the targets' runtimes are looked into.

use std::time::{Duration, Instant};

use super::Session;
use crate::capture::clock;

/// Most of one CPU that looking takes.
const SHARE: u32 = 100;
/// Looks come no closer than this: some hundred of them in a window of ten seconds tell shares of a hundredth.
const CLOSEST: Duration = Duration::from_millis(40);
/// Nor further apart than a long window, whatever they cost.
const FURTHEST: Duration = Duration::from_secs(60);

/// When the next look is due.
#[derive(Debug, Default)]
pub(super) struct Looks {
    due: Option<Instant>,
    /// What the latest look took.
    took: Duration,
}

impl Looks {
    fn is_due(&self, now: Instant) -> bool {
        self.due.is_none_or(|due| now >= due)
    }

    /// A look was begun at `from`, and has ended at `to`. A look that finds new places names them, which takes longer, once: the
    /// shorter one of two tells what looks take.
    fn done(&mut self, from: Instant, to: Instant) {
        let took = to - from;
        let usual = took.min(std::mem::replace(&mut self.took, took));
        self.due = Some(from + (SHARE * usual).clamp(CLOSEST, FURTHEST));
    }
}

impl Session {
    /// Adds rows for the tasks of the targets' runtimes, when they are due.
    pub(super) fn look_into_runtimes(&mut self) {
        let begun = Instant::now();
        if !self.settings.runtime || self.is_paused() || !self.looks.is_due(begun) {
            return;
        }
        for pid in self.targets.pids() {
            let at = self.drain.clock.at(clock::monotonic());
            let seen = self.sites.tasks(pid, at);
            let rows = self.drain.pending();
            rows.tasks_seen.extend(seen);
            rows.stacks.extend(self.sites.take_rows());
        }
        tracing::debug!(took = ?begun.elapsed(), "looked into runtimes");
        self.looks.done(begun, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::{CLOSEST, FURTHEST, Looks};
    use std::time::{Duration, Instant};

    #[test]
    fn looks_take_a_hundredth_of_the_time() {
        let from = Instant::now();
        let check = |took: [u64; 2], expect: Duration| {
            let mut looks = Looks::default();
            assert!(looks.is_due(from));
            for took in took {
                looks.done(from, from + Duration::from_micros(took));
            }
            let is_due = |after| looks.is_due(from + after);
            assert!(
                !is_due(expect - Duration::from_micros(1)) && is_due(expect),
                "{took:?} us"
            );
        };
        check([10, 10], CLOSEST);
        check([2_000, 2_000], Duration::from_millis(200));
        check([300_000, 300_000], Duration::from_secs(30));
        check([900_000, 900_000], FURTHEST);
        // New places were named.
        check([1_000, 90_000], Duration::from_millis(100));
        check([90_000, 1_000], Duration::from_millis(100));
    }
}
