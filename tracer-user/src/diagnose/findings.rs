//! All that the stations found, with the questions the rules ask of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::blame::{
    Charge, Collector, HolderActivity, LockGroups, LockKey, LockStats, Part, Visit, figures,
};
use crate::row::{Meta, Nanos, Pid, TaskRole, Tid, printable};
use crate::scaling::{SharingEstimate, StationSamples, estimate_sharing};
use crate::work::{
    ClassId, ClassKind, Cycle, Inventory, Operation, ResourceClasses, StageName, StageTime, Stages,
    Times, WaitKind, WaitSite, WorkerTotals,
};

/// Below this share of visits that were seen whole, their mean would be that of the short ones.
const WHOLE: f64 = 0.9;

/// What is known when a cause is to be named.
#[derive(Debug)]
pub struct Findings<'a> {
    /// What the trace says of itself.
    pub meta: &'a Meta,
    /// The first pass.
    pub inventory: &'a Inventory,
    /// All resource classes.
    pub classes: &'a ResourceClasses,
    /// Futex words to locks.
    pub words: &'a LockGroups,
    /// Workers and their cycle.
    pub cycle: &'a Cycle,
    /// Stages of operations.
    pub operation_stages: &'a Stages,
    /// The books of blame.
    pub collector: &'a Collector<'a>,
    /// What each worker did.
    pub workers: &'a BTreeMap<Tid, WorkerTotals>,
    /// Stages of all workers together.
    pub stages: BTreeMap<StageName, StageTime>,
    /// All worker time.
    pub all: Times,
    /// Items completed.
    pub items: u64,
}

