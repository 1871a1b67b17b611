//! Computing that takes longer beside others, in words.

use super::{Words, hot_function, percent};
use crate::diagnose::{Findings, InflationFacts};
use crate::number::millis;

pub(super) fn words(findings: &Findings<'_>, facts: &InflationFacts) -> Words {
    let slowdown = &facts.slowdown;
    let per_second = |cost: f64| format!("{:.0}", 1e3 * cost.max(0.0));
    let mut evidence = vec![
        format!(
            "A worker needs {} ms of CPU more ({} to {}) for each second in which another thread of the target computes beside it: {} of \
             its CPU time, {:.1} s of worker time.",
            per_second(slowdown.likely),
            per_second(slowdown.least),
            per_second(slowdown.most),
            percent(facts.share),
            facts.seconds,
        ),
        format!(
            "An item needs {} of CPU, and {} where nobody computes beside it; the target kept {:.2} of {} CPUs busy.",
            millis(1e3 * facts.item_s),
            millis(1e3 * facts.item_s * (1.0 - facts.share)),
            facts.busy,
            findings.meta.host.cpus,
        ),
    ];
    if facts.queued > 0.0 {
        evidence.push(format!(
            "The CPUs they have for that others wanted meanwhile, for {:.1} s of worker time.",
            facts.queued
        ));
    }
    evidence.extend(facts.runs.as_ref().map(hot_function));
    Words {
        evidence,
        clause: format!(
            "they compute {:.1} times as long beside each other as alone",
            1.0 / (1.0 - facts.share).max(0.01)
        ),
        chain: vec![
            "workers compute longer while others compute".to_owned(),
            "cache lines that several of them write, or memory that has no more bandwidth"
                .to_owned(),
        ],
        holder: "the other workers, by the memory that they share".to_owned(),
    }
}
