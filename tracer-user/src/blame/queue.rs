//! The run queue: time without a CPU, and whether our own threads had the CPUs meanwhile.

use foldhash::HashMap;

use crate::row::{Nanos, Tid};
use crate::timeline::State;

/// The run queue's books.
#[derive(Debug, Default)]
pub struct RunQueue {
    cpus: u32,
    running: u32,
    queued: u32,
    changed: Nanos,
    states: HashMap<Tid, (bool, State)>,
    /// Workers' time queued.
    pub total: Nanos,
    /// Of it, behind our own threads: weighted by the share of CPUs they had.
    pub behind_own: f64,
    /// CPU time of the target's threads.
    pub run: Nanos,
}

impl RunQueue {
    /// Books for a host with so many CPUs.
    #[must_use]
    pub fn new(cpus: u32) -> Self {
        Self {
            cpus: cpus.max(1),
            ..Self::default()
        }
    }

    /// A thread of the target changed its state.
    #[expect(clippy::cast_precision_loss, reason = "times of one window")]
    pub fn change(&mut self, tid: Tid, worker: bool, at: Nanos, now: State) {
        let passed = at.since(self.changed);
        self.changed = self.changed.max(at);
        let waited = Nanos(passed.0 * u64::from(self.queued));
        self.total += waited;
        self.run += Nanos(passed.0 * u64::from(self.running));
        self.behind_own +=
            waited.0 as f64 * f64::from(self.running.min(self.cpus)) / f64::from(self.cpus);
        let before = self
            .states
            .insert(tid, (worker, now))
            .map(|(_, state)| state);
        self.running -= u32::from(before == Some(State::Running));
        self.running += u32::from(now == State::Running);
        if worker {
            self.queued -= u32::from(before == Some(State::Queued));
            self.queued += u32::from(now == State::Queued);
        }
    }

    /// Share of the queueing that was behind our own threads, 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "times of one window")]
    pub fn own_share(&self) -> f64 {
        if self.total == Nanos::ZERO {
            0.0
        } else {
            (self.behind_own / self.total.0 as f64).clamp(0.0, 1.0)
        }
    }
}
