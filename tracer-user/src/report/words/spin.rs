//! Waiting that burns CPU, in words.

use super::{Words, percent};
use crate::diagnose::{Findings, SpinFacts};
use crate::number::millis;

pub(super) fn words(findings: &Findings<'_>, facts: &SpinFacts) -> Words {
    let within = &facts.within.name;
    let holder = "whoever they wait for, who was not told from those that wait".to_owned();
    let mut evidence = vec![
        format!(
            "{} of the workers' CPU time is waiting in loops, {:.1} s of worker time; {} of it in {within}.",
            percent(facts.share),
            facts.seconds,
            percent(facts.within.share),
        ),
        format!(
            "The target kept {:.2} of {} CPUs busy; an item needs {} of a CPU beside the waiting.",
            facts.busy,
            findings.meta.host.cpus,
            millis(1e3 * facts.item_s),
        ),
    ];
    if facts.queued > 0.0 {
        evidence.push(format!(
            "Those that wait so keep the CPUs from the others, which were ready to run for {:.1} s of worker time without one.",
            facts.queued
        ));
    }
    Words {
        evidence,
        clause: format!(
            "they spin in {within} for {} of their CPU time",
            percent(facts.share)
        ),
        chain: vec![
            format!("workers spin in {within}"),
            format!("held by {holder}"),
        ],
        holder,
    }
}
