//! Who the workers are.
//!
//! Workers are the actors that share the operation which most actors do at any time, and those that are stuck where workers
//! are. Weighed by how long each lives: a child that reads a library and ends is one actor among many, but hardly there.

use std::collections::{BTreeMap, BTreeSet};

use super::inventory::{Actor, Inventory};
use super::serving::serving;
use super::stage::Stages;
use crate::actors::ActorId;
use crate::classify::{ClassId, OperationId, OperationKind, pattern};
use crate::row::{Nanos, TaskRole};

/// An actor that does less than this share of the median worker's operations is no worker ...
const FEW: f64 = 0.1;
/// ... unless it is blocked for this share of the window where workers are blocked.
const LONG: f64 = 0.2;
/// Who is like the workers, lives for this share of the window and does nothing in it is idle.
const ALL_THE_WHILE: f64 = 0.9;

/// The workers, and who is like them and does nothing.
#[derive(Clone, Debug, Default)]
pub struct Crew {
    /// In order of their ids.
    pub workers: Vec<ActorId>,
    /// In order of their ids.
    pub idle: Vec<ActorId>,
    /// Threads that write what the workers hand over to them. In order of their ids.
    pub serving: Vec<ActorId>,
}

impl Crew {
    /// Finds them.
    #[must_use]
    pub fn find(inventory: &Inventory<'_>, stages: &Stages, window: Nanos) -> Self {
        let serving = serving(inventory, stages);
        let workers = workers(inventory, stages, &serving, window);
        let mut idle = idle(inventory, &workers, window);
        idle.retain(|id| serving.binary_search(id).is_err());
        Self {
            workers,
            idle,
            serving,
        }
    }
}

/// How many do some operations, and how often.
#[derive(Clone, Copy)]
struct Turns {
    actors: usize,
    count: u64,
}

impl Turns {
    fn of(targets: &Actors<'_>, operations: &[OperationId]) -> Self {
        let counts = targets.iter().map(|(_, actor)| {
            let of_each = operations.iter().filter_map(|id| actor.operations.get(id));
            of_each.sum::<u64>()
        });
        let does_any = counts.filter(|count| *count > 0);
        does_any.fold(
            Self {
                actors: 0,
                count: 0,
            },
            |all, count| Self {
                actors: all.actors + 1,
                count: all.count + count,
            },
        )
    }

    /// Those that move input or output are few beside those that only take turns under locks, and do less: one that reports
    /// progress, or hands out work and gathers results.
    fn are_aside_of(self, others: Self) -> bool {
        2 * self.actors <= others.actors && self.count <= others.count
    }
}

pub(super) type Actors<'a> = Vec<(ActorId, &'a Actor<'a>)>;

