//! Too little memory, in words.

use super::{Words, of_workers, percent};
use crate::diagnose::{Findings, MemoryFacts};
use crate::row::{MemoryLimit, printable};

pub(super) fn words(findings: &Findings<'_>, facts: &MemoryFacts) -> Words {
    let waiters = of_workers(findings, facts.waiters);
    let mut evidence = Vec::new();
    if facts.booked + facts.run > 0.0 {
        evidence.push(format!(
            "The kernel books {:.1} s of worker time as held up by memory: {:.1} s blocked, {:.1} s on a CPU, taking pages back.",
            facts.booked + facts.run,
            facts.booked,
            facts.run,
        ));
    }
    if facts.queued > 0.0 {
        evidence.push(format!(
            "Another {:.1} s they were ready to run while others of them took pages back on the CPUs.",
            facts.queued
        ));
    }
    if facts.again > 0.0 {
        evidence.push(format!(
            "Page faults and reads of files took another {:.1} s of worker time, for pages that had been in memory before.",
            facts.again
        ));
    }
    if let Some(limit) = &facts.limit {
        evidence.push(format!(
            "{} MB, {}, were reached {} times, and {} MB had to be read again; {} MB were in use at the end.",
            limit.bytes >> 20,
            whose(limit),
            limit.reached,
            limit.read_again >> 20,
            limit.used >> 20,
        ));
    }
    let holder = match &facts.limit {
        Some(limit) => format!("{}, {} MB", whose(limit), limit.bytes >> 20),
        None => "the kernel, which takes pages back".to_owned(),
    };
    let share = (facts.booked + facts.again + facts.run + facts.queued) / findings.time().max(1e-9);
    Words {
        evidence,
        clause: format!(
            "{} of their time goes to memory that is taken back and read again",
            percent(share)
        ),
        chain: vec![
            format!("{waiters} wait for memory"),
            format!("held by {holder}"),
        ],
        holder,
    }
}

fn whose(limit: &MemoryLimit) -> String {
    match limit.group.as_str() {
        "" => "all that the host has".to_owned(),
        group => format!("the limit of {}", printable(group)),
    }
}
