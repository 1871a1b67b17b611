//! `single-thread` among tasks: one task, or a few, does what all workers hand over.
//!
//! Must be seen: tasks that the runtime shows waiting to put into a queue that is full, and other tasks of the program, all of which run
//! the same, that compute or make requests to a station of their own: they take what is put there, and have hardly a pause. Refuted by:
//! takers that wait for something to take. Several of them are slots of which there are too few.

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::cause::Cause;
use crate::classify::{ClassId, SeenOthers, SeenPlace, Sort, WaitSite};
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

impl ConsumerFacts {
    /// One that does everybody's work, or too few.
    #[must_use]
    pub const fn cause(&self) -> Cause {
        if self.takers > 1.5 {
            Cause::Pool
        } else {
            Cause::SingleThread
        }
    }
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let Some(taker) = taker(findings) else {
        return ruling;
    };
    for (site, seconds) in findings.sites() {
        let place = findings.place(site).filter(|place| is_full(place));
        if let Some(place) = place.filter(|_| seconds >= WORTH_NAMING * findings.time()) {
            judge(findings, (site, seconds), (place, taker), &mut ruling);
        }
    }
    ruling
}

/// A queue, or a channel with slots, that is full.
fn is_full(place: &SeenPlace) -> bool {
    place.sort == Sort::Full || (place.sort == Sort::Semaphore && place.slots > 0)
}

/// Those that take what is handed over: the only ones beside the workers that do something or wait for something to take. Of several it
/// is not known which have to do with the queue.
fn taker<'f>(findings: &'f Findings<'_>) -> Option<&'f SeenOthers> {
    /// Fewer do nothing.
    const LEAST: f64 = 0.1;
    let others = &findings.shown.as_ref()?.others;
    let mut at_work = others.iter().filter(|others| others.at_work >= LEAST);
    let (taker, None) = (at_work.next()?, at_work.next()) else {
        return None;
    };
    let works_for_them = match taker.most.map(|(sort, _)| sort) {
        None | Some(Sort::Running | Sort::Ready) => true,
        Some(Sort::Network) => findings.theirs.is_some(),
        Some(_) => false,
    };
    (works_for_them || is_idle(taker)).then_some(taker)
}

fn is_idle(taker: &SeenOthers) -> bool {
    taker.idle > IDLE * taker.count
}

fn judge(
    findings: &Findings<'_>,
    (site, seconds): (WaitSite, f64),
    (place, taker): (&SeenPlace, &SeenOthers),
    ruling: &mut Ruling,
) {
    let takers = taker.count.round().max(1.0);
    let facts = ConsumerFacts {
        site,
        waiting: place.mean,
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
    if is_idle(taker) {
        let idle = taker.idle / taker.count.max(1e-9);
        ruling.clear(facts.cause(), culprit, Refutation::TakersIdle { idle });
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
