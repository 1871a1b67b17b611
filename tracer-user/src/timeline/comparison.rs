//! The timelines against the kernel's own figures on each thread.
//!
//! In: the steps of the sweep, with the two readings of each thread's `schedstat` and switches among them. Out: how far the
//! timelines are off between the two. The conservation law holds by construction, so it proves little; these figures are kept
//! by other code of the kernel and show a switch that was missed.

use foldhash::HashMap;

use super::{Piece, State, Step};
use crate::row::{Nanos, SchedStat, Task, TaskFact, TaskRole, Tid};

/// What the timeline of a thread adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct CpuTotals {
    run: Nanos,
    voluntary: u64,
    involuntary: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Thread {
    sum: CpuTotals,
    running_since: Option<Nanos>,
    began: Nanos,
    opened: Option<Reading>,
    off: Option<Off>,
}

/// What both sides said at one time.
#[derive(Clone, Copy, Debug)]
struct Reading {
    at: Nanos,
    timeline: CpuTotals,
    kernel: SchedStat,
}

/// What both sides say of the time between the two readings.
#[derive(Clone, Copy, Debug, Default)]
struct Off {
    length: Nanos,
    run: u64,
    switches: u64,
    kernel_switches: u64,
}

/// The comparison, summed over threads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KernelComparison {
    /// Threads that have both readings.
    pub threads: u32,
    /// Run time by the timelines that is not the kernel's, either way, as a share of the threads' time.
    pub run: f64,
    /// Switches by the timelines that are not the kernel's, either way, as a share of the kernel's.
    pub switches: f64,
}

impl KernelComparison {
    /// The larger of the two; `None`: nothing was compared.
    #[must_use]
    pub fn worst(&self) -> Option<f64> {
        (self.threads > 0).then_some(self.run.max(self.switches))
    }
}

/// Adds up the timelines as they go.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    threads: HashMap<Tid, Thread>,
}

impl Comparison {
    /// Takes a step.
    pub fn observe(&mut self, step: &Step<'_>) {
        match step {
            Step::Change { tid, was, now, .. } => {
                self.threads.entry(*tid).or_default().change(was, *now);
            }
            Step::Task(task) if task.role != TaskRole::Bystander => {
                self.threads.entry(task.tid).or_default().read(task);
            }
            Step::Task(_) | Step::Call(_) => {}
        }
    }

    /// How far both sides are apart, over all threads that have two readings.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "times and counts of one window are far below 2^53"
    )]
    pub fn result(&self) -> KernelComparison {
        let mut sum = Off::default();
        let mut threads = 0;
        for off in self.threads.values().filter_map(|thread| thread.off) {
            threads += 1;
            sum.length += off.length;
            sum.run += off.run;
            sum.switches += off.switches;
            sum.kernel_switches += off.kernel_switches;
        }
        let share = |part: u64, whole: u64| {
            if whole > 0 {
                part as f64 / whole as f64
            } else {
                0.0
            }
        };
        KernelComparison {
            threads,
            run: share(sum.run, sum.length.0),
            switches: share(sum.switches, sum.kernel_switches),
        }
    }
}

impl Thread {
    fn change(&mut self, was: &Piece, now: State) {
        match (was.state, now) {
            (State::Absent, _) => self.began = was.end,
            // It was off its CPU already when the window opened, or when it was found.
            _ if was.end == self.began => {}
            (State::Running, State::Queued) => self.sum.involuntary += 1,
            (State::Running, State::Blocked(_) | State::Stopped) => self.sum.voluntary += 1,
            _ => {}
        }
        if let Some(since) = self.running_since.take() {
            self.sum.run += was.end.since(since);
        }
        self.running_since = (now == State::Running).then_some(was.end);
    }

    fn at(&self, now: Nanos) -> CpuTotals {
        let running = self
            .running_since
            .map_or(Nanos::ZERO, |since| now.since(since));
        CpuTotals {
            run: self.sum.run + running,
            ..self.sum
        }
    }

