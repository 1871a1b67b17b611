//! Durable writes, in words.

use super::Words;
use crate::diagnose::{Findings, FsyncFacts};

pub(super) fn words(findings: &Findings<'_>, facts: &FsyncFacts) -> Words {
    let name = findings.class(facts.site.class);
    Words {
        evidence: evidence(facts),
        clause: format!(
            "every item waits for fsync of {name}, and the disk completes {:.1} syncs a second",
            facts.rate_per_s
        ),
        chain: vec![
            at_once(findings, facts),
            format!(
                "the device completes {:.1} syncs a second",
                facts.rate_per_s
            ),
        ],
        holder: "the device".to_owned(),
    }
}

/// The syncs and the journal's commits.
pub(super) fn evidence(facts: &FsyncFacts) -> Vec<String> {
    let mut evidence = vec![format!(
        "{} syncs took {:.2} ms on average, {:.1} s of worker time in all; {:.1} were under way at once, {:.0} a second were completed.",
        facts.syncs,
        1e3 * facts.mean_s,
        facts.seconds,
        facts.at_once,
        facts.rate_per_s,
    )];
    if facts.commits > 0 {
        evidence.push(format!(
            "The journal committed {} times, for {:.2} s of the window.",
            facts.commits, facts.commit_s
        ));
    }
    evidence
}

/// How many are in fsync, as the beginning of the chain.
pub(super) fn at_once(findings: &Findings<'_>, facts: &FsyncFacts) -> String {
    format!(
        "{:.1} of {} workers are in fsync at once",
        facts.at_once,
        findings.headcount()
    )
}
