//! Too few CPUs, in words.

use super::{Words, hot_function, of_workers, percent};
use crate::diagnose::{CpuFacts, Findings};

pub(super) fn words(findings: &Findings<'_>, facts: &CpuFacts) -> Words {
    let holder = match facts.is_in_peers() {
        true => "the other workers and what serves them".to_owned(),
        false => "the other workers, which compute".to_owned(),
    };
    let mut evidence = Vec::new();
    if facts.is_carried() {
        evidence.push(format!(
            "Replies lay unread for {:.1} s of worker time, while the threads that carry the tasks compute on all CPUs.",
            facts.carried
        ));
    }
    if facts.in_peers > 0.0 {
        evidence.push(format!(
            "Replies took {:.1} s of worker time longer since the threads of this host that serve them were ready to run but without a CPU.",
            facts.in_peers
        ));
    }
    if !facts.is_carried() && !facts.is_in_peers() {
        evidence.push(format!(
            "The workers were ready to run but without a CPU for {:.1} s, {} of it behind the target's own threads{}.",
            facts.seconds - facts.in_peers,
            percent(facts.own),
            match facts.in_peers > 0.0 {
                true => " and those that serve them",
                false => "",
            }
        ));
    }
    evidence.push(match facts.in_peers > 0.0 {
        true => format!(
            "The target kept {:.2} of {:.0} CPUs busy and its servers on this host {:.2}; an item needs {:.2} ms of CPU of both.",
            facts.busy,
            facts.cpus,
            facts.served,
            1e3 * facts.item_s
        ),
        false => format!(
            "The target kept {:.2} of {:.0} CPUs busy; an item needs {:.2} ms of CPU.",
            facts.busy,
            facts.cpus,
            1e3 * facts.item_s
        ),
    });
    evidence.extend(facts.runs.as_ref().map(hot_function));
    Words {
        evidence,
        clause: match facts.is_in_peers() {
            true => format!(
                "{} workers and the servers that they ask compute on {:.0} CPUs",
                findings.headcount(),
                facts.cpus
            ),
            false => format!(
                "{} workers compute on {:.0} CPUs",
                findings.headcount(),
                facts.cpus
            ),
        },
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
