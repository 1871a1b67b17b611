//! Waits for one lock that end together, as at a barrier.
//!
//! ```text
//! A works |=======================a==|      a: A comes last, and lets all others go on
//! B works |=====b------------------==|      b, c: they have come, and wait
//! C works |==========c-------------==|
//! ```
//! In: who begins to wait when, and who ends whose wait. Out: how many waits end at a time, who ends them, and how long each does
//! something else in between. They end together where one ends several, or where each whose wait ended ends the next one's (Java's
//! barrier hands its lock on), all within a time that is short against the waits. A lock that is held a while by each ends the
//! waits of its n waiters one after the other: two ends lie an n-th of a wait apart. In the doubtful case (somebody ends a wait who has to
//! do with none of those before, or who waits again) the release is over.

use foldhash::HashMap;
use std::collections::BTreeMap;

use crate::actors::ActorId;
use crate::classify::OperationId;
use crate::row::Nanos;

/// A release lasts no longer than the longest of its waits by this number. Of the n waiters of a lock that is handed on in turn, an n-th by
/// this number seem to be let go together then: too few to be all of them.
const AT_ONCE: u64 = 5;
/// What takes less than the wait by this number is next to nothing. Who waits again that soon has found nothing to do: of a queue, all are
/// woken, and one takes what came.
const NOTHING: u64 = 50;

/// Releases of so many waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// How often.
    pub times: u64,
    /// The waiting that ended so.
    pub waiting: Nanos,
    /// The longest wait of each, together: how long it lasted that they were held up.
    pub longest: Nanos,
    /// Waits that the one who came last ended itself.
    pub direct: u64,
}

impl Released {
    /// Adds others.
    pub fn merge(&mut self, other: &Self) {
        self.times += other.times;
        self.waiting += other.waiting;
        self.longest += other.longest;
        self.direct += other.direct;
    }
}

/// How far the work of somebody had come who waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The latest operation that belongs to a stage.
    pub operation: OperationId,
    /// When it was done.
    pub done: Nanos,
}

/// Waits that began after an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct After {
    /// How often.
    pub times: u64,
    /// Of these, next to nothing was done in between, against the wait.
    pub at_once: u64,
}

/// What one does from a release to its next arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Between {
    /// How often.
    pub times: u64,
    /// How long in all, s.
    pub seconds: f64,
    /// Sum of the squares, s².
    pub squares: f64,
    /// How often it was next to nothing, against the wait before it.
    pub nothing: u64,
}

impl Between {
    fn add(&mut self, time: Nanos, waited: Nanos) {
        self.times += 1;
        self.seconds += time.seconds();
        self.squares += time.seconds() * time.seconds();
        self.nothing += u64::from(time.0.saturating_mul(NOTHING) < waited.0);
    }

    /// Adds what another one does, or the same one at another word of the lock.
    pub fn merge(&mut self, other: &Self) {
        self.times += other.times;
        self.seconds += other.seconds;
        self.squares += other.squares;
        self.nothing += other.nothing;
    }

    /// Mean, s.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    pub fn mean(&self) -> f64 {
        self.seconds / self.times.max(1) as f64
    }

    /// Standard deviation over mean.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    pub fn variation(&self) -> f64 {
        let mean = self.mean();
        let variance = self.squares / self.times.max(1) as f64 - mean * mean;
        variance.max(0.0).sqrt() / mean.max(1e-12)
    }
}

/// A wait that ended, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub who: ActorId,
    pub at: Nanos,
    pub waited: Nanos,
    pub after: Progress,
}

/// A release that may go on.
#[derive(Clone, Debug, Default)]
struct Open {
    by: Option<ActorId>,
    longest: Nanos,
    waiting: Nanos,
    /// Waits that `by` itself ended.
    direct: u64,
    ended: Vec<Ended>,
}