    fn read(&mut self, task: &Task) {
        let reading = Reading {
            at: task.end,
            timeline: self.at(task.end),
            kernel: task.schedstat,
        };
        match task.fact {
            TaskFact::SchedStatOpened => self.opened = Some(reading),
            TaskFact::SchedStatClosed => {
                self.off = self.opened.map(|before| Off::between(&before, &reading));
            }
            _ => {}
        }
    }
}

impl Off {
    fn between(before: &Reading, after: &Reading) -> Self {
        let run = |reading: &Reading| (reading.timeline.run.0, reading.kernel.run.0);
        let switches = |reading: &Reading| {
            let CpuTotals {
                voluntary,
                involuntary,
                ..
            } = reading.timeline;
            let kernel = reading.kernel;
            (
                voluntary + involuntary,
                kernel.voluntary + kernel.involuntary,
            )
        };
        let since = |of: &dyn Fn(&Reading) -> (u64, u64)| {
            let (old, new) = (of(before), of(after));
            (new.0.saturating_sub(old.0), new.1.saturating_sub(old.1))
        };
        let (run, switches) = (since(&run), since(&switches));
        Self {
            length: after.at.since(before.at),
            run: run.0.abs_diff(run.1),
            switches: switches.0.abs_diff(switches.1),
            kernel_switches: switches.1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Batch, Pid, Reason, Wait};
    use crate::timeline::Sweep;

    const MS: u64 = 1_000_000;

    /// A thread that runs 6 ms and sleeps 4 ms, over and over for a second, with the kernel's figures before and after.
    fn rows() -> Batch {
        let mut batch = Batch {
            watermark: Nanos(1_010 * MS),
            ..Batch::default()
        };
        let task = |at, fact, run, voluntary| Task {
            end: Nanos(at),
            tid: Tid(7),
            pid: Pid(7),
            fact,
            schedstat: SchedStat {
                run: Nanos(run),
                voluntary,
                ..SchedStat::default()
            },
            ..Task::default()
        };
        batch.tasks.push(task(0, TaskFact::Seen, 0, 0));
        batch
            .tasks
            .push(task(0, TaskFact::SchedStatOpened, 500 * MS, 40));
        for turn in 0..100 {
            let start = turn * 10 * MS + 6 * MS;
            batch.waits.push(Wait {
                tid: Tid(7),
                pid: Pid(7),
                start: Nanos(start),
                woken: Nanos(start + 4 * MS),
                end: Nanos(start + 4 * MS),
                reason: Reason::Blocked,
                ..Wait::default()
            });
        }
        batch
            .tasks
            .push(task(1_000 * MS, TaskFact::SchedStatClosed, 1_100 * MS, 140));
        batch
    }

    fn compared(rows: Batch) -> KernelComparison {
        let mut comparison = Comparison::default();
        let mut sweep = Sweep::new(Nanos(0));
        let mut listen = |step: Step<'_>| comparison.observe(&step);
        sweep.push(rows, &mut listen);
        sweep.finish(Nanos(1_000 * MS), &mut listen);
        comparison.result()
    }

    #[test]
    fn timelines_that_are_right_agree_with_the_kernel() {
        let result = compared(rows());
        assert_eq!(result.threads, 1);
        assert_eq!(result.worst(), Some(0.0), "{result:?}");
    }

    #[test]
    fn missing_waits_show_as_run_time_and_switches() {
        let mut rows = rows();
        let mut index = 0;
        rows.waits.retain(|_| {
            index += 1;
            index % 10 != 0
        });
        let result = compared(rows);
        assert!((result.switches - 0.1).abs() < 1e-9, "{result:?}");
        assert!((result.run - 0.04).abs() < 1e-9, "{result:?}");
    }

    #[test]
    fn a_reading_that_comes_after_the_window_closed_counts_and_none_is_said() {
        let mut late = rows();
        if let Some(task) = late.tasks.last_mut() {
            task.end = Nanos(1_002 * MS);
        }
        assert_eq!(compared(late).threads, 1);
        let mut none = rows();
        none.tasks.pop();
        assert_eq!(compared(none).worst(), None);
    }
}
