//! Keeps a session within its budget: looks at what it costs, leaves out what the budget says, and remembers that for the
//! report.

use tracer_common::narrow;

use super::budget::{Budget, Level, Spent, Step};
use super::cost::{Meter, Records};
use super::run_stats::Programs;
use super::{CaptureError, Session, attach, clock};
use crate::row::Nanos;

/// Passes over the thread list before a window that opens again gives up finding an end.
const MOST_PASSES: usize = 10;

/// A budget, what watching costs, and what came of it.
pub struct Governor {
    budget: Budget,
    meter: Meter,
    percent: f64,
    /// All costs since the window opened.
    pub total: Spent,
    /// When each level began.
    narrowed: Vec<(Level, Nanos)>,
    windows: u32,
}

impl Governor {
    /// Begins with the budget of `percent`.
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

    /// What the report must say, given how long was watched and how long not.
    #[must_use]
    pub fn notes(&self, watched: Nanos, paused: Nanos) -> Vec<String> {
        let mut notes = Vec::new();
        if self.meter.blind {
            notes.push("the kernel keeps no books of eBPF programs here: what its side costs is reckoned from the number of records".to_owned());
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
                watched.seconds(),
                (watched + paused).seconds(),
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

impl Session {
    /// Does what the budget asks for, if there is one.
    ///
    /// # Errors
    /// [`CaptureError`] when probes cannot be taken off or put on again.
    pub(super) fn govern(&mut self) -> Result<(), CaptureError> {
        let Some(mut governor) = self.governor.take() else {
            return Ok(());
        };
        let outcome = self.step(&mut governor);
        self.governor = Some(governor);
        outcome
    }

    fn step(&mut self, governor: &mut Governor) -> Result<(), CaptureError> {
        let (roster, paused) = (&self.roster, self.is_paused());
        let living = || roster.living();
        let records = Records {
            all: self.drain.received,
            free: self.drain.free,
        };
        let Some((spent, free)) = governor.meter.tick(living, records, paused) else {
            return Ok(());
        };
        governor.total = governor.total.and(spent);
        let step = governor.budget.step(spent, free);
        let now = clock::monotonic();
        match step {
            Step::Stay => Ok(()),
            Step::Narrow(level) => {
                let since = self.drain.clock.at(now).since(self.meta.opened);
                governor.narrowed.push((level, since));
                self.meta.thinned |= level == Level::NoFreeCalls;
                self.seeder.leave_out(bits(level, self.meta.thinned))
            }
            Step::Pause => self.pause(now),
            Step::Resume => {
                governor.windows += 1;
                self.resume(bits(governor.budget.level(), self.meta.thinned))?;
                governor.meter.resume();
                Ok(())
            }
        }
    }

    /// Ends a window: waits are cut here, and the probes that cost something come off.
    fn pause(&mut self, at: Nanos) -> Result<(), CaptureError> {
        self.seeder.pass(&mut self.ebpf, 0)?;
        let left_out = self.seeder.left_out();
        self.seeder.leave_out(left_out | narrow::PAUSED)?;
        self.drain.clock.pause(at);
        attach::take_off(&mut self.ebpf, &mut self.links)?;
        self.drain();
        Ok(())
    }

    /// Opens the next one, as the first was opened: what was known of the threads is void.
    fn resume(&mut self, left_out: u64) -> Result<(), CaptureError> {
        self.seeder.reset(&mut self.ebpf)?;
        self.seeder.leave_out(left_out)?;
        attach::put_on(&mut self.ebpf, &mut self.links)?;
        for _ in 0..MOST_PASSES {
            if self.seeder.pass(&mut self.ebpf, u64::MAX)?.fresh == 0 {
                break;
            }
        }
        // Records of before belong to the pause.
        self.drain();
        let now = clock::monotonic();
        self.drain.clock.resume(now);
        self.meta.joins.push(self.drain.clock.at(now));
        Ok(())
    }
}

/// What a level leaves out. `thinned`: calls that did not block were left out before, and the answer must do without them.
fn bits(level: Level, thinned: bool) -> u64 {
    match level {
        Level::Windows if thinned => narrow::FREE_CALLS,
        Level::Everything | Level::Windows => 0,
        Level::NoSamples => narrow::SAMPLES,
        Level::NoFreeCalls => narrow::SAMPLES | narrow::FREE_CALLS,
    }
}
