//! `user-lock`: a mutex, rwlock or semaphore in user space, in one process or in shared memory.
//!
//! Must be seen: workers blocked on one futex word (or on parked words of one call site), woken by fellow workers.
//! Refuted by: wake-ups that come from elsewhere (a queue), holders that are all inside an exchange on several sockets (a
//! pool).

use super::candidate::Candidate;
use super::findings::Findings;
use super::pool;
use crate::blame::LockStats;
use crate::cause::Cause;
use crate::report::Culprit;
use crate::row::ResourceKind;
use crate::scaling::Lost;
use crate::work::{WaitKind, WaitSite};

/// Waiting that makes out less than this share of worker time is of no interest.
pub(super) const WORTH_NAMING: f64 = 0.02;
/// A lock's waiters are woken by those who had it: at least this share of wake-ups whose waker was seen comes from fellow
/// workers. A queue's come from the one who fills it.
pub(super) const BY_CO_WAITERS: f64 = 0.5;

/// Share of the wake-ups with a waker that came from workers, or from threads that let go of it.
pub(super) fn by_co_waiters(findings: &Findings<'_>, stats: &LockStats) -> f64 {
    let workers = findings.worker_set();
    let (mut co_waiters, mut all) = (0, 0);
    for (waker, count) in &stats.wakers {
        all += count;
        if workers.contains(waker) {
            co_waiters += count;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    if all == 0 {
        0.0
    } else {
        co_waiters as f64 / all as f64
    }
}

pub(super) fn candidates(findings: &Findings<'_>) -> Vec<Candidate> {
    let sites = findings.sites();
    sites
        .iter()
        .filter(|(site, seconds)| {
            site.kind == WaitKind::Futex && *seconds >= WORTH_NAMING * findings.time()
        })
        .filter_map(|(site, seconds)| candidate(findings, *site, *seconds))
        .collect()
}

fn candidate(findings: &Findings<'_>, site: WaitSite, seconds: f64) -> Option<Candidate> {
    let stats = findings.lock(site)?;
    let co_waiters = by_co_waiters(findings, stats);
    if co_waiters < BY_CO_WAITERS || pool::is_pool(findings, site, stats).is_some() {
        return None;
    }
    let name = findings.lock_name(site.class);
    let shared = findings
        .classes
        .members(site.class)
        .iter()
        .any(|word| word.kind == ResourceKind::FutexShared);
    let mut evidence = vec![format!(
        "{} of {} workers waited for the {name}, {:.1} s of worker time in all; {:.0}% of the wake-ups came from fellow workers.",
        stats.waiters.len(),
        findings.workers.len(),
        seconds,
        100.0 * co_waiters,
    )];
    let charged = stats.charged();
    let hold = stats.hold_seconds();
    if let Some(hold) = hold {
        evidence.push(format!(
            "It was let go {} times while others waited, after being held for {:.3} ms on average (hand-off: the holder is the one that lets go next).",
            charged.holds,
            1e3 * hold,
        ));
    }
    let activity = findings.activity(&charged);
    let holder = match activity.first() {
        Some((what, share)) => {
            evidence.push(format!(
                "While holding it, the holder {} for {:.0}% of the time.",
                findings.doing(what),
                100.0 * share
            ));
            format!(
                "each worker in turn, which {} meanwhile",
                findings.doing(what)
            )
        }
        None => "not seen".to_owned(),
    };
    let (looked_at, named) = stats.owner_word;
    if named > looked_at / 2 {
        evidence
            .push("The lock's own word names a live thread as its owner (owner-word).".to_owned());
    }
    if shared {
        evidence.push("The lock lies in shared memory of several processes.".to_owned());
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    let demand = hold.map_or(0.0, |hold| findings.per_item(hold * charged.holds as f64));
    let stage = findings.stage_of(site);
    let call_site = findings.call_site(site.class).unwrap_or_default();
    Some(Candidate {
        cause: Cause::UserLock,
        stage,
        culprit: Culprit {
            kind: "lock".to_owned(),
            name: name.clone(),
            call_site,
            capacity: 1.0,
            rate_per_s: hold.map_or(0.0, |hold| 1.0 / hold),
            service_ms: hold.map_or(0.0, |hold| 1e3 * hold),
            ..Culprit::default()
        },
        sites: vec![site],
        lost: Lost::certain(seconds),
        demand,
        capacity: 1.0,
        seen: if hold.is_some() { 1.0 } else { 0.6 },
        clause: match hold {
            Some(hold) => format!("one at a time holds the {name}, {:.3} ms each", 1e3 * hold),
            None => format!("they wait for the {name}"),
        },
        chain: vec![
            format!(
                "{} of {} workers wait for the {name}",
                stats.waiters.len(),
                findings.workers.len()
            ),
            format!("held by {holder}"),
        ],
        holder,
        evidence,
        ..Candidate::default()
    })
}
