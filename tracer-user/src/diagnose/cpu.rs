//! `cpu`: more runnable work than cores.
//!
//! Refuted by: most of what has the CPUs is waiting in loops. Must be seen: workers queued for a CPU while the target's own threads have the CPUs. Time queued behind strangers is not
//! counted as lost to other workers, nor time queued behind own threads for which the kernel takes memory back ([`super::memory`]), or that
//! need longer for being beside others ([`super::cpu_inflation`]). Tasks queue
//! in their runtime: their replies lie unread while the threads that carry them compute on
//! all CPUs. Requests wait for a CPU in the servers on this host that are asked, where those and the target have the CPUs: what such a server
//! lacks a CPU for is no fault of its own.

use super::candidate::{Candidate, Claim, Ruling};
use super::computing::HotFunction;
use super::cpu_inflation;
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::inside::look_inside;
use super::memory;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::cause::Cause;
use crate::classify::{Sort, WaitKind, WaitSite};
use crate::scaling::Lost;

/// Most of the queueing must be behind the target's own threads not to speak against the cause.
const OWN: f64 = 0.5;
/// CPUs that the target keeps busy for this share of the time have no room for more of its threads: what is left goes to the
/// moments in which a thread changes CPUs.
const BUSY: f64 = 0.8;

/// What is seen of the CPUs.
#[derive(Clone, Debug, PartialEq)]
pub struct CpuFacts {
    /// How many workers queued.
    pub waiters: usize,
    /// Worker time without a CPU, s.
    pub seconds: f64,
    /// Of it, of tasks that wait for the threads that carry them, s.
    pub carried: f64,
    /// Of it, of requests whose server has no CPU, s.
    pub in_peers: f64,
    /// Share of it behind the target's own threads, 0 to 1.
    pub own: f64,
    /// CPUs the target keeps busy.
    pub busy: f64,
    /// CPUs that the servers it asks keep busy.
    pub served: f64,
    /// CPUs there are.
    pub cpus: f64,
    /// CPU time of one item, s.
    pub item_s: f64,
    /// The function in which those that compute were found most; `None`: they were not sampled.
    pub runs: Option<HotFunction>,
}

impl CpuFacts {
    /// Most of it is that of tasks which wait for the threads that carry them.
    #[must_use]
    pub fn is_carried(&self) -> bool {
        2.0 * self.carried > self.seconds
    }

    /// Most of it is that of requests whose server has no CPU.
    #[must_use]
    pub fn is_in_peers(&self) -> bool {
        2.0 * self.in_peers > self.seconds
    }
}

/// What tasks wait for the threads that carry them, where these compute on all CPUs; and for what their runtime does on the same.
fn carried(findings: &Findings<'_>) -> Vec<Claim> {
    if !findings.carriers_fill_cpus() {
        return Vec::new();
    }
    let sites = findings.sites().into_iter();
    let is_for_a_cpu = |site: WaitSite| match site.kind {
        WaitKind::Carrier => true,
        _ => (findings.place(site)).is_some_and(|place| place.sort == Sort::Runtime),
    };
    let sites = sites.filter(|(site, _)| is_for_a_cpu(*site));
    let claim = |(site, seconds)| Claim {
        site,
        lost: Lost::certain(seconds),
    };
    sites.map(claim).collect()
}

/// What replies take longer since those that serve them queue for the CPUs which the target and its servers have.
fn in_peers(findings: &Findings<'_>) -> Vec<Claim> {
    let sites = findings.sites().into_iter();
    let sites = sites.filter(|(site, _)| site.kind == WaitKind::Request);
    let claim = |(site, seconds): (WaitSite, f64)| {
        let (_, seen) = findings.reading(&[site])?;
        #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
        let visits = seen.count as f64;
        let peer = look_inside(findings, site, visits)?;
        let most = (seconds - visits * peer.service).max(0.0);
        let lost = Lost::certain((visits * peer.starved).min(most));
        (lost.likely > 0.0).then_some(Claim { site, lost })
    };
    sites.filter_map(claim).collect()
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let claims = carried(findings);
    let carried: f64 = claims.iter().map(|claim| claim.lost.likely).sum();
    let in_peers = in_peers(findings);
    let in_peers_s: f64 = in_peers.iter().map(|claim| claim.lost.likely).sum();
    let queued = findings.all.queued.seconds();
    let seconds = queued + carried + in_peers_s;
    if seconds < WORTH_NAMING * findings.time() {
        return ruling;
    }
    let served = findings.collector.queue.served(findings.until());
    let computing = match claims.is_empty() {
        true => findings.all.run.seconds(),
        false => findings.run_of_all(),
    };
    // What its servers compute is done for its items, and is wanted of the same CPUs.
    let computing = computing + if in_peers.is_empty() { 0.0 } else { served };
    let facts = CpuFacts {
        waiters: findings.waited_for_a_cpu(),
        seconds,
        carried,
        in_peers: in_peers_s,
        own: findings.queued.own_share(),
        busy: findings.run_of_all() / findings.window().max(1e-9),
        served: served / findings.window().max(1e-9),
        cpus: f64::from(findings.meta.host.cpus.max(1)),
        // What a task computes is done by its threads, of which it is seen in full.
        item_s: findings.per_item(computing),
        runs: match claims.is_empty() {
            true => findings.workers_run(),
            false => findings.carriers_run(),
        },
    };
    let culprit = Culprit {
        kind: CulpritKind::Cpu,
        name: format!("{:.0} CPUs", facts.cpus),
        capacity: facts.cpus,
        call_site: facts
            .runs
            .as_ref()
            .map(|of| of.name.clone())
            .unwrap_or_default(),
        ..Culprit::default()
    };
    let behind_others = Refutation::BehindOthers {
        share: 1.0 - facts.own,
    };
    if let Some(share) = findings.mostly_spin() {
        ruling.clear(Cause::Cpu, culprit, Refutation::SpentWaiting { share });
        return ruling;
    }
    let taken = memory::queued(findings) + cpu_inflation::queued(findings);
    let lost = (queued * facts.own - taken).max(0.0);
    if lost + carried + in_peers_s < WORTH_NAMING * findings.time() {
        ruling.clear(Cause::Cpu, culprit, behind_others);
        return ruling;
    }
    let most = findings.stages.iter();
    let most = most.max_by_key(|(_, stage)| stage.times.queued);
    let stage = match claims.first().or(in_peers.first()) {
        Some(claim) if facts.is_carried() || facts.is_in_peers() => findings.stage_of(claim.site),
        _ => most.map(|(name, _)| *name).unwrap_or_default(),
    };
    let is_own = facts.own >= OWN || facts.is_carried() || facts.is_in_peers();
    let busy = facts.busy + facts.served;
    ruling.candidates.push(Candidate {
        run_queue: Lost {
            proved: lost,
            likely: lost,
            possible: (queued - taken).max(0.0),
        },
        claims,
        in_peers,
        demand: facts.item_s,
        capacity: facts.cpus,
        tests: vec![
            Sign::BehindOwnThreads.is(Outcome::of(is_own)),
            Sign::CpusBusy.is(Outcome::of(busy >= BUSY * facts.cpus)),
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
