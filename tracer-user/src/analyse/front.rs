//! The first stations, which every use of a trace shares: from rows to events by actor.

use std::collections::BTreeSet;

use crate::actors::{ActorId, Actors, Give};
use crate::classify::{Classifier, Event};
use crate::row::{Batch, Meta, Nanos, RowSource, SourceError, Tid};
use crate::timeline::{Gap, Step, Sweep};

/// Gives calls and waits their meaning, and the actor whose they are.
#[derive(Clone, Debug)]
pub(super) struct Front {
    pub(super) classifier: Classifier,
    pub(super) actors: Actors,
    joins: BTreeSet<Nanos>,
    /// The latest join that was passed.
    joined: Nanos,
}

impl Front {
    /// Nothing is seen yet.
    pub(super) fn new(meta: &Meta) -> Self {
        Self {
            classifier: Classifier::default(),
            actors: Actors::new(meta.opened),
            joins: meta.joins.iter().copied().collect(),
            joined: Nanos::ZERO,
        }
    }

    /// Takes in what a batch says of its rows, before their steps come.
    pub(super) fn learn(&mut self, batch: &Batch) {
        let joined = self.joined;
        let ahead = batch.joins.iter().filter(|join| **join > joined);
        self.joins.extend(ahead);
        self.classifier.learn(batch);
    }

    /// Takes a step, and gives what it means.
    pub(super) fn take(&mut self, step: Step<'_>, give: &mut Give<'_>) {
        while let Some(join) = self.joins.first().copied().filter(|join| step.at() > *join) {
            self.joins.remove(&join);
            self.joined = join;
            let open = self.classifier.join();
            self.pass_on(Event::Join(join, &open), give);
        }
        // What is cut off at the end of a window has the time at which the next one opens, and comes before it.
        let next = self
            .joins
            .first()
            .map(|join| Nanos(join.0.saturating_sub(1)));
        let until = next.map_or(step.at(), |next| next.min(step.at()));
        let found = self.classifier.found_under_way(until);
        if !found.is_empty() {
            self.actors
                .found_under_way(&found, (&mut self.classifier, give));
        }
        let event = self.classifier.classify(step);
        self.pass_on(event, give);
    }

    fn pass_on(&mut self, event: Event<'_, Tid>, give: &mut Give<'_>) {
        self.actors.take(event, (&mut self.classifier, give));
    }
}

/// A sweep that knows which parts of a trace are missing.
pub(super) fn sweep(meta: &Meta) -> Sweep {
    let mut sweep = Sweep::new(meta.opened);
    for (from, to) in meta.gaps.iter().copied() {
        let all = true;
        sweep.gap(Gap { from, to, all });
    }
    sweep
}

/// Tells a sweep which times of a batch are missing.
pub(super) fn gaps_of(batch: &Batch, sweep: &mut Sweep) {
    for (from, to) in batch.gaps.iter().copied() {
        let all = false;
        sweep.gap(Gap { from, to, all });
    }
}

/// Gives the events of all rows of `source` by actor, in their order. Memory is bounded by a batch.
///
/// # Errors
/// The rows cannot be read.
pub fn events(
    source: &dyn RowSource,
    hear: &mut dyn FnMut(&Event<'_, ActorId>, &Classifier),
) -> Result<(), SourceError> {
    let meta = source.meta();
    let mut front = Front::new(meta);
    let mut sweep = sweep(meta);
    let give =
        &mut |event: &Event<'_, ActorId>, classifier: &mut Classifier| hear(event, classifier);
    for batch in source.batches() {
        let batch = batch?;
        gaps_of(&batch, &mut sweep);
        front.learn(&batch);
        sweep.push(batch, &mut |step| front.take(step, give));
    }
    sweep.finish(meta.closed.max(meta.opened), &mut |step| {
        front.take(step, give)
    });
    Ok(())
}
