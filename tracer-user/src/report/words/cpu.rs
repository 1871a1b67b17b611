//! Too few CPUs, in words.

use super::{Words, of_workers, percent};
use crate::diagnose::{CpuFacts, Findings};

pub(super) fn words(findings: &Findings<'_>, facts: &CpuFacts) -> Words {
    let holder = "the other workers, which compute".to_owned();
    let mut evidence = vec![
        match facts.is_carried() {
            true => format!(
                "Replies lay unread for {:.1} s of worker time, while the threads that carry the tasks compute on all CPUs.",
                facts.carried
            ),
            false => format!(
                "The workers were ready to run but without a CPU for {:.1} s, {} of it behind the target's own threads.",
                facts.seconds,
                percent(facts.own)
            ),
        },
        format!(
            "The target kept {:.2} of {:.0} CPUs busy; an item needs {:.2} ms of CPU.",
            facts.busy,
            facts.cpus,
            1e3 * facts.item_s
        ),
    ];
    if let Some(runs) = &facts.runs {
        evidence.push(format!(
            "Of the samples of that CPU time, {} are in {}.",
            percent(runs.share),
            runs.name
        ));
    }
    Words {
        evidence,
        clause: format!(
            "{} workers compute on {:.0} CPUs",
            findings.headcount(),
            facts.cpus
        ),
        chain: vec![
            format!(
                "{} queue for {:.0} CPUs",
                match facts.is_carried() {
                    true => format!("{} tasks", findings.headcount()),
                    false => of_workers(findings, facts.waiters),
                },
                facts.cpus
            ),
            format!("held by {holder}"),
        ],
        holder,
    }
}
