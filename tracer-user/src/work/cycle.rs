//! Who the workers are, and what one turn of their cycle is.
//!
//! ```text
//! operations of a worker   f  l w s  f  l w s  f  l w s        (fetch, lock, write, sync)
//! turns                    |--------|--------|-------
//! ```
//! Workers are the threads that share the most common operation. A turn ends at the last write before the next fetch; where
//! the work has only one of the two, at the operation that returns with the most regular company.

use foldhash::HashMap;
use std::collections::BTreeMap;

use super::inventory::{Inventory, ThreadTotals};
use super::operation::{Operation, OperationKind};
use super::period::{period, times_a_period};
use super::stage::{StageName, Stages};
use crate::row::{Nanos, TaskRole, Tid};

/// What ends an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemMark {
    /// The last write before the next fetch.
    WriteBeforeFetch,
    /// Each time this is done.
    Each(Operation),
}

/// The cycle and those who go through it.
#[derive(Clone, Debug, Default)]
pub struct Cycle {
    /// In order of their tids.
    pub workers: Vec<Tid>,
    /// What ends an item; `None`: nothing that repeats was found.
    pub mark: Option<ItemMark>,
    /// How often that comes in one turn of the cycle.
    pub times: u32,
    /// Operations that take part in most turns, with their count.
    pub regular: BTreeMap<Operation, u64>,
    /// Share of turns that are like the most common one, 0 to 1.
    pub regularity: f64,
}

/// A thread that does less than this share of the median worker's operations is no worker ...
const FEW: f64 = 0.1;
/// ... unless it is blocked for this share of the window where workers are blocked.
const LONG: f64 = 0.2;
/// An operation that takes part in fewer turns than this share does not steer the cycle.
const RARE: f64 = 0.5;
/// Anchors within this share of the most regular one are as good; the most frequent of them is taken.
const AS_REGULAR: f64 = 0.8;

impl Cycle {
    /// Finds the workers and their cycle.
    #[must_use]
    pub fn find(inventory: &Inventory, stages: &Stages, window: Nanos) -> Self {
        let workers = workers(inventory, stages, window);
        let threads: Vec<&ThreadTotals> = workers
            .iter()
            .filter_map(|tid| inventory.threads.get(tid))
            .collect();
        let mut counts: BTreeMap<Operation, u64> = BTreeMap::new();
        for thread in &threads {
            for (operation, count) in &thread.operations {
                *counts.entry(*operation).or_default() += count;
            }
        }
        let classified = counts
            .keys()
            .any(|operation| stages.of(*operation).is_some());
        let eligible = |operation: &Operation| {
            if classified {
                stages.of(*operation).is_some()
            } else {
                matches!(
                    operation.kind,
                    OperationKind::Release
                        | OperationKind::Sleep
                        | OperationKind::LockFile
                        | OperationKind::Serve
                )
            }
        };
        // Files are read and written in as many calls as their sizes need; other acts mark a turn better.
        let steady = |operation: &Operation| {
            eligible(operation)
                && !matches!(operation.kind, OperationKind::Read | OperationKind::Write)
        };
        let any_steady = counts.keys().any(&steady);
        let marks = |operation: &Operation| {
            if any_steady {
                steady(operation)
            } else {
                eligible(operation)
            }
        };
        let Some((anchor, regularity)) = anchor(inventory, &threads, &marks) else {
            return Self {
                workers,
                ..Self::default()
            };
        };
        let rhythm = Rhythm::of(inventory, &threads, &eligible);
        let anchors = rhythm.times(|one, _| one == anchor);
        let requests = counts.get(&anchor).copied().unwrap_or(1) / u64::from(anchors);
        #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
        let regular: BTreeMap<Operation, u64> = counts
            .into_iter()
            .filter(|(op, count)| eligible(op) && *count as f64 >= RARE * requests as f64)
            .collect();
        let has = |stage| {
            regular
                .keys()
                .any(|operation| stages.of(*operation) == Some(stage))
        };
        let (mark, times) = if has(StageName::Fetch) && has(StageName::Write) {
            let goes_over = |one, next| {
                stages.of(one) == Some(StageName::Write)
                    && stages.of(next) == Some(StageName::Fetch)
            };
            (ItemMark::WriteBeforeFetch, rhythm.times(goes_over))
        } else {
            (ItemMark::Each(anchor), anchors)
        };
        Self {
            workers,
            mark: Some(mark),
            times,
            regular,
            regularity,
        }
    }
}

/// What the workers do in its order, and after how many operations they do the same again.
struct Rhythm<'a> {
    inventory: &'a Inventory,
    sequences: Vec<Vec<u16>>,
    period: Option<usize>,
}

impl<'a> Rhythm<'a> {
    fn of(
        inventory: &'a Inventory,
        threads: &[&ThreadTotals],
        eligible: &dyn Fn(&Operation) -> bool,
    ) -> Self {
        // In how many calls a file is read or written depends on sizes.
        let kept = |letter: &u16| {
            inventory
                .alphabet
                .get(usize::from(*letter))
                .is_some_and(|operation| {
                    eligible(operation)
                        && !matches!(operation.kind, OperationKind::Read | OperationKind::Write)
                })
        };
        let sequences: Vec<Vec<u16>> = threads
            .iter()
            .map(|thread| thread.sequence.iter().copied().filter(kept).collect())
            .collect();
        Self {
            inventory,
            period: period(&sequences),
            sequences,
        }
    }

