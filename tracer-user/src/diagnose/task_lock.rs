//! `user-lock` among tasks: a mutex or semaphore of their runtime, which no thread waits for.
//!
//! Must be seen: tasks that the runtime shows waiting for a lock by its own word, or in the function of its library that takes one.
//! Told from a pool by that word, and from a queue; a channel that is full is a semaphore only where nobody but the workers could take from
//! it.

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::classify::{ClassId, SeenPlace, Sort, WaitSite};
use crate::scaling::Lost;

/// What is seen of a lock that tasks wait for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskLockFacts {
    /// Where it is waited for.
    pub site: WaitSite,
    /// How many wait, on average.
    pub waiting: f64,
    /// Of so many.
    pub tasks: f64,
    /// How often it was looked.
    pub looks: u64,
    /// Worker time that took, s.
    pub seconds: f64,
    /// How many have it at once.
    pub capacity: f64,
    /// What who has it does most, by the place.
    pub holder_at: Option<(ClassId, Sort)>,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    for (site, seconds) in findings.sites() {
        if seconds < WORTH_NAMING * findings.time() {
            continue;
        }
        if let Some(place) = findings.place(site) {
            ruling
                .candidates
                .extend(judge(findings, site, seconds, place));
        }
    }
    ruling
}

fn judge(
    findings: &Findings<'_>,
    site: WaitSite,
    seconds: f64,
    place: &SeenPlace,
) -> Option<Candidate> {
    let shown = findings.shown.as_ref()?;
    let beyond = findings.beyond(place);
    let capacity = match place.sort {
        Sort::Lock => 1.0,
        // A full channel from which somebody else takes is a queue.
        Sort::Semaphore if place.slots > 0 && !findings.has_other_tasks() => f64::from(place.slots),
        Sort::Semaphore if place.slots > 0 => return None,
        // Whoever does not wait for it has it, or will.
        Sort::Semaphore => beyond.map_or(1.0, |(_, others)| others.round().max(1.0)),
        _ => return None,
    };
    let facts = TaskLockFacts {
        site,
        waiting: place.mean,
        tasks: shown.count,
        looks: shown.looks,
        seconds,
        capacity,
        holder_at: beyond.map(|(at, _)| (at.class, at.sort)),
    };
    let culprit = Culprit {
        kind: CulpritKind::Lock,
        name: findings.class(site.class),
        call_site: findings.class(site.class),
        capacity,
        rate_per_s: findings.rate(),
        ..Culprit::default()
    };
    Some(Candidate {
        claims: vec![Claim {
            site,
            lost: Lost::certain(seconds),
        }],
        // It is had all the while that others wait for it.
        demand: findings.per_item(findings.window()),
        capacity,
        tests: vec![
            Sign::RuntimeSaysSo.is(Outcome::Seen),
            Sign::HolderSeen.is(Outcome::of(beyond.is_some())),
        ],
        ..Candidate::new(findings.stage_of(site), culprit, Facts::TaskLock(facts))
    })
}
