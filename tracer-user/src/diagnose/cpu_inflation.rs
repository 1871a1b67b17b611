//! `cpu-inflation`: workers compute longer while others compute beside them, and nothing waits.
//!
//! Must be seen: CPU time of the workers between two waits that is longer where more of the target's threads computed in its first moments
//! ([`crate::blame::Slowdown`]), by so much that the lower end of its interval is worth naming. Refuted by: workers that wait in loops, which
//! take CPU time for as long as the others hold what they want ([`super::spin`]). Near to it: work that differs from item to item, which has
//! more beside it where it is longer, and is not longer for that. Not told: workers that are tasks, and such as all compute all the while.

use std::collections::HashSet;

use super::candidate::{Candidate, Ruling};
use super::computing::HotFunction;
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::blame::Slowdown;
use crate::cause::Cause;
use crate::scaling::Lost;

/// Where waiting in loops is more than this share of what seems to be lost, it is what grows.
const SPINS: f64 = 0.5;

/// What is seen of it.
#[derive(Clone, Debug, PartialEq)]
pub struct InflationFacts {
    /// What a second of a neighbour's computing costs.
    pub slowdown: Slowdown,
    /// Worker time on a CPU that is lost to neighbours, s.
    pub seconds: f64,
    /// Worker time without a CPU while others have the CPUs for that, s.
    pub queued: f64,
    /// Share of the workers' CPU time that is lost, 0 to 1.
    pub share: f64,
    /// CPU time of an item, s.
    pub item_s: f64,
    /// CPUs the target keeps busy.
    pub busy: f64,
    /// The function in which the workers were found most; `None`: they were not sampled.
    pub runs: Option<HotFunction>,
}

/// What neighbours cost the workers, where it is sure to be worth naming.
struct Inflated {
    slowdown: Slowdown,
    /// CPU time that is lost, s.
    run: Lost,
    /// Time without a CPU while those that have the CPUs have them for this, s.
    queued: Lost,
}

fn inflated(findings: &Findings<'_>) -> Option<Inflated> {
    let workers: HashSet<_> = findings.cycle.workers.iter().copied().collect();
    let neighbours = &findings.collector.neighbours;
    let slowdown = neighbours.slowdown(|actor| workers.contains(&actor))?;
    let run = findings.all.run.seconds();
    // What began before the window, or was cut by its end, is as slow as the rest.
    let beside = slowdown.beside * run / slowdown.computed.max(1e-9);
    let behind_own = findings.all.queued.seconds() * findings.queued.own_share();
    let lost = |of: f64| {
        let of_all = |cost: f64| (cost * beside / run.max(1e-9)).clamp(0.0, 1.0) * of;
        Lost {
            proved: of_all(slowdown.least),
            likely: of_all(slowdown.likely),
            possible: of_all(slowdown.most),
        }
    };
    // What the kernel takes memory back in is longer beside others too, and is counted there.
    let computing = 1.0 - findings.short_of_memory().unwrap_or(0.0);
    let inflated = Inflated {
        slowdown,
        run: lost(computing * run),
        queued: lost(computing * behind_own),
    };
    let least = inflated.run.proved + inflated.queued.proved;
    (least >= WORTH_NAMING * findings.time()).then_some(inflated)
}

/// The waiting in loops, the program's or the kernel's, that is what grows, as a share of the workers' CPU time.
fn spins(findings: &Findings<'_>, inflated: &Inflated) -> Option<f64> {
    let own = findings.workers_spin().map_or(0.0, |(share, _)| share);
    let share = own + findings.spin_in_kernel().unwrap_or(0.0);
    (share * findings.all.run.seconds() > SPINS * inflated.run.likely).then_some(share)
}

/// Worker time without a CPU, s, since those that have the CPUs need them for longer than they would alone.
pub(super) fn queued(findings: &Findings<'_>) -> f64 {
    let inflated = inflated(findings).filter(|inflated| spins(findings, inflated).is_none());
    inflated.map_or(0.0, |inflated| inflated.queued.likely)
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let Some(inflated) = inflated(findings) else {
        return ruling;
    };
    let run = findings.all.run.seconds();
    let runs = findings.workers_run();
    let culprit = Culprit {
        kind: CulpritKind::Cpu,
        name: "memory that CPUs share".to_owned(),
        call_site: runs.as_ref().map(|of| of.name.clone()).unwrap_or_default(),
        ..Culprit::default()
    };
    if let Some(share) = spins(findings, &inflated) {
        let by = Refutation::SpentWaiting { share };
        ruling.clear(Cause::CpuInflation, culprit, by);
        return ruling;
    }
    let most = findings.stages.iter();
    let most = most.max_by_key(|(_, stage)| stage.times.run);
    let stage = most.map(|(name, _)| *name).unwrap_or_default();
    let facts = InflationFacts {
        slowdown: inflated.slowdown,
        seconds: inflated.run.likely,
        queued: inflated.queued.likely,
        share: inflated.run.likely / run.max(1e-9),
        item_s: findings.per_item(run),
        busy: findings.run_of_all() / findings.window().max(1e-9),
        runs,
    };
    ruling.candidates.push(Candidate {
        running: inflated.run,
        run_queue: inflated.queued,
        tests: vec![Sign::SlowerBeside.is(Outcome::Seen)],
        ..Candidate::new(stage, culprit, Facts::Inflation(facts))
    });
    ruling
}
