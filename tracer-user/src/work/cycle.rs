//! What one iteration of the workers' cycle is.
//!
//! ```text
//! operations of a worker   f  l w s  f  l w s  f  l w s        (fetch, lock, write, sync)
//! iterations               |--------|--------|-------
//! ```
//! An iteration ends at the last write before the next fetch; where the work has only one of the two, at the operation that
//! returns with the most regular company.

use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

use super::inventory::{Actor, Inventory};
use super::period::{times_a_turn, turns};
use super::stage::{StageName, Stages};
use super::workers::Crew;
use crate::actors::ActorId;
use crate::classify::{OperationId, OperationKind};
use crate::row::Verb;

/// What ends an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemMark {
    /// The last write before the next fetch.
    WriteBeforeFetch,
    /// Each time this is done.
    Each(OperationId),
}

/// The cycle and those who go through it.
#[derive(Clone, Debug, Default)]
pub struct Cycle {
    /// In order of their ids.
    pub workers: Vec<ActorId>,
    /// Actors like the workers that did nothing all the while.
    pub idle: Vec<ActorId>,
    /// Threads that write what the workers hand over to them. In order of their ids.
    pub serving: Vec<ActorId>,
    /// What ends an item; `None`: nothing that repeats was found.
    pub mark: Option<ItemMark>,
    /// How often that comes in one turn of the cycle.
    pub times: u32,
    /// Operations that take part in most turns, with their count.
    pub regular: BTreeMap<OperationId, u64>,
    /// Share of turns that are like the most common one, 0 to 1.
    pub regularity: f64,
}

/// An operation that takes part in fewer turns than this share does not steer the cycle.
const RARE: f64 = 0.5;
/// A statement that comes less often than one in so many of a usual one does not steer the cycle either. Larger than for operations:
/// one transaction may do the same several times.
const SELDOM: usize = 4;
/// Anchors within this share of the most regular one are as good; the most frequent of them is taken.
const AS_REGULAR: f64 = 0.8;

impl Cycle {
    /// Finds the cycle of these workers.
    #[must_use]
    pub fn find(inventory: &Inventory<'_>, stages: &Stages, crew: Crew) -> Self {
        let Crew {
            workers,
            idle,
            serving,
        } = crew;
        let threads: Vec<&Actor<'_>> = workers
            .iter()
            .filter_map(|id| inventory.actors.get(id))
            .collect();
        let mut counts: BTreeMap<OperationId, u64> = BTreeMap::new();
        for thread in &threads {
            for (operation, count) in &thread.operations {
                *counts.entry(*operation).or_default() += count;
            }
        }
        let classified = counts
            .keys()
            .any(|operation| stages.of(*operation).is_some());
        let kind = |id: OperationId| inventory.operation(id).map(|operation| operation.kind);
        let eligible = |operation: &OperationId| {
            if classified {
                // A request that was refused is no part of what a cycle should be.
                stages.of(*operation).is_some()
                    && !matches!(kind(*operation), Some(OperationKind::Refused(_)))
            } else {
                matches!(
                    kind(*operation),
                    Some(
                        OperationKind::Release
                            | OperationKind::Sleep
                            | OperationKind::LockFile
                            | OperationKind::Serve
                    )
                )
            }
        };
        // Files are read and written in as many calls as their sizes need; other acts mark a turn better.
        let steady =
            |operation: &OperationId| eligible(operation) && !varies_by_size(kind(*operation));
        let any_steady = counts.keys().any(&steady);
        let marks = |operation: &OperationId| {
            if any_steady {
                steady(operation)
            } else {
                eligible(operation)
            }
        };
        let Some((anchor, regularity)) = anchor(inventory, &threads, &marks) else {
            return Self {
                workers,
                idle,
                serving,
                ..Self::default()
            };
        };
        let often = without_rare(&counts, anchor, stages, &eligible);
        let rhythm = Rhythm::of(inventory, &threads, &often);
        let anchors = rhythm.times(|one, _| one == anchor);
        let goes_over = |one, next| {
            stages.of(one) == Some(StageName::Write) && stages.of(next) == Some(StageName::Fetch)
        };
        let iterations = match any_steady {
            true => counts.get(&anchor).copied().unwrap_or(1) / u64::from(anchors),
            // Only files: however many calls reading takes, it begins anew after something was written.
            false => begun_anew(&threads, &goes_over)
                .unwrap_or_else(|| counts.get(&anchor).copied().unwrap_or(1)),
        };
        #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
        let taking_part = |iterations: f64| -> BTreeMap<OperationId, u64> {
            let all = counts.iter().filter(|(operation, _)| eligible(operation));
            all.filter(|(_, count)| **count as f64 >= RARE * iterations)
                .map(|(operation, count)| (*operation, *count))
                .collect()
        };
        let has_both = |operations: &BTreeMap<OperationId, u64>| {
            let has = |stage| operations.keys().any(|id| stages.of(*id) == Some(stage));
            has(StageName::Fetch) && has(StageName::Write)
        };
        #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
        let iterations = iterations as f64;
        let mut regular = taking_part(iterations);
        if !has_both(&regular)
            && let Some(calls) = calls_a_turn(&threads, &steady, &goes_over)
        {
            regular = taking_part(iterations / calls);
        }
        let (mark, times) = if has_both(&regular) {
            (ItemMark::WriteBeforeFetch, rhythm.times(goes_over))
        } else {
            (ItemMark::Each(anchor), anchors)
        };
        Self {
            workers,
            idle,
            serving,
            mark: Some(mark),
            times,
            regular,
            regularity,
        }
    }
}

