//! What each actor did in the last moments.

use foldhash::HashMap;
use std::collections::VecDeque;

use crate::actors::ActorId;
use crate::classify::{Piece, State};
use crate::row::{Nanos, StackId};

/// Pieces kept per actor: a lock is seldom held over more switches than that; what lies before is given as not known.
const KEPT: usize = 48;

/// A stretch of an actor's time, and where in its code it waited then.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecentPiece {
    /// When, and in what state.
    pub piece: Piece,
    /// [`StackId::NONE`]: it did not wait, or its call stack was not taken.
    pub stack: StackId,
}

/// The last pieces of all actors.
#[derive(Clone, Debug, Default)]
pub struct RecentPieces {
    actors: HashMap<ActorId, (VecDeque<RecentPiece>, RecentPiece)>,
}

impl RecentPieces {
    /// An actor's state changed; `stack`: where it waits now.
    pub fn change(&mut self, actor: ActorId, was: &Piece, now: State, stack: StackId) {
        let (kept, current) = self.actors.entry(actor).or_default();
        if was.end > was.start && was.state != State::Absent {
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back(RecentPiece {
                piece: *was,
                stack: current.stack,
            });
        }
        let piece = Piece {
            start: was.end,
            end: was.end,
            state: now,
        };
        *current = RecentPiece { piece, stack };
    }

    /// The pieces of an actor between two instants, cut to them; what is no longer known is left out.
    pub fn between(
        &self,
        actor: ActorId,
        from: Nanos,
        to: Nanos,
    ) -> impl Iterator<Item = RecentPiece> + '_ {
        let (kept, current) = match self.actors.get(&actor) {
            Some((kept, current)) => {
                let mut current = *current;
                current.piece.end = to;
                (Some(kept), Some(current))
            }
            None => (None, None),
        };
        kept.into_iter()
            .flatten()
            .copied()
            .chain(current)
            .filter_map(move |RecentPiece { piece, stack }| {
                let piece = Piece {
                    start: piece.start.max(from),
                    end: piece.end.min(to),
                    state: piece.state,
                };
                (piece.end > piece.start).then_some(RecentPiece { piece, stack })
            })
    }
}
