//! The causes with their evidence, and who made whom wait.

use crate::diagnose::{Candidate, Conclusion, Findings, Refuted, Weight};
use crate::report::words::{of_workers, refutation, words};
use crate::report::{Blame, CauseRow, RefutedRow};

pub(super) fn causes(findings: &Findings<'_>, conclusion: &Conclusion) -> Vec<CauseRow> {
    let row = |(candidate, weight): (&Candidate, &Weight)| CauseRow {
        cause: candidate.cause,
        share: weight.share,
        gain_alone: weight.gain_alone,
        culprit: candidate.culprit.clone(),
        evidence: words(findings, candidate).evidence,
        refuted_by: candidate.refutations.iter().map(refutation).collect(),
    };
    let candidates = conclusion.candidates.iter();
    candidates.zip(&conclusion.weights).map(row).collect()
}

pub(super) fn refuted(conclusion: &Conclusion) -> Vec<RefutedRow> {
    let row = |refuted: &Refuted| RefutedRow {
        cause: refuted.cause,
        culprit: refuted.culprit.clone(),
        by: refuted.by.iter().map(refutation).collect(),
    };
    conclusion.refuted.iter().map(row).collect()
}

pub(super) fn blame(findings: &Findings<'_>, conclusion: &Conclusion) -> Vec<Blame> {
    let row = |candidate: &Candidate| {
        let words = words(findings, candidate);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "seconds of one window, not negative"
        )]
        Blame {
            waiter: of_workers(findings, waiters(findings, candidate)),
            resource: candidate.culprit.name.clone(),
            holder: words.holder,
            ns: (candidate.lost().likely * 1e9) as u64,
            chain: words.chain,
        }
    };
    let candidates = conclusion.candidates.iter();
    candidates
        .filter(|candidate| candidate.lost().likely > 0.0)
        .map(row)
        .collect()
}

/// How many of the workers waited for what a candidate claims.
fn waiters(findings: &Findings<'_>, candidate: &Candidate) -> usize {
    let sites = candidate.sites();
    if candidate.running.likely > 0.0 {
        findings.spinning_workers()
    } else if sites.is_empty() {
        findings.waited_for_a_cpu()
    } else {
        findings.waited_at(&sites)
    }
}
