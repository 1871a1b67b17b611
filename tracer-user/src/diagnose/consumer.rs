//! `single-thread` among tasks: one task, or a few, does what all workers hand over.
//!
//! Must be seen: tasks that the runtime shows waiting to put into a queue that is full, and other tasks of the program that take from it
//! and have hardly a pause. Refuted by: takers that wait for something to take.

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::cause::Cause;
use crate::classify::{ClassId, SeenOthers, Sort, WaitSite};
use crate::scaling::Lost;

/// Takers that have nothing to take for more than this share of the time are not what a full queue waits for.
const IDLE: f64 = 0.5;

/// What is seen of tasks that hand over to others.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerFacts {
    /// Where it is handed over.
    pub site: WaitSite,
    /// How many wait, on average.
    pub waiting: f64,
    /// What those run that take it.
    pub taker: String,
    /// How many there are of them.
    pub takers: f64,
    /// What they do most, and where.
    pub busy_at: Option<(Sort, ClassId)>,
    /// How often it was looked.
    pub looks: u64,
    /// Worker time that took, s.
    pub seconds: f64,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    for (site, seconds) in findings.sites() {
        let place = findings.place(site);
        let is_full = place.is_some_and(|place| matches!(place.sort, Sort::Full | Sort::Semaphore));
        let taker = findings
            .shown
            .as_ref()
            .and_then(|shown| shown.others.first());
        if let Some(taker) = taker.filter(|_| is_full && findings.has_other_tasks())
            && seconds >= WORTH_NAMING * findings.time()
        {
            judge(findings, (site, seconds), taker, &mut ruling);
        }
    }
    ruling
}

fn judge(
    findings: &Findings<'_>,
    (site, seconds): (WaitSite, f64),
    taker: &SeenOthers,
    ruling: &mut Ruling,
) {
    let place = findings.place(site);
    let takers = taker.count.round().max(1.0);
    let facts = ConsumerFacts {
        site,
        waiting: place.map_or(0.0, |place| place.mean),
        taker: taker.runs.clone(),
        takers,
        busy_at: taker.most,
        looks: findings.shown.as_ref().map_or(0, |shown| shown.looks),
        seconds,
    };
    let culprit = Culprit {
        kind: CulpritKind::Thread,
        name: match takers {
            several if several > 1.5 => format!("{several:.0} tasks that run {}", taker.runs),
            _ => format!("the task that runs {}", taker.runs),
        },
        call_site: findings.class(site.class),
        capacity: takers,
        rate_per_s: findings.rate(),
        service_ms: 1e3 * takers * findings.per_item(findings.window()),
        ..Culprit::default()
    };
    if taker.idle > IDLE * taker.count {
        let idle = taker.idle / taker.count.max(1e-9);
        ruling.clear(
            Cause::SingleThread,
            culprit,
            Refutation::TakersIdle { idle },
        );
        return;
    }
    ruling.candidates.push(Candidate {
        claims: vec![Claim {
            site,
            lost: Lost::certain(seconds),
        }],
        demand: takers * findings.per_item(findings.window()),
        capacity: takers,
        tests: vec![
            Sign::RuntimeSaysSo.is(Outcome::Seen),
            Sign::HolderSeen.is(Outcome::of(taker.most.is_some())),
        ],
        ..Candidate::new(findings.stage_of(site), culprit, Facts::Consumer(facts))
    });
}
