//! All that the stations found, with the questions the rules ask of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::actors::ActorId;
use crate::blame::{
    Charge, Collector, Figures, HolderActivity, LockGroups, LockStats, Part, Queued, ServiceStats,
    Visit, figures,
};
use crate::classify::{ClassId, ClassKind, OperationId, ResourceClasses, WaitKind, WaitSite};
use crate::row::{KernelSpanKind, Meta, Nanos, Pid, ResourceId, TaskRole, Tid, printable};
use crate::scaling::{SharingEstimate, StationSamples, estimate_sharing};
use crate::work::{Cycle, Inventory, StageName, StageTime, Stages, Times, WorkerTotals};

/// Visits that the window cuts off are the long ones. When all of them are longer on average, by Little's law, than those seen
/// whole by more than this factor, those seen whole do not stand for all: a tenth is within what a mean of some tens varies by.
const LIKE_ALL: f64 = 1.1;

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
    /// Workers' time without a CPU.
    pub queued: Queued,
    heads: &'a [(WaitSite, Visit)],
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
            at,
        } = evidence;
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
        let items: f64 = workers.values().map(|worker| worker.items).sum();
        Self {
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
            queued: collector.queue.queued(&cycle.workers, at),
            heads,
            at,
        }
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

    /// Number of workers.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of threads")]
    pub fn count(&self) -> f64 {
        self.workers.len() as f64
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

    /// A lock's statistics.
    #[must_use]
    pub fn lock(&self, site: WaitSite) -> Option<&LockStats> {
        match site.kind {
            WaitKind::FileLock => self.groups.file(site.class),
            _ => self.groups.stats(site.class),
        }
    }

    /// The locks waited for in a process, heaviest first.
    #[must_use]
    pub fn locks_in(&self, pid: Pid) -> Vec<(WaitSite, &LockStats)> {
        let futexes = self.groups.all();
        let files = self.groups.all_files();
        let mut list: Vec<(WaitSite, &LockStats)> = futexes
            .map(|(lock, of)| (WaitSite::plain(WaitKind::Futex, lock), of))
            .chain(files.map(|(file, of)| (WaitSite::plain(WaitKind::FileLock, file), of)))
            .filter(|(_, of)| of.pid == pid)
            .collect();
        list.sort_by_key(|(site, of)| (std::cmp::Reverse(of.waiting), *site));
        list
    }

    /// The workers' visits to a station, with those under way, in order of their ends.
    #[must_use]
    pub fn visits(&self, sites: &[WaitSite]) -> Vec<Visit> {
        let is_asked = |site: &WaitSite| sites.contains(&self.inventory.station(*site));
        let is_worker = |visit: &Visit| self.workers.contains_key(&visit.actor);
        let kept = self.collector.visits.iter();
        let kept = kept
            .filter(|(site, _)| is_asked(site))
            .flat_map(|(_, visits)| visits);
        let heads = self.heads.iter();
        let heads = heads
            .filter(|(site, _)| is_asked(site))
            .map(|(_, visit)| visit);
        let mut visits: Vec<Visit> = kept
            .chain(heads)
            .filter(|v| is_worker(v))
            .copied()
            .collect();
        visits.sort_by_key(|visit| (visit.end, visit.start, visit.actor));
        visits
    }

    /// Sockets on which the workers had requests to a peer.
    #[must_use]
    pub fn sockets(&self, peer: ClassId) -> BTreeSet<ResourceId> {
        let all = self.collector.sockets.get(&peer).into_iter().flatten();
        all.filter(|(_, actor)| self.workers.contains_key(actor))
            .map(|(socket, _)| *socket)
            .collect()
    }

    /// Who ended the workers' waits at a station: workers, others by how often, and nobody seen.
    #[must_use]
    pub fn wakers(&self, site: WaitSite) -> Wakers {
        let mut sum = Wakers::default();
        for (at, wakers) in &self.collector.wakers {
            if self.lock_site(self.inventory.station(*at)) != site {
                continue;
            }
            sum.nobody += wakers.nobody;
            for (actor, count) in &wakers.by {
                if self.workers.contains_key(actor) {
                    sum.workers += count;
                } else {
                    *sum.others.entry(*actor).or_default() += count;
                }
            }
        }
        sum
    }

    /// The visits to a wait site, and what they say.
    #[must_use]
    pub fn reading(&self, sites: &[WaitSite]) -> Option<(SharingEstimate, Figures)> {
        let mut seen = figures(&self.visits(sites));
        if seen.count == 0 {
            return None;
        }
        // Visits that the window cuts off are the long ones. Little's law holds for all of them: mean length = time present
        // / completions.
        let present: f64 = sites.iter().map(|site| self.blocked(*site)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
        let mean = present / seen.count as f64;
        let stand_for_all = mean <= LIKE_ALL * seen.mean;
        if mean > seen.mean {
            seen.mean = mean;
            seen.others = (present / self.window().max(1e-9) - 1.0).max(seen.others);
        }
        if !stand_for_all {
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
        let mut by_actor: BTreeMap<ActorId, Vec<Visit>> = BTreeMap::new();
        let requests: Vec<WaitSite> = self
            .sites()
            .into_iter()
            .map(|(site, _)| site)
            .filter(|site| site.kind == WaitKind::Request)
            .collect();
        for visit in self.visits(&requests) {
            if visit.part != Part::Tail {
                by_actor.entry(visit.actor).or_default().push(visit);
            }
        }
        let (mut present, mut busy) = (Nanos::ZERO, Nanos::ZERO);
        for visits in by_actor.values_mut() {
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

    /// Name of an actor for people: `worker 12`, else `name (tid)`.
    #[must_use]
    pub fn thread(&self, id: ActorId) -> String {
        if let Some(index) = self.cycle.workers.iter().position(|worker| *worker == id) {
            return format!("worker {}", index + 1);
        }
        let name = self
            .inventory
            .actors
            .get(&id)
            .map(|actor| &actor.account.name);
        match (name.filter(|name| !name.is_empty()), id) {
            (Some(name), ActorId::Thread(tid)) => format!("{} ({tid})", printable(name)),
            (Some(name), ActorId::Task(_)) => printable(name).into_owned(),
            (None, id) => id.to_string(),
        }
    }

    /// Name of a process for people, empty: not known.
    #[must_use]
    pub fn process(&self, pid: Pid) -> String {
        let actors = &self.inventory.actors;
        let leader = actors.get(&ActorId::Thread(Tid(pid.0)));
        let name = leader
            .map(|actor| actor.account.name.as_str())
            .filter(|name| !name.is_empty());
        let any = || {
            let mut accounts = actors.values().map(|actor| actor.account);
            accounts
                .find(|account| account.pid == pid && !account.name.is_empty())
                .map(|account| account.name.as_str())
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
        self.groups
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

    /// `thread` or `process`: what the workers are.
    #[must_use]
    pub fn unit(&self) -> &'static str {
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

/// Who ended waits, by sort.
#[derive(Clone, Debug, Default)]
pub struct Wakers {
    /// Workers.
    pub workers: u64,
    /// Other threads of the target, local peers, and strangers.
    pub others: BTreeMap<ActorId, u64>,
    /// Interrupts, timers, the network, or nobody seen.
    pub nobody: u64,
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
