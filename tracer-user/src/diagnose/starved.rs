//! `starved`: nobody feeds the workers.
//!
//! Must be seen: workers idle on a queue, a pipe or a socket, woken by a producer that is no worker. A feeder caps one worker
//! too, so its rate bounds the single rate.
//! Refuted by: wake-ups that come from fellow workers (that is a lock).

use super::candidate::Candidate;
use super::findings::Findings;
use super::user_lock::{BY_CO_WAITERS, WORTH_NAMING, by_co_waiters};
use crate::blame::Wakers;
use crate::cause::Cause;
use crate::report::{Culprit, StageName};
use crate::row::Tid;
use crate::scaling::Lost;
use crate::work::{WaitKind, WaitSite};

pub(super) fn candidates(findings: &Findings<'_>) -> Vec<Candidate> {
    let mut feeds: Vec<(WaitSite, f64)> = Vec::new();
    for (site, seconds) in findings.sites() {
        match site.kind {
            WaitKind::Pipe | WaitKind::Service if fed(findings, site).is_some() => {
                feeds.push((site, seconds))
            }
            WaitKind::Futex if seconds >= WORTH_NAMING * findings.time() => {
                let Some(stats) = findings.lock(site) else {
                    continue;
                };
                if by_co_waiters(findings, stats) < BY_CO_WAITERS && fed(findings, site).is_some() {
                    feeds.push((site, seconds));
                }
            }
            _ => {}
        }
    }
    let seconds: f64 = feeds.iter().map(|(_, seconds)| seconds).sum();
    let Some((first, _)) = feeds.first().copied() else {
        return Vec::new();
    };
    if seconds < WORTH_NAMING * findings.time() {
        return Vec::new();
    }
    let producer = fed(findings, first);
    let who = producer.map_or("a producer that was not seen".to_owned(), |tid| {
        findings.thread(tid)
    });
    let what = match first.kind {
        WaitKind::Futex => format!("a queue ({})", findings.lock_name(first.class)),
        WaitKind::Service => "their socket".to_owned(),
        _ => findings.class(first.class),
    };
    vec![Candidate {
        cause: Cause::Starved,
        stage: StageName::Fetch,
        culprit: Culprit {
            kind: "queue".to_owned(),
            name: what.clone(),
            process: who.clone(),
            rate_per_s: findings.rate(),
            ..Culprit::default()
        },
        sites: feeds.iter().map(|(site, _)| *site).collect(),
        lost: Lost {
            proved: 0.0,
            likely: seconds,
            possible: seconds,
        },
        cap: Some(findings.rate()),
        demand: if findings.rate() > 0.0 {
            1.0 / findings.rate()
        } else {
            0.0
        },
        capacity: 1.0,
        seen: 0.9,
        evidence: vec![
            format!(
                "The workers waited {seconds:.1} s for input from {what}, {:.0}% of their time.",
                100.0 * seconds / findings.time().max(1e-9)
            ),
            format!("What ends these waits is {who}, which is no worker."),
        ],
        clause: format!("{who} feeds them {:.1} items a second", findings.rate()),
        chain: vec![
            format!(
                "{} workers wait for input from {what}",
                findings.workers.len()
            ),
            format!("which {who} fills"),
        ],
        holder: who,
        ..Candidate::default()
    }]
}

/// The thread, no worker, that ends most of the waits at a wait site.
fn fed(findings: &Findings<'_>, site: WaitSite) -> Option<Tid> {
    let Wakers {
        workers, others, ..
    } = findings.collector.wakers.get(&site)?;
    let (tid, count) = others
        .iter()
        .max_by_key(|(tid, count)| (**count, std::cmp::Reverse(**tid)))?;
    let all: u64 = others.values().sum();
    (all > *workers && *count > 0).then_some(*tid)
}
