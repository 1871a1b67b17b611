//! `memory`: memory is short, so that the kernel takes pages back from the workers, and reads them again.
//!
//! Must be seen: workers that the kernel itself books as held up by memory (pressure stall information, `psi_memstall_enter`): blocked in
//! it, or running in it by the samples. Reading a file for the first time, and page faults of memory that is new, are not booked so. A
//! limit of a control group that was reached meanwhile is the culprit, else the host's memory.

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::classify::{WaitKind, WaitSite};
use crate::row::{MemoryLimit, printable};
use crate::scaling::Lost;

/// What is seen of it.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryFacts {
    /// Worker time blocked, s.
    pub seconds: f64,
    /// Worker time on a CPU while memory is taken back, by the samples, s.
    pub run: f64,
    /// How many workers were blocked in it.
    pub waiters: usize,
    /// The limit that was reached most often; `None`: there is none, or none was.
    pub limit: Option<MemoryLimit>,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let sites: Vec<(WaitSite, f64)> = findings
        .sites()
        .into_iter()
        .filter(|(site, _)| site.kind == WaitKind::Memory)
        .collect();
    let seconds: f64 = sites.iter().map(|(_, seconds)| seconds).sum();
    let run = findings.short_of_memory().unwrap_or(0.0) * findings.all.run.seconds();
    if seconds + run < WORTH_NAMING * findings.time() {
        return ruling;
    }
    let places: Vec<WaitSite> = sites.iter().map(|(site, _)| *site).collect();
    let limits = findings.meta.target.memory_limits.iter();
    let limits = limits.filter(|limit| limit.reached > 0);
    let facts = MemoryFacts {
        seconds,
        run,
        waiters: findings.waited_at(&places),
        limit: limits.max_by_key(|limit| limit.reached).cloned(),
    };
    let culprit = Culprit {
        kind: CulpritKind::Device,
        name: match &facts.limit {
            Some(limit) => format!("memory limit of {}", printable(&limit.group)),
            None => "memory of the host".to_owned(),
        },
        ..Culprit::default()
    };
    let stage = match sites.first() {
        Some((site, blocked)) if *blocked >= run => findings.stage_of(*site),
        _ => {
            let most = findings.stages.iter();
            let most = most.max_by_key(|(_, stage)| stage.times.run);
            most.map(|(name, _)| *name).unwrap_or_default()
        }
    };
    // One worker alone needs less memory; whether that would be little enough is not known.
    let lost = |seconds| Lost {
        proved: 0.0,
        likely: seconds,
        possible: seconds,
    };
    let claim = |(site, seconds): &(WaitSite, f64)| Claim {
        site: *site,
        lost: lost(*seconds),
    };
    ruling.candidates.push(Candidate {
        claims: sites.iter().map(claim).collect(),
        running: lost(run),
        tests: vec![
            Sign::KernelSaysSo.is(Outcome::Seen),
            Sign::LimitUsedUp.is(Outcome::if_there(facts.limit.is_some())),
        ],
        ..Candidate::new(stage, culprit, Facts::Memory(facts))
    });
    ruling
}