pub(super) fn targets<'a>(inventory: &'a Inventory<'a>) -> Actors<'a> {
    let all = inventory.actors.iter();
    all.filter(|(_, actor)| actor.account.role == TaskRole::Target && !actor.is_carrier)
        .map(|(id, actor)| (*id, actor))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts and times of one window")]
fn workers(
    inventory: &Inventory<'_>,
    stages: &Stages,
    serving: &[ActorId],
    window: Nanos,
) -> Vec<ActorId> {
    let steers = |operation: &OperationId| stages.of(*operation).is_some();
    let mut targets = without_helpers(targets(inventory), &steers, inventory);
    targets.retain(|(id, _)| serving.binary_search(id).is_err());
    let sleeps = |operation: &OperationId| {
        let operation = inventory.operation(*operation);
        operation.is_some_and(|operation| operation.kind == OperationKind::Sleep)
    };
    let staged = shared_operations(&targets, &steers);
    let others = shared_operations(&targets, &|operation| {
        !steers(operation) && !sleeps(operation)
    });
    let mut ours = match Turns::of(&targets, &staged).are_aside_of(Turns::of(&targets, &others)) {
        true => others,
        false => staged,
    };
    if ours.is_empty() {
        // Who only sleeps works less than who computes, and is looked at when nobody does.
        let busy = busy(&targets, window);
        if !busy.is_empty() {
            return busy;
        }
        ours = shared_operations(&targets, &sleeps);
    }
    let done = |actor: &Actor<'_>| {
        ours.iter()
            .filter_map(|operation| actor.operations.get(operation))
            .sum::<u64>()
    };
    let classes = classes_of(inventory, stages, &ours);
    let stuck = |actor: &Actor<'_>| {
        classes
            .iter()
            .filter_map(|class| actor.blocked.get(class))
            .copied()
            .sum::<Nanos>()
    };
    let mut all: Vec<u64> = targets
        .iter()
        .map(|(_, actor)| done(actor))
        .filter(|count| *count > 0)
        .collect();
    all.sort_unstable();
    let median = all.get(all.len() / 2).copied().unwrap_or(0) as f64;
    // Who does something else again and again is not stuck where the others are: it works for them. Tasks, unless their runtime shows them
    // apart, may do what a client does for all of them, which sends the next request as it reads a reply.
    let pids = inventory.processes_of_tasks(targets.iter().map(|(id, _)| id));
    let are_shown = inventory.classifier.seen.workers(&pids).is_some();
    let does_else = |id: &ActorId, actor: &Actor<'_>| {
        let elsewhere = actor.operations.iter();
        let elsewhere = elsewhere.filter(|(id, _)| steers(id) && !ours.contains(id));
        let elsewhere: u64 = elsewhere.map(|(_, count)| count).sum();
        (are_shown || id.tid().is_some()) && elsewhere > 0 && elsewhere as f64 >= FEW * median
    };
    let is_worker = |(id, actor): &&(ActorId, &Actor<'_>)| {
        let count = done(actor) as f64;
        let works = count > 0.0 && count >= FEW * median;
        let is_stuck = stuck(actor).0 as f64 >= LONG * window.0 as f64;
        works || (is_stuck && !does_else(id, actor))
    };
    let found = targets.iter().filter(is_worker);
    found.map(|(id, _)| *id).collect()
}

/// Beside tasks the threads of their process work for them, or the tasks for the threads, unless most of what they do is the same: each
/// item is done by one of them, and those of which there are more are the workers.
fn without_helpers<'a>(
    targets: Actors<'a>,
    counts: &dyn Fn(&OperationId) -> bool,
    inventory: &Inventory<'_>,
) -> Actors<'a> {
    let is_task = |id: &ActorId| id.tid().is_none();
    let pids = inventory.processes_of_tasks(targets.iter().map(|(id, _)| id));
    if pids.is_empty() {
        return targets;
    }
    let of_those = |actor: &Actor<'_>| pids.contains(&actor.account.pid);
    let how_often = |actor: &Actor<'_>, counts: &dyn Fn(&OperationId) -> bool| -> u64 {
        let done = actor.operations.iter().filter(|(id, _)| counts(id));
        done.map(|(_, count)| count).sum()
    };
    // Threads, and tasks.
    let (mut done, mut there) = ([BTreeSet::new(), BTreeSet::new()], [0.0_f64; 2]);
    for (id, actor) in targets.iter().filter(|(_, actor)| of_those(actor)) {
        let mut operations = actor.operations.keys().filter(|id| counts(id)).peekable();
        if operations.peek().is_some() {
            let sort = usize::from(is_task(id));
            done[sort].extend(operations.copied());
            there[sort] += 1.0;
        }
    }
    // Of tasks only those are actors that have asked somebody; their runtime may show more that have threads do it.
    let shown = inventory.classifier.seen.workers(&pids);
    let shown = shown.filter(|shown| shown.waiting_for_threads() >= 1.0);
    let shown = shown.map_or(0.0, |shown| shown.count.round());
    let are_tasks = there[1].max(shown) >= there[0];
    let by_workers = &done[usize::from(are_tasks)];
    let helps = |id: &ActorId, actor: &Actor<'_>| {
        of_those(actor)
            && is_task(id) != are_tasks
            && 2 * how_often(actor, &|id| counts(id) && by_workers.contains(id))
                <= how_often(actor, counts)
    };
    let all = targets.into_iter();
    all.filter(|(id, actor)| !helps(id, actor)).collect()
}

