//! `fsync`: durable-write stalls.
//!
//! Must be seen: workers blocked in the fsync family, several at once. Refuted by: syncs that meet nobody, or take as long
//! however many are under way. A lock around the syncs has its own waits, and the sync is its because; a limit that is used up
//! claims the same waits ([`super::quota`]).

use super::candidate::{Candidate, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::syncs::Syncs;
use crate::cause::Cause;
use crate::classify::WaitSite;
use crate::row::KernelSpanKind;
use crate::scaling::Lost;

/// Syncs that met no other must be this many to give the time of one alone.
const ALONE: u64 = 5;

/// What is seen of durable writes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FsyncFacts {
    /// Where most of it is waited for.
    pub site: WaitSite,
    /// Syncs that ended in the window.
    pub syncs: u64,
    /// Mean length, s.
    pub mean_s: f64,
    /// Worker time that took, s.
    pub seconds: f64,
    /// Under way at once, on average.
    pub at_once: f64,
    /// Completed a second.
    pub rate_per_s: f64,
    /// Commits of the file system's journal.
    pub commits: u64,
    /// Time they took, s.
    pub commit_s: f64,
}

/// The facts of the workers' syncs; `None`: there are none.
pub(super) fn facts(findings: &Findings<'_>, syncs: &Syncs) -> Option<FsyncFacts> {
    let commits = findings.spans.get(&KernelSpanKind::JournalCommit);
    Some(FsyncFacts {
        site: *syncs.sites.first()?,
        syncs: syncs.figures.count,
        mean_s: syncs.figures.mean,
        seconds: syncs.seconds,
        at_once: syncs.figures.others + 1.0,
        rate_per_s: syncs.figures.rate,
        commits: commits.map_or(0, |spans| spans.count),
        commit_s: commits.map_or(0.0, |spans| spans.time.seconds()),
    })
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let Some(syncs) = Syncs::of(findings) else {
        return ruling;
    };
    let Some(facts) = facts(findings, &syncs) else {
        return ruling;
    };
    let lost = lost(&syncs);
    let culprit = Culprit {
        kind: CulpritKind::File,
        name: syncs.name(findings),
        capacity: syncs.sharing.capacity,
        rate_per_s: facts.rate_per_s,
        service_ms: 1e3 * (facts.mean_s - lost.likely / syncs.visits.max(1.0)),
        ..Culprit::default()
    };
    if !syncs.meet() {
        let others = syncs.figures.others;
        ruling.clear(Cause::Fsync, culprit, Refutation::MetNobody { others });
    } else if syncs.sharing.shared == Some(false) {
        let elasticity = syncs.figures.elasticity.unwrap_or(0.0);
        ruling.clear(
            Cause::Fsync,
            culprit,
            Refutation::ServedAlone { elasticity },
        );
    } else {
        ruling.candidates.push(Candidate {
            claims: syncs.claims(findings, lost),
            cap: Some(findings.rate()),
            demand: findings.per_item(syncs.visits / facts.rate_per_s.max(1e-9)),
            tests: vec![
                Sign::SyncsMeet.is(Outcome::Seen),
                Sign::SlowerTogether.is(Outcome::if_there(syncs.sharing.shared == Some(true))),
                Sign::MetNobody.is(Outcome::if_there(syncs.figures.alone.0 >= ALONE)),
            ],
            ..Candidate::new(findings.stage_of(facts.site), culprit, Facts::Fsync(facts))
        });
    }
    ruling
}

/// All syncs go to one device and one journal; one after the other they take 1 / rate each.
fn lost(syncs: &Syncs) -> Lost {
    let seen = &syncs.figures;
    let serial = if seen.rate > 0.0 {
        (1.0 / seen.rate).min(seen.mean)
    } else {
        seen.mean
    };
    let alone = if seen.alone.0 >= ALONE {
        seen.alone.1.min(seen.mean)
    } else {
        serial
    };
    Lost {
        proved: (seen.mean - seen.low.max(serial)).max(0.0),
        likely: (seen.mean - alone).max(0.0),
        possible: seen.mean,
    } * syncs.visits
}
