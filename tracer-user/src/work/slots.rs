//! Where an actor's time went, before it is known which stage each operation belongs to.
//!
//! Whether an operation is a fetch or a write is known only when enough of its bytes were seen; which stage a lock belongs to
//! follows from the operations around it. So time is kept by the operations before and after it, and is given to stages when
//! a report is asked for.

use foldhash::HashMap;

use crate::classify::{ClassId, OperationId, SiteId, State};
use crate::row::Nanos;

/// What comes after a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Next {
    /// Not seen.
    #[default]
    Unseen,
    /// This operation.
    Operation(OperationId),
    /// The lock that is still waited for is had.
    Lock(SiteId),
}

/// What a stretch of time is, seen from the operations around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Inside the operation that is next.
    Inside,
    /// Between operations, with no lock held: computing, being preempted, calls that say nothing.
    #[default]
    Between,
    /// Waiting for a lock that the next operation is done under, or under it.
    Locked,
    /// Waiting for a lock that was let go before the next operation, or under it.
    Section,
    /// Asleep with no lock held.
    Asleep,
    /// A request to this peer that only frames others, such as the one that begins a transaction.
    Frame(ClassId),
    /// After such a request, with no lock held.
    Framed(ClassId),
}

/// What a stretch of time lies between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Context {
    /// The operation before it; [`OperationId::NONE`]: none was seen.
    pub before: OperationId,
    /// What comes after it.
    pub next: Next,
    /// What it is.
    pub part: Part,
}

/// All of an actor's time in a window, and what it did how often.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    /// Time by context and state.
    pub times: HashMap<(Context, State), Nanos>,
    /// How often something was waited for, or done, at a wait site.
    pub visits: HashMap<(Context, SiteId), u64>,
    /// How often one operation followed another.
    pub transitions: HashMap<(OperationId, OperationId), u64>,
}

impl Slots {
    /// Adds time.
    pub fn add(&mut self, context: Context, state: State, length: Nanos) {
        *self.times.entry((context, state)).or_default() += length;
    }

    /// Adds visits.
    pub fn visit(&mut self, context: Context, site: SiteId, count: u64) {
        if count > 0 {
            *self.visits.entry((context, site)).or_default() += count;
        }
    }

    /// All time.
    #[must_use]
    pub fn total(&self) -> Nanos {
        self.times.values().copied().sum()
    }

    /// Time running or queued for a CPU.
    #[must_use]
    pub fn busy(&self) -> Nanos {
        let times = self.times.iter();
        times
            .filter(|((_, state), _)| matches!(state, State::Running | State::Queued))
            .map(|(_, time)| *time)
            .sum()
    }
}
