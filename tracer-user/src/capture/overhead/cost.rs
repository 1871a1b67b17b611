//! Measures what recording costs at present: the kernel side by the BPF run statistics, the user side by the CPU clock.
//!
//! While run statistics are collected, each run of a program takes about 40 ns more, and switching them on and off patches the
//! kernel's code on all CPUs. They are therefore collected in a part of a period only, which stands for all of it; while
//! recording costs little, it stands for some further periods too. The statistics include the cost of collecting them, and lack
//! the way into a program ([`WAY_IN`]).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::budget::{PERIOD, Spent};
use super::run_stats::{Collection, Programs, Runs};
use crate::capture::clock;
use crate::capture::session::describe;
use crate::row::{Nanos, Pid};

/// How long run statistics are collected in a period in which they are.
const SAMPLE: Duration = Duration::from_millis(50);
/// How many periods may pass without run statistics while the cost is below half of the budget.
const RESTS: u32 = 4;
/// What a run costs beyond its run statistics: a program that does nothing makes a system call 72 ns longer, and the statistics
/// say 46 (AMD Genoa, Linux 6.18, `cargo xtask bench kernel`).
const WAY_IN: Nanos = Nanos(26);
/// What a workload loses for each nanosecond in programs, which displace its data from caches. Measured on an exchange over
/// loopback (3.65 us lost, 2.95 us in programs) and on appends that are synced (7.3 us and 5.6 us).
const DISPLACED: f64 = 1.25;
/// Cost of a run that writes no record, mostly one for a thread that is not tracked: two such runs make the cheapest call 200 ns
/// longer (`cargo xtask bench overhead`).
const IDLE_RUN: Nanos = Nanos(100);
/// Runs behind one record at least: one at the beginning of a wait or call, one at its end.
const RUNS_A_RECORD: f64 = 2.0;
/// Length of the first period, which is short so that recording that costs far too much is narrowed soon.
const FIRST_PERIOD: Duration = Duration::from_millis(120);
/// Cost of the kernel side for one record, assumed where the kernel gives no run statistics: about what is measured where it
/// does.
const ONE_RECORD: Nanos = Nanos(400);

/// Numbers of records received.
#[derive(Clone, Copy, Debug, Default)]
pub struct Records {
    /// All records.
    pub all: u64,
    /// Those of calls that did not block.
    pub free: u64,
}

impl Records {
    #[expect(clippy::cast_precision_loss, reason = "records of a period")]
    fn since(self, earlier: Self) -> f64 {
        self.all.saturating_sub(earlier.all) as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "records of a period")]
    fn free_since(self, earlier: Self) -> f64 {
        let all = self.all.saturating_sub(earlier.all);
        self.free.saturating_sub(earlier.free) as f64 / all.max(1) as f64
    }
}

/// Measures what recording costs, period by period.
#[derive(Debug)]
pub struct Meter {
    programs: Programs,
    /// The budget, as a share of the targets' CPU time.
    allowed: f64,
    sample: Option<Sample>,
    /// Periods that passed since the latest sample.
    rested: u32,
    /// Time in programs per time, by the latest sample.
    rate: f64,
    /// Runs of programs per second, by the latest sample.
    runs: f64,
    /// The kernel gives no run statistics, or the rights do not allow to ask for them.
    pub blind: bool,
    since: Instant,
    period: Duration,
    own: Nanos,
    records: Records,
    targets: HashMap<Pid, Nanos>,
}

/// Run statistics that are being collected.
#[derive(Debug)]
struct Sample {
    collection: Collection,
    since: Instant,
    before: Runs,
}

impl Meter {
    /// Begins the first period. `allowed`: what recording may cost, as a share of the CPU time that the targets use.
    #[must_use]
    pub fn begin(programs: Programs, allowed: f64) -> Self {
        let mut meter = Self {
            programs,
            allowed,
            sample: None,
            rested: 0,
            rate: 0.0,
            runs: 0.0,
            blind: false,
            since: Instant::now(),
            period: FIRST_PERIOD,
            own: describe::self_cpu(),
            records: Records::default(),
            targets: HashMap::new(),
        };
        meter.sample();
        meter
    }

    /// What the period cost, once it is over, and which share of its records is of calls that did not block. `tracked`: the tracked
    /// processes; `records`: how many were received since the window opened; `paused`: the programs that cost something are
    /// detached at present.
    pub fn tick(
        &mut self,
        tracked: impl Fn() -> Vec<Pid>,
        records: Records,
        paused: bool,
    ) -> Option<(Spent, f64)> {
        self.end_sample(false);
        let elapsed = self.since.elapsed();
        if elapsed < self.period {
            return None;
        }
        self.end_sample(true);
        let own = describe::self_cpu();
        let seconds = elapsed.as_secs_f64();
        let told = records.since(self.records);
        let (kernel, slowed) = if self.blind {
            let kernel = told * ONE_RECORD.seconds();
            (kernel, kernel)
        } else {
            let kernel = self.rate * seconds;
            let idle = (self.runs * seconds - told * RUNS_A_RECORD).max(0.0);
            (kernel, kernel - idle * IDLE_RUN.seconds())
        };
        let spent = Spent {
            wall: Nanos(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)),
            kernel: from_seconds(kernel),
            slowed: from_seconds(slowed),
            own: own.since(self.own),
            targets: self.targets(&tracked()),
        };
        let free = records.free_since(self.records);
        self.own = own;
        self.records = records;
        self.since = Instant::now();
        self.period = Duration::from_nanos(PERIOD.0);
        if paused {
            (self.rate, self.runs) = (0.0, 0.0);
        } else if self.rested < RESTS && spent.share().max(spent.slowdown()) < self.allowed / 2.0 {
            self.rested += 1;
        } else {
            self.sample();
        }
        Some((spent, free))
    }

    /// Recording begins again after a pause: the cost of the programs is sampled at once.
    pub fn resume(&mut self) {
        self.sample();
    }

    /// CPU time that the processes used since they were last looked at; new processes count from now on.
    fn targets(&mut self, tracked: &[Pid]) -> Nanos {
        let before = std::mem::take(&mut self.targets);
        let mut sum = Nanos::ZERO;
        for pid in tracked {
            let Some(now) = clock::process_cpu(*pid) else {
                continue;
            };
            if let Some(before) = before.get(pid) {
                sum += now.since(*before);
            }
            self.targets.insert(*pid, now);
        }
        sum
    }

    /// Begins to collect run statistics.
    fn sample(&mut self) {
        self.rested = 0;
        self.sample = Collection::start().ok().map(|collection| Sample {
            collection,
            since: Instant::now(),
            before: self.programs.runs(),
        });
        self.blind = self.sample.is_none();
    }

    /// Ends a sample that is long enough, or any when the period is over, and takes its figures.
    fn end_sample(&mut self, period_is_over: bool) {
        let due = |sample: &mut Sample| period_is_over || sample.since.elapsed() >= SAMPLE;
        let Some(Sample {
            collection,
            since,
            before,
        }) = self.sample.take_if(due)
        else {
            return;
        };
        let runs = self.programs.runs().since(before);
        let seconds = since.elapsed().as_secs_f64().max(1e-9);
        self.runs = runs.count as f64 / seconds;
        let took = runs.time.as_secs_f64() / seconds + self.runs * WAY_IN.seconds();
        self.rate = took * DISPLACED;
        drop(collection);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "times of a period")]
#[expect(clippy::cast_sign_loss, reason = "not below zero")]
fn from_seconds(seconds: f64) -> Nanos {
    Nanos((seconds.max(0.0) * 1e9) as u64)
}
