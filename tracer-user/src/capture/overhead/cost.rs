//! Measures what recording costs at present: the kernel side by the BPF run statistics, the user side by the CPU clock.
//!
//! While run statistics are collected, each run of a program takes about 40 ns more, and switching them on and off patches the
//! kernel's code on all CPUs. They are therefore collected in a part of a period only, which stands for all of it; while
//! recording costs little, it stands for some further periods too. The statistics include the cost of collecting them, and lack
//! the way into a program (`WAY_IN`).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::host_cpu::HostCpu;
use super::loss::{Facts, from_seconds};
use super::run_stats::{Collection, Programs, Runs};
use super::threads::Tally;
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
/// Cost of a run that writes no record: two such runs make the cheapest call 200 ns longer (`cargo xtask bench overhead`).
const IDLE_RUN: Nanos = Nanos(100);
/// Runs behind one record at least: one at the beginning of a wait or call, one at its end.
const RUNS_A_RECORD: f64 = 2.0;
/// Cost of the kernel side for one record, assumed where the kernel gives no run statistics: about what is measured where it
/// does.
const ONE_RECORD: Nanos = Nanos(400);

/// Measures what recording costs, period by period.
#[derive(Debug)]
pub struct Meter {
    programs: Programs,
    /// The budget, as a share.
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
    /// Records received up to the end of the period before.
    records: u64,
    targets: HashMap<Pid, Nanos>,
    host: HostCpu,
}

/// Run statistics that are being collected.
#[derive(Debug)]
struct Sample {
    collection: Collection,
    since: Instant,
    before: Runs,
}

impl Meter {
    /// Begins the first period, which lasts so long. `allowed`: what recording may cost, as a share; `tracked`: the tracked processes.
    #[must_use]
    pub fn begin(programs: Programs, allowed: f64, tracked: &[Pid], period: Nanos) -> Self {
        let mut meter = Self {
            programs,
            allowed,
            sample: None,
            rested: 0,
            rate: 0.0,
            runs: 0.0,
            blind: false,
            since: Instant::now(),
            period: Duration::from_nanos(period.0),
            own: describe::self_cpu(),
            records: 0,
            targets: HashMap::new(),
            host: HostCpu::open(),
        };
        let _ = meter.targets(tracked);
        meter.sample();
        meter
    }

    /// What the period cost, once it is over. `tracked`: the tracked processes; `records`: how many were received since the window
    /// opened; `tally`: what was seen of them since the period before; `paused`: the programs that cost something are detached at
    /// present.
    pub fn tick(
        &mut self,
        tracked: impl Fn() -> Vec<Pid>,
        records: u64,
        tally: &mut Tally,
        paused: bool,
    ) -> Option<Facts> {
        self.end_sample(false);
        self.host.look();
        let elapsed = self.since.elapsed();
        if elapsed < self.period {
            return None;
        }
        self.end_sample(true);
        let wall = Nanos(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX));
        let (busy, busy_time) = self.host.finish();
        let own = describe::self_cpu();
        let facts = Facts {
            wall,
            cpus: self.host.cpus(),
            own: own.since(self.own),
            ran: own.since(self.own),
            targets: self.targets(&tracked()),
            pattern: tally.finish(wall, busy),
            ..Facts::default()
        };
        let facts = self.programs_of(facts, records - self.records, busy_time);
        self.own = own;
        self.records = records;
        self.since = Instant::now();
        let is_calm = facts.loss().max(facts.host_share()) < self.allowed / 2.0;
        if paused {
            (self.rate, self.runs) = (0.0, 0.0);
        } else if self.rested < RESTS && is_calm {
            self.rested += 1;
        } else {
            self.sample();
        }
        Some(facts)
    }

    /// Adds the time in programs, and on whom it fell. `told`: records of the period; `busy`: CPU time of the host.
    #[expect(clippy::cast_precision_loss, reason = "records of a period")]
    fn programs_of(&self, facts: Facts, told: u64, busy: Option<Nanos>) -> Facts {
        let told = told as f64;
        if self.blind {
            return Facts {
                recorded: from_seconds(told * ONE_RECORD.seconds()),
                ..facts
            };
        }
        let seconds = facts.wall.seconds();
        let kernel = self.rate * seconds;
        let idle_runs = (self.runs * seconds - told * RUNS_A_RECORD).max(0.0);
        let idle = (idle_runs * IDLE_RUN.seconds()).min(kernel);
        // Where threads that nobody watches use most of the CPU time, most of these runs are theirs.
        let of_targets = busy.map_or(1.0, |busy| {
            (facts.targets.seconds() / busy.since(facts.own).seconds().max(1e-9)).min(1.0)
        });
        Facts {
            recorded: from_seconds(kernel - idle),
            unrecorded: from_seconds(idle * of_targets),
            aside: from_seconds(idle * (1.0 - of_targets)),
            ..facts
        }
    }

    /// The period that has begun lasts so long.
    pub fn lasts(&mut self, period: Nanos) {
        self.period = Duration::from_nanos(period.0);
    }

    /// Recording begins again after a pause: the cost of the programs is sampled at once.
    pub fn resume(&mut self) {
        self.sample();
    }

    /// CPU time that the processes used since they were last looked at. New ones count with all they have used: most were born in
    /// the period, and where a peer that has run for long is taken in, one period looks cheaper than it was.
    fn targets(&mut self, tracked: &[Pid]) -> Nanos {
        let before = std::mem::take(&mut self.targets);
        let mut sum = Nanos::ZERO;
        for pid in tracked {
            let Some(now) = clock::process_cpu(*pid) else {
                continue;
            };
            sum += now.since(before.get(pid).copied().unwrap_or_default());
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
