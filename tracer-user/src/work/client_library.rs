//! What a client library computes between a reply and the next request.
//!
//! ```text
//! read | parses the reply | the program's own code | builds the request | send
//!      |      fetch       |       transform        |       write        |
//! ```
//! In: how long actors ran between replies and requests, and who wrote the functions of scripts that their threads were found in. Out:
//! for each reply and next request the library's share of that time. Each such turn holds the parsing of a reply and the making of a
//! request, so the shortest kind of them bounds what these take; the samples bound it too, where a program computes in each of them.
//! In the doubtful case (no scripts, no samples) all of the time is the program's own.

use std::collections::{BTreeMap, BTreeSet};

use super::cycle::Cycle;
use super::inventory::Inventory;
use super::slots::{Context, Next, Part};
use crate::classify::{OperationId, OperationKind, State};
use crate::row::{Nanos, Tid};

/// A kind of turn that is taken less often than this share of another says nothing of that one's.
const REGULAR: f64 = 0.5;

/// A reply and the request that follows it.
type Turn = (OperationId, OperationId);

/// Turns of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    run: Nanos,
    count: u64,
}

impl Taken {
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    fn mean(self) -> f64 {
        self.run.seconds() / self.count.max(1) as f64
    }
}

/// The share of libraries in what is computed between replies and requests.
#[derive(Clone, Debug, Default)]
pub(super) struct ClientLibrary {
    /// By turn; 0 to 1.
    shares: BTreeMap<Turn, f64>,
}

impl ClientLibrary {
    /// By what the workers of the cycle did.
    pub(super) fn of(inventory: &Inventory<'_>, cycle: &Cycle) -> Self {
        let sampled = &inventory.classifier.sampled;
        let threads = threads(inventory, cycle);
        let Some(at_most) = sampled.in_libraries(|tid| threads.contains(&tid)) else {
            return Self::default();
        };
        let turns = turns(inventory, cycle);
        let share = |taken: &Taken| {
            let others = turns.values().filter(|other| is_regular(**other, *taken));
            let shortest = others.map(|other| other.mean()).fold(f64::MAX, f64::min);
            at_most.min(shortest / taken.mean().max(1e-12))
        };
        let shares = turns.iter().map(|(turn, taken)| (*turn, share(taken)));
        Self {
            shares: shares.collect(),
        }
    }

    /// The share in this context, 0 to 1.
    pub(super) fn share(&self, inventory: &Inventory<'_>, context: Context) -> f64 {
        let turn = turn(inventory, context);
        turn.and_then(|turn| self.shares.get(&turn).copied())
            .unwrap_or(0.0)
    }
}

/// Those that the workers are, or that carry them.
fn threads(inventory: &Inventory<'_>, cycle: &Cycle) -> BTreeSet<Tid> {
    let actors = inventory.actors.iter();
    let theirs = actors.filter(|(id, actor)| actor.is_carrier || cycle.workers.contains(id));
    theirs.filter_map(|(id, _)| id.tid()).collect()
}

fn turn(inventory: &Inventory<'_>, context: Context) -> Option<Turn> {
    let is_exchange = |id: &OperationId| {
        let operation = inventory.operation(*id);
        operation.is_some_and(|of| {
            matches!(
                of.kind,
                OperationKind::Request(_) | OperationKind::Refused(_) | OperationKind::Reply
            )
        })
    };
    let Next::Operation(next) = context.next else {
        return None;
    };
    let (before, next) = (
        inventory.canonical(context.before),
        inventory.canonical(next),
    );
    (is_exchange(&before) && is_exchange(&next)).then_some((before, next))
}

fn turns(inventory: &Inventory<'_>, cycle: &Cycle) -> BTreeMap<Turn, Taken> {
    let mut turns: BTreeMap<Turn, Taken> = BTreeMap::new();
    let workers = cycle.workers.iter();
    for actor in workers.filter_map(|id| inventory.actors.get(id)) {
        for ((context, state), length) in &actor.slots.times {
            if *state == State::Running
                && context.part == Part::Between
                && let Some(turn) = turn(inventory, *context)
            {
                turns.entry(turn).or_default().run += *length;
            }
        }
        for ((before, next), count) in &actor.slots.transitions {
            let turn = (inventory.canonical(*before), inventory.canonical(*next));
            if let Some(taken) = turns.get_mut(&turn) {
                taken.count += count;
            }
        }
    }
    turns.retain(|_, taken| taken.count > 0);
    turns
}

#[expect(clippy::cast_precision_loss, reason = "a number of requests")]
fn is_regular(other: Taken, taken: Taken) -> bool {
    other.count as f64 >= REGULAR * taken.count as f64
}
