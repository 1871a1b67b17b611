//! How a stretch of time divides.

use std::collections::BTreeMap;

use crate::classify::WaitSite;
use crate::row::Nanos;

/// Parts of a stretch; together they are its whole length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// On a CPU.
    pub run: Nanos,
    /// Queued for one.
    pub queued: Nanos,
    /// Blocked, by station.
    pub blocked: BTreeMap<WaitSite, Nanos>,
    /// Stopped.
    pub stopped: Nanos,
    /// Not known.
    pub unknown: Nanos,
}

impl Times {
    /// Adds another stretch.
    pub fn merge(&mut self, other: &Self) {
        self.run += other.run;
        self.queued += other.queued;
        self.stopped += other.stopped;
        self.unknown += other.unknown;
        for (site, time) in &other.blocked {
            *self.blocked.entry(*site).or_default() += *time;
        }
    }

    /// Its whole length.
    #[must_use]
    pub fn total(&self) -> Nanos {
        self.run + self.queued + self.stopped + self.unknown + self.blocked.values().copied().sum()
    }
}
