//! Books on locks: who waits, who lets go, and who is charged.
//!
//! ```text
//! A holds |=======r                         r: lets go (futex wake, unlock)
//! B waits    |----w|====r                   charged to A: B's and C's waiting up to A's r
//! C waits      |--------w|===               charged to B: C's waiting from there up to B's r
//! ```
//! The holder at an instant is the one that lets go next. That is right as long as one holds at a time; how many do is
//! estimated from who is inside.

use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

use super::hold::{Charge, HolderActivity};
use super::recent_pieces::RecentPieces;
use crate::row::{Nanos, Pid, StackId, Tid, Waker};
use crate::timeline::Blocked;
use crate::work::{ClassId, ResourceClasses, WaitKind};

/// A lock: futex words by group, or a locked file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockKey {
    /// [`WaitKind::Futex`] or [`WaitKind::FileLock`].
    pub kind: WaitKind,
    /// The word that stands for the group, or the file.
    pub class: ClassId,
}

/// One lock's books.
#[derive(Clone, Debug, Default)]
pub struct LockStats {
    /// Process of the waiters (one of them, for a shared lock).
    pub pid: Pid,
    /// Waiting, summed over the waiters.
    pub waiting: Nanos,
    /// Time in which somebody waited.
    pub contended: Nanos,
    /// Of it, time in which nobody that was seen held: polling missed it, or the holder is not tracked.
    pub unheld: Nanos,
    /// Waiting by waiter.
    pub waiters: BTreeMap<Tid, Nanos>,
    /// Waits that ended, by who woke them.
    pub wakers: BTreeMap<Tid, u64>,
    /// Waits that ended.
    pub waits: u64,
    /// Waits that ended by a timer or by nobody seen.
    pub timeouts: u64,
    /// How often somebody let go while others waited, and in all.
    pub releases: (u64, u64),
    /// Those that let go.
    pub releasers: BTreeSet<Tid>,
    /// By holder.
    pub charges: BTreeMap<Tid, Charge>,
    /// Waits whose owner word was looked at, and of them those where it named a live thread.
    pub owner_word: (u64, u64),
    /// Most that were inside at once between their wait and their release.
    pub most_inside: usize,
    /// Call stacks of the waits, waiting time each.
    pub stacks: BTreeMap<StackId, Nanos>,
    now_waiting: BTreeMap<Tid, Nanos>,
    inside: BTreeMap<Tid, Nanos>,
    last_release: Nanos,
    uncharged: Nanos,
    changed: Nanos,
    held_by_file: Option<Tid>,
}

/// The books of all locks.
#[derive(Debug, Default)]
pub struct Locks {
    /// By lock.
    pub books: HashMap<LockKey, LockStats>,
}

impl Locks {
    /// A thread begins to wait.
    pub fn wait(&mut self, key: LockKey, (tid, pid): (Tid, Pid), blocked: &Blocked, at: Nanos) {
        let stats = self.books.entry(key).or_default();
        stats.pid = pid;
        stats.advance(at);
        stats.inside.remove(&tid);
        stats.now_waiting.insert(tid, at);
        // The kernel side looks at the word where it takes the call site.
        if blocked.stack != StackId::NONE {
            stats.owner_word.0 += 1;
            stats.owner_word.1 += u64::from(blocked.owner != Tid(0));
        }
    }

    /// A thread waits no longer: it was woken by `waker`, or its time ran out.
    pub fn woken(&mut self, key: LockKey, tid: Tid, at: Nanos, waker: Waker, stack: StackId) {
        let Some(stats) = self.books.get_mut(&key) else {
            return;
        };
        stats.advance(at);
        let Some(since) = stats.now_waiting.remove(&tid) else {
            return;
        };
        let waited = at.since(since);
        *stats.waiters.entry(tid).or_default() += waited;
        *stats.stacks.entry(stack).or_default() += waited;
        stats.waits += 1;
        if waker.tid == Tid(0) || waker.call == crate::row::Syscall::None {
            stats.timeouts += 1;
        } else {
            *stats.wakers.entry(waker.tid).or_default() += 1;
        }
        if key.kind == WaitKind::Futex {
            stats.inside.insert(tid, at);
            stats.most_inside = stats.most_inside.max(stats.inside.len());
        }
    }

    /// A file lock was obtained.
    pub fn obtained(&mut self, key: LockKey, tid: Tid, at: Nanos) {
        let stats = self.books.entry(key).or_default();
        stats.advance(at);
        stats.inside.insert(tid, at);
        stats.most_inside = stats.most_inside.max(stats.inside.len());
        stats.held_by_file = Some(tid);
    }

    /// A thread lets go; what was waited since the lock was last let go is charged to it.
    pub fn release(
        &mut self,
        key: LockKey,
        tid: Tid,
        at: Nanos,
        recent_pieces: &RecentPieces,
        classes: &mut ResourceClasses,
    ) {
        let Some(stats) = self.books.get_mut(&key) else {
            return;
        };
        stats.advance(at);
        stats.releases.1 += 1;
        stats.releasers.insert(tid);
        let entered = stats.inside.remove(&tid);
        if stats.held_by_file == Some(tid) {
            stats.held_by_file = None;
        }
        let from = stats.last_release.max(entered.unwrap_or(Nanos::ZERO));
        if stats.uncharged > Nanos::ZERO {
            stats.releases.0 += 1;
            let charge = stats.charges.entry(tid).or_default();
            charge.waiting += stats.uncharged;
            charge.holds += 1;
            if from > Nanos::ZERO {
                charge.held += at.since(from);
                let mut known = Nanos::ZERO;
                for piece in recent_pieces.between(tid, from, at) {
                    known += piece.length();
                    *charge
                        .activity
                        .entry(HolderActivity::of(&piece, classes))
                        .or_default() += piece.length();
                }
                *charge.activity.entry(HolderActivity::Unknown).or_default() +=
                    at.since(from).since(known);
            }
        }
        stats.uncharged = Nanos::ZERO;
        stats.last_release = at;
    }

    /// Whether a thread holds a file's lock, as far as was seen.
    #[must_use]
    pub fn holds(&self, key: LockKey, tid: Tid) -> bool {
        self.books
            .get(&key)
            .is_some_and(|stats| stats.held_by_file == Some(tid))
    }

    /// Ends the window: who still waits, waits until then.
    pub fn close(&mut self, at: Nanos) {
        for stats in self.books.values_mut() {
            stats.advance(at);
            for (tid, since) in std::mem::take(&mut stats.now_waiting) {
                *stats.waiters.entry(tid).or_default() += at.since(since);
            }
        }
    }
}

impl LockStats {
    fn advance(&mut self, at: Nanos) {
        let passed = at.since(self.changed);
        self.changed = self.changed.max(at);
        let count = self.now_waiting.len() as u64;
        if count == 0 {
            return;
        }
        let waited = Nanos(passed.0.saturating_mul(count));
        self.waiting += waited;
        self.contended += passed;
        self.uncharged += waited;
        if self.held_by_file.is_none() {
            self.unheld += passed;
        }
    }

    /// Charges of all holders together.
    #[must_use]
    pub fn charged(&self) -> Charge {
        let mut all = Charge::default();
        for charge in self.charges.values() {
            all.merge(charge);
        }
        all
    }

    /// Mean time one holds while others wait, seconds; `None`: nobody was seen to let go.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    pub fn hold_seconds(&self) -> Option<f64> {
        let all = self.charged();
        (all.holds > 0 && all.held > Nanos::ZERO).then(|| all.held.seconds() / all.holds as f64)
    }
}
