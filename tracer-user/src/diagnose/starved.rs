//! `starved`: nobody feeds the workers.
//!
//! Must be seen: workers idle on a queue, a pipe or a socket, woken by a producer that is no worker. A feeder caps one worker
//! too, so its rate bounds the single rate.
//! Refuted by: wake-ups that come from fellow workers (that is a lock).

use super::findings::Findings;
use super::suspect::Suspect;
use super::user_lock::{BY_FELLOWS, WORTH_NAMING, by_fellows};
use crate::blame::Wakers;
use crate::report::{Culprit, StageName};
use crate::row::Tid;
use crate::scaling::Lost;
use crate::work::{Spot, Way};

pub(super) fn suspects(findings: &Findings<'_>) -> Vec<Suspect> {
    let mut feeds: Vec<(Spot, f64)> = Vec::new();
    for (spot, seconds) in findings.spots() {
        match spot.way {
            Way::Pipe | Way::Service if fed(findings, spot).is_some() => {
                feeds.push((spot, seconds))
            }
            Way::Futex if seconds >= WORTH_NAMING * findings.time() => {
                let Some(book) = findings.lock(spot) else {
                    continue;
                };
                if by_fellows(findings, book) < BY_FELLOWS && fed(findings, spot).is_some() {
                    feeds.push((spot, seconds));
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
    let what = match first.way {
        Way::Futex => format!("a queue ({})", findings.lock_name(first.place)),
        Way::Service => "their socket".to_owned(),
        _ => findings.place(first.place),
    };
    vec![Suspect {
        cause: "starved",
        stage: StageName::Fetch,
        culprit: Culprit {
            kind: "queue".to_owned(),
            name: what.clone(),
            process: who.clone(),
            rate_per_s: findings.rate(),
            ..Culprit::default()
        },
        spots: feeds.iter().map(|(spot, _)| *spot).collect(),
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
        ..Suspect::default()
    }]
}

/// The thread, no worker, that ends most of the waits at a spot.
fn fed(findings: &Findings<'_>, spot: Spot) -> Option<Tid> {
    let Wakers {
        workers, others, ..
    } = findings.observer.wakers.get(&spot)?;
    let (tid, count) = others
        .iter()
        .max_by_key(|(tid, count)| (**count, std::cmp::Reverse(**tid)))?;
    let all: u64 = others.values().sum();
    (all > *workers && *count > 0).then_some(*tid)
}
