//! Time by call stack: waiting of each actor, and samples of each process.

use foldhash::HashMap;

use crate::actors::ActorId;
use crate::classify::SiteId;
use crate::row::{Batch, Nanos, Pid, StackId};

/// Different waits of an actor by what for and where in the code; of more than these the place in the code is left out.
const MOST: usize = 65_536;

/// Sums by call stack.
#[derive(Clone, Debug, Default)]
pub struct Stacks {
    waiting: HashMap<(ActorId, SiteId, StackId), Nanos>,
    running: HashMap<(Pid, StackId), u64>,
}

impl Stacks {
    /// How long each actor waited for what and where, in no order.
    pub fn waiting(&self) -> impl Iterator<Item = (ActorId, SiteId, StackId, Nanos)> {
        let waiting = self.waiting.iter();
        waiting.map(|((who, site, stack), time)| (*who, *site, *stack, *time))
    }

    /// How often threads of each process were found running, and where, in no order.
    pub fn running(&self) -> impl Iterator<Item = (Pid, StackId, u64)> {
        let running = self.running.iter();
        running.map(|((pid, stack), count)| (*pid, *stack, *count))
    }

    pub(super) fn waited(&mut self, who: ActorId, site: SiteId, stack: StackId, time: Nanos) {
        let mut key = (who, site, stack);
        if self.waiting.len() >= MOST && !self.waiting.contains_key(&key) {
            key.2 = StackId::NONE;
        }
        *self.waiting.entry(key).or_default() += time;
    }

    pub(super) fn learn(&mut self, batch: &Batch) {
        for sample in &batch.samples {
            let mut key = (sample.pid, sample.stack);
            if self.running.len() >= MOST && !self.running.contains_key(&key) {
                key.1 = StackId::NONE;
            }
            *self.running.entry(key).or_default() += 1;
        }
    }
}