/// The operations that are shared by at least half as many actors as the most shared one, each actor weighed by its life.
fn shared_operations(
    targets: &Actors<'_>,
    counts: &dyn Fn(&OperationId) -> bool,
) -> Vec<OperationId> {
    #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
    struct Shared {
        lived: Nanos,
        count: u64,
    }
    let mut shared: BTreeMap<OperationId, Shared> = BTreeMap::new();
    for (_, actor) in targets {
        for (operation, count) in actor.operations.iter().filter(|(id, _)| counts(id)) {
            let entry = shared.entry(*operation).or_default();
            entry.lived += actor.account.lived;
            entry.count += count;
        }
    }
    let most = shared.values().copied().max().unwrap_or_default();
    shared
        .into_iter()
        .filter(|(_, shared)| 2 * shared.lived.0 >= most.lived.0)
        .map(|(operation, _)| operation)
        .collect()
}

/// Where the workers may be stuck: what they do things to, and whatever belongs to a stage.
fn classes_of(
    inventory: &Inventory<'_>,
    stages: &Stages,
    ours: &[OperationId],
) -> BTreeSet<ClassId> {
    let done_to = ours
        .iter()
        .filter_map(|id| inventory.operation(*id))
        .map(|operation| operation.class);
    let staged = inventory
        .recorder
        .classes
        .keys()
        .filter(|class| stages.at(**class).is_some())
        .copied();
    done_to.chain(staged).collect()
}

/// Actors that make no calls at all but compute: those with a fair share of the CPU time by the kernel's figures.
#[expect(clippy::cast_precision_loss, reason = "times of one window")]
fn busy(targets: &Actors<'_>, window: Nanos) -> Vec<ActorId> {
    /// A thread that is on a CPU or queued for one half of the time computes.
    const COMPUTES: f64 = 0.5;
    targets
        .iter()
        .filter(
            |(_, actor)| match (actor.account.opened, actor.account.closed) {
                (Some(before), Some(after)) => {
                    let wanted = (after.run - before.run) + (after.delay - before.delay);
                    wanted.0 as f64 >= COMPUTES * window.0 as f64
                }
                _ => actor.slots.busy().0 as f64 >= COMPUTES * window.0 as f64,
            },
        )
        .map(|(id, _)| *id)
        .collect()
}

/// Who is like the workers and does nothing: threads of the same process with the same name, processes of the same parent that
/// run the same program. The main thread of workers that are threads is not like them.
#[expect(clippy::cast_precision_loss, reason = "times of one window")]
fn idle(inventory: &Inventory<'_>, workers: &[ActorId], window: Nanos) -> Vec<ActorId> {
    let likeness = |id: ActorId, actor: &Actor<'_>| {
        let account = actor.account;
        let is_main = id.tid().is_some_and(|tid| tid.0 == account.pid.0);
        if is_main {
            (account.parent, account.exe.clone(), String::new())
        } else {
            (account.pid, account.exe.clone(), pattern(&account.name))
        }
    };
    let ours: BTreeSet<_> = workers
        .iter()
        .filter_map(|id| inventory.actors.get(id).map(|actor| likeness(*id, actor)))
        .filter(|(of, exe, name)| of.0 != 0 && !(exe.is_empty() && name.is_empty()))
        .collect();
    targets(inventory)
        .into_iter()
        .filter(|(id, actor)| {
            let blocked: Nanos = actor.blocked.values().copied().sum();
            workers.binary_search(id).is_err()
                && blocked.0 as f64 >= ALL_THE_WHILE * window.0 as f64
                && ours.contains(&likeness(*id, actor))
        })
        .map(|(id, _)| id)
        .collect()
}
