//! The window's blocks as the bootstrap takes them.

use foldhash::HashSet;
use std::collections::BTreeMap;

use super::findings::Findings;
use super::parked::anywhere;
use crate::classify::{State, WaitSite};
use crate::row::Nanos;
use crate::scaling::BlockSample;
use crate::work::{ActorIndex, Block, ItemMark, crossings};

/// Where a candidate's time is: its stations, the CPU, and the run queue.
#[derive(Clone, Debug, Default)]
pub struct Where {
    /// Its stations.
    pub sites: Vec<WaitSite>,
    /// The CPU too.
    pub running: bool,
    /// The run queue too.
    pub run_queue: bool,
}

impl Findings<'_> {
    /// The blocks of the window, with the workers' time at each of `candidates`. The last one is left out where it is not
    /// whole.
    #[must_use]
    pub fn blocks(&self, candidates: &[Where]) -> Vec<BlockSample> {
        let mut by_site: BTreeMap<WaitSite, usize> = BTreeMap::new();
        let (mut by_run, mut by_queue) = (None, None);
        for (index, candidate) in candidates.iter().enumerate() {
            by_site.extend(candidate.sites.iter().map(|site| (*site, index)));
            if candidate.running {
                by_run = Some(index);
            }
            if candidate.run_queue {
                by_queue = Some(index);
            }
        }
        let workers: HashSet<ActorIndex> = self
            .cycle
            .workers
            .iter()
            .filter_map(|id| self.inventory.actors.get(id).map(|actor| actor.index))
            .collect();
        let blocks = &self.inventory.recorder.blocks;
        let seconds = blocks.length().seconds();
        let anywhere = anywhere(self.classes);
        let all_time = f64::from(self.counted) * seconds;
        let whole = (self.window() / seconds.max(1e-9) + 1e-6).floor();
        let sample = |block: &Block| {
            // Whole nanoseconds are summed: their sum does not depend on the order in which they come.
            let (mut time, mut at_candidates) = (Nanos::ZERO, vec![Nanos::ZERO; candidates.len()]);
            let mut parked = Nanos::ZERO;
            for ((actor, state), length) in &block.times {
                if !workers.contains(actor) {
                    continue;
                }
                let index = match state {
                    State::Waiting(site) => {
                        let site = self.inventory.classifier.sites.get(*site);
                        if self.theirs == Some(site.station()) {
                            continue;
                        }
                        let station = self.lock_site(self.inventory.station(site));
                        if station == anywhere {
                            parked += *length;
                            time += *length;
                            continue;
                        }
                        by_site.get(&station).copied()
                    }
                    State::Running => by_run,
                    State::Queued => by_queue,
                    _ => None,
                };
                time += *length;
                if let Some(index) = index {
                    at_candidates[index] += *length;
                }
            }
            let mut at_candidates: Vec<f64> =
                at_candidates.into_iter().map(Nanos::seconds).collect();
            // As in the whole window: of all time what was not seen elsewhere.
            let elsewhere = time.seconds() - parked.seconds();
            let parked = if self.counted > 0 {
                (all_time - elsewhere).max(0.0)
            } else {
                parked.seconds()
            };
            let mut rest = parked;
            for (site, share) in self.parked.shares() {
                rest -= share * parked;
                if let Some(index) = by_site.get(site) {
                    at_candidates[*index] += share * parked;
                }
            }
            if let Some(index) = by_site.get(&anywhere) {
                at_candidates[*index] += rest.max(0.0);
            }
            BlockSample {
                seconds,
                time: elsewhere + parked,
                items: self.items_of(block),
                at_candidates,
            }
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most some tens of blocks"
        )]
        blocks
            .all()
            .iter()
            .take(whole as usize)
            .map(sample)
            .collect()
    }

    /// Items completed in a block.
    #[expect(clippy::cast_precision_loss, reason = "a number of operations")]
    fn items_of(&self, block: &Block) -> f64 {
        let marks = match self.cycle.mark {
            None => 0.0,
            Some(ItemMark::Each(operation)) => {
                let done = block.done.iter();
                done.filter(|(id, _)| self.inventory.canonical(**id) == operation)
                    .map(|(_, count)| *count as f64)
                    .sum()
            }
            Some(ItemMark::WriteBeforeFetch) => crossings(
                self.inventory,
                self.operation_stages,
                self.cycle,
                block.transitions.iter(),
            ),
        };
        marks / f64::from(self.cycle.times.max(1))
    }
}
