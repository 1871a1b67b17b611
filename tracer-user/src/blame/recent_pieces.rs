//! What each thread did in the last moments.

use foldhash::HashMap;
use std::collections::VecDeque;

use crate::row::{Nanos, Tid};
use crate::timeline::{Piece, State};

/// Pieces kept per thread: a lock is seldom held over more switches than that; what lies before is given as not known.
const KEPT: usize = 48;

/// The last pieces of all threads.
#[derive(Debug, Default)]
pub struct RecentPieces {
    threads: HashMap<Tid, (VecDeque<Piece>, Piece)>,
}

impl RecentPieces {
    /// A thread's state changed.
    pub fn change(&mut self, tid: Tid, was: &Piece, now: State) {
        let (kept, current) = self.threads.entry(tid).or_default();
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

    /// The pieces of a thread between two instants, cut to them; what is no longer known is left out.
    pub fn between(&self, tid: Tid, from: Nanos, to: Nanos) -> impl Iterator<Item = Piece> {
        let (kept, current) = match self.threads.get(&tid) {
            Some((kept, current)) => (
                Some(kept),
                Some(Piece {
                    end: to,
                    ..*current
                }),
            ),
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

    /// The present state of a thread.
    #[must_use]
    pub fn state(&self, tid: Tid) -> State {
        self.threads
            .get(&tid)
            .map_or(State::Unknown, |(_, current)| current.state)
    }
}
