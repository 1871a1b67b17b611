//! The window in blocks: how every actor's time and the work done divide over it.
//!
//! In: stretches of time and progress as they come. Out: sums for each of at most [`MOST`] blocks of equal length, from which
//! intervals and the stability of a verdict are drawn. When there are too many, two neighbours become one.

use foldhash::HashMap;

use super::account::ActorIndex;
use crate::classify::{OperationId, SiteId, State};
use crate::row::Nanos;

/// Most blocks that are kept.
pub const MOST: usize = 64;
/// Length of a block at first.
const FIRST_LENGTH: Nanos = Nanos(500_000_000);

/// What happened in one block.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Time of each actor by state.
    pub times: HashMap<(ActorIndex, State), Nanos>,
    /// Operations done.
    pub done: HashMap<OperationId, u64>,
    /// How often one operation followed another.
    pub transitions: HashMap<(OperationId, OperationId), u64>,
}

impl Block {
    fn merge(&mut self, other: Self) {
        for (key, time) in other.times {
            *self.times.entry(key).or_default() += time;
        }
        for (key, count) in other.done {
            *self.done.entry(key).or_default() += count;
        }
        for (key, count) in other.transitions {
            *self.transitions.entry(key).or_default() += count;
        }
    }
}

/// All blocks of a window.
#[derive(Clone, Debug)]
pub struct Blocks {
    opened: Nanos,
    length: Nanos,
    blocks: Vec<Block>,
}

impl Blocks {
    /// No block yet; the window opens at `opened`.
    #[must_use]
    pub fn new(opened: Nanos) -> Self {
        Self {
            opened,
            length: FIRST_LENGTH,
            blocks: Vec::new(),
        }
    }

    /// The blocks, in order.
    #[must_use]
    pub fn all(&self) -> &[Block] {
        &self.blocks
    }

    /// Length of each but the last.
    #[must_use]
    pub fn length(&self) -> Nanos {
        self.length
    }

    /// The block that an instant lies in.
    pub(super) fn at(&mut self, at: Nanos) -> &mut Block {
        let mut index = self.index(at);
        while index >= MOST {
            self.halve();
            index = self.index(at);
        }
        if self.blocks.len() <= index {
            self.blocks.resize_with(index + 1, Block::default);
        }
        &mut self.blocks[index]
    }

    /// Adds a stretch of time that ends at `end`, shared out over the blocks it lies in.
    pub(super) fn add(&mut self, actor: ActorIndex, state: State, end: Nanos, length: Nanos) {
        let mut from = end.since(length).max(self.opened);
        // Makes room first, so that the length of a block no longer changes.
        self.at(end);
        while from < end {
            let index = self.index(from);
            let border = Nanos(self.opened.0 + (index as u64 + 1) * self.length.0);
            let to = border.min(end);
            *self.at(from).times.entry((actor, state)).or_default() += to.since(from);
            from = to;
        }
    }

    /// Time that ended just before `end` and was counted for one wait site belongs to another.
    pub(super) fn reassign(&mut self, actor: ActorIndex, from: SiteId, to: SiteId) {
        // Polls are seldom longer than a block or two.
        for block in self.blocks.iter_mut().rev().take(2) {
            if let Some(time) = block.times.remove(&(actor, State::Waiting(from))) {
                *block.times.entry((actor, State::Waiting(to))).or_default() += time;
            }
        }
    }

    fn index(&self, at: Nanos) -> usize {
        // A border belongs to the block it begins; a window's end to the last one.
        usize::try_from(at.since(self.opened).0 / self.length.0.max(1)).unwrap_or(usize::MAX)
    }

    fn halve(&mut self) {
        self.length = Nanos(self.length.0.saturating_mul(2));
        let mut halved: Vec<Block> = Vec::with_capacity(self.blocks.len() / 2 + 1);
        for (index, block) in std::mem::take(&mut self.blocks).into_iter().enumerate() {
            if index % 2 == 0 {
                halved.push(block);
            } else if let Some(last) = halved.last_mut() {
                last.merge(block);
            }
        }
        self.blocks = halved;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_shared_out_and_none_is_lost_when_blocks_are_joined() {
        let mut blocks = Blocks::new(Nanos(1_000));
        let actor = ActorIndex(3);
        let mut sum = 0;
        // Two minutes in stretches of 1.3 s: more than the blocks there may be.
        for step in 0..92_u64 {
            let length = 1_300_000_000;
            let end = Nanos(1_000 + (step + 1) * length);
            blocks.add(actor, State::Running, end, Nanos(length));
            sum += length;
        }
        assert!(blocks.all().len() <= MOST);
        let of = |block: &Block| block.times.get(&(actor, State::Running)).copied();
        let kept: Nanos = blocks.all().iter().filter_map(of).sum();
        assert_eq!(kept.0, sum);
        let longest = blocks.all().iter().filter_map(of).max();
        assert_eq!(longest, Some(blocks.length()));
    }
}
