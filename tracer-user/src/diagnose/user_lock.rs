//! `user-lock`: a mutex, rwlock or semaphore in user space, in one process or in shared memory.
//!
//! Must be seen: workers blocked on one futex word (or on parked words of one call site), woken by fellow workers.
//! Refuted by: wake-ups that come from elsewhere (a queue). The lock of an interpreter is not the program's ([`super::interpreter_lock`]). Holders that are all inside an exchange on several sockets are a
//! pool, which claims the same waits with more evidence ([`super::claims`]).

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::{Facts, Holding};
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use crate::blame::LockStats;
use crate::cause::Cause;
use crate::classify::{WaitKind, WaitSite};
use crate::row::ResourceKind;
use crate::scaling::Lost;

/// Waiting that makes out less than this share of worker time is of no interest.
pub(super) const WORTH_NAMING: f64 = 0.02;
/// A lock's waiters are woken by those who had it: at least this share of wake-ups whose waker was seen comes from fellow
/// workers. A queue's come from the one who fills it.
pub(super) const BY_CO_WAITERS: f64 = 0.5;

/// What is seen of a lock in user space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UserLockFacts {
    /// Where it is waited for.
    pub site: WaitSite,
    /// How many workers waited for it.
    pub waiters: usize,
    /// Worker time that took, s.
    pub seconds: f64,
    /// Share of the wake-ups that came from workers, 0 to 1.
    pub by_workers: f64,
    /// How often it was let go while others waited.
    pub holds: u64,
    /// Mean time held while others waited, s; `None`: nobody was seen to let go.
    pub hold_s: Option<f64>,
    /// How many hold it at once.
    pub capacity: f64,
    /// What holders do most.
    pub holding: Option<Holding>,
    /// Its own word names a live thread as its owner.
    pub owner_word: bool,
    /// It lies in memory that several processes share.
    pub shared_memory: bool,
}

/// Share of the wake-ups with a waker that came from workers; `None`: no waker was seen.
pub(super) fn by_co_waiters(findings: &Findings<'_>, stats: &LockStats) -> Option<f64> {
    let workers = findings.worker_set();
    let (mut co_waiters, mut all) = (0, 0);
    for (waker, count) in &stats.wakers {
        all += count;
        if workers.contains(waker) {
            co_waiters += count;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    (all > 0).then(|| co_waiters as f64 / all as f64)
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    for (site, seconds) in findings.sites() {
        let is_one = site.kind == WaitKind::Futex && !findings.is_interpreters(site.class);
        if is_one && seconds >= WORTH_NAMING * findings.time() {
            judge(findings, site, seconds, &mut ruling);
        }
    }
    ruling
}

fn judge(findings: &Findings<'_>, site: WaitSite, seconds: f64, ruling: &mut Ruling) {
    let Some(stats) = findings.lock(site) else {
        return;
    };
    let Some(by_workers) = by_co_waiters(findings, stats) else {
        return;
    };
    let charged = stats.charged();
    let members = findings.classes.members(site.class);
    let hold_s = stats.hold_seconds();
    let facts = UserLockFacts {
        site,
        waiters: findings.waiting_workers(stats),
        seconds,
        by_workers,
        holds: charged.holds,
        hold_s,
        capacity: stats.capacity().round(),
        holding: findings.holding(&charged),
        owner_word: stats.owner_word.1 > stats.owner_word.0 / 2,
        shared_memory: members
            .iter()
            .any(|word| word.kind == ResourceKind::FutexShared),
    };
    let culprit = culprit(findings, &facts);
    if by_workers < BY_CO_WAITERS {
        let by = Refutation::WokenByOthers { by_workers };
        ruling.clear(Cause::UserLock, culprit, by);
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    let demand = hold_s.map_or(0.0, |hold| findings.per_item(hold * charged.holds as f64));
    let has_call_site = !culprit.call_site.is_empty();
    ruling.candidates.push(Candidate {
        claims: vec![Claim {
            site,
            lost: Lost::certain(seconds),
        }],
        demand,
        capacity: facts.capacity,
        tests: vec![
            Sign::WokenByCoWaiters.is(Outcome::Seen),
            Sign::HolderSeen.is(Outcome::of(hold_s.is_some())),
            Sign::OwnerWord.is(Outcome::if_there(facts.owner_word)),
            Sign::CallSite.is(Outcome::if_there(has_call_site)),
        ],
        ..Candidate::new(findings.stage_of(site), culprit, Facts::UserLock(facts))
    });
}

fn culprit(findings: &Findings<'_>, facts: &UserLockFacts) -> Culprit {
    Culprit {
        kind: CulpritKind::Lock,
        name: findings.lock_name(facts.site.class),
        call_site: findings.call_site(facts.site.class).unwrap_or_default(),
        capacity: facts.capacity,
        rate_per_s: facts.hold_s.map_or(0.0, |hold| facts.capacity / hold),
        service_ms: facts.hold_s.map_or(0.0, |hold| 1e3 * hold),
        ..Culprit::default()
    }
}
