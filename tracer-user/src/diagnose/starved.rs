//! `starved`: nobody feeds the workers.
//!
//! Must be seen: workers idle on a queue, a pipe or a socket, woken by a producer that is no worker. A feeder caps one worker
//! too, so its rate bounds the single rate.
//! Refuted by: wake-ups that come from fellow workers (that is a lock), pipes that the workers write to.

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::stations::Wakers;
use super::user_lock::{BY_CO_WAITERS, WORTH_NAMING, by_co_waiters};
use crate::actors::ActorId;
use crate::cause::Cause;
use crate::classify::{WaitKind, WaitSite};
use crate::scaling::Lost;
use crate::work::StageName;

/// What is seen of a feeder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StarvedFacts {
    /// Where most of the waiting is.
    pub site: WaitSite,
    /// How many workers waited.
    pub waiters: usize,
    /// Worker time that took, s.
    pub seconds: f64,
    /// Share of all worker time, 0 to 1.
    pub share: f64,
    /// Who ends most of the waits.
    pub producer: ActorId,
    /// Share of the wake-ups that came from it and its like, 0 to 1.
    pub by_producers: f64,
    /// Items it feeds, a second.
    pub rate_per_s: f64,
}

/// Whether workers are fed at a wait site.
enum Fed {
    /// By this one, which ends so much of the waits.
    By { producer: ActorId, share: f64 },
    /// No, and why not.
    Not(Refutation),
}

/// A wait site at which they are.
#[derive(Clone, Copy)]
struct Feed {
    site: WaitSite,
    seconds: f64,
    producer: ActorId,
    share: f64,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let mut feeds = Vec::new();
    for (site, seconds) in findings.sites() {
        let worth_naming = seconds >= WORTH_NAMING * findings.time();
        match fed(findings, site) {
            Some(Fed::By { producer, share }) if worth_naming || site.kind != WaitKind::Futex => {
                feeds.push(Feed {
                    site,
                    seconds,
                    producer,
                    share,
                });
            }
            Some(Fed::Not(by)) if worth_naming => {
                ruling.clear(Cause::Starved, culprit(findings, site, ""), by);
            }
            _ => {}
        }
    }
    let seconds: f64 = feeds.iter().map(|feed| feed.seconds).sum();
    let worth_naming = seconds >= WORTH_NAMING * findings.time();
    if let Some(first) = feeds.first().filter(|_| worth_naming) {
        let candidate = candidate(findings, *first, &feeds, seconds);
        ruling.candidates.push(candidate);
    }
    ruling
}

fn candidate(findings: &Findings<'_>, first: Feed, feeds: &[Feed], seconds: f64) -> Candidate {
    let sites: Vec<WaitSite> = feeds.iter().map(|feed| feed.site).collect();
    let facts = StarvedFacts {
        site: first.site,
        waiters: findings.waited_at(&sites),
        seconds,
        share: seconds / findings.time().max(1e-9),
        producer: first.producer,
        by_producers: first.share,
        rate_per_s: findings.rate(),
    };
    let culprit = culprit(findings, first.site, &findings.thread(first.producer));
    let claim = |feed: &Feed| Claim {
        site: feed.site,
        lost: Lost {
            proved: 0.0,
            likely: feed.seconds,
            possible: feed.seconds,
        },
    };
    Candidate {
        claims: feeds.iter().map(claim).collect(),
        cap: Some(findings.rate()),
        demand: 1.0 / findings.rate().max(1e-9),
        tests: vec![Sign::WokenByProducer.is(Outcome::Seen)],
        ..Candidate::new(StageName::Fetch, culprit, Facts::Starved(facts))
    }
}

fn culprit(findings: &Findings<'_>, site: WaitSite, producer: &str) -> Culprit {
    Culprit {
        kind: CulpritKind::Queue,
        name: match site.kind {
            WaitKind::Futex => format!("a queue ({})", findings.lock_name(site.class)),
            WaitKind::Service => "their socket".to_owned(),
            _ => findings.class(site.class),
        },
        process: producer.to_owned(),
        rate_per_s: findings.rate(),
        ..Culprit::default()
    }
}

/// Whether the workers are fed there; `None`: it is no such place, or nobody was seen to end the waits.
fn fed(findings: &Findings<'_>, site: WaitSite) -> Option<Fed> {
    match site.kind {
        WaitKind::PipeRead | WaitKind::Service => {}
        WaitKind::Futex => {
            let stats = findings.lock(site)?;
            if by_co_waiters(findings, stats).is_some_and(|share| share >= BY_CO_WAITERS) {
                // The rules for locks and pools speak of these.
                return None;
            }
        }
        WaitKind::PipeWrite => return Some(Fed::Not(Refutation::TheyWrite)),
        WaitKind::FileLock
        | WaitKind::Sync
        | WaitKind::Connect
        | WaitKind::Request
        | WaitKind::File
        | WaitKind::Sleep
        | WaitKind::Poll
        | WaitKind::Carrier
        | WaitKind::Parked
        | WaitKind::Child
        | WaitKind::Fault
        | WaitKind::KernelLock
        | WaitKind::Memory
        | WaitKind::Other => return None,
    }
    let Wakers {
        workers, others, ..
    } = findings.wakers(site);
    let producers: u64 = others.values().sum();
    let all = producers + workers;
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    let by_workers = workers as f64 / (all.max(1)) as f64;
    if all > 0 && producers <= workers {
        return Some(Fed::Not(Refutation::WokenByWorkers { by_workers }));
    }
    let (producer, _) = others
        .iter()
        .max_by_key(|(tid, count)| (**count, std::cmp::Reverse(**tid)))?;
    Some(Fed::By {
        producer: *producer,
        share: 1.0 - by_workers,
    })
}
