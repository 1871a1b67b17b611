//! `quota`: a control group's limit on I/O that is used up.
//!
//! Must be seen: a limit on the targets' reads or writes, in requests or bytes a second, of which nearly all is used over the window, and
//! several workers at once in what it holds up: durable writes, writes of files, or reads of files and page faults, on the disk that it is
//! set for. Refuted by: a limit that leaves room.

use super::accesses::{AccessFacts, Accesses, Which};
use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::fsync::{self, FsyncFacts};
use super::refutation::Refutation;
use super::sign::{Outcome, Sign, Test};
use super::syncs::Syncs;
use crate::cause::Cause;
use crate::classify::WaitSite;
use crate::row::{Disk, DiskLimit, DiskUnit, printable};
use crate::scaling::Lost;

/// A limit binds when this share of it is used over the window: the kernel hands it out in slices of a tenth of a second and
/// rounds each down (block/blk-throttle.c, 6.18), and the window cuts two of them.
const BINDS: f64 = 0.85;

/// What waits for a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Throttled {
    /// Durable writes.
    Syncs(FsyncFacts),
    /// Reads or writes of files, or page faults.
    Accesses(AccessFacts),
}

/// What is seen of a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotaFacts {
    /// What waits for it.
    pub throttled: Throttled,
    /// The control group, below its mount.
    pub group: String,
    /// The disk, `major:minor`.
    pub device: String,
    /// What is limited.
    pub unit: DiskUnit,
    /// How many a second are allowed.
    pub per_second: u64,
    /// Share of that which was used, 0 to 1.
    pub used: f64,
}

/// The workers' waits that a limit may be the reason of.
struct Waits {
    throttled: Throttled,
    site: WaitSite,
    /// Others under way meanwhile, on average.
    others: f64,
    meet: Test,
    /// What is lost, where it is the reason.
    claims: Vec<Claim>,
    /// How long the limit takes for what one item needs of it, s.
    demand: f64,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let target = &findings.meta.target;
    if let Some(syncs) = Syncs::of(findings)
        && let Some(limit) = tightest(findings, &target.disk_limits, syncs.disk(findings))
        && let Some(waits) = of_syncs(findings, &syncs)
    {
        weigh(findings, limit, waits, syncs.meet(), &mut ruling);
    }
    for (which, limits) in [
        (Which::Writes, &target.disk_limits),
        (Which::Reads, &target.read_limits),
    ] {
        if limits.is_empty() {
            continue;
        }
        for accesses in Accesses::all(findings, which) {
            if let Some(limit) = tightest(findings, limits, Some(accesses.disk))
                && let Some(waits) = of_accesses(findings, &accesses)
            {
                weigh(findings, limit, waits, accesses.meet(), &mut ruling);
            }
        }
    }
    ruling
}

/// The limit's clock ticks while a lone worker fetches: it would have the same rate, and wait for nobody.
fn lost(visits: f64, mean_s: f64) -> Lost {
    let all = visits * mean_s;
    Lost {
        proved: 0.0,
        likely: all,
        possible: all,
    }
}

fn of_syncs(findings: &Findings<'_>, syncs: &Syncs) -> Option<Waits> {
    let facts = fsync::facts(findings, syncs)?;
    let lost = lost(syncs.visits, facts.mean_s);
    Some(Waits {
        throttled: Throttled::Syncs(facts),
        site: facts.site,
        others: syncs.figures.others,
        meet: Sign::SyncsMeet.is(Outcome::Seen),
        claims: syncs.claims(findings, lost),
        demand: findings.per_item(syncs.visits / facts.rate_per_s.max(1e-9)),
    })
}

fn of_accesses(findings: &Findings<'_>, accesses: &Accesses<'_>) -> Option<Waits> {
    let facts = accesses.facts(findings)?;
    let lost = lost(accesses.visits, facts.mean_s);
    Some(Waits {
        throttled: Throttled::Accesses(facts),
        site: facts.site,
        others: accesses.figures.others,
        meet: Sign::AccessesMeet.is(Outcome::Seen),
        claims: accesses.claims(findings, lost),
        demand: findings.per_item(accesses.visits / facts.rate_per_s.max(1e-9)),
    })
}

fn weigh(
    findings: &Findings<'_>,
    (limit, used): (&DiskLimit, f64),
    waits: Waits,
    meet: bool,
    ruling: &mut Ruling,
) {
    #[expect(clippy::cast_precision_loss, reason = "requests or bytes a second")]
    let culprit = Culprit {
        kind: CulpritKind::Device,
        name: format!(
            "limit of {} on disk {}",
            printable(&limit.group),
            printable(&limit.device)
        ),
        rate_per_s: match limit.unit {
            DiskUnit::Writes | DiskUnit::Reads => limit.per_second as f64,
            // What it completes of the workers' is not told by a limit on bytes.
            DiskUnit::Bytes | DiskUnit::ReadBytes => 0.0,
        },
        ..Culprit::default()
    };
    if used < BINDS {
        let by = Refutation::LimitNotUsedUp { used };
        ruling.clear(Cause::Quota, culprit, by);
        return;
    }
    if !meet {
        let others = waits.others;
        ruling.clear(Cause::Quota, culprit, Refutation::MetNobody { others });
        return;
    }
    ruling.candidates.push(Candidate {
        claims: waits.claims,
        cap: Some(findings.rate()),
        demand: waits.demand,
        tests: vec![Sign::LimitUsedUp.is(Outcome::Seen), waits.meet],
        ..Candidate::new(
            findings.stage_of(waits.site),
            culprit,
            Facts::Quota(QuotaFacts {
                throttled: waits.throttled,
                group: limit.group.clone(),
                device: limit.device.clone(),
                unit: limit.unit,
                per_second: limit.per_second,
                used,
            }),
        )
    });
}

/// The limit of which most is used, of those on this disk where that is known.
fn tightest<'a>(
    findings: &Findings<'_>,
    limits: &'a [DiskLimit],
    disk: Option<&Disk>,
) -> Option<(&'a DiskLimit, f64)> {
    let is_on = |limit: &&DiskLimit| disk.is_none_or(|disk| disk.devices.contains(&limit.device));
    let limits = limits.iter().filter(is_on);
    limits
        .map(|limit| (limit, used(limit, findings.window())))
        .max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Share of a limit that is used.
#[expect(
    clippy::cast_precision_loss,
    reason = "requests or bytes of one window"
)]
fn used(limit: &DiskLimit, window: f64) -> f64 {
    limit.used as f64 / (limit.per_second as f64 * window).max(1e-9)
}
