//! `quota`: a control group's limit on I/O that is used up.
//!
//! Must be seen: a limit on the targets' writes of which nearly all is used over the window, and several workers at once in
//! durable writes. Refuted by: a limit that leaves room.

use super::candidate::{Candidate, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::fsync::{self, FsyncFacts};
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::syncs::{Syncs, tightest};
use crate::cause::Cause;
use crate::row::printable;
use crate::scaling::Lost;

/// A limit binds when this share of it is used over the window: the kernel hands it out in slices of a tenth of a second and
/// rounds each down (block/blk-throttle.c, 6.18), and the window cuts two of them.
const BINDS: f64 = 0.85;

/// What is seen of a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotaFacts {
    /// The syncs that wait for it.
    pub syncs: FsyncFacts,
    /// The control group, below its mount.
    pub group: String,
    /// The disk, `major:minor`.
    pub device: String,
    /// Writes a second that are allowed.
    pub writes_per_s: u64,
    /// Share of that which was used, 0 to 1.
    pub used: f64,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let (Some(syncs), Some((limit, used))) = (Syncs::of(findings), tightest(findings)) else {
        return ruling;
    };
    let Some(facts) = fsync::facts(findings, &syncs) else {
        return ruling;
    };
    #[expect(clippy::cast_precision_loss, reason = "writes a second")]
    let culprit = Culprit {
        kind: CulpritKind::Device,
        name: format!(
            "limit of {} on disk {}",
            printable(&limit.group),
            printable(&limit.device)
        ),
        rate_per_s: limit.per_second as f64,
        ..Culprit::default()
    };
    if used < BINDS {
        let by = Refutation::LimitNotUsedUp { used };
        ruling.clear(Cause::Quota, culprit, by);
        return ruling;
    }
    if !syncs.meet() {
        let others = syncs.figures.others;
        ruling.clear(Cause::Quota, culprit, Refutation::MetNobody { others });
        return ruling;
    }
    // The limit's clock ticks while a lone worker fetches: it would have the same rate, and wait for nobody.
    let all = syncs.visits * facts.mean_s;
    let lost = Lost {
        proved: 0.0,
        likely: all,
        possible: all,
    };
    ruling.candidates.push(Candidate {
        claims: syncs.claims(findings, lost),
        cap: Some(findings.rate()),
        demand: findings.per_item(syncs.visits / facts.rate_per_s.max(1e-9)),
        tests: vec![
            Sign::LimitUsedUp.is(Outcome::Seen),
            Sign::SyncsMeet.is(Outcome::Seen),
        ],
        ..Candidate::new(
            findings.stage_of(facts.site),
            culprit,
            Facts::Quota(QuotaFacts {
                syncs: facts,
                group: limit.group.clone(),
                device: limit.device.clone(),
                writes_per_s: limit.per_second,
                used,
            }),
        )
    });
    ruling
}
