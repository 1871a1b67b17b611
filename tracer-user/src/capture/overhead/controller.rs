//! The overhead controller: keeps what recording costs within a budget, and remembers what it left out for the report.
//!
//! In: the number of records, and the processes whose CPU time the cost is compared with. Out: one [`Step`] a period. The session
//! carries it out; the controller itself touches no probe.

use super::budget::{Budget, Level, Spent, Step};
use super::cost::{Meter, Records};
use super::run_stats::Programs;
use crate::row::{Nanos, Pid};

/// A budget, what recording costs, and what came of it.
pub struct Controller {
    budget: Budget,
    meter: Meter,
    percent: f64,
    /// All costs since the window opened.
    pub total: Spent,
    /// Each level that was entered, and how long after the window opened.
    narrowed: Vec<(Level, Nanos)>,
    windows: u32,
}

impl Controller {
    /// Begins with a budget of `percent` of the targets' CPU time.
    #[must_use]
    pub fn begin(percent: f64, programs: Programs) -> Self {
        Self {
            budget: Budget::new(percent / 100.0),
            meter: Meter::begin(programs, percent / 100.0),
            percent,
            total: Spent::default(),
            narrowed: Vec::new(),
            windows: 1,
        }
    }

    /// Decides what to do. While a period has not ended, that is [`Step::Stay`]. `living`: the tracked processes, asked for once a
    /// period; `records`: records received since the window opened; `since_opened`: time of the trace since then.
    pub fn decide(
        &mut self,
        living: impl Fn() -> Vec<Pid>,
        records: Records,
        paused: bool,
        since_opened: Nanos,
    ) -> Step {
        let Some((spent, free)) = self.meter.tick(living, records, paused) else {
            return Step::Stay;
        };
        self.total = self.total.and(spent);
        let step = self.budget.step(spent, free);
        match step {
            Step::Narrow(level) => self.narrowed.push((level, since_opened)),
            Step::Resume => self.windows += 1,
            Step::Stay | Step::Pause => {}
        }
        step
    }

    /// What is left out now.
    #[must_use]
    pub fn level(&self) -> Level {
        self.budget.level()
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
            notes.push("the kernel gives no run statistics of eBPF programs here: what its side costs is reckoned from the number of records".to_owned());
        }
        if self.narrowed.is_empty() {
            return notes;
        }
        let told: Vec<String> = self
            .narrowed
            .iter()
            .map(|(level, at)| {
                let what = match level {
                    Level::Everything => "everything",
                    Level::NoSamples => "no call sites",
                    Level::NoFreeCalls => {
                        "no calls that did not block (the whole answer does without them)"
                    }
                    Level::Windows => "windows with pauses between them",
                };
                format!("{what} from {:.1} s on", at.seconds())
            })
            .collect();
        notes.push(format!(
            "watching would have cost more than {}% of the targets' CPU time (--max-overhead): {}",
            self.percent,
            told.join(", ")
        ));
        if paused > Nanos::ZERO {
            notes.push(format!(
                "watched {:.1} s of {:.1} s, in {} windows: rates and times are of the time watched",
                recorded.seconds(),
                (recorded + paused).seconds(),
                self.windows
            ));
        }
        notes.push(format!(
            "watching cost the targets {:.1}% of their CPU time; in all it took {:.2} s in the kernel, {:.2} s of holdup itself",
            self.total.slowdown() * 100.0,
            self.total.kernel.seconds(),
            self.total.own.seconds()
        ));
        notes
    }
}
