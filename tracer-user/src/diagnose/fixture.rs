//! Hand-made candidates for the tests beside the rules.

use super::candidate::{Candidate, Claim};
use super::cpu::CpuFacts;
use super::culprit::Culprit;
use super::facts::Facts;
use crate::cause::Cause;
use crate::classify::{ClassId, WaitKind, WaitSite};
use crate::scaling::Lost;
use crate::work::StageName;

/// A wait site.
pub(super) const fn site(kind: WaitKind, class: u32) -> WaitSite {
    WaitSite::plain(kind, ClassId(class))
}

/// A candidate that claims so many seconds at each wait site; its facts are of no interest.
pub(super) fn candidate(cause: Cause, claims: &[(WaitSite, f64)]) -> Candidate {
    let facts = CpuFacts {
        runs: None,
        carried: 0.0,
        in_peers: 0.0,
        waiters: 0,
        seconds: 0.0,
        own: 0.0,
        busy: 0.0,
        served: 0.0,
        cpus: 2.0,
        item_s: 0.0,
    };
    let claim = |(site, seconds): &(WaitSite, f64)| Claim {
        site: *site,
        lost: Lost::certain(*seconds),
    };
    Candidate {
        cause,
        claims: claims.iter().map(claim).collect(),
        ..Candidate::new(StageName::Write, Culprit::default(), Facts::Cpu(facts))
    }
}