impl Cycle {
    /// Tasks that wait inside their process go on in an order that nothing shows, so that a turn of one of them cannot be followed. What
    /// each turn has at least once is what is done least often of what belongs to the cycle; a write, where as many are done.
    pub fn count_without_order(&mut self, stages: &Stages) {
        /// As many: counts differ by what is under way at the ends of the window.
        const AS_OFTEN: f64 = 1.1;
        /// What is done less often than one in so many is no part of a turn: batches are smaller.
        const SELDOM: u64 = 200;
        if self.mark != Some(ItemMark::WriteBeforeFetch) {
            return;
        }
        let most = self.regular.values().copied().max().unwrap_or_default();
        let often = self.regular.values().copied();
        let often = often.filter(|count| count.saturating_mul(SELDOM) >= most);
        let least = often.min().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
        let is_least = |count: u64| count >= least && count as f64 <= AS_OFTEN * least as f64;
        let rarest = self.regular.iter().filter(|(_, count)| is_least(**count));
        let is_write = |id: OperationId| stages.of(id) == Some(StageName::Write);
        let best = rarest.max_by_key(|(id, _)| (is_write(**id), std::cmp::Reverse(**id)));
        if let Some((id, _)) = best {
            (self.mark, self.times) = (Some(ItemMark::Each(*id)), 1);
        }
    }
}

/// The operations that tell after how many of them the same is done again. What is done far less often than the anchor comes
/// in between now and then; unless the rest is only one thing, or one stage less: then it is a part of the cycle.
fn without_rare(
    counts: &BTreeMap<OperationId, u64>,
    anchor: OperationId,
    stages: &Stages,
    eligible: &dyn Fn(&OperationId) -> bool,
) -> BTreeSet<OperationId> {
    let all: BTreeSet<OperationId> = counts.keys().filter(|id| eligible(id)).copied().collect();
    let anchors = counts.get(&anchor).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    let is_often = |id: &&OperationId| counts[id] as f64 >= RARE * anchors as f64;
    let often: BTreeSet<OperationId> = all.iter().filter(is_often).copied().collect();
    let stages_of = |ids: &BTreeSet<OperationId>| -> BTreeSet<Option<StageName>> {
        ids.iter().map(|id| stages.of(*id)).collect()
    };
    if often.len() > 1 && stages_of(&often) == stages_of(&all) {
        often
    } else {
        all
    }
}

