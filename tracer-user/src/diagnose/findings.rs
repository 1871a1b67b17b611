//! All that the stations found, with the questions the rules ask of it.

use std::collections::{BTreeMap, BTreeSet};

use super::parked::{Parked, anywhere};
use super::shown::{beside, fill_up, hand_over, of_others, shown};
use super::user_lock::WORTH_NAMING;
use crate::actors::ActorId;
use crate::blame::{Charge, Collector, HolderActivity, LockGroups, Queued, ServiceStats, Visit};
use crate::classify::{ClassId, OperationId, ResourceClasses, SeenWorkers, WaitKind, WaitSite};
use crate::row::{IdleCpus, KernelSpanKind, Meta, Nanos, Pid, TaskRole};
use crate::work::{Cycle, Inventory, StageName, StageTime, Stages, Times, WorkerTotals};

/// What the stations give.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// What the trace says of itself.
    pub meta: &'a Meta,
    /// Actors and what they did.
    pub inventory: &'a Inventory<'a>,
    /// Futex words to locks, and their statistics.
    pub groups: &'a LockGroups,
    /// Workers and their cycle.
    pub cycle: &'a Cycle,
    /// Stages of operations.
    pub operation_stages: &'a Stages,
    /// Who made whom wait.
    pub collector: &'a Collector,
    /// Local peers from inside.
    pub services: &'a BTreeMap<ClassId, ServiceStats>,
    /// Visits that are under way.
    pub heads: &'a [(WaitSite, Visit)],
    /// What each worker did.
    pub workers: &'a BTreeMap<ActorId, WorkerTotals>,
    /// Kernel spans, count and time.
    pub spans: &'a BTreeMap<KernelSpanKind, Spans>,
    /// Workers there are by the user's count.
    pub told: Option<u32>,
    /// The window is looked at as it stands now.
    pub at: Nanos,
}

/// How many kernel spans there were, and how long they lasted together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    /// How many.
    pub count: u64,
    /// How long.
    pub time: Nanos,
}

/// What is known when a cause is to be named.
#[derive(Debug)]
pub struct Findings<'a> {
    /// What the trace says of itself.
    pub meta: &'a Meta,
    /// Actors and what they did.
    pub inventory: &'a Inventory<'a>,
    /// All resource classes.
    pub classes: &'a ResourceClasses,
    /// Futex words to locks, and their statistics.
    pub groups: &'a LockGroups,
    /// Workers and their cycle.
    pub cycle: &'a Cycle,
    /// Stages of operations.
    pub operation_stages: &'a Stages,
    /// Who made whom wait.
    pub collector: &'a Collector,
    /// Local peers from inside.
    pub services: &'a BTreeMap<ClassId, ServiceStats>,
    /// Kernel spans.
    pub spans: &'a BTreeMap<KernelSpanKind, Spans>,
    /// What each worker did.
    pub workers: &'a BTreeMap<ActorId, WorkerTotals>,
    /// Stages of all workers together.
    pub stages: BTreeMap<StageName, StageTime>,
    /// All worker time.
    pub all: Times,
    /// Items completed.
    pub items: u64,
    /// Workers there are by the user's count.
    pub told: Option<u32>,
    /// The tasks that do the work, as their runtime shows them.
    pub shown: Option<SeenWorkers>,
    /// Tasks that the runtime of the workers' processes shows, where the workers are threads: they work for the tasks, or beside them.
    pub beside: Option<SeenWorkers>,
    /// How many workers there are by the count of the user, or else of their runtime; 0: nobody counted them.
    pub(super) counted: u32,
    /// Workers there are by that count that have no request: they wait in the process.
    pub unseen: usize,
    /// Workers' time without a CPU.
    pub queued: Queued,
    pub(super) heads: &'a [(WaitSite, Visit)],
    pub(super) parked: Parked,
    /// The station whose requests other tasks make than the workers.
    pub(super) theirs: Option<WaitSite>,
    at: Nanos,
}

