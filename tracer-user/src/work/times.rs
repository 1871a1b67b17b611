//! How a stretch of a thread's time divides.

use std::collections::BTreeMap;

use super::class::ResourceClasses;
use super::wait_site::{WaitKind, WaitSite};
use crate::row::Nanos;
use crate::timeline::{Piece, State};

/// Parts of a stretch; together they are its whole length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// On a CPU.
    pub run: Nanos,
    /// Queued for one.
    pub queued: Nanos,
    /// Blocked, by where.
    pub blocked: BTreeMap<WaitSite, Nanos>,
    /// Stopped.
    pub stopped: Nanos,
    /// Not known.
    pub unknown: Nanos,
}

impl Times {
    /// Adds a piece; `instead` names the wait site a sleep really waits at.
    pub fn add(&mut self, piece: &Piece, instead: Option<WaitSite>, classes: &mut ResourceClasses) {
        let length = piece.length();
        match &piece.state {
            State::Absent => {}
            State::Unknown => self.unknown += length,
            State::Running => self.run += length,
            State::Queued => self.queued += length,
            State::Stopped => self.stopped += length,
            State::Blocked(blocked) => {
                let site = instead.unwrap_or_else(|| WaitSite::of(blocked, classes));
                *self.blocked.entry(site).or_default() += length;
            }
        }
    }

    /// Polling for something that was not known turns out to have been for `wait site`.
    pub fn polled_for(&mut self, site: WaitSite) {
        let mut time = Nanos::ZERO;
        self.blocked.retain(|at, length| {
            let polled = at.kind == WaitKind::Poll;
            if polled {
                time += *length;
            }
            !polled
        });
        if time > Nanos::ZERO {
            *self.blocked.entry(site).or_default() += time;
        }
    }

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

    /// On a CPU or queued for one: what is neither blocked nor stopped.
    #[must_use]
    pub fn busy(&self) -> Nanos {
        self.run + self.queued
    }
}
