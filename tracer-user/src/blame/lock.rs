//! Lock statistics: who waits, who lets go, and who is charged.
//!
//! ```text
//! A holds |=======r                         r: lets go (futex wake, unlock)
//! B waits    |----w|====r                   charged to A: B's and C's waiting up to A's r
//! C waits      |--------w|===               charged to B: C's waiting from there up to B's r
//! ```
//! The holder at an instant is the one that lets go next. How many hold at once is estimated from how long those hold who were
//! seen to get it, and how often somebody lets go while others wait.

use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

use super::hold::{Charge, HolderActivity};
use super::recent_pieces::{RecentPiece, RecentPieces};
use super::together::{Ended, Progress, Together};
use crate::actors::ActorId;
use crate::classify::{LockId, WaitBegin, WaitSites};
use crate::row::{Nanos, Pid, StackId, Tid};

/// Hold times that are kept of a lock.
const HOLDS: usize = 512;

/// From getting a lock to letting it go.
#[derive(Clone, Copy, Debug, Default)]
struct Hold {
    /// How long.
    length: Nanos,
    /// Of it, while others waited.
    contended: Nanos,
}

/// Who got a lock when.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    at: Nanos,
    /// Time in which somebody had waited by then.
    contended: Nanos,
}

/// Since when somebody waits, and after what that it did.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    since: Nanos,
    after: Progress,
}

/// How long those held who were seen to get the lock: a sample that is thinned as it grows.
#[derive(Clone, Debug, Default)]
struct Holds {
    kept: Vec<Hold>,
    /// One in so many is kept, a power of two.
    step: u64,
    seen: u64,
}

impl Holds {
    fn add(&mut self, hold: Hold) {
        self.step = self.step.max(1);
        if self.seen.is_multiple_of(self.step) {
            if self.kept.len() >= HOLDS {
                let mut index = 0;
                self.kept.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.step *= 2;
            }
            self.kept.push(hold);
        }
        self.seen += 1;
    }

    fn median(&self) -> Option<Nanos> {
        let mut sorted: Vec<Nanos> = self.kept.iter().map(|hold| hold.length).collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }

    /// Mean time of a hold in which others waited, s. One that seems far longer than most began anew without a wait.
    fn mean_contended(&self) -> Option<f64> {
        let most = Nanos(2 * self.median()?.0);
        let plain = self.kept.iter().filter(|hold| hold.length <= most);
        let (count, sum) = plain.fold((0_u32, 0.0), |(count, sum), hold| {
            (count + 1, sum + hold.contended.seconds())
        });
        (count > 0).then(|| sum / f64::from(count))
    }
}

/// One lock.
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
    pub waiters: BTreeMap<ActorId, Nanos>,
    /// Waits that ended, by who woke them.
    pub wakers: BTreeMap<ActorId, u64>,
    /// Waits that ended.
    pub waits: u64,
    /// Waits that ended by a timer or by nobody seen.
    pub timeouts: u64,
    /// How often somebody let go while others waited.
    pub releases: u64,
    /// By holder.
    pub charges: BTreeMap<ActorId, Charge>,
    /// Waits whose owner word was looked at, and of them those where it named a live thread.
    pub owner_word: (u64, u64),
    /// Waits that ended together.
    pub together: Together,
    /// CPU time of all the target's threads while somebody waited, s.
    pub ran: f64,
    ran_until: f64,
    holds: Holds,
    now_waiting: BTreeMap<ActorId, Waiting>,
    inside: BTreeMap<ActorId, Entry>,
    last_release: Nanos,
    uncharged: Nanos,
    /// When somebody who let go last woke somebody.
    handed_on: Nanos,
    /// Since when somebody waits, or from an earlier time on where that was not interrupted since it was handed on.
    contended_since: Nanos,
    changed: Nanos,
    held_by_file: Option<ActorId>,
}

/// All locks.
#[derive(Clone, Debug, Default)]
pub struct Locks {
    stats: HashMap<LockId, LockStats>,
}

