//! The overhead controller: keeps what recording costs within a budget, and remembers what it left out for the report.
//!
//! In: what is seen of the records, and the processes that are tracked. Out: one [`Step`] a period. The session carries it out;
//! the controller itself touches no probe.

use tracer_common::SITES_EVERY;

use super::budget::{Budget, Level, Step};
use super::cost::Meter;
use super::loss::Facts;
use super::run_stats::Programs;
use super::threads::Tally;
use crate::row::{Nanos, Pid};

/// A budget, what recording costs, and what came of it.
pub struct Controller {
    budget: Budget,
    meter: Meter,
    log: Log,
}

/// What was spent and left out so far. Pure.
#[derive(Debug, Default)]
struct Log {
    percent: f64,
    /// Time in programs.
    kernel: Nanos,
    /// CPU time of holdup itself.
    own: Nanos,
    /// Throughput lost, in seconds of work.
    lost: f64,
    /// Time judged, pauses included.
    wall: Nanos,
    /// Each level that was entered, and when, since the window opened.
    narrowed: Vec<(Level, Nanos)>,
    windows: u32,
}

impl Controller {
    /// Begins with a budget of `percent` of the work's throughput, and of the host's CPUs. `tracked`: the tracked processes.
    #[must_use]
    pub fn begin(percent: f64, programs: Programs, tracked: &[Pid]) -> Self {
        let budget = Budget::new(percent / 100.0);
        Self {
            meter: Meter::begin(programs, percent / 100.0, tracked, budget.period()),
            budget,
            log: Log {
                percent,
                windows: 1,
                ..Log::default()
            },
        }
    }

    /// Decides what to do. While a period has not ended, that is [`Step::Stay`]. `living`: the tracked processes, asked for once a
    /// period; `records`: records received since the window opened; `tally`: what was seen of those of this period;
    /// `since_opened`: time of the trace since then.
    pub fn decide(
        &mut self,
        living: impl Fn() -> Vec<Pid>,
        records: u64,
        tally: &mut Tally,
        paused: bool,
        since_opened: Nanos,
    ) -> Step {
        let Some(facts) = self.meter.tick(living, records, tally, paused) else {
            return Step::Stay;
        };
        tracing::debug!(
            loss = facts.loss(),
            host = facts.host_share(),
            ?facts,
            "a period"
        );
        let before = self.budget.level();
        let step = self.budget.step(&facts);
        self.meter.lasts(self.budget.period());
        self.log.take(&facts, step);
        let level = self.budget.level();
        if level != before {
            self.log.narrowed.push((level, since_opened));
        }
        step
    }

    /// What is left out now.
    #[must_use]
    pub fn level(&self) -> Level {
        self.budget.level()
    }

    /// Time in the eBPF programs since the window opened.
    #[must_use]
    pub fn kernel_cpu(&self) -> Nanos {
        self.log.kernel
    }

    /// Notes that all probes are attached again, so that a new period begins.
    pub fn resumed(&mut self) {
        self.meter.resume();
    }

    /// What the report must say, given how long was recorded and how long recording was paused.
    #[must_use]
    pub fn notes(&self, recorded: Nanos, paused: Nanos) -> Vec<String> {
        let mut notes = Vec::new();
        if self.meter.blind {
            notes.push("the kernel's run statistics cannot be had here: what watching cost is reckoned from the number of records".to_owned());
        }
        notes.extend(self.log.notes(recorded, paused));
        notes
    }
}

impl Log {
    fn take(&mut self, facts: &Facts, step: Step) {
        self.kernel += facts.kernel();
        self.own += facts.own;
        self.lost += facts.loss() * facts.wall.seconds();
        self.wall += facts.wall;
        self.windows += u32::from(step == Step::Resume);
    }

    fn notes(&self, recorded: Nanos, paused: Nanos) -> Vec<String> {
        if self.narrowed.is_empty() {
            return Vec::new();
        }
        let mut notes = vec![format!(
            "watching all would have cost more than {}% of the throughput or of the host's CPUs (--max-overhead), so a part was \
             left out",
            self.percent
        )];
        notes.extend(self.sites());
        if paused > Nanos::ZERO {
            notes.push(format!(
                "watched {:.1} s of {:.1} s, in {} windows: rates and times are of the time watched, and how long a wait lasts \
                 that is longer than its window is not known",
                recorded.seconds(),
                (recorded + paused).seconds(),
                self.windows
            ));
        }
        notes.push(format!(
            "watching cost the work at most {:.1}% of its throughput; in all it took {:.2} s in the kernel, {:.2} s of holdup itself",
            100.0 * self.lost / self.wall.seconds().max(1e-9),
            self.kernel.seconds(),
            self.own.seconds()
        ));
        notes
    }

    fn sites(&self) -> Option<String> {
        let mut times = Vec::new();
        for (index, (level, from)) in self.narrowed.iter().enumerate() {
            if level.halvings == 0 {
                continue;
            }
            let until = match self.narrowed.get(index + 1) {
                Some((_, until)) => {
                    format!("from {:.1} to {:.1} s", from.seconds(), until.seconds())
                }
                None => format!("from {:.1} s on", from.seconds()),
            };
            times.push(format!(
                "{until} of one wait in {}",
                SITES_EVERY << level.halvings
            ));
        }
        if times.is_empty() {
            return None;
        }
        Some(format!(
            "call sites were taken less often, {} (else of one in {SITES_EVERY}): names of rarely waited-for locks may be missing",
            times.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(narrowed: &[(Level, u64)]) -> Log {
        Log {
            percent: 2.0,
            kernel: Nanos(300_000_000),
            own: Nanos(100_000_000),
            lost: 0.1,
            wall: Nanos(10_000_000_000),
            windows: 3,
            narrowed: narrowed
                .iter()
                .map(|(level, tenths)| (*level, Nanos(tenths * 100_000_000)))
                .collect(),
        }
    }

    #[test]
    fn where_nothing_was_left_out_nothing_is_said() {
        assert!(log(&[]).notes(Nanos::SECOND, Nanos::ZERO).is_empty());
    }

    #[test]
    fn each_thing_left_out_is_told_with_its_times_and_what_is_lost_by_it() {
        let sites = |halvings| Level {
            halvings,
            ..Level::default()
        };
        let windows = Level {
            halvings: 0,
            windows: true,
        };
        let log = log(&[
            (sites(1), 10),
            (sites(3), 20),
            (sites(7), 30),
            (windows, 45),
        ]);
        let notes = log.notes(Nanos(5_500_000_000), Nanos(4_500_000_000));
        assert_eq!(
            notes,
            [
                "watching all would have cost more than 2% of the throughput or of the host's CPUs (--max-overhead), so a part was left out",
                "call sites were taken less often, from 1.0 to 2.0 s of one wait in 64, from 2.0 to 3.0 s of one wait in 256, from 3.0 to 4.5 s of one wait in 4096 (else of one in 32): names of rarely waited-for locks may be missing",
                "watched 5.5 s of 10.0 s, in 3 windows: rates and times are of the time watched, and how long a wait lasts that is longer than its window is not known",
                "watching cost the work at most 1.0% of its throughput; in all it took 0.30 s in the kernel, 0.10 s of holdup itself",
            ]
        );
    }
}
