//! A control group's limit, in words.

use super::fsync::{at_once, evidence};
use super::{Words, percent};
use crate::diagnose::{Findings, QuotaFacts};
use crate::row::printable;

pub(super) fn words(findings: &Findings<'_>, facts: &QuotaFacts) -> Words {
    let file = findings.class(facts.syncs.site.class);
    let (group, limit) = (printable(&facts.group), facts.writes_per_s);
    let mut evidence = evidence(&facts.syncs);
    evidence.insert(
        1,
        format!(
            "The control group {group} may write to disk {} {limit} times a second, and {} of that was used: the limit is what the syncs wait for.",
            printable(&facts.device),
            percent(facts.used),
        ),
    );
    Words {
        evidence,
        clause: format!(
            "every item waits for fsync of {file}, and their control group may write {limit} times a second"
        ),
        chain: vec![
            at_once(findings, &facts.syncs),
            format!("the control group {group} may write {limit} times a second"),
        ],
        holder: format!("the limit of {limit} writes a second"),
    }
}
