//! What the looks into runtimes add to what was seen from outside: how many tasks there are, and which of what is seen is theirs.

use std::collections::BTreeMap;

use crate::actors::ActorId;
use crate::classify::{SeenWorkers, Sort, WaitKind, WaitSite};
use crate::row::Nanos;
use crate::work::{Inventory, StageName, StageTime, Times, WorkerTotals};

/// The time of all tasks is their number times the window. What was not seen elsewhere was spent inside the process: by those that were
/// never seen at work, and by the others before that; and where more was seen, tasks were taken for new ones that are not.
pub(super) fn fill_up(
    all_time: Nanos,
    parked: WaitSite,
    all: &mut Times,
    stages: &mut BTreeMap<StageName, StageTime>,
) {
    let seen = all.total();
    let missing = all_time.since(seen);
    if missing > Nanos::ZERO {
        *all.blocked.entry(parked).or_default() += missing;
        let other = stages.entry(StageName::Other).or_default();
        *other.times.blocked.entry(parked).or_default() += missing;
    }
    let mut too_much = seen.since(all_time);
    for stage in stages.values_mut() {
        if let Some(time) = stage.times.blocked.get_mut(&parked) {
            let less = too_much.min(*time);
            *time = time.since(less);
            too_much = too_much.since(less);
            if let Some(sum) = all.blocked.get_mut(&parked) {
                *sum = sum.since(less);
            }
        }
    }
}

/// The station whose requests other tasks make than the workers, by the numbers that the runtime shows: as many of the others wait for a
/// peer as have a request there, and as many of the workers as have one elsewhere. From outside it shows on which connection a request
/// is made, and not by whom.
pub(super) fn of_others(all: &Times, shown: &SeenWorkers, window: Nanos) -> Option<WaitSite> {
    /// Both counts agree within this share: one is of looks, the other of all the time.
    const AGREE: f64 = 0.2;
    /// Fewer make no station of their own.
    const LEAST: f64 = 0.3;
    let theirs: f64 = shown.others.iter().map(|others| others.network).sum();
    let unnamed = shown
        .places
        .iter()
        .filter(|place| place.sort == Sort::Elsewhere);
    if unnamed.map(|place| place.mean).sum::<f64>() > AGREE * theirs {
        // Some of these may be requests of a client that no list names.
        return None;
    }
    let places = shown.places.iter();
    let ours: f64 = places
        .filter(|place| place.sort == Sort::Network)
        .map(|place| place.mean)
        .sum();
    let mut stations: BTreeMap<WaitSite, f64> = BTreeMap::new();
    for (site, time) in &all.blocked {
        if site.kind == WaitKind::Request {
            let mean = time.seconds() / window.seconds().max(1e-9);
            *stations.entry(site.station()).or_default() += mean;
        }
    }
    let everywhere: f64 = stations.values().sum();
    let agree = |one: f64, other: f64| (one - other).abs() <= AGREE * other.max(LEAST);
    stations
        .into_iter()
        .filter(|_| theirs >= LEAST)
        .find(|(_, mean)| agree(*mean, theirs) && agree(everywhere - mean, ours))
        .map(|(site, _)| site)
}

/// The tasks that the runtimes of the workers' processes show, where workers are tasks.
pub(super) fn shown(
    inventory: &Inventory<'_>,
    workers: &BTreeMap<ActorId, WorkerTotals>,
) -> Option<SeenWorkers> {
    let pids = inventory.processes_of_tasks(workers.keys());
    inventory.classifier.seen.workers(&pids)
}

/// The tasks that the runtimes of the workers' processes show, where workers are threads and there are more tasks than these.
pub(super) fn beside(
    inventory: &Inventory<'_>,
    workers: &BTreeMap<ActorId, WorkerTotals>,
) -> Option<SeenWorkers> {
    if workers.keys().any(|id| id.tid().is_none()) {
        return None;
    }
    let actors = workers.keys().filter_map(|id| inventory.actors.get(id));
    let pids = actors.map(|actor| actor.account.pid).collect();
    let tasks = inventory.classifier.seen.workers(&pids)?;
    #[expect(clippy::cast_precision_loss, reason = "a number of workers")]
    (tasks.count.round() > workers.len() as f64).then_some(tasks)
}

/// More of these tasks wait for what threads do for them than there are threads that do.
#[expect(clippy::cast_precision_loss, reason = "a number of workers")]
pub(super) fn hand_over(tasks: &SeenWorkers, threads: usize) -> bool {
    tasks.waiting_for_threads() > threads as f64
}
