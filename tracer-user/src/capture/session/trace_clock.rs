//! The clock of a trace: it stands still while recording is paused.
//!
//! Windows with pauses between them read as one window, so that rates and shares are those of the recorded time. In a steady
//! workload what is cut off where a window ends is on average made up for where the next begins. `Meta::joins` tells where
//! windows join, for stations that count what follows what.

use crate::capture::overhead::threads::Rows;
use crate::row::{Batch, Nanos};

/// Turns instants of the kernel's clock into times of the trace.
#[derive(Clone, Copy, Debug, Default)]
pub struct TraceClock {
    /// When the present window began.
    begin: Nanos,
    /// When the latest window ended, while recording is paused.
    paused: Option<Nanos>,
    /// Length of all pauses before the present window, together.
    pauses: Nanos,
}

/// How many rows each table had before new ones were added.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marks {
    waits: usize,
    calls: usize,
    tasks: usize,
    samples: usize,
    kernel: usize,
}

impl Marks {
    /// Takes the number of `rows` in each table.
    #[must_use]
    pub fn of(rows: &Batch) -> Self {
        Self {
            waits: rows.waits.len(),
            calls: rows.calls.len(),
            tasks: rows.tasks.len(),
            samples: rows.samples.len(),
            kernel: rows.kernel.len(),
        }
    }

    /// The rows that were added since.
    #[must_use]
    pub fn since(self, rows: &Batch) -> Rows<'_> {
        Rows {
            waits: rows.waits.get(self.waits..).unwrap_or_default(),
            calls: rows.calls.get(self.calls..).unwrap_or_default(),
        }
    }
}

impl TraceClock {
    /// The time of the trace at an instant of the kernel's clock.
    #[must_use]
    pub fn at(&self, instant: Nanos) -> Nanos {
        let end = self.paused.unwrap_or(Nanos(u64::MAX));
        instant.max(self.begin).min(end).since(self.pauses)
    }

    /// Begins a pause.
    pub fn pause(&mut self, at: Nanos) {
        self.paused.get_or_insert(at);
    }

    /// Ends the pause: a window begins.
    pub fn resume(&mut self, at: Nanos) {
        if let Some(since) = self.paused.take() {
            self.pauses += at.since(since);
            self.begin = at;
        }
    }

    /// Length of all pauses up to an instant, together.
    #[must_use]
    pub fn pauses(&self, now: Nanos) -> Nanos {
        let present = self.paused.map_or(Nanos::ZERO, |since| now.since(since));
        self.pauses + present
    }

    /// Gives the rows that were added since `marks` times of the trace. Waits that reach over an end of the window are cut there;
    /// rows outside of it are dropped.
    pub fn place(&self, rows: &mut Batch, marks: Marks) {
        if self.pauses == Nanos::ZERO && self.paused.is_none() {
            return;
        }
        let end = self.paused.unwrap_or(Nanos(u64::MAX));
        let lies_inside = |from: Nanos, to: Nanos| to > self.begin && from < end;
        place(&mut rows.waits, marks.waits, |wait| {
            let inside = lies_inside(wait.start, wait.end);
            wait.continuation |= wait.start < self.begin;
            if wait.end > end {
                wait.continues = true;
                // As far as the window is concerned, the thread was not woken.
                if wait.woken > end {
                    wait.woken = Nanos::ZERO;
                }
            }
            for time in [&mut wait.start, &mut wait.end] {
                *time = self.at(*time);
            }
            if wait.woken != Nanos::ZERO {
                wait.woken = self.at(wait.woken);
            }
            inside
        });
        place(&mut rows.calls, marks.calls, |call| {
            let inside = call.end > self.begin && call.end <= end;
            for time in [&mut call.start, &mut call.end] {
                *time = self.at(*time);
            }
            call.inside = call.inside.min(call.end.since(call.start));
            inside
        });
        place(&mut rows.samples, marks.samples, |sample| {
            let inside = sample.end > self.begin && sample.end <= end;
            sample.end = self.at(sample.end);
            inside
        });
        place(&mut rows.kernel, marks.kernel, |span| {
            let inside = lies_inside(span.start, span.end);
            for time in [&mut span.start, &mut span.end] {
                *time = self.at(*time);
            }
            inside
        });
        // Facts about threads hold even when they came about in a pause.
        place(&mut rows.tasks, marks.tasks, |task| {
            task.end = self.at(task.end);
            true
        });
    }
}

/// Edits the rows from index `from` on, and drops those for which `keep` says false.
fn place<T>(rows: &mut Vec<T>, from: usize, keep: impl FnMut(&mut T) -> bool) {
    let mut new = rows.split_off(from.min(rows.len()));
    new.retain_mut(keep);
    rows.append(&mut new);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Call, Task, Wait};

    fn wait(start: u64, woken: u64, end: u64) -> Wait {
        Wait {
            start: Nanos(start),
            woken: Nanos(woken),
            end: Nanos(end),
            ..Wait::default()
        }
    }

    fn placed(clock: &TraceClock, waits: &[Wait]) -> Vec<(u64, u64, u64)> {
        let mut rows = Batch {
            waits: waits.to_vec(),
            ..Batch::default()
        };
        clock.place(&mut rows, Marks::default());
        rows.waits
            .iter()
            .map(|wait| (wait.start.0, wait.woken.0, wait.end.0))
            .collect()
    }

    #[test]
    fn without_pauses_nothing_moves() {
        let clock = TraceClock::default();
        assert_eq!(clock.at(Nanos(7)), Nanos(7));
        assert_eq!(placed(&clock, &[wait(1, 2, 3)]), [(1, 2, 3)]);
    }

    #[test]
    fn a_window_ends_where_the_pause_begins_and_the_next_one_joins() {
        let mut clock = TraceClock::default();
        clock.pause(Nanos(100));
        assert_eq!(
            placed(
                &clock,
                &[wait(80, 85, 90), wait(80, 120, 130), wait(101, 102, 103)]
            ),
            [(80, 85, 90), (80, 0, 100)]
        );
        assert_eq!(
            (clock.at(Nanos(150)), clock.pauses(Nanos(150))),
            (Nanos(100), Nanos(50))
        );
        clock.resume(Nanos(1_100));
        assert_eq!(
            placed(
                &clock,
                &[
                    wait(90, 95, 99),
                    wait(90, 1_150, 1_200),
                    wait(1_300, 0, 1_310)
                ]
            ),
            [(100, 150, 200), (300, 0, 310)]
        );
        assert_eq!(clock.pauses(Nanos(2_000)), Nanos(1_000));
    }

    #[test]
    fn calls_of_the_pause_go_and_facts_stay() {
        let mut clock = TraceClock::default();
        clock.pause(Nanos(100));
        let call = |end| Call {
            end: Nanos(end),
            start: Nanos(end - 5),
            inside: Nanos(5),
            ..Call::default()
        };
        let mut rows = Batch {
            calls: vec![call(99), call(104)],
            tasks: vec![Task {
                end: Nanos(500),
                ..Task::default()
            }],
            ..Batch::default()
        };
        clock.place(&mut rows, Marks::default());
        assert_eq!(rows.calls.len(), 1);
        assert_eq!(rows.tasks[0].end, Nanos(100));
    }
}
