//! `kernel-lock`: a lock that the kernel takes for its own work, of an address space, of a file, or another.
//!
//! Must be seen: workers blocked in it; the kernel says so itself (`lock:contention_begin`), so nothing has to be told apart but what it
//! guards and who has it. Whoever wakes the next had it: a worker, or a stranger (a monitor that reads `/proc/PID/smaps` holds the lock
//! of the address space meanwhile). Samples of workers tell how long they spin for such a lock before they sleep. Not it: waiting for the disk with such a lock, in syncs, which is the disk's.

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::{Facts, Holding};
use super::findings::Findings;
use super::sign::{Outcome, Sign};
use super::user_lock::{BY_CO_WAITERS, WORTH_NAMING, by_co_waiters};
use crate::actors::ActorId;
use crate::blame::LockStats;
use crate::classify::{ClassId, ClassKind, WaitKind, WaitSite};
use crate::row::{Resource, ResourceKind};
use crate::scaling::Lost;

/// What a lock of the kernel guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guards {
    /// The address space of a process (`mmap_lock`).
    AddressSpace,
    /// A file.
    File,
    /// It is not known what.
    Unknown,
}

/// What is seen of a lock of the kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelLockFacts {
    /// Where it is waited for.
    pub site: WaitSite,
    /// What it guards.
    pub guards: Guards,
    /// How many workers waited for it.
    pub waiters: usize,
    /// Worker time that took, s.
    pub seconds: f64,
    /// Worker time on a CPU that took beside it, before they slept, s.
    pub spun: f64,
    /// Share of the wake-ups that came from workers, 0 to 1; `None`: no waker was seen.
    pub by_workers: Option<f64>,
    /// Who else ended most of the waits; `None`: mostly workers did.
    pub stranger: Option<ActorId>,
    /// How often it was let go while others waited.
    pub holds: u64,
    /// Mean time held while others waited, s; `None`: nobody was seen to let go.
    pub hold_s: Option<f64>,
    /// What holders do most.
    pub holding: Option<Holding>,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    // Who spins for a lock does so before it sleeps: for which one the samples do not tell, and mostly it is the one that is slept for most.
    let mut spun = findings.spin_in_kernel().unwrap_or(0.0) * findings.all.run.seconds();
    let sites = findings.sites().into_iter();
    for (site, seconds) in sites.filter(|(site, _)| site.kind == WaitKind::KernelLock) {
        let times = (seconds, std::mem::take(&mut spun));
        if times.0 + times.1 >= WORTH_NAMING * findings.time() {
            ruling.candidates.extend(candidate(findings, site, times));
        }
    }
    ruling
}

fn candidate(
    findings: &Findings<'_>,
    site: WaitSite,
    (seconds, spun): (f64, f64),
) -> Option<Candidate> {
    let stats = findings.lock(site)?;
    let by_workers = by_co_waiters(findings, stats);
    let charged = stats.charged();
    let hold_s = stats.hold_seconds();
    let is_by_others = by_workers.is_some_and(|share| share < BY_CO_WAITERS);
    let facts = KernelLockFacts {
        site,
        guards: guards(findings, site.class),
        waiters: findings.waiting_workers(stats),
        seconds,
        spun,
        by_workers,
        stranger: if is_by_others {
            stranger(findings, stats)
        } else {
            None
        },
        holds: charged.holds,
        hold_s,
        holding: findings.holding(&charged),
    };
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    let demand = hold_s.map_or(0.0, |hold| findings.per_item(hold * charged.holds as f64));
    let culprit = Culprit {
        kind: CulpritKind::Lock,
        name: findings.class(site.class),
        call_site: findings.call_site(site.class).unwrap_or_default(),
        capacity: 1.0,
        rate_per_s: hold_s.map_or(0.0, |hold| 1.0 / hold),
        service_ms: hold_s.map_or(0.0, |hold| 1e3 * hold),
        ..Culprit::default()
    };
    let has_call_site = !culprit.call_site.is_empty();
    Some(Candidate {
        claims: vec![Claim {
            site,
            lost: Lost {
                // A stranger has it whether other workers are there or not.
                proved: seconds * by_workers.unwrap_or(0.0),
                likely: seconds,
                possible: seconds,
            },
        }],
        running: Lost {
            proved: 0.0,
            likely: spun,
            possible: spun,
        },
        demand,
        tests: vec![
            Sign::KernelSaysSo.is(Outcome::Seen),
            Sign::WokenByCoWaiters.is(match by_workers {
                Some(share) => Outcome::of(share >= BY_CO_WAITERS),
                None => Outcome::NotAvailable,
            }),
            Sign::CallSite.is(Outcome::if_there(has_call_site)),
        ],
        ..Candidate::new(findings.stage_of(site), culprit, Facts::KernelLock(facts))
    })
}

fn guards(findings: &Findings<'_>, class: ClassId) -> Guards {
    let members = findings.classes.members(class);
    let is_memory = |lock: &&Resource| lock.kind == ResourceKind::AddressSpace;
    match findings.classes.kind(class) {
        ClassKind::Files => Guards::File,
        ClassKind::KernelLock if members.iter().any(is_memory) => Guards::AddressSpace,
        _ => Guards::Unknown,
    }
}

/// Who ends most of the waits and is no worker.
fn stranger(findings: &Findings<'_>, stats: &LockStats) -> Option<ActorId> {
    let workers = findings.worker_set();
    let wakers = stats.wakers.iter();
    let others = wakers.filter(|(waker, _)| !workers.contains(waker));
    let most = others.max_by_key(|(waker, count)| (**count, std::cmp::Reverse(**waker)));
    most.map(|(waker, _)| *waker)
}
