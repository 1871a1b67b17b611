//! `memory`: memory is short, so that the kernel takes pages back from the workers, and reads them again.
//!
//! Must be seen: workers that the kernel itself books as held up by memory (pressure stall information, `psi_memstall_enter`), blocked
//! in it, or running in it by the samples, or ready while others have the CPUs for it; or a limit that was reached, and page faults and reads of files of which most read what
//! had been in memory before (the kernel counts these refaults, but books only those of pages that were used often). Refuted by:
//! reading that is the first of its pages; page faults without a limit that was reached.

use super::accesses::reads;
use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::cause::Cause;
use crate::classify::{WaitKind, WaitSite};
use crate::row::{MemoryLimit, printable};
use crate::scaling::Lost;

/// Of what the targets read from disks more than half had been in memory before: that is what most of these waits were for.
const READ_AGAIN: f64 = 0.5;

/// What is seen of it.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryFacts {
    /// Worker time blocked, as the kernel books it, s.
    pub booked: f64,
    /// Worker time blocked in page faults and reads of what had been in memory before, s.
    pub again: f64,
    /// Worker time on a CPU while memory is taken back, by the samples, s.
    pub run: f64,
    /// Worker time without a CPU because others take memory back on it, s.
    pub queued: f64,
    /// How many workers were blocked in it.
    pub waiters: usize,
    /// The limit that was reached most often; `None`: none was.
    pub limit: Option<MemoryLimit>,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let limits = findings.meta.target.memory_limits.iter();
    let limits = limits.filter(|limit| limit.reached > 0);
    // Where a group and the host are short, the group is nearer.
    let limit = limits.max_by_key(|limit| (!limit.group.is_empty(), limit.reached));
    let booked = sites(findings, &[WaitKind::Memory]);
    let mut reads_there = sites(findings, &[WaitKind::Fault, WaitKind::File]);
    reads_there.retain(|(site, _)| reads(findings, *site));
    let share = limit.and_then(|limit| read_again(findings, limit));
    let again: &[(WaitSite, f64)] = match share {
        Some(share) if share > READ_AGAIN => &reads_there,
        _ => &[],
    };
    let seconds = |sites: &[(WaitSite, f64)]| sites.iter().map(|(_, seconds)| seconds).sum::<f64>();
    let run = findings.short_of_memory().unwrap_or(0.0) * findings.all.run.seconds();
    let queued = queued(findings);
    let least = WORTH_NAMING * findings.time();
    let all: Vec<(WaitSite, f64)> = booked.iter().chain(again).copied().collect();
    let culprit = culprit(limit);
    if seconds(&all) + run + queued < least {
        if let Some(share) = share.filter(|_| seconds(&reads_there) >= least) {
            ruling.clear(Cause::Memory, culprit, Refutation::ReadFirst { share });
        }
        return ruling;
    }
    let places: Vec<WaitSite> = all.iter().map(|(site, _)| *site).collect();
    let facts = MemoryFacts {
        booked: seconds(&booked),
        again: seconds(again),
        run,
        queued,
        waiters: findings.waited_at(&places),
        limit: limit.cloned(),
    };
    let first = all.iter().max_by(|a, b| a.1.total_cmp(&b.1));
    let stage = match first {
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
        claims: all.iter().map(claim).collect(),
        running: lost(run),
        run_queue: lost(queued),
        tests: vec![
            Sign::KernelSaysSo.is(Outcome::of(facts.booked + run > 0.0)),
            Sign::LimitUsedUp.is(Outcome::if_there(facts.limit.is_some())),
        ],
        ..Candidate::new(stage, culprit, Facts::Memory(facts))
    });
    ruling
}

/// Worker time without a CPU, s, in which the workers' own threads take memory back on it: as much of what these have the CPUs for as is that.
pub(super) fn queued(findings: &Findings<'_>) -> f64 {
    let behind_own = findings.all.queued.seconds() * findings.queued.own_share();
    findings.short_of_memory().unwrap_or(0.0) * behind_own
}

fn sites(findings: &Findings<'_>, kinds: &[WaitKind]) -> Vec<(WaitSite, f64)> {
    let sites = findings.sites().into_iter();
    sites
        .filter(|(site, _)| kinds.contains(&site.kind))
        .collect()
}

/// Share of what the targets read that had been in memory before; `None`: it is not known what they read, or they read nothing.
#[expect(clippy::cast_precision_loss, reason = "bytes of one window")]
fn read_again(findings: &Findings<'_>, limit: &MemoryLimit) -> Option<f64> {
    let read = findings.meta.target.disk_bytes?.read;
    // What others of the group read again is counted there too.
    (read > 0).then(|| (limit.read_again as f64 / read as f64).min(1.0))
}

fn culprit(limit: Option<&MemoryLimit>) -> Culprit {
    Culprit {
        kind: CulpritKind::Device,
        name: match limit {
            Some(limit) if !limit.group.is_empty() => {
                format!("memory limit of {}", printable(&limit.group))
            }
            _ => "memory of the host".to_owned(),
        },
        ..Culprit::default()
    }
}