impl Locks {
    /// An actor begins to wait, after an operation of its work; the target's threads have had so much CPU time by now, s.
    pub(super) fn wait(
        &mut self,
        key: LockId,
        (actor, after): (ActorId, Progress),
        pid: Pid,
        wait: &WaitBegin,
        (at, run): (Nanos, f64),
    ) {
        let stats = self.stats.entry(key).or_default();
        stats.pid = pid;
        stats.advance(at);
        stats.computed(run);
        stats.inside.remove(&actor);
        if is_of_futex(key) {
            stats.together.begins(actor, at);
        }
        let since = at;
        if stats.now_waiting.is_empty() && stats.contended_since <= stats.handed_on {
            stats.contended_since = at;
        }
        stats.now_waiting.insert(actor, Waiting { since, after });
        // The kernel side looks at the word where it takes the call site.
        if wait.stack != StackId::NONE {
            stats.owner_word.0 += 1;
            stats.owner_word.1 += u64::from(wait.owner != Tid(0));
        }
    }

    /// An actor waits no longer: it was woken by `waker`, or its time ran out.
    pub(super) fn woken(
        &mut self,
        key: LockId,
        actor: ActorId,
        (at, run): (Nanos, f64),
        waker: Option<ActorId>,
    ) {
        let Some((stats, waiting)) = self.waits_no_longer(key, actor, (at, run)) else {
            return;
        };
        stats.waits += 1;
        match waker {
            Some(waker) => {
                *stats.wakers.entry(waker).or_default() += 1;
                if is_of_futex(key) {
                    let ended = Ended {
                        who: actor,
                        at,
                        waited: at.since(waiting.since),
                        after: waiting.after,
                    };
                    stats.together.ends(ended, waker);
                }
            }
            None => stats.timeouts += 1,
        }
        if !matches!(key, LockId::File(_)) {
            stats.inside.insert(
                actor,
                Entry {
                    at,
                    contended: stats.contended,
                },
            );
        }
    }

    /// The window ends, or the thread does, while an actor waits.
    pub(super) fn cut_off(&mut self, key: LockId, actor: ActorId, now: (Nanos, f64)) {
        self.waits_no_longer(key, actor, now);
    }

    /// Adds up what an actor has waited, and gives the wait that ends; `None`: it did not wait there.
    fn waits_no_longer(
        &mut self,
        key: LockId,
        actor: ActorId,
        (at, run): (Nanos, f64),
    ) -> Option<(&mut LockStats, Waiting)> {
        let stats = self.stats.get_mut(&key)?;
        stats.advance(at);
        stats.computed(run);
        let waiting = stats.now_waiting.remove(&actor)?;
        *stats.waiters.entry(actor).or_default() += at.since(waiting.since);
        Some((stats, waiting))
    }

    /// A file lock was obtained.
    pub(super) fn obtained(&mut self, key: LockId, actor: ActorId, at: Nanos) {
        let stats = self.stats.entry(key).or_default();
        stats.advance(at);
        stats.inside.insert(
            actor,
            Entry {
                at,
                contended: stats.contended,
            },
        );
        stats.held_by_file = Some(actor);
    }

    /// An actor lets go; what was waited since the lock was last let go is charged to it. `woke`: somebody waits no longer by that. Who wakes
    /// nobody may have had but a part of the lock, such as the mutex around a condition.
    pub(super) fn release(
        &mut self,
        key: LockId,
        actor: ActorId,
        at: Nanos,
        (recent, sites): (&RecentPieces, &WaitSites),
        woke: bool,
    ) {
        let Some(stats) = self.stats.get_mut(&key) else {
            return;
        };
        stats.advance(at);
        let entered = stats.inside.remove(&actor);
        if stats.held_by_file == Some(actor) {
            stats.held_by_file = None;
        }
        if let Some(entered) = entered {
            stats.holds.add(Hold {
                length: at.since(entered.at),
                contended: stats.contended.since(entered.contended),
            });
        }
        let entered = entered.map(|entry| entry.at);
        let from = stats.last_release.max(entered.unwrap_or(Nanos::ZERO));
        if stats.uncharged > Nanos::ZERO {
            stats.releases += 1;
            let charge = stats.charges.entry(actor).or_default();
            charge.waiting += stats.uncharged;
            charge.holds += 1;
            if from > Nanos::ZERO {
                charge.held += at.since(from);
                let mut known = Nanos::ZERO;
                for RecentPiece { piece, .. } in recent.between(actor, from, at) {
                    known += piece.length();
                    let activity = HolderActivity::of(&piece, sites);
                    *charge.activity.entry(activity).or_default() += piece.length();
                }
                *charge.activity.entry(HolderActivity::Unknown).or_default() +=
                    at.since(from).since(known);
            }
        }
        if woke {
            let since = entered.unwrap_or(Nanos::ZERO).max(stats.contended_since);
            let had = stats.handed_on.max(since);
            if stats.handed_on > Nanos::ZERO {
                let charge = stats.charges.entry(actor).or_default();
                for RecentPiece { piece, stack } in recent.between(actor, had, at) {
                    let what = (HolderActivity::of(&piece, sites), stack);
                    *charge.kept_waiting.entry(what).or_default() += piece.length();
                }
            }
            stats.handed_on = at;
        }
        stats.uncharged = Nanos::ZERO;
        stats.last_release = at;
    }

