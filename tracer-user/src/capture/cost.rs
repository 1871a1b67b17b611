//! What watching costs at present: the kernel side by the kernel's own books, the user side by the CPU clock.
//!
//! Keeping books costs each run of a program about 40 ns more, and each beginning and end a change of the kernel's code on all
//! CPUs. So they are kept for a part of a period only, which stands for all of it, and while watching costs little for that of
//! some other periods too. What they say includes their own cost, and lacks the way into a program ([`WAY_IN`]).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::budget::{PERIOD, Spent};
use super::run_stats::{Books, Programs, Runs};
use super::{clock, describe};
use crate::row::{Nanos, Pid};

/// How long books are kept in a period that is looked at.
const SAMPLE: Duration = Duration::from_millis(50);
/// Periods that may pass without, while the cost is under half of the budget.
const RESTS: u32 = 4;
/// What a run costs beyond what the books say of it: a program that does nothing makes a system call 72 ns longer, and the books
/// say 46 (AMD Genoa, Linux 6.18, `cargo xtask bench kernel`).
const WAY_IN: Nanos = Nanos(26);
/// What a workload loses, to what the programs took: caches they displaced. Measured on an exchange over loopback (3.65 us lost,
/// 2.95 in programs) and on appends that are synced (7.3 and 5.6); the same for a loop of the cheapest call, which the books slow
/// down while they are kept.
const DISPLACED: f64 = 1.25;
/// A run that tells nothing, of another thread of the host mostly: the cheapest call of one takes 200 ns longer by two
/// (`cargo xtask bench overhead`).
const IDLE_RUN: Nanos = Nanos(100);
/// Runs that tell of one wait or call, at least: its beginning and its end.
const RUNS_A_RECORD: f64 = 2.0;
/// Length of the first period: a workload that costs far too much is not left to it for long.
const FIRST_PERIOD: Duration = Duration::from_millis(120);
/// Kernel side of one record where the kernel keeps no books: about what is measured where it does.
const ONE_RECORD: Nanos = Nanos(400);

/// Records received.
#[derive(Clone, Copy, Debug, Default)]
pub struct Records {
    /// All.
    pub all: u64,
    /// Of them, those of calls that did not block.
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

/// Looks at what watching costs.
#[derive(Debug)]
pub struct Meter {
    programs: Programs,
    /// The budget, as a share.
    allowed: f64,
    sample: Option<Sample>,
    /// Periods that passed without one.
    rested: u32,
    /// Time in programs, in cores, by the last sample.
    rate: f64,
    /// Runs of programs each second, likewise.
    runs: f64,
    /// The kernel keeps no books, or not for us.
    pub blind: bool,
    since: Instant,
    period: Duration,
    own: Nanos,
    records: Records,
    targets: HashMap<Pid, Nanos>,
}

#[derive(Debug)]
struct Sample {
    books: Books,
    since: Instant,
    before: Runs,
}

impl Meter {
    /// Begins with a period. `allowed`: what watching may cost, as a share of what the targets use.
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

    /// What the period cost, once it is over, and which share of its records told of calls that did not block. `watched`:
    /// processes that are; `records`: how many were received since the beginning; `paused`: no program that costs something runs at present.
    pub fn tick(
        &mut self,
        watched: impl Fn() -> Vec<Pid>,
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
            targets: self.targets(&watched()),
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

    /// Watching begins again: from here on a period of its own, of which nothing was measured yet.
    pub fn resume(&mut self) {
        self.sample();
    }

    /// CPU time the processes took since they were last looked at; of new ones nothing yet.
    fn targets(&mut self, watched: &[Pid]) -> Nanos {
        let before = std::mem::take(&mut self.targets);
        let mut sum = Nanos::ZERO;
        for pid in watched {
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

    fn sample(&mut self) {
        self.rested = 0;
        self.sample = Books::open().ok().map(|books| Sample {
            books,
            since: Instant::now(),
            before: self.programs.runs(),
        });
        self.blind = self.sample.is_none();
    }

    fn end_sample(&mut self, period_is_over: bool) {
        let due = |sample: &mut Sample| period_is_over || sample.since.elapsed() >= SAMPLE;
        let Some(Sample {
            books,
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
        drop(books);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "times of a period")]
#[expect(clippy::cast_sign_loss, reason = "not below zero")]
fn from_seconds(seconds: f64) -> Nanos {
    Nanos((seconds.max(0.0) * 1e9) as u64)
}