impl<'a> Findings<'a> {
    /// Sums up the workers.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of items, not negative"
    )]
    pub fn new(evidence: Evidence<'a>) -> Self {
        let Evidence {
            meta,
            inventory,
            groups,
            cycle,
            operation_stages,
            collector,
            services,
            heads,
            workers,
            spans,
            told,
            at,
        } = evidence;
        let (mut stages, mut all) = (BTreeMap::<StageName, StageTime>::new(), Times::default());
        for (name, stage) in workers.values().flat_map(|worker| &worker.stages) {
            let sum = stages.entry(*name).or_default();
            sum.times.merge(&stage.times);
            all.merge(&stage.times);
            sum.edge += stage.edge;
            sum.estimated += stage.estimated;
            for (site, count) in &stage.visits {
                *sum.visits.entry(*site).or_default() += count;
            }
        }
        let (mut shown, mut beside) = (shown(inventory, workers), beside(inventory, workers));
        if beside
            .as_ref()
            .is_some_and(|tasks| hand_over(tasks, workers.len()))
        {
            // These threads do for the tasks what the tasks wait for.
            shown = beside.take();
        }
        // Threads that do the same beside them are no tasks of theirs.
        let threads = u32::try_from(threads_beside_tasks(workers)).unwrap_or(u32::MAX);
        let by_runtime = shown.as_ref();
        let by_runtime =
            by_runtime.map(|shown| (shown.count.round() as u32).saturating_add(threads));
        let counted = told.or(by_runtime).unwrap_or(0);
        let unseen = match workers.len() {
            0 => 0,
            seen => usize::try_from(counted).map_or(0, |counted| counted.saturating_sub(seen)),
        };
        let site = anywhere(inventory.classes());
        let window = at.since(meta.opened);
        let theirs = shown.as_ref();
        let theirs = theirs.and_then(|shown| of_others(&all, shown, window));
        if let Some(theirs) = theirs {
            all.blocked.retain(|at, _| at.station() != theirs);
            for stage in stages.values_mut() {
                stage.times.blocked.retain(|at, _| at.station() != theirs);
                stage.visits.retain(|at, _| at.station() != theirs);
            }
        }
        if counted > 0 {
            let all_time = Nanos(window.0.saturating_mul(counted.into()));
            fill_up(all_time, site, &mut all, &mut stages);
        }
        let time = all.blocked.get(&site).copied().unwrap_or_default();
        let tasks = time.seconds() / window.seconds().max(1e-9);
        let parked = Parked::of(shown.as_ref(), tasks, site);
        parked.share_out(&mut all, site);
        parked.share_out_stages(&mut stages, site);
        let items: f64 = workers.values().map(|worker| worker.items).sum();
        let mut findings = Self {
            meta,
            inventory,
            classes: inventory.classes(),
            groups,
            cycle,
            operation_stages,
            collector,
            services,
            spans,
            workers,
            stages,
            all,
            items: items.round() as u64,
            told,
            beside,
            counted,
            shown,
            unseen,
            queued: collector.queue.queued(&cycle.workers, at),
            heads,
            parked,
            theirs,
            at,
        };
        // Which stage waits there is not known: the order in which tasks go on is not.
        let mut parked: Vec<WaitSite> = findings.parked.sites().collect();
        if findings.blocked(site) >= WORTH_NAMING * findings.time() {
            parked.push(site);
        }
        for site in parked {
            findings.give_to_stage(site, StageName::Other);
        }
        findings
    }

    /// Gives all waiting at a wait site to one stage, when it has turned out what is waited for there.
    pub fn give_to_stage(&mut self, site: WaitSite, stage: StageName) {
        let groups = self.groups;
        let is_there = |at: &WaitSite| lock_site(groups, *at) == site;
        let (mut moved, mut visits) = (Times::default(), BTreeMap::<WaitSite, u64>::new());
        for (name, other) in &mut self.stages {
            if *name == stage {
                continue;
            }
            other.times.blocked.retain(|at, time| {
                let there = is_there(at);
                if there {
                    *moved.blocked.entry(*at).or_default() += *time;
                }
                !there
            });
            other.visits.retain(|at, count| {
                let there = is_there(at);
                if there {
                    *visits.entry(*at).or_default() += *count;
                }
                !there
            });
        }
        let own = self.stages.entry(stage).or_default();
        own.times.merge(&moved);
        for (at, count) in visits {
            *own.visits.entry(at).or_default() += count;
        }
    }

    /// Number of workers, those that nothing shows among them.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of workers")]
    pub fn count(&self) -> f64 {
        self.headcount() as f64
    }

    /// Number of workers, those that nothing shows among them.
    #[must_use]
    pub fn headcount(&self) -> usize {
        match usize::try_from(self.counted) {
            // A runtime knows better how many tasks there are than what is seen from outside tells.
            Ok(counted) if counted > 0 && self.told.is_none() => counted,
            _ => self.workers.len() + self.unseen,
        }
    }

    /// How many workers there are is known, by the user or by their runtime: no others wait unseen.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.told.is_some() || self.shown.is_some()
    }

    /// The window is looked at as it stands then.
    pub(super) fn until(&self) -> Nanos {
        self.at
    }

    /// Length of the window, s.
    #[must_use]
    pub fn window(&self) -> f64 {
        self.at.since(self.meta.opened).seconds()
    }

    /// CPU time of all the target's threads, s.
    #[must_use]
    pub fn run_of_all(&self) -> f64 {
        self.collector.queue.run(self.at)
    }

    /// How many CPUs neither the target nor its servers keep busy, nobody being idle, on average; `None`: how long CPUs are idle is not known.
    #[must_use]
    pub fn strangers(&self) -> Option<f64> {
        let IdleCpus { idle, over } = self.meta.idle_cpus.filter(|of| of.over > Nanos::ZERO)?;
        let busy = f64::from(self.meta.host.cpus) - idle.seconds() / over.seconds();
        let own = self.run_of_all() + self.collector.queue.served(self.at);
        Some((busy - own / self.window().max(1e-9)).max(0.0))
    }

    /// Items a second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of items")]
    pub fn rate(&self) -> f64 {
        if self.window() > 0.0 {
            self.items as f64 / self.window()
        } else {
            0.0
        }
    }

    /// All worker time, s.
    #[must_use]
    pub fn time(&self) -> f64 {
        self.all.total().seconds()
    }

    /// Seconds of an item, from seconds of the window.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of items")]
    pub fn per_item(&self, seconds: f64) -> f64 {
        if self.items == 0 {
            0.0
        } else {
            seconds / self.items as f64
        }
    }

    /// Worker time blocked at a wait site, s. Futex wait sites stand for their whole lock.
    #[must_use]
    pub fn blocked(&self, site: WaitSite) -> f64 {
        self.all
            .blocked
            .iter()
            .filter(|(at, _)| self.lock_site(**at) == site)
            .map(|(_, time)| time.seconds())
            .sum()
    }

    /// All wait sites the workers are blocked at, words taken together to locks, heaviest first, seconds.
    #[must_use]
    pub fn sites(&self) -> Vec<(WaitSite, f64)> {
        let mut sums: BTreeMap<WaitSite, f64> = BTreeMap::new();
        for (site, time) in &self.all.blocked {
            *sums.entry(self.lock_site(*site)).or_default() += time.seconds();
        }
        let mut list: Vec<(WaitSite, f64)> = sums.into_iter().collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        list
    }

    /// A futex wait site by its lock, any other as it is.
    #[must_use]
    pub fn lock_site(&self, site: WaitSite) -> WaitSite {
        lock_site(self.groups, site)
    }

    /// The stage in which most of the time at a wait site is spent.
    #[must_use]
    pub fn stage_of(&self, site: WaitSite) -> StageName {
        let time = |stage: &StageTime| -> Nanos {
            stage
                .times
                .blocked
                .iter()
                .filter(|(at, _)| self.lock_site(**at) == site)
                .map(|(_, time)| *time)
                .sum()
        };
        self.stages
            .iter()
            .max_by_key(|(_, stage)| time(stage))
            .map_or(StageName::Other, |(name, _)| *name)
    }

    /// What holders do meanwhile, heaviest first, as shares of the time held.
    #[must_use]
    pub fn activity(&self, charge: &Charge) -> Vec<(HolderActivity, f64)> {
        let all: Nanos = charge.activity.values().copied().sum();
        if all == Nanos::ZERO {
            return Vec::new();
        }
        let mut list: Vec<(HolderActivity, f64)> = charge
            .activity
            .iter()
            .map(|(what, time)| (*what, time.seconds() / all.seconds()))
            .collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        list
    }

    /// The stage of an operation.
    #[must_use]
    pub fn stage_name(&self, operation: OperationId) -> Option<StageName> {
        self.operation_stages.of(operation)
    }

    /// The workers as a set.
    #[must_use]
    pub fn worker_set(&self) -> BTreeSet<ActorId> {
        self.cycle.workers.iter().copied().collect()
    }

    /// Actors of the target that are no workers.
    #[must_use]
    pub fn helpers(&self) -> usize {
        let actors = self.inventory.actors.iter();
        actors
            .filter(|(id, actor)| {
                actor.account.role == TaskRole::Target && !self.workers.contains_key(id)
            })
            .count()
    }

    /// Some workers are tasks.
    #[must_use]
    pub fn has_tasks(&self) -> bool {
        self.workers.keys().any(|id| id.tid().is_none())
    }

    /// Workers that are threads, where others are tasks.
    #[must_use]
    pub fn threads_beside_tasks(&self) -> usize {
        threads_beside_tasks(self.workers)
    }

    /// `thread`, `process` or `task`: what the workers are; `worker`: some are threads and some tasks.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        if self.threads_beside_tasks() > 0 {
            return "worker";
        }
        // Threads that do what tasks hand over are none of the workers.
        if self.shown.is_some() || self.has_tasks() {
            return "task";
        }
        let pids: BTreeSet<Pid> = self
            .cycle
            .workers
            .iter()
            .filter_map(|id| self.inventory.actors.get(id))
            .map(|actor| actor.account.pid)
            .collect();
        if pids.len() > 1 && pids.len() == self.cycle.workers.len() {
            "process"
        } else {
            "thread"
        }
    }
}

/// Workers that are threads, where others are tasks; 0: all are the same.
fn threads_beside_tasks(workers: &BTreeMap<ActorId, WorkerTotals>) -> usize {
    let threads = workers.keys().filter(|id| id.tid().is_some()).count();
    if threads < workers.len() { threads } else { 0 }
}

fn lock_site(groups: &LockGroups, site: WaitSite) -> WaitSite {
    match site.kind {
        WaitKind::Futex => WaitSite {
            class: groups.lock(site.class),
            ..site
        },
        _ => site,
    }
}