impl Open {
    /// Whether a wait that `waker` ended is one more of it.
    fn goes_on(&self, ended: &Ended, waker: ActorId) -> bool {
        let Some(first) = self.ended.first() else {
            return false;
        };
        let lasts = ended.at.since(first.at).0.saturating_mul(AT_ONCE);
        let is_short = lasts <= self.longest.max(ended.waited).0;
        is_short && self.has(waker)
    }

    fn has(&self, who: ActorId) -> bool {
        // The latest are the likeliest to end the next one's wait.
        self.by == Some(who) || self.ended.iter().rev().any(|ended| ended.who == who)
    }

    fn take(&mut self, ended: Ended, waker: ActorId) {
        self.longest = self.longest.max(ended.waited);
        self.waiting += ended.waited;
        self.direct += u64::from(self.by == Some(waker));
        self.ended.push(ended);
    }
}

/// Waits for a lock that ended together.
#[derive(Clone, Debug, Default)]
pub struct Together {
    /// Releases, by how many waits they ended: two and more.
    pub sizes: BTreeMap<u64, Released>,
    /// How many of these releases each began: who came last.
    pub releasers: BTreeMap<ActorId, u64>,
    /// What each does in between.
    pub between: BTreeMap<ActorId, Between>,
    /// What those who waited had done last that belongs to a stage of the work.
    pub after: BTreeMap<OperationId, After>,
    open: Open,
    /// When each was last let go, or let others go, and how long it had waited.
    passed: HashMap<ActorId, (Nanos, Nanos)>,
}

impl Together {
    /// One begins to wait.
    pub(super) fn begins(&mut self, who: ActorId, at: Nanos) {
        if self.open.has(who) {
            self.close();
        }
        if self.passed.is_empty() {
            return;
        }
        if let Some((since, waited)) = self.passed.remove(&who) {
            let between = self.between.entry(who).or_default();
            between.add(at.since(since), waited);
        }
    }

    /// `waker` ended a wait.
    pub(super) fn ends(&mut self, ended: Ended, waker: ActorId) {
        if !self.open.goes_on(&ended, waker) {
            self.close();
            self.open.by = Some(waker);
        }
        self.open.take(ended, waker);
    }

    /// What comes next is no more of the release that may go on.
    pub(super) fn close(&mut self) {
        let count = self.open.ended.len() as u64;
        if count > 1 {
            self.count(count);
        }
        let mut ended = std::mem::take(&mut self.open).ended;
        // Its memory is used again: most locks let one go at a time, and often.
        ended.clear();
        self.open.ended = ended;
    }

    fn count(&mut self, count: u64) {
        self.sizes.entry(count).or_default().merge(&Released {
            times: 1,
            waiting: self.open.waiting,
            longest: self.open.longest,
            direct: self.open.direct,
        });
        if let (Some(by), Some(first)) = (self.open.by, self.open.ended.first()) {
            *self.releasers.entry(by).or_default() += 1;
            if let Some((since, _)) = self.passed.insert(by, (first.at, Nanos::ZERO)) {
                // It has not waited since: it came last.
                let between = self.between.entry(by).or_default();
                between.add(first.at.since(since), Nanos::ZERO);
            }
        }
        for one in &self.open.ended {
            self.passed.insert(one.who, (one.at, one.waited));
            let after = self.after.entry(one.after.operation).or_default();
            let began = one.at.since(one.waited);
            let between = began.since(one.after.done).0;
            after.times += 1;
            after.at_once += u64::from(between.saturating_mul(NOTHING) < one.waited.0);
        }
    }

    /// Adds what ended together at another word of the same lock.
    pub(super) fn merge(&mut self, other: &Self) {
        for (count, released) in &other.sizes {
            self.sizes.entry(*count).or_default().merge(released);
        }
        for (who, times) in &other.releasers {
            *self.releasers.entry(*who).or_default() += times;
        }
        for (who, between) in &other.between {
            self.between.entry(*who).or_default().merge(between);
        }
        for (operation, after) in &other.after {
            let own = self.after.entry(*operation).or_default();
            own.times += after.times;
            own.at_once += after.at_once;
        }
    }
}
