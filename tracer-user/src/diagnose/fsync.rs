//! `fsync`: durable-write stalls.
//!
//! Must be seen: workers blocked in the fsync family on files of their own, several at once. Refuted by: a lock around the
//! syncs (then the lock is the cause, and the sync its because).

use super::candidate::Candidate;
use super::findings::Findings;
use super::user_lock::WORTH_NAMING;
use crate::cause::Cause;
use crate::report::Culprit;
use crate::row::{DiskLimit, DiskUnit, KernelSpanKind, Nanos, printable};
use crate::scaling::Lost;
use crate::work::{WaitKind, WaitSite};

/// A limit binds when this share of it is used over the window.
const BINDS: f64 = 0.85;
/// Syncs that met no other must be this many to give the time of one alone.
const ALONE: u64 = 5;

pub(super) fn candidates(findings: &Findings<'_>) -> Vec<Candidate> {
    let sites: Vec<(WaitSite, f64)> = findings
        .sites()
        .into_iter()
        .filter(|(site, _)| site.kind == WaitKind::Sync)
        .collect();
    let seconds: f64 = sites.iter().map(|(_, seconds)| seconds).sum();
    if seconds < WORTH_NAMING * findings.time() {
        return Vec::new();
    }
    let all: Vec<WaitSite> = sites.iter().map(|(site, _)| *site).collect();
    let Some((reading, seen)) = findings.reading(&all) else {
        return Vec::new();
    };
    // Blocked time is what waits; what a sync computes is its own.
    let share = (seconds / (seen.mean * seen.rate * findings.window()).max(1e-9)).min(1.0);
    #[expect(clippy::cast_precision_loss, reason = "a number of syncs")]
    let visits = seen.count as f64 * share;
    let together = seen.others >= 0.5;
    // All syncs go to one device and one journal; one after the other they take 1 / rate each. A device that is limited in
    // its rate lets a lone worker do the same rate, and then all of the waiting is due to the others.
    let serial = if seen.rate > 0.0 {
        (1.0 / seen.rate).min(seen.mean)
    } else {
        seen.mean
    };
    let limit = binding(findings);
    let shared = together && reading.shared != Some(false);
    let lost = if limit.is_some() && together {
        // The limit's clock ticks while a lone worker fetches: it would have the same rate, and wait for nobody.
        Lost {
            proved: 0.0,
            likely: visits * seen.mean,
            possible: visits * seen.mean,
        }
    } else if shared {
        let alone = if seen.alone.0 >= ALONE {
            seen.alone.1.min(seen.mean)
        } else {
            serial
        };
        Lost {
            proved: visits * (seen.mean - seen.low.max(serial)).max(0.0),
            likely: visits * (seen.mean - alone).max(0.0),
            possible: visits * seen.mean,
        }
    } else {
        Lost::default()
    };
    let names: Vec<String> = sites
        .iter()
        .take(3)
        .map(|(site, _)| findings.class(site.class))
        .collect();
    let name = names.first().cloned().unwrap_or_default();
    let commits = &findings.inventory.spans;
    let mut evidence = vec![format!(
        "{} syncs took {:.2} ms on average, {:.1} s of worker time in all; {:.1} were under way at once, {:.0} a second were completed.",
        seen.count,
        1e3 * seen.mean,
        seconds,
        seen.others + 1.0,
        seen.rate,
    )];
    if let Some((count, time)) = commits
        .get(&KernelSpanKind::JournalCommit)
        .filter(|(count, _)| *count > 0)
    {
        evidence.push(format!(
            "The journal committed {count} times, for {:.2} s of the window.",
            Nanos::seconds(*time)
        ));
    }
    if let Some(limit) = limit {
        evidence.push(format!(
            "The control group {} may write to disk {} {} times a second, and {:.0}% of that was used: the limit is what the syncs wait for.",
            printable(&limit.group),
            printable(&limit.device),
            limit.per_second,
            100.0 * used(findings, limit),
        ));
    }
    let (holder, why) = match limit {
        Some(limit) => (
            format!("the limit of {} writes a second", limit.per_second),
            format!(
                "their control group may write {} times a second",
                limit.per_second
            ),
        ),
        None => (
            "the device".to_owned(),
            format!("the disk completes {:.1} syncs a second", seen.rate),
        ),
    };
    let stage = sites
        .first()
        .map(|(site, _)| findings.stage_of(*site))
        .unwrap_or_default();
    vec![Candidate {
        cause: if limit.is_some() {
            Cause::Quota
        } else {
            Cause::Fsync
        },
        stage,
        culprit: Culprit {
            kind: "file".to_owned(),
            name: name.clone(),
            capacity: reading.capacity,
            rate_per_s: seen.rate,
            service_ms: 1e3 * (seen.mean - lost.likely / visits.max(1.0)),
            ..Culprit::default()
        },
        sites: all,
        lost,
        demand: findings.per_item((1.0 / seen.rate.max(1e-9)) * visits),
        capacity: 1.0,
        cap: (shared || limit.is_some()).then(|| findings.rate()),
        seen: if together { 0.9 } else { 0.5 },
        evidence,
        clause: format!("every item waits for fsync of {name}, and {why}"),
        chain: vec![
            format!(
                "{:.1} of {} workers are in fsync at once",
                seen.others + 1.0,
                findings.workers.len()
            ),
            format!("the device completes {:.1} syncs a second", seen.rate),
        ],
        holder,
        ..Candidate::default()
    }]
}

/// The limit of a control group on writes that is used up.
fn binding<'a>(findings: &'a Findings<'_>) -> Option<&'a DiskLimit> {
    let limits = findings.meta.target.disk_limits.iter();
    limits
        .filter(|limit| limit.unit == DiskUnit::Writes && used(findings, limit) >= BINDS)
        .max_by_key(|limit| limit.used)
}

/// Share of a limit that is used.
#[expect(clippy::cast_precision_loss, reason = "writes of one window")]
fn used(findings: &Findings<'_>, limit: &DiskLimit) -> f64 {
    limit.used as f64 / (limit.per_second as f64 * findings.window()).max(1e-9)
}
