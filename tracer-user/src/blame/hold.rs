//! What a holder is charged with, and what it does while it holds.

use std::collections::BTreeMap;

use crate::classify::{Piece, State, WaitSite, WaitSites};
use crate::row::{Nanos, StackId};

/// What a holder does meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HolderActivity {
    /// It computes.
    Runs,
    /// It has no CPU.
    Queues,
    /// It is blocked itself, at this station.
    Blocked(WaitSite),
    /// Not known.
    Unknown,
}

impl HolderActivity {
    /// What a piece of a holder's time says.
    #[must_use]
    pub fn of(piece: &Piece, sites: &WaitSites) -> Self {
        match piece.state {
            State::Running => Self::Runs,
            State::Queued => Self::Queues,
            State::Waiting(site) => Self::Blocked(sites.get(site).station()),
            State::Absent | State::Unknown | State::Stopped => Self::Unknown,
        }
    }
}

/// Waiting that went on while somebody held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Charge {
    /// Sum over all waiters.
    pub waiting: Nanos,
    /// How often it held while somebody waited.
    pub holds: u64,
    /// Time held while somebody waited.
    pub held: Nanos,
    /// What it did meanwhile, time.
    pub activity: BTreeMap<HolderActivity, Nanos>,
    /// What it did from when it was handed on, or from when the first of them came, until it handed it on itself, time, and where in the
    /// code it was blocked; [`StackId::NONE`]: not taken.
    pub kept_waiting: BTreeMap<(HolderActivity, StackId), Nanos>,
}

impl Charge {
    /// Adds another charge.
    pub fn merge(&mut self, other: &Self) {
        self.waiting += other.waiting;
        self.holds += other.holds;
        self.held += other.held;
        for (what, time) in &other.activity {
            *self.activity.entry(*what).or_default() += *time;
        }
        for (what, time) in &other.kept_waiting {
            *self.kept_waiting.entry(*what).or_default() += *time;
        }
    }
}
