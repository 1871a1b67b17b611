//! `cpu`: more runnable work than cores.
//!
//! Must be seen: workers queued for a CPU while the target's own threads have the CPUs. Time queued behind strangers is not
//! counted as lost to other workers.

use super::candidate::{Candidate, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::cause::Cause;
use crate::scaling::Lost;

/// Most of the queueing must be behind the target's own threads not to speak against the cause.
const OWN: f64 = 0.5;
/// CPUs that the target keeps busy for this share of the time have no room for more of its threads: what is left goes to the
/// moments in which a thread changes CPUs.
const BUSY: f64 = 0.8;

/// What is seen of the CPUs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CpuFacts {
    /// How many workers queued.
    pub waiters: usize,
    /// Worker time without a CPU, s.
    pub seconds: f64,
    /// Share of it behind the target's own threads, 0 to 1.
    pub own: f64,
    /// CPUs the target keeps busy.
    pub busy: f64,
    /// CPUs there are.
    pub cpus: f64,
    /// CPU time of one item, s.
    pub item_s: f64,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let seconds = findings.all.queued.seconds();
    if seconds < WORTH_NAMING * findings.time() {
        return ruling;
    }
    let facts = CpuFacts {
        waiters: findings.waited_for_a_cpu(),
        seconds,
        own: findings.queued.own_share(),
        busy: findings.run_of_all() / findings.window().max(1e-9),
        cpus: f64::from(findings.meta.host.cpus.max(1)),
        item_s: findings.per_item(findings.all.run.seconds()),
    };
    let culprit = Culprit {
        kind: CulpritKind::Cpu,
        name: format!("{:.0} CPUs", facts.cpus),
        capacity: facts.cpus,
        ..Culprit::default()
    };
    let behind_others = Refutation::BehindOthers {
        share: 1.0 - facts.own,
    };
    let lost = seconds * facts.own;
    if lost < WORTH_NAMING * findings.time() {
        ruling.clear(Cause::Cpu, culprit, behind_others);
        return ruling;
    }
    let stage = findings
        .stages
        .iter()
        .max_by_key(|(_, stage)| stage.times.queued)
        .map(|(name, _)| *name)
        .unwrap_or_default();
    let is_own = facts.own >= OWN;
    ruling.candidates.push(Candidate {
        run_queue: Lost {
            proved: lost,
            likely: lost,
            possible: seconds,
        },
        demand: facts.item_s,
        capacity: facts.cpus,
        tests: vec![
            Sign::BehindOwnThreads.is(Outcome::of(is_own)),
            Sign::CpusBusy.is(Outcome::of(facts.busy >= BUSY * facts.cpus)),
        ],
        refutations: if is_own {
            Vec::new()
        } else {
            vec![behind_others]
        },
        ..Candidate::new(stage, culprit, Facts::Cpu(facts))
    });
    ruling
}
