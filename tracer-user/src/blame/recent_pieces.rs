//! What each actor did in the last moments.

use foldhash::HashMap;
use std::collections::VecDeque;

use crate::actors::ActorId;
use crate::classify::{Piece, State};
use crate::row::Nanos;

/// Pieces kept per actor: a lock is seldom held over more switches than that; what lies before is given as not known.
const KEPT: usize = 48;

/// The last pieces of all actors.
#[derive(Clone, Debug, Default)]
pub struct RecentPieces {
    actors: HashMap<ActorId, (VecDeque<Piece>, Piece)>,
}

impl RecentPieces {
    /// An actor's state changed.
    pub fn change(&mut self, actor: ActorId, was: &Piece, now: State) {
        let (kept, current) = self.actors.entry(actor).or_default();
        if was.end > was.start && was.state != State::Absent {
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back(*was);
        }
        *current = Piece {
            start: was.end,
            end: was.end,
            state: now,
        };
    }

    /// The pieces of an actor between two instants, cut to them; what is no longer known is left out.
    pub fn between(
        &self,
        actor: ActorId,
        from: Nanos,
        to: Nanos,
    ) -> impl Iterator<Item = Piece> + '_ {
        let (kept, current) = match self.actors.get(&actor) {
            Some((kept, current)) => {
                let current = Piece {
                    end: to,
                    ..*current
                };
                (Some(kept), Some(current))
            }
            None => (None, None),
        };
        kept.into_iter()
            .flatten()
            .copied()
            .chain(current)
            .filter_map(move |piece| {
                let cut = Piece {
                    start: piece.start.max(from),
                    end: piece.end.min(to),
                    state: piece.state,
                };
                (cut.end > cut.start).then_some(cut)
            })
    }
}
