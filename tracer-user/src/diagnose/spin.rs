//! `spin`: waiting that burns CPU.
//!
//! Must be seen: samples of running workers in loops in which code waits ([`crate::row::Sample::spins`]: a short loop with a `PAUSE`,
//! or `sched_yield`). Their share of the workers' CPU time is lost. Where it is most of it, what has the CPUs while others queue for one is
//! waiting too, and `cpu` is cleared. Near to it: a hot loop that computes, in which there is no such instruction.

use super::candidate::{Candidate, Ruling};
use super::computing::HotFunction;
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::scaling::Lost;

/// More than half of the CPU time.
const MOST: f64 = 0.5;

/// What is seen of it.
#[derive(Clone, Debug, PartialEq)]
pub struct SpinFacts {
    /// Share of the workers' CPU time that is waiting, 0 to 1.
    pub share: f64,
    /// Worker time on a CPU that took, s.
    pub seconds: f64,
    /// Worker time without a CPU, since others waited on it, s.
    pub queued: f64,
    /// The function they wait in most, and its share of it.
    pub within: HotFunction,
    /// CPUs the target keeps busy.
    pub busy: f64,
    /// What an item needs of a CPU beside the waiting, s.
    pub item_s: f64,
}

impl Findings<'_> {
    /// The share of their CPU time that the workers wait in loops, where that is most of what the target's threads do on CPUs.
    #[must_use]
    pub fn mostly_spin(&self) -> Option<f64> {
        let (share, _) = self.workers_spin()?;
        let spun = share * self.all.run.seconds();
        (spun > MOST * self.run_of_all()).then_some(share)
    }
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let Some((share, within)) = findings.workers_spin() else {
        return ruling;
    };
    let run = findings.all.run.seconds();
    let seconds = share * run;
    let queued = match findings.mostly_spin() {
        Some(_) => findings.all.queued.seconds() * findings.queued.own_share(),
        None => 0.0,
    };
    if seconds + queued < WORTH_NAMING * findings.time() {
        return ruling;
    }
    let most = findings.stages.iter();
    let most = most.max_by_key(|(_, stage)| stage.times.run);
    let stage = most.map(|(name, _)| *name).unwrap_or_default();
    let facts = SpinFacts {
        share,
        seconds,
        queued,
        busy: findings.run_of_all() / findings.window().max(1e-9),
        item_s: findings.per_item(run - seconds),
        within,
    };
    let culprit = Culprit {
        kind: CulpritKind::Lock,
        name: "a lock".to_owned(),
        call_site: facts.within.name.clone(),
        ..Culprit::default()
    };
    ruling.candidates.push(Candidate {
        // What they wait for may be work that has not come, and no other worker.
        running: Lost {
            proved: 0.0,
            likely: seconds,
            possible: seconds,
        },
        run_queue: Lost {
            proved: share * queued,
            likely: queued,
            possible: queued,
        },
        tests: vec![
            Sign::WaitsInLoops.is(Outcome::Seen),
            Sign::HolderSeen.is(Outcome::NotAvailable),
        ],
        ..Candidate::new(stage, culprit, Facts::Spin(facts))
    });
    ruling
}