    /// How often two operations in turn are such, in one period; 1 where there is none.
    fn times(&self, marks: impl Fn(Operation, Operation) -> bool) -> u32 {
        let of = |letter: u16| self.inventory.alphabet.get(usize::from(letter)).copied();
        let both = |one, next| {
            of(one)
                .zip(of(next))
                .is_some_and(|(one, next)| marks(one, next))
        };
        self.period
            .map_or(1, |length| times_a_period(&self.sequences, length, both))
    }
}

/// The operation whose turns are most alike, and how alike they are.
fn anchor(
    inventory: &Inventory,
    threads: &[&ThreadTotals],
    eligible: &dyn Fn(&Operation) -> bool,
) -> Option<(Operation, f64)> {
    let mut rated = Vec::new();
    for (letter, operation) in inventory.alphabet.iter().enumerate() {
        if !eligible(operation) {
            continue;
        }
        let (mut requests, mut kinds) = (0_u64, HashMap::<u64, u64>::default());
        for thread in threads {
            let mut company = 0_u64;
            for other in &thread.sequence {
                let Some(what) = inventory
                    .alphabet
                    .get(usize::from(*other))
                    .filter(|op| eligible(op))
                else {
                    continue;
                };
                if usize::from(*other) == letter {
                    requests += 1;
                    *kinds.entry(company).or_default() += 1;
                    company = 0;
                } else {
                    company = company.wrapping_add(scatter(u64::from(*other), what.kind));
                }
            }
        }
        if requests > 0 {
            #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
            let alike = kinds.values().copied().max().unwrap_or(0) as f64 / requests as f64;
            rated.push((*operation, requests, alike));
        }
    }
    let best = rated.iter().map(|(_, _, alike)| *alike).fold(0.0, f64::max);
    rated
        .into_iter()
        .filter(|(_, _, alike)| *alike >= AS_REGULAR * best)
        .max_by_key(|(operation, requests, _)| (*requests, std::cmp::Reverse(*operation)))
        .map(|(operation, _, alike)| (operation, alike))
}

/// A number for "once more this letter" whose sums tell different companies apart. How often a file is read or written in
/// a turn varies with sizes, so for those only presence would count; they get no number.
fn scatter(letter: u64, kind: OperationKind) -> u64 {
    match kind {
        OperationKind::Read | OperationKind::Write => 0,
        _ => (letter + 1)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(23),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and times of one window")]
fn workers(inventory: &Inventory, stages: &Stages, window: Nanos) -> Vec<Tid> {
    let targets = || {
        inventory
            .threads
            .iter()
            .filter(|(_, thread)| thread.role == TaskRole::Target)
    };
    let steers = |operation: &Operation| stages.of(*operation).is_some();
    let any = targets().any(|(_, thread)| thread.operations.keys().any(steers));
    let counts = |operation: &Operation| if any { steers(operation) } else { true };

    // How many threads share an operation, and how much they do there.
    let mut shared: BTreeMap<Operation, (u64, u64)> = BTreeMap::new();
    for (_, thread) in targets() {
        for (operation, count) in thread
            .operations
            .iter()
            .filter(|(operation, _)| counts(operation))
        {
            let entry = shared.entry(*operation).or_default();
            entry.0 += 1;
            entry.1 += count;
        }
    }
    let Some((top, _)) = shared.iter().max_by_key(|(operation, (threads, count))| {
        (*threads, *count, std::cmp::Reverse(**operation))
    }) else {
        return busy(inventory, window);
    };
    let most = shared[top].0;
    let ours: Vec<Operation> = shared
        .iter()
        .filter(|(_, (threads, _))| 2 * threads >= most)
        .map(|(op, _)| *op)
        .collect();
    let done = |thread: &ThreadTotals| {
        ours.iter()
            .filter_map(|op| thread.operations.get(op))
            .sum::<u64>()
    };
    let mut classes: Vec<_> = ours.iter().map(|op| op.class).collect();
    classes.extend(
        inventory
            .totals
            .keys()
            .filter(|class| stages.at(**class).is_some()),
    );
    classes.sort_unstable();
    classes.dedup();
    let stuck = |thread: &ThreadTotals| {
        classes
            .iter()
            .filter_map(|class| thread.blocked.get(class))
            .copied()
            .sum::<Nanos>()
    };
    let mut all: Vec<u64> = targets()
        .map(|(_, thread)| done(thread))
        .filter(|count| *count > 0)
        .collect();
    all.sort_unstable();
    let median = all.get(all.len() / 2).copied().unwrap_or(0) as f64;
    targets()
        .filter(|(_, thread)| {
            let count = done(thread) as f64;
            (count > 0.0 && count >= FEW * median)
                || stuck(thread).0 as f64 >= LONG * window.0 as f64
        })
        .map(|(tid, _)| *tid)
        .collect()
}

/// Threads that make no calls at all but compute: those with a fair share of the CPU time by their books.
#[expect(clippy::cast_precision_loss, reason = "times of one window")]
fn busy(inventory: &Inventory, window: Nanos) -> Vec<Tid> {
    /// A thread that is on a CPU or queued for one half of the time computes.
    const COMPUTES: f64 = 0.5;
    inventory
        .threads
        .iter()
        .filter(|(_, thread)| thread.role == TaskRole::Target)
        .filter(|(_, thread)| match (thread.opened, thread.closed) {
            (Some(before), Some(after)) => {
                let wanted = (after.run - before.run) + (after.delay - before.delay);
                wanted.0 as f64 >= COMPUTES * window.0 as f64
            }
            _ => false,
        })
        .map(|(tid, _)| *tid)
        .collect()
}