impl<'a> Findings<'a> {
    /// Sums up the workers.
    #[must_use]
    pub fn new(
        (meta, inventory, classes): (&'a Meta, &'a Inventory, &'a ResourceClasses),
        (words, cycle, operation_stages, collector): (
            &'a LockGroups,
            &'a Cycle,
            &'a Stages,
            &'a Collector<'a>,
        ),
        workers: &'a BTreeMap<Tid, WorkerTotals>,
    ) -> Self {
        let (mut stages, mut all) = (BTreeMap::<StageName, StageTime>::new(), Times::default());
        for (name, stage) in workers.values().flat_map(|worker| &worker.stages) {
            let sum = stages.entry(*name).or_default();
            sum.times.merge(&stage.times);
            all.merge(&stage.times);
            sum.edge += stage.edge;
            for (site, count) in &stage.visits {
                *sum.visits.entry(*site).or_default() += count;
            }
        }
        let items = workers.values().map(|worker| worker.items).sum();
        Self {
            meta,
            inventory,
            classes,
            words,
            cycle,
            operation_stages,
            collector,
            workers,
            stages,
            all,
            items,
        }
    }

    /// Gives all waiting at a wait site to one stage, when it has turned out what is waited for there.
    pub fn give_to_stage(&mut self, site: WaitSite, stage: StageName) {
        let words = self.words;
        let is_there = |at: &WaitSite| lock_site(words, *at) == site;
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

    /// Number of workers.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of threads")]
    pub fn count(&self) -> f64 {
        self.workers.len() as f64
    }

    /// Length of the window, s.
    #[must_use]
    pub fn window(&self) -> f64 {
        self.meta.window().seconds()
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
        lock_site(self.words, site)
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

    /// A lock's books.
    #[must_use]
    pub fn lock(&self, site: WaitSite) -> Option<&LockStats> {
        self.collector.locks.books.get(&LockKey {
            kind: site.kind,
            class: site.class,
        })
    }

    /// The locks waited for in a process, heaviest first, seconds.
    #[must_use]
    pub fn locks_in(&self, pid: Pid) -> Vec<(LockKey, &LockStats)> {
        let mut list: Vec<_> = self
            .collector
            .locks
            .books
            .iter()
            .filter(|(_, stats)| stats.pid == pid)
            .map(|(key, stats)| (*key, stats))
            .collect();
        list.sort_by_key(|(key, stats)| (std::cmp::Reverse(stats.waiting), *key));
        list
    }

    /// The visits to a wait site, and what they say.
    #[must_use]
    pub fn reading(&self, sites: &[WaitSite]) -> Option<(SharingEstimate, crate::blame::Figures)> {
        let mut visits: Vec<Visit> = sites
            .iter()
            .filter_map(|site| self.collector.visits.get(site))
            .flatten()
            .copied()
            .collect();
        visits.sort_by_key(|visit| visit.end);
        let mut seen = figures(&visits);
        if seen.count == 0 {
            return None;
        }
        // Visits that the window cuts off are the long ones. Little's law holds for all of them: mean length = time present
        // / completions.
        let present: f64 = sites.iter().map(|site| self.blocked(*site)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
        let mean = present / seen.count as f64;
        if mean > seen.mean {
            seen.mean = mean;
            seen.others = (present / self.window().max(1e-9) - 1.0).max(seen.others);
        }
        #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
        if (seen.whole as f64) < WHOLE * seen.count as f64 {
            (seen.elasticity, seen.alone) = (None, (0, 0.0));
            seen.low = seen.low.clamp(0.0, seen.mean);
        }
        let reading = estimate_sharing(&StationSamples {
            customers: self.count(),
            count: seen.count,
            rate: seen.rate,
            mean: seen.mean,
            low: seen.low,
            others: (seen.others, seen.others_spread),
            elasticity: seen.elasticity,
            alone: seen.alone,
            gaps: (seen.gap_variation, seen.small_gaps, seen.in_order),
        });
        Some((reading, seen))
    }

    /// How many exchanges a worker has under way at once while it has any. More than one: its thread carries several lanes.
    #[must_use]
    pub fn in_flight(&self) -> f64 {
        let mut by_thread: BTreeMap<Tid, Vec<Visit>> = BTreeMap::new();
        for (site, visits) in &self.collector.visits {
            if site.kind == WaitKind::Exchange {
                for visit in visits.iter().filter(|visit| visit.part != Part::Tail) {
                    by_thread.entry(visit.tid).or_default().push(*visit);
                }
            }
        }
        let (mut present, mut busy) = (Nanos::ZERO, Nanos::ZERO);
        for visits in by_thread.values_mut() {
            visits.sort_by_key(|visit| visit.start);
            let mut until = Nanos::ZERO;
            for visit in visits {
                present += visit.end.since(visit.start);
                busy += visit.end.since(visit.start.max(until));
                until = until.max(visit.end);
            }
        }
        if busy == Nanos::ZERO {
            1.0
        } else {
            present.seconds() / busy.seconds()
        }
    }

    /// Name of a thread for people: `worker 12`, else `name (tid)`.
    #[must_use]
    pub fn thread(&self, tid: Tid) -> String {
        if let Some(index) = self.cycle.workers.iter().position(|worker| *worker == tid) {
            return format!("worker {}", index + 1);
        }
        match self.inventory.threads.get(&tid) {
            Some(thread) if !thread.name.is_empty() => {
                format!("{} ({tid})", printable(&thread.name))
            }
            _ => format!("thread {tid}"),
        }
    }

    /// Name of a process for people, empty: not known.
    #[must_use]
    pub fn process(&self, pid: Pid) -> String {
        let leader = self.inventory.threads.get(&Tid(pid.0));
        let name = leader
            .map(|thread| thread.name.as_str())
            .filter(|name| !name.is_empty());
        let any = || {
            self.inventory
                .threads
                .values()
                .find(|t| t.pid == pid && !t.name.is_empty())
                .map(|t| t.name.as_str())
        };
        name.or_else(any)
            .map(|name| printable(name).into_owned())
            .unwrap_or_default()
    }

    /// Name of the process behind a local peer, empty: elsewhere, or not known.
    #[must_use]
    pub fn peer_process(&self, peer: ClassId) -> String {
        let members = self.classes.members(peer);
        let Some(socket) = members.iter().find(|socket| socket.peer_pid.0 != 0) else {
            return String::new();
        };
        match self.process(socket.peer_pid) {
            name if name.is_empty() => printable(&socket.peer_name).into_owned(),
            name => name,
        }
    }

    /// Name of a resource class for people.
    #[must_use]
    pub fn class(&self, class: ClassId) -> String {
        let members = self.classes.members(class);
        match self.classes.kind(class) {
            ClassKind::Futex => match members.first() {
                Some(word) if !word.path.is_empty() => format!("lock in {}", printable(&word.path)),
                Some(word) => format!("lock at {:#x}", word.address),
                None => "lock".to_owned(),
            },
            ClassKind::Files => match members.as_slice() {
                [only] => printable(&only.path).into_owned(),
                _ => printable(self.classes.name(class)).into_owned(),
            },
            ClassKind::Timer => "sleep".to_owned(),
            _ => printable(self.classes.name(class)).into_owned(),
        }
    }

    /// A lock by where it is taken, else by its address.
    #[must_use]
    pub fn lock_name(&self, class: ClassId) -> String {
        match self.call_site(class) {
            Some(site) => format!("lock taken in {site}"),
            None => self.class(class),
        }
    }

    /// Where a lock is taken most often.
    #[must_use]
    pub fn call_site(&self, class: ClassId) -> Option<String> {
        self.words
            .sites
            .get(&class)
            .and_then(|sites| sites.first())
            .map(|(site, _)| site.clone())
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
    pub fn stage_name(&self, operation: Operation) -> Option<StageName> {
        self.operation_stages.of(operation)
    }

    /// The workers as a set.
    #[must_use]
    pub fn worker_set(&self) -> BTreeSet<Tid> {
        self.cycle.workers.iter().copied().collect()
    }

    /// Whether a process is a target or a local peer.
    #[must_use]
    pub fn role(&self, tid: Tid) -> TaskRole {
        self.inventory
            .threads
            .get(&tid)
            .map_or(TaskRole::Bystander, |thread| thread.role)
    }

    /// `thread` or `process`: what the workers are.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        let pids: BTreeSet<Pid> = self
            .cycle
            .workers
            .iter()
            .filter_map(|tid| self.inventory.threads.get(tid))
            .map(|t| t.pid)
            .collect();
        if pids.len() > 1 && pids.len() == self.cycle.workers.len() {
            "process"
        } else {
            "thread"
        }
    }
}

fn lock_site(words: &LockGroups, site: WaitSite) -> WaitSite {
    match site.kind {
        WaitKind::Futex => WaitSite {
            class: words.lock(site.class),
            ..site
        },
        _ => site,
    }
}
