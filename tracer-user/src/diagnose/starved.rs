//! `starved`: nobody feeds the workers.
//!
//! Must be seen: workers idle on a queue, a pipe or a socket, woken by a producer that is no worker. A feeder caps one worker
//! too, so its rate bounds the single rate.
//! Refuted by: wake-ups that come from fellow workers (that is a lock), pipes that the workers write to.

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::{Findings, Wakers};
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
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

/// A wait site at which workers are fed, or what speaks against that.
enum Feed {
    By { producer: ActorId, share: f64 },
    Not(Refutation),
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let mut feeds = Vec::new();
    for (site, seconds) in findings.sites() {
        let worth_naming = seconds >= WORTH_NAMING * findings.time();
        match feed(findings, site) {
            Some(Feed::By { producer, share }) if worth_naming || site.kind != WaitKind::Futex => {
                feeds.push((site, seconds, producer, share));
            }
            Some(Feed::Not(by)) if worth_naming => {
                ruling.clear(Cause::Starved, culprit(findings, site, ""), by);
            }
            _ => {}
        }
    }
    let seconds: f64 = feeds.iter().map(|feed| feed.1).sum();
    let Some((first, _, producer, by_producers)) = feeds.first().copied() else {
        return ruling;
    };
    if seconds < WORTH_NAMING * findings.time() {
        return ruling;
    }
    let sites: Vec<WaitSite> = feeds.iter().map(|feed| feed.0).collect();
    let facts = StarvedFacts {
        site: first,
        waiters: findings.waited_at(&sites),
        seconds,
        share: seconds / findings.time().max(1e-9),
        producer,
        by_producers,
        rate_per_s: findings.rate(),
    };
    let culprit = culprit(findings, first, &findings.thread(producer));
    let claim = |feed: &(WaitSite, f64, ActorId, f64)| Claim {
        site: feed.0,
        lost: Lost {
            proved: 0.0,
            likely: feed.1,
            possible: feed.1,
        },
    };
    ruling.candidates.push(Candidate {
        claims: feeds.iter().map(claim).collect(),
        cap: Some(findings.rate()),
        demand: 1.0 / findings.rate().max(1e-9),
        tests: vec![Sign::WokenByProducer.is(Outcome::Seen)],
        ..Candidate::new(StageName::Fetch, culprit, Facts::Starved(facts))
    });
    ruling
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

/// Whether the workers are fed at a wait site; `None`: it is no such place, or nobody was seen to end the waits.
fn feed(findings: &Findings<'_>, site: WaitSite) -> Option<Feed> {
    match site.kind {
        WaitKind::PipeRead | WaitKind::Service => {}
        WaitKind::Futex => {
            let stats = findings.lock(site)?;
            if by_co_waiters(findings, stats).is_some_and(|share| share >= BY_CO_WAITERS) {
                // The rules for locks and pools speak of these.
                return None;
            }
        }
        WaitKind::PipeWrite => return Some(Feed::Not(Refutation::TheyWrite)),
        WaitKind::FileLock
        | WaitKind::Sync
        | WaitKind::Connect
        | WaitKind::Request
        | WaitKind::File
        | WaitKind::Sleep
        | WaitKind::Poll
        | WaitKind::Child
        | WaitKind::Fault
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
        return Some(Feed::Not(Refutation::WokenByWorkers { by_workers }));
    }
    let (producer, _) = others
        .iter()
        .max_by_key(|(tid, count)| (**count, std::cmp::Reverse(**tid)))?;
    Some(Feed::By {
        producer: *producer,
        share: 1.0 - by_workers,
    })
}