    /// Whether an actor holds a file's lock, as far as was seen.
    pub(super) fn holds(&self, key: LockId, actor: ActorId) -> bool {
        self.stats
            .get(&key)
            .is_some_and(|stats| stats.held_by_file == Some(actor))
    }

    /// The statistics of all locks at `at`, in order: who still waits, waits until then.
    #[must_use]
    pub fn at(&self, at: Nanos) -> BTreeMap<LockId, LockStats> {
        let all = self.stats.iter();
        all.map(|(key, stats)| (*key, stats.at(at))).collect()
    }
}

/// What parks threads on words; who waits for the lock of a file or of the kernel is let go one at a time.
fn is_of_futex(key: LockId) -> bool {
    matches!(key, LockId::Word(_) | LockId::Parked(_))
}

impl LockStats {
    /// The target's threads have had so much CPU time, s, as the number of waiters changes.
    fn computed(&mut self, run: f64) {
        if !self.now_waiting.is_empty() {
            self.ran += run - self.ran_until;
        }
        self.ran_until = run;
    }

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

    fn at(&self, at: Nanos) -> Self {
        let mut stats = self.clone();
        stats.advance(at);
        stats.together.close();
        for (actor, waiting) in std::mem::take(&mut stats.now_waiting) {
            *stats.waiters.entry(actor).or_default() += at.since(waiting.since);
        }
        stats
    }

    /// Adds the statistics of another word of the same lock.
    pub fn merge(&mut self, other: &Self) {
        if self.pid == Pid(0) {
            self.pid = other.pid;
        }
        self.waiting += other.waiting;
        self.contended = self.contended.max(other.contended);
        self.unheld = self.unheld.max(other.unheld);
        self.waits += other.waits;
        self.timeouts += other.timeouts;
        self.releases += other.releases;
        self.owner_word.0 += other.owner_word.0;
        self.owner_word.1 += other.owner_word.1;
        self.together.merge(&other.together);
        self.ran = self.ran.max(other.ran);
        for (actor, time) in &other.waiters {
            *self.waiters.entry(*actor).or_default() += *time;
        }
        for (actor, count) in &other.wakers {
            *self.wakers.entry(*actor).or_default() += count;
        }
        for (actor, charge) in &other.charges {
            self.charges.entry(*actor).or_default().merge(charge);
        }
        for hold in &other.holds.kept {
            self.holds.add(*hold);
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

    /// How many hold it at once while others wait: by Little's law the rate at which it is let go then, times how long it is held
    /// then by those who were seen to get it. At least 1; 1 where nobody was seen to get it and let it go.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    pub fn capacity(&self) -> f64 {
        let Some(hold) = self.holds.mean_contended() else {
            return 1.0;
        };
        if self.contended == Nanos::ZERO {
            return 1.0;
        }
        let rate = self.releases as f64 / self.contended.seconds();
        (rate * hold).max(1.0)
    }

    /// Mean time one holds while others wait, seconds; `None`: nobody was seen to let go.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    pub fn hold_seconds(&self) -> Option<f64> {
        /// With more at once than this the time since the lock was last let go is no hold.
        const SEVERAL: f64 = 1.5;
        if self.capacity() > SEVERAL {
            return self.holds.median().map(Nanos::seconds);
        }
        let all = self.charged();
        (all.holds > 0 && all.held > Nanos::ZERO).then(|| all.held.seconds() / all.holds as f64)
    }

    /// Those who were seen to let go.
    #[must_use]
    pub fn holders(&self) -> BTreeSet<ActorId> {
        self.charges.keys().copied().collect()
    }
}