/// How often the workers began to fetch anew after they had written; `None`: too rarely to be what repeats.
fn begun_anew(
    threads: &[&Actor<'_>],
    goes_over: &dyn Fn(OperationId, OperationId) -> bool,
) -> Option<u64> {
    /// Times in the window, for each worker.
    const OFTEN: u64 = 3;
    let transitions = threads.iter().flat_map(|actor| &actor.slots.transitions);
    let anew: u64 = transitions
        .filter(|((one, next), _)| goes_over(*one, *next))
        .map(|(_, count)| count)
        .sum();
    (anew >= OFTEN * threads.len() as u64).then_some(anew)
}

/// How many operations there are in one turn, where the workers go over to fetching each time after as many; `None`: they do not. Several
/// requests of an item may go to one peer, and what is asked of the others once in an item is rare beside them.
#[expect(clippy::cast_precision_loss, reason = "counts of one window")]
fn calls_a_turn(
    threads: &[&Actor<'_>],
    steady: &dyn Fn(&OperationId) -> bool,
    goes_over: &dyn Fn(OperationId, OperationId) -> bool,
) -> Option<f64> {
    /// Turns seen of each worker.
    const OFTEN: usize = 3;
    /// Longer ones are batches, of which each is an item.
    const LONGEST: usize = 64;
    /// So many turns are like the most common one. What comes by the clock, or by chance, comes after another number each time.
    const ALIKE: f64 = 0.5;
    let mut lengths: BTreeMap<usize, usize> = BTreeMap::new();
    for thread in threads {
        let sequence: Vec<OperationId> = thread
            .sequence
            .iter()
            .copied()
            .filter(|id| steady(id))
            .collect();
        let pairs = sequence.windows(2).enumerate();
        let begins = pairs.filter(|(_, pair)| goes_over(pair[0], pair[1]));
        let begins: Vec<usize> = begins.map(|(place, _)| place).collect();
        for turn in begins.windows(2) {
            *lengths.entry(turn[1] - turn[0]).or_default() += 1;
        }
    }
    let turns: usize = lengths.values().sum();
    let (length, count) = lengths.into_iter().max_by_key(|(_, count)| *count)?;
    let is_one = turns >= OFTEN * threads.len() && length <= LONGEST;
    (is_one && count as f64 >= ALIKE * turns as f64).then_some(length as f64)
}

/// In how many calls a file is read or written depends on sizes.
fn varies_by_size(kind: Option<OperationKind>) -> bool {
    matches!(kind, Some(OperationKind::Read | OperationKind::Write))
}

/// What the workers do in its order, and after how much of it they do the same again.
struct Rhythm {
    /// What belongs to stages.
    staged: Vec<Vec<u16>>,
    /// Turns of the cycle in that.
    turns: Option<f64>,
}

impl Rhythm {
    /// By statements where these come back in the same order, else by what sort of request each is: statements that a program makes
    /// up as it goes come back in no order. Requests that only frame others (BEGIN) belong to no stage but tell where a
    /// transaction begins.
    fn of(
        inventory: &Inventory<'_>,
        threads: &[&Actor<'_>],
        often: &BTreeSet<OperationId>,
    ) -> Self {
        let kind = |id: OperationId| inventory.operation(id).map(|of| of.kind);
        let is_staged = |id: OperationId| often.contains(&id) && !varies_by_size(kind(id));
        let is_frame = |id: OperationId| kind(id) == Some(OperationKind::Request(Verb::SqlOther));
        let by_kind = |actor: &Actor<'_>| {
            let kept = actor.sequence.iter().filter(|id| is_staged(**id));
            kept.map(|id| id.0).collect()
        };
        let framed = |actor: &Actor<'_>| {
            let all = actor.sequence.iter();
            let kept = all.filter(|id| is_staged(**id) || is_frame(**id));
            kept.map(|id| id.0).collect()
        };
        let by_statement = |actor: &Actor<'_>| {
            let all = actor.sequence.iter().zip(&actor.exact);
            let kept = all.filter(|(id, _)| is_staged(**id) || is_frame(**id));
            kept.map(|(_, exact)| exact.0).collect()
        };
        let in_all = |sequence: &dyn Fn(&Actor<'_>) -> Vec<u16>| -> Vec<Vec<u16>> {
            threads.iter().map(|actor| sequence(actor)).collect()
        };
        let staged = in_all(&by_kind);
        let kept = |id: u16| is_staged(OperationId(id));
        let turns = turns(&without_seldom(in_all(&by_statement), &kept))
            .or_else(|| turns(&without_seldom(in_all(&framed), &kept)))
            .or_else(|| turns(&staged));
        Self { staged, turns }
    }

    /// How often two operations in turn are such, in one turn of the cycle; 1 where there is none.
    fn times(&self, marks: impl Fn(OperationId, OperationId) -> bool) -> u32 {
        let both = |one, next| marks(OperationId(one), OperationId(next));
        self.turns
            .map_or(1, |turns| times_a_turn(&self.staged, turns, both))
    }
}

