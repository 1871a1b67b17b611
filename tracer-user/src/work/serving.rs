//! Threads of the workers' process that write what the workers hand over.
//!
//! ```text
//! worker     fetch | hands over, waits ........| fetch
//! thread           |..... write, wakes ........|            one of a pool
//! ```
//! A worker's turn goes through such a thread, so that what the thread does is no turn of its own. In: what each thread did. Out: those
//! that write and fetch nothing, and let go on about as often those who wait and fetch, and write none of it. In the doubtful case a
//! thread serves nobody: who fetches for others feeds them.

use std::collections::BTreeMap;

use super::inventory::{Actor, Inventory};
use super::stage::{StageName, Stages};
use super::workers::targets;
use crate::actors::ActorId;
use crate::classify::{ClassId, OperationId, OperationKind};
use crate::row::Pid;

/// Whoever waits is woken once for what was handed over: for this share of what is written at least, as several writes may be done
/// for one and who is not asleep yet needs no waking.
const WAKES: f64 = 0.5;
/// A thread that itself waits at a lock for more than this share of the times that it lets go of it shares the lock with the others.
const WAITS: f64 = 0.1;

/// Whoever fetches less often than this for each time that it writes does not fetch what it writes: it loads code, or reads settings.
const ONCE: f64 = 0.1;

/// They, in order of their ids.
pub(super) fn serving(inventory: &Inventory<'_>, stages: &Stages) -> Vec<ActorId> {
    let threads = targets(inventory).into_iter();
    let threads = threads.filter(|(id, _)| id.tid().is_some());
    let threads: Vec<(ActorId, Part)> = threads
        .map(|(id, actor)| (id, Part::of(inventory, stages, actor)))
        .collect();
    let mut serving = Vec::new();
    for (id, thread) in threads.iter().filter(|(_, part)| part.only_writes()) {
        let clients = threads
            .iter()
            .filter(|(_, other)| other.may_hand_over(thread));
        let mut wakes = BTreeMap::new();
        for lock in clients.flat_map(|(_, client)| client.waits.keys()) {
            let released = thread.releases.get(lock).copied().unwrap_or_default();
            let waited = thread.waits.get(lock).copied().unwrap_or_default();
            #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
            if waited as f64 <= WAITS * released as f64 {
                wakes.insert(*lock, released);
            }
        }
        let (wakes, writes): (u64, u64) = (wakes.values().sum(), thread.writes.values().sum());
        #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
        if wakes as f64 >= WAKES * writes as f64 {
            serving.push(*id);
        }
    }
    serving
}

/// What a thread does, as far as it tells for whom.
struct Part {
    pid: Pid,
    /// How often it fetched.
    fetches: u64,
    writes: BTreeMap<OperationId, u64>,
    /// By lock, how often it waited there.
    waits: BTreeMap<ClassId, u64>,
    /// By lock, how often it let others go on.
    releases: BTreeMap<ClassId, u64>,
}

impl Part {
    fn of(inventory: &Inventory<'_>, stages: &Stages, actor: &Actor<'_>) -> Self {
        let mut part = Self {
            pid: actor.account.pid,
            fetches: 0,
            writes: BTreeMap::new(),
            waits: BTreeMap::new(),
            releases: BTreeMap::new(),
        };
        for (id, count) in &actor.done {
            match stages.of(*id) {
                Some(StageName::Write) => {
                    part.writes.insert(*id, *count);
                }
                Some(_) => part.fetches += count,
                None => {}
            }
            let Some(operation) = inventory.operation(*id) else {
                continue;
            };
            let lock = inventory.lock(operation.class);
            if inventory.classifier.futexes.is_interpreters(lock) {
                continue;
            }
            let by_lock = match operation.kind {
                OperationKind::Wait => &mut part.waits,
                OperationKind::Release => &mut part.releases,
                _ => continue,
            };
            *by_lock.entry(lock).or_default() += count;
        }
        part
    }

    /// It fetches nothing, but for what it once began with.
    fn only_writes(&self) -> bool {
        let writes: u64 = self.writes.values().sum();
        #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
        let is_once = self.fetches as f64 <= ONCE * writes as f64;
        writes > 0 && is_once
    }

    /// It fetches, and leaves it to that thread to write.
    fn may_hand_over(&self, to: &Self) -> bool {
        let writes = |id: &OperationId| self.writes.contains_key(id);
        self.pid == to.pid && self.fetches > 0 && !to.writes.keys().any(writes)
    }
}