/// The sequences without statements and frames that come far less often than most: they come in between now and then, and turns
/// are no longer for it.
fn without_seldom(mut sequences: Vec<Vec<u16>>, is_kept: &dyn Fn(u16) -> bool) -> Vec<Vec<u16>> {
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    for id in sequences.iter().flatten() {
        *counts.entry(*id).or_default() += 1;
    }
    let mut sorted: Vec<usize> = counts.values().copied().collect();
    sorted.sort_unstable();
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    for sequence in &mut sequences {
        sequence.retain(|id| is_kept(*id) || SELDOM * counts[id] >= median);
    }
    sequences
}

/// The operation whose iterations are most alike, and how alike they are.
fn anchor(
    inventory: &Inventory<'_>,
    threads: &[&Actor<'_>],
    eligible: &dyn Fn(&OperationId) -> bool,
) -> Option<(OperationId, f64)> {
    let mut rated = Vec::new();
    for (anchor, _) in inventory.classifier.operations.iter() {
        if !eligible(&anchor) {
            continue;
        }
        let (mut iterations, mut kinds) = (0_u64, HashMap::<u64, u64>::default());
        for thread in threads {
            let mut company = 0_u64;
            for other in thread.sequence.iter().filter(|id| eligible(id)) {
                if *other == anchor {
                    iterations += 1;
                    *kinds.entry(company).or_default() += 1;
                    company = 0;
                } else {
                    let kind = inventory.operation(*other).map(|of| of.kind);
                    company = company.wrapping_add(scatter(*other, kind));
                }
            }
        }
        if iterations > 0 {
            #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
            let alike = kinds.values().copied().max().unwrap_or(0) as f64 / iterations as f64;
            rated.push((anchor, iterations, alike));
        }
    }
    let best = rated.iter().map(|(_, _, alike)| *alike).fold(0.0, f64::max);
    rated
        .into_iter()
        .filter(|(_, _, alike)| *alike >= AS_REGULAR * best)
        .max_by_key(|(operation, count, _)| (*count, std::cmp::Reverse(*operation)))
        .map(|(operation, _, alike)| (operation, alike))
}

/// A number for "once more this operation" whose sums tell different companies apart. How often a file is read or written in
/// an iteration varies with sizes, so those get no number.
fn scatter(id: OperationId, kind: Option<OperationKind>) -> u64 {
    if varies_by_size(kind) {
        return 0;
    }
    u64::from(id.0)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .rotate_left(23)
}
